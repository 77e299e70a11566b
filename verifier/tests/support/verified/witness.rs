//! Witnesses: steps (4) and (9).

use crate::support::{
    case::MAX_AGE,
    ipld::{at, number},
    plan::{Plan, STRANGER, TIME, WITNESS, WITNESS_TOO},
    vector::{Vector, accepted, same},
};

pub fn vectors() -> Vec<Vector> {
    vec![
        accepted("ok_witness_quorum", "Both witnesses cosigned, and both are wanted.", same, |case, _| {
            case.witnesses(&[WITNESS, WITNESS_TOO], 2);
            case.witnessed(WITNESS_TOO, TIME - 5);
            case.witnessed(WITNESS, TIME);
        }),
        accepted(
            "ok_witness_missing",
            "One of two witnesses cosigned, and one is wanted; strangers' lines are ignored.",
            same,
            |case, _| {
                case.witnesses(&[WITNESS, WITNESS_TOO], 1);
                case.witnessed(STRANGER, TIME);
                case.witnessed(WITNESS_TOO, TIME);
            },
        ),
        accepted(
            "ok_witness_at_its_age",
            "The witness saw the head exactly as long ago as is allowed.",
            same,
            |case, _| {
                case.witnesses(&[WITNESS], 1);
                case.witnessed(WITNESS, case.now - MAX_AGE);
            },
        ),
        accepted(
            "ok_witness_of_long_ago",
            "A witness that saw the head too long ago does not count, and none is wanted.",
            same,
            |case, _| {
                case.witnesses(&[WITNESS], 0);
                case.witnessed(WITNESS, case.now - MAX_AGE - 1);
            },
        ),
        accepted(
            "T12_witness_floor_met",
            "The package asks for a witness that the policy knows, although the policy asks for none.",
            witness_floor,
            |case, _| {
                case.witnesses(&[WITNESS], 0);
                case.witnessed(WITNESS, TIME);
            },
        ),
    ]
}

/// The package asks for a witness.
pub fn witness_floor(plan: &mut Plan) {
    plan.init.edit(|init| *at(init, "body.floors.witnesses") = number(1));
}
