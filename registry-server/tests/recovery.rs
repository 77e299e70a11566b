//! T25: what a sequencer does when its ledger and its store come from different times, or another one writes the log.

mod support;

use std::{fs, path::Path, sync::atomic::Ordering};

use cidery_keys::Signer;
use cidery_protocol::{Receipt, log::SignedCheckpoint};
use cidery_registry::{Blobs, Error, ScopePolicy, Sql, Value, layout, memory::Memory};
use cidery_registry_server::Sqlite;
use futures_util::future::join_all;
use support::{NOW, Pack, TestRegistry, contents, key, oracle, origin, store_of};

fn open(store: &Memory, ledger: &Path) -> TestRegistry<Memory> {
    TestRegistry::new(store.clone(), ledger, ScopePolicy::Open)
}

/// The size of a receipt's checkpoint, and the time on it.
async fn receipt(store: &Memory, package: &Pack) -> (u64, Option<u64>) {
    let key_of = layout::receipt(&package.release());
    let object = store.get(&key_of, 1 << 20).await.expect("a store").expect("a receipt");
    let signed = SignedCheckpoint::parse(&Receipt::decode(&object.bytes).expect("a receipt").checkpoint);
    let signed = signed.expect("a note");
    let size = signed.verify_log(&origin(), &[key(2).public_key()]).expect("signed by the log").size;
    (size, signed.timestamp(&origin().cosigner(), &key(3).public_key()).ok())
}

#[tokio::test]
async fn t25_a_store_older_than_the_ledger_gets_what_can_be_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ledger, store) = (folder.path().join("ledger.db"), Memory::default());
    let registry = open(&store, &ledger);
    registry.sequencer.start().await.expect("a new log");
    let backup = contents(&store).await;
    let first = Pack::new("@acme/one", "one");
    let packages = [first.clone(), Pack::new("@acme/two", "two"), first.next("1.1.0", "three")];
    for package in &packages {
        assert_eq!(registry.publish(package).await.status, 201);
    }
    assert_eq!(receipt(&store, &first).await, (3, Some(NOW)), "a receipt has the published time");
    let pending = Pack::new("@acme/pending", "four");
    registry.post(&pending).await;
    assert_eq!(registry.put(&pending).await.status, 201);
    drop(registry);

    // The backup, with what only publishers have.
    let (mut mixed, now) = (backup.clone(), contents(&store).await);
    let only_theirs = |key: &str| key.starts_with("blobs/") || key.starts_with("manifests/");
    mixed.extend(
        now.iter().filter(|(key, _)| only_theirs(key)).map(|(key, bytes)| (key.clone(), bytes.clone())),
    );
    let pending_blob = layout::blob(&pending.manifest.body().modules[0].cid);
    mixed.remove(&pending_blob);

    // Without one blob of a release, it is named, and nothing is written.
    for lost in [
        layout::blob(&packages[1].manifest.body().modules[0].cid),
        layout::manifest(&packages[2].manifest.cid()),
    ] {
        let mut without = mixed.clone();
        without.remove(&lost).expect("it was there");
        let lacking = store_of(&without).await;
        let error = open(&lacking, &ledger).sequencer.start().await.expect_err("it cannot be whole");
        let cid = lost.rsplit('/').next().expect("a CID");
        assert!(matches!(&error, Error::Diverged { reason } if reason.contains(cid)), "{error}");
        assert_eq!(contents(&lacking).await, without);
    }

    let restored = store_of(&mixed).await;
    let registry = open(&restored, &ledger);
    registry.sequencer.start().await.expect("it is whole again");
    for package in &packages {
        assert_eq!(registry.resolve(package).await.size, 8);
    }
    oracle::agrees(&registry).await;
    // The checkpoint of 3 entries was not published to this store: it gets no time, and the newest keeps its own.
    assert_eq!(receipt(&restored, &packages[0]).await, (3, None));
    assert_eq!(receipt(&restored, &packages[2]).await, (8, Some(NOW)));
    assert_eq!(registry.post(&pending).await.status, 202, "a blob that went with the store is asked for");
    assert_eq!(registry.publish(&pending).await.status, 201);
}

