//! From the ledger to the published log: entry bundles, tiles and states, then the signatures, then the checkpoint (SPEC §8.7), and
//! at last the head from which packages are read. All of it is made from the ledger alone, so that it can be taken up anywhere and
//! gives the same bytes.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use cidery_keys::{cosign, sign_checkpoint};
use cidery_protocol::{
    limits,
    log::{Bundle, Checkpoint, Hash, SignedCheckpoint, Tile, encode_bundle, written_bundles, written_tiles},
};
use futures_util::future::join;

use super::{Cosigned, Sequencer, Tip, finish::settled, group::AT_ONCE};
use crate::{Blobs, Clock, Error, Etag, Object, Put, Sql, StoreError, layout};

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Publishes what the ledger holds and the published log does not, then receipts and indexes, and shows the head. Where another
    /// sequencer shows itself, the head is not known any more: the next call compares again.
    pub(super) async fn publish_log(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        self.publish_rest(head).await?;
        self.show(head).await
    }

    /// The same with a new time on the head in any case, and with what has taken effect by time alone: it is logged as a group
    /// without records.
    pub(super) async fn renew(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        let (shown, time) = (shown_size(head), self.group_time(head)?);
        self.ledger.append_group(&[], time)?;
        if !self.publish_rest(head).await? {
            self.recosign(head).await?;
        }
        self.show(head).await?;
        self.sweep(shown).await
    }

    /// Whether there was anything, and so a new checkpoint.
    async fn publish_rest(&self, head: &mut Option<Tip>) -> Result<bool, Error> {
        let published = self.publish_size(head, self.ledger.size()?).await;
        if let Err(Error::Diverged { .. }) = &published {
            self.forget(head);
        }
        published
    }

    async fn publish_size(&self, head: &mut Option<Tip>, size: u64) -> Result<bool, Error> {
        let tip = known(head)?;
        let is_new = size > tip.cosigned.size;
        if is_new {
            let (from, published) = (tip.cosigned.size, &tip.etag);
            let tiles = self.write_tiles(from, size, published);
            // In any order, and all of it before the signature (SPEC §8.7).
            let (tiles, states) = join(tiles, self.write_states(from, published)).await;
            tiles.and(states)?;
            // Not before what it covers for the first time.
            let time = self.time_after(tip.cosigned.time).max(self.ledger.newest_time()?);
            let cosigned = self.cosign(self.sign(size, self.ledger.root(size)?)?, size, time)?;
            self.replace(head, cosigned).await?;
        }
        self.finish(&known(head)?.cosigned).await?;
        Ok(is_new)
    }

    /// The bundles and tiles that a tree of `to` entries has and one of `from` had not.
    pub(super) async fn write_tiles(&self, from: u64, to: u64, published: &Etag) -> Result<(), Error> {
        let bundles: Vec<Bundle> = written_bundles(from, to).collect();
        let bundles = async {
            for some in bundles.chunks(AT_ONCE) {
                settled(some.iter().map(|bundle| async {
                    let entries =
                        bundle.entries().map(|index| self.ledger.entry(index).map(|(bytes, _)| bytes));
                    let bytes = encode_bundle(&entries.collect::<Result<Vec<_>, Error>>()?)?;
                    self.write_uncovered(&layout::log(&bundle.path()), bytes.into(), published).await
                }))
                .await?;
            }
            Ok(())
        };
        let tiles: Vec<Tile> = written_tiles(from, to).collect();
        let tiles = async {
            for some in tiles.chunks(AT_ONCE) {
                settled(some.iter().map(|tile| async {
                    let hashes = tile.nodes().map(|node| self.ledger.node(node));
                    let hashes = hashes.map(|hash| hash.map(|hash: Hash| *hash.as_bytes()));
                    let bytes = hashes.collect::<Result<Vec<_>, Error>>()?.concat();
                    self.write_uncovered(&layout::log(&tile.path()), bytes.into(), published).await
                }))
                .await?;
            }
            Ok(())
        };
        let (bundles, tiles) = join(bundles, tiles).await;
        bundles.and(tiles)
    }

    /// Writes what no published checkpoint covers. Other bytes may be there, from a group that was never signed and that the ledger
    /// has lost; they are replaced only while the checkpoint is the one that is known.
    pub(super) async fn write_uncovered(
        &self,
        key: &str,
        bytes: Bytes,
        published: &Etag,
    ) -> Result<(), Error> {
        if self.blobs.put_immutable(key, bytes.clone()).await? != Put::Different {
            return Ok(());
        }
        let now = self.blobs.get(layout::CHECKPOINT, limits::CHECKPOINT_BYTES).await?;
        if now.is_none_or(|object| object.etag != *published) {
            return Err(self.another_writer());
        }
        Ok(self.blobs.put(key, bytes).await?)
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
    async fn recosign(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        let cosigned = &known(head)?.cosigned;
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
        let written = self.blobs.replace(layout::CHECKPOINT, bytes, before).await;
        let etag = self.written(written, head)?;
        let shown = head.take().and_then(|tip| tip.shown);
        *head = Some(Tip { cosigned, etag, shown });
        Ok(())
    }

    /// Makes the head of all reads the published checkpoint, once everything under it is written. Never back to an earlier one: it
    /// replaces the one that is known, and nothing else.
    pub(super) async fn show(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        let Tip { cosigned, shown, .. } = known(head)?;
        let bytes = Bytes::from(cosigned.note.to_bytes());
        let is_shown = shown.as_ref().is_some_and(|shown| shown.bytes == bytes);
        if is_shown || self.ledger.finished()? < cosigned.size {
            return Ok(());
        }
        let before = shown.as_ref().map(|shown| &shown.etag);
        let written = self.blobs.replace(layout::HEAD, bytes.clone(), before).await;
        let etag = self.written(written, head)?;
        if let Some(tip) = head {
            tip.shown = Some(Object { bytes, etag });
        }
        Ok(())
    }

    /// The tag of what was written. Where it is not known whether it was, or it was someone else, all is compared again before
    /// anything else is signed.
    fn written(&self, tag: Result<Option<Etag>, StoreError>, head: &mut Option<Tip>) -> Result<Etag, Error> {
        match tag {
            Ok(Some(etag)) => Ok(etag),
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

/// The published checkpoint, which whoever holds the lock has compared before.
pub(super) fn known(head: &Option<Tip>) -> Result<&Tip, Error> {
    head.as_ref().ok_or_else(|| Error::internal("the log is published before it was compared"))
}

/// The size of the published checkpoint, if it is also the head of all reads, and has been before this is asked.
pub(super) fn shown_size(head: &Option<Tip>) -> u64 {
    let shown =
        |tip: &&Tip| tip.shown.as_ref().is_some_and(|shown| shown.bytes == tip.cosigned.note.to_bytes());
    head.as_ref().filter(shown).map_or(0, |tip| tip.cosigned.size)
}
