//! From the ledger to the published log: entry bundles and tiles, then the signatures, then the checkpoint (SPEC §8.4). All of it
//! is made from the ledger alone, so that it can be taken up anywhere and gives the same bytes.

use bytes::Bytes;
use cidery_keys::{cosign, sign_checkpoint};
use cidery_protocol::{
    limits,
    log::{Bundle, Checkpoint, Hash, SignedCheckpoint, Tile, encode_bundle, written_bundles, written_tiles},
};
use futures_util::future::try_join_all;

use super::{Sequencer, Tip, group::AT_ONCE};
use crate::{Blobs, Clock, Error, Etag, Put, Sql, layout};
use std::sync::atomic::Ordering;

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Publishes what the ledger holds and the published log does not, then receipts and indexes.
    pub(super) async fn publish_log(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        let before = match head.as_ref() {
            Some(published) => (published.size, Some(published.etag.clone())),
            None => return Err(Error::internal("the log is published before it was compared")),
        };
        let size = self.ledger.size()?;
        if size > before.0 {
            self.write_tiles(before.0, size, before.1.as_ref()).await?;
            let root = self.ledger.root(size)?;
            let signed = self.sign(size, root)?;
            self.replace(head, before.1.as_ref(), size, root, signed).await?;
        }
        self.finish(size).await
    }

    /// The bundles and tiles that a tree of `to` entries has and one of `from` had not.
    async fn write_tiles(&self, from: u64, to: u64, published: Option<&Etag>) -> Result<(), Error> {
        let bundles: Vec<Bundle> = written_bundles(from, to).collect();
        for some in bundles.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|bundle| async {
                let entries = bundle.entries().map(|index| self.ledger.entry(index).map(|(bytes, _)| bytes));
                let entries = entries.collect::<Result<Vec<_>, Error>>()?;
                self.write_log(&bundle.path(), encode_bundle(&entries)?, published).await
            }))
            .await?;
        }
        let tiles: Vec<Tile> = written_tiles(from, to).collect();
        for some in tiles.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|tile| async {
                let hashes = tile.nodes().map(|node| self.ledger.node(node));
                let hashes = hashes.map(|hash| hash.map(|hash: Hash| *hash.as_bytes()));
                let bytes = hashes.collect::<Result<Vec<_>, Error>>()?.concat();
                self.write_log(&tile.path(), bytes, published).await
            }))
            .await?;
        }
        Ok(())
    }

    /// Writes a bundle or tile that no published checkpoint covers. Other bytes may be there, from a group that was never
    /// signed and that the ledger has lost; they are replaced only while the checkpoint is the one that is known.
    async fn write_log(&self, path: &str, bytes: Vec<u8>, published: Option<&Etag>) -> Result<(), Error> {
        let (key, bytes) = (layout::log(path), Bytes::from(bytes));
        if self.blobs.put_immutable(&key, bytes.clone()).await? != Put::Different {
            return Ok(());
        }
        let now = self.blobs.get(layout::CHECKPOINT, limits::CHECKPOINT_BYTES).await?;
        if now.as_ref().map(|object| &object.etag) != published {
            return Err(self.another_writer());
        }
        Ok(self.blobs.put(&key, bytes).await?)
    }

    /// The checkpoint with both signatures of the operator.
    pub(super) fn sign(&self, size: u64, root: Hash) -> Result<SignedCheckpoint, Error> {
        let mut signed = self.sign_as_log(size, root)?;
        self.cosign(&mut signed)?;
        Ok(signed)
    }

    /// The checkpoint with the log's signature alone, as receipts hold it.
    pub(super) fn sign_as_log(&self, size: u64, root: Hash) -> Result<SignedCheckpoint, Error> {
        let checkpoint = Checkpoint { origin: self.house.origin.clone(), size, root };
        Ok(sign_checkpoint(&checkpoint, &*self.log)?)
    }

    fn cosign(&self, signed: &mut SignedCheckpoint) -> Result<(), Error> {
        let name = self.house.origin.cosigner();
        Ok(cosign(signed, &name, &*self.cosigner, self.clock.now())?)
    }

    /// Puts a new time on the published head.
    pub(super) async fn recosign(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        let Some(Tip { size, root, etag, signed }) = head.as_ref() else {
            return Err(Error::internal("the head is cosigned before it was compared"));
        };
        let (size, root, etag, mut signed) = (*size, *root, etag.clone(), signed.clone());
        self.cosign(&mut signed)?;
        self.replace(head, Some(&etag), size, root, signed).await
    }

    /// Replaces the checkpoint object, if it is still the one that is known.
    pub(super) async fn replace(
        &self,
        head: &mut Option<Tip>,
        before: Option<&Etag>,
        size: u64,
        root: Hash,
        signed: SignedCheckpoint,
    ) -> Result<(), Error> {
        let bytes = Bytes::from(signed.to_bytes());
        let written = self.blobs.replace(layout::CHECKPOINT, bytes, before).await;
        match written {
            Ok(Some(etag)) => {
                *head = Some(Tip { size, root, etag, signed });
                Ok(())
            }
            // Whether it was written is not known, or it was someone else: compare again before anything else is signed.
            other => {
                *head = None;
                self.started.store(false, Ordering::Release);
                other?;
                Err(self.another_writer())
            }
        }
    }

    fn another_writer(&self) -> Error {
        Error::Diverged { reason: "the checkpoint was replaced by another sequencer".to_owned() }
    }
}
