//! What the policy and the request ask of the release: steps (9) and (12) to (14).

use cidery_protocol::{Cid, Code, Codec};
use ipld_core::ipld::Ipld;
use serde_json::json;

use super::prove_entry;
use crate::support::{
    ipld::{at, link, list, number, powers},
    plan::{LOGGED, NEXT, PUBLISHER, SECOND, STRANGER, TIME, WITNESS},
    steps::{channel, npm, rekey, yank},
    vector::{Vector, pin_init, refused, same, unchanged},
    verified::{asked, stable, witness_floor},
};

/// Step (9).
pub fn releases() -> Vec<Vector> {
    vec![
        refused(
            "T21_yank_for_a_release",
            Code::RequestUnsatisfied,
            "The receipt proves a yank.",
            |plan| plan.before = vec![yank("1.1.0", "low")],
            |case, built| prove_entry(case, built, 3),
        ),
        refused(
            "T11_release_by_a_rotated_key",
            Code::RecordThreshold,
            "The keys were replaced, and the old one signed.",
            |plan| plan.before = vec![rekey(powers(&[NEXT], 1))],
            pin_init,
        ),
        refused(
            "T06_release_before_its_authority",
            Code::RecordSequence,
            "The release has the sequence of the authority that it stands under.",
            |plan| {
                plan.before = vec![rekey(powers(&[PUBLISHER], 1))];
                plan.release.edit(|release| *at(release, "sequence") = number(2));
            },
            unchanged,
        ),
        refused(
            "T05_logged_after_the_head",
            Code::LogFuture,
            "The entry was logged a second after the head that covers it.",
            |plan| plan.release.time = TIME + 1,
            unchanged,
        ),
        refused(
            "T19_entry_without_time",
            Code::CborMalformed,
            "The log entry does not say when it was logged.",
            |plan| {
                plan.release.edit_entry(|entry| {
                    let Ipld::Map(fields) = entry else { panic!("no map") };
                    fields.remove("time");
                });
            },
            unchanged,
        ),
        refused(
            "T19_signed_record_for_an_entry",
            Code::CborMalformed,
            "The log holds a signed record in the place of an entry.",
            |plan| {
                plan.release.edit_entry(|entry| {
                    let Ipld::Map(fields) = entry else { panic!("no map") };
                    fields.retain(|field, _| field != "time" && field != "kind");
                });
            },
            unchanged,
        ),
        refused(
            "T12_version_floor",
            Code::RecordFloor,
            "The release is below the least version that a rekey names.",
            |plan| plan.before = vec![rekey(powers(&[PUBLISHER], 1)).floor("1.2.1")],
            pin_init,
        ),
        refused(
            "T12_witness_floor_not_by_strangers",
            Code::RecordFloor,
            "The package asks for a witness, and the one that cosigned is not the policy's.",
            witness_floor,
            |case, _| {
                case.witnesses(&[WITNESS], 0);
                case.witnessed(STRANGER, TIME);
            },
        ),
    ]
}

