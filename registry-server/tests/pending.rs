//! Publishes that wait: what is asked of them, for how long, and what frees their place again.

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use cidery_keys::Signer;
use cidery_protocol::{
    Action, Cid, Codec, Provenance, Record,
    manifest::{Manifest, Module, ModuleKind},
};
use cidery_registry::{
    Call, Error, Received, Registry, Reply, Request, ScopePolicy, SequencerClient, Upload, memory::Memory,
};
use serde_bytes::{ByteArray, ByteBuf};
use sha2::{Digest, Sha256};
use support::{Hand, NOW, ORIGIN, Pack, TestRegistry, key, pack::sealed};

fn fresh() -> (TestRegistry<Memory>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = TestRegistry::new(Memory::default(), &folder.path().join("ledger.db"), ScopePolicy::Open);
    (registry, folder)
}

/// The package with another manifest, or other attestations, signed again.
fn change(package: &Pack, change: impl FnOnce(&mut Manifest, &mut Vec<Provenance>)) -> Pack {
    let mut package = package.clone();
    let mut body = package.release.body().clone();
    let Action::Release(release) = &mut body.action else { panic!("wanted a release") };
    change(&mut package.manifest, &mut release.provenance);
    release.manifest = package.manifest.cid();
    package.record = Record::encode(body).expect("a release");
    package.release = package.record.clone();
    *package.envelopes.last_mut().expect("one") = sealed(&package.record, &[&key(1)]);
    package
}

fn attested(package: &Pack, attestation: &[u8], size: u64) -> Pack {
    change(package, |manifest, provenance| {
        let subject = ByteArray::new(Sha256::digest(manifest.bytes()).into());
        provenance.push(Provenance { cid: Cid::of(Codec::Raw, attestation), size, subject });
    })
}

#[tokio::test]
async fn attestations_are_asked_for_like_every_blob() {
    let (registry, _folder) = fresh();
    let attestation = b"{\xff}";
    let package = attested(&Pack::new("@acme/hello", "1"), attestation, 3);
    let missing = registry.publish(&package).await;
    let cid = Cid::of(Codec::Raw, attestation).to_string();
    assert_eq!(
        (missing.status, missing.json["blobs"].to_string()),
        (202, format!(r#"[{{"cid":"{cid}","size":3}}]"#))
    );
    let target = format!("/v1/blobs/{cid}?record={}", package.release());
    assert_eq!(registry.call("PUT", &target, b"{\xff]").await.code(), "cid.mismatch");
    assert_eq!(registry.call("PUT", &target, attestation).await.status, 201);
    assert_eq!(registry.post(&package).await.status, 201);
    assert_eq!(registry.call("GET", &format!("/v1/blobs/{cid}"), b"").await.status, 200);

    let twice = attested(&Pack::new("@acme/twice", "1"), b"1", 2);
    assert_eq!(registry.post(&twice).await.code(), "record.invalid", "one blob, and two sizes");
}

#[tokio::test]
async fn t34_a_manifest_that_is_wrong_about_its_bytes_waits_no_more() {
    let (registry, _folder) = fresh();
    let wrong = |at: u8, kind: ModuleKind| {
        change(&Pack::new("@acme/wrong", "\u{feff}"), |manifest, _| {
            let mut body = manifest.body().clone();
            body.compatibility.flags = vec![format!("flag_{at}")];
            let mut data = Module::describe("data.bin", kind, "\u{feff}".as_bytes());
            data.sha256 = ByteArray::new([at; 32]);
            body.modules = vec![data, Module::describe("index.js", ModuleKind::Esm, b"1")];
            *manifest = Manifest::encode(body).expect("a manifest");
        })
    };
    for at in 0..6 {
        let (kind, code) =
            [(ModuleKind::Data, "module.sha256"), (ModuleKind::Text, "module.encoding")][usize::from(at % 2)];
        let package = wrong(at, kind);
        assert_eq!(registry.post(&package).await.status, 202);
        assert_eq!(registry.put(&package).await.code(), code);
        assert_eq!(registry.put(&package).await.code(), "upload.unexpected", "it has to be posted again");
    }
    // A wrong upload says nothing of the manifest.
    let package = Pack::new("@acme/wrong", "right");
    assert_eq!(registry.post(&package).await.status, 202);
    let mut other = package.clone();
    other.code = b"wrong".to_vec();
    let target = format!("/v1/blobs/{}?record={}", package.manifest.body().modules[0].cid, package.release());
    assert_eq!(registry.call("PUT", &target, &other.code).await.code(), "cid.mismatch");
    assert_eq!(registry.publish(&package).await.status, 201);
}

/// A body that takes its time.
struct Late(Hand, Option<Bytes>);

impl Upload for Late {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.0.store(NOW + 3700, Ordering::Relaxed);
        Ok(self.1.take())
    }
}

#[tokio::test]
async fn an_upload_that_began_in_time_counts() {
    let (registry, _folder) = fresh();
    let package = Pack::new("@acme/late", "1");
    registry.post(&package).await;
    registry.clock.0.store(NOW + 3599, Ordering::Relaxed);
    let put = registry.registry.handle(Request {
        method: "PUT".to_owned(),
        path: format!("/v1/blobs/{}", Cid::of(Codec::Raw, b"1")),
        query: format!("record={}", package.release()),
        content_length: Some(1),
        body: Late(registry.clock.clone(), Some(Bytes::from_static(b"1"))),
    });
    assert_eq!(put.await.status, 201);
    assert_eq!(registry.post(&package).await.status, 201, "nothing is missing any more");
}

/// Counts what reaches the sequencer.
struct Counter(Arc<AtomicUsize>);

impl SequencerClient for Counter {
    async fn call(&self, _: Call) -> Result<Reply, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(Error::Request { reason: "it was asked".to_owned() })
    }
}

