//! Before the first signature: the ledger and the published log are compared, and made one or left alone.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use cidery_protocol::{
    Action, Cid, Codec, PackageState, SignedRecord, limits,
    log::{Bundle, Checkpoint, SignedCheckpoint, decode_bundle, empty_root},
    manifest::Manifest,
};

use super::{Sequencer, Tip};
use crate::{
    BlobFacts, Blobs, Clock, Error, Sql,
    index::{self, LogKeys, TextKey},
    layout,
    ledger::Step,
};

/// Bytes of an entry bundle: 256 entries with their lengths.
const BUNDLE_BYTES: usize = 256 * (limits::ENTRY_BYTES + 2);

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Makes sure that the published head is known, and that the ledger agrees with it. The steps:
    ///
    /// 1. The published checkpoint is this log's, by its signature. Where there is none, the ledger must be empty, and the
    ///    empty log is published.
    /// 2. A ledger that is behind catches up from published entries.
    /// 3. The ledger's root at the published size is the published one.
    /// 4. What the ledger has more is published.
    /// 5. The head is cosigned, if nothing of this wrote a new one.
    pub(super) async fn published(&self, head: &mut Option<Tip>) -> Result<(), Error> {
        if head.is_some() && self.started.load(Ordering::Acquire) {
            return Ok(());
        }
        // (1)
        let mut old = None;
        match self.blobs.get(layout::CHECKPOINT, limits::CHECKPOINT_BYTES).await? {
            None if self.ledger.size()? > 0 => {
                return Err(diverged("the ledger has entries, and no checkpoint is published"));
            }
            None => {
                let (root, keys) = (empty_root(), self.keys()?);
                self.blobs.put(layout::KEYS, keys).await?;
                self.replace(head, None, 0, root, self.sign(0, root)?).await?;
            }
            Some(object) => {
                let (origin, key) = (&self.house.origin, self.log.public_key());
                let foreign =
                    |error| diverged(format!("the published checkpoint is not this log's: {error}"));
                let signed = SignedCheckpoint::parse(&object.bytes).map_err(foreign)?;
                let published = signed.verify_log(origin, &[key]).map_err(foreign)?;
                // (2)
                if self.ledger.size()? < published.size {
                    self.catch_up(&published).await?;
                }
                // (3)
                self.agree(&published)?;
                self.blobs.put(layout::KEYS, self.keys()?).await?;
                let Checkpoint { size, root, .. } = published;
                old = Some(size);
                *head = Some(Tip { size, root, etag: object.etag, signed });
            }
        }
        // (4)
        self.publish_log(head).await?;
        // (5)
        if head.as_ref().map(|tip| tip.size) == old {
            self.recosign(head).await?;
        }
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

    /// Applies the published entries that the ledger lacks. They are kept only if they lead to the published root.
    async fn catch_up(&self, published: &Checkpoint) -> Result<(), Error> {
        let from = self.ledger.size()?;
        let mut entries = Vec::new();
        let mut next = from;
        while next < published.size {
            let bundle = Bundle::holding(next, published.size)?;
            let object = self.blobs.get(&layout::log(&bundle.path()), BUNDLE_BYTES).await?;
            let object = object.ok_or_else(|| diverged(format!("`{}` is not stored", bundle.path())))?;
            let bytes = decode_bundle(&object.bytes, bundle.width())
                .map_err(|error| diverged(format!("`{}`: {error}", bundle.path())))?;
            let known = (next - bundle.entries().start) as usize;
            entries.extend(bytes.into_iter().skip(known).map(<[u8]>::to_vec));
            next = bundle.entries().end;
        }
        let releases = self.ledger.transaction(|| {
            let mut manifests = Vec::new();
            for (index, entry) in (from..).zip(&entries) {
                let refused = |error| diverged(format!("entry {index} may not be where it is: {error}"));
                let step = self.follow_entry(entry).map_err(refused)?;
                if let Action::Release(release) = &step.record.record().body().action {
                    manifests.push(release.manifest);
                }
                self.ledger.append(&step, published.size)?;
            }
            self.agree(published)?;
            Ok(manifests)
        })?;
        for manifest in releases {
            self.know_blobs_of(manifest).await?;
        }
        Ok(())
    }

    fn follow_entry(&self, entry: &[u8]) -> Result<Step, Error> {
        let claim = SignedRecord::claim(entry)?;
        let package = self.ledger.package(&claim.body().package)?;
        let authority = package.as_ref().map(|package| &package.state.authority);
        let record = SignedRecord::from_entry(entry, authority)?;
        let after = PackageState::apply(package.as_ref().map(|package| &package.state), &record)?;
        Ok(Step { record, after })
    }

    /// What a published manifest says of its blobs was checked when they were admitted. That a blob is no text is not said,
    /// nor a source map's SHA-256: such blobs count as missing, and are asked for when they are needed again.
    async fn know_blobs_of(&self, cid: Cid) -> Result<(), Error> {
        let object = self.blobs.get(&layout::manifest(&cid), limits::MANIFEST_BYTES).await?;
        let object =
            object.ok_or_else(|| diverged(format!("the manifest {cid} of a release is not stored")))?;
        let manifest = Manifest::verify(cid.expect(Codec::DagCbor)?, &object.bytes)
            .map_err(|error| diverged(format!("a stored manifest: {error}")))?;
        for module in manifest.body().modules.iter().filter(|module| module.kind.is_text()) {
            let facts = BlobFacts { size: module.size, text: true, sha256: module.sha256 };
            self.ledger.add_blob(&module.cid, &facts)?;
        }
        Ok(())
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

fn diverged(reason: impl Into<String>) -> Error {
    Error::Diverged { reason: reason.into() }
}
