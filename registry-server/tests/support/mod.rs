//! A registry without HTTP: the handlers and a sequencer over any store, and what a publisher and a reader do with them.

#![allow(dead_code)] // Each suite takes what it needs.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cidery_keys::{SecretKey, Signer, sign_envelope};
use cidery_protocol::{
    Action, Build, Cid, Envelope, Floors, Head, Init, Join, Origin, Receipt, Record, RecordBody, Release,
    Resolution, SignedRecord,
    log::{SignedCheckpoint, leaf_hash, verify_consistency, verify_inclusion},
    manifest::{Compatibility, Manifest, ManifestBody, ManifestFormat, Module, ModuleKind, Needs},
};
use cidery_registry::{
    Blobs, Body, Call, Clock, Error, LogConfig, Received, Registry, Reply, Request, ScopePolicy, Sequencer,
    SequencerClient, memory::Chunks,
};
use cidery_registry_server::Sqlite;
use serde_json::{Value, json};

pub(crate) const ORIGIN: &str = "log.example";
pub(crate) const NOW: u64 = 1_790_000_000;

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

pub(crate) fn origin() -> Origin {
    ORIGIN.parse().expect("an origin")
}

/// A clock that tests move.
#[derive(Clone)]
pub(crate) struct Hand(pub(crate) Arc<AtomicU64>);

impl Clock for Hand {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) type TestSequencer<B> = Arc<Sequencer<B, Sqlite, Hand>>;

/// The way to a sequencer in the same task, which closes a group for whoever waits.
pub(crate) struct Near<B>(pub(crate) TestSequencer<B>);

impl<B: Blobs> SequencerClient for Near<B> {
    async fn call(&self, call: Call) -> Result<Reply, Error> {
        match self.0.receive(call).await {
            Received::Reply(reply) => Ok(reply),
            Received::Queued(ticket) => {
                // A group that failed has told everybody in it.
                let _ = self.0.close_group().await;
                Ok(ticket.reply().await)
            }
        }
    }
}

pub(crate) struct TestRegistry<B> {
    pub(crate) registry: Registry<B, Near<B>>,
    pub(crate) sequencer: TestSequencer<B>,
    pub(crate) blobs: B,
    pub(crate) clock: Hand,
}

pub(crate) fn config(scopes: ScopePolicy) -> LogConfig {
    LogConfig { origin: origin(), scopes, log: Box::new(key(2)), cosigner: Box::new(key(3)) }
}

impl<B: Blobs + Clone> TestRegistry<B> {
    pub(crate) fn new(blobs: B, ledger: &Path, scopes: ScopePolicy) -> Self {
        let clock = Hand(Arc::new(AtomicU64::new(NOW)));
        let sql = Sqlite::open(ledger).expect("a ledger");
        let sequencer = Sequencer::new(blobs.clone(), sql, clock.clone(), config(scopes));
        let sequencer = Arc::new(sequencer.expect("a sequencer"));
        let registry = Registry::new(blobs.clone(), Near(sequencer.clone()));
        TestRegistry { registry, sequencer, blobs, clock }
    }

    pub(crate) async fn call(&self, method: &str, target: &str, body: &[u8]) -> Answer<B::Body> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let response = self
            .registry
            .handle(Request {
                method: method.to_owned(),
                path: path.to_owned(),
                query: query.to_owned(),
                content_length: Some(body.len() as u64),
                body: Chunks::of(body, 1000),
            })
            .await;
        let (bytes, stream) = match response.body {
            Body::Bytes(bytes) => (bytes.to_vec(), None),
            Body::Stream(download) => (Vec::new(), Some(download.body)),
            Body::Omitted(_) => (Vec::new(), None),
        };
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: response.status, bytes, json, stream }
    }

    pub(crate) async fn post(&self, package: &Pack) -> Answer<B::Body> {
        self.call("POST", "/v1/publish", &package.request()).await
    }

    pub(crate) async fn put(&self, package: &Pack) -> Answer<B::Body> {
        let (blob, release) = (Cid::of(cidery_protocol::Codec::Raw, &package.code), package.release());
        self.call("PUT", &format!("/v1/blobs/{blob}?release={release}"), &package.code).await
    }

    /// Posts, uploads what is missing, and posts again.
    pub(crate) async fn publish(&self, package: &Pack) -> Answer<B::Body> {
        let first = self.post(package).await;
        if first.status != 202 {
            return first;
        }
        let put = self.put(package).await;
        if put.status >= 300 { put } else { self.post(package).await }
    }

    /// Resolves a version and checks all that it proves. Gives the head's size and root.
    pub(crate) async fn resolve(&self, package: &Pack) -> Proven {
        let target = format!("/v1/packages/{}/resolve?version={}", package.name, package.version);
        let answer = self.call("GET", &target, b"").await;
        assert_eq!(answer.status, 200, "{}: {}", package.name, answer.json);
        prove(&answer.bytes, package)
    }
}

pub(crate) struct Answer<S> {
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
    pub(crate) json: Value,
    pub(crate) stream: Option<S>,
}

