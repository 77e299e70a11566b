//! Whole logs: honest ones are replayed without a fault, whatever happened in them, and every fault is found where it is, with
//! the evidence for it.
mod accused;
mod framed;
#[path = "../support/mod.rs"]
mod support;
mod whole;

use std::collections::BTreeMap;

use cidery_protocol::{Code, log::empty_root};
use cidery_verifier::{Evidence, Fault, LogReplay, LogTree, Logged, Shown};
use support::{
    folder, history,
    ipld::{powers, with_recovery},
    log::public,
    plan::{COSIGNER, LOG, LOGGED, NEXT, ORIGIN, PUBLISHER, RECOVERY, SECOND, STRANGER},
    steps::{attest, channel, init, recover, rekey, release, transfer, yank},
    vector,
};
use whole::{Head, Whole};

const HOUR: u64 = 3_600;

/// Three packages with records of every kind, and a recovery that waits over several heads.
fn honest() -> Whole {
    let mut whole = Whole::default();
    let recoverable = |key| with_recovery(powers(&[key], 1), &[RECOVERY], 1, 24 * HOUR);
    whole.log_it("@acme/hello", init(recoverable(PUBLISHER)).at(LOGGED)).expect("it begins");
    whole.log_it("@acme/hello", release("1.0.0").at(LOGGED)).expect("it may follow");
    whole.map(LOGGED);
    let tool = |whole: &mut Whole, step: support::steps::Step, time| {
        whole.log_it("@other/tool", step.by(&[STRANGER]).at(time)).expect("it may follow");
    };
    tool(&mut whole, init(powers(&[STRANGER], 1)), LOGGED + 10);
    for step in
        [release("0.1.0"), yank("0.1.0", "low"), attest("0.1.0"), channel("next", &[("0.1.0", 10_000)])]
    {
        tool(&mut whole, step, LOGGED + 11);
    }
    whole.map(LOGGED + 11);
    whole.log_it("@acme/hello", recover(recoverable(NEXT)).at(LOGGED + 20)).expect("it waits");
    whole.log_it("@acme/hello", release("1.1.0").at(LOGGED + 21)).expect("the old key signs");
    whole.map(LOGGED + 22);
    tool(&mut whole, rekey(powers(&[SECOND], 1)), LOGGED + HOUR);
    let by_second = |step: support::steps::Step| step.by(&[SECOND]).at(LOGGED + HOUR);
    whole.log_it("@other/tool", by_second(release("0.2.0"))).expect("the new key signs");
    whole.log_it("@other/tool", transfer(powers(&[STRANGER], 1)).by(&[SECOND, STRANGER]).at(LOGGED + HOUR));
    whole.map(LOGGED + HOUR);
    // The delay is over, and nothing is published: the group is a map alone.
    whole.map(LOGGED + 25 * HOUR);
    whole.log_it("@acme/hello", release("2.0.0").by(&[NEXT]).at(LOGGED + 25 * HOUR)).expect("it holds now");
    whole.map(LOGGED + 25 * HOUR);
    whole
}

/// Replays a log as a monitor does, up to the first fault.
fn replay(whole: &Whole) -> (LogReplay, Option<Fault>) {
    let mut replay = LogReplay::new(whole.log.origin.clone());
    for entry in &whole.log.entries {
        if let Err(fault) = replay.entry(entry) {
            return (replay, Some(fault));
        }
    }
    let fault = replay.ends_with_map().err();
    (replay, fault)
}

/// What the evidence of a fault shows to somebody else.
fn convict(whole: &Whole, fault: &Fault) -> Shown {
    let head = Head::of(whole, whole.log.size());
    let entries = |indexes: Vec<u64>| -> BTreeMap<u64, Vec<u8>> {
        indexes.into_iter().map(|index| (index, whole.log.entries[index as usize].clone())).collect()
    };
    let check = |indexes| {
        let evidence = head.covered().evidence(fault, &entries(indexes)).expect("entries of the log");
        let json = evidence.expect("it can be shown").to_json();
        let evidence = Evidence::from_json(&json).expect("what was written");
        evidence.check(&whole.log.origin, &public(LOG), &public(COSIGNER))
    };
    check(fault.shown_by())
        .or_else(|_| check(fault.shown_by().into_iter().chain(fault.shown_whole_by()).collect()))
        .unwrap_or_else(|error| panic!("{fault:?}: {error}"))
}

#[test]
fn an_honest_log_has_no_fault() {
    let whole = honest();
    let (replay, fault) = replay(&whole);
    assert_eq!(fault, None);
    assert_eq!((replay.size(), replay.packages(), replay.records()), (whole.log.size(), 2, 13));
    let mut tree = LogTree::default();
    assert_eq!(tree.root(), empty_root());
    for (index, entry) in whole.log.entries.iter().enumerate() {
        assert_eq!(tree.push_entry(entry), index as u64);
        assert_eq!(tree.root(), whole.log.root(index as u64 + 1));
    }
    let hello = "@acme/hello".parse().expect("a name");
    assert_eq!(replay.state(&hello), whole.state("@acme/hello", LOGGED + 25 * HOUR).as_ref());
    assert_eq!(replay.entries_of(&hello), [0, 1, 9, 10, 17]);
    assert_eq!(replay.is_of(LOGGED + 25 * HOUR), Ok(()));
    assert_eq!(replay.is_of(LOGGED).map_err(|fault| fault.code()), Err(Code::LogFuture));
}

