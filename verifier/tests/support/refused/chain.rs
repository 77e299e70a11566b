//! Chains of authority: step (8).

use cidery_protocol::{Code, limits};
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::support::{
    case::Case,
    ipld::{at, number, powers, with_recovery},
    log::public,
    plan::{NEXT, PUBLISHER, Plan, RECOVERY, RECOVERY_TOO, SECOND},
    steps::{recover, rekey},
    vector::{Vector, pin_init, refused, same, unchanged},
};

pub fn chains() -> Vec<Vector> {
    [links(), pins()].concat()
}

/// How one authority names the one before.
fn links() -> Vec<Vector> {
    vec![
        refused(
            "T12_chain_broken",
            Code::RecordAuthority,
            "One authority in the middle of the chain is missing.",
            rekeyed_twice,
            |case, built| {
                case.pin_init(built);
                case.receipt.chain.remove(1);
            },
        ),
        refused(
            "T12_chain_out_of_order",
            Code::RecordAuthority,
            "Two authorities of the chain have changed places.",
            rekeyed_twice,
            |case, built| {
                case.pin_init(built);
                case.receipt.chain.swap(1, 2);
            },
        ),
        refused(
            "T12_chain_doubled",
            Code::RecordAuthority,
            "An authority stands in the chain twice.",
            rekeyed_twice,
            |case, built| {
                case.pin_init(built);
                let again = case.receipt.chain[2].clone();
                case.receipt.chain.push(again);
            },
        ),
        refused(
            "T12_init_twice",
            Code::RecordAuthority,
            "The init stands in the chain twice.",
            same,
            |case, _| {
                let again = case.receipt.chain[0].clone();
                case.receipt.chain.push(again);
            },
        ),
        refused(
            "T12_chain_without_its_end",
            Code::RecordAuthority,
            "The release stands under an authority that the chain does not reach.",
            rekeyed_twice,
            |case, built| {
                case.pin_init(built);
                case.receipt.chain.pop();
            },
        ),
        refused(
            "T06_chain_of_another_package",
            Code::RequestPackage,
            "The whole chain is another package's.",
            same,
            |case, built| {
                case.receipt.chain = vec![ByteBuf::from(built.other.records[0].signed.clone())];
            },
        ),
        refused(
            "T12_chain_sequence_stands_still",
            Code::RecordSequence,
            "An authority has the sequence of the one before it.",
            |plan| {
                rekeyed_twice(plan);
                plan.before[1].edit(|rekey| *at(rekey, "sequence") = number(2));
            },
            pin_init,
        ),
        refused(
            "T16_chain_past_its_end",
            Code::LimitExceeded,
            "The publisher keys use up what is kept for recovery keys.",
            |plan| {
                let same = || with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0);
                plan.begin(same());
                let kept = limits::CHAIN_RECORDS - limits::CHAIN_RECOVERY;
                plan.before = (1..=kept).map(|_| rekey(same())).collect();
            },
            pin_init,
        ),
    ]
}

/// What the policy pins of the chain.
fn pins() -> Vec<Vector> {
    fn pin(case: &mut Case, seeds: &[u8], threshold: u64) {
        let keys: Vec<_> = seeds.iter().map(|seed| public(*seed).to_string()).collect();
        case.pin(json!({ "recovery": { "keys": keys, "threshold": threshold } }));
    }
    let recoverable = |plan: &mut Plan| {
        plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY, RECOVERY_TOO], 1, 0));
    };
    vec![
        refused(
            "T01_init_without_the_pinned_recovery_key",
            Code::PolicyRecovery,
            "The init names the pinned recovery key, which did not sign it.",
            recoverable,
            |case, _| pin(case, &[RECOVERY], 1),
        ),
        refused(
            "T11_pinned_recovery_keys_in_two_records",
            Code::PolicyRecovery,
            "Each of the two pinned recovery keys signed one record, and no record is signed by both.",
            move |plan| {
                recoverable(plan);
                plan.init.signers = vec![PUBLISHER, RECOVERY];
                let to = with_recovery(powers(&[NEXT], 1), &[RECOVERY, RECOVERY_TOO], 1, 0);
                plan.before = vec![recover(to).by(&[RECOVERY_TOO])];
                plan.release.signers = vec![NEXT];
            },
            |case, _| pin(case, &[RECOVERY, RECOVERY_TOO], 2),
        ),
        refused(
            "T11_pinned_recovery_key_as_a_publisher",
            Code::PolicyRecovery,
            "The pinned recovery key signed the init as a publisher key.",
            |plan| plan.keys(&[PUBLISHER, RECOVERY], 1),
            |case, _| pin(case, &[RECOVERY], 1),
        ),
        refused(
            "T11_pinned_recovery_key_after_the_release",
            Code::PolicyRecovery,
            "The pinned recovery key has signed since, and nothing that the release stands under.",
            move |plan| {
                recoverable(plan);
                let to = with_recovery(powers(&[NEXT], 1), &[RECOVERY, RECOVERY_TOO], 1, 0);
                plan.after = vec![recover(to)];
            },
            |case, _| pin(case, &[RECOVERY], 1),
        ),
        refused(
            "T11_pinned_key_that_was_rotated_out",
            Code::PolicyKey,
            "The pinned key signed, and has no say any more.",
            |plan| {
                plan.before = vec![rekey(powers(&[NEXT], 1))];
                plan.release.signers = vec![PUBLISHER, NEXT];
            },
            unchanged,
        ),
    ]
}

fn rekeyed_twice(plan: &mut Plan) {
    plan.before = vec![rekey(powers(&[SECOND], 1)), rekey(powers(&[NEXT], 1)).by(&[SECOND])];
    plan.release.signers = vec![NEXT];
}
