//! `GET /v1/packages/{package}/resolve` (SPEC §9, §11.1): from stored objects alone.

use bytes::Bytes;
use cidery_protocol::{
    Channel, ChannelName, Cid, Error as Refusal, Head, HeadFormat, Join, PackageName, PackageState, Range,
    Receipt, Resolution, ResolutionFormat, Severity, Version, limits, log::right_siblings,
};
use futures_util::future::try_join;
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::Error as Unknown},
};
use serde_bytes::ByteBuf;

use crate::{
    Blobs, Error, Registry, Response, SequencerClient, StoreError, layout,
    located::{Located, absent},
    path::Query,
    standing::Found,
    stored::damaged,
};

/// What a resolution is sent as.
const RESOLUTION: &str = "application/vnd.cidery.resolution+cbor";

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// The steps:
    ///
    /// 1. The newest head, and the package under it.
    /// 2. The release that is asked for.
    /// 3. Its receipt, and records that say how the package stands; at once, the tiles for the proofs.
    /// 4. The head, with the proofs of the package's state, of the release's inclusion, and of consistency with the size that the
    ///    client named.
    pub(crate) async fn resolve(&self, name: &PackageName, query: &str) -> Result<Response<B::Body>, Error> {
        let query = Query::parse(query, &["range", "version", "channel", "bucket", "yanked", "since"])?;
        let (wanted, since) = (Wanted::parse(&query)?, query.number("since")?);
        // (1)
        let Located { tip, mapped: Some(mapped), stored: Some(stored) } = self.locate(name).await? else {
            return Err(absent(name));
        };
        let last = tip.size - 1;
        // (2)
        let found = wanted.choose(&stored.state)?;
        let index = stored.places.get(found.version).copied().filter(|index| *index < last);
        let index = index.ok_or_else(|| misplaced(&found.release.record))?;
        // (3) Of a tree that is larger than this one, nothing can be shown: the client sees that it went back.
        let since = since.filter(|since| *since <= tip.size);
        let records = async {
            let (bytes, receipt) = self.receipt(&found.release.record).await?;
            let said = self.said(&stored.state, &found, &receipt).await?;
            Ok((bytes, receipt, said))
        };
        let proven = [index, last];
        let tiles = self.tiles(tip.size, &proven, since);
        let ((bytes, receipt, said), tiles) = try_join(records, tiles).await?;
        if receipt.index != index {
            return Err(misplaced(&found.release.record).into());
        }
        // (4)
        let standing = found.standing(&stored, mapped.proof(last, &tiles)?, said)?;
        let head = Head {
            format: HeadFormat::V1,
            checkpoint: ByteBuf::from(tip.note.to_vec()),
            join: Join::Inclusion(right_siblings(index, tip.size, &tiles.inclusion(index)?).into()),
            standing: Some(standing),
            since: tiles.since(since)?,
        };
        let (receipt, head) = (ByteBuf::from(bytes.to_vec()), ByteBuf::from(head.encode()?));
        let resolution = Resolution { format: ResolutionFormat::V1, receipt, head }.encode()?;
        Ok(Response::fresh(200, RESOLUTION, resolution))
    }

    pub(crate) async fn receipt(&self, record: &Cid) -> Result<(Bytes, Receipt), Error> {
        let key = layout::receipt(record);
        let object = self.blobs.get(&key, limits::RECEIPT_BYTES).await?;
        let bytes = object.ok_or_else(|| damaged(&key, "it is not there"))?.bytes;
        let receipt = Receipt::decode(&bytes).map_err(|error| damaged(&key, error))?;
        Ok((bytes, receipt))
    }
}

/// The receipt of a release is not of where its package says that it is.
fn misplaced(release: &Cid) -> StoreError {
    damaged(&layout::receipt(release), "the package names another place of it in the log")
}

