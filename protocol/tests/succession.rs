//! SPEC §6.3 (7) to (10) and §6.4 to §6.7, rule by rule: keys get lost, stolen and passed on.
mod support;

use cidery_protocol::*;
use ed25519_dalek::SigningKey;
use serde_bytes::ByteBuf;
use support::*;

const DAY: u64 = 86_400;
const ALICE: u8 = 1;
const BOB: u8 = 2;
const EVE: u8 = 3;
const RESCUER: u8 = 4;
const HELPER: u8 = 5;

fn code<T>(result: Result<T, Error>) -> Option<Code> {
    result.err().map(|error| error.code())
}

fn of(seeds: &[u8], threshold: u64) -> Powers {
    let keys: Vec<SigningKey> = seeds.iter().map(|seed| key(*seed)).collect();
    powers(&keys.iter().collect::<Vec<_>>(), threshold)
}

fn with_recovery(powers: Powers, delay: u64) -> Powers {
    let recovery = of(&[RESCUER, HELPER], 2);
    Powers { recovery: Some(Recovery { keys: recovery.keys, threshold: 2, delay }), ..powers }
}

/// A package that begins with these powers.
fn package(powers: Powers, seeds: &[u8]) -> PackageState {
    let body = RecordBody { action: Action::Init(powers), ..init_body(&[], 0) };
    let keys: Vec<SigningKey> = seeds.iter().map(|seed| key(*seed)).collect();
    begin_with(body, &keys.iter().collect::<Vec<_>>())
}

/// What comes of the next record of a package.
fn at(state: &PackageState, action: Action, seeds: &[u8], time: u64) -> Result<PackageState, Error> {
    let keys: Vec<SigningKey> = seeds.iter().map(|seed| key(*seed)).collect();
    follow_at(state, next(&state.at(time), action), &keys.iter().collect::<Vec<_>>(), time)
}

fn then(state: &PackageState, action: Action, seeds: &[u8]) -> Result<PackageState, Error> {
    at(state, action, seeds, TIME)
}

fn release(version: &str) -> Action {
    Action::Release(Release {
        version: version.parse().expect("a version"),
        manifest: Cid::of(Codec::DagCbor, version.as_bytes()),
        build: Build { tool: "by hand".into(), lock: None },
        npm: None,
        provenance: vec![],
    })
}

fn rekey(to: Powers) -> Rekey {
    Rekey { by: Signatories::Publishers, to, void: vec![], next_version_floor: None }
}

fn recover(to: Powers) -> Rekey {
    Rekey { by: Signatories::Recovery, ..rekey(to) }
}

fn void(seed: u8, from_sequence: u64) -> Void {
    Void { key: public(&key(seed)), from_sequence }
}

fn transfer(to: Powers) -> Action {
    Action::Transfer(Transfer { to, next_version_floor: None })
}

fn channel(name: &str, targets: &[ReleaseRef]) -> Channel {
    let weight = |at: usize| if at == 0 { 10_001 - targets.len() as u64 } else { 1 };
    let targets = targets.iter().enumerate();
    let targets = targets.map(|(at, release)| Target { release: release.clone(), weight: weight(at) });
    Channel { name: name.parse().expect("a channel"), targets: targets.collect() }
}

fn yank(release: ReleaseRef, severity: Severity) -> Yank {
    let reason = if severity == Severity::None { Reason::Restored } else { Reason::Security };
    Yank { release, severity, reason, text: None, replacement: None }
}

fn attest(release: ReleaseRef) -> Attest {
    let subject = serde_bytes::ByteArray::new([7; 32]);
    let statement = Provenance { cid: Cid::of(Codec::Raw, b"{}"), size: 2, subject };
    Attest { release, predicate: "https://example.com/reviewed/v1".into(), statement }
}

fn some_reference() -> ReleaseRef {
    ReleaseRef { version: "1.0.0".parse().expect("a version"), record: Cid::of(Codec::DagCbor, b"a release") }
}

/// The code with which SPEC §6.3 refuses a record that does this.
fn form(action: Action) -> Option<Code> {
    code(Record::encode(next(&package(of(&[ALICE], 1), &[ALICE]), action)))
}

#[test]
fn rule_6_3_2_of_those_who_take_over() {
    assert_eq!(form(Action::Rekey(rekey(of(&[ALICE, BOB], 2)))), None);
    for broken in [of(&[ALICE], 0), of(&[ALICE], 2), of(&[], 0)] {
        assert_eq!(form(Action::Rekey(rekey(broken.clone()))), Some(Code::RecordInvalid));
        assert_eq!(form(transfer(broken)), Some(Code::RecordInvalid));
    }
    let mut many = of(&[ALICE], 1);
    many.floors.witnesses = 65;
    assert_eq!(form(Action::Rekey(rekey(many))), Some(Code::RecordInvalid));
    let both = with_recovery(of(&[ALICE, RESCUER], 1), 0);
    assert_eq!(
        form(Action::Rekey(rekey(both))),
        Some(Code::RecordInvalid),
        "(3) a recovery key that publishes"
    );
}

