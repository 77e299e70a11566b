//! A ledger that is behind what was published, as after a restored backup: it takes over the published entries.

use std::{collections::BTreeMap, ops::Range};

use cidery_protocol::{
    Action, Cid, Codec, LogEntry, MapEntry, SignedRecord, limits,
    log::{self, Bundle, Checkpoint, Hash, Node, decode_bundle, leaf_hash},
    manifest::Manifest,
};

use super::{Sequencer, recover::diverged};
use crate::{BlobFacts, Blobs, Clock, Error, Sql, layout, ledger::Step};

/// Bytes of an entry bundle: 256 entries with their lengths.
const BUNDLE_BYTES: usize = 256 * (limits::ENTRY_BYTES + 2);

/// The entries of one bundle that the ledger lacks.
struct Piece {
    indexes: Range<u64>,
    entries: Vec<Vec<u8>>,
}

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Applies the published entries that the ledger lacks, a bundle in memory at a time. The steps:
    ///
    /// 1. They are read once to see that they lead from the ledger's tree to the published root. Else nothing is applied.
    /// 2. They are read again, are the same, and are applied. A ledger that ends here has a part of the published log, and
    ///    goes on from there the next time.
    pub(super) async fn catch_up(&self, published: &Checkpoint) -> Result<(), Error> {
        let from = self.ledger.size()?;
        // (1)
        let (mut tree, mut seen, mut next) = (Frontier::default(), Vec::new(), from);
        while next < published.size {
            let piece = self.piece(next, published.size).await?;
            for (index, entry) in piece.indexes.clone().zip(&piece.entries) {
                tree.append(index, leaf_hash(entry), |node| self.ledger.node(node))?;
            }
            next = piece.indexes.end;
            seen.push(piece.digest());
        }
        let root = log::root(published.size, |node| tree.read(node, |node| self.ledger.node(node)))?;
        if root != published.root {
            let (size, wanted) = (published.size, published.root);
            let reason = format!("the published entries of {size} lead to the root {root}, wanted {wanted}");
            return Err(diverged(reason));
        }
        // (2)
        let mut next = from;
        for seen in seen {
            let piece = self.piece(next, published.size).await?;
            if piece.digest() != seen {
                return Err(diverged(format!("the entries from {next} on changed while they were read")));
            }
            next = piece.indexes.end;
            let manifests = self.ledger.transaction(|| self.apply(&piece, published.size))?;
            for manifest in manifests {
                self.know_blobs_of(manifest).await?;
            }
        }
        Ok(())
    }

    /// The published entries from `next` to the end of its bundle.
    async fn piece(&self, next: u64, size: u64) -> Result<Piece, Error> {
        let bundle = Bundle::holding(next, size)?;
        let object = self.blobs.get(&layout::log(&bundle.path()), BUNDLE_BYTES).await?;
        let object = object.ok_or_else(|| diverged(format!("`{}` is not stored", bundle.path())))?;
        let entries = decode_bundle(&object.bytes, bundle.width())
            .map_err(|error| diverged(format!("`{}`: {error}", bundle.path())))?;
        let Range { start, end } = bundle.entries();
        let entries = entries.into_iter().skip((next - start) as usize).map(<[u8]>::to_vec);
        Ok(Piece { indexes: next..end, entries: entries.collect() })
    }

    /// Appends entries, and gives the manifests of their releases. Each map must be the one that the ledger comes to.
    fn apply(&self, piece: &Piece, covered: u64) -> Result<Vec<Cid>, Error> {
        let mut manifests = Vec::new();
        for (index, entry) in piece.indexes.clone().zip(&piece.entries) {
            let refused = |error| diverged(format!("entry {index} may not be where it is: {error}"));
            match LogEntry::decode(entry).map_err(|error| refused(error.into()))? {
                LogEntry::Record(..) => {
                    let step = self.follow_entry(entry).map_err(refused)?;
                    if let Action::Release(release) = &step.record.record().body().action {
                        manifests.push(release.manifest);
                    }
                    self.ledger.append(&step, covered)?;
                }
                LogEntry::Map(MapEntry { root: wanted, time, .. }) => {
                    let root = self.ledger.append_map(time, covered)?;
                    if root != wanted {
                        let reason = format!(
                            "entry {index} has the map {wanted}, and the entries before it come to {root}"
                        );
                        return Err(diverged(reason));
                    }
                }
            }
        }
        Ok(manifests)
    }

    fn follow_entry(&self, entry: &[u8]) -> Result<Step, Error> {
        let (claim, time) = SignedRecord::claim_of_entry(entry)?;
        let mut state = self.ledger.package(&claim.body().package)?;
        let authority = state.as_ref().map(|state| state.authority_at(time));
        let (record, time) = SignedRecord::from_entry(entry, authority)?;
        Step::apply(&mut state, record, time)
    }

    /// What a published manifest says of its blobs was checked when they were admitted. That a blob is no text is not said,
    /// nor a source map's SHA-256: such blobs count as missing, and are asked for when they are needed again.
    async fn know_blobs_of(&self, cid: Cid) -> Result<(), Error> {
        let manifest = self.manifest(cid).await?;
        for module in manifest.body().modules.iter().filter(|module| module.kind.is_text()) {
            let facts = BlobFacts { size: module.size, text: true, sha256: module.sha256 };
            self.ledger.add_blob(&module.cid, &facts)?;
        }
        Ok(())
    }

    /// The stored manifest of a release.
    pub(super) async fn manifest(&self, cid: Cid) -> Result<Manifest, Error> {
        let object = self.blobs.get(&layout::manifest(&cid), limits::MANIFEST_BYTES).await?;
        let object =
            object.ok_or_else(|| diverged(format!("the manifest {cid} of a release is not stored")))?;
        Manifest::verify(cid.expect(Codec::DagCbor)?, &object.bytes)
            .map_err(|error| diverged(format!("a stored manifest: {error}")))
    }
}

impl Piece {
    fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for entry in &self.entries {
            hasher.update(&(entry.len() as u64).to_be_bytes()).update(entry);
        }
        hasher.finalize()
    }
}

/// A tree that grows on top of another one, and remembers the last complete node of each level: no append and no root asks for
/// more.
#[derive(Default)]
struct Frontier(BTreeMap<u8, (u64, Hash)>);

impl Frontier {
    fn append(
        &mut self,
        index: u64,
        leaf: Hash,
        below: impl Fn(Node) -> Result<Hash, Error>,
    ) -> Result<(), Error> {
        for (node, hash) in log::appended_nodes(index, leaf, |node| self.read(node, &below))? {
            self.0.insert(node.level, (node.index, hash));
        }
        Ok(())
    }

    fn read(&self, node: Node, below: impl Fn(Node) -> Result<Hash, Error>) -> Result<Hash, Error> {
        match self.0.get(&node.level) {
            Some((index, hash)) if *index == node.index => Ok(*hash),
            _ => below(node),
        }
    }
}