/// What is asked for.
enum Wanted {
    /// The greatest version in a range that is neither void nor yanked, but for yanks of these severities.
    Range(Range, Vec<Severity>),
    /// A version, whatever became of it: it is for the client to say, and that needs the evidence.
    Version(Version),
    /// The release that a channel names for a bucket.
    Channel(ChannelName, u64),
}

impl Wanted {
    fn parse(query: &Query) -> Result<Self, Error> {
        let (range, version, channel) = (query.get("range")?, query.get("version")?, query.get("channel")?);
        let (bucket, tolerated) = (query.number("bucket")?, query.get::<String>("yanked")?);
        let tolerated = tolerated.map_or_else(|| Ok(Vec::new()), |words| severities(&words))?;
        if bucket.is_some_and(|bucket| bucket >= limits::BUCKETS) {
            return Err(Error::request("`bucket` is not below 10000"));
        }
        match (range, version, channel, bucket) {
            (Some(range), None, None, None) => Ok(Wanted::Range(range, tolerated)),
            (None, Some(version), None, None) => Ok(Wanted::Version(version)),
            (None, None, Some(channel), bucket) => Ok(Wanted::Channel(channel, bucket.unwrap_or(0))),
            _ => Err(Error::request(
                "wanted one of the parameters `range`, `version` and `channel`, and `bucket` with the last alone",
            )),
        }
    }

    fn choose<'s>(&'s self, state: &'s PackageState) -> Result<Found<'s>, Error> {
        let package = &state.authority.package;
        let none = |asked: &dyn std::fmt::Display| {
            Error::not_found(format!("release of `{package}` that satisfies `{asked}`"))
        };
        match self {
            Wanted::Range(range, tolerated) => {
                let wanted = |version: &Version| range.contains(version);
                let found = state.newest_of(wanted, |severity| tolerated.contains(&severity));
                let (version, release) = found.ok_or_else(|| {
                    let inside = || state.releases.iter().rev().filter(|(version, _)| wanted(version));
                    if inside().any(|(_, release)| release.void.is_none()) {
                        return Error::Yanked { package: package.clone(), asked: range.to_string() };
                    }
                    let void = inside().find_map(|(version, release)| Some((version, release.void?)));
                    match void {
                        Some((version, by)) => Refusal::Void { version: version.to_string(), by }.into(),
                        None => none(range),
                    }
                })?;
                Ok(Found { version, release, channel: None, range: Some(range) })
            }
            Wanted::Version(version) => {
                let found = state.releases.get_key_value(version);
                let (version, release) = found.ok_or_else(|| none(version))?;
                Ok(Found { version, release, channel: None, range: None })
            }
            Wanted::Channel(name, bucket) => {
                let channel = state.channels.get(name).ok_or_else(|| none(name))?;
                if let Some(by) = channel.void {
                    return Err(Error::VoidChannel { channel: name.clone(), by });
                }
                let named = Channel { name: name.clone(), targets: channel.targets.clone() };
                let target = named.target(*bucket).ok_or_else(|| none(name))?;
                let found = state.releases.get_key_value(&target.version);
                let (version, release) = found.ok_or_else(|| none(name))?;
                Ok(Found { version, release, channel: Some(channel), range: None })
            }
        }
    }
}

/// Words that are separated by commas, each at most once: every release of the package is compared with each.
fn severities(words: &str) -> Result<Vec<Severity>, Error> {
    let severity = |word: &str| {
        let severity = Severity::deserialize(IntoDeserializer::<Unknown>::into_deserializer(word));
        let severity = severity.ok().filter(|severity| *severity > Severity::None);
        severity
            .ok_or_else(|| Error::request("`yanked` is not a list of `low`, `medium`, `high` and `critical`"))
    };
    let mut tolerated = Vec::new();
    for severity in words.split(',').map(severity) {
        let severity = severity?;
        if tolerated.contains(&severity) {
            return Err(Error::request("`yanked` names a severity twice"));
        }
        tolerated.push(severity);
    }
    Ok(tolerated)
}
