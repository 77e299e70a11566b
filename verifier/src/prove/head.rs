//! A checkpoint by itself, of a head or of a proof of a package: steps (3) to (5) of SPEC §10.4.

use cidery_protocol::{
    Origin, Since, limits,
    log::{Checkpoint, Hash, SignedCheckpoint, verify_consistency},
};

use crate::{Check, LogTrust, Part, ProvenHead, Seen, VerifyError, trace::Trace};

/// The head of a log by itself: steps (3) and (4) of SPEC §10.4. `now` is in seconds since 1970.
///
/// # Errors
/// `log.origin`, `log.signature`, `log.timestamp`, `log.future`, `log.stale` or `log.witnesses`.
pub fn verify_head(
    origin: &Origin,
    log: &LogTrust,
    checkpoint: &[u8],
    now: u64,
) -> Result<ProvenHead, VerifyError> {
    newest(checkpoint, origin, log, now, &mut Trace::silent()).map(|(_, head)| head)
}

/// Steps (3) and (4): the checkpoint is signed by the log, at a time that is neither long ago nor still to come, and
/// enough of those who watch the log have seen it.
pub(super) fn newest(
    checkpoint: &[u8],
    origin: &Origin,
    log: &LogTrust,
    now: u64,
    trace: &mut Trace,
) -> Result<(Checkpoint, ProvenHead), VerifyError> {
    // (3) of the rule's origin, and signed by a log key of it
    trace.at(Check::HeadSignature, || format!("`{origin}`, {} log keys", log.log_keys().len()));
    let signed = SignedCheckpoint::parse(checkpoint).map_err(Part::Head.refuse())?;
    let tree = signed.verify_log(origin, log.log_keys()).map_err(Part::Head.refuse())?;

    // (4) a timestamp of the cosigner, at most 60 seconds ahead and at most maxAge behind
    trace.at(Check::Timestamp, || format!("`{}`, {}", origin.cosigner(), log.cosigner()));
    let time = signed.timestamp(&origin.cosigner(), log.cosigner()).map_err(Part::Head.refuse())?;
    trace.at(Check::HeadAge, || format!("the head is from {time}, it is {now}, maxAge {}", log.max_age()));
    in_time(time, now, log)?;
    // (4) and enough witnesses
    trace.at(Check::Quorum, || format!("{} witnesses, quorum {}", log.witnesses().len(), log.quorum()));
    let witnesses = witnesses(&signed, now, log)?;
    let (got, wanted) = (witnesses.len() as u64, log.quorum());
    if got < wanted {
        return Err(VerifyError::Witnesses { got, wanted });
    }
    let proven = ProvenHead { size: tree.size, root: tree.root, time, witnesses };
    Ok((tree, proven))
}

fn in_time(time: u64, now: u64, log: &LogTrust) -> Result<(), VerifyError> {
    let ahead = time.saturating_sub(now);
    if ahead > limits::CLOCK_AHEAD_SECONDS {
        return Err(VerifyError::Future { ahead, most: limits::CLOCK_AHEAD_SECONDS });
    }
    let age = now.saturating_sub(time);
    if age > log.max_age() {
        return Err(VerifyError::Stale { age, most: log.max_age() });
    }
    Ok(())
}

/// The names of the witnesses that cosigned in time. Their keys are distinct, so each counts once.
fn witnesses(signed: &SignedCheckpoint, now: u64, log: &LogTrust) -> Result<Vec<String>, VerifyError> {
    let mut names = Vec::new();
    for witness in log.witnesses() {
        let refused = |_| VerifyError::WitnessLine { name: witness.name.clone() };
        let time = signed.cosigned(&witness.name, &witness.key).map_err(refused)?;
        if time.is_some_and(|time| in_time(time, now, log).is_ok()) {
            names.push(witness.name.clone());
        }
    }
    Ok(names)
}

/// Step (5): the head does not go back, and does not contradict what was seen.
pub(super) fn continues(
    since: Option<&Since>,
    tree: &Checkpoint,
    seen: &Seen,
    trace: &mut Trace,
) -> Result<(), VerifyError> {
    let seen = seen.log(&tree.origin);
    trace.at(Check::SeenTree, || match seen {
        Some(seen) => format!("{} entries were seen, the head has {}", seen.size, tree.size),
        None => "the log was not seen before".to_owned(),
    });
    let Some(seen) = seen else { return Ok(()) };
    if tree.size < seen.size {
        return Err(VerifyError::Rollback { origin: tree.origin.clone(), got: tree.size, seen: seen.size });
    }
    if tree.size == seen.size {
        return same_tree(tree, seen.size, seen.root);
    }
    match since {
        Some(since) if since.size == seen.size => {
            verify_consistency(seen.size, tree.size, &seen.root, &tree.root, &since.consistency)
                .map_err(Part::Head.refuse())
        }
        _ => Err(VerifyError::Unproven { head: tree.size, earlier: seen.size }),
    }
}

/// # Errors
/// [`VerifyError::Fork`] where another tree of the same size has another root.
pub(super) fn same_tree(tree: &Checkpoint, other_size: u64, other_root: Hash) -> Result<(), VerifyError> {
    let Checkpoint { origin, size, root } = tree.clone();
    if size == other_size && root != other_root {
        return Err(VerifyError::Fork { origin, size, root, other_size, other_root });
    }
    Ok(())
}
