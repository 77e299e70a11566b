//! What shows a fault to others: made of the log's own objects, checked as they would check it, and written down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cidery_protocol::log::{Note, SignedCheckpoint, leaf_hash};
use cidery_protocol::{PackageProof, PublicKey};
use cidery_verifier::{CoveredTree, Evidence, Fault, LogTree, Shown};
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

use super::{Source, Watch};
use crate::client::Registry;
use crate::failure::Failure;
use crate::files;
use crate::trust::KnownLog;

/// Entries of others that are shown beside those of a package, so that nothing is left out: more would not fit into a file.
const OTHERS: u64 = 20_000;
/// Packages of a wrong map that are asked about.
const PACKAGES: usize = 100;

/// A head with the entries under it, as they are accused.
pub(crate) struct Accused<'a> {
    pub(crate) log: &'a KnownLog,
    /// Where its entries are read, and its registry, if it has one.
    pub(crate) source: &'a Source,
    pub(crate) registry: Option<&'a Registry>,
    pub(crate) note: &'a [u8],
    pub(crate) size: u64,
    pub(crate) watch: &'a Watch,
}

impl Accused<'_> {
    /// What shows the fault of the log; none where nothing does.
    pub(crate) async fn evidence(&self, fault: &Fault) -> Result<Option<Evidence>, Failure> {
        let Some(key) = signer(self.log, self.note)? else { return Ok(None) };
        let note = of_log(self.log, self.note)?;
        let covered = covered(self.log, &key, &note, self.size, &self.watch.tree);
        if let Fault::Map { packages, .. } = fault {
            return self.of_map(&covered, packages).await;
        }
        let mut indexes = fault.shown_by();
        if indexes.is_empty() {
            return Ok(None);
        }
        let evidence = covered.evidence(fault, &self.entries(&indexes).await?)?;
        if let Some(evidence) = evidence.filter(|evidence| shows(self.log, evidence).is_some()) {
            return Ok(Some(evidence));
        }
        // All entries between, so that it is seen that none is left out.
        let whole = fault.shown_whole_by();
        if whole.is_empty() || whole.end - whole.start > OTHERS {
            return Ok(None);
        }
        indexes.extend(whole);
        let evidence = covered.evidence(fault, &self.entries(&indexes).await?)?;
        Ok(evidence.filter(|evidence| shows(self.log, evidence).is_some()))
    }

    /// Asks the registry what its map says of the packages in question. It may not answer, or better than its map does.
    async fn of_map(
        &self,
        covered: &CoveredTree<'_>,
        packages: &[cidery_protocol::PackageName],
    ) -> Result<Option<Evidence>, Failure> {
        let Some(registry) = self.registry else { return Ok(None) };
        for package in packages.iter().take(PACKAGES) {
            let Ok(proof) = registry.package_proof(package, None).await else { continue };
            let Ok(mut proof) = PackageProof::decode(&proof) else { continue };
            proof.checkpoint = ByteBuf::from(of_log(self.log, &proof.checkpoint)?);
            let entries = self.entries(self.watch.replay.entries_of(package)).await?;
            let evidence = covered.map_evidence(&entries, &proof)?;
            if let Some(evidence) = evidence.filter(|evidence| shows(self.log, evidence).is_some()) {
                return Ok(Some(evidence));
            }
        }
        Ok(None)
    }

    /// Entries that are those of the tree.
    async fn entries(&self, indexes: &[u64]) -> Result<BTreeMap<u64, Vec<u8>>, Failure> {
        let entries = self.source.entries(indexes, self.size).await?;
        let leaves = self.watch.tree.leaves();
        if entries.iter().any(|(index, entry)| leaves.get(*index as usize) != Some(&leaf_hash(entry))) {
            return Err(not_of_the_root());
        }
        Ok(entries)
    }
}

/// The entries do not lead to the checkpoint's root: whoever serves them shows others than the log has signed, or the log is broken.
pub(crate) fn not_of_the_root() -> Failure {
    cidery_protocol::Error::Proof { what: "entries", reason: "they do not lead to the checkpoint's root" }
        .into()
}

/// A checkpoint with its tree.
pub(crate) fn covered<'t>(
    log: &'t KnownLog,
    log_key: &'t PublicKey,
    checkpoint: &'t [u8],
    size: u64,
    tree: &'t LogTree,
) -> CoveredTree<'t> {
    CoveredTree { origin: &log.origin, log_key, checkpoint, size, tree }
}

/// A checkpoint with the log's signature alone: cosignatures change from answer to answer, and show nothing of the log.
pub(crate) fn of_log(log: &KnownLog, note: &[u8]) -> Result<Vec<u8>, Failure> {
    let note = Note::parse(note)?;
    let signatures = note.signatures().iter().filter(|line| line.name() == log.origin.as_str());
    Ok(Note::new(note.text().to_owned(), signatures.cloned().collect())?.to_bytes())
}

/// Which of the log's keys signed a checkpoint.
pub(crate) fn signer(log: &KnownLog, note: &[u8]) -> Result<Option<PublicKey>, Failure> {
    let signed = SignedCheckpoint::parse(note)?;
    let mut keys = log.trust.log_keys().iter();
    Ok(keys.find(|key| signed.verify_log(&log.origin, &[**key]).is_ok()).copied())
}

/// What evidence shows of the log.
pub(crate) fn shows(log: &KnownLog, evidence: &Evidence) -> Option<Shown> {
    check(log, evidence).ok()
}

/// The same, or why it shows nothing.
pub(crate) fn check(log: &KnownLog, evidence: &Evidence) -> Result<Shown, cidery_verifier::EvidenceError> {
    let known = log.trust.log_keys().iter().find(|key| **key == evidence.log_key);
    let key = known.or(log.trust.log_keys().first()).unwrap_or(&evidence.log_key);
    evidence.check(&log.origin, key, log.trust.cosigner())
}

/// Writes it into a folder, under a name of its own: the same evidence is the same file.
pub(crate) fn write(dir: &Path, evidence: &Evidence) -> Result<PathBuf, Failure> {
    let json = evidence.to_json();
    let hash: String = Sha256::digest(&json).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let file = dir.join(format!("evidence-{}-{hash}.json", evidence.kind.word()));
    files::replace_bytes(&file, &json).map_err(Failure::file("write", &file))?;
    Ok(file)
}
