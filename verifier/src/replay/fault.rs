//! What can be wrong with a log.

use std::ops::Range;

use cidery_protocol::{Code, Error, PackageName, log::Hash};

/// Why a log is not what it should be, and where that is seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are said by the messages.
pub enum Fault {
    /// An entry that is none.
    #[error("entry {index} is malformed")]
    Entry { index: u64, source: Box<Error> },
    /// A record that its package cannot take: `entries` are the indexes of the package's records before it, and entries from
    /// `between` on, of whichever package, decide whether something that waits holds, and whether anything was left out.
    #[error("entry {index} is a record of `{package}` that may not follow those before it")]
    Transition {
        index: u64,
        package: PackageName,
        entries: Vec<u64>,
        between: Range<u64>,
        source: Box<Error>,
    },
    /// A map that is not the one over the entries before it; these packages were logged since the one before.
    #[error("entry {index} is a map with the root {got}, and the entries before it come to {wanted}")]
    Map { index: u64, got: Hash, wanted: Hash, packages: Vec<PackageName> },
    /// A time that goes back, by less than a clock that was wrong would explain (SPEC §7.1).
    #[error("entry {index} was logged at {time}, and the one before it at {before}")]
    Time { index: u64, time: u64, before: u64 },
    /// A checkpoint that ends with another entry than a map.
    #[error("the last of {size} entries is no map")]
    Head { size: u64 },
    /// An entry from after the head that covers it.
    #[error("entry {index} was logged at {time}, and the head is from {head}")]
    Later { index: u64, time: u64, head: u64 },
    /// A delay that is over, and the log goes on as if it were not.
    #[error("what waited in `{package}` holds from {from} on, and the head of {head} does not have it")]
    Overdue { package: PackageName, from: u64, head: u64 },
}

impl Fault {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        match self {
            Fault::Entry { source, .. } | Fault::Transition { source, .. } => source.code(),
            Fault::Map { .. } | Fault::Head { .. } => Code::LogMap,
            Fault::Time { .. } => Code::LogRollback,
            Fault::Later { .. } => Code::LogFuture,
            Fault::Overdue { .. } => Code::LogStale,
        }
    }

    /// Where it is, if it is one entry.
    pub fn index(&self) -> Option<u64> {
        match self {
            Fault::Entry { index, .. }
            | Fault::Transition { index, .. }
            | Fault::Map { index, .. }
            | Fault::Time { index, .. }
            | Fault::Later { index, .. } => Some(*index),
            Fault::Head { size } => size.checked_sub(1),
            Fault::Overdue { .. } => None,
        }
    }
}
