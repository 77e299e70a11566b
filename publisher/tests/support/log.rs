//! A log in memory that is served on loopback: honest, unless a test makes it lie.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use cidery_protocol::log::{
    Bundle, Checkpoint, Hash, Node, SignedCheckpoint, Tile, consistency_proof, encode_bundle,
    inclusion_proof, leaf_hash, log_signature_message, root_of_leaves, written_bundles, written_tiles,
};
use cidery_protocol::map::{self, MapKey, MapLeaf, MapPage, MapPages, ReadPath};
use cidery_protocol::*;
use ed25519_dalek::{Signer, SigningKey};
use serde_bytes::ByteBuf;
use serde_json::json;

pub const ORIGIN: &str = "log.example";
pub const LOG: u8 = 2;
pub const COSIGNER: u8 = 3;
pub const PUBLISHER: u8 = 1;
pub const RECOVERY: u8 = 6;
pub const NEXT: u8 = 8;

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(key(seed).verifying_key().to_bytes()).expect("a public key")
}

pub fn name(text: &str) -> PackageName {
    text.parse().expect("a name")
}

/// Entries, and the states of packages that they come to.
#[derive(Clone)]
pub struct TestLog {
    pub entries: Vec<Vec<u8>>,
    pub states: BTreeMap<PackageName, PackageState>,
    pub pages: BTreeMap<Vec<u8>, MapPage>,
    pub root: Hash,
    /// When the next entries are logged.
    pub time: u64,
    /// When its checkpoints are cosigned, after now.
    pub later: u64,
}

impl TestLog {
    /// Two packages, with records of every kind but a transfer, and a recovery that waits.
    pub fn honest() -> Self {
        let mut log = TestLog {
            entries: Vec::new(),
            states: BTreeMap::new(),
            pages: BTreeMap::new(),
            root: map::empty_map(),
            time: now() - 7_200,
            later: 0,
        };
        log.record("@acme/hello", PUBLISHER, Action::Init(powers(PUBLISHER)));
        log.release("@acme/hello", PUBLISHER, "1.0.0");
        log.map();
        log.record("@other/tool", NEXT, Action::Init(powers(NEXT)));
        log.release("@other/tool", NEXT, "0.1.0");
        let release = log.reference("@other/tool", "0.1.0");
        let (severity, reason) = (Severity::Low, Reason::Broken);
        let yank = Yank { release: release.clone(), severity, reason, text: None, replacement: None };
        log.record("@other/tool", NEXT, Action::Yank(yank));
        let targets = vec![Target { release: release.clone(), weight: 10_000 }];
        let channel = Channel { name: "next".parse().expect("a channel"), targets };
        log.record("@other/tool", NEXT, Action::Channel(channel));
        let statement = Provenance { cid: Cid::of(Codec::Raw, b"seen"), size: 4, subject: [7; 32].into() };
        log.record(
            "@other/tool",
            NEXT,
            Action::Attest(Attest { release, predicate: "reviewed".into(), statement }),
        );
        log.map();
        log.time += 60;
        let rekey =
            Rekey { by: Signatories::Recovery, to: powers(NEXT), void: vec![], next_version_floor: None };
        log.record("@acme/hello", RECOVERY, Action::Rekey(rekey));
        log.map();
        log
    }

    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn release(&mut self, package: &str, signer: u8, version: &str) {
        let version: Version = version.parse().expect("a version");
        let manifest = Cid::of(Codec::DagCbor, version.to_string().as_bytes());
        let build = Build { tool: "by hand".into(), lock: None };
        let release = Release { version, manifest, build, npm: None, provenance: vec![] };
        self.record(package, signer, Action::Release(release));
    }

    /// Logs a record that may follow.
    pub fn record(&mut self, package: &str, signer: u8, action: Action) {
        let entry = self.entry(package, signer, action);
        let mut state = self.states.remove(&name(package));
        PackageState::replay(&mut state, &entry).expect("it may follow");
        self.states.insert(name(package), state.expect("it has begun"));
        self.entries.push(entry);
    }

    /// An entry with the next record of a package, whether it may follow or not.
    pub fn entry(&self, package: &str, signer: u8, action: Action) -> Vec<u8> {
        let state = self.states.get(&name(package));
        let record = Record::encode(RecordBody {
            origin: ORIGIN.parse().expect("an origin"),
            package: name(package),
            sequence: state.map_or(0, |state| state.sequence + 1),
            prev: state.map(|state| state.newest),
            authority: state.map(|state| state.authority.cid),
            action,
        });
        let record = record.expect("a record");
        let mut envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
        let signature = key(signer).sign(&envelope.signing_bytes());
        envelope.push(Signature::from_bytes(signature.to_bytes()));
        let signed = SignedRecord::from_envelope(&envelope, state.map(|state| &state.authority));
        signed.expect("signed").entry(self.time).expect("an entry")
    }

    pub fn reference(&self, package: &str, version: &str) -> ReleaseRef {
        let version: Version = version.parse().expect("a version");
        let record = self.states[&name(package)].releases[&version].record;
        ReleaseRef { version, record }
    }

    /// Ends a group.
    pub fn map(&mut self) {
        for (name, state) in &mut self.states {
            state.settle(self.time);
            let leaf = MapLeaf { key: MapKey::of(name), value: state.object().cid().expect("a state") };
            self.root = map::set(&mut self.pages, leaf).expect("pages in memory");
        }
        self.map_of(self.root);
    }

    /// Ends it with another map.
    pub fn map_of(&mut self, root: Hash) {
        self.entries.push(MapEntry::new(root, self.time).encode().expect("a map entry"));
    }

