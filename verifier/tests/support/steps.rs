//! Records before they are signed: by themselves right ones, until a test changes them.

use std::collections::BTreeMap;

use cidery_protocol::{Cid, Codec};
use ipld_core::ipld::Ipld;

use super::{
    ipld::{at, key, link, map, number, text},
    plan::{LOGGED, PUBLISHER, RECOVERY},
};

/// The records of a package's releases, by version.
pub type Names = BTreeMap<String, Cid>;

/// What is done to an object.
pub type Change = Box<dyn Fn(&mut Ipld)>;

/// A record to be made.
pub struct Step {
    pub kind: &'static str,
    pub body: Box<dyn Fn(&Names) -> Ipld>,
    /// The seeds of those who sign.
    pub signers: Vec<u8>,
    /// When it is logged.
    pub time: u64,
    /// Of an authority: after how many more records it holds. None: never, another one comes first.
    pub holds_after: Option<usize>,
    /// Changes of the record before it is signed.
    pub changes: Vec<Change>,
    /// Changes of its bytes before they are signed.
    pub bytes: Option<fn(Vec<u8>) -> Vec<u8>>,
    /// Changes of the log entry, after it is signed.
    pub entry: Option<Change>,
    /// The payload type, where it is not that of the kind.
    pub payload_type: Option<&'static str>,
    /// The payload type that is signed, where it is not the one that is said.
    pub signed_type: Option<&'static str>,
}

impl Step {
    pub fn new(kind: &'static str, body: impl Fn(&Names) -> Ipld + 'static) -> Self {
        Step {
            kind,
            body: Box::new(body),
            signers: vec![PUBLISHER],
            time: LOGGED,
            holds_after: Some(0),
            changes: Vec::new(),
            bytes: None,
            entry: None,
            payload_type: None,
            signed_type: None,
        }
    }

    /// Signed by these.
    pub fn by(self, signers: &[u8]) -> Self {
        Step { signers: signers.to_vec(), ..self }
    }

    /// Logged then.
    pub fn at(self, time: u64) -> Self {
        Step { time, ..self }
    }

    /// Of an authority: it holds after so many more records.
    pub fn after(self, records: usize) -> Self {
        Step { holds_after: Some(records), ..self }
    }

    /// Of an authority: it never holds.
    pub fn never(self) -> Self {
        Step { holds_after: None, ..self }
    }

    /// Changed so before it is signed.
    pub fn change(mut self, change: impl Fn(&mut Ipld) + 'static) -> Self {
        self.edit(change);
        self
    }

    /// The same for a step that is there.
    pub fn edit(&mut self, change: impl Fn(&mut Ipld) + 'static) {
        self.changes.push(Box::new(change));
    }

    /// The entry is changed so after it is signed.
    pub fn edit_entry(&mut self, change: impl Fn(&mut Ipld) + 'static) {
        self.entry = Some(Box::new(change));
    }

    /// Of a `rekey`: the signatures of these keys are void from these sequences on.
    pub fn void(self, keys: &[(u8, u64)]) -> Self {
        let mut void: Vec<_> = keys
            .iter()
            .map(|(seed, from)| map([("key", key(*seed)), ("fromSequence", number(*from))]))
            .collect();
        void.sort_by_key(|void| match void {
            Ipld::Map(map) => format!("{:?}", map["key"]),
            _ => String::new(),
        });
        self.change(move |record| *at(record, "body.void") = Ipld::List(void.clone()))
    }

    /// Of a `rekey` or `transfer`: the least version of what follows.
    pub fn floor(self, version: &'static str) -> Self {
        self.change(move |record| *at(record, "body.nextVersionFloor") = text(version))
    }
}

pub fn init(powers: Ipld) -> Step {
    Step::new("init", move |_| powers.clone())
}

/// A `rekey` by the publisher keys.
pub fn rekey(to: Ipld) -> Step {
    Step::new("rekey", move |_| {
        map([("by", text("publishers")), ("to", to.clone()), ("void", Ipld::List(vec![]))])
    })
}

/// A `rekey` by the recovery keys.
pub fn recover(to: Ipld) -> Step {
    rekey(to).by(&[RECOVERY]).change(|record| *at(record, "body.by") = text("recovery"))
}

pub fn transfer(to: Ipld) -> Step {
    Step::new("transfer", move |_| map([("to", to.clone())]))
}

/// A release of a manifest that nobody has.
pub fn release(version: &'static str) -> Step {
    release_of(version, Cid::of(Codec::DagCbor, format!("the manifest of {version}").as_bytes()))
}

pub fn release_of(version: &'static str, manifest: Cid) -> Step {
    Step::new("release", move |_| {
        map([
            ("version", text(version)),
            ("manifest", link(manifest)),
            ("build", map([("tool", text("by hand"))])),
            ("provenance", Ipld::List(vec![])),
        ])
    })
}

pub fn yank(version: &'static str, severity: &'static str) -> Step {
    let reason = if severity == "none" { "restored" } else { "security" };
    Step::new("yank", move |names| {
        map([("release", reference(version, names)), ("severity", text(severity)), ("reason", text(reason))])
    })
}

/// A channel whose targets take so many buckets each.
pub fn channel(name: &str, targets: &[(&'static str, u64)]) -> Step {
    let (name, targets) = (text(name), targets.to_vec());
    Step::new("channel", move |names| {
        let target = |(version, weight): &(&'static str, u64)| {
            map([("release", reference(version, names)), ("weight", number(*weight))])
        };
        map([("name", name.clone()), ("targets", Ipld::List(targets.iter().map(target).collect()))])
    })
}

pub fn attest(version: &'static str) -> Step {
    Step::new("attest", move |names| {
        map([
            ("release", reference(version, names)),
            ("predicate", text("https://example.com/reviewed")),
            ("statement", statement()),
        ])
    })
}

/// A statement about code, as provenance is.
pub fn statement() -> Ipld {
    map([
        ("cid", link(Cid::of(Codec::Raw, b"an attestation"))),
        ("size", number(11)),
        ("subject", Ipld::Bytes(vec![7; 32])),
    ])
}

/// What a release says of the npm package that it was made from.
pub fn npm(checked: &[&str]) -> Ipld {
    map([
        ("name", text("hello")),
        ("version", text("1.2.0")),
        ("integrity", text("sha512-x")),
        ("checked", Ipld::List(checked.iter().map(|word| text(word)).collect())),
    ])
}

/// A release by name; one that was never made has the name of nothing.
fn reference(version: &str, names: &Names) -> Ipld {
    let nothing = Cid::of(Codec::DagCbor, b"no such release");
    let record = names.get(version).copied().unwrap_or(nothing);
    map([("version", text(version)), ("record", link(record))])
}
