//! One package with one release that is judged, inside of a log with others: everything about it can be changed before it is
//! signed.

use std::collections::BTreeMap;

use cidery_protocol::{Cid, Codec, pae};
use ipld_core::ipld::Ipld;
use sha2::{Digest, Sha256};

use super::log::{Log, cbor, public, sign};

pub const ORIGIN: &str = "log.example";
pub const PACKAGE: &str = "@acme/hello";
pub const VERSION: &str = "1.2.0";

/// Seeds of keys, each in one role.
pub const PUBLISHER: u8 = 1;
pub const LOG: u8 = 2;
pub const COSIGNER: u8 = 3;
pub const SECOND: u8 = 4;
pub const THIRD: u8 = 5;
pub const STRANGER: u8 = 9;

pub const INIT_TYPE: &str = "application/vnd.cidery.init.v1+cbor";
pub const RELEASE_TYPE: &str = "application/vnd.cidery.release.v1+cbor";

/// A record before it is signed.
pub struct Plan {
    pub keys: Vec<u8>,
    pub threshold: i128,
    pub init_signers: Vec<u8>,
    pub signers: Vec<u8>,
    /// Changes of the finished objects, while their hashes can still follow.
    pub manifest: Object,
    pub init: Object,
    pub release: Object,
    /// Changes of the finished log entry of the release.
    pub entry: Object,
    pub release_type: &'static str,
    /// The type that is signed, where it is not the one that is said.
    pub signed_type: Option<&'static str>,
    pub modules: Vec<(&'static str, &'static str, Vec<u8>)>,
}

/// An object to be encoded, with what is to be done to it.
#[derive(Default)]
pub struct Object {
    pub change: Option<fn(&mut Ipld)>,
    pub bytes: Option<fn(Vec<u8>) -> Vec<u8>>,
}

impl Object {
    pub fn encode(&self, mut value: Ipld) -> Vec<u8> {
        if let Some(change) = self.change {
            change(&mut value);
        }
        let bytes = cbor(&value);
        self.bytes.map_or_else(|| bytes.clone(), |change| change(bytes.clone()))
    }
}

/// What a plan has become.
pub struct Built {
    pub log: Log,
    pub init: Vec<u8>,
    pub init_cid: Cid,
    pub index: u64,
    pub manifest: Vec<u8>,
    /// The first covering checkpoint's size.
    pub first: u64,
    /// Another package's release in the same log, with its `init`.
    pub other: (Vec<u8>, u64),
}

impl Default for Plan {
    fn default() -> Self {
        let code = b"export default { fetch: () => new Response(\"hello from 1.2.0\") };\n";
        Plan {
            keys: vec![PUBLISHER],
            threshold: 1,
            init_signers: vec![PUBLISHER],
            signers: vec![PUBLISHER],
            manifest: Object::default(),
            init: Object::default(),
            release: Object::default(),
            entry: Object::default(),
            release_type: RELEASE_TYPE,
            signed_type: None,
            modules: vec![("index.js", "esm", code.to_vec())],
        }
    }
}

impl Plan {
    pub fn build(&self) -> Built {
        let mut log = Log::new(ORIGIN);
        let others = init("@other/tool", &[STRANGER], 1);
        let other_cid = Cid::of(Codec::DagCbor, &cbor(&others));
        let other_init = entry(INIT_TYPE, &cbor(&others), &[STRANGER]);
        log.append(other_init.clone());

        let payload = self.init.encode(init(PACKAGE, &self.keys, self.threshold));
        let init_cid = Cid::of(Codec::DagCbor, &payload);
        let init = entry(INIT_TYPE, &payload, &self.init_signers);
        log.append(init.clone());
        let before = Cid::of(Codec::DagCbor, b"the manifest of 1.1.0");
        let earlier = cbor(&release(PACKAGE, "1.1.0", 1, init_cid, init_cid, before));
        log.append(entry(RELEASE_TYPE, &earlier, &[PUBLISHER]));

        let manifest = self.manifest.encode(manifest(&self.modules));
        let cid = Cid::of(Codec::DagCbor, &manifest);
        let others = release("@other/tool", VERSION, 1, other_cid, other_cid, cid);
        let other = log.append(entry(RELEASE_TYPE, &cbor(&others), &[STRANGER]));

        let prev = Cid::of(Codec::DagCbor, &earlier);
        let payload = self.release.encode(release(PACKAGE, VERSION, 2, prev, init_cid, cid));
        let message = pae(self.signed_type.unwrap_or(self.release_type), &payload);
        let release = self.entry.encode(entry_value(self.release_type, &payload, &self.signers, &message));
        let index = log.append(release);
        let first = log.size() + 1;
        for filler in 0..4_u8 {
            log.append(vec![filler]);
        }
        Built { log, init, init_cid, index, manifest, first, other: (other_init, other) }
    }
}

