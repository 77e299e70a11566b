//! What the state's leaves say of release, yank and channel: step (10).

use cidery_protocol::{Cid, Code, Codec, Severity, YankLeaf, log::Hash};
use serde_bytes::ByteBuf;

use super::state::{with_a_byte, with_a_field};
use crate::support::{
    case::Case,
    plan::{Built, Plan},
    says::Says,
    steps::{Step, channel, release, yank},
    vector::{Vector, refused, same, unchanged},
    verified::{asked, stable},
};

pub fn leaves() -> Vec<Vector> {
    [versions(), yanks(), channels()].concat()
}

fn says(change: fn(&mut Says, &crate::support::package::Package)) -> impl Fn(&mut Plan) {
    move |plan| plan.says = Some(change)
}

fn versions() -> Vec<Vector> {
    vec![
        refused(
            "T13_leaf_altered",
            Code::LogProof,
            "A bit of the release's leaf is another one.",
            same,
            |case, _| case.standing().versions.leaves[0].leaf[20] ^= 1,
        ),
        refused(
            "T13_leaves_proof_altered",
            Code::LogProof,
            "A bit of the proof of the leaves is another one.",
            same,
            |case, _| case.standing().versions.proof.0[0] = Hash::from_bytes([7; 32]),
        ),
        refused(
            "T13_leaves_proof_too_long",
            Code::LogProof,
            "The proof of the leaves has a hash too many.",
            same,
            |case, _| case.standing().versions.proof.0.push(Hash::from_bytes([7; 32])),
        ),
        refused(
            "T06_leaf_at_another_index",
            Code::LogProof,
            "The release's leaf is given the index of the one before.",
            same,
            |case, _| case.standing().versions.leaves[0].index -= 1,
        ),
        refused("T06_leaf_twice", Code::LogProof, "The release's leaf is there twice.", same, |case, _| {
            let again = case.standing().versions.leaves[0].clone();
            case.standing().versions.leaves.push(again);
        }),
        refused(
            "T06_leaves_of_before",
            Code::LogProof,
            "The leaves are those of the state under an earlier map.",
            |plan| plan.after = vec![release("2.0.0")],
            |case, built| {
                let version = "1.2.0".parse().expect("a version");
                case.standing().versions = built.map_then.said.show(&version, None);
            },
        ),
        refused("T06_no_leaves", Code::LogProof, "No leaf is shown.", same, |case, _| {
            case.standing().versions = Default::default();
        }),
        refused(
            "T06_leaf_of_another_release_alone",
            Code::LogProof,
            "The leaf of another version is shown, and the release's is not.",
            same,
            |case, built| {
                case.version(built);
                case.standing().versions = built.map.said.versions_at(&[0]);
            },
        ),
        refused(
            "T08_leaf_of_another_record",
            Code::LogProof,
            "By the state, the version was made by another record.",
            says(|says, _| says.versions[1].record = Cid::of(Codec::DagCbor, b"another release")),
            unchanged,
        ),
        refused(
            "T06_release_that_the_state_does_not_have",
            Code::LogProof,
            "The state has no such version.",
            says(|says, _| says.versions.truncate(1)),
            |case, built| case.standing().versions = built.map.said.versions_at(&[0]),
        ),
        refused(
            "T19_leaves_out_of_order",
            Code::LogProof,
            "Two versions have changed places in the state.",
            says(|says, _| says.versions.reverse()),
            |case, built| case.standing().versions = built.map.said.versions_at(&[0, 1]),
        ),
        refused(
            "T19_leaf_with_another_field",
            Code::CborMalformed,
            "The leaf holds a field that nobody knows.",
            says(|says, _| says.leaf_bytes = with_a_field),
            unchanged,
        ),
        refused(
            "T19_leaf_trailing_byte",
            Code::CborMalformed,
            "A byte follows the leaf.",
            says(|says, _| says.leaf_bytes = with_a_byte),
            unchanged,
        ),
        refused(
            "T16_leaf_too_large",
            Code::LimitExceeded,
            "The leaf has more than 1 KiB.",
            says(|says, _| says.leaf_bytes = |bytes| [bytes, vec![0; 1_024]].concat()),
            unchanged,
        ),
    ]
}

