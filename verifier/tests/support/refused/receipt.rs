//! Receipts: steps (2), (6) and (7).

use cidery_protocol::{Code, Join, limits, log::Hash};
use serde_bytes::ByteBuf;

use super::without_release;
use crate::support::{
    case::{Case, join},
    log::Log,
    plan::{STRANGER, TIME},
    steps::release,
    vector::{Vector, refused, same},
};

/// Steps (6) and (7), and the receipt's form.
pub fn receipts() -> Vec<Vector> {
    vec![
        refused(
            "T10_proof_of_another_entry",
            Code::LogProof,
            "The proof is of the entry before.",
            same,
            |case, built| {
                case.receipt.inclusion = built.log.inclusion(built.index - 1, built.first).into();
            },
        ),
        refused(
            "T10_index_of_another_entry",
            Code::LogProof,
            "The index is that of the entry before.",
            same,
            |case, _| {
                case.receipt.index -= 1;
            },
        ),
        refused(
            "T10_index_outside_of_the_tree",
            Code::LogProof,
            "The index is beyond the checkpoint.",
            same,
            |case, built| {
                case.receipt.index = built.first;
            },
        ),
        refused("T16_proof_too_long", Code::LogProof, "The proof has 65 hashes.", same, |case, _| {
            case.receipt.inclusion = vec![Hash::from_bytes([0; 32]); 65].into();
        }),
        refused(
            "T13_envelope_altered",
            Code::LogProof,
            "A byte of the logged record is another one.",
            same,
            |case, _| {
                let middle = case.receipt.record.len() / 2;
                case.receipt.record[middle] ^= 1;
            },
        ),
        refused(
            "T23_receipt_of_another_log",
            Code::LogOrigin,
            "The receipt's checkpoint is of a log with another name.",
            same,
            |case, built| {
                let mut other = built.log.clone();
                other.origin = "other.example".parse().expect("an origin");
                case.receipt.checkpoint = ByteBuf::from(other.checkpoint(built.first).to_bytes());
            },
        ),
        refused(
            "T23_receipt_by_another_key",
            Code::LogSignature,
            "Another key signs the receipt's checkpoint.",
            same,
            |case, built| {
                let other = Log { key: STRANGER, ..built.log.clone() };
                case.receipt.checkpoint = ByteBuf::from(other.checkpoint(built.first).to_bytes());
            },
        ),
        refused(
            "T04_head_without_the_release",
            Code::LogProof,
            "The head's tree is one that does not hold the release.",
            same,
            |case, built| {
                let fork = without_release(built);
                case.head.checkpoint = ByteBuf::from(fork.cosigned(fork.size(), TIME).to_bytes());
            },
        ),
        refused(
            "T04_head_not_continuing_the_receipt",
            Code::LogProof,
            "The head does not continue the receipt's checkpoint.",
            same,
            |case, built| {
                let fork = without_release(built);
                case.head.checkpoint = ByteBuf::from(fork.cosigned(fork.size(), TIME).to_bytes());
                case.head.join = Join::Consistency(fork.consistency(built.first, fork.size()).into());
            },
        ),
        refused(
            "T04_head_before_the_receipt",
            Code::LogUnproven,
            "The head is smaller than the receipt's checkpoint.",
            same,
            |case, built| {
                let size = built.first - 1;
                case.head.checkpoint = ByteBuf::from(built.log.cosigned(size, TIME).to_bytes());
                case.head.join = join(built, built.index, size);
            },
        ),
        refused(
            "T04_join_with_a_hash_too_many",
            Code::LogProof,
            "One hash more is to the right of the record than there are.",
            same,
            |case, _| right(case).push(Hash::from_bytes([7; 32])),
        ),
        refused(
            "T04_join_with_a_hash_too_few",
            Code::LogProof,
            "The last hash to the right of the record is missing.",
            same,
            |case, _| {
                right(case).pop();
            },
        ),
        refused(
            "T04_join_with_hashes_to_the_left",
            Code::LogProof,
            "The whole inclusion is there, and not its right side alone.",
            |plan| plan.before = vec![release("1.1.1")],
            |case, built| *right(case) = built.log.inclusion(built.index, built.log.size()),
        ),
        refused(
            "T13_join_altered",
            Code::LogProof,
            "A bit of a hash to the right of the record is another one.",
            same,
            |case, _| {
                let mut bytes = *right(case)[0].as_bytes();
                bytes[0] ^= 1;
                right(case)[0] = Hash::from_bytes(bytes);
            },
        ),
        refused("T16_join_too_long", Code::LogProof, "The join has 65 hashes.", same, |case, _| {
            *right(case) = vec![Hash::from_bytes([0; 32]); 65]
        }),
        refused(
            "T23_fork_of_head_and_receipt",
            Code::LogFork,
            "Head and receipt's checkpoint have one size and two roots.",
            same,
            |case, built| {
                let fork = without_release(built);
                let size = fork.size();
                case.receipt.checkpoint = ByteBuf::from(built.log.checkpoint(size).to_bytes());
                case.receipt.inclusion = built.log.inclusion(built.index, size).into();
                case.head.checkpoint = ByteBuf::from(fork.cosigned(size, TIME).to_bytes());
            },
        ),
        refused(
            "T19_receipt_trailing_byte",
            Code::LogMalformed,
            "A byte follows the receipt.",
            same,
            |case, _| {
                case.receipt_bytes = |bytes| [bytes, vec![0]].concat();
            },
        ),
        refused(
            "T19_receipt_long_integer",
            Code::LogMalformed,
            "The receipt's index takes two bytes where one does.",
            same,
            |case, _| {
                case.receipt_bytes = |bytes| {
                    let key = b"\x65index";
                    let at = bytes.windows(key.len()).position(|part| part == key).expect("it is there")
                        + key.len();
                    [&bytes[..at], &[0x18], &bytes[at..]].concat()
                };
            },
        ),
        refused(
            "T16_chain_too_long",
            Code::LimitExceeded,
            "The chain of authority has one record too many.",
            same,
            |case, _| {
                case.receipt.chain = vec![ByteBuf::new(); limits::CHAIN_RECORDS + 1];
            },
        ),
        refused("T20_receipt_for_a_head", Code::LogMalformed, "The head is a receipt.", same, |case, _| {
            case.head_bytes = |_| b"\xa1\x66format\x71cidery-receipt-v1".to_vec();
        }),
    ]
}

/// The hashes to the right of the record.
fn right(case: &mut Case) -> &mut Vec<Hash> {
    match &mut case.head.join {
        Join::Inclusion(right) => &mut right.0,
        Join::Consistency(_) => panic!("it is joined by inclusion"),
    }
}
