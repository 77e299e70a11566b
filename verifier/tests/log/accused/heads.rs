//! Two checkpoints of one log.

use super::*;

pub(super) fn vectors() -> Vec<Vector> {
    let whole = honest();
    let (size, smaller) = (whole.log.size(), 9);
    let other = forked(&whole, 4);
    let note = |log: &Log, size| log.checkpoint(size).to_bytes();
    let at = |log: &Log, index: u64, size| ShownHash {
        checkpoint: note(log, size),
        leaf: cidery_protocol::log::leaf_hash(&log.entries[index as usize]),
        inclusion: log.inclusion(index, size),
    };
    let rollback = |a: SignedCheckpoint, b: SignedCheckpoint| EvidenceKind::Rollback {
        cosigner: public(COSIGNER),
        a: a.to_bytes(),
        b: b.to_bytes(),
    };
    let leaves = |b: ShownHash| EvidenceKind::Leaves { index: 4, a: at(&whole.log, 4, smaller), b };
    let cosigned = |size, time| whole.log.cosigned(size, time);
    let (a, b) = (note(&whole.log, size), note(&other, size));
    vec![
        shows(
            "T23_roots",
            "log.fork",
            "Two roots of one size.",
            EvidenceKind::Roots { a: a.clone(), b: b.clone() },
        ),
        refused(
            "roots_equal",
            "log.unproven",
            "The two are one.",
            EvidenceKind::Roots { a: a.clone(), b: a.clone() },
        ),
        refused(
            "roots_of_two_sizes",
            "log.unproven",
            "A log that grows has another root.",
            EvidenceKind::Roots { a: a.clone(), b: note(&whole.log, smaller) },
        ),
        refused(
            "roots_by_a_stranger",
            "log.signature",
            "The second checkpoint is signed by another key.",
            EvidenceKind::Roots { a: a.clone(), b: note(&Log { key: STRANGER, ..other.clone() }, size) },
        ),
        refused(
            "roots_of_another_log",
            "log.origin",
            "The second checkpoint is another log's.",
            EvidenceKind::Roots {
                a: a.clone(),
                b: note(&Log { origin: "other.example".parse().expect("an origin"), ..other.clone() }, size),
            },
        ),
        shows(
            "T23_leaves",
            "log.fork",
            "Two entries at one index, under heads of two sizes.",
            leaves(at(&other, 4, size)),
        ),
        refused("leaves_equal", "log.unproven", "It is one entry in both.", leaves(at(&whole.log, 4, size))),
        refused(
            "leaves_of_another_index",
            "log.proof",
            "The second inclusion is that of another index.",
            leaves(at(&other, 5, size)),
        ),
        shows(
            "T04_rollback",
            "log.rollback",
            "The later one by the cosigner's times is the smaller one.",
            rollback(cosigned(size, TIME), cosigned(smaller, TIME + 1)),
        ),
        refused(
            "rollback_of_one_time",
            "log.unproven",
            "Neither is later.",
            rollback(cosigned(size, TIME), cosigned(smaller, TIME)),
        ),
        refused(
            "rollback_of_one_size",
            "log.unproven",
            "The log is as it was.",
            rollback(cosigned(size, TIME), cosigned(size, TIME + 1)),
        ),
        refused(
            "rollback_without_a_time",
            "log.timestamp",
            "Nobody says when the smaller one was the newest.",
            rollback(cosigned(size, TIME), whole.log.checkpoint(smaller)),
        ),
        refused(
            "rollback_by_a_stranger",
            "log.timestamp",
            "The times are those of a cosigner whom nobody knows.",
            EvidenceKind::Rollback {
                cosigner: public(STRANGER),
                a: cosign(&whole.log.checkpoint(size), "log.example/cosigner", STRANGER, TIME).to_bytes(),
                b: cosign(&whole.log.checkpoint(smaller), "log.example/cosigner", STRANGER, TIME + 1)
                    .to_bytes(),
            },
        ),
    ]
}
