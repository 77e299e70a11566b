//! `GET /v1/packages/{package}/resolve` (SPEC §9, §11.1): from stored objects alone.

use bytes::Bytes;
use cidery_protocol::{
    Channel, ChannelName, ChannelState, Cid, Error as Refusal, PackageName, PackageState, Range, Receipt,
    ReleaseState, Resolution, ResolutionFormat, Severity, SignedRecord, Standing, Version, limits,
};
use futures_util::future::try_join4;
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::Error as Unknown},
};
use serde_bytes::ByteBuf;

use crate::{Blobs, Error, Registry, Response, SequencerClient, layout, path::Query, stored::damaged};

/// What a resolution is sent as.
const RESOLUTION: &str = "application/vnd.cidery.resolution+cbor";

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// The steps, in an order in which each object covers the one before:
    ///
    /// 1. The package as it was last written, and then the newest checkpoint: packages are written after checkpoints, so it covers
    ///    them. The package as it is at that time.
    /// 2. The release that is asked for, and its receipt.
    /// 3. How the package stands, from receipts of other records.
    /// 4. The release's inclusion, and consistency with the size that the client named, from tiles.
    pub(crate) async fn resolve(&self, name: &PackageName, query: &str) -> Result<Response<B::Body>, Error> {
        let query = Query::parse(query, &["range", "version", "channel", "bucket", "yanked", "since"])?;
        let (wanted, since) = (Wanted::parse(&query)?, query.number("since")?);
        // (1)
        let stored = self.stored(name).await?;
        let tip = self.tip().await?;
        let stored = stored.at(tip.time);
        let state = &stored.state;
        // (2)
        let (version, release, channel) = wanted.choose(state)?;
        let (bytes, receipt) = self.receipt(&release.record).await?;
        if stored.places.get(version) != Some(&receipt.index) || receipt.index >= tip.size {
            let key = layout::package(name);
            return Err(
                damaged(&key, "it names a release that is elsewhere, or that no checkpoint covers").into()
            );
        }
        // (3) and (4)
        let standing = self.standing(state, release, &receipt, channel).await?;
        let head = self.head(tip, receipt.index, since, standing).await?;
        let (receipt, head) = (ByteBuf::from(bytes.to_vec()), ByteBuf::from(head.encode()?));
        let resolution = Resolution { format: ResolutionFormat::V1, receipt, head }.encode()?;
        Ok(Response::fresh(200, RESOLUTION, resolution))
    }

    /// What became of the package, beyond the receipt of a release. An authority's own receipt holds the whole chain before it.
    async fn standing(
        &self,
        state: &PackageState,
        release: &ReleaseState,
        receipt: &Receipt,
        channel: Option<&ChannelState>,
    ) -> Result<Standing, Error> {
        let authority = &state.authority;
        let known = receipt.chain.len();
        let chain = async {
            if authority.position < known as u64 {
                return Ok(Vec::new());
            }
            let (_, last) = self.receipt(&authority.cid).await?;
            let own = SignedRecord::bytes_in_entry(&last.record)?;
            Ok(last.chain.into_iter().chain([ByteBuf::from(own)]).skip(known).collect())
        };
        let yank = release.yanked.as_ref().map(|yanked| yanked.record);
        let channel = channel.map(|channel| channel.record);
        let others = [Some(release.record), Some(authority.cid), yank, channel];
        let newest = Some(state.newest).filter(|newest| !others.contains(&Some(*newest)));
        let (chain, newest, yank, channel) =
            try_join4(chain, self.signed(newest), self.signed(yank), self.signed(channel)).await?;
        Ok(Standing { chain, newest, yank, channel })
    }

    /// A record that is in the log, with its signatures.
    async fn signed(&self, record: Option<Cid>) -> Result<Option<ByteBuf>, Error> {
        let Some(record) = record else { return Ok(None) };
        let (_, receipt) = self.receipt(&record).await?;
        Ok(Some(ByteBuf::from(SignedRecord::bytes_in_entry(&receipt.record)?)))
    }

    async fn receipt(&self, record: &Cid) -> Result<(Bytes, Receipt), Error> {
        let key = layout::receipt(record);
        let object = self.blobs.get(&key, limits::RECEIPT_BYTES).await?;
        let bytes = object.ok_or_else(|| damaged(&key, "it is not there"))?.bytes;
        let receipt = Receipt::decode(&bytes).map_err(|error| damaged(&key, error))?;
        Ok((bytes, receipt))
    }
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

/// A release, and the channel by which it was found.
type Found<'s> = (&'s Version, &'s ReleaseState, Option<&'s ChannelState>);

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

    fn choose<'s>(&self, state: &'s PackageState) -> Result<Found<'s>, Error> {
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
                Ok((version, release, None))
            }
            Wanted::Version(version) => {
                let found = state.releases.get_key_value(version);
                let (version, release) = found.ok_or_else(|| none(version))?;
                Ok((version, release, None))
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
                Ok((version, release, Some(channel)))
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