/// Steps (12) and (13).
pub fn policies() -> Vec<Vector> {
    vec![
        refused(
            "yank_by_range",
            Code::ReleaseYanked,
            "The release is yanked, and a range was asked for.",
            |plan| plan.after = vec![yank("1.2.0", "low")],
            unchanged,
        ),
        refused(
            "yank_by_version",
            Code::ReleaseYanked,
            "The release is yanked, and its version was asked for.",
            |plan| plan.after = vec![yank("1.2.0", "low")],
            |case, built| case.version(built),
        ),
        refused(
            "yank_by_channel",
            Code::ReleaseYanked,
            "The release is yanked, and a channel that names it was asked for.",
            |plan| plan.after = vec![channel("stable", &[("1.2.0", 10_000)]), yank("1.2.0", "low")],
            asked(0),
        ),
        refused(
            "yank_more_severe_than_tolerated",
            Code::ReleaseYanked,
            "The policy tolerates other severities; each is named by itself.",
            |plan| plan.after = vec![yank("1.2.0", "medium")],
            |case, _| case.rule()["yanked"] = json!(["low", "high"]),
        ),
        refused(
            "yank_where_revocation_is_unchecked",
            Code::ReleaseYanked,
            "The policy does without a proof, and the head shows one: it counts.",
            |plan| plan.after = vec![yank("1.2.0", "low")],
            |case, _| case.rule()["revocation"] = json!("unchecked"),
        ),
        refused(
            "yank_again",
            Code::ReleaseYanked,
            "The yank was taken back, and the release yanked again.",
            |plan| {
                plan.after = vec![yank("1.2.0", "low"), yank("1.2.0", "none"), yank("1.2.0", "high")];
            },
            |case, _| case.rule()["yanked"] = json!(["low"]),
        ),
        refused(
            "T22_no_provenance",
            Code::PolicyProvenance,
            "The policy asks for provenance, and the release names none.",
            same,
            |case, _| case.rule()["provenance"] = json!(true),
        ),
        refused(
            "T22_npm_registry_did_not_sign",
            Code::PolicyNpm,
            "The policy asks for the npm registry's signature, and the import found none offered.",
            |plan| plan.release.edit(|release| *at(release, "body.npm") = npm(&["provenance"])),
            |case, _| case.rule()["npm"] = json!(["provenance", "registry-signature"]),
        ),
        refused(
            "T22_not_from_npm",
            Code::PolicyNpm,
            "The policy asks for the npm registry's signature, and the release is not of an npm package.",
            same,
            |case, _| case.rule()["npm"] = json!(["registry-signature"]),
        ),
        refused(
            "T12_policy_wants_more_keys",
            Code::PolicyKey,
            "The package is content with one key, and the policy is not.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND], 1);
                plan.release.signers = vec![PUBLISHER];
            },
            |case, _| {
                let keys = [PUBLISHER, SECOND].map(|seed| crate::support::log::public(seed).to_string());
                case.pin(json!({ "keys": keys, "threshold": 2 }));
            },
        ),
        refused(
            "min_age_short",
            Code::PolicyMinAge,
            "The release is a second younger than the policy wants.",
            same,
            |case, _| case.rule()["minAge"] = json!(TIME - LOGGED + 1),
        ),
    ]
}

/// Channels: steps (1) and (14).
pub fn channels() -> Vec<Vector> {
    vec![
        refused(
            "channel_not_allowed",
            Code::PolicyChannel,
            "The policy's rule names another channel.",
            stable(&[("1.2.0", 10_000)]),
            |case, built| {
                case.channel(built, "stable", 0);
                case.rule()["channels"] = json!(["stable-2"]);
            },
        ),
        refused(
            "channel_bucket_of_the_second",
            Code::RequestUnsatisfied,
            "The bucket after the first target's last one falls to the second.",
            stable(&[("1.2.0", 2_500), ("1.1.0", 7_500)]),
            asked(2_500),
        ),
        refused(
            "channel_bucket_of_the_first",
            Code::RequestUnsatisfied,
            "The bucket before the second target's first one falls to the first.",
            stable(&[("1.1.0", 2_500), ("1.2.0", 7_500)]),
            asked(2_499),
        ),
        refused(
            "channel_of_nothing",
            Code::RequestUnsatisfied,
            "The channel names nothing any more.",
            stable(&[]),
            asked(0),
        ),
        refused(
            "T08_channel_of_another_record",
            Code::RequestUnsatisfied,
            "The channel names the version, and another record than the release's.",
            |plan| {
                let other = Cid::of(Codec::DagCbor, b"another release");
                let channel = channel("stable", &[("1.2.0", 10_000)]);
                plan.after = vec![
                    channel
                        .change(move |channel| *at(channel, "body.targets.0.release.record") = link(other)),
                ];
            },
            asked(0),
        ),
        refused(
            "channel_weights_short",
            Code::RecordInvalid,
            "The weights of the channel sum to 9,999.",
            stable(&[("1.2.0", 9_999)]),
            asked(0),
        ),
        refused(
            "channel_of_one_release_twice",
            Code::RecordInvalid,
            "The channel names one version twice.",
            |plan| {
                let channel = channel("stable", &[("1.2.0", 5_000)]);
                plan.after = vec![channel.change(|channel| {
                    let targets = list(channel, "body.targets");
                    targets.push(targets[0].clone());
                })];
            },
            asked(0),
        ),
    ]
}
