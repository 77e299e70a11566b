//! Histories of keys that publishers change: SPEC §6.6.

use cidery_protocol::limits;

use super::{History, accepted, begun, refused};
use crate::support::{
    ipld::{at, number, powers, with_recovery},
    plan::{NEXT, NEXT_TOO, PUBLISHER, RECOVERY, SECOND},
    steps::{Step, channel, init, rekey, release, transfer, yank},
};

pub fn histories() -> Vec<History> {
    [rekeys(), transfers()].concat()
}

fn rekeys() -> Vec<History> {
    let two = || init(powers(&[PUBLISHER, SECOND], 2)).by(&[PUBLISHER, SECOND]);
    vec![
        accepted(
            "ok_rekey",
            "The keys are replaced, and the new one releases.",
            begun([rekey(powers(&[NEXT], 1)), release("1.1.0").by(&[NEXT])]),
        ),
        accepted(
            "ok_threshold_lowered_by_rekey",
            "The old threshold may lower threshold and floors.",
            vec![
                two(),
                rekey(powers(&[PUBLISHER, SECOND], 1)).by(&[PUBLISHER, SECOND]),
                release("1.0.0").by(&[SECOND]),
            ],
        ),
        accepted(
            "ok_version_floor",
            "A version floor holds under the authority that names it, and no longer.",
            begun([
                rekey(powers(&[PUBLISHER], 1)).floor("2.0.0"),
                release("2.0.0"),
                rekey(powers(&[PUBLISHER], 1)),
                release("1.1.0"),
            ]),
        ),
        refused(
            "T07_version_floor",
            "record.floor",
            "A release below the least version, which a rekey names to repair a jump.",
            begun([rekey(powers(&[PUBLISHER], 1)).floor("2.0.0"), release("2.0.0-rc.1")]),
        ),
        refused(
            "T11_rekey_below_the_threshold",
            "record.threshold",
            "One of two required keys signed the rekey.",
            vec![two(), rekey(powers(&[NEXT], 1))],
        ),
        refused(
            "T11_rekey_by_the_new_key",
            "record.threshold",
            "The key that the rekey names signed it, and the old one did not.",
            begun([rekey(powers(&[NEXT], 1)).by(&[NEXT])]),
        ),
        refused(
            "T11_release_by_a_rotated_key",
            "record.threshold",
            "The keys were replaced, and the old one signed.",
            begun([rekey(powers(&[NEXT], 1)), release("1.1.0")]),
        ),
        refused(
            "T11_release_under_a_replaced_authority",
            "record.authority",
            "The keys were replaced, and the release stands under the old ones.",
            begun([rekey(powers(&[NEXT], 1)).never(), release("1.1.0")]),
        ),
        refused(
            "T11_yank_by_a_rotated_key",
            "record.threshold",
            "The keys were replaced, and the old one yanks.",
            begun([rekey(powers(&[NEXT], 1)), yank("1.0.0", "critical")]),
        ),
        refused(
            "T11_channel_by_a_rotated_key",
            "record.threshold",
            "The keys were replaced, and the old one sets a channel.",
            begun([rekey(powers(&[NEXT], 1)), channel("stable", &[("1.0.0", 10_000)])]),
        ),
        refused(
            "T16_chain_past_its_end",
            "limit.exceeded",
            "The publisher keys use up what is kept for recovery keys.",
            {
                let same = || with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0);
                let kept = limits::CHAIN_RECORDS - limits::CHAIN_RECOVERY;
                [init(same())].into_iter().chain((1..=kept).map(|_| rekey(same()))).collect()
            },
        ),
    ]
}

fn transfers() -> Vec<History> {
    let given = |step: Step| begun([step]);
    vec![
        accepted(
            "ok_transfer",
            "The package is given away: the old key and every new one signed.",
            begun([
                transfer(powers(&[NEXT, NEXT_TOO], 1)).by(&[PUBLISHER, NEXT, NEXT_TOO]),
                release("1.1.0").by(&[NEXT_TOO]),
            ]),
        ),
        refused(
            "T11_transfer_unsigned_by_a_new_key",
            "record.threshold",
            "One of two new keys did not sign.",
            given(transfer(powers(&[NEXT, NEXT_TOO], 1)).by(&[PUBLISHER, NEXT])),
        ),
        refused(
            "T11_transfer_unsigned_by_the_old_key",
            "record.threshold",
            "The new key alone signed.",
            given(transfer(powers(&[NEXT], 1)).by(&[NEXT])),
        ),
        refused(
            "T12_threshold_lowered_by_transfer",
            "record.floor",
            "A transfer asks for fewer keys than before.",
            vec![
                init(powers(&[PUBLISHER, SECOND], 2)).by(&[PUBLISHER, SECOND]),
                transfer(powers(&[NEXT], 1)).by(&[PUBLISHER, SECOND, NEXT]),
            ],
        ),
        refused(
            "T12_witnesses_lowered_by_transfer",
            "record.floor",
            "A transfer drops the floor of witnesses.",
            vec![
                init(powers(&[PUBLISHER], 1)).change(|init| *at(init, "body.floors.witnesses") = number(1)),
                transfer(powers(&[NEXT], 1)).by(&[PUBLISHER, NEXT]),
            ],
        ),
        refused(
            "T07_recovery_keys_dropped_by_transfer",
            "record.recovery",
            "A transfer drops the recovery keys.",
            vec![
                init(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0)),
                transfer(powers(&[NEXT], 1)).by(&[PUBLISHER, NEXT]),
            ],
        ),
    ]
}
