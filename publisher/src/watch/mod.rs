//! A whole log: read from wherever it is served, replayed, kept, and accused.
//!
//! ```text
//!  Source ── checkpoint, entry bundles ──▶ Watch ── LogTree, LogReplay (verifier)
//!    ▲                                       │ Fault
//!  Copy: a monitor's folder                  ▼
//!                                         accuse ──▶ Evidence, checked ──▶ evidence-….json
//! ```

pub(crate) mod accuse;
mod copy;
mod report;
mod source;

use std::time::{Duration, Instant};

use cidery_protocol::Origin;
use cidery_verifier::{Fault, LogReplay, LogTree, Logged};

pub(crate) use self::copy::Copy;
pub(crate) use self::report::{Head, Report, Wrong};
pub(crate) use self::source::Source;
use crate::output::Output;

/// A log, as far as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) tree: LogTree,
    pub(crate) replay: LogReplay,
    /// What is wrong with the first entry that is; those after it are not judged.
    pub(crate) fault: Option<Box<Fault>>,
}

impl Watch {
    pub(crate) fn new(origin: Origin) -> Self {
        Watch { tree: LogTree::default(), replay: LogReplay::new(origin), fault: None }
    }

    /// Replays the next entry, which the tree has or gets elsewhere, and says what it is.
    pub(crate) fn replay(&mut self, entry: &[u8]) -> Option<Logged> {
        if self.fault.is_some() {
            return None;
        }
        match self.replay.entry(entry) {
            Ok(logged) => Some(logged),
            Err(fault) => {
                self.fault = Some(Box::new(fault));
                None
            }
        }
    }

    /// Judges what the entries so far are under a head of theirs.
    pub(crate) fn judge(&mut self, head: &Head) {
        if self.fault.is_none() {
            let fault = self.replay.ends_with_map().and_then(|()| self.replay.is_of(head.time));
            self.fault = fault.err().map(Box::new);
        }
    }
}

/// Says how far something has come that takes longer than a second, once a second.
pub(crate) struct Pace<'o> {
    output: &'o Output,
    what: &'static str,
    total: u64,
    said: Instant,
}

impl<'o> Pace<'o> {
    pub(crate) fn new(output: &'o Output, what: &'static str, total: u64) -> Self {
        Pace { output, what, total, said: Instant::now() }
    }

    pub(crate) fn at(&mut self, done: u64) {
        if self.said.elapsed() >= Duration::from_secs(1) {
            self.said = Instant::now();
            self.output.progress(format_args!("{} {done} of {} entries", self.what, self.total));
        }
    }
}