#[test]
fn a_delay_that_is_over_has_an_entry() {
    let mut whole = honest();
    whole.log.entries.truncate(12);
    let (replay, fault) = replay(&whole);
    assert_eq!(fault, None);
    let over = LOGGED + 20 + 24 * HOUR;
    assert_eq!(replay.is_of(over + 600), Ok(()));
    assert_eq!(replay.is_of(over + 601).map_err(|fault| fault.code()), Err(Code::LogStale));
}

#[test]
fn forbidden_histories_are_found_in_a_log_and_convict_it() {
    let mut convicted = 0;
    for (name, vector) in folder::read::<history::History>("history") {
        let history::Expect::Refused { code, at } = &vector.expect else { continue };
        let Some(wrong) = vector.entries.get(*at) else { continue };
        let mut whole = Whole::default();
        whole.log_it("@other/tool", init(powers(&[STRANGER], 1)).by(&[STRANGER])).expect("it begins");
        // Each in a group of its own, with maps that say what the entries come to.
        whole.packages.insert("@acme/hello", support::package::Package::new("@acme/hello"));
        for entry in &vector.entries[..*at] {
            whole.log.append(vector::decoded(entry));
        }
        let time = LOGGED.max(time_of(&whole));
        whole.map(time);
        let index = whole.log.append(vector::decoded(wrong));
        whole.map(time.max(time_of(&whole)));

        // In a log of all packages, a record of another one is that one's.
        let code = match name.as_str() {
            "T21_record_of_another_package" => "record.invalid",
            _ => code.as_str(),
        };
        let (_, fault) = replay(&whole);
        let Some(fault) = fault else { panic!("{name}: no fault was found") };
        assert_eq!((fault.index(), fault.code().as_str()), (Some(index), code), "{name}: {fault:?}");
        let shown = convict(&whole, &fault);
        assert_eq!(shown.code.as_str(), code, "{name}: {shown:?}");
        convicted += 1;
    }
    assert!(convicted > 50, "got {convicted} histories");
}

/// When the newest entry that is one was logged.
fn time_of(whole: &Whole) -> u64 {
    let time = |entry: &Vec<u8>| match cidery_protocol::LogEntry::decode(entry) {
        Ok(cidery_protocol::LogEntry::Record(_, time)) => Some(time),
        Ok(cidery_protocol::LogEntry::Map(map)) => Some(map.time),
        Err(_) => None,
    };
    whole.log.entries.iter().rev().find_map(time).unwrap_or(LOGGED).min(1 << 40)
}

#[test]
fn a_wrong_map_is_found_and_a_missing_one() {
    let mut whole = honest();
    let right = whole.log.entries.pop().expect("a map");
    let Err(fault) = replay(&whole).0.ends_with_map() else { panic!("it ends with a record") };
    assert_eq!(convict(&whole, &fault).code, Code::LogMap);
    whole.map_of(empty_root(), LOGGED + 25 * HOUR);
    let Some(Fault::Map { index, packages, wanted, .. }) = replay(&whole).1 else {
        panic!("the map is wrong")
    };
    assert_eq!((index, packages), (18, vec!["@acme/hello".parse().expect("a name")]));
    assert_eq!(cidery_protocol::MapEntry::decode(&right).map(|map| map.root), Ok(wanted));
}

#[test]
fn t05_times_go_back_for_a_wrong_clock_alone() {
    let at = |offsets: &[u64]| {
        let mut whole = Whole::default();
        for offset in offsets {
            whole.map(LOGGED + offset);
        }
        replay(&whole).1.map(|fault| (fault.index(), fault.code()))
    };
    assert_eq!(at(&[0, 0, 5]), None);
    assert_eq!(at(&[100, 39]), None, "more than a minute: the clock was wrong");
    assert_eq!(at(&[100, 40]), Some((Some(1), Code::LogRollback)));
}

#[test]
fn what_another_entry_has_settled_stays_so() {
    let mut whole = Whole::default();
    let powers_of = |key| with_recovery(powers(&[key], 1), &[RECOVERY], 1, 600);
    whole.log_it("@acme/hello", init(powers_of(PUBLISHER)).at(LOGGED)).expect("it begins");
    whole.log_it("@acme/hello", recover(powers_of(NEXT)).at(LOGGED)).expect("it waits");
    whole.map(LOGGED);
    // A clock that is an hour ahead, and then is not.
    whole.log_it("@other/tool", init(powers(&[STRANGER], 1)).by(&[STRANGER]).at(LOGGED + HOUR));
    whole.map(LOGGED + HOUR);
    let index = whole.log_it("@acme/hello", release("1.0.0").by(&[NEXT]).at(LOGGED + 5));
    assert_eq!(index, Some(5), "the new authority holds since entry 3");
    whole.map(LOGGED + 5);
    assert_eq!(replay(&whole).1, None);
    assert!(matches!(
        LogReplay::new(ORIGIN.parse().expect("an origin")).entry(&whole.log.entries[2]),
        Err(Fault::Map { .. })
    ));
    assert!(matches!(replay(&whole).0.clone().entry(&whole.log.entries[6]), Ok(Logged::Map(_))));
}
