//! What became of the package: the authorities since, and who may say what in step (10).

use cidery_protocol::{Code, Codec, limits};
use ipld_core::ipld::Ipld;
use serde_bytes::ByteBuf;

use crate::support::{
    case::Case,
    ipld::{at, link, number, powers, text},
    package::Package,
    plan::{Built, NEXT, PUBLISHER, Plan, SECOND},
    says::Says,
    steps::{Step, channel, rekey, release, yank},
    vector::{Vector, refused, same, unchanged},
};

pub fn standings() -> Vec<Vector> {
    [successions(), later(), replaced(), stated()].concat()
}

/// The authorities since the release.
fn successions() -> Vec<Vector> {
    let after = |steps: fn() -> Vec<Step>| move |plan: &mut Plan| plan.after = steps();
    vec![
        refused(
            "T06_chain_that_ends_before_the_states_authority",
            Code::RecordAuthority,
            "By the state others have the say, and they are not shown.",
            after(|| vec![rekey(powers(&[NEXT], 1))]),
            |case, _| case.standing().chain.clear(),
        ),
        refused(
            "T06_chain_beyond_the_states_authority",
            Code::RecordAuthority,
            "The authorities that are shown go on after the one that holds by the state.",
            |plan| plan.after = vec![rekey(powers(&[NEXT], 1)).never()],
            |case, built| case.standing().chain = vec![signed(built, 3)],
        ),
        refused(
            "T06_state_of_another_authority",
            Code::RecordAuthority,
            "The state names a release as the authority that holds.",
            |plan| plan.says = Some(|says, package| says.authority = package.records[1].cid),
            unchanged,
        ),
        refused(
            "T12_standing_broken",
            Code::RecordAuthority,
            "The first of two authorities since is missing.",
            after(|| vec![rekey(powers(&[SECOND], 1)), rekey(powers(&[NEXT], 1)).by(&[SECOND])]),
            |case, _| {
                case.standing().chain.remove(0);
            },
        ),
        refused(
            "T11_rekey_since_by_the_new_key",
            Code::RecordThreshold,
            "A rekey since is signed by the key that it names, and not by the old one.",
            after(|| vec![rekey(powers(&[NEXT], 1)).by(&[NEXT])]),
            unchanged,
        ),
        refused(
            "T18_release_for_a_rekey",
            Code::RecordInvalid,
            "A release is shown as an authority since.",
            |plan| plan.after = vec![release("2.0.0")],
            |case, built| case.standing().chain = vec![signed(built, 3)],
        ),
        refused(
            "T16_standing_too_long",
            Code::LimitExceeded,
            "Receipt and standing have one authority too many together.",
            same,
            |case, _| case.standing().chain = vec![ByteBuf::new(); limits::CHAIN_RECORDS],
        ),
    ]
}

/// Records that came after the state.
fn later() -> Vec<Vector> {
    let state_of = |sequence: fn(&mut Says, &Package), steps: fn() -> Vec<Step>| {
        move |plan: &mut Plan| {
            plan.after = steps();
            plan.says = Some(sequence);
        }
    };
    vec![
        refused(
            "T06_release_after_the_state",
            Code::RecordSequence,
            "The state is of record 1, and the release is record 2.",
            state_of(|says, _| says.sequence = 1, Vec::new),
            unchanged,
        ),
        refused(
            "T06_yank_after_the_state",
            Code::RecordSequence,
            "The state is of record 2, and the yank that it names is record 3.",
            state_of(|says, _| says.sequence = 2, || vec![yank("1.2.0", "low")]),
            unchanged,
        ),
        refused(
            "T06_channel_after_the_state",
            Code::RecordSequence,
            "The state is of record 2, and the channel that it names is record 3.",
            state_of(|says, _| says.sequence = 2, || vec![channel("stable", &[("1.2.0", 10_000)])]),
            |case, built| case.channel(built, "stable", 0),
        ),
    ]
}

/// Records of authorities that had been replaced.
fn replaced() -> Vec<Vector> {
    vec![
        refused(
            "T11_release_by_a_replaced_authority",
            Code::RecordAuthority,
            "The keys were replaced before the release, which stands under the old ones.",
            |plan| {
                plan.before = vec![rekey(powers(&[NEXT], 1)).never()];
                plan.says = Some(|says, package| says.authority = package.records[2].cid);
            },
            |case, built| case.standing().chain = vec![signed(built, 2)],
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
            |plan| {
                plan.after = vec![rekey(powers(&[NEXT], 1)).never(), yank("1.2.0", "low")];
                plan.says = Some(|says, package| says.authority = package.records[3].cid);
            },
            took_over,
        ),
        refused(
            "T11_channel_by_a_replaced_authority",
            Code::RecordAuthority,
            "The keys were replaced before the channel was set, which stands under the old ones.",
            |plan| {
                plan.after = vec![rekey(powers(&[NEXT], 1)).never(), channel("stable", &[("1.2.0", 10_000)])];
                plan.says = Some(|says, package| says.authority = package.records[3].cid);
            },
            |case, built| {
                case.channel(built, "stable", 0);
                took_over(case, built);
            },
        ),
    ]
}

