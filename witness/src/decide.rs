//! The rules of C2SP tlog-witness: what may be cosigned after what, and when. Nothing here reads or writes anything.

use cidery_protocol::{
    limits,
    log::{Hash, empty_root, verify_consistency},
};

use crate::{Contradiction, Submission, WitnessError};

/// What a witness remembers of a log: the checkpoint that it cosigned last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Entries of the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// When it was cosigned last, in seconds since 1970.
    pub time: u64,
    /// The note, with the log's signatures.
    pub note: Vec<u8>,
}

/// The time with which a submission is to be cosigned, after `latest` and at `now`. The steps, with the numbers that `http` gives
/// them:
///
/// - (4) The log takes no larger tree for the old one than the one it shows.
/// - (5) Two trees of one size are one tree, or the log has two histories, whatever it takes for the old one.
/// - (6) The old size is that of the tree that was cosigned last, 0 where none was.
/// - (7) The proof leads from that tree to the one that is shown. From one size to itself, and from no entries, it is empty.
/// - (8) Time does not go back. Where it would have to stand still for longer than clocks may differ, the clock is wrong, or was.
///
/// # Errors
/// In this order: [`WitnessError::OldSize`], [`WitnessError::Fork`], [`WitnessError::Conflict`], [`WitnessError::Proof`],
/// [`WitnessError::Clock`].
pub fn decide(submission: &Submission, latest: Option<&Latest>, now: u64) -> Result<u64, WitnessError> {
    let (old, checkpoint) = (submission.old(), submission.checkpoint());
    // (4)
    if old > checkpoint.size {
        return Err(WitnessError::OldSize { old, size: checkpoint.size });
    }
    // (5)
    if let Some(latest) =
        latest.filter(|latest| latest.size == checkpoint.size && latest.root != checkpoint.root)
    {
        let contradiction = Contradiction {
            origin: checkpoint.origin.clone(),
            size: latest.size,
            ours: latest.note.clone(),
            theirs: submission.signed().to_bytes(),
        };
        return Err(WitnessError::Fork { contradiction: Box::new(contradiction), old, is_new: true });
    }
    // (6)
    let (size, root, time) =
        latest.map_or((0, empty_root(), 0), |latest| (latest.size, latest.root, latest.time));
    if old != size {
        return Err(WitnessError::Conflict { got: old, wanted: size });
    }
    // (7)
    verify_consistency(old, checkpoint.size, &root, &checkpoint.root, submission.proof())
        .map_err(WitnessError::Proof)?;
    // (8)
    if now == 0 || time > now.saturating_add(limits::CLOCK_AHEAD_SECONDS) {
        return Err(WitnessError::Clock { now, last: time });
    }
    Ok(now.max(time))
}