#[test]
fn rule_6_3_7_void_keys_are_sorted_few_and_gone() {
    let with = |void: Vec<Void>| {
        let to = with_recovery(of(&[ALICE], 1), 0);
        form(Action::Rekey(Rekey { void, ..rekey(to) }))
    };
    let mut two = vec![void(BOB, 0), void(EVE, 7)];
    two.sort_by_key(|void| void.key);
    assert_eq!(with(two.clone()), None);
    two.reverse();
    assert_eq!(with(two), Some(Code::RecordInvalid), "not sorted");
    assert_eq!(with(vec![void(EVE, 1), void(EVE, 2)]), Some(Code::RecordInvalid), "a key twice");
    assert_eq!(with(vec![void(ALICE, 1)]), Some(Code::RecordInvalid), "a key that goes on");
    assert_eq!(with(vec![void(RESCUER, 1)]), Some(Code::RecordInvalid), "a recovery key that goes on");
    let mut many: Vec<Void> = (20..37).map(|seed| void(seed, 0)).collect();
    many.sort_by_key(|void| void.key);
    assert_eq!(with(many.clone()), Some(Code::LimitExceeded), "17 keys");
    many.pop();
    assert_eq!(with(many), None, "16 keys");
}

#[test]
fn rule_6_3_8_yanks_have_a_reason_and_text_that_can_be_read() {
    let with = |change: &dyn Fn(&mut Yank)| {
        let mut body = yank(some_reference(), Severity::High);
        change(&mut body);
        form(Action::Yank(body))
    };
    assert_eq!(with(&|_| {}), None);
    assert_eq!(with(&|yank| yank.severity = Severity::None), Some(Code::RecordInvalid));
    assert_eq!(with(&|yank| yank.reason = Reason::Restored), Some(Code::RecordInvalid));
    let restored = |yank: &mut Yank| (yank.severity, yank.reason) = (Severity::None, Reason::Restored);
    assert_eq!(with(&restored), None);
    let text = |text: &str| with(&|yank| yank.text = Some(text.to_owned()));
    assert_eq!(text("Grüße, 世界"), None);
    assert_eq!(text(&"x".repeat(512)), None);
    for hidden in [
        "", "\n", "a\u{0}", "\u{7f}", "\u{9f}", "\u{ad}", "\u{61c}", "\u{200b}", "\u{200f}", "\u{2028}",
        "\u{202e}", "\u{2060}", "\u{206f}", "\u{feff}",
    ] {
        assert_eq!(text(hidden), Some(Code::RecordInvalid), "{hidden:?}");
    }
    assert_eq!(text(&"x".repeat(513)), Some(Code::RecordInvalid));
    let replacement = |version: &str| with(&|yank| yank.replacement = version.parse().ok());
    assert_eq!(replacement("1.0.1"), None);
    assert_eq!(replacement("1.0.0"), Some(Code::RecordInvalid), "itself");
    assert_eq!(with(&|yank| yank.release.record = Cid::of(Codec::Raw, b"")), Some(Code::CidMalformed));
}

#[test]
fn rule_6_3_9_every_bucket_of_a_channel_has_one_release() {
    let target = |patch: u64, weight| {
        let version = format!("1.0.{patch}").parse().expect("a version");
        Target { release: ReleaseRef { version, ..some_reference() }, weight }
    };
    let with = |targets: Vec<Target>| {
        form(Action::Channel(Channel { name: "stable".parse().expect("a channel"), targets }))
    };
    assert_eq!(with(vec![]), None, "a channel that names nothing");
    assert_eq!(with(vec![target(0, 10_000)]), None);
    assert_eq!(with(vec![target(1, 1), target(0, 9_999)]), None, "in any order");
    assert_eq!(with(vec![target(0, 9_999)]), Some(Code::RecordInvalid));
    assert_eq!(with(vec![target(0, 10_001)]), Some(Code::RecordInvalid));
    assert_eq!(with(vec![target(0, 10_000), target(1, 0)]), Some(Code::RecordInvalid), "no weight");
    assert_eq!(with(vec![target(0, 5_000), target(0, 5_000)]), Some(Code::RecordInvalid), "a version twice");
    assert_eq!(with(vec![target(0, 1), target(1, u64::MAX)]), Some(Code::RecordInvalid));
    assert_eq!(with((0..16).map(|patch| target(patch, 625)).collect()), None);
    assert_eq!(with((0..17).map(|patch| target(patch, 1)).collect()), Some(Code::LimitExceeded));
    let dealt = channel(
        "stable",
        &[some_reference(), ReleaseRef { version: "1.0.1".parse().expect("a version"), ..some_reference() }],
    );
    assert_eq!(dealt.target(9_998).map(|release| release.version.to_string()), Some("1.0.0".into()));
    assert_eq!(dealt.target(9_999).map(|release| release.version.to_string()), Some("1.0.1".into()));
    assert_eq!(dealt.target(10_000), None);
}