#[tokio::test]
async fn t25_whoever_meets_another_writer_compares_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ledger, copy, store) =
        (folder.path().join("ledger.db"), folder.path().join("copy.db"), Memory::default());
    open(&store, &ledger).publish(&Pack::new("@acme/one", "one")).await;
    fs::copy(&ledger, &copy).expect("a copy");
    let (one, other) = (open(&store, &ledger), open(&store, &copy));
    one.sequencer.start().await.expect("a log");
    assert_eq!(other.publish(&Pack::new("@acme/two", "two")).await.status, 201);
    let before = contents(&store).await;
    let package = Pack::new("@acme/three", "three");
    one.post(&package).await;
    one.put(&package).await;
    assert_eq!(one.post(&package).await.code(), "ledger.diverged");
    // From here on, nothing is taken before the two are one again.
    assert_eq!(one.post(&Pack::new("@acme/four", "four")).await.code(), "ledger.diverged");
    let after = contents(&store).await;
    for (key, bytes) in before {
        assert!(after.get(&key) == Some(&bytes), "{key}");
    }
}

#[tokio::test]
async fn t25_catching_up_goes_bundle_by_bundle_and_only_to_the_published_root() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = |name: &str| folder.path().join(name);
    let store = Memory::default();
    let registry = open(&store, &ledger("ledger.db"));
    let packages: Vec<Pack> = (0..150).map(|at| Pack::new(&format!("@acme/p-{at}"), "the same")).collect();
    registry.publish(&packages[0]).await;
    drop(registry);
    fs::copy(ledger("ledger.db"), ledger("old.db")).expect("a copy");
    let registry = open(&store, &ledger("ledger.db"));
    for some in packages[1..].chunks(50) {
        let answers = join_all(some.iter().map(|package| registry.post(package))).await;
        assert!(answers.iter().all(|answer| answer.status == 201));
    }
    let before = registry.resolve(&packages[149]).await;
    assert_eq!(before.size, 450);
    drop(registry);

    let entries = |name: &str| {
        let count = Sqlite::open(&ledger(name)).expect("a ledger").exec("SELECT COUNT(*) FROM entries", &[]);
        count.expect("a count").concat()
    };
    // The second bundle is another one: the first is not taken either.
    let mut altered = contents(&store).await;
    let bundle = altered.get_mut("log/tile/entries/001.p/194").expect("a bundle");
    *bundle.last_mut().expect("bytes") ^= 1;
    fs::copy(ledger("old.db"), ledger("new.db")).expect("a copy");
    let error = open(&store_of(&altered).await, &ledger("new.db")).sequencer.start().await;
    assert!(matches!(error, Err(Error::Diverged { .. })));
    assert_eq!(entries("new.db"), [Value::Integer(3)], "the ledger is what it was");

    let registry = open(&store, &ledger("new.db"));
    registry.sequencer.start().await.expect("it catches up");
    assert_eq!(entries("new.db"), [Value::Integer(450)]);
    assert_eq!(registry.resolve(&packages[149]).await, before);
    assert_eq!(registry.post(&packages[77]).await.status, 200);
    oracle::agrees(&registry).await;
}

#[tokio::test]
async fn the_heads_time_does_not_go_back_with_the_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = open(&Memory::default(), &folder.path().join("ledger.db"));
    let package = Pack::new("@acme/hello", "1");
    registry.publish(&package).await;
    for (clock, time) in [(NOW - 30, NOW), (NOW + 7, NOW + 7), (NOW + 7000, NOW + 7000), (NOW, NOW)] {
        registry.clock.0.store(clock, Ordering::Relaxed);
        registry.sequencer.refresh_head().await.expect("a new time");
        assert_eq!(registry.resolve(&package).await.time, time);
    }
}
