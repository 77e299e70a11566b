//! What takes effect by time alone: it is logged although nobody publishes, whatever ends the process meanwhile.

mod support;

use std::sync::atomic::Ordering;

use cidery_keys::Signer;
use cidery_protocol::{Action, Powers, Recovery, Rekey, Signatories, Void, limits};
use cidery_registry::{ScopePolicy, memory::Memory};
use support::{
    NOW, ORIGIN, Pack, TestRegistry,
    ask::{code, commit, fresh, stood},
    key,
    mortal::Mortal,
    oracle,
    pack::powers,
};

const DELAY: u64 = 3600;

/// Recovery keys, with this delay.
fn recoverable(seed: u8, delay: u64) -> Powers {
    let recovery = Recovery { keys: vec![key(4).public_key()], threshold: 1, delay };
    Powers { recovery: Some(recovery), ..powers(&[&key(seed)], 1) }
}

/// A package, a release by who stole its key, and the other keys that void it once they hold.
fn packages(name: &str, delay: u64) -> [Pack; 3] {
    let first = Pack::begin(name, "the same", recoverable(1, delay), &[&key(1)], ORIGIN);
    let stolen = first.next("1.1.0", "the same");
    let void = vec![Void { key: key(1).public_key(), from_sequence: 2 }];
    let (by, to) = (Signatories::Recovery, recoverable(5, delay));
    let recovered = stolen.then(Action::Rekey(Rekey { by, to, void, next_version_floor: None }), &[&key(4)]);
    [first, stolen, recovered]
}

#[tokio::test]
async fn t25_a_crash_while_a_delay_ends_leaves_one_log() {
    let all = packages("@acme/hello", DELAY);
    for after in [false, true] {
        for writes in 1.. {
            let what = format!("{writes} writes, after: {after}");
            let folder = tempfile::tempdir().expect("a folder");
            let ledger = folder.path().join("ledger.db");
            let mortal = Mortal::new(&Memory::default(), i64::MAX, after);
            let registry = TestRegistry::new(mortal.clone(), &ledger, ScopePolicy::Open);
            for package in &all {
                assert_eq!(registry.publish(package).await.status, 201);
            }
            let size = oracle::agrees(&registry).await.size();
            registry.clock.0.store(NOW + DELAY, Ordering::Relaxed);
            mortal.left.store(writes, Ordering::SeqCst);
            // It fails, or only what follows would.
            let _ = registry.sequencer.refresh_head().await;
            let failed = mortal.left.load(Ordering::SeqCst) <= 0;
            drop(registry);

            let registry = TestRegistry::new(mortal.again(), &ledger, ScopePolicy::Open);
            registry.clock.0.store(NOW + DELAY, Ordering::Relaxed);
            registry.sequencer.start().await.unwrap_or_else(|error| panic!("{what}: {error}"));
            let replay = oracle::is_tidy(&registry).await;
            assert_eq!(replay.size(), size + 1, "{what}: one map is logged alone");
            let state = replay.state(&"@acme/hello".parse().expect("a name")).expect("a state");
            assert_eq!(state.authority.cid, all[2].record.cid(), "{what}");
            registry.resolve(&all[0]).await;
            mortal.signed_one_head_of_each_size(&what);
            if !failed {
                assert!(writes > 10, "the runs went through all writes: {writes}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_registry_that_was_down_for_long_begins_with_what_is_due() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, ledger) = (Memory::default(), folder.path().join("ledger.db"));
    let all = packages("@acme/hello", DELAY);
    let registry = TestRegistry::new(store.clone(), &ledger, ScopePolicy::Open);
    for package in &all {
        commit(&registry, package).await;
    }
    drop(registry);
    // A head of this time would be refused that had it waiting still (SPEC §10.4 (10)).
    let registry = TestRegistry::new(store, &ledger, ScopePolicy::Open);
    registry.clock.0.store(NOW + 10 * DELAY, Ordering::Relaxed);
    registry.sequencer.start().await.expect("it starts");
    let found = stood(&registry, &all[0], "range=*").await;
    assert_eq!((found.release, found.verdict.as_str()), (all[0].release(), "ok"));
    assert_eq!(found.authority, all[2].record.cid());
    oracle::agrees(&registry).await;
}

#[tokio::test]
async fn what_is_due_is_part_of_whatever_is_logged_next() {
    let (registry, _folder) = fresh();
    let all = packages("@acme/hello", DELAY);
    for package in &all {
        commit(&registry, package).await;
    }
    let size = oracle::agrees(&registry).await.size();
    registry.clock.0.store(NOW + DELAY, Ordering::Relaxed);
    commit(&registry, &Pack::new("@acme/other", "the same")).await;
    assert_eq!(oracle::agrees(&registry).await.size(), size + 3, "a package of two records, and one map");
    assert_eq!(code(&registry, &all[0], "range=1.1.0").await, (410, "release.void".to_owned()));
    // A record that is refused brings the time, too.
    let more = packages("@acme/third", DELAY);
    for package in &more {
        commit(&registry, package).await;
    }
    registry.clock.0.store(NOW + 2 * DELAY, Ordering::Relaxed);
    assert_eq!(registry.post(&more[2].next("1.2.0", "the same")).await.code(), "envelope.signature");
    registry.sequencer.refresh_head().await.expect("a head");
    assert_eq!(code(&registry, &more[0], "range=1.1.0").await, (410, "release.void".to_owned()));
    oracle::agrees(&registry).await;
}

#[tokio::test]
async fn a_delay_beyond_all_times_is_never_due() {
    let (registry, _folder) = fresh();
    for package in packages("@acme/never", limits::TREE_SIZE) {
        commit(&registry, &package).await;
    }
    let size = oracle::agrees(&registry).await.size();
    registry.clock.0.store(NOW + 100_000_000, Ordering::Relaxed);
    registry.sequencer.refresh_head().await.expect("a head");
    assert_eq!(oracle::agrees(&registry).await.size(), size);
}
