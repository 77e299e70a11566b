//! Packages whose keys have changed: steps (8) and (9).

use cidery_protocol::limits;
use serde_json::json;

use crate::support::{
    ipld::{powers, with_recovery},
    log::public,
    plan::{NEXT, NEXT_TOO, PUBLISHER, Plan, RECOVERY, RECOVERY_TOO, SECOND, STRANGER, THIRD},
    steps::{recover, rekey, release, transfer},
    vector::{Vector, accepted, pin_init},
};

pub fn vectors() -> Vec<Vector> {
    vec![
        accepted(
            "ok_rekey",
            "The keys were replaced before the release; the policy pins the init alone.",
            |plan| {
                plan.before = vec![rekey(powers(&[NEXT], 1))];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        accepted(
            "ok_rekey_to_pinned_keys",
            "The policy pins the keys that hold now.",
            |plan| {
                plan.before = vec![rekey(powers(&[NEXT], 1))];
                plan.release.signers = vec![NEXT];
            },
            |case, _| case.pin(json!({ "keys": [public(NEXT).to_string()] })),
        ),
        accepted(
            "ok_three_rekeys",
            "The keys were replaced three times, with releases between.",
            |plan| {
                plan.before = vec![
                    rekey(powers(&[SECOND, THIRD], 2)),
                    release("1.1.1").by(&[SECOND, THIRD]),
                    rekey(powers(&[THIRD], 1)).by(&[SECOND, THIRD]),
                    release("1.1.2").by(&[THIRD]),
                    rekey(powers(&[NEXT], 1)).by(&[THIRD]),
                ];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        accepted(
            "ok_threshold_lowered_by_rekey",
            "The old threshold may lower the threshold.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND], 2);
                plan.before = vec![rekey(powers(&[PUBLISHER, SECOND], 1)).by(&[PUBLISHER, SECOND])];
                plan.release.signers = vec![SECOND];
            },
            pin_init,
        ),
        accepted(
            "ok_transfer",
            "The package was given away: the old key and both new ones signed.",
            |plan| {
                let transfer = transfer(powers(&[NEXT, NEXT_TOO], 1));
                plan.before = vec![transfer.by(&[PUBLISHER, NEXT, NEXT_TOO])];
                plan.release.signers = vec![NEXT_TOO];
            },
            pin_init,
        ),
        accepted(
            "ok_recovery",
            "The recovery keys replaced the keys, at once.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0));
                plan.before = vec![recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 0))];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        accepted(
            "ok_recovery_keys_replaced",
            "The recovery keys replaced the keys and themselves.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0));
                plan.before = vec![recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY_TOO], 1, 60))];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        accepted(
            "ok_recovery_after_its_delay",
            "The old keys released once more while the recovery waited, and the new ones after.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 60));
                let to = with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 60);
                plan.before = vec![recover(to).after(1), release("1.1.1")];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        accepted(
            "ok_recovery_vetoed",
            "While the recovery waited, the old threshold made another successor.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 60));
                let mine = with_recovery(powers(&[SECOND], 1), &[RECOVERY], 1, 60);
                let theirs = with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 60);
                plan.before = vec![recover(theirs).never(), rekey(mine)];
                plan.release.signers = vec![SECOND];
            },
            pin_init,
        ),
        accepted(
            "ok_recovery_pinned_by_init",
            "The policy pins recovery keys, and they signed the init.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY, RECOVERY_TOO], 1, 0));
                plan.init.signers = vec![PUBLISHER, RECOVERY, RECOVERY_TOO];
            },
            |case, _| {
                let keys = [RECOVERY, RECOVERY_TOO].map(|seed| public(seed).to_string());
                case.pin(json!({ "recovery": { "keys": keys, "threshold": 2 } }));
            },
        ),
        accepted(
            "ok_recovery_pinned_by_rekey",
            "The policy pins a recovery key, which has replaced the keys.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0));
                plan.before = vec![recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 0))];
                plan.release.signers = vec![NEXT];
            },
            |case, _| case.pin(json!({ "recovery": { "keys": [public(RECOVERY).to_string()] } })),
        ),
        accepted(
            "ok_version_floor_reached",
            "The release is of exactly the least version.",
            |plan| plan.before = vec![rekey(powers(&[PUBLISHER], 1)).floor("1.2.0")],
            pin_init,
        ),
        accepted(
            "T33_rekey_signed_by_a_stranger_too",
            "A signature under a rekey by a key without a say counts for nothing, and does no harm.",
            |plan| {
                plan.before = vec![rekey(powers(&[NEXT], 1)).by(&[PUBLISHER, STRANGER])];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
        accepted(
            "ok_longest_chain",
            "The longest chain of authority: its last 16 records are by recovery keys.",
            longest_chain,
            pin_init,
        ),
    ]
}

fn longest_chain(plan: &mut Plan) {
    let powers = || with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0);
    plan.begin(powers());
    let kept = limits::CHAIN_RECORDS - limits::CHAIN_RECOVERY;
    let own = (1..kept).map(|_| rekey(powers()));
    plan.before = own.chain((kept..limits::CHAIN_RECORDS).map(|_| recover(powers()))).collect();
}
