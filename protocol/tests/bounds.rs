//! SPEC §12: what a package's state holds at most, and that readers can hold it.
mod support;

use std::collections::BTreeMap;

use cidery_protocol::*;
use ed25519_dalek::SigningKey;
use support::*;

fn code<T>(result: Result<T, Error>) -> Option<Code> {
    result.err().map(|error| error.code())
}

fn version(number: usize) -> Version {
    format!("{number}.0.0").parse().expect("a version")
}

/// A package with so many releases more, all of them void or none.
fn with_releases(mut state: PackageState, count: usize, void: Option<Cid>) -> PackageState {
    let like = state.releases.values().next().expect("a release").clone();
    let first = state.releases.len() + 1;
    state
        .releases
        .extend((first..first + count).map(|at| (version(at), ReleaseState { void, ..like.clone() })));
    state
}

fn one_release(alice: &SigningKey) -> PackageState {
    let state = begin(&[alice], 1);
    follow(&state, release_body("1.0.0", &state), &[alice]).expect("a release")
}

#[test]
fn t27_a_package_has_so_many_releases_and_no_more() {
    let alice = key(1);
    let release = |state: &PackageState| follow(state, release_body("0.1.0", state), &[&alice]);
    let standing = limits::RELEASES_STANDING;
    let state = with_releases(one_release(&alice), standing - 2, None);
    let full = release(&state).expect("the last one");
    assert_eq!(full.releases.len(), standing);
    let more = |state: &PackageState| code(follow(state, release_body("0.2.0", state), &[&alice]));
    assert_eq!(more(&full), Some(Code::LimitExceeded));
    assert_eq!(
        code(release(&full)),
        Some(Code::RecordVersionTaken),
        "who asks for a version that is taken is told so"
    );
    let last = follow(&full, next(&full, yank("1.0.0", &full)), &[&alice]);
    assert_eq!(code(last), None, "records that add no release go on");
}

#[test]
fn t07_t27_a_thief_cannot_use_up_the_versions() {
    let (alice, thief) = (key(1), key(2));
    let state = begin(&[&alice, &thief], 1);
    let state = follow(&state, release_body("1.0.0", &state), &[&thief]).expect("a release");
    let state = with_releases(state, limits::RELEASES_STANDING - 1, None);
    let release = |state: &PackageState| follow(state, release_body("0.1.0", state), &[&alice]);
    assert_eq!(code(release(&state)), Some(Code::LimitExceeded));
    let void = vec![Void { key: public(&thief), from_sequence: 1 }];
    let to = powers(&[&alice], 1);
    let rekey = Rekey { by: Signatories::Publishers, to, void, next_version_floor: None };
    let state = follow(&state, next(&state, Action::Rekey(rekey)), &[&alice]).expect("a rekey");
    assert_eq!(code(release(&state)), None, "void ones leave room");
    let left = limits::RELEASES - state.releases.len();
    let full = with_releases(state, left, Some(Cid::of(Codec::DagCbor, b"rekey")));
    assert_eq!(code(release(&full)), Some(Code::LimitExceeded), "but no more than the state can hold");
}

#[test]
fn t27_a_package_has_so_many_names_of_channels_and_no_more() {
    let alice = key(1);
    let mut state = one_release(&alice);
    let channel = |name: usize| {
        let name = format!("c{name}").parse().expect("a channel");
        Action::Channel(Channel { name, targets: vec![] })
    };
    for name in 0..limits::CHANNEL_NAMES {
        state = follow(&state, next(&state, channel(name)), &[&alice]).expect("a channel");
    }
    let set = |name| code(follow(&state, next(&state, channel(name)), &[&alice]));
    assert_eq!(set(limits::CHANNEL_NAMES), Some(Code::LimitExceeded));
    assert_eq!(set(7), None, "one of them again");
}

fn yank(version: &str, state: &PackageState) -> Action {
    Action::Yank(Yank {
        release: reference(version, state),
        severity: Severity::High,
        reason: Reason::Security,
        text: Some("x".repeat(limits::TEXT_BYTES)),
        replacement: Some("0.0.1".parse().expect("a version")),
    })
}

/// The object that reads find has 32 MiB at most, and holds beside the state a place in the log for each version.
#[test]
fn t27_the_largest_state_fits_into_its_object() {
    let keys: Vec<_> = (1..=16).map(key).collect();
    let keys: Vec<_> = keys.iter().collect();
    let state = begin(&keys, 16);
    let state = follow(&state, release_body("1.0.0", &state), &keys).expect("a release");
    let mut state = follow(&state, next(&state, yank("1.0.0", &state)), &keys).expect("a yank");
    let long = |at: usize| -> Version {
        let start = format!("{at}.0.0-");
        format!("{start}{}", "x".repeat(limits::VERSION_CHARS - start.len())).parse().expect("a version")
    };
    let mut like = state.releases.values().next().expect("a release").clone();
    let yanked = like.yanked.as_mut().expect("it is yanked");
    (yanked.yank.release.version, yanked.yank.replacement) = (long(0), Some(long(1)));
    let void = Some(state.newest);
    (like.sequence, like.void) = (1 << 50, void);
    state.releases = (0..limits::RELEASES).map(|at| (long(at), like.clone())).collect();
    let target = |at| Target { release: ReleaseRef { version: long(at), record: like.record }, weight: 625 };
    let channel = ChannelState {
        record: like.record,
        sequence: 1 << 50,
        targets: (0..limits::CHANNEL_TARGETS).map(target).collect(),
        signers: like.signers.clone(),
        threshold: 16,
        void,
    };
    let name = |at: usize| format!("c{at:063}").parse::<ChannelName>().expect("a channel");
    state.channels = (0..limits::CHANNEL_NAMES).map(|at| (name(at), channel.clone())).collect();
    let places = state.releases.keys().map(|version| (version.clone(), 1 << 50));
    let places = serde_ipld_dagcbor::to_vec(&places.collect::<BTreeMap<_, u64>>()).expect("bytes").len();
    let state = serde_ipld_dagcbor::to_vec(&state).expect("bytes").len();
    assert!(state + places + 100 < 32 << 20, "{state} and {places} bytes");
}
