//! T25: the log after a crash between any two writes, and with a ledger that is older than what was published.

mod support;

use std::{fs, sync::atomic::Ordering};

use bytes::Bytes;
use cidery_keys::{Signer, cosign, sign_checkpoint};
use cidery_protocol::{
    MapEntry, Receipt,
    log::{Checkpoint, SignedCheckpoint, encode_bundle, leaf_hash, root_of_leaves},
};
use cidery_registry::{Blobs, Error, ScopePolicy, layout, memory::Memory};
use support::{
    NOW, Pack, TestRegistry, contents, key,
    mortal::Mortal,
    oracle, origin,
    pack::{channel, powers, rekey},
    store_of,
    witness::{NAMES, Scripted, ask, with_witnesses, witness_key},
};

/// What is published in each run: packages, a second version, and other keys together with a channel.
fn packages() -> Vec<Pack> {
    let first = Pack::new("@acme/one", "one");
    let second = first.next("1.1.0", "one again");
    let rekeyed = second.then(rekey(powers(&[&key(5)], 1), vec![]), &[&key(1)]);
    let named = rekeyed.then(channel("stable", &[(&first, 5_000), (&second, 5_000)]), &[&key(5)]);
    vec![first, Pack::new("@acme/two", "two"), second, rekeyed.with(named)]
}

/// Records and entries of these: each request is a group, with a map at its end.
const RECORDS: u64 = 7;
const ENTRIES: u64 = 11;

#[tokio::test]
async fn t25_a_crash_at_any_write_loses_nothing_and_shows_nothing_by_halves() {
    let packages = packages();
    for after in [false, true] {
        let mut writes = 1;
        loop {
            let folder = tempfile::tempdir().expect("a folder");
            let ledger = folder.path().join("ledger.db");
            let store = Memory::default();
            let mortal = Mortal::new(&store, writes, after);
            let first = TestRegistry::of(mortal.clone(), &ledger, with_witnesses(1));
            let witness = Scripted::honest(NOW);
            let mut acknowledged = 0;
            for package in &packages {
                if first.publish(package).await.status != 201 {
                    break;
                }
                acknowledged += 1;
                // One write more, of the same head with a line more.
                ask(&first, &witness).await;
            }
            drop(first);

            // The same ledger and store, in a new process.
            let second = TestRegistry::of(mortal.again(), &ledger, with_witnesses(1));
            let what = format!("{writes} writes, after: {after}, acknowledged: {acknowledged}");
            second.sequencer.start().await.unwrap_or_else(|error| panic!("{what}: {error}"));
            for package in &packages[..acknowledged] {
                second.resolve(package).await;
            }
            for package in &packages[acknowledged..] {
                let target = format!("/v1/packages/{}/resolve?version={}", package.name, package.version);
                let shown = second.call("GET", &target, b"").await;
                match shown.status {
                    404 => {}
                    // Logged, although nobody was told: then all of it is there.
                    200 => drop(support::prove(&shown.bytes, package)),
                    status => panic!("{what}: {status} {}", shown.json),
                }
                second.is_whole(&package.name).await;
            }
            for package in &packages {
                let done = second.publish(package).await;
                assert!([200, 201].contains(&done.status), "{what}: {}", done.json);
            }
            for package in &packages {
                second.is_whole(&package.name).await;
                assert_eq!(second.resolve(package).await.size, ENTRIES, "{what}: each record is logged once");
            }
            assert_eq!(oracle::is_tidy(&second).await.records(), RECORDS, "{what}");
            assert_eq!(ask(&second, &witness).await, Vec::<String>::new(), "{what}");
            let head = second.call("GET", "/v1/checkpoint", b"").await;
            let head = SignedCheckpoint::parse(&head.bytes).expect("a note");
            let cosigned = head.cosigned(NAMES[0], &witness_key(0).public_key());
            assert_eq!(cosigned, Ok(Some(NOW)), "{what}: the witness takes it for the same log");
            mortal.signed_one_head_of_each_size(&what);
            if mortal.left.load(Ordering::SeqCst) > 0 {
                assert_eq!(acknowledged, packages.len());
                break;
            }
            writes += 1;
        }
        assert!(writes > 50, "the runs went through all writes: {writes}");
    }
}