#[test]
fn rule_6_3_10_numbers_are_those_that_every_language_can_hold() {
    const MOST: u64 = (1 << 53) - 1;
    let with = |from, delay| {
        let to = with_recovery(of(&[ALICE], 1), delay);
        form(Action::Rekey(Rekey { void: vec![void(EVE, from)], ..rekey(to) }))
    };
    assert_eq!(with(MOST, MOST), None);
    assert_eq!(with(MOST + 1, MOST), Some(Code::RecordInvalid));
    assert_eq!(with(MOST, MOST + 1), Some(Code::RecordInvalid));
    let state = package(of(&[ALICE], 1), &[ALICE]);
    let far = RecordBody { sequence: MOST + 1, ..next(&state, release("1.0.0")) };
    assert_eq!(code(Record::encode(far)), Some(Code::RecordInvalid));
}

#[test]
fn rule_6_4_0_a_package_begins_once() {
    let state = package(of(&[ALICE], 1), &[ALICE]);
    let again = RecordBody { action: Action::Init(of(&[ALICE], 1)), ..init_body(&[], 0) };
    assert_eq!(code(follow(&state, again, &[&key(ALICE)])), Some(Code::RecordInitTaken));
}

#[test]
fn rule_6_4_2_a_record_stands_under_who_has_the_say_now() {
    let state = package(of(&[ALICE], 1), &[ALICE]);
    let late = next(&state, release("1.0.0"));
    let state = then(&state, Action::Rekey(rekey(of(&[BOB], 1))), &[ALICE]).expect("a rekey");
    let late = RecordBody { sequence: state.sequence + 1, prev: Some(state.newest), ..late };
    let old = SignedRecord::from_envelope(&sign(late.clone(), &[&key(ALICE)]), None);
    assert_eq!(code(old), Some(Code::RecordInvalid));
    assert_eq!(code(follow(&state, late.clone(), &[&key(ALICE)])), Some(Code::EnvelopeSignature), "T11");
    assert_eq!(code(follow(&state, late, &[&key(BOB)])), Some(Code::RecordAuthority));
    assert_eq!(code(then(&state, release("1.0.0"), &[ALICE])), Some(Code::EnvelopeSignature));
    assert_eq!(code(then(&state, release("1.0.0"), &[BOB])), None);
}

#[test]
fn t11_rule_6_4_3_each_kind_needs_the_threshold() {
    let state = package(with_recovery(of(&[ALICE, BOB], 2), 0), &[ALICE, BOB]);
    let state = then(&state, release("1.0.0"), &[ALICE, BOB]).expect("a release");
    let first = reference("1.0.0", &state);
    let kinds = [
        release("1.0.1"),
        Action::Yank(yank(first.clone(), Severity::Low)),
        Action::Channel(channel("stable", std::slice::from_ref(&first))),
        Action::Attest(attest(first)),
        Action::Rekey(rekey(with_recovery(of(&[ALICE], 1), 0))),
    ];
    for action in kinds {
        assert_eq!(code(then(&state, action.clone(), &[ALICE])), Some(Code::RecordThreshold), "{action:?}");
        assert_eq!(code(then(&state, action.clone(), &[RESCUER, HELPER])), Some(Code::EnvelopeSignature));
        assert_eq!(code(then(&state, action, &[ALICE, BOB])), None);
    }
    let to = with_recovery(of(&[EVE, BOB], 2), 0);
    assert_eq!(code(then(&state, transfer(to.clone()), &[EVE, BOB])), Some(Code::RecordThreshold));
    assert_eq!(code(then(&state, transfer(to), &[ALICE, BOB, EVE])), None);
    let rescue = Action::Rekey(recover(with_recovery(of(&[ALICE, EVE], 2), 0)));
    assert_eq!(code(then(&state, rescue.clone(), &[RESCUER])), Some(Code::RecordThreshold));
    assert_eq!(code(then(&state, rescue.clone(), &[ALICE, BOB])), Some(Code::EnvelopeSignature));
    assert_eq!(code(then(&state, rescue.clone(), &[RESCUER, HELPER])), None);
    let without = package(of(&[ALICE], 1), &[ALICE]);
    assert_eq!(code(then(&without, rescue, &[])), Some(Code::RecordRecovery), "there are no recovery keys");
}

#[test]
fn t12_rule_6_4_4_releases_meet_their_floors() {
    let mut asking = of(&[ALICE], 1);
    asking.floors.provenance = true;
    let state = package(asking, &[ALICE]);
    assert_eq!(code(then(&state, release("1.0.0"), &[ALICE])), Some(Code::RecordFloor));
    let Action::Release(mut proven) = release("1.0.0") else { unreachable!() };
    proven.provenance.push(attest(some_reference()).statement);
    assert_eq!(code(then(&state, Action::Release(proven), &[ALICE])), None);
}

