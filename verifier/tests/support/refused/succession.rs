//! Who may make the next authority of a chain: step (8).

use cidery_protocol::Code;
use ipld_core::ipld::Ipld;

use crate::support::{
    ipld::{at, list, number, powers, text, with_recovery},
    plan::{NEXT, NEXT_TOO, PUBLISHER, Plan, RECOVERY, RECOVERY_TOO, RELEASE_TYPE, SECOND, THIRD},
    steps::{Step, recover, rekey, transfer},
    vector::{Vector, pin_init, refused},
};

pub fn successors() -> Vec<Vector> {
    [successions(), recoveries()].concat()
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
