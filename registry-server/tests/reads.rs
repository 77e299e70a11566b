//! Reads under a head: what they prove, and what becomes of them when it is replaced meanwhile.

mod support;

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cidery_keys::Signer;
use cidery_protocol::{PackageProof, Severity};
use cidery_registry::{
    Admission, BlobFacts, Blobs, Download, Error, Etag, Object, Put, ScopePolicy, StoreError, Upload, layout,
    memory::Memory,
};
use cidery_verifier::{Seen, TrustPolicy, verify_package_proof};
use serde_json::json;
use support::{
    NOW, Pack, TestRegistry,
    ask::{commit, fresh, stood},
    contents, key, oracle,
    pack::yank,
};

fn anybody() -> TrustPolicy {
    oracle::policy("@acme/*", json!({ "keys": [key(1).public_key().to_string()] }))
}

#[tokio::test]
async fn a_package_is_proven_to_be_there_or_not() {
    let (registry, _folder) = fresh();
    registry.sequencer.start().await.expect("a new log");
    let (hello, mut seen) = ("@acme/hello".parse().expect("a name"), Seen::default());
    let mut package = Pack::new("@acme/hello", "1");
    for round in 0..4 {
        let since = seen.log(&support::origin()).map_or(0, |log| log.size);
        let target = format!("/v1/packages/@acme/hello/proof?since={since}");
        let answer = registry.call("GET", &target, b"").await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let proven = verify_package_proof(&hello, &answer.bytes, &anybody(), &seen, NOW).expect("a proof");
        assert_eq!(proven.state().map(|state| state.sequence), [None, None, Some(1), Some(2)][round]);
        assert_eq!(proven.head().size, [0, 3, 6, 8][round]);
        seen.advance(&proven);
        match round {
            0 => commit(&registry, &Pack::new("@acme/other", "1")).await,
            1 => commit(&registry, &package).await,
            _ => {
                package = package.next(&format!("2.{round}.0"), "1");
                commit(&registry, &package).await;
            }
        }
    }
    // Of a larger tree than there is, nothing is shown; without a size, nothing is asked.
    for query in ["", "?since=9007199254740991"] {
        let answer = registry.call("GET", &format!("/v1/packages/@acme/hello/proof{query}"), b"").await;
        let proof = PackageProof::decode(&answer.bytes).expect("a proof");
        assert_eq!((answer.status, proof.since), (200, None), "{query}");
    }
    for query in ["?since=x", "?since=-1", "?since=1&since=1", "?range=*"] {
        let answer = registry.call("GET", &format!("/v1/packages/@acme/hello/proof{query}"), b"").await;
        assert_eq!((answer.status, answer.code()), (400, "request.malformed"), "{query}");
    }
    let posted = registry.call("POST", "/v1/packages/@acme/hello/proof", b"").await;
    assert_eq!(posted.status, 405);
    for target in ["resolve?range=*", "resolve?version=1.0.0", "log", ""] {
        let target = format!("/v1/packages/@acme/none/{target}");
        let answer = registry.call("GET", target.trim_end_matches('/'), b"").await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{target}");
    }
}

#[tokio::test]
async fn the_newest_of_a_range_is_shown_to_be_it() {
    let (registry, _folder) = fresh();
    let mut package = Pack::new("@acme/hello", "the same");
    commit(&registry, &package).await;
    let mut released = BTreeMap::from([("1.0.0", package.clone())]);
    let versions = [
        "1.2.0",
        "1.2.1",
        "2.0.0-rc.1",
        "2.0.0",
        "1.10.0",
        "0.9.0",
        "3.0.0-beta",
        "2.1.0",
        "1.11.0-pre.2",
        "1.11.0-pre.1",
    ];
    for version in versions {
        package = package.next(version, "the same");
        commit(&registry, &package).await;
        released.insert(version, package.clone());
    }
    for (version, severity) in [("1.10.0", Severity::High), ("2.1.0", Severity::Low)] {
        package = package.then(yank(&released[version], severity), &[&key(1)]);
        commit(&registry, &package).await;
    }
    for (query, found) in [
        ("range=*", "2.0.0"),
        ("range=^1", "1.2.1"),
        ("range=^1&yanked=high", "1.10.0"),
        ("range=*&yanked=low,high", "2.1.0"),
        ("range=>=1.11.0-pre.1 <2", "1.11.0-pre.2"),
        ("range=0.x", "0.9.0"),
        ("range=^1.0.0 || ^3.0.0-a", "3.0.0-beta"),
        ("range=<1.2.1", "1.2.0"),
        ("range=1.0.0", "1.0.0"),
        ("version=2.0.0-rc.1", "2.0.0-rc.1"),
        ("version=1.10.0", "1.10.0"),
    ] {
        let stood = stood(&registry, &package, query).await;
        assert_eq!(stood.release, released[found].release(), "{query}");
        let verdict = if query == "version=1.10.0" { "release.yanked" } else { "ok" };
        assert_eq!(stood.verdict, verdict, "{query}");
    }
    // A version that is asked for by name needs no other to be shown.
    assert_eq!(stood(&registry, &package, "version=1.2.0").await.standing.versions.leaves.len(), 1);
}

/// A store whose head is another one for some reads: that of a reader who is slow.
#[derive(Clone)]
struct Slow {
    store: Memory,
    heads: Arc<Mutex<Vec<Object>>>,
}

/// A store that does something before the head of all reads is replaced.
#[derive(Clone)]
struct Late {
    store: Memory,
    before: Arc<Mutex<Option<TestRegistry<Memory>>>>,
    packages: Arc<Vec<Pack>>,
}