#[test]
fn t07_rule_6_4_4_a_floor_of_versions_holds_under_its_own_authority() {
    let state = package(of(&[ALICE], 1), &[ALICE]);
    let floor = Some("2.0.0".parse().expect("a version"));
    let raised = Rekey { next_version_floor: floor, ..rekey(of(&[ALICE], 1)) };
    let state = then(&state, Action::Rekey(raised), &[ALICE]).expect("a rekey");
    assert_eq!(code(then(&state, release("1.9.9"), &[ALICE])), Some(Code::RecordFloor));
    assert_eq!(code(then(&state, release("2.0.0-rc.1"), &[ALICE])), Some(Code::RecordFloor));
    assert_eq!(code(then(&state, release("2.0.0"), &[ALICE])), None);
    let state = then(&state, Action::Rekey(rekey(of(&[ALICE], 1))), &[ALICE]).expect("a rekey");
    assert_eq!(code(then(&state, release("1.9.9"), &[ALICE])), None);
}

#[test]
fn t08_rule_6_4_5_neither_void_nor_yanked_versions_are_free_again() {
    let state = package(of(&[ALICE], 1), &[ALICE]);
    let state = then(&state, release("1.0.0"), &[ALICE]).expect("a release");
    let high = Action::Yank(yank(reference("1.0.0", &state), Severity::Critical));
    let yanked = then(&state, high, &[ALICE]).expect("a yank");
    assert_eq!(code(then(&yanked, release("1.0.0"), &[ALICE])), Some(Code::RecordVersionTaken));
    let revoked = Rekey { void: vec![void(ALICE, 1)], ..rekey(of(&[BOB], 1)) };
    let voided = then(&state, Action::Rekey(revoked), &[ALICE]).expect("a rekey");
    assert!(voided.releases.values().all(|release| release.void.is_some()));
    assert_eq!(code(then(&voided, release("1.0.0"), &[BOB])), Some(Code::RecordVersionTaken));
}

#[test]
fn rule_6_4_6_what_is_said_is_said_of_releases_that_are_there() {
    let state = package(of(&[ALICE, BOB], 1), &[ALICE]);
    let state = then(&state, release("1.0.0"), &[ALICE]).expect("a release");
    let right = reference("1.0.0", &state);
    let another = ReleaseRef { record: state.init, ..right.clone() };
    let revoked = Rekey { void: vec![void(ALICE, 1)], ..rekey(of(&[BOB], 1)) };
    let voided = then(&state, Action::Rekey(revoked), &[BOB]).expect("a rekey");
    let says: [fn(ReleaseRef) -> Action; 3] = [
        |release| Action::Yank(yank(release, Severity::Low)),
        |release| Action::Channel(channel("stable", &[release])),
        |release| Action::Attest(attest(release)),
    ];
    for say in says {
        assert_eq!(code(then(&state, say(right.clone()), &[ALICE])), None);
        assert_eq!(code(then(&state, say(another.clone()), &[ALICE])), Some(Code::RecordNoRelease));
        assert_eq!(code(then(&state, say(some_reference()), &[ALICE])), Some(Code::RecordNoRelease));
        assert_eq!(code(then(&voided, say(right.clone()), &[BOB])), Some(Code::ReleaseVoid));
    }
    let nothing = Action::Channel(channel("stable", &[]));
    assert_eq!(code(then(&state, nothing, &[ALICE])), None, "a channel may name nothing");
}

#[test]
fn the_newest_yank_of_a_release_counts() {
    let state = package(of(&[ALICE], 1), &[ALICE]);
    let mut state = then(&state, release("1.0.0"), &[ALICE]).expect("a release");
    let version = "1.0.0".parse::<Version>().expect("a version");
    for severity in [Severity::Low, Severity::Critical, Severity::Medium, Severity::None, Severity::High] {
        let action = Action::Yank(yank(reference("1.0.0", &state), severity));
        state = then(&state, action, &[ALICE]).expect("a yank");
        let counts = state.releases[&version].yanked.as_ref().map(|yanked| yanked.yank.severity);
        assert_eq!(counts, Some(severity).filter(|severity| *severity > Severity::None));
    }
}

#[test]
fn t07_rule_6_4_6_a_thief_cannot_use_up_the_channels() {
    let state = package(with_recovery(of(&[ALICE], 1), 0), &[ALICE]);
    let mut state = then(&state, release("1.0.0"), &[ALICE]).expect("a release");
    let named =
        |number: usize| Action::Channel(channel(&format!("c{number}"), &[reference("1.0.0", &state)]));
    let actions: Vec<Action> = (0..=limits::CHANNELS).map(named).collect();
    for action in &actions[..limits::CHANNELS] {
        state = then(&state, action.clone(), &[ALICE]).expect("a channel");
    }
    let one_more = actions[limits::CHANNELS].clone();
    assert_eq!(code(then(&state, one_more.clone(), &[ALICE])), Some(Code::LimitExceeded));
    assert_eq!(code(then(&state, actions[7].clone(), &[ALICE])), None, "one of them again");
    let closed = then(&state, Action::Channel(channel("c7", &[])), &[ALICE]).expect("a channel");
    assert_eq!(code(then(&closed, one_more.clone(), &[ALICE])), None, "one that names nothing leaves room");
    let back = Rekey { void: vec![void(ALICE, 2)], ..recover(with_recovery(of(&[BOB], 1), 0)) };
    let state = then(&state, Action::Rekey(back), &[RESCUER, HELPER]).expect("a rekey");
    assert_eq!(code(then(&state, one_more, &[BOB])), None, "and so do void ones");
}

