//! Witnesses: step (4).

use cidery_protocol::Code;
use serde_bytes::ByteBuf;

use super::note;
use crate::support::{
    case::{MAX_AGE, witness_name},
    log::cosign,
    plan::{TIME, WITNESS, WITNESS_TOO},
    vector::{Vector, refused, same},
};

/// Step (4).
pub fn witnesses() -> Vec<Vector> {
    vec![
        refused(
            "T23_too_few_witnesses",
            Code::LogWitnesses,
            "One witness cosigned, and the policy wants two.",
            same,
            |case, _| {
                case.witnesses(&[WITNESS, WITNESS_TOO], 2);
                case.witnessed(WITNESS, TIME);
            },
        ),
        refused(
            "T23_one_witness_twice",
            Code::LogWitnesses,
            "One witness cosigned twice where two are wanted.",
            same,
            |case, built| {
                case.witnesses(&[WITNESS, WITNESS_TOO], 2);
                case.witnessed(WITNESS, TIME);
                let checkpoint = built.log.checkpoint(built.log.size());
                let again = cosign(&checkpoint, &witness_name(WITNESS), WITNESS, TIME - 1);
                let line = note(&again.to_bytes()).lines().last().expect("a cosignature").to_owned();
                case.head.checkpoint.extend_from_slice(format!("{line}\n").as_bytes());
            },
        ),
        refused(
            "T18_witness_under_anothers_name",
            Code::LogWitnesses,
            "One witness cosigned under its own name and under the other's.",
            same,
            |case, _| {
                case.witnesses(&[WITNESS, WITNESS_TOO], 2);
                case.witnessed(WITNESS, TIME);
                let signed = cidery_protocol::log::SignedCheckpoint::parse(&case.head.checkpoint);
                let forged = cosign(&signed.expect("a note"), &witness_name(WITNESS_TOO), WITNESS, TIME);
                case.head.checkpoint = ByteBuf::from(forged.to_bytes());
            },
        ),
        refused(
            "T05_witness_of_long_ago",
            Code::LogWitnesses,
            "The witness saw the head a second too long ago.",
            same,
            |case, _| {
                case.witnesses(&[WITNESS], 1);
                case.witnessed(WITNESS, case.now - MAX_AGE - 1);
            },
        ),
        refused(
            "T05_witness_from_the_future",
            Code::LogWitnesses,
            "The witness is 61 seconds ahead.",
            same,
            |case, _| {
                case.witnesses(&[WITNESS], 1);
                case.witnessed(WITNESS, case.now + 61);
            },
        ),
        refused(
            "T33_witness_line_invalid",
            Code::LogWitnesses,
            "Enough witnesses cosigned, and the line of another one is over another checkpoint.",
            same,
            |case, built| {
                case.witnesses(&[WITNESS, WITNESS_TOO], 1);
                case.witnessed(WITNESS, TIME);
                let other = built.log.checkpoint(built.log.size() - 1);
                let foreign = cosign(&other, &witness_name(WITNESS_TOO), WITNESS_TOO, TIME);
                let line = note(&foreign.to_bytes()).lines().last().expect("a cosignature").to_owned();
                case.head.checkpoint.extend_from_slice(format!("{line}\n").as_bytes());
            },
        ),
    ]
}
