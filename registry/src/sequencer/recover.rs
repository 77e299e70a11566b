//! Before the first signature: the ledger and the published log are compared, and made one or left alone.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use cidery_protocol::{
    Action, SignedRecord, limits,
    log::{Checkpoint, SignedCheckpoint, empty_root},
    manifest::Manifest,
};

use super::{Cosigned, Sequencer, Tip};
use crate::{
    Blobs, Clock, Error, Expectation, Object, Sql,
    admission::statements,
    index::{self, LogKeys, TextKey},
    layout,
    ledger::Logged,
};

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Makes sure that the published head is known, and that the ledger agrees with it. The steps:
    ///
    /// 1. The published checkpoint is this log's, by its signature. Where there is none, the ledger must be empty, and the
    ///    empty log is published.
    /// 2. A ledger that is behind catches up from published entries.
    /// 3. The ledger's root at the published size is the published one.
    /// 4. A store that went back behind what was finished has all that cannot be made again. Where one has lost states or pages
    ///    under what is not finished, they are written again.
    /// 5. What the ledger has more is published, and what has taken effect by time since. Else, the head is cosigned.
    pub(super) async fn published(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        if head.is_some() && self.started.load(Ordering::Acquire) {
            return Ok(());
        }
        // (1)
        let shown = self.blobs.get(layout::HEAD, limits::CHECKPOINT_BYTES).await?;
        let Some(object) = self.blobs.get(layout::CHECKPOINT, limits::CHECKPOINT_BYTES).await? else {
            return self.begin(head, shown).await;
        };
        let (origin, key) = (&self.house.origin, self.log.public_key());
        let foreign = |error| diverged(format!("the published checkpoint is not this log's: {error}"));
        let signed = SignedCheckpoint::parse(&object.bytes).map_err(foreign)?;
        let published = signed.verify_log(origin, &[key]).map_err(foreign)?;
        let size = published.size;
        // (2)
        if self.ledger.size()? < size {
            self.catch_up(&published).await?;
        }
        // (3)
        self.agree(&published)?;
        // (4)
        let finished = self.ledger.finished()?;
        if finished > size {
            self.take_back(size).await?;
        } else if finished < size && self.ledger.size()? == size {
            self.write_states(finished, &object.etag).await?;
        }
        self.blobs.put(layout::KEYS, self.keys()?).await?;
        // One that cannot be read has no time that the next could go behind.
        let time = signed.timestamp(&origin.cosigner(), &self.cosigner.public_key()).unwrap_or(0);
        let cosigned = Cosigned { size, time, note: signed };
        *head = Some(Tip { cosigned, etag: object.etag, shown });
        // (5)
        self.renew(head).await?;
        self.started.store(true, Ordering::Release);
        Ok(())
    }

    /// Publishes the empty log.
    async fn begin(&self, head: &mut Option<Tip>, shown: Option<Object>) -> Result<(), Error> {
        if self.ledger.size()? > 0 {
            return Err(diverged("the ledger has entries, and no checkpoint is published"));
        }
        self.blobs.put(layout::KEYS, self.keys()?).await?;
        self.replace(head, self.cosign(self.sign(0, empty_root())?, 0, self.clock.now())?).await?;
        if let Some(tip) = head {
            tip.shown = shown;
        }
        self.show(head).await?;
        self.started.store(true, Ordering::Release);
        Ok(())
    }

    fn agree(&self, published: &Checkpoint) -> Result<(), Error> {
        let root = self.ledger.root(published.size)?;
        if root == published.root {
            return Ok(());
        }
        let (size, wanted) = (published.size, published.root);
        Err(diverged(format!(
            "at {size} entries, the ledger has the root {root} and the published log {wanted}"
        )))
    }

    /// What a store lacks that is older than what the ledger has finished, as after a restored backup: receipts and indexes
    /// are written again, and blobs are asked for when they are needed again. What only publishers have must be there.
    async fn take_back(&self, published: u64) -> Result<(), Error> {
        let mut from = published;
        while let records = self.ledger.records_from(from)?
            && let Some(last) = records.last()
        {
            from = last.index + 1;
            for Logged { record, index, .. } in &records {
                let (claim, _) = SignedRecord::claim_of_entry(&self.ledger.entry(*index)?.0)?;
                let action = &claim.body().action;
                let manifest = match action {
                    Action::Release(release) => Some(self.manifest(release.manifest).await?),
                    _ => None,
                };
                let body = manifest.as_ref().map(Manifest::body);
                for blob in Expectation::of(body, statements(action))?.keys() {
                    if !self.blobs.has(&layout::blob(blob)).await? {
                        let package = &claim.body().package;
                        return Err(diverged(format!(
                            "the store has the log as of {published} entries, and lacks the blob {blob} that `{package}` names in {record}"
                        )));
                    }
                }
            }
        }
        self.ledger.transaction(|| {
            self.ledger.forget_blobs()?;
            self.ledger.set_finished(published)
        })
    }

    fn keys(&self) -> Result<Bytes, Error> {
        let keys = LogKeys {
            origin: self.house.origin.clone(),
            log_keys: vec![TextKey(self.log.public_key())],
            cosigner: TextKey(self.cosigner.public_key()),
        };
        Ok(index::write(&keys)?.into())
    }
}

pub(super) fn diverged(reason: impl Into<String>) -> Error {
    Error::Diverged { reason: reason.into() }
}
