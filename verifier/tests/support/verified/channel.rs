//! Channels: steps (1), (10), (11) and (14).

use serde_json::json;

use crate::support::{
    case::Case,
    ipld::powers,
    plan::{Built, NEXT, PACKAGE, PUBLISHER, Plan},
    steps::{channel, rekey, yank},
    vector::{Vector, accepted},
};

pub fn vectors() -> Vec<Vector> {
    vec![
        accepted("ok_channel", "A channel names the release.", stable(&[("1.2.0", 10_000)]), asked(9_999)),
        accepted(
            "ok_channel_without_bucket",
            "The bucket is 0 where none is given.",
            stable(&[("1.2.0", 1), ("1.1.0", 9_999)]),
            |case, built| {
                case.channel(built, "stable", 0);
                case.request = json!({ "package": PACKAGE, "channel": "stable" });
            },
        ),
        accepted(
            "ok_channel_last_bucket_of_the_first",
            "The first target takes as many buckets as its weight.",
            stable(&[("1.2.0", 2_500), ("1.1.0", 7_500)]),
            asked(2_499),
        ),
        accepted(
            "ok_channel_first_bucket_of_the_second",
            "The second target begins where the first one ends.",
            stable(&[("1.1.0", 2_500), ("1.2.0", 7_500)]),
            asked(2_500),
        ),
        accepted(
            "ok_channel_newer_one_counts",
            "A channel that was set again; the older record is not shown.",
            |plan| {
                plan.after =
                    vec![channel("stable", &[("1.1.0", 10_000)]), channel("stable", &[("1.2.0", 10_000)])];
            },
            asked(0),
        ),
        accepted(
            "ok_channel_set_before_the_release_of_others",
            "Newer records than the channel's are there.",
            |plan| {
                plan.after =
                    vec![channel("stable", &[("1.2.0", 10_000)]), channel("next", &[("1.1.0", 10_000)])];
            },
            asked(0),
        ),
        accepted(
            "ok_channel_set_again_after_void",
            "The channel of a stolen key is void, and was set again by the new one.",
            |plan| {
                let channel = || channel("stable", &[("1.2.0", 10_000)]);
                let rekey = rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 3)]);
                plan.after = vec![channel(), rekey, channel().by(&[NEXT])];
            },
            asked(0),
        ),
        accepted(
            "ok_channel_of_a_yanked_release",
            "The release is yanked no more severely than the policy tolerates.",
            |plan| plan.after = vec![channel("stable", &[("1.2.0", 10_000)]), yank("1.2.0", "medium")],
            |case, built| {
                case.rule()["yanked"] = json!(["medium"]);
                case.channel(built, "stable", 0);
            },
        ),
    ]
}

/// The channel `stable` is the newest record.
pub fn stable(targets: &'static [(&'static str, u64)]) -> impl Fn(&mut Plan) {
    move |plan| plan.after = vec![channel("stable", targets)]
}

/// It is asked for, and shown.
pub fn asked(bucket: u64) -> impl Fn(&mut Case, &Built) {
    move |case, built| case.channel(built, "stable", bucket)
}