macro_rules! passes_on {
    () => {
        type Body = Bytes;

        async fn open(&self, key: &str) -> Result<Option<Download<Bytes>>, StoreError> {
            self.store.open(key).await
        }

        async fn has(&self, key: &str) -> Result<bool, StoreError> {
            self.store.has(key).await
        }

        async fn put_immutable(&self, key: &str, bytes: Bytes) -> Result<Put, StoreError> {
            self.store.put_immutable(key, bytes).await
        }

        async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
            self.store.put(key, bytes).await
        }

        async fn delete(&self, key: &str) -> Result<(), StoreError> {
            self.store.delete(key).await
        }

        async fn store_blob<U: Upload>(&self, upload: U, admission: Admission) -> Result<BlobFacts, Error> {
            self.store.store_blob(upload, admission).await
        }

        async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
            self.store.list(prefix).await
        }
    };
}

impl Blobs for Slow {
    passes_on!();

    async fn get(&self, key: &str, limit: usize) -> Result<Option<Object>, StoreError> {
        let old = (key == layout::HEAD).then(|| self.heads.lock().expect("no panic").pop()).flatten();
        if old.is_some() { Ok(old) } else { self.store.get(key, limit).await }
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> Result<Option<Etag>, StoreError> {
        self.store.replace(key, bytes, before).await
    }
}

impl Blobs for Late {
    passes_on!();

    async fn get(&self, key: &str, limit: usize) -> Result<Option<Object>, StoreError> {
        self.store.get(key, limit).await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> Result<Option<Etag>, StoreError> {
        let meanwhile = (key == layout::HEAD).then(|| self.before.lock().expect("no panic").take()).flatten();
        if let Some(other) = meanwhile {
            other.sequencer.start().await.expect("it takes over");
            for package in self.packages.iter() {
                assert_eq!(other.publish(package).await.status, 201);
            }
        }
        self.store.replace(key, bytes, before).await
    }
}

async fn head(store: &Memory) -> Object {
    store.get(layout::HEAD, 1 << 16).await.expect("a store").expect("a head")
}

#[tokio::test]
async fn a_slow_reader_begins_again_with_the_newest_head() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Memory::default();
    let writer = TestRegistry::new(store.clone(), &folder.path().join("ledger.db"), ScopePolicy::Open);
    let (mut package, mut heads) = (Pack::new("@acme/hello", "0"), Vec::new());
    commit(&writer, &package).await;
    for version in 1..=4 {
        heads.push(head(&store).await);
        package = package.next(&format!("1.{version}.0"), &format!("{version}"));
        commit(&writer, &package).await;
    }
    let slow = Slow { store: store.clone(), heads: Arc::default() };
    let reader = TestRegistry::new(slow.clone(), &folder.path().join("none.db"), ScopePolicy::Open);
    // The heads that it reads one after another, and the size of the one that it answers with.
    for (read, wanted) in [
        // Nothing under the last one but this has gone: who has read it is answered under it.
        (vec![3], Some(9)),
        (vec![], Some(11)),
        (vec![2], Some(11)),
        (vec![0, 2], Some(11)),
        (vec![0, 2, 3], Some(9)),
        (vec![0, 1, 2], None),
        // The newest head is this one, and what it names is not there.
        (vec![1, 1], None),
    ] {
        let objects = read.iter().rev().map(|at: &usize| heads[*at].clone()).collect();
        *slow.heads.lock().expect("no panic") = objects;
        let answer = reader.call("GET", "/v1/packages/@acme/hello/resolve?version=1.0.0", b"").await;
        match wanted {
            Some(size) => {
                let mut first = package.clone();
                (first.version, first.release) = ("1.0.0".to_owned(), Pack::new("@acme/hello", "0").release);
                assert_eq!(support::prove(&answer.bytes, &first).size, size, "{read:?}");
            }
            None => assert_eq!((answer.status, answer.code()), (503, "storage.failed"), "{read:?}"),
        }
    }
}

#[tokio::test]
async fn t25_a_sequencer_that_was_replaced_shows_no_older_head() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ledger, copy) = (folder.path().join("ledger.db"), folder.path().join("copy.db"));
    let store = Memory::default();
    TestRegistry::new(store.clone(), &ledger, ScopePolicy::Open).publish(&Pack::new("@acme/one", "1")).await;
    fs::copy(&ledger, &copy).expect("a copy");
    let other = TestRegistry::new(store.clone(), &copy, ScopePolicy::Open);
    let packages = Arc::new(vec![Pack::new("@acme/three", "3"), Pack::new("@acme/four", "4")]);
    let late = Late { store: store.clone(), before: Arc::default(), packages };
    let one = TestRegistry::new(late.clone(), &ledger, ScopePolicy::Open);
    one.sequencer.start().await.expect("a log");
    // It has written its checkpoint, and is stopped for long before it shows the head.
    *late.before.lock().expect("no panic") = Some(other);
    let two = Pack::new("@acme/two", "2");
    assert_eq!(one.publish(&two).await.code(), "ledger.diverged");
    let published = store.get(layout::CHECKPOINT, 1 << 16).await.expect("a store").expect("one");
    assert_eq!(head(&store).await.bytes, published.bytes, "the head of the other one");
    let before = contents(&store).await;
    // Both go on as one log.
    one.sequencer.start().await.expect("it catches up");
    assert_eq!(one.post(&two).await.status, 200, "it was logged");
    let replay = oracle::agrees(&one).await;
    assert_eq!((replay.size(), replay.packages()), (12, 4));
    assert!(contents(&store).await.keys().all(|key| before.contains_key(key)));
}
