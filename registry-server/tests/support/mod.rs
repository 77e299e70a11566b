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
use bytes::Bytes;
use cidery_keys::{SecretKey, Signer};
use cidery_protocol::{
    Authority, Cid, Envelope, Head, Join, Origin, PackageLog, PackageState, Receipt, Resolution,
    SignedRecord,
    log::{SignedCheckpoint, leaf_hash, verify_consistency, verify_inclusion, with_right_siblings},
    manifest::Manifest,
};
use cidery_registry::{
    Blobs, Body, Call, Clock, Error, LogConfig, Received, Registry, Reply, Request, ScopePolicy, Sequencer,
    SequencerClient, Witnesses,
    memory::{Chunks, Memory},
};
use cidery_registry_server::Sqlite;
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

pub(crate) mod ask;
pub(crate) mod mortal;
pub(crate) mod oracle;
pub(crate) mod pack;
pub(crate) mod witness;

pub(crate) use pack::Pack;

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
    LogConfig {
        origin: origin(),
        scopes,
        log: Box::new(key(2)),
        cosigner: Box::new(key(3)),
        witnesses: Witnesses::default(),
    }
}

impl<B: Blobs + Clone> TestRegistry<B> {
    pub(crate) fn new(blobs: B, ledger: &Path, scopes: ScopePolicy) -> Self {
        TestRegistry::of(blobs, ledger, config(scopes))
    }

    pub(crate) fn of(blobs: B, ledger: &Path, config: LogConfig) -> Self {
        let clock = Hand(Arc::new(AtomicU64::new(NOW)));
        let sql = Sqlite::open(ledger).expect("a ledger");
        let scopes = config.scopes.clone();
        let sequencer = Sequencer::new(blobs.clone(), sql, clock.clone(), config);
        let sequencer = Arc::new(sequencer.expect("a sequencer"));
        let registry = Registry::new(blobs.clone(), Near(sequencer.clone()), scopes);
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

    /// Posts records that bring no release.
    pub(crate) async fn send(&self, envelopes: &[Envelope]) -> Answer<B::Body> {
        self.call("POST", "/v1/publish", &request(envelopes, None)).await
    }

    pub(crate) async fn put(&self, package: &Pack) -> Answer<B::Body> {
        let (blob, record) = (Cid::of(cidery_protocol::Codec::Raw, &package.code), package.record.cid());
        self.call("PUT", &format!("/v1/blobs/{blob}?record={record}"), &package.code).await
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

    /// What shows of a package is whole: its log leads to the state that it has, and each record has a receipt.
    pub(crate) async fn is_whole(&self, name: &str) {
        let shown = self.call("GET", &format!("/v1/packages/{name}"), b"").await;
        let log = self.call("GET", &format!("/v1/packages/{name}/log"), b"").await;
        if shown.status == 404 {
            assert_eq!(log.status, 404);
            return;
        }
        let log = PackageLog::decode(&log.bytes).expect("a log");
        assert_eq!(log.entries.len() as u64, log.size);
        let mut state = None;
        for entry in &log.entries {
            PackageState::replay(&mut state, entry).expect("it may follow");
            let (record, _) = SignedRecord::claim_of_entry(entry).expect("an entry");
            let receipt = self.call("GET", &format!("/v1/receipts/{}", record.cid()), b"").await;
            assert_eq!(receipt.status, 200, "each record has a receipt");
        }
        let state = state.expect("a record");
        assert_eq!(shown.json["newest"], state.newest.to_string());
        assert_eq!(shown.json["authority"]["record"], state.authority.cid.to_string());
        assert_eq!(shown.json["channels"].as_array().map(Vec::len), Some(state.channels.len()));
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

/// What a verifier looks at, by `cidery-protocol` alone, and what it says.
pub(crate) fn prove(bytes: &[u8], package: &Pack) -> Proven {
    let resolution = Resolution::decode(bytes).expect("a resolution");
    let receipt = Receipt::decode(&resolution.receipt).expect("a receipt");
    let head = Head::decode(&resolution.head).expect("a head");
    let signed = SignedCheckpoint::parse(&head.checkpoint).expect("a note");
    let newest = signed.verify_log(&origin(), &[key(2).public_key()]).expect("signed by the log");
    let time = signed.timestamp(&origin().cosigner(), &key(3).public_key()).expect("a timestamp");
    let leaf = leaf_hash(&receipt.record);
    let first = SignedCheckpoint::parse(&receipt.checkpoint).expect("a note");
    let first = first.verify_log(&origin(), &[key(2).public_key()]).expect("signed by the log");
    verify_inclusion(receipt.index, first.size, leaf, &receipt.inclusion, &first.root).expect("was logged");
    let Join::Inclusion(join) = &head.join else { panic!("wanted an inclusion") };
    let (index, inclusion) = (receipt.index, &receipt.inclusion);
    let join = with_right_siblings(index, first.size, inclusion, newest.size, join).expect("the receipt's");
    verify_inclusion(index, newest.size, leaf, &join, &newest.root).expect("still is");
    if let Some(since) = &head.since {
        let same = since.size == first.size;
        assert!(same, "these tests ask for the receipt's own size");
        verify_consistency(first.size, newest.size, &first.root, &newest.root, &since.consistency)
            .expect("one log");
    }
    let authority = authority_of(&receipt.chain);
    let (release, logged) = SignedRecord::from_entry(&receipt.record, Some(&authority)).expect("a release");
    assert!(logged <= time, "a release is not from after its head");
    authority.allows(&release).expect("by its keys");
    assert_eq!(release.record().cid(), package.release());
    let standing = head.standing.expect("how it stands");
    authority_of(&[&receipt.chain[..], &standing.chain[..]].concat());
    let request = format!("{}@{}", package.name, package.version).parse().expect("a request");
    let policy = oracle::policy(&package.name, json!({ "init": package.init.cid().to_string() }));
    oracle::prove(bytes, &request, &policy).unwrap_or_else(|error| panic!("{}: {error}", package.name));
    Proven { size: newest.size, root: *newest.root.as_bytes(), time }
}

/// The last authority of a chain of signed records.
pub(crate) fn authority_of(chain: &[ByteBuf]) -> Authority {
    let (init, rest) = chain.split_first().expect("a chain");
    let init = SignedRecord::decode(init, None).expect("an init");
    rest.iter().fold(Authority::begin(&init).expect("an authority"), |authority, record| {
        let record = SignedRecord::decode(record, Some(&authority)).expect("a signed record");
        authority.succeed(&record).expect("the next authority")
    })
}

pub(crate) fn request(envelopes: &[Envelope], manifest: Option<&Manifest>) -> Vec<u8> {
    let records = envelopes.iter().map(|envelope| serde_json::from_str(&envelope.to_json()).expect("JSON"));
    let mut request = json!({ "records": records.collect::<Vec<Value>>() });
    if let Some(manifest) = manifest {
        request["manifest"] = STANDARD.encode(manifest.bytes()).into();
    }
    request.to_string().into_bytes()
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

/// A store of these objects.
pub(crate) async fn store_of(contents: &BTreeMap<String, Vec<u8>>) -> Memory {
    let store = Memory::default();
    for (key, bytes) in contents {
        store.put(key, Bytes::from(bytes.clone())).await.expect("a store");
    }
    store
}
