//! From the ledger to the published log: entry bundles and tiles, then the signatures, then the checkpoint (SPEC §8.4). All of it
//! is made from the ledger alone, so that it can be taken up anywhere and gives the same bytes.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use cidery_keys::{cosign, sign_checkpoint};
use cidery_protocol::{
    limits,
    log::{Bundle, Checkpoint, Hash, SignedCheckpoint, Tile, encode_bundle, written_bundles, written_tiles},
};

use super::{Cosigned, Sequencer, Tip, finish::settled, group::AT_ONCE};
use crate::{Blobs, Clock, Error, Etag, Put, Sql, layout};

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Publishes what the ledger holds and the published log does not, then receipts and indexes. Where another sequencer
    /// shows itself, the head is not known any more: the next call compares again.
    pub(super) async fn publish_log(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        let published = self.publish_rest(head).await;
        if let Err(Error::Diverged { .. }) = &published {
            self.forget(head);
        }
        published
    }

    async fn publish_rest(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        let Some(tip) = head.as_ref() else {
            return Err(Error::internal("the log is published before it was compared"));
        };
        let size = self.ledger.size()?;
        if size > tip.cosigned.size {
            self.write_tiles(tip.cosigned.size, size, &tip.etag).await?;
            // Not before what it covers for the first time.
            let time = self.time_after(tip.cosigned.time).max(self.ledger.newest_time()?);
            let cosigned = self.cosign(self.sign(size, self.ledger.root(size)?)?, size, time)?;
            self.replace(head, cosigned).await?;
        }
        match head.as_ref() {
            Some(tip) => self.finish(&tip.cosigned).await,
            None => Err(Error::internal("the log was published and its head is not known")),
        }
    }

    /// The bundles and tiles that a tree of `to` entries has and one of `from` had not.
    async fn write_tiles(&self, from: u64, to: u64, published: &Etag) -> Result<(), Error> {
        let bundles: Vec<Bundle> = written_bundles(from, to).collect();
        for some in bundles.chunks(AT_ONCE) {
            settled(some.iter().map(|bundle| async {
                let entries = bundle.entries().map(|index| self.ledger.entry(index).map(|(bytes, _)| bytes));
                let entries = entries.collect::<Result<Vec<_>, Error>>()?;
                self.write_log(&bundle.path(), encode_bundle(&entries)?, published).await
            }))
            .await?;
        }
        let tiles: Vec<Tile> = written_tiles(from, to).collect();
        for some in tiles.chunks(AT_ONCE) {
            settled(some.iter().map(|tile| async {
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
    async fn write_log(&self, path: &str, bytes: Vec<u8>, published: &Etag) -> Result<(), Error> {
        let (key, bytes) = (layout::log(path), Bytes::from(bytes));
        if self.blobs.put_immutable(&key, bytes.clone()).await? != Put::Different {
            return Ok(());
        }
        let now = self.blobs.get(layout::CHECKPOINT, limits::CHECKPOINT_BYTES).await?;
        if now.is_none_or(|object| object.etag != *published) {
            return Err(self.another_writer());
        }
        Ok(self.blobs.put(&key, bytes).await?)
    }

    /// The checkpoint with the log's signature alone.
    pub(super) fn sign(&self, size: u64, root: Hash) -> Result<SignedCheckpoint, Error> {
        let checkpoint = Checkpoint { origin: self.house.origin.clone(), size, root };
        Ok(sign_checkpoint(&checkpoint, &*self.log)?)
    }

    /// Adds the time.
    pub(super) fn cosign(&self, mut note: SignedCheckpoint, size: u64, time: u64) -> Result<Cosigned, Error> {
        cosign(&mut note, &self.house.origin.cosigner(), &*self.cosigner, time)?;
        Ok(Cosigned { size, time, note })
    }

    /// Puts a new time on the published head.
    pub(super) async fn recosign(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        let Some(Tip { cosigned, .. }) = head.as_ref() else {
            return Err(Error::internal("the head is cosigned before it was compared"));
        };
        let time = self.time_after(cosigned.time);
        let cosigned = self.cosign(cosigned.note.clone(), cosigned.size, time)?;
        self.replace(head, cosigned).await
    }

    /// Publishes a new head: another tree, or another time of the same one.
    pub(super) async fn replace(&self, head: &mut Option<Tip>, cosigned: Cosigned) -> Result<(), Error> {
        self.write_checkpoint(head, cosigned).await?;
        self.asked.head_changed();
        Ok(())
    }

    /// Replaces the checkpoint object, if it is still the one that is known.
    pub(super) async fn write_checkpoint(
        &self,
        head: &mut Option<Tip>,
        cosigned: Cosigned,
    ) -> Result<(), Error> {
        let bytes = Bytes::from(cosigned.note.to_bytes());
        let before = head.as_ref().map(|tip| &tip.etag);
        match self.blobs.replace(layout::CHECKPOINT, bytes, before).await {
            Ok(Some(etag)) => {
                *head = Some(Tip { cosigned, etag });
                Ok(())
            }
            // Whether it was written is not known, or it was someone else: compare again before anything else is signed.
            other => {
                self.forget(head);
                other?;
                Err(self.another_writer())
            }
        }
    }

    fn forget(&self, head: &mut Option<Tip>) {
        *head = None;
        self.started.store(false, Ordering::Release);
    }

    fn another_writer(&self) -> Error {
        Error::Diverged { reason: "the checkpoint was replaced by another sequencer".to_owned() }
    }
}