impl<S> Answer<S> {
    pub(crate) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or("none")
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proven {
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
    pub(crate) time: u64,
}

/// What a verifier would look at, by `cidery-protocol` alone.
pub(crate) fn prove(resolution: &[u8], package: &Pack) -> Proven {
    let resolution = Resolution::decode(resolution).expect("a resolution");
    let receipt = Receipt::decode(&resolution.receipt).expect("a receipt");
    let head = Head::decode(&resolution.head).expect("a head");
    let signed = SignedCheckpoint::parse(&head.checkpoint).expect("a note");
    let newest = signed.verify_log(&origin(), &[key(2).public_key()]).expect("signed by the log");
    let time = signed.timestamp(&origin().cosigner(), &key(3).public_key()).expect("a timestamp");
    let leaf = leaf_hash(&receipt.release);
    let first = SignedCheckpoint::parse(&receipt.checkpoint).expect("a note");
    let first = first.verify_log(&origin(), &[key(2).public_key()]).expect("signed by the log");
    verify_inclusion(receipt.index, first.size, leaf, &receipt.inclusion, &first.root).expect("was logged");
    let Join::Inclusion(join) = &head.join else { panic!("wanted an inclusion") };
    verify_inclusion(receipt.index, newest.size, leaf, join, &newest.root).expect("still is");
    if let Some(since) = &head.since {
        let same = since.size == first.size;
        assert!(same, "these tests ask for the receipt's own size");
        verify_consistency(first.size, newest.size, &first.root, &newest.root, &since.consistency)
            .expect("one log");
    }
    let init = SignedRecord::from_entry(&receipt.chain[0], None).expect("an init");
    let authority = cidery_protocol::Authority::begin(&init).expect("an authority");
    let release = SignedRecord::from_entry(&receipt.release, Some(&authority)).expect("a release");
    authority.allows(&release).expect("by its keys");
    assert_eq!(release.record().cid(), package.release());
    Proven { size: newest.size, root: *newest.root.as_bytes(), time }
}

/// One release that is to be published.
#[derive(Clone)]
pub(crate) struct Pack {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) code: Vec<u8>,
    pub(crate) manifest: Manifest,
    pub(crate) init: Record,
    pub(crate) record: Record,
    pub(crate) envelopes: Vec<Envelope>,
}

pub(crate) fn manifest_of(code: &[u8]) -> Manifest {
    Manifest::encode(ManifestBody {
        format: ManifestFormat::V1,
        main: "index.js".into(),
        modules: vec![Module::describe("index.js", ModuleKind::Esm, code)],
        compatibility: Compatibility { date: "2026-11-01".into(), flags: vec![] },
        needs: Needs::default(),
        imports: vec![],
        bundled: vec![],
        source_maps: vec![],
    })
    .expect("a manifest")
}

pub(crate) fn sealed(record: &Record, keys: &[&SecretKey]) -> Envelope {
    let mut envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
    keys.iter().for_each(|key| sign_envelope(&mut envelope, *key).expect("a signature"));
    envelope
}

impl Pack {
    /// A package's first release.
    pub(crate) fn new(name: &str, code: &str) -> Self {
        Pack::by(name, code, &key(1), ORIGIN)
    }

    pub(crate) fn by(name: &str, code: &str, signer: &SecretKey, origin: &str) -> Self {
        let init =
            Init { keys: vec![signer.public_key()], threshold: 1, floors: Floors::default(), recovery: None };
        let body = RecordBody {
            origin: origin.parse().expect("an origin"),
            package: name.parse().expect("a name"),
            sequence: 0,
            prev: None,
            authority: None,
            action: Action::Init(init),
        };
        let init = Record::encode(body).expect("an init");
        let mut package = Pack::after(&init, init.cid(), 1, "1.0.0", code, signer);
        package.envelopes.insert(0, sealed(&init, &[signer]));
        package
    }

    /// A release on top of this one.
    pub(crate) fn next(&self, version: &str, code: &str) -> Self {
        let sequence = self.record.body().sequence + 1;
        Pack::after(&self.init, self.record.cid(), sequence, version, code, &key(1))
    }

    fn after(init: &Record, prev: Cid, sequence: u64, version: &str, code: &str, signer: &SecretKey) -> Self {
        let manifest = manifest_of(code.as_bytes());
        let release = Release {
            version: version.parse().expect("a version"),
            manifest: manifest.cid(),
            build: Build { tool: "test".into(), lock: None },
            npm: None,
            provenance: vec![],
        };
        let RecordBody { origin, package, .. } = init.body().clone();
        let name = package.to_string();
        let record = Record::encode(RecordBody {
            origin,
            package,
            sequence,
            prev: Some(prev),
            authority: Some(init.cid()),
            action: Action::Release(release),
        });
        let record = record.expect("a release");
        let envelopes = vec![sealed(&record, &[signer])];
        let (code, version) = (code.as_bytes().to_vec(), version.to_owned());
        Pack { name, version, code, manifest, init: init.clone(), record, envelopes }
    }

    pub(crate) fn release(&self) -> Cid {
        self.record.cid()
    }

    pub(crate) fn request(&self) -> Vec<u8> {
        let records: Vec<Value> = self
            .envelopes
            .iter()
            .map(|envelope| serde_json::from_str(&envelope.to_json()).expect("JSON"))
            .collect();
        let manifest = STANDARD.encode(self.manifest.bytes());
        json!({ "records": records, "manifest": manifest }).to_string().into_bytes()
    }
}

/// Every object with its bytes.
pub(crate) async fn contents(blobs: &impl Blobs) -> BTreeMap<String, Vec<u8>> {
    let mut contents = BTreeMap::new();
    for key in blobs.list("").await.expect("a listing") {
        let object = blobs.get(&key, 1 << 26).await.expect("an object").expect("it was listed");
        contents.insert(key, object.bytes.to_vec());
    }
    contents
}