    fn node(&self, Node { level, index }: Node) -> Hash {
        let leaves: Vec<Hash> =
            self.entries[(index << level) as usize..][..1 << level].iter().map(|e| leaf_hash(e)).collect();
        root_of_leaves(&leaves)
    }

    /// The checkpoint over all entries.
    pub fn checkpoint(&self) -> Vec<u8> {
        let leaves: Vec<Hash> = self.entries.iter().map(|entry| leaf_hash(entry)).collect();
        let origin: Origin = ORIGIN.parse().expect("an origin");
        let checkpoint =
            Checkpoint { origin: origin.clone(), size: self.size(), root: root_of_leaves(&leaves) };
        let sign = |seed: u8, message: &[u8]| Signature::from_bytes(key(seed).sign(message).to_bytes());
        let signed = SignedCheckpoint::assemble(
            &checkpoint,
            &public(LOG),
            sign(LOG, &log_signature_message(&checkpoint)),
        );
        let (signed, time) = (signed.expect("a checkpoint"), now() + self.later);
        let signature = sign(COSIGNER, &signed.cosignature_message(time));
        signed
            .with_cosignature(&origin.cosigner(), &public(COSIGNER), time, signature)
            .expect("cosigned")
            .to_bytes()
    }

    /// What the log says of a package.
    fn proof(&self, package: &str, since: Option<u64>) -> Vec<u8> {
        let (size, entry) = (self.size(), self.entries.last().expect("a map"));
        let key = MapKey::of(&name(package));
        let mut path = ReadPath::new(key, self.root);
        let mut depth = 0;
        while path.wants().is_some() {
            let page = self.pages.page(&key.as_bytes()[..depth]).expect("pages in memory").expect("the page");
            path.take(&page.encode(depth as u8).expect("a page")).expect("the page that is wanted");
            depth += 1;
        }
        let node = |node| Ok::<_, Error>(self.node(node));
        let proof = PackageProof {
            format: PackageProofFormat::V1,
            checkpoint: ByteBuf::from(self.checkpoint()),
            map: Some(MapProof {
                entry: ByteBuf::from(entry.clone()),
                inclusion: inclusion_proof(size - 1, size, node).expect("a proof").into(),
                path: path.finish().1,
            }),
            state: self
                .states
                .get(&name(package))
                .map(|state| ByteBuf::from(state.object().encode().expect("a state"))),
            since: since.filter(|from| *from <= size).map(|from| Since {
                size: from,
                consistency: consistency_proof(from, size, node).expect("a proof").into(),
            }),
        };
        proof.encode().expect("a proof")
    }

    /// What a registry answers.
    fn answer(&self, path: &str) -> Option<Vec<u8>> {
        let (path, query) =
            path.strip_prefix("/v1/")?.split_once('?').unwrap_or((path.strip_prefix("/v1/")?, ""));
        let keys = json!({ "origin": ORIGIN, "logKeys": [public(LOG).to_string()], "cosigner": public(COSIGNER).to_string() });
        if path == "log" {
            return Some(keys.to_string().into_bytes());
        }
        if let Some(package) = path.strip_prefix("packages/").and_then(|rest| rest.strip_suffix("/proof")) {
            let since = query.strip_prefix("since=").and_then(|since| since.parse().ok());
            return Some(self.proof(package, since));
        }
        self.file(path)
    }

    /// A file of the log as C2SP lays it out.
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        if path == "checkpoint" {
            return Some(self.checkpoint());
        }
        if let Ok(bundle) = Bundle::parse(path) {
            let range = bundle.entries();
            return encode_bundle(self.entries.get(range.start as usize..range.end as usize)?).ok();
        }
        let tile = Tile::parse(path).ok()?;
        let there = |node: &Node| (node.index + 1) << node.level <= self.size();
        let nodes: Vec<Node> = tile.nodes().collect();
        nodes.iter().all(there).then(|| nodes.iter().flat_map(|node| *self.node(*node).as_bytes()).collect())
    }

    /// Writes all of it into a folder.
    pub fn write(&self, dir: &Path) {
        let tiles = written_tiles(0, self.size()).map(|tile| tile.path());
        let bundles = written_bundles(0, self.size()).map(|bundle| bundle.path());
        for path in tiles.chain(bundles).chain(["checkpoint".to_owned()]) {
            let file = dir.join(&path);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, self.file(&path).expect("a file")).expect("it can be written");
        }
    }
}

fn powers(seed: u8) -> Powers {
    let recovery = Recovery { keys: vec![public(RECOVERY)], threshold: 1, delay: 86_400 };
    Powers { keys: vec![public(seed)], threshold: 1, floors: Floors::default(), recovery: Some(recovery) }
}

/// A log on loopback, which a test may exchange for another.
pub struct LogServer {
    pub url: String,
    shown: Arc<Mutex<TestLog>>,
    /// Every path that was asked for.
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl LogServer {
    pub fn start(log: &TestLog) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (shown, asked) = (Arc::new(Mutex::new(log.clone())), Arc::new(Mutex::new(Vec::new())));
        let (serves, notes) = (shown.clone(), asked.clone());
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.push(byte[0]);
                }
                let request = String::from_utf8(request).expect("ASCII");
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let answer = serves.lock().expect("no test has failed").answer(&path);
                notes.lock().expect("no test has failed").push(path);
                let (status, body) = answer.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        LogServer { url, shown, asked }
    }

    pub fn show(&self, log: &TestLog) {
        *self.shown.lock().expect("no test has failed") = log.clone();
    }
}