pub fn init(package: &str, keys: &[u8], threshold: i128) -> Ipld {
    let mut keys: Vec<_> = keys.iter().map(|seed| *public(*seed).as_bytes()).collect();
    keys.sort();
    let keys = keys.into_iter().map(|key| Ipld::Bytes(key.to_vec())).collect();
    let floors = map([("provenance", Ipld::Bool(false)), ("witnesses", Ipld::Integer(0))]);
    map([
        ("kind", text("init")),
        ("origin", text(ORIGIN)),
        ("package", text(package)),
        ("sequence", Ipld::Integer(0)),
        (
            "body",
            map([("keys", Ipld::List(keys)), ("threshold", Ipld::Integer(threshold)), ("floors", floors)]),
        ),
    ])
}

fn release(package: &str, version: &str, sequence: i128, prev: Cid, authority: Cid, manifest: Cid) -> Ipld {
    let body = map([
        ("version", text(version)),
        ("manifest", link(manifest)),
        ("build", map([("tool", text("by hand"))])),
        ("provenance", Ipld::List(vec![])),
    ]);
    map([
        ("kind", text("release")),
        ("origin", text(ORIGIN)),
        ("package", text(package)),
        ("sequence", Ipld::Integer(sequence)),
        ("prev", link(prev)),
        ("authority", link(authority)),
        ("body", body),
    ])
}

fn manifest(modules: &[(&str, &str, Vec<u8>)]) -> Ipld {
    let modules = modules.iter().map(|(path, kind, bytes)| {
        map([
            ("path", text(path)),
            ("kind", text(kind)),
            ("cid", link(Cid::of(Codec::Raw, bytes))),
            ("size", Ipld::Integer(bytes.len() as i128)),
            ("sha256", Ipld::Bytes(Sha256::digest(bytes).to_vec())),
        ])
    });
    let none = || Ipld::List(vec![]);
    map([
        ("format", text("cidery-manifest-v1")),
        ("main", text("index.js")),
        ("modules", Ipld::List(modules.collect())),
        ("compatibility", map([("date", text("2026-10-01")), ("flags", none())])),
        ("needs", map([("egress", none()), ("bindings", none()), ("limits", map([]))])),
        ("imports", none()),
        ("bundled", none()),
        ("sourceMaps", none()),
    ])
}

fn entry(payload_type: &str, payload: &[u8], signers: &[u8]) -> Vec<u8> {
    cbor(&entry_value(payload_type, payload, signers, &pae(payload_type, payload)))
}

fn entry_value(payload_type: &str, payload: &[u8], signers: &[u8], message: &[u8]) -> Ipld {
    let mut signers: Vec<_> = signers.iter().map(|seed| (*public(*seed).as_bytes(), *seed)).collect();
    signers.sort();
    let signatures = signers.into_iter().map(|(key, seed)| signature(&key, &sign(seed, message)));
    map([
        ("kind", text("record")),
        ("type", text(payload_type)),
        ("payload", Ipld::Bytes(payload.to_vec())),
        ("signatures", Ipld::List(signatures.collect())),
    ])
}

pub fn signature(key: &[u8], signature: &[u8]) -> Ipld {
    map([("key", Ipld::Bytes(key.to_vec())), ("sig", Ipld::Bytes(signature.to_vec()))])
}

pub fn text(text: &str) -> Ipld {
    Ipld::String(text.to_owned())
}

pub fn link(cid: Cid) -> Ipld {
    Ipld::Link(cid.into())
}

pub fn map<const N: usize>(fields: [(&str, Ipld); N]) -> Ipld {
    Ipld::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>())
}

/// The value at a path such as `body.keys.0`.
pub fn at<'v>(value: &'v mut Ipld, path: &str) -> &'v mut Ipld {
    path.split('.').fold(value, |value, part| match value {
        Ipld::Map(map) => map.entry(part.to_owned()).or_insert(Ipld::Null),
        Ipld::List(list) => &mut list[part.parse::<usize>().expect("an index")],
        _ => panic!("nothing is at {path}"),
    })
}

/// The list at a path.
pub fn list<'v>(value: &'v mut Ipld, path: &str) -> &'v mut Vec<Ipld> {
    match at(value, path) {
        Ipld::List(list) => list,
        _ => panic!("no list is at {path}"),
    }
}