#[test]
fn rule_6_4_7_a_record_is_the_next_one() {
    let state = package(of(&[ALICE], 1), &[ALICE]);
    let state = then(&state, release("1.0.0"), &[ALICE]).expect("a release");
    let body = next(&state, release("1.0.1"));
    for (sequence, prev) in [(1, state.newest), (3, state.newest), (2, state.init)] {
        let body = RecordBody { sequence, prev: Some(prev), ..body.clone() };
        assert_eq!(code(follow(&state, body, &[&key(ALICE)])), Some(Code::RecordSequence));
    }
    assert_eq!(code(follow(&state, body, &[&key(ALICE)])), None);
}

#[test]
fn t33_rule_6_5_signatures_that_count_must_be_valid() {
    let state = package(of(&[ALICE, BOB], 1), &[ALICE]);
    let body = next(&state, release("1.0.0"));
    let mut forged = sign(body, &[&key(ALICE)]);
    forged.push(Signature::from_bytes([1; 64]));
    let opened = SignedRecord::from_envelope(&forged, Some(&state.authority));
    assert_eq!(code(opened), Some(Code::EnvelopeSignature));
    let recovery = package(with_recovery(of(&[ALICE], 1), 0), &[ALICE, RESCUER, HELPER]);
    assert_eq!(recovery.sequence, 0, "recovery keys may sign an init, too");
    let rescue = Action::Rekey(recover(with_recovery(of(&[BOB], 1), 0)));
    assert_eq!(code(then(&recovery, rescue, &[RESCUER, HELPER, ALICE])), Some(Code::EnvelopeSignature));
}

#[test]
fn rule_6_6_a_who_takes_over_shows_their_keys() {
    let state = package(of(&[ALICE], 1), &[ALICE]);
    let to = of(&[BOB, EVE], 1);
    assert_eq!(code(then(&state, transfer(to.clone()), &[ALICE, BOB])), Some(Code::RecordThreshold));
    let state = then(&state, transfer(to), &[ALICE, BOB, EVE]).expect("a transfer");
    assert_eq!(code(then(&state, release("1.0.0"), &[EVE])), None);
    assert_eq!(code(then(&state, release("1.0.0"), &[ALICE])), Some(Code::EnvelopeSignature));
}

#[test]
fn t12_rule_6_6_b_the_old_threshold_alone_lowers_what_is_asked_for() {
    let mut high = with_recovery(of(&[ALICE, BOB], 2), 0);
    high.floors = Floors { provenance: true, witnesses: 2 };
    let state = package(high.clone(), &[ALICE, BOB]);
    let lower: [fn(&mut Powers); 3] = [
        |powers| powers.threshold = 1,
        |powers| powers.floors.provenance = false,
        |powers| powers.floors.witnesses = 1,
    ];
    for lower in lower {
        let mut to = high.clone();
        lower(&mut to);
        let given = then(&state, transfer(to.clone()), &[ALICE, BOB]);
        assert_eq!(code(given), Some(Code::RecordFloor), "a transfer");
        let rescued = then(&state, Action::Rekey(recover(to.clone())), &[RESCUER, HELPER]);
        assert_eq!(code(rescued), Some(Code::RecordFloor), "recovery keys");
        assert_eq!(code(then(&state, Action::Rekey(rekey(to)), &[ALICE, BOB])), None, "the old threshold");
    }
    assert_eq!(code(then(&state, transfer(high.clone()), &[ALICE, BOB])), None);
    assert_eq!(code(then(&state, Action::Rekey(recover(high)), &[RESCUER, HELPER])), None);
}

#[test]
fn t07_rule_6_6_c_recovery_keys_alone_change_recovery() {
    let old = with_recovery(of(&[ALICE], 1), 0);
    let state = package(old.clone(), &[ALICE]);
    let change: [fn(&mut Powers); 4] = [
        |powers| powers.recovery = None,
        |powers| powers.recovery.iter_mut().for_each(|recovery| recovery.threshold = 1),
        |powers| powers.recovery.iter_mut().for_each(|recovery| recovery.delay = DAY),
        |powers| powers.recovery.iter_mut().for_each(|recovery| recovery.keys.truncate(1)),
    ];
    for (at, change) in change.into_iter().enumerate() {
        let mut to = old.clone();
        change(&mut to);
        to.recovery
            .iter_mut()
            .for_each(|recovery| recovery.threshold = recovery.threshold.min(recovery.keys.len() as u64));
        let stolen = then(&state, Action::Rekey(rekey(to.clone())), &[ALICE]);
        assert_eq!(code(stolen), Some(Code::RecordRecovery), "change {at} by a rekey");
        assert_eq!(
            code(then(&state, transfer(to.clone()), &[ALICE])),
            Some(Code::RecordRecovery),
            "by a transfer"
        );
        assert_eq!(code(then(&state, Action::Rekey(recover(to)), &[RESCUER, HELPER])), None, "by recovery");
    }
    let without = package(of(&[ALICE], 1), &[ALICE]);
    assert_eq!(code(then(&without, Action::Rekey(rekey(old)), &[ALICE])), None, "where there are none yet");
}

