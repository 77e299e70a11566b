//! What an evidence shows: each kind by its row of SPEC §10.7.

use cidery_protocol::{
    Cid, Code, Codec, LogEntry, MapEntry, Origin, PackageName, PublicKey, StateObject,
    log::{Checkpoint, Hash, SignedCheckpoint, leaf_hash, verify_inclusion},
    map::MapKey,
};

use super::{
    Evidence, EvidenceError, EvidenceKind, ShownEntry, ShownHash, ShownMap,
    package::{Account, Included},
    refuse,
};

/// What a log has done, by its own signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The code of SPEC §13 under which a log that does so is refused.
    pub code: Code,
    /// The package, where it is about one.
    pub package: Option<PackageName>,
    /// What it is, in a sentence.
    pub says: String,
}

impl Evidence {
    /// What it shows of the log of this name, whose checkpoints this key signs, and this cosigner says when.
    ///
    /// # Errors
    /// [`EvidenceError::Nothing`] where an honest log may have made all of it, or what is wrong with a part of it.
    pub fn check(
        &self,
        origin: &Origin,
        log_key: &PublicKey,
        cosigner: &PublicKey,
    ) -> Result<Shown, EvidenceError> {
        if self.origin != *origin {
            return Err(EvidenceError::OtherLog { got: self.origin.clone(), wanted: origin.clone() });
        }
        if self.log_key != *log_key {
            return Err(EvidenceError::OtherKey { got: Box::new(self.log_key), role: "key" });
        }
        match &self.kind {
            EvidenceKind::Roots { a, b } => self.roots(a, b),
            EvidenceKind::Leaves { index, a, b } => self.leaves(*index, a, b),
            EvidenceKind::Rollback { cosigner: named, .. } if named != cosigner => {
                Err(EvidenceError::OtherKey { got: Box::new(*named), role: "cosigner" })
            }
            EvidenceKind::Rollback { a, b, .. } => self.rollback(cosigner, a, b),
            EvidenceKind::Head { checkpoint, entry } => self.head(checkpoint, entry),
            EvidenceKind::Entry { checkpoint, entry } => self.entry(checkpoint, entry),
            EvidenceKind::Transition { checkpoint, entries } => self.transition(checkpoint, entries),
            EvidenceKind::Map { checkpoint, entries, map, state } => {
                self.map(checkpoint, entries, map, state.as_deref())
            }
        }
    }

    fn roots(&self, a: &[u8], b: &[u8]) -> Result<Shown, EvidenceError> {
        let ((_, a), (_, b)) = (self.tree(a)?, self.tree(b)?);
        if a.size != b.size || a.root == b.root {
            return nothing("these are not two roots of one size");
        }
        shown(
            Code::LogFork,
            None,
            format!("it signed two trees of {} entries, {} and {}", a.size, a.root, b.root),
        )
    }

    fn leaves(&self, index: u64, a: &ShownHash, b: &ShownHash) -> Result<Shown, EvidenceError> {
        for ShownHash { checkpoint, leaf, inclusion } in [a, b] {
            let (_, tree) = self.tree(checkpoint)?;
            included(&tree, index, *leaf, inclusion)?;
        }
        if a.leaf == b.leaf {
            return nothing("it is one and the same entry");
        }
        shown(Code::LogFork, None, format!("it signed two trees that differ in entry {index}"))
    }

    fn rollback(&self, cosigner: &PublicKey, a: &[u8], b: &[u8]) -> Result<Shown, EvidenceError> {
        let time = |note: &[u8]| {
            let (signed, tree) = self.tree(note)?;
            let time = signed.timestamp(&self.origin.cosigner(), cosigner).map_err(refuse("a checkpoint"))?;
            Ok((tree.size, time))
        };
        let ((before, earlier), (size, later)) = (time(a)?, time(b)?);
        if size >= before || later <= earlier {
            return nothing("the later one of the two is not the smaller one");
        }
        let says = format!("it had {before} entries at {earlier}, and {size} at {later}");
        shown(Code::LogRollback, None, says)
    }

    fn head(&self, checkpoint: &[u8], entry: &ShownEntry) -> Result<Shown, EvidenceError> {
        let (_, tree) = self.tree(checkpoint)?;
        entry.is_in(&tree)?;
        if entry.index + 1 != tree.size {
            return nothing("the entry is not the last one");
        }
        if MapEntry::decode(&entry.entry).is_ok() {
            return nothing("the last entry is a map");
        }
        shown(Code::LogMap, None, format!("the last of its {} entries is no map", tree.size))
    }

