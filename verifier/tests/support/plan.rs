//! One package with one release that is judged, inside of a log with others: everything about it can be changed before it is
//! signed.

use std::collections::BTreeMap;

use cidery_protocol::{
    Cid, Codec, MapEntry, MapProof, PackageName, PackageState, Standing,
    log::Hash,
    map::{self as tree, MapKey, MapLeaf, MapPage, MapPages, MapPath, ReadPath},
};
use ipld_core::ipld::Ipld;
use serde_bytes::ByteBuf;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    ipld::{at, cbor, link, map, number, powers, text},
    log::Log,
    package::Package,
    says::{Said, Says},
    steps::{self, Step},
};

pub const ORIGIN: &str = "log.example";
pub const PACKAGE: &str = "@acme/hello";
pub const OTHER: &str = "@other/tool";
pub const VERSION: &str = "1.2.0";

/// When the head was cosigned, when the last map was logged, and when records are.
pub const TIME: u64 = 1_790_000_000;
pub const MAPPED: u64 = TIME - 10;
pub const LOGGED: u64 = TIME - 7_200;

/// Seeds of keys, each in one role.
pub const PUBLISHER: u8 = 1;
pub const LOG: u8 = 2;
pub const COSIGNER: u8 = 3;
pub const SECOND: u8 = 4;
pub const THIRD: u8 = 5;
pub const RECOVERY: u8 = 6;
pub const RECOVERY_TOO: u8 = 7;
pub const NEXT: u8 = 8;
pub const STRANGER: u8 = 9;
pub const WITNESS: u8 = 10;
pub const WITNESS_TOO: u8 = 11;
pub const NEXT_TOO: u8 = 12;

pub const INIT_TYPE: &str = "application/vnd.cidery.init.v1+cbor";
pub const RELEASE_TYPE: &str = "application/vnd.cidery.release.v1+cbor";

/// What is to be logged.
pub struct Plan {
    /// The package's first record.
    pub init: Step,
    /// What is logged between 1.1.0, the release before, and the release.
    pub before: Vec<Step>,
    /// The release; its manifest is filled in.
    pub release: Step,
    /// What is logged after it.
    pub after: Vec<Step>,
    /// Changes of the finished manifest, while its hash can still follow.
    pub manifest: Option<fn(&mut Ipld)>,
    pub manifest_bytes: Option<fn(Vec<u8>) -> Vec<u8>>,
    pub modules: Vec<(&'static str, &'static str, Vec<u8>)>,
    /// Changes of what the last map says of the package.
    pub says: Option<fn(&mut Says, &Package)>,
    /// When the last map is logged, and changes of its entry.
    pub mapped: u64,
    pub map_entry: Option<fn(Vec<u8>) -> Vec<u8>>,
}

/// What a plan has become.
pub struct Built {
    pub log: Log,
    pub package: Package,
    /// The place of the release in the package's log, and in the log.
    pub place: usize,
    pub index: u64,
    pub manifest: Vec<u8>,
    pub modules: Vec<(&'static str, &'static str, Vec<u8>)>,
    /// The first covering checkpoint's size.
    pub first: u64,
    /// Another package's release in the same log.
    pub other: Package,
    pub other_index: u64,
    /// The map under the first covering checkpoint, and the last one.
    pub map_then: Mapped,
    pub map: Mapped,
}

/// A map of both packages.
#[derive(Clone)]
pub struct Mapped {
    /// The log with its entry.
    pub size: u64,
    pub root: Hash,
    pages: BTreeMap<Vec<u8>, MapPage>,
    /// The packages as they were.
    package: Package,
    pub said: Said,
    pub other: Said,
}

impl Default for Plan {
    fn default() -> Self {
        let code = b"export default { fetch: () => new Response(\"hello from 1.2.0\") };\n";
        Plan {
            init: steps::init(powers(&[PUBLISHER], 1)),
            before: Vec::new(),
            release: steps::release(VERSION),
            after: Vec::new(),
            manifest: None,
            manifest_bytes: None,
            modules: vec![("index.js", "esm", code.to_vec())],
            says: None,
            mapped: MAPPED,
            map_entry: None,
        }
    }
}

impl Plan {
    /// The package's keys and threshold; all of them sign everything.
    pub fn keys(&mut self, seeds: &[u8], threshold: u64) {
        let powers = powers(seeds, threshold);
        self.init = steps::init(powers).by(seeds);
        self.release.signers = seeds.to_vec();
    }

    /// The package begins with these powers.
    pub fn begin(&mut self, powers: Ipld) {
        self.init = steps::init(powers);
    }