#[test]
fn t07_rule_6_6_d_a_thief_cannot_use_up_the_chain() {
    let ours = with_recovery(of(&[BOB], 1), 0);
    let mut theirs = with_recovery(of(&[EVE], 1), 0);
    theirs.floors = Floors { provenance: true, witnesses: 64 };
    let mut state = package(with_recovery(of(&[EVE], 1), 0), &[EVE]);
    for number in 1..112 {
        state = then(&state, Action::Rekey(rekey(theirs.clone())), &[EVE])
            .unwrap_or_else(|error| panic!("{number}: {error}"));
    }
    assert_eq!(code(then(&state, Action::Rekey(rekey(theirs.clone())), &[EVE])), Some(Code::LimitExceeded));
    assert_eq!(code(then(&state, transfer(theirs.clone()), &[EVE])), Some(Code::LimitExceeded));

    let raised = Powers { floors: theirs.floors, ..ours.clone() };
    for left in (0..16).rev() {
        let back = Action::Rekey(recover(raised.clone()));
        state = then(&state, back, &[RESCUER, HELPER]).unwrap_or_else(|error| panic!("{left} left: {error}"));
        let lower = Action::Rekey(rekey(ours.clone()));
        let wanted = (left == 0).then_some(Code::LimitExceeded);
        let lowered = then(&state, lower.clone(), &[BOB]);
        assert_eq!(code(lowered.clone()), wanted, "what the thief raised is lowered");
        if let Ok(lowered) = lowered {
            assert_eq!(code(then(&lowered, lower, &[BOB])), Some(Code::LimitExceeded), "once");
        }
    }
    assert_eq!(state.authority.position, 127);
    let no_more = Action::Rekey(recover(raised));
    assert_eq!(code(then(&state, no_more, &[RESCUER, HELPER])), Some(Code::LimitExceeded));
}

#[test]
fn rule_6_6_what_recovery_keys_do_waits_for_the_delay() {
    let state = package(with_recovery(of(&[ALICE], 1), DAY), &[ALICE]);
    let back = Action::Rekey(recover(with_recovery(of(&[BOB], 1), 0)));
    let waiting = then(&state, back.clone(), &[RESCUER, HELPER]).expect("a rekey");
    assert_eq!(waiting.authority, state.authority);
    let pending = waiting.pending.as_ref().expect("it waits");
    assert_eq!((pending.from, pending.authority.cid), (TIME + DAY, waiting.newest));
    let (before, after) = (TIME + DAY - 1, TIME + DAY);
    assert_eq!(
        code(at(&waiting, release("1.0.0"), &[ALICE], before)),
        None,
        "the old ones publish until then"
    );
    assert_eq!(code(at(&waiting, release("1.0.0"), &[BOB], before)), Some(Code::EnvelopeSignature));
    assert_eq!(code(at(&waiting, release("1.0.0"), &[ALICE], after)), Some(Code::EnvelopeSignature));
    assert_eq!(code(at(&waiting, release("1.0.0"), &[BOB], after)), None, "and the new ones from then on");
    assert_eq!(waiting.at(before), waiting);
    assert_eq!(waiting.at(after).authority, pending.authority, "also where nothing was logged");
    assert_eq!(waiting.at(after).sequence, waiting.sequence);

    let vetoed = at(&waiting, Action::Rekey(rekey(with_recovery(of(&[ALICE], 1), DAY))), &[ALICE], before);
    let vetoed = vetoed.expect("a veto");
    assert_eq!(vetoed.pending, None);
    assert_eq!(vetoed.at(u64::MAX), vetoed, "T07: the old threshold can veto");

    let another = Action::Rekey(recover(with_recovery(of(&[EVE], 1), 0)));
    let replaced = at(&waiting, another.clone(), &[RESCUER, HELPER], before).expect("another rekey");
    assert_eq!(replaced.at(after).authority, state.authority, "the first one is void");
    assert_eq!(replaced.at(before + DAY).authority.cid, replaced.newest);
    let late = at(&waiting, another, &[RESCUER, HELPER], after).expect("under the one that holds then");
    assert_eq!(late.authority.cid, late.newest, "which asks for no delay");
}