/// Records that no authority allows.
fn stated() -> Vec<Vector> {
    let one = |step: fn() -> Step| move |plan: &mut Plan| plan.after = vec![step()];
    let stable = || channel("stable", &[("1.2.0", 10_000)]);
    vec![
        refused(
            "T06_yank_of_another_package",
            Code::RecordAuthority,
            "The yank is of another package's authority.",
            one(|| yank("1.2.0", "low")),
            |case, built| case.standing().yank = Some(ByteBuf::from(built.other.records[1].signed.clone())),
        ),
        refused(
            "T06_channel_of_another_package",
            Code::RecordAuthority,
            "The channel is of another package's authority.",
            one(stable),
            |case, built| {
                case.channel(built, "stable", 0);
                case.standing().channel = Some(ByteBuf::from(built.other.records[1].signed.clone()));
            },
        ),
        refused(
            "T21_init_for_a_yank",
            Code::RecordAuthority,
            "The yank is the init, which stands under no authority.",
            one(|| yank("1.2.0", "low")),
            |case, built| case.standing().yank = Some(signed(built, 0)),
        ),
        refused(
            "T11_yank_by_a_stranger",
            Code::RecordThreshold,
            "Another key signed the yank than the package's.",
            one(|| yank("1.2.0", "low").by(&[NEXT])),
            unchanged,
        ),
        refused(
            "T11_channel_unsigned",
            Code::RecordThreshold,
            "Nobody signed the channel.",
            one(|| stable_by(&[])),
            |case, built| case.channel(built, "stable", 0),
        ),
        refused(
            "T13_yank_altered",
            Code::EnvelopeSignature,
            "A byte of the yank is another one.",
            one(|| {
                let mut yank = yank("1.2.0", "low");
                yank.edit_entry(|entry| {
                    let Ipld::Bytes(payload) = at(entry, "payload") else { panic!("no payload") };
                    let version = payload.windows(5).position(|part| part == b"1.2.0").expect("the version");
                    payload[version] = b'2';
                });
                yank
            }),
            unchanged,
        ),
        refused(
            "T21_yank_of_another_package_name",
            Code::RecordPackage,
            "The yank names this package's authority, and another package.",
            one(|| yank("1.2.0", "low").change(|yank| *at(yank, "package") = text("@acme/other"))),
            unchanged,
        ),
        refused(
            "T21_channel_of_another_origin",
            Code::RecordOrigin,
            "The channel names this package's authority, and another log.",
            one(|| stable_by(&[PUBLISHER]).change(|channel| *at(channel, "origin") = text("other.example"))),
            |case, built| case.channel(built, "stable", 0),
        ),
        refused(
            "T06_yank_before_its_authority",
            Code::RecordSequence,
            "The yank has a smaller sequence than the authority that it stands under.",
            |plan| {
                plan.before = vec![release("1.1.1"), rekey(powers(&[PUBLISHER], 1))];
                plan.after = vec![yank("1.2.0", "low").change(|yank| *at(yank, "sequence") = number(3))];
            },
            unchanged,
        ),
        refused(
            "T06_channel_before_its_authority",
            Code::RecordSequence,
            "The channel has a smaller sequence than the authority that it stands under.",
            |plan| {
                plan.before = vec![release("1.1.1"), rekey(powers(&[PUBLISHER], 1))];
                let early = |channel: &mut Ipld| *at(channel, "sequence") = number(3);
                plan.after = vec![stable_by(&[PUBLISHER]).change(early)];
            },
            |case, built| case.channel(built, "stable", 0),
        ),
        refused(
            "T20_blob_for_a_reference",
            Code::CidMalformed,
            "The yank names its release by the CID of a blob.",
            |plan| {
                let blob = cidery_protocol::Cid::of(Codec::Raw, b"a release");
                let change = move |yank: &mut Ipld| *at(yank, "body.release.record") = link(blob);
                plan.after = vec![yank("1.2.0", "low").change(change)];
            },
            |case, built| case.standing().yank = Some(signed(built, 3)),
        ),
        refused(
            "T19_standing_entry_for_a_record",
            Code::CborMalformed,
            "The standing holds a log entry in the place of a signed record.",
            one(|| yank("1.2.0", "low")),
            |case, built| {
                case.standing().yank = Some(ByteBuf::from(built.package.records[3].entry.clone()));
            },
        ),
    ]
}

fn stable_by(signers: &[u8]) -> Step {
    channel("stable", &[("1.2.0", 10_000)]).by(signers)
}

/// The record after the release is shown as an authority that took over.
fn took_over(case: &mut Case, built: &Built) {
    case.standing().chain = vec![signed(built, 3)];
}

fn signed(built: &Built, place: usize) -> ByteBuf {
    ByteBuf::from(built.package.records[place].signed.clone())
}
