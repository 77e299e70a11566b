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