#[test]
fn t07_rule_6_6_the_delay_is_not_of_the_thieves_making() {
    let state = package(with_recovery(of(&[ALICE], 1), DAY), &[ALICE]);
    let quick = Action::Rekey(recover(with_recovery(of(&[EVE], 1), 0)));
    let waiting = then(&state, quick, &[RESCUER, HELPER]).expect("a rekey");
    assert_eq!(waiting.authority, state.authority, "the delay is that of the authority before");
    // The veto at the end of a chain needs a place in it, which only recovery keys have there.
    let mut state = state;
    let theirs = Action::Rekey(rekey(with_recovery(of(&[ALICE], 1), DAY)));
    while let Ok(next) = then(&state, theirs.clone(), &[ALICE]) {
        state = next;
    }
    let back = Action::Rekey(recover(with_recovery(of(&[BOB], 1), DAY)));
    let state = then(&state, back, &[RESCUER, HELPER]).expect("a rekey");
    assert_eq!(code(then(&state, theirs, &[ALICE])), Some(Code::LimitExceeded));
    assert_eq!(state.at(TIME + DAY).authority.cid, state.newest);
}

#[test]
fn t07_rule_6_7_void_is_what_falls_short_without_the_keys() {
    let state = package(of(&[ALICE, BOB, EVE], 2), &[ALICE, BOB]);
    let state = then(&state, release("1.0.0"), &[BOB, EVE]).expect("before the theft");
    let state = then(&state, release("1.0.1"), &[BOB, EVE]).expect("with the stolen key");
    let state = then(&state, release("1.0.2"), &[ALICE, BOB, EVE]).expect("the threshold is met without it");
    let state = then(&state, release("1.0.3"), &[ALICE, BOB]).expect("without it");
    let targets = [reference("1.0.3", &state)];
    let state = then(&state, Action::Channel(channel("stable", &targets)), &[ALICE, BOB]).expect("ours");
    let state = then(&state, Action::Channel(channel("beta", &targets)), &[ALICE, EVE]).expect("theirs");
    let revoke = Rekey { void: vec![void(EVE, 2)], ..rekey(of(&[ALICE, BOB], 2)) };
    let voided = then(&state, Action::Rekey(revoke.clone()), &[ALICE, BOB]).expect("a rekey");
    let by: Vec<Option<Cid>> = voided.releases.values().map(|release| release.void).collect();
    assert_eq!(by, [None, Some(voided.newest), None, None]);
    let named: Vec<bool> = voided.channels.values().map(ChannelState::names).collect();
    assert_eq!(named, [false, true]);
    let again = Action::Channel(channel("beta", &targets));
    let again = then(&voided, again, &[ALICE, BOB]).expect("set again");
    assert!(again.channels.values().all(ChannelState::names));

    // Another rekey neither takes it back nor claims it.
    let later = Rekey { void: vec![void(EVE, 0)], ..revoke };
    let later = then(&voided, Action::Rekey(later), &[ALICE, BOB]).expect("a rekey");
    let by: Vec<Option<Cid>> = later.releases.values().map(|release| release.void).collect();
    assert_eq!(by, [Some(later.newest), Some(voided.newest), None, None]);
}

#[test]
fn t07_rule_6_7_what_was_signed_while_recovery_waited_is_void_too() {
    let state = package(with_recovery(of(&[EVE], 1), DAY), &[EVE]);
    let back = Rekey { void: vec![void(EVE, 1)], ..recover(with_recovery(of(&[ALICE], 1), 0)) };
    let state = then(&state, Action::Rekey(back), &[RESCUER, HELPER]).expect("a rekey");
    let state = at(&state, release("1.0.0"), &[EVE], TIME + 1).expect("the thief goes on");
    let is_void = |state: &PackageState| state.releases.values().all(|release| release.void.is_some());
    assert!(!is_void(&state.at(TIME + DAY - 1)));
    assert!(is_void(&state.at(TIME + DAY)));
    let after = at(&state, release("1.0.1"), &[ALICE], TIME + DAY).expect("a release");
    assert_eq!(after.releases.values().filter(|release| release.void.is_none()).count(), 1);
}

#[test]
fn rule_6_7_a_threshold_is_the_one_of_its_time() {
    let state = package(of(&[ALICE, BOB], 1), &[ALICE]);
    let state = then(&state, release("1.0.0"), &[ALICE, BOB]).expect("two sign where one must");
    let state = then(&state, Action::Rekey(rekey(of(&[ALICE, BOB], 2))), &[ALICE]).expect("a rekey");
    let revoke = Rekey { void: vec![void(BOB, 1)], ..rekey(of(&[ALICE], 1)) };
    let state = then(&state, Action::Rekey(revoke), &[ALICE, BOB]).expect("a rekey");
    assert!(state.releases.values().all(|release| release.void.is_none()), "one was enough");
}

