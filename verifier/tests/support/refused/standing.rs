//! What became of the package since: step (10).

use cidery_protocol::{Code, Codec, limits};
use ipld_core::ipld::Ipld;
use serde_bytes::ByteBuf;

use crate::support::{
    case::Case,
    ipld::{at, link, number, powers, text, with_recovery},
    plan::{Built, NEXT, PUBLISHER, Plan, RECOVERY, SECOND, VERSION},
    steps::{Step, channel, recover, rekey, release, transfer, yank},
    vector::{Vector, refused, same, unchanged},
};

pub fn standings() -> Vec<Vector> {
    [replaced(), stated(), misplaced()].concat()
}

/// Records of authorities that had been replaced.
fn replaced() -> Vec<Vector> {
    vec![
        refused(
            "T11_release_by_a_replaced_authority",
            Code::RecordAuthority,
            "The keys were replaced before the release, which stands under the old ones.",
            |plan| plan.before = vec![rekey(powers(&[NEXT], 1)).never()],
            |case, built| took_over(case, built, 2),
        ),
        refused(
            "T11_release_of_the_sequence_of_a_rekey",
            Code::RecordAuthority,
            "The rekey since has the sequence of the release.",
            |plan| {
                plan.after =
                    vec![rekey(powers(&[NEXT], 1)).change(|rekey| *at(rekey, "sequence") = number(2))];
            },
            unchanged,
        ),
        refused(
            "T11_yank_by_a_replaced_authority",
            Code::RecordAuthority,
            "The keys were replaced before the yank, which stands under the old ones.",
            |plan| plan.after = vec![rekey(powers(&[NEXT], 1)).never(), yank("1.2.0", "none")],
            |case, built| {
                took_over(case, built, 3);
                case.head.standing.newest = None;
                case.head.standing.yank = Some(signed(built, 4));
            },
        ),
        refused(
            "T11_channel_by_a_replaced_authority",
            Code::RecordAuthority,
            "The keys were replaced before the channel was set, which stands under the old ones.",
            |plan| {
                plan.after = vec![rekey(powers(&[NEXT], 1)).never(), channel("stable", &[("1.2.0", 10_000)])];
            },
            |case, built| {
                case.channel(built, "stable", 0);
                took_over(case, built, 3);
            },
        ),
        refused(
            "T11_newest_by_a_replaced_authority",
            Code::RecordAuthority,
            "The keys were replaced before the newest record, which stands under the old ones.",
            |plan| plan.after = vec![rekey(powers(&[NEXT], 1)).never(), release("1.3.0")],
            |case, built| took_over(case, built, 3),
        ),
    ]
}

/// Records that no authority allows.
fn stated() -> Vec<Vector> {
    let newest = |step: fn() -> Step| move |plan: &mut Plan| plan.after = vec![step()];
    vec![
        refused(
            "T06_newest_of_another_package",
            Code::RecordAuthority,
            "The newest record is of another package's authority.",
            same,
            |case, built| {
                let other = built.other.records[1].signed.clone();
                case.head.standing.newest = Some(ByteBuf::from(other));
            },
        ),
        refused(
            "T21_init_for_the_newest",
            Code::RecordAuthority,
            "The newest record is the init, which stands under no authority.",
            same,
            |case, built| case.head.standing.newest = Some(signed(built, 0)),
        ),
        refused(
            "T11_newest_unsigned",
            Code::RecordThreshold,
            "Nobody signed the newest record.",
            newest(|| release("1.3.0").by(&[])),
            unchanged,
        ),
        refused(
            "T11_yank_by_a_stranger",
            Code::RecordThreshold,
            "Another key signed the yank than the package's.",
            newest(|| yank("1.2.0", "low").by(&[NEXT])),
            unchanged,
        ),
        refused(
            "T13_newest_altered",
            Code::EnvelopeSignature,
            "A byte of the newest record is another one.",
            newest(|| {
                let mut release = release("1.3.0");
                release.edit_entry(|entry| {
                    let Ipld::Bytes(payload) = at(entry, "payload") else { panic!("no payload") };
                    let version = payload.windows(5).position(|part| part == b"1.3.0").expect("the version");
                    payload[version] = b'2';
                });
                release
            }),
            unchanged,
        ),
        refused(
            "T21_newest_of_another_package_name",
            Code::RecordPackage,
            "The newest record names this package's authority, and another package.",
            newest(|| release("1.3.0").change(|release| *at(release, "package") = text("@acme/other"))),
            unchanged,
        ),
        refused(
            "T06_newest_before_its_authority",
            Code::RecordSequence,
            "The newest record has a smaller sequence than the authority that it stands under.",
            |plan| {
                plan.before = vec![release("1.1.1"), rekey(powers(&[PUBLISHER], 1))];
                plan.after = vec![release("1.3.0").change(|release| *at(release, "sequence") = number(3))];
            },
            unchanged,
        ),
        refused(
            "T04_newest_beyond_the_log",
            Code::RecordSequence,
            "The newest record, which nothing shows to be logged, has a sequence for which the log has no room: whoever \
             remembered it would refuse all that comes later.",
            newest(|| release("1.3.0").change(|release| *at(release, "sequence") = number(8))),
            unchanged,
        ),
        refused(
            "T04_rekey_beyond_the_log",
            Code::RecordSequence,
            "The same of an authority since.",
            newest(|| rekey(powers(&[NEXT], 1)).change(|rekey| *at(rekey, "sequence") = number(8))),
            unchanged,
        ),
        refused(
            "T04_release_beyond_its_entry",
            Code::RecordSequence,
            "The release has a greater sequence than its entry has an index.",
            |plan| plan.release = release(VERSION).change(|release| *at(release, "sequence") = number(5)),
            unchanged,
        ),
        refused(
            "T12_newest_below_a_floor",
            Code::RecordFloor,
            "The newest record is a release below the least version.",
            |plan| {
                plan.before = vec![rekey(powers(&[PUBLISHER], 1)).floor("1.2.0")];
                plan.after = vec![release("1.1.9")];
            },
            unchanged,
        ),
        refused(
            "T20_blob_for_a_reference",
            Code::CidMalformed,
            "The yank names its release by the CID of a blob.",
            newest(|| {
                let blob = cidery_protocol::Cid::of(Codec::Raw, b"a release");
                yank("1.2.0", "low").change(move |yank| *at(yank, "body.release.record") = link(blob))
            }),
            unchanged,
        ),
        refused(
            "T16_standing_too_long",
            Code::LimitExceeded,
            "Receipt and standing have one authority too many together.",
            same,
            |case, _| case.head.standing.chain = vec![ByteBuf::new(); limits::CHAIN_RECORDS],
        ),
        refused(
            "T12_standing_broken",
            Code::RecordAuthority,
            "The first of two authorities since is missing.",
            |plan| plan.after = vec![rekey(powers(&[SECOND], 1)), rekey(powers(&[NEXT], 1)).by(&[SECOND])],
            |case, _| {
                case.head.standing.chain.remove(0);
            },
        ),
        refused(
            "T19_standing_entry_for_a_record",
            Code::CborMalformed,
            "The standing holds a log entry in the place of a signed record.",
            newest(|| release("1.3.0")),
            |case, built| {
                case.head.standing.newest = Some(ByteBuf::from(built.package.records[3].entry.clone()));
            },
        ),
    ]
}