#[tokio::test]
async fn t34_nobodys_signatures_do_not_reach_the_sequencer() {
    let calls = Arc::new(AtomicUsize::new(0));
    let registry = Registry::new(Memory::default(), Counter(calls.clone()), ScopePolicy::Open);
    let package = Pack::new("@acme/junk", "1");
    let post = async |package: &Pack| {
        let request = package.request();
        let request = Request {
            method: "POST".to_owned(),
            path: "/v1/publish".to_owned(),
            query: String::new(),
            content_length: Some(request.len() as u64),
            body: cidery_registry::memory::Chunks::of(&request, 1000),
        };
        registry.handle(request).await.status
    };
    for at in 0..2 {
        let mut junk = package.clone();
        let record = if at == 0 { &junk.init } else { &junk.record };
        junk.envelopes[at] = sealed(record, &[&key(9)]);
        assert_eq!(post(&junk).await, 422);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    post(&package).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn t34_who_may_not_begin_a_package_is_told_so_before_any_signature_is_checked() {
    let (owner, stranger) = (key(1), key(9));
    let folder = tempfile::tempdir().expect("a folder");
    let listed = BTreeMap::from([("acme".to_owned(), vec![owner.public_key()])]);
    for (at, scopes, signed_as, wanted) in [
        (0, ScopePolicy::Closed, &owner, "scope.denied"),
        (1, ScopePolicy::Listed(BTreeMap::new()), &owner, "scope.denied"),
        (2, ScopePolicy::Listed(listed.clone()), &stranger, "scope.denied"),
        // Whoever names the owner's key has to show that it is theirs.
        (3, ScopePolicy::Listed(listed), &owner, "envelope.signature"),
        (4, ScopePolicy::Open, &stranger, "envelope.signature"),
    ] {
        let registry = TestRegistry::new(Memory::default(), &folder.path().join(format!("{at}.db")), scopes);
        let mut junk = Pack::by("@acme/junk", "1", signed_as, ORIGIN);
        junk.envelopes[0] = sealed(&junk.init, &[&key(8)]);
        assert_eq!(registry.post(&junk).await.code(), wanted, "at the door, case {at}");
        let Received::Reply(Reply::Refused(body)) =
            registry.sequencer.receive(Call::Publish(ByteBuf::from(junk.request()))).await
        else {
            panic!("case {at} was taken")
        };
        assert_eq!(body.code, wanted, "by the sequencer, case {at}");
    }
}

#[tokio::test]
async fn what_is_in_the_log_is_so_in_a_scope_that_was_closed_since() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Memory::default();
    let open = |scopes| TestRegistry::new(store.clone(), &folder.path().join("ledger.db"), scopes);
    let package = Pack::new("@acme/early", "1");
    assert_eq!(open(ScopePolicy::Open).publish(&package).await.status, 201);
    assert_eq!(open(ScopePolicy::Closed).post(&package).await.status, 200);
}

#[tokio::test]
async fn t34_a_request_has_64_signatures_at_most() {
    let (registry, _folder) = fresh();
    let package = Pack::new("@acme/many", "1");
    let signed = |record: &Record, count: u8| {
        let keys: Vec<_> = (1..=count).map(key).collect();
        sealed(record, &keys.iter().collect::<Vec<_>>())
    };
    let post = async |counts: [u8; 3]| {
        let [init, release, again] = counts;
        let envelopes =
            [signed(&package.init, init), signed(&package.record, release), signed(&package.record, again)];
        registry.send(&envelopes).await.json["error"]["message"].to_string()
    };
    assert!(post([32, 32, 1]).await.contains("signatures of a publish request"));
    assert!(!post([32, 31, 1]).await.contains("signatures of a publish request"));
}

#[tokio::test]
async fn t34_the_queue_is_bounded_by_bytes() {
    let (registry, _folder) = fresh();
    assert_eq!(registry.publish(&Pack::new("@acme/seed", "1")).await.status, 201);
    let large = |at: usize| {
        change(&Pack::new(&format!("@acme/large-{at}"), "1"), |manifest, _| {
            let mut body = manifest.body().clone();
            let module = |at: usize| {
                Module::describe(&format!("{at:04}{}.js", "x".repeat(500)), ModuleKind::Esm, b"1")
            };
            body.modules = (0..1000).map(module).collect();
            body.main = body.modules[0].path.clone();
            *manifest = Manifest::encode(body).expect("a manifest");
        })
    };
    let mut tickets = Vec::new();
    let mut bytes = 0;
    let refused = loop {
        let package = large(tickets.len());
        match registry.sequencer.receive(Call::Publish(ByteBuf::from(package.request()))).await {
            Received::Queued(ticket) => tickets.push(ticket),
            Received::Reply(reply) => break reply,
        }
        bytes += package.manifest.bytes().len();
        assert!(bytes <= 16 << 20);
    };
    assert!(bytes > 15 << 20 && tickets.len() < 64, "{bytes} bytes, {} publishes", tickets.len());
    assert!(matches!(refused, Reply::Refused(body) if body.code == "upload.pending"));
    registry.sequencer.close_group().await.expect("a group");
    for ticket in tickets {
        assert!(matches!(ticket.reply().await, Reply::Published(_)));
    }
}
