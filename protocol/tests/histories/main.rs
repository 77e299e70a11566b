//! SPEC §6.4 to §6.7 by random histories: whatever is tried, the state machine and a model written from the specification
//! say the same of it, and no history but the one that was made can be made of its parts.
mod attempt;
mod model;
mod story;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use attempt::*;
use cidery_protocol::*;
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use story::*;
use support::*;

/// A package after some records, all of which it took.
fn history() -> impl Strategy<Value = Story> {
    (beginning(), vec(honest(), 0..16)).prop_map(|(crew, attempts)| {
        let mut story = Story::begin(&crew);
        for attempt in &attempts {
            story.tell(attempt);
        }
        story
    })
}

/// A story has many signatures: an eighth of proptest's cases, of which `PROPTEST_CASES` asks for more.
fn config() -> Config {
    let usual = Config::default();
    Config { cases: usual.cases.div_ceil(8), ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn t07_t11_t12_t21_what_the_rules_forbid_is_refused(crew in beginning(), attempts in vec(attempt(), 0..25)) {
        let mut story = Story::begin(&crew);
        for attempt in &attempts {
            story.tell(attempt);
        }
    }

    #[test]
    fn whoever_replays_the_entries_has_the_state(story in history()) {
        prop_assert_eq!(replay(&story.entries), Ok(story.state));
    }

    #[test]
    fn t21_no_entry_is_dropped_doubled_or_swapped(story in history(), one: Index, other: Index) {
        let entries = &story.entries;
        let (one, other) = (one.index(entries.len()), other.index(entries.len()));
        let mut doubled = entries.clone();
        doubled.insert(one.max(other) + 1, entries[one].clone());
        prop_assert!(replay(&doubled).is_err(), "{one} again after {other}");
        if one + 1 < entries.len() {
            let mut shorter = entries.clone();
            shorter.remove(one);
            prop_assert!(replay(&shorter).is_err(), "without {one}");
        }
        if one != other {
            let mut swapped = entries.clone();
            swapped.swap(one, other);
            prop_assert!(replay(&swapped).is_err(), "{one} and {other} swapped");
        }
    }

    #[test]
    fn t21_no_bit_of_a_signed_record_is_altered(story in history(), which: Index, at: Index, bit in 0..8_u8) {
        let mut entries = story.entries;
        let which = which.index(entries.len());
        let entry = &mut entries[which];
        let time = SignedRecord::claim_of_entry(entry).expect("an entry").1;
        let at = at.index(entry.len());
        entry[at] ^= 1 << bit;
        // The time is the log's word and nobody's signature: its place in the tree holds it.
        let same = SignedRecord::claim_of_entry(entry).map_or(true, |(_, claimed)| claimed == time);
        prop_assert!(!same || replay(&entries).is_err(), "byte {at}, bit {bit} of entry {which}");
    }

    #[test]
    fn t21_no_entry_is_of_another_package(story in history(), other in history(), which: Index, at: Index) {
        let mut entries = story.entries;
        let (which, at) = (which.index(other.entries.len()), at.index(entries.len()));
        prop_assume!(other.entries[which] != entries[at]);
        entries.insert(at + 1, other.entries[which].clone());
        prop_assert!(replay(&entries).is_err());
    }

    #[test]
    fn time_only_goes_on(crew in beginning(), attempts in vec(attempt(), 0..25), one in 0..2_000_u64, two in 0..2_000_u64) {
        let mut story = Story::begin(&crew);
        for attempt in &attempts {
            story.tell(attempt);
            let state = story.state();
            let (one, two) = (TIME + one, TIME + two);
            prop_assert_eq!(&state.at(one).at(one), &state.at(one));
            prop_assert_eq!(state.at(one).at(two), state.at(one.max(two)));
            let later = story.model.summary(one.max(story.now()));
            prop_assert_eq!(model::summary(&state.at(one.max(story.now()))), later);
        }
    }

    #[test]
    fn t07_t08_what_is_void_stays_void_and_what_is_taken_stays_taken(crew in beginning(), attempts in vec(honest(), 0..40)) {
        let mut story = Story::begin(&crew);
        for attempt in &attempts {
            let before = story.state().clone();
            story.tell(attempt);
            for (version, was) in &before.releases {
                let is = &story.state().releases[version];
                prop_assert_eq!((is.record, is.sequence, is.time), (was.record, was.sequence, was.time));
                prop_assert!(was.void.is_none() || is.void == was.void);
            }
            for (name, was) in &before.channels {
                let is = &story.state().channels[name];
                prop_assert!(is.record != was.record || was.void.is_none() || is.void == was.void);
            }
        }
    }

    #[test]
    fn t11_thieves_of_less_than_a_threshold_do_nothing(story in history(), what in attempt(), stolen: u16) {
        let mut story = story;
        let before = story.state.clone();
        let attempt = Attempt { signers: Signers::Some(stolen), ..what };
        if let Some(said) = story.said(&attempt) {
            let powers = story.state().at(said.time).authority.powers;
            let held = |keys: &[PublicKey]| keys.iter().filter(|key| said.signers.contains(key)).count() as u64;
            let publishers = held(&powers.keys) >= powers.threshold;
            let recovers = powers.recovery.iter().any(|recovery| held(&recovery.keys) >= recovery.threshold);
            if !publishers && !recovers {
                prop_assert!(story.hear(said).is_err());
                prop_assert_eq!(story.state, before);
            }
        }
    }

    #[test]
    fn t07_recovery_keys_get_a_stolen_package_back(
        mut crew in beginning(),
        days in vec(honest(), 0..8),
        nights in vec((attempt(), any::<u16>()), 0..20),
        later in vec((attempt(), any::<u16>()), 0..5),
    ) {
        const PUBLISHERS: u16 = 0b1111;
        const RECOVERY: u16 = 0b11 << 4;
        const KEPT: u16 = 0b111 << 6;
        const THIEVES: u16 = PUBLISHERS | 0b111 << 9;
        crew.keys = (crew.keys & PUBLISHERS) | 1;
        crew.recovery = Recovering::Other { keys: RECOVERY, threshold: 2, delay: 0 };
        let mut story = Story::begin(&crew);
        for day in days.iter().filter(|day| !matches!(day.what, What::Rekey { .. } | What::Transfer { .. })) {
            story.tell(day);
        }

        let theft = story.state().clone();
        let recovery = theft.authority.powers.recovery.clone();
        let steal = |story: &mut Story, (attempt, signers): &(Attempt, u16)| {
            let mut said = story.said(attempt)?;
            let thieves: BTreeSet<PublicKey> = chosen(THIEVES).into_iter().collect();
            if !said.signers.is_subset(&thieves) {
                said.signers = chosen(THIEVES & signers).into_iter().collect();
            }
            said.forged.clear();
            Some(story.hear(said))
        };
        for night in &nights {
            steal(&mut story, night);
            prop_assert_eq!(&story.state().authority.powers.recovery, &recovery);
        }

        let stolen = story.state().clone();
        let powers = |threshold, floors| Powers { keys: chosen(KEPT), threshold, floors, recovery: recovery.clone() };
        let was = &stolen.authority.powers;
        let void = chosen(THIEVES).into_iter().map(|key| Void { key, from_sequence: theft.sequence + 1 });
        let rekey = |by, to, void| Action::Rekey(Rekey { by, to, void, next_version_floor: None });
        let back = rekey(Signatories::Recovery, powers(was.threshold, was.floors), void.collect());
        prop_assert_eq!(story.say(back, RECOVERY), Ok(()));
        let state = story.state();
        for (version, release) in &state.releases {
            let before = stolen.releases[version].void;
            prop_assert!(release.sequence <= theft.sequence || release.void.is_some(), "a thief's release");
            prop_assert!(release.sequence > theft.sequence || release.void == before, "an owner's release");
        }
        prop_assert!(state.channels.values().all(|channel| channel.sequence <= theft.sequence || !channel.names()));

        // What a thief raised, the owners lower; and go on.
        let lower = rekey(Signatories::Publishers, powers(1, Floors::default()), vec![]);
        prop_assert_eq!(story.say(lower, KEPT), Ok(()));
        let Action::Release(mut release) = release_body("100.0.0", story.state()).action else { unreachable!() };
        release.provenance.clear();
        prop_assert_eq!(story.say(Action::Release(release), KEPT & !(KEPT - 1)), Ok(()));
        let target = Target { release: reference("100.0.0", story.state()), weight: 10_000 };
        let name = "stable".parse().expect("a channel");
        prop_assert_eq!(story.say(Action::Channel(Channel { name, targets: vec![target] }), KEPT), Ok(()));
        for attempt in &later {
            prop_assert!(steal(&mut story, attempt).is_none_or(|verdict| verdict.is_err()));
        }
    }
}

/// The stories are not empty ones: each kind of record is taken in some, and each rule refuses one.
#[test]
fn the_stories_meet_every_rule() {
    let mut runner = TestRunner::new_with_rng(
        Config::with_cases(0),
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let (mut taken, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..60 {
        let new = |runner: &mut TestRunner| (beginning(), vec(attempt(), 25)).new_tree(runner);
        let (crew, attempts) = new(&mut runner).expect("a story").current();
        let mut story = Story::begin(&crew);
        for attempt in &attempts {
            match story.tell(attempt) {
                Some(Ok(())) => {
                    let said = story.model.said.last().expect("it was just said");
                    taken.insert(said.record.payload_type());
                    if story.state().pending.is_some() {
                        taken.insert("a pending rekey");
                    }
                    if story.state().releases.values().any(|release| release.void.is_some()) {
                        taken.insert("a void release");
                    }
                    if story.state().channels.values().any(|channel| channel.void.is_some()) {
                        taken.insert("a void channel");
                    }
                    if story.state().releases.values().any(|release| release.yanked.is_some()) {
                        taken.insert("a yanked release");
                    }
                }
                Some(Err(code)) => {
                    refused.insert(code.as_str());
                }
                None => {}
            }
        }
    }
    assert_eq!(taken.len(), 7 - 1 + 4, "every kind but a second init, and what comes of them: {taken:?}");
    let wanted = [
        Code::EnvelopeSignature,
        Code::RecordInitTaken,
        Code::RecordOrigin,
        Code::RecordPackage,
        Code::RecordAuthority,
        Code::RecordThreshold,
        Code::RecordRecovery,
        Code::RecordFloor,
        Code::RecordVersionTaken,
        Code::RecordNoRelease,
        Code::ReleaseVoid,
        Code::RecordSequence,
    ];
    for code in wanted {
        assert!(refused.contains(code.as_str()), "no story meets {}: {refused:?}", code.as_str());
    }
}