#[test]
fn ranges_take_neither_void_nor_yanked_releases() {
    let state = package(of(&[ALICE, BOB], 1), &[ALICE]);
    let mut state = then(&state, release("1.0.0"), &[ALICE]).expect("a release");
    for (version, by) in [("1.0.1", ALICE), ("1.0.2", ALICE), ("1.0.3", BOB)] {
        state = then(&state, release(version), &[by]).expect("a release");
    }
    let low = Action::Yank(yank(reference("1.0.2", &state), Severity::Low));
    let state = then(&state, low, &[ALICE]).expect("a yank");
    let revoke = Rekey { void: vec![void(BOB, 1)], ..rekey(of(&[ALICE], 1)) };
    let state = then(&state, Action::Rekey(revoke), &[ALICE]).expect("a rekey");
    let newest = |tolerated: Severity| {
        let found = state.newest_of(|_| true, |severity| severity <= tolerated);
        found.map(|(version, _)| version.to_string())
    };
    assert_eq!(newest(Severity::None).as_deref(), Some("1.0.1"));
    assert_eq!(newest(Severity::Low).as_deref(), Some("1.0.2"));
    assert_eq!(state.newest_of(|version| *version > "1.0.2".parse().expect("a version"), |_| true), None);
}

/// Whatever a chain of authority is made of, receipts and heads can hold it: or a thief could make a package that nobody
/// can be given any more.
#[test]
fn t07_the_longest_chain_fits_into_a_resolution() {
    const MOST: u64 = (1 << 53) - 1;
    let (old, new): (Vec<u8>, Vec<u8>) = ((50..66).collect(), (70..86).collect());
    let recovery =
        Some(Recovery { keys: of(&(90..106).collect::<Vec<u8>>(), 16).keys, threshold: 16, delay: MOST });
    let to = Powers {
        recovery: recovery.clone(),
        floors: Floors { witnesses: 64, provenance: false },
        ..of(&new, 16)
    };
    let next_version_floor =
        Some(format!("1.0.0-{}", "x".repeat(limits::VERSION_CHARS - 6)).parse().expect("a version"));
    let mut void: Vec<Void> = (110..126).map(|seed| void(seed, MOST)).collect();
    void.sort_by_key(|void| void.key);
    let authority = package(Powers { recovery, ..of(&old, 16) }, &old).authority;
    let signed = |action: Action, seeds: &[u8]| {
        let some = Some(Cid::of(Codec::DagCbor, b""));
        let package = format!("@{}/{}", "a".repeat(100), "b".repeat(limits::NAME_CHARS - 102));
        let body = RecordBody {
            origin: "o".repeat(limits::ORIGIN_CHARS).parse().expect("an origin"),
            package: package.parse().expect("a name"),
            sequence: MOST,
            prev: some,
            authority: some,
            action,
        };
        let keys: Vec<SigningKey> = seeds.iter().map(|seed| key(*seed)).collect();
        let envelope = sign(body, &keys.iter().collect::<Vec<_>>());
        assert!(envelope.to_json().len() <= limits::ENVELOPE_BYTES);
        let signed = SignedRecord::from_envelope(&envelope, Some(&authority)).expect("signed");
        ByteBuf::from(signed.encode().expect("bytes"))
    };
    let all: Vec<u8> = old.iter().chain(&new).copied().collect();
    let transfer = Transfer { to: to.clone(), next_version_floor: next_version_floor.clone() };
    let largest = signed(Action::Transfer(transfer), &all);
    let rekey = signed(Action::Rekey(Rekey { void, next_version_floor, ..rekey(to) }), &old);
    assert!(rekey.len() < largest.len());

    let bytes = |length: usize| ByteBuf::from(vec![0; length]);
    let record = || bytes(limits::ENVELOPE_BYTES);
    let leaf = || ShownLeaf { index: MOST, leaf: bytes(limits::STATE_BYTES) };
    let proof = vec![log::leaf_hash(b""); limits::PROOF_HASHES];
    let receipt = Receipt {
        format: ReceiptFormat::V1,
        chain: vec![largest.clone(); 100],
        record: record(),
        index: MOST,
        checkpoint: bytes(limits::CHECKPOINT_BYTES),
        inclusion: proof.clone().into(),
    };
    let chain = vec![largest; limits::CHAIN_RECORDS - receipt.chain.len()];
    let head = Head {
        format: HeadFormat::V1,
        checkpoint: bytes(limits::CHECKPOINT_BYTES),
        join: Join::Consistency(proof.clone().into()),
        standing: Some(Standing {
            map: MapProof {
                entry: bytes(100),
                inclusion: proof.clone().into(),
                path: map::MapPath { siblings: vec![proof[0]; map::MapKey::BITS].into(), other: None },
            },
            state: bytes(limits::STATE_BYTES),
            versions: ShownLeaves { leaves: vec![leaf(); 100], proof: proof.clone().into() },
            channels: Some(ShownLeaves { leaves: vec![leaf()], proof: proof.clone().into() }),
            chain,
            yank: Some(record()),
            channel: Some(record()),
        }),
        since: Some(Since { size: MOST, consistency: proof.into() }),
    };
    let (receipt, head) = (receipt.encode().expect("a receipt"), head.encode().expect("a head"));
    let whole = Resolution { format: ResolutionFormat::V1, receipt: receipt.into(), head: head.into() };
    assert!(whole.encode().is_ok());
}