/// Records in places that are not theirs.
fn misplaced() -> Vec<Vector> {
    let after = |steps: fn() -> Vec<Step>| move |plan: &mut Plan| plan.after = steps();
    vec![
        refused(
            "T06_yank_of_another_release",
            Code::LogMalformed,
            "The yank is of another release.",
            after(|| vec![yank("1.1.0", "low")]),
            |case, built| {
                case.head.standing.newest = None;
                case.head.standing.yank = Some(signed(built, 3));
            },
        ),
        refused(
            "T06_yank_of_another_record",
            Code::LogMalformed,
            "The yank is of the version, and of another record.",
            after(|| {
                let other = cidery_protocol::Cid::of(Codec::DagCbor, b"another release");
                vec![yank("1.2.0", "low").change(move |yank| *at(yank, "body.release.record") = link(other))]
            }),
            |case, built| {
                case.head.standing.newest = None;
                case.head.standing.yank = Some(signed(built, 3));
            },
        ),
        refused(
            "T18_release_for_a_yank",
            Code::LogMalformed,
            "The yank is a release.",
            after(|| vec![release("1.3.0")]),
            |case, built| {
                case.head.standing.newest = None;
                case.head.standing.yank = Some(signed(built, 3));
            },
        ),
        refused(
            "T07_rekey_as_newest",
            Code::LogMalformed,
            "A rekey that makes the release void is shown as the newest record, and not obeyed.",
            after(|| vec![rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 0)])]),
            as_newest,
        ),
        refused(
            "T07_transfer_as_newest",
            Code::LogMalformed,
            "A transfer is shown as the newest record, and not in the chain.",
            after(|| vec![transfer(powers(&[NEXT], 1)).by(&[PUBLISHER, NEXT])]),
            as_newest,
        ),
        refused(
            "T07_recovery_as_newest",
            Code::LogMalformed,
            "A recovery that holds at once is shown as the newest record, and not in the chain.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 0));
                plan.after = vec![recover(powers(&[NEXT], 1))];
            },
            as_newest,
        ),
        refused(
            "T06_yank_as_newest",
            Code::LogMalformed,
            "A yank of the release is shown as the newest record, and not as its yank.",
            after(|| vec![yank("1.2.0", "low")]),
            as_newest,
        ),
        refused(
            "T06_yank_and_a_newer_one",
            Code::LogMalformed,
            "A yank is shown, and as the newest record the one that takes it back.",
            after(|| vec![yank("1.2.0", "low"), yank("1.2.0", "none")]),
            |case, built| {
                case.rule()["yanked"] = serde_json::json!(["low"]);
                case.head.standing.yank = Some(signed(built, 3));
            },
        ),
        refused(
            "T06_channel_and_a_newer_one",
            Code::LogMalformed,
            "A channel is shown, and as the newest record one that replaced it.",
            after(|| {
                let to = |version| channel("stable", &[(version, 10_000)]);
                vec![to("1.2.0"), to("1.1.0")]
            }),
            |case, built| {
                case.channel(built, "stable", 0);
                case.head.standing.channel = Some(signed(built, 3));
                case.head.standing.newest = Some(signed(built, 4));
            },
        ),
    ]
}

/// The newest record is shown as nothing but that.
fn as_newest(case: &mut Case, built: &Built) {
    case.head.standing.chain.clear();
    case.head.standing.yank = None;
    case.head.standing.newest = Some(signed(built, 3));
}

/// The record at a place is shown as an authority that took over.
fn took_over(case: &mut Case, built: &Built, place: usize) {
    case.head.standing.chain = vec![signed(built, place)];
}

fn signed(built: &Built, place: usize) -> ByteBuf {
    ByteBuf::from(built.package.records[place].signed.clone())
}
