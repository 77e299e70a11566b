//! How a package stands under a head (SPEC §9.2): its state, leaves of it, and the records that they name.

use cidery_protocol::{
    ChannelState, Cid, MapProof, PackageState, Range, Receipt, ReleaseState, ShownLeaves, SignedRecord,
    Standing, Version, places_for_newest,
};
use futures_util::future::try_join3;
use serde_bytes::ByteBuf;

use crate::{Blobs, Error, Registry, SequencerClient, stored::StoredPackage};

/// A release that was found in a package's state.
pub(crate) struct Found<'s> {
    pub(crate) version: &'s Version,
    pub(crate) release: &'s ReleaseState,
    /// The channel by which it was.
    pub(crate) channel: Option<&'s ChannelState>,
    /// The range of which it is the newest.
    pub(crate) range: Option<&'s Range>,
}

/// Signed records beside the receipt's.
pub(crate) struct Said {
    chain: Vec<ByteBuf>,
    yank: Option<ByteBuf>,
    channel: Option<ByteBuf>,
}

impl Found<'_> {
    /// The standing, of what was read for it.
    pub(crate) fn standing(
        &self,
        stored: &StoredPackage,
        map: MapProof,
        said: Said,
    ) -> Result<Standing, Error> {
        let Said { chain, yank, channel } = said;
        let versions = stored.state.version_leaves();
        let places = match self.range {
            Some(range) => places_for_newest(range, self.version, &versions),
            None => place_of(versions.iter().map(|leaf| leaf.record), self.release.record),
        };
        let channels = self.channel.map(|channel| {
            let channels = stored.state.channel_leaves();
            let places = place_of(channels.iter().map(|leaf| leaf.record), channel.record);
            ShownLeaves::of(&channels, &places)
        });
        Ok(Standing {
            map,
            state: stored.object.clone(),
            versions: ShownLeaves::of(&versions, &places)?,
            channels: channels.transpose()?,
            chain,
            yank,
            channel,
        })
    }
}

/// Where the record is among those of the leaves.
fn place_of(mut records: impl Iterator<Item = Cid>, wanted: Cid) -> Vec<u64> {
    records.position(|record| record == wanted).map(|place| place as u64).into_iter().collect()
}

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// What was said of the package, beyond the receipt of a release. An authority's own receipt holds the whole chain before it.
    pub(crate) async fn said(
        &self,
        state: &PackageState,
        found: &Found<'_>,
        receipt: &Receipt,
    ) -> Result<Said, Error> {
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
        let yank = found.release.yanked.as_ref().map(|yanked| yanked.record);
        let channel = found.channel.map(|channel| channel.record);
        let (chain, yank, channel) = try_join3(chain, self.signed(yank), self.signed(channel)).await?;
        Ok(Said { chain, yank, channel })
    }

    /// A record that is in the log, with its signatures.
    async fn signed(&self, record: Option<Cid>) -> Result<Option<ByteBuf>, Error> {
        let Some(record) = record else { return Ok(None) };
        let (_, receipt) = self.receipt(&record).await?;
        Ok(Some(ByteBuf::from(SignedRecord::bytes_in_entry(&receipt.record)?)))
    }
}

#[cfg(test)]
mod tests {
    use cidery_keys::{SecretKey, Signer, sign_envelope};
    use cidery_protocol::{
        Action, Authority, Codec, Envelope, Floors, Head, HeadFormat, Join, Powers, Reason, Record,
        RecordBody, ReleaseRef, Severity, Yank, Yanked, limits, log::Hashes, map::MapPath,
    };

    use super::*;

    /// A package of `count` releases, all of which but the first are yanked.
    fn package(count: u64) -> StoredPackage {
        let key = SecretKey::from_seed(&[1; 32]);
        let powers =
            Powers { keys: vec![key.public_key()], threshold: 1, floors: Floors::default(), recovery: None };
        let init = Record::encode(RecordBody {
            origin: "log.example".parse().expect("an origin"),
            package: "@acme/hello".parse().expect("a name"),
            sequence: 0,
            prev: None,
            authority: None,
            action: Action::Init(powers),
        })
        .expect("an init");
        let mut envelope = Envelope::new(init.payload_type(), init.bytes().to_vec());
        sign_envelope(&mut envelope, &key).expect("a signature");
        let init = SignedRecord::from_envelope(&envelope, None).expect("signed");
        let authority = Authority::begin(&init).expect("an authority");
        let cid = |number: u64| Cid::of(Codec::DagCbor, &number.to_be_bytes());
        let release = |number: u64| {
            let version: Version = format!("1.{number}.0").parse().expect("a version");
            let refers = ReleaseRef { version: version.clone(), record: cid(number) };
            let (severity, reason) = (Severity::Medium, Reason::Broken);
            let yank = Yank { release: refers, severity, reason, text: None, replacement: None };
            let state = ReleaseState {
                record: cid(number),
                manifest: cid(number),
                sequence: number + 1,
                time: 0,
                signers: vec![],
                threshold: 1,
                void: None,
                yanked: (number > 0).then(|| Yanked { record: cid(count + number), yank }),
            };
            (version, state)
        };
        let (newest, sequence) = (cid(2 * count), 2 * count);
        let state = PackageState {
            init: authority.cid,
            authority,
            pending: None,
            sequence,
            newest,
            releases: (0..count).map(release).collect(),
            channels: Default::default(),
        };
        StoredPackage::new(state.object().encode().expect("a state"), state, Default::default())
    }

    #[test]
    fn a_head_that_shows_too_many_leaves_is_named() {
        let range: Range = "1.x".parse().expect("a range");
        for (count, fits) in [(100, true), (limits::RELEASES as u64, false)] {
            let stored = package(count);
            let (version, release) = stored.state.releases.first_key_value().expect("a release");
            let found = Found { version, release, channel: None, range: Some(&range) };
            let map =
                MapProof { entry: ByteBuf::new(), inclusion: Hashes::default(), path: MapPath::default() };
            let said = Said { chain: vec![], yank: None, channel: None };
            let standing = found.standing(&stored, map, said).expect("a standing");
            assert_eq!(standing.versions.leaves.len() as u64, count);
            let head = Head {
                format: HeadFormat::V1,
                checkpoint: ByteBuf::new(),
                join: Join::Inclusion(Hashes::default()),
                standing: Some(standing),
                since: None,
            };
            let encoded = head.encode().map(drop).map_err(|error| Error::from(error).code().as_str());
            assert_eq!(encoded, if fits { Ok(()) } else { Err("limit.exceeded") });
        }
    }
}
