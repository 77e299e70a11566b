//! Heads: steps (2) to (5).

use cidery_protocol::{Code, log::Hash};
use serde_bytes::ByteBuf;

use super::note;
use crate::support::{
    case::{MAX_AGE, since},
    log::{Log, cosign},
    plan::{Built, COSIGNER, LOG, STRANGER, TIME},
    vector::{Vector, refused, same},
};

/// Steps (2), (3) and (4).
pub fn heads() -> Vec<Vector> {
    let cosigned = |built: &Built, key: u8, name: &str| {
        let checkpoint = built.log.checkpoint(built.log.size());
        cosign(&checkpoint, name, key, TIME).to_bytes()
    };
    vec![
        refused(
            "T05_stale_head",
            Code::LogStale,
            "The head is a second older than is allowed.",
            same,
            |case, _| {
                case.now = TIME + MAX_AGE + 1;
            },
        ),
        refused("T05_future_head", Code::LogFuture, "The head is 61 seconds ahead.", same, |case, _| {
            case.now = TIME - 61
        }),
        refused(
            "T05_head_without_timestamp",
            Code::LogTimestamp,
            "The head carries the log's signature alone.",
            same,
            |case, built| {
                case.head.checkpoint = ByteBuf::from(built.log.checkpoint(built.log.size()).to_bytes());
            },
        ),
        refused(
            "T05_timestamp_of_another_cosigner",
            Code::LogTimestamp,
            "A stranger says when the head was new.",
            same,
            move |case, built| {
                case.head.checkpoint = ByteBuf::from(cosigned(built, STRANGER, "log.example/cosigner"));
            },
        ),
        refused(
            "T18_timestamp_by_the_log_key",
            Code::LogTimestamp,
            "The log's key stands in for the cosigner's.",
            same,
            move |case, built| {
                case.head.checkpoint = ByteBuf::from(cosigned(built, LOG, "log.example/cosigner"));
            },
        ),
        refused(
            "T05_timestamp_altered",
            Code::LogTimestamp,
            "The time is not the one that was signed.",
            same,
            |case, built| {
                let mut other = built.log.clone();
                other.entries.push(b"one more".to_vec());
                // The cosignature of another checkpoint, under this one's text and log signature.
                let foreign = note(&other.cosigned(other.size(), TIME).to_bytes());
                let own = note(&built.log.checkpoint(built.log.size()).to_bytes());
                let line = foreign.lines().last().expect("a cosignature");
                case.head.checkpoint = ByteBuf::from(format!("{own}{line}\n"));
            },
        ),
        refused(
            "T23_head_of_another_log",
            Code::LogOrigin,
            "The head is of a log with another name.",
            same,
            |case, built| {
                let mut other = built.log.clone();
                other.origin = "other.example".parse().expect("an origin");
                case.head.checkpoint = ByteBuf::from(other.cosigned(other.size(), TIME).to_bytes());
            },
        ),
        refused(
            "T23_head_by_another_key",
            Code::LogSignature,
            "Another key signs under the log's name.",
            same,
            |case, built| {
                let other = Log { key: STRANGER, ..built.log.clone() };
                case.head.checkpoint = ByteBuf::from(other.cosigned(other.size(), TIME).to_bytes());
            },
        ),
        refused(
            "T18_head_by_the_cosigner_key",
            Code::LogSignature,
            "The cosigner's key stands in for the log's.",
            same,
            |case, built| {
                let other = Log { key: COSIGNER, ..built.log.clone() };
                case.head.checkpoint = ByteBuf::from(other.cosigned(other.size(), TIME).to_bytes());
            },
        ),
        refused(
            "T13_head_altered",
            Code::LogSignature,
            "A byte of the root in the head is another one.",
            same,
            |case, _| {
                let at =
                    case.head.checkpoint.iter().rposition(|byte| *byte == b'=').expect("base64 of 32 bytes");
                let root = note(&case.head.checkpoint).find("\n\n").expect("a blank line") - 10;
                let byte = &mut case.head.checkpoint[root.min(at)];
                *byte = if *byte == b'A' { b'B' } else { b'A' };
            },
        ),
        refused("T19_head_trailing_byte", Code::LogMalformed, "A byte follows the head.", same, |case, _| {
            case.head_bytes = |bytes| [bytes, vec![0]].concat();
        }),
        refused(
            "T19_head_not_a_note",
            Code::LogMalformed,
            "The head's checkpoint has carriage returns.",
            same,
            |case, _| {
                case.head.checkpoint = ByteBuf::from(note(&case.head.checkpoint).replace('\n', "\r\n"));
            },
        ),
        refused(
            "T16_checkpoint_too_large",
            Code::LimitExceeded,
            "The head's checkpoint has 65 signature lines.",
            same,
            |case, _| {
                let lines = "\u{2014} witness.example AAAAAQEC\n".repeat(63);
                case.head.checkpoint.extend_from_slice(lines.as_bytes());
            },
        ),
    ]
}

/// Step (5).
pub fn memories() -> Vec<Vector> {
    vec![
        refused(
            "T04_head_rolled_back",
            Code::LogRollback,
            "A larger tree of the log was seen.",
            same,
            |case, built| {
                let size = built.log.size() + 1;
                case.remember(size, Hash::from_bytes([7; 32]));
            },
        ),
        refused(
            "T23_fork_of_the_same_size",
            Code::LogFork,
            "A tree of the same size and another root was seen.",
            same,
            |case, built| {
                case.remember(built.log.size(), Hash::from_bytes([7; 32]));
            },
        ),
        refused(
            "T23_fork_of_a_smaller_tree",
            Code::LogProof,
            "The head does not continue the tree that was seen.",
            same,
            |case, built| {
                case.remember(3, Hash::from_bytes([7; 32]));
                case.head.since = since(built, 3);
            },
        ),
        refused(
            "T04_since_missing",
            Code::LogUnproven,
            "Nothing joins the head to the tree that was seen.",
            same,
            |case, built| {
                case.remember(3, built.log.root(3));
            },
        ),
        refused(
            "T04_since_another_size",
            Code::LogUnproven,
            "The head is joined to another tree than the seen one.",
            same,
            |case, built| {
                case.remember(3, built.log.root(3));
                case.head.since = since(built, 2);
            },
        ),
        refused(
            "T04_package_rolled_back",
            Code::LogRollback,
            "A state of a later record of the package was seen.",
            same,
            |case, built| case.remember_package(built, 3),
        ),
    ]
}
