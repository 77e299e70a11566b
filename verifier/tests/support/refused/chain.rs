//! Chains of authority: step (8).

use cidery_protocol::{Code, limits};
use ipld_core::ipld::Ipld;
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::support::{
    case::Case,
    ipld::{at, list, number, powers, text, with_recovery},
    log::public,
    plan::{NEXT, NEXT_TOO, PUBLISHER, Plan, RECOVERY, RECOVERY_TOO, RELEASE_TYPE, SECOND, THIRD},
    steps::{Step, recover, rekey, transfer},
    vector::{Vector, pin_init, refused, same, unchanged},
};

pub fn chains() -> Vec<Vector> {
    [links(), successions(), recoveries(), pins()].concat()
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

/// Who may make the next authority, and what it must not lower.
fn successions() -> Vec<Vector> {
    let two = |plan: &mut Plan| plan.keys(&[PUBLISHER, SECOND], 2);
    let after = |before: fn() -> Step, signer: u8| {
        move |plan: &mut Plan| {
            plan.before = vec![before()];
            plan.release.signers = vec![signer];
        }
    };
    vec![
        refused(
            "T11_rekey_below_the_threshold",
            Code::RecordThreshold,
            "One of two required keys signed the rekey.",
            move |plan| {
                two(plan);
                plan.before = vec![rekey(powers(&[NEXT], 1))];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        refused(
            "T11_rekey_by_the_new_key",
            Code::RecordThreshold,
            "The rekey is signed by the key that it names, and not by the old one.",
            after(|| rekey(powers(&[NEXT], 1)).by(&[NEXT]), NEXT),
            pin_init,
        ),
        refused(
            "T18_rekey_signed_under_another_type",
            Code::EnvelopeSignature,
            "The signature is over the same payload as a release.",
            after(|| Step { signed_type: Some(RELEASE_TYPE), ..rekey(powers(&[NEXT], 1)) }, NEXT),
            pin_init,
        ),
        refused(
            "T18_rekey_that_is_called_a_transfer",
            Code::EnvelopeType,
            "The rekey has its payload type, and the kind of a transfer.",
            after(|| rekey(powers(&[NEXT], 1)).change(|rekey| *at(rekey, "kind") = text("transfer")), NEXT),
            pin_init,
        ),
        refused(
            "T33_rekey_with_one_invalid_signature",
            Code::EnvelopeSignature,
            "The threshold is met, and another signature by a key of the authority is invalid.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND], 1);
                let mut rekey = rekey(powers(&[NEXT], 1)).by(&[PUBLISHER, SECOND]);
                rekey.edit_entry(|entry| *at(entry, "signatures.0.sig") = Ipld::Bytes(vec![1; 64]));
                plan.before = vec![rekey];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        refused(
            "T21_rekey_of_another_origin",
            Code::RecordOrigin,
            "The rekey is for another log.",
            after(
                || rekey(powers(&[NEXT], 1)).change(|rekey| *at(rekey, "origin") = text("other.example")),
                NEXT,
            ),
            pin_init,
        ),
        refused(
            "T21_transfer_of_another_package",
            Code::RecordPackage,
            "The transfer is of another package.",
            after(
                || {
                    let transfer = transfer(powers(&[NEXT], 1)).by(&[PUBLISHER, NEXT]);
                    transfer.change(|transfer| *at(transfer, "package") = text("@acme/other"))
                },
                NEXT,
            ),
            pin_init,
        ),
        refused(
            "T11_transfer_unsigned_by_a_new_key",
            Code::RecordThreshold,
            "One of two new keys did not sign the transfer.",
            after(|| transfer(powers(&[NEXT, NEXT_TOO], 1)).by(&[PUBLISHER, NEXT]), NEXT),
            pin_init,
        ),
        refused(
            "T12_threshold_lowered_by_transfer",
            Code::RecordFloor,
            "A transfer asks for fewer keys than before.",
            move |plan| {
                two(plan);
                plan.before = vec![transfer(powers(&[NEXT], 1)).by(&[PUBLISHER, SECOND, NEXT])];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        refused(
            "T12_provenance_lowered_by_transfer",
            Code::RecordFloor,
            "A transfer drops the floor of provenance.",
            |plan| {
                after(|| transfer(powers(&[NEXT], 1)).by(&[PUBLISHER, NEXT]), NEXT)(plan);
                plan.init.edit(|init| *at(init, "body.floors.provenance") = Ipld::Bool(true));
            },
            pin_init,
        ),
        refused(
            "T11_void_key_among_the_new",
            Code::RecordInvalid,
            "A rekey names a key that it makes void.",
            after(|| rekey(powers(&[NEXT], 1)).void(&[(NEXT, 0)]), NEXT),
            pin_init,
        ),
        refused(
            "T20_key_of_small_order_in_a_rekey",
            Code::CborMalformed,
            "A new key is the identity.",
            after(
                || {
                    rekey(powers(&[NEXT], 1)).change(|rekey| {
                        let identity = Ipld::Bytes(crate::support::signatures::IDENTITY.to_vec());
                        list(rekey, "body.to.keys").insert(0, identity);
                    })
                },
                NEXT,
            ),
            pin_init,
        ),
    ]
}

/// What recovery keys may do, and what nobody else may do to them.
fn recoveries() -> Vec<Vector> {
    let recovered = |init: fn() -> Ipld, step: fn() -> Step| {
        move |plan: &mut Plan| {
            plan.begin(init());
            plan.before = vec![step()];
            plan.release.signers = vec![NEXT];
        }
    };
    let one = || with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0);
    let to = || with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 0);
    vec![
        refused(
            "T11_recovery_below_its_threshold",
            Code::RecordThreshold,
            "One of two required recovery keys signed.",
            recovered(
                || with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY, RECOVERY_TOO], 2, 0),
                || recover(powers(&[NEXT], 1)),
            ),
            pin_init,
        ),
        refused(
            "T11_recovery_signed_by_publishers",
            Code::RecordThreshold,
            "A publisher key signed in the place of the recovery key.",
            recovered(one, || recover(powers(&[NEXT], 1)).by(&[PUBLISHER])),
            pin_init,
        ),
        refused(
            "T11_rekey_signed_by_recovery_keys",
            Code::RecordThreshold,
            "A recovery key signed what only publisher keys may.",
            recovered(one, || rekey(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 0)).by(&[RECOVERY])),
            pin_init,
        ),
        refused(
            "T11_release_by_recovery_keys",
            Code::RecordThreshold,
            "A recovery key signed the release.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0));
                plan.release.signers = vec![RECOVERY];
            },
            pin_init,
        ),
        refused(
            "T11_recovery_where_there_is_none",
            Code::RecordRecovery,
            "The package has no recovery keys.",
            recovered(|| powers(&[PUBLISHER], 1), || recover(powers(&[NEXT], 1))),
            pin_init,
        ),
        refused(
            "T07_recovery_keys_dropped_by_publishers",
            Code::RecordRecovery,
            "A rekey by publisher keys drops the recovery keys.",
            recovered(one, || rekey(powers(&[NEXT], 1))),
            pin_init,
        ),
        refused(
            "T07_recovery_keys_replaced_by_transfer",
            Code::RecordRecovery,
            "A transfer names other recovery keys.",
            recovered(one, || {
                transfer(with_recovery(powers(&[NEXT], 1), &[RECOVERY_TOO], 1, 0)).by(&[PUBLISHER, NEXT])
            }),
            pin_init,
        ),
        refused(
            "T07_recovery_delayed_by_publishers",
            Code::RecordRecovery,
            "A rekey by publisher keys makes the recovery's delay longer.",
            recovered(one, || rekey(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 1))),
            pin_init,
        ),
        refused(
            "T12_threshold_lowered_by_recovery",
            Code::RecordFloor,
            "Recovery keys ask for fewer publisher keys than before.",
            |plan| {
                let two = with_recovery(powers(&[PUBLISHER, SECOND], 2), &[RECOVERY], 1, 0);
                plan.begin(two);
                plan.init.signers = vec![PUBLISHER, SECOND];
                plan.before = vec![recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 0))];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        refused(
            "T12_witnesses_lowered_by_recovery",
            Code::RecordFloor,
            "Recovery keys drop the floor of witnesses.",
            move |plan| {
                recovered(one, || recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 0)))(plan);
                plan.init.edit(|init| *at(init, "body.floors.witnesses") = number(1));
            },
            pin_init,
        ),
        refused(
            "T11_recovery_key_is_a_publisher_key",
            Code::RecordInvalid,
            "An init names one key as publisher and for recovery.",
            |plan| plan.begin(with_recovery(powers(&[PUBLISHER, SECOND], 1), &[SECOND], 1, 0)),
            pin_init,
        ),
        refused(
            "T11_recovery_keys_swapped_twice",
            Code::RecordThreshold,
            "The recovery keys that were replaced sign once more.",
            move |plan| {
                plan.begin(one());
                let others = with_recovery(powers(&[THIRD], 1), &[RECOVERY_TOO], 1, 0);
                plan.before = vec![recover(others), recover(to())];
                plan.release.signers = vec![NEXT];
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
