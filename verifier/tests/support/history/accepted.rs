//! Histories without a change of keys.

use super::{History, accepted, begun};
use crate::support::{
    ipld::{at, list, powers, text, with_recovery},
    plan::{NEXT, PUBLISHER, RECOVERY, SECOND, STRANGER, THIRD},
    steps::{attest, channel, init, rekey, release, statement, transfer, yank},
};

pub fn histories() -> Vec<History> {
    vec![
        accepted("ok_init", "A package begins.", vec![init(powers(&[PUBLISHER], 1))]),
        accepted(
            "ok_init_with_recovery",
            "A package begins with recovery keys, which agree.",
            vec![
                init(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 86_400))
                    .by(&[PUBLISHER, RECOVERY]),
            ],
        ),
        accepted(
            "ok_every_kind",
            "A record of each kind.",
            begun([
                yank("1.0.0", "low").change(|yank| {
                    *at(yank, "body.text") = text("Better wait.");
                    *at(yank, "body.replacement") = text("1.0.1");
                }),
                channel("stable", &[("1.0.0", 10_000)]),
                attest("1.0.0"),
                rekey(powers(&[SECOND], 1)),
                transfer(powers(&[NEXT], 1)).by(&[SECOND, NEXT]).floor("1.0.1"),
                release("1.0.1").by(&[NEXT]),
            ]),
        ),
        accepted(
            "ok_threshold",
            "Any two of three keys.",
            vec![
                init(powers(&[PUBLISHER, SECOND, THIRD], 2)).by(&[SECOND, THIRD]),
                release("1.0.0").by(&[PUBLISHER, THIRD]),
                release("1.1.0").by(&[PUBLISHER, SECOND, THIRD]),
            ],
        ),
        accepted(
            "T33_signature_by_a_stranger",
            "A signature by a key without a say counts for nothing, and does no harm.",
            begun([release("1.1.0").by(&[PUBLISHER, STRANGER])]),
        ),
        accepted(
            "ok_older_version_later",
            "Versions come in any order.",
            begun([release("2.0.0"), release("1.0.1"), release("1.1.0-rc.1")]),
        ),
        accepted(
            "ok_yank_taken_back",
            "The newest yank of a release counts, and `none` takes it back.",
            begun([
                release("1.1.0"),
                yank("1.0.0", "low"),
                yank("1.1.0", "high"),
                yank("1.0.0", "critical"),
                yank("1.1.0", "none"),
            ]),
        ),
        accepted(
            "ok_channels",
            "The newest record of a channel counts; one that names nothing is there, too.",
            begun([
                release("1.1.0"),
                channel("next", &[("1.1.0", 1), ("1.0.0", 9_999)]),
                channel("stable", &[("1.0.0", 10_000)]),
                channel("old", &[("1.0.0", 10_000)]),
                channel("stable", &[("1.1.0", 10_000)]),
                channel("old", &[]),
            ]),
        ),
        accepted(
            "ok_channel_of_a_yanked_release",
            "A channel may name a release that is yanked.",
            begun([yank("1.0.0", "high"), channel("stable", &[("1.0.0", 10_000)])]),
        ),
        accepted(
            "ok_provenance_floor_met",
            "The package asks for provenance, and its release names it.",
            vec![
                init(powers(&[PUBLISHER], 1))
                    .change(|init| *at(init, "body.floors.provenance") = ipld_core::ipld::Ipld::Bool(true)),
                release("1.0.0").change(|release| list(release, "body.provenance").push(statement())),
            ],
        ),
    ]
}