/// The yank of the release.
fn yanks() -> Vec<Vector> {
    let after = |steps: fn() -> Vec<Step>| move |plan: &mut Plan| plan.after = steps();
    let named = |steps: fn() -> Vec<Step>, change: fn(&mut Says, &crate::support::package::Package)| {
        move |plan: &mut Plan| {
            plan.after = steps();
            plan.says = Some(change);
        }
    };
    vec![
        refused(
            "T06_yank_withheld",
            Code::LogProof,
            "The state names a yank, which is not shown.",
            after(|| vec![yank("1.2.0", "low")]),
            |case, _| case.standing().yank = None,
        ),
        refused(
            "T06_yank_that_the_state_does_not_name",
            Code::LogProof,
            "A yank is shown, and the state names none.",
            named(|| vec![yank("1.2.0", "low")], |says, _| says.versions[1].yanked = None),
            |case, built| case.standing().yank = Some(signed(built, 3)),
        ),
        refused(
            "T06_yank_and_a_newer_one",
            Code::LogProof,
            "A yank is shown, and the state names a newer one.",
            after(|| vec![yank("1.2.0", "low"), yank("1.2.0", "low")]),
            |case, built| {
                tolerate(case, built);
                case.standing().yank = Some(signed(built, 3));
            },
        ),
        refused(
            "T06_yank_of_another_release",
            Code::LogProof,
            "The yank that the state names is of another release.",
            named(|| vec![yank("1.1.0", "low")], |says, package| names(says, package.records[3].cid)),
            tolerate,
        ),
        refused(
            "T06_yank_of_another_record",
            Code::LogProof,
            "The yank that the state names is of the version, and of another record.",
            named(
                || {
                    let other = Cid::of(Codec::DagCbor, b"another release");
                    let change = move |yank: &mut ipld_core::ipld::Ipld| {
                        *crate::support::ipld::at(yank, "body.release.record") =
                            crate::support::ipld::link(other);
                    };
                    vec![yank("1.2.0", "low").change(change)]
                },
                |says, package| names(says, package.records[3].cid),
            ),
            tolerate,
        ),
        refused(
            "T06_yank_of_another_severity",
            Code::LogProof,
            "By the state, the yank is less severe than it is.",
            named(|| vec![yank("1.2.0", "high")], |says, package| names(says, package.records[3].cid)),
            tolerate,
        ),
        refused(
            "T18_release_for_a_yank",
            Code::LogProof,
            "The yank that the state names is a release.",
            named(|| vec![release("2.0.0")], |says, package| names(says, package.records[3].cid)),
            tolerate,
        ),
    ]
}

/// The channel that was asked for.
fn channels() -> Vec<Vector> {
    let two = |plan: &mut Plan| {
        plan.after = ["stable", "next"].map(|name| channel(name, &[("1.2.0", 10_000)])).into();
    };
    vec![
        refused(
            "channel_missing",
            Code::LogProof,
            "The channel that was asked for is not shown.",
            stable(&[("1.2.0", 10_000)]),
            |case, built| {
                asked(0)(case, built);
                case.standing().channel = None;
            },
        ),
        refused(
            "T06_channel_without_its_leaf",
            Code::LogProof,
            "The channel is shown, and not what the state says of it.",
            stable(&[("1.2.0", 10_000)]),
            |case, built| {
                asked(0)(case, built);
                case.standing().channels = None;
            },
        ),
        refused(
            "channel_that_nobody_asked_for",
            Code::LogProof,
            "A channel is shown where a range was asked for.",
            stable(&[("1.2.0", 10_000)]),
            |case, built| case.standing().channel = Some(signed(built, 3)),
        ),
        refused(
            "channel_leaf_that_nobody_asked_for",
            Code::LogProof,
            "The leaf of a channel is shown where a range was asked for.",
            stable(&[("1.2.0", 10_000)]),
            |case, built| case.standing().channels = built.map.said.channel("stable"),
        ),
        refused(
            "T06_channel_of_another_name",
            Code::LogProof,
            "Another channel is shown.",
            two,
            |case, built| {
                asked(0)(case, built);
                case.standing().channel = Some(signed(built, 4));
                case.standing().channels = built.map.said.channel("next");
            },
        ),
        refused(
            "T06_channel_leaf_of_another_name",
            Code::LogProof,
            "The leaf is that of another channel.",
            two,
            |case, built| {
                asked(0)(case, built);
                case.standing().channels = built.map.said.channel("next");
            },
        ),
        refused(
            "T06_channel_that_the_state_calls_otherwise",
            Code::LogProof,
            "By the state, another channel's record is that of the one that was asked for.",
            move |plan| {
                two(plan);
                plan.says = Some(|says, package| says.channels[1].record = package.records[4].cid);
            },
            asked(0),
        ),
        refused(
            "T06_channel_and_a_newer_one",
            Code::LogProof,
            "A channel is shown, and the state names a newer record of it.",
            |plan| {
                let to = |version| channel("stable", &[(version, 10_000)]);
                plan.after = vec![to("1.2.0"), to("1.1.0")];
            },
            |case, built| {
                asked(0)(case, built);
                case.standing().channel = Some(signed(built, 3));
            },
        ),
        refused(
            "T18_release_for_a_channel",
            Code::LogProof,
            "By the state, a release is the channel's record.",
            |plan| {
                stable(&[("1.2.0", 10_000)])(plan);
                plan.says = Some(|says, package| says.channels[0].record = package.records[2].cid);
            },
            asked(0),
        ),
        refused(
            "T13_channel_leaf_altered",
            Code::LogProof,
            "A bit of the channel's leaf is another one.",
            stable(&[("1.2.0", 10_000)]),
            |case, built| {
                asked(0)(case, built);
                case.standing().channels.as_mut().expect("leaves").leaves[0].leaf[20] ^= 1;
            },
        ),
    ]
}

/// The policy tolerates what the yank says it is.
fn tolerate(case: &mut Case, _: &Built) {
    case.rule()["yanked"] = serde_json::json!(["low"]);
}

/// By the state, this is a yank of the release.
fn names(says: &mut Says, record: Cid) {
    says.versions[1].yanked = Some(YankLeaf { record, severity: Severity::Low });
}

fn signed(built: &Built, place: usize) -> ByteBuf {
    ByteBuf::from(built.package.records[place].signed.clone())
}
