//! One package with one release that is judged, inside of a log with others: everything about it can be changed before it is
//! signed.

use cidery_protocol::{Cid, Codec, Standing};
use ipld_core::ipld::Ipld;
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

use super::{
    ipld::{at, cbor, link, map, number, powers, text},
    log::Log,
    package::Package,
    steps::{self, Step},
};

pub const ORIGIN: &str = "log.example";
pub const PACKAGE: &str = "@acme/hello";
pub const VERSION: &str = "1.2.0";

/// When the head was cosigned, and when records are logged.
pub const TIME: u64 = 1_790_000_000;
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
        let mut other = Package::new("@other/tool");
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
        log.append(vec![0]);
        let first = log.size();
        for step in &self.after {
            log.append(package.push(step).entry.clone());
        }
        for filler in 1..4_u8 {
            log.append(vec![filler]);
        }
        Built { log, package, place, index, manifest, modules: self.modules, first, other, other_index }
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

    /// What an honest registry says of the release now, where `channel` is asked for.
    pub fn standing(&self, channel: Option<&str>) -> Standing {
        let Package { records, .. } = &self.package;
        let chain: Vec<_> = self.package.chain_after(self.place).into_iter().map(ByteBuf::from).collect();
        let release = link(records[self.place].cid);
        let yank = self.package.newest("yank", |body| *at(body, "release.record") == release);
        let yank = yank.filter(|place| *at(&mut records[*place].body.clone(), "severity") != text("none"));
        let channel = channel
            .and_then(|wanted| self.package.newest("channel", |body| *at(body, "name") == text(wanted)));
        let signed = |place: usize| ByteBuf::from(records[place].signed.clone());
        let newest = records.len() - 1;
        let elsewhere = [Some(self.place), yank, channel].contains(&Some(newest))
            || chain.contains(&signed(newest))
            || self.chain().contains(&signed(newest));
        Standing {
            chain,
            newest: (!elsewhere).then(|| signed(newest)),
            yank: yank.map(signed),
            channel: channel.map(signed),
        }
    }
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