    fn entry(&self, checkpoint: &[u8], entry: &ShownEntry) -> Result<Shown, EvidenceError> {
        let (_, tree) = self.tree(checkpoint)?;
        entry.is_in(&tree)?;
        match LogEntry::decode(&entry.entry) {
            Ok(_) => nothing("the entry is well-formed"),
            Err(error) => shown(error.code(), None, format!("entry {}: {error}", entry.index)),
        }
    }

    fn transition(&self, checkpoint: &[u8], entries: &[ShownEntry]) -> Result<Shown, EvidenceError> {
        let (_, tree) = self.tree(checkpoint)?;
        let entries = all_included(&tree, entries)?;
        let Some((last, before)) = entries.split_last() else { return nothing("there are no entries") };
        let LogEntry::Record(record, _) = &last.entry else {
            return nothing("the last entry is no record");
        };
        let package = &record.body().package;
        let account = Account::of(&self.origin, package, before)?;
        match account.refuses(last, record) {
            Some(error) => {
                let says = format!("entry {}, a record of `{package}`: {error}", last.index);
                shown(error.code(), Some(package), says)
            }
            None => nothing("the last entry may follow, or entries are left out before it"),
        }
    }

    fn map(
        &self,
        checkpoint: &[u8],
        entries: &[ShownEntry],
        ShownMap { entry, inclusion, path }: &ShownMap,
        state: Option<&[u8]>,
    ) -> Result<Shown, EvidenceError> {
        let (_, tree) = self.tree(checkpoint)?;
        let Some(last) = tree.size.checked_sub(1) else { return nothing("an empty log has no map") };
        included(&tree, last, leaf_hash(entry), inclusion)?;
        let map = MapEntry::decode(entry).map_err(refuse("the map entry"))?;
        let entries = all_included(&tree, entries)?;
        let package = entries.iter().rev().find_map(|included| match &included.entry {
            LogEntry::Record(record, _) => Some(&record.body().package),
            LogEntry::Map(_) => None,
        });
        let Some(package) = package else { return nothing("there are no records") };
        let account = Account::of(&self.origin, package, &entries)?;
        let object = state.map(StateObject::decode).transpose().map_err(refuse("the state"))?;
        let value = state.map(|bytes| Cid::of(Codec::DagCbor, bytes));
        path.leads(&MapKey::of(package), value, &map.root).map_err(refuse("the path in the map"))?;

        let states = account.states_at(last, map.time);
        let Some(sequence) = states.first().map(|state| state.sequence) else {
            return nothing("there are no records");
        };
        let says = match object {
            None => format!("`{package}` is not in it, and has {} records", sequence + 1),
            Some(object) if object.sequence > sequence => {
                return nothing("the map knows of records that are left out");
            }
            Some(object) if states.iter().any(|state| state.object() == object) => {
                return nothing("the map has the package as its records have made it");
            }
            Some(object) => {
                let got = object.sequence;
                format!(
                    "`{package}` is there at record {got}, and not as its records up to {sequence} have made it"
                )
            }
        };
        shown(Code::LogMap, Some(package), format!("entry {last} is a map that is wrong: {says}"))
    }

    /// A checkpoint of the log.
    fn tree(&self, note: &[u8]) -> Result<(SignedCheckpoint, Checkpoint), EvidenceError> {
        let signed = SignedCheckpoint::parse(note).map_err(refuse("a checkpoint"))?;
        let tree = signed.verify_log(&self.origin, &[self.log_key]).map_err(refuse("a checkpoint"))?;
        Ok((signed, tree))
    }
}

impl ShownEntry {
    fn is_in(&self, tree: &Checkpoint) -> Result<(), EvidenceError> {
        included(tree, self.index, leaf_hash(&self.entry), &self.inclusion)
    }
}

fn included(tree: &Checkpoint, index: u64, leaf: Hash, proof: &[Hash]) -> Result<(), EvidenceError> {
    verify_inclusion(index, tree.size, leaf, proof, &tree.root).map_err(refuse("an entry"))
}

/// All of them, in the order of their indexes.
fn all_included<'e>(
    tree: &Checkpoint,
    entries: &'e [ShownEntry],
) -> Result<Vec<Included<'e>>, EvidenceError> {
    if !entries.is_sorted_by(|a, b| a.index < b.index) {
        return nothing("the entries are not in the order of their indexes");
    }
    let included = entries.iter().map(|shown| {
        shown.is_in(tree)?;
        let entry = LogEntry::decode(&shown.entry).map_err(refuse("an entry"))?;
        Ok(Included { index: shown.index, bytes: &shown.entry, entry })
    });
    included.collect()
}

fn shown(code: Code, package: Option<&PackageName>, says: String) -> Result<Shown, EvidenceError> {
    Ok(Shown { code, package: package.cloned(), says })
}

fn nothing<T>(reason: &'static str) -> Result<T, EvidenceError> {
    Err(EvidenceError::Nothing { reason })
}