    pub fn build(mut self) -> Built {
        let mut log = Log::new(ORIGIN);
        let mut other = Package::new(OTHER);
        let stranger = |step: Step| step.by(&[STRANGER]);
        log.append(other.push(&stranger(steps::init(powers(&[STRANGER], 1)))).entry.clone());

        let mut package = Package::new(PACKAGE);
        let mut earlier = steps::release("1.1.0");
        earlier.signers = self.init.signers.clone();
        for step in [&self.init, &earlier].into_iter().chain(&self.before) {
            log.append(package.push(step).entry.clone());
        }
        let manifest = self.manifest();
        let cid = Cid::of(Codec::DagCbor, &manifest);
        self.release.changes.insert(0, Box::new(move |release| *at(release, "body.manifest") = link(cid)));
        let other_index = log.append(other.push(&stranger(steps::release_of(VERSION, cid))).entry.clone());

        let place = package.records.len();
        let index = log.append(package.push(&self.release).entry.clone());
        let map_then = Mapped::append(&mut log, &package, &other, Says::of(&package), LOGGED, |entry| entry);
        for step in &self.after {
            log.append(package.push(step).entry.clone());
        }
        for version in ["1.3.0", "1.4.0"] {
            log.append(other.push(&stranger(steps::release(version))).entry.clone());
        }
        let mut says = Says::of(&package);
        if let Some(change) = self.says {
            change(&mut says, &package);
        }
        let map_entry = self.map_entry.unwrap_or(|entry| entry);
        let map = Mapped::append(&mut log, &package, &other, says, self.mapped, map_entry);
        let (modules, first) = (self.modules, map_then.size);
        Built { log, package, place, index, manifest, modules, first, other, other_index, map_then, map }
    }

    fn manifest(&self) -> Vec<u8> {
        let mut manifest = manifest(&self.modules);
        if let Some(change) = self.manifest {
            change(&mut manifest);
        }
        let bytes = cbor(&manifest);
        self.manifest_bytes.map_or(bytes.clone(), |change| change(bytes))
    }
}

impl Built {
    /// The signed records of the authorities that the release stands under.
    pub fn chain(&self) -> Vec<ByteBuf> {
        self.package.chain_before(self.place).into_iter().map(ByteBuf::from).collect()
    }

    /// What an honest registry shows of the release now, where this is asked for.
    pub fn standing(&self, request: &Value) -> Standing {
        self.standing_in(&self.map, request)
    }

    /// The same under the map of another time.
    pub fn standing_in(&self, map: &Mapped, request: &Value) -> Standing {
        let Mapped { package, said, .. } = map;
        let records = &package.records;
        let release = &records[self.place];
        let version = match at(&mut release.body.clone(), "version") {
            Ipld::String(version) => version.parse().ok(),
            _ => None,
        };
        let yank = said.versions.iter().find(|leaf| leaf.record == release.cid).and_then(|leaf| leaf.yanked);
        let range = request["range"].as_str().and_then(|range| range.parse().ok());
        let channel = request["channel"].as_str();
        let named = channel.and_then(|name| said.channels.iter().find(|leaf| leaf.name.as_str() == name));
        let signed = |cid: Cid| {
            let made = records.iter().find(|made| made.cid == cid);
            made.map(|made| ByteBuf::from(made.signed.clone()))
        };
        Standing {
            map: map.proof(&self.log, PACKAGE),
            state: ByteBuf::from(said.bytes.clone()),
            versions: version.map(|version| said.show(&version, range.as_ref())).unwrap_or_default(),
            channels: channel.and_then(|name| said.channel(name)),
            chain: package.chain_after(self.place).into_iter().map(ByteBuf::from).collect(),
            yank: yank.and_then(|yank| signed(yank.record)),
            channel: named.and_then(|leaf| signed(leaf.record)),
        }
    }

    /// Whether the last map says of the package what its records come to, where they may follow each other.
    pub fn is_true(&self) -> bool {
        let mut state = None;
        let mut replay = |entry: &Vec<u8>| PackageState::replay(&mut state, entry).map(drop);
        let replayed = self.package.entries().iter().try_for_each(&mut replay);
        let state = state.filter(|_| replayed.is_ok()).map(|state| state.at(MAPPED).object());
        state.is_none_or(|state| state.encode().as_ref() == Ok(&self.map.said.bytes))
    }
}

impl Mapped {
    fn append(
        log: &mut Log,
        package: &Package,
        other: &Package,
        says: Says,
        time: u64,
        change: fn(Vec<u8>) -> Vec<u8>,
    ) -> Self {
        let (said, other) = (says.encode(), Says::of(other).encode());
        let mut pages = BTreeMap::new();
        let mut root = tree::empty_map();
        for (name, value) in [(PACKAGE, said.cid()), (OTHER, other.cid())] {
            root = tree::set(&mut pages, MapLeaf { key: key(name), value }).expect("pages in memory");
        }
        log.append(change(MapEntry::new(root, time).encode().expect("a map entry")));
        Mapped { size: log.size(), root, pages, package: package.clone(), said, other }
    }

    pub fn proof(&self, log: &Log, name: &str) -> MapProof {
        MapProof {
            entry: ByteBuf::from(log.entries[self.size as usize - 1].clone()),
            inclusion: log.inclusion(self.size - 1, self.size).into(),
            path: self.path(name),
        }
    }

    pub fn path(&self, name: &str) -> MapPath {
        let key = key(name);
        let mut path = ReadPath::new(key, self.root);
        let mut depth = 0;
        while path.wants().is_some() {
            let page = self.pages.page(&key.as_bytes()[..depth]).expect("pages in memory").expect("the page");
            path.take(&page.encode(depth as u8).expect("a page")).expect("the page that is wanted");
            depth += 1;
        }
        path.finish().1
    }
}

fn key(name: &str) -> MapKey {
    MapKey::of(&name.parse::<PackageName>().expect("a name"))
}

fn manifest(modules: &[(&str, &str, Vec<u8>)]) -> Ipld {
    let modules = modules.iter().map(|(path, kind, bytes)| {
        map([
            ("path", text(path)),
            ("kind", text(kind)),
            ("cid", link(Cid::of(Codec::Raw, bytes))),
            ("size", number(bytes.len() as u64)),
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