#[tokio::test]
async fn t25_a_store_that_fails_for_a_while_is_made_up_for() {
    let packages = packages();
    let other = Pack::new("@acme/other", "other");
    for after in [false, true] {
        for writes in 1.. {
            let folder = tempfile::tempdir().expect("a folder");
            let store = Memory::default();
            let mortal = Mortal::new(&store, i64::MAX, after);
            let registry =
                TestRegistry::new(mortal.clone(), &folder.path().join("ledger.db"), ScopePolicy::Open);
            registry.publish(&packages[0]).await;
            mortal.left.store(writes, Ordering::SeqCst);
            registry.publish(&packages[1]).await;
            let failed = mortal.left.swap(i64::MAX, Ordering::SeqCst) <= 0;
            let what = format!("{writes} writes, after: {after}");

            // The same process, and another publish first.
            assert_eq!(registry.publish(&other).await.status, 201, "{what}");
            assert!([200, 201].contains(&registry.publish(&packages[1]).await.status), "{what}");
            assert_eq!(oracle::is_tidy(&registry).await.records(), 6, "{what}");
            for package in [&packages[0], &packages[1], &other] {
                assert_eq!(registry.resolve(package).await.size, 9, "{what}");
                let key = layout::receipt(&package.release());
                let object = store.get(&key, 1 << 20).await.expect("a store").expect("a receipt");
                let receipt = Receipt::decode(&object.bytes).expect("a receipt");
                let note = SignedCheckpoint::parse(&receipt.checkpoint).expect("a note");
                let published = String::from_utf8(note.to_bytes()).expect("text").contains("/cosigner ");
                assert!(published, "{what}: a receipt's checkpoint was published");
            }
            if !failed {
                assert!(writes > 7, "the runs went through all writes: {writes}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn t25_a_ledger_100_entries_behind_catches_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let [ledger, old, copy] = ["ledger.db", "old.db", "copy.db"].map(|name| folder.path().join(name));
    let store = Memory::default();
    let registry = TestRegistry::new(store.clone(), &ledger, ScopePolicy::Open);
    let mut packages = vec![Pack::new("@acme/grows", "0")];
    registry.publish(&packages[0]).await;
    drop(registry);
    fs::copy(&ledger, &old).expect("a copy");

    let registry = TestRegistry::new(store.clone(), &ledger, ScopePolicy::Open);
    for at in 1..=98 {
        let next = packages[at - 1].next(&format!("1.{at}.0"), &format!("{at}"));
        assert_eq!(registry.publish(&next).await.status, 201);
        packages.push(next);
    }
    let other = Pack::new("@acme/other", "other");
    registry.publish(&other).await;
    let rekeyed = other.then(rekey(powers(&[&key(5)], 1), vec![]), &[&key(1)]);
    let named = rekeyed.then(channel("stable", &[(&other, 10_000)]), &[&key(5)]);
    assert_eq!(registry.publish(&rekeyed.with(named.clone())).await.status, 201);
    let before = registry.resolve(&other).await;
    assert_eq!(before.size, 205);
    // What the last group has replaced goes, as it does with each head.
    registry.sequencer.refresh_head().await.expect("a head");
    drop(registry);

    // States and pages are written again where the store lacks them.
    let (mut partial, whole) = (contents(&store).await, contents(&store).await);
    partial.retain(|key, _| !["packages/", "map/", "log/map/"].iter().any(|prefix| key.starts_with(prefix)));
    fs::copy(&old, &copy).expect("a copy");
    for (store, ledger) in [(store_of(&partial).await, &copy), (store, &old)] {
        let registry = TestRegistry::new(store.clone(), ledger, ScopePolicy::Open);
        registry.sequencer.start().await.expect("it catches up");
        assert!(contents(&store).await == whole, "nothing is another, and nothing is missing");
        for package in packages.iter().chain([&other]) {
            assert_eq!(registry.resolve(package).await, before);
            assert_eq!(registry.post(package).await.status, 200, "T21: known again");
        }
        let next = packages[98].next("2.0.0", "one more");
        assert_eq!(registry.publish(&next).await.status, 201);
        assert_eq!(registry.resolve(&next).await.size, 207);
        goes_on(&registry, &named).await;
    }
}

/// Whoever took the package over has the say in it.
async fn goes_on(registry: &TestRegistry<Memory>, named: &Pack) {
    let late = named.next("1.1.0", "by the old key");
    assert_eq!(registry.post(&late).await.code(), "envelope.signature");
    assert_eq!(registry.publish(&named.release_by("1.1.0", "two", &[&key(5)])).await.status, 201);
    registry.is_whole("@acme/other").await;
    registry.is_whole("@acme/grows").await;
    assert_eq!(oracle::agrees(registry).await.records(), 106);
}

#[tokio::test]
async fn t25_a_ledger_that_is_not_the_published_logs_signs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = |name: &str| folder.path().join(name);
    let store = Memory::default();
    let registry = TestRegistry::new(store.clone(), &ledger("one.db"), ScopePolicy::Open);
    for package in packages() {
        registry.publish(&package).await;
    }
    drop(registry);
    let diverged = async |store: &Memory, ledger: &std::path::Path| {
        let before = contents(store).await;
        let registry = TestRegistry::new(store.clone(), ledger, ScopePolicy::Open);
        let error = registry.sequencer.start().await.expect_err("it diverged");
        assert!(matches!(error, Error::Diverged { .. }), "{error}");
        let answer = registry.post(&Pack::new("@acme/late", "late")).await;
        assert_eq!((answer.status, answer.code()), (503, "ledger.diverged"));
        assert_eq!(contents(store).await, before, "nothing was written");
    };

    // Another history of the same length, and of a greater one.
    let elsewhere = TestRegistry::new(Memory::default(), &ledger("other.db"), ScopePolicy::Open);
    for at in 0..4 {
        elsewhere.publish(&Pack::new(&format!("@acme/other-{at}"), "x")).await;
    }
    drop(elsewhere);
    diverged(&store, &ledger("other.db")).await;

    // Entries, and a store that is empty.
    diverged(&Memory::default(), &ledger("one.db")).await;

    // A new ledger, and published entries that do not lead to the published root.
    let bundle = layout::log("tile/entries/000.p/11");
    let mut bytes = store.get(&bundle, 1 << 20).await.expect("a store").expect("a bundle").bytes.to_vec();
    *bytes.last_mut().expect("bytes") ^= 1;
    let altered = store_of(&contents(&store).await).await;
    altered.put(&bundle, Bytes::from(bytes)).await.expect("a store");
    diverged(&altered, &ledger("new.db")).await;

    // A checkpoint by another key.
    let foreign = SignedCheckpoint::parse(
        &store.get(layout::CHECKPOINT, 1 << 16).await.expect("a store").expect("one").bytes,
    );
    let text = String::from_utf8(foreign.expect("a note").to_bytes())
        .expect("text")
        .replace("log.example\n11", "log.example\n6");
    altered.put(layout::CHECKPOINT, Bytes::from(text)).await.expect("a store");
    diverged(&altered, &ledger("one.db")).await;
}

#[tokio::test]
async fn t25_tiles_of_a_group_that_was_never_signed_are_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ledger, old) = (folder.path().join("ledger.db"), folder.path().join("old.db"));
    let store = Memory::default();
    let first = Pack::new("@acme/one", "one");
    let registry = TestRegistry::new(store.clone(), &ledger, ScopePolicy::Open);
    registry.publish(&first).await;
    drop(registry);
    fs::copy(&ledger, &old).expect("a copy");

    // It ends right before the checkpoint: start 2 writes, blob, manifest, bundle, tile, state, page of the map, map entry.
    let lost = Pack::new("@acme/lost", "lost");
    let mortal = Mortal::new(&store, 10, false);
    let registry = TestRegistry::new(mortal, &ledger, ScopePolicy::Open);
    assert_eq!(registry.publish(&lost).await.status, 503);
    drop(registry);
    let left = contents(&store).await;
    for key in [layout::log("tile/entries/000.p/6"), layout::map_entry(6)] {
        assert!(left.contains_key(&key), "{key}");
    }
    assert!(left.keys().any(|key| key.starts_with("packages/@acme/lost/")));

    // The ledger of before: the group is gone, what it wrote is there.
    let registry = TestRegistry::new(store.clone(), &old, ScopePolicy::Open);
    let other = Pack::new("@acme/other", "other");
    assert_eq!(registry.publish(&other).await.status, 201);
    assert_eq!(registry.resolve(&other).await, registry.resolve(&first).await);
    assert_eq!(registry.resolve(&other).await.size, 6);
    // The same records come to the same state, at other places in the log.
    assert_eq!(registry.publish(&lost).await.status, 201);
    assert_eq!(registry.resolve(&lost).await.size, 9);
    oracle::agrees(&registry).await;
}

#[tokio::test]
async fn t25_a_published_map_that_the_entries_do_not_come_to_is_not_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Memory::default();
    let registry = TestRegistry::new(store.clone(), &folder.path().join("ledger.db"), ScopePolicy::Open);
    for package in packages() {
        registry.publish(&package).await;
    }
    drop(registry);
    // A log whose last map is that of before, well-formed and signed.
    let mut entries = oracle::entries(&store).await;
    let maps = entries.iter().filter_map(|entry| MapEntry::decode(entry).ok());
    let [.., before, _] = maps.collect::<Vec<_>>()[..] else { panic!("wanted two maps") };
    *entries.last_mut().expect("a map") = before.encode().expect("an entry");
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let checkpoint = Checkpoint { origin: origin(), size: ENTRIES, root: root_of_leaves(&leaves) };
    let mut note = sign_checkpoint(&checkpoint, &key(2)).expect("a signature");
    cosign(&mut note, &origin().cosigner(), &key(3), NOW).expect("a signature");
    let bundle = layout::log("tile/entries/000.p/11");
    store.put(&bundle, encode_bundle(&entries).expect("a bundle").into()).await.expect("a store");
    store.put(layout::CHECKPOINT, note.to_bytes().into()).await.expect("a store");

    let published = contents(&store).await;
    let registry = TestRegistry::new(store.clone(), &folder.path().join("new.db"), ScopePolicy::Open);
    let error = registry.sequencer.start().await.expect_err("it diverged");
    assert!(
        matches!(&error, Error::Diverged { reason } if reason.contains("entry 10 has the map")),
        "{error}"
    );
    assert_eq!(contents(&store).await, published, "nothing was written");
}
