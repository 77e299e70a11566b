//! What can be shown, and by which objects.

use cidery_protocol::{PublicKey, log::Hash, map::MapPath};

/// What a log is to have done, with the objects that show it. Checkpoints are signed notes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvidenceKind {
    /// Two roots of one size.
    Roots {
        /// A checkpoint.
        a: Vec<u8>,
        /// Another one.
        b: Vec<u8>,
    },
    /// Two entries at one index.
    Leaves {
        /// The index.
        index: u64,
        /// What is there by one checkpoint.
        a: ShownHash,
        /// By another.
        b: ShownHash,
    },
    /// A log that became smaller, by the times of its cosigner.
    Rollback {
        /// The cosigner.
        cosigner: PublicKey,
        /// A checkpoint.
        a: Vec<u8>,
        /// A smaller one, cosigned later.
        b: Vec<u8>,
    },
    /// A checkpoint that ends with another entry than a map.
    Head {
        /// The checkpoint.
        checkpoint: Vec<u8>,
        /// Its last entry.
        entry: ShownEntry,
    },
    /// An entry that is none.
    Entry {
        /// A checkpoint that covers it.
        checkpoint: Vec<u8>,
        /// The entry.
        entry: ShownEntry,
    },
    /// A record that may not follow those before it.
    Transition {
        /// A checkpoint that covers them.
        checkpoint: Vec<u8>,
        /// The records of the package, and others where their times, or that there are none, matter; the last one is refused.
        entries: Vec<ShownEntry>,
    },
    /// A map that does not have a package as its records have made it.
    Map {
        /// The checkpoint whose last entry the map is.
        checkpoint: Vec<u8>,
        /// The records of the package, and others as above.
        entries: Vec<ShownEntry>,
        /// The map, and the package's place in it.
        map: Box<ShownMap>,
        /// The state that it names, unless there is none.
        state: Option<Vec<u8>>,
    },
}

/// An entry's hash, and where it stands under a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownHash {
    /// The checkpoint.
    pub checkpoint: Vec<u8>,
    /// The hash of the entry.
    pub leaf: Hash,
    /// The proof.
    pub inclusion: Vec<Hash>,
}

/// An entry, and where it stands under the checkpoint beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownEntry {
    /// Its place.
    pub index: u64,
    /// Its bytes.
    pub entry: Vec<u8>,
    /// The proof.
    pub inclusion: Vec<Hash>,
}

/// The last entry of a checkpoint, a map, and a package's way in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownMap {
    /// The bytes of the map entry.
    pub entry: Vec<u8>,
    /// Its inclusion.
    pub inclusion: Vec<Hash>,
    /// The package's way.
    pub path: MapPath,
}

impl EvidenceKind {
    /// The word that it has in the file.
    pub fn word(&self) -> &'static str {
        match self {
            EvidenceKind::Roots { .. } => "roots",
            EvidenceKind::Leaves { .. } => "leaves",
            EvidenceKind::Rollback { .. } => "rollback",
            EvidenceKind::Head { .. } => "head",
            EvidenceKind::Entry { .. } => "entry",
            EvidenceKind::Transition { .. } => "transition",
            EvidenceKind::Map { .. } => "map",
        }
    }
}
