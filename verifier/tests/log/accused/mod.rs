//! The vectors of `tests/vectors/evidence`: what convinces whoever has the log's key, and what does not. Other suites check the
//! same files, among them another program.
//!
//! `UPDATE_VECTORS=1 cargo test -p cidery-verifier --test log` writes them anew.

mod entries;
mod form;
mod heads;
mod maps;
mod transitions;

use cidery_protocol::{
    MapEntry, MapProof, PackageProof,
    log::{SignedCheckpoint, empty_root},
};
use cidery_verifier::{Evidence, EvidenceKind, Shown, ShownEntry, ShownHash, ShownMap};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    HOUR, honest,
    support::{
        folder,
        ipld::{at, powers, text, with_recovery},
        log::{Log, cosign, public},
        plan::{COSIGNER, LOG, LOGGED, NEXT, ORIGIN, PUBLISHER, RECOVERY, SECOND, STRANGER, TIME},
        steps::{Step, init, recover, release},
    },
    whole::Whole,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    name: String,
    /// What it shows, or why it shows nothing.
    about: String,
    /// Whom the judge knows.
    origin: String,
    #[serde(rename = "logKey")]
    log_key: String,
    cosigner: String,
    /// The text of the file.
    evidence: String,
    expect: Expect,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Expect {
    /// What it shows.
    Ok { code: String },
    /// Why it is refused.
    Code(String),
}

impl Vector {
    fn judge(&self) -> Expect {
        let checked = Evidence::from_json(self.evidence.as_bytes()).and_then(|evidence| {
            let key = |text: &str| text.parse().expect("a key");
            let origin = self.origin.parse().expect("an origin");
            evidence.check(&origin, &key(&self.log_key), &key(&self.cosigner))
        });
        match checked {
            Ok(Shown { code, .. }) => Expect::Ok { code: code.to_string() },
            Err(error) => Expect::Code(error.code().to_string()),
        }
    }
}

fn vector(name: &str, about: &str, evidence: String, expect: Expect) -> Vector {
    Vector {
        name: name.to_owned(),
        about: about.to_owned(),
        origin: ORIGIN.to_owned(),
        log_key: public(LOG).to_string(),
        cosigner: public(COSIGNER).to_string(),
        evidence,
        expect,
    }
}

fn shows(name: &str, code: &str, about: &str, kind: EvidenceKind) -> Vector {
    vector(name, about, file(kind), Expect::Ok { code: code.to_owned() })
}

fn refused(name: &str, code: &str, about: &str, kind: EvidenceKind) -> Vector {
    vector(name, about, file(kind), Expect::Code(code.to_owned()))
}

fn file(kind: EvidenceKind) -> String {
    let evidence = Evidence { origin: ORIGIN.parse().expect("an origin"), log_key: public(LOG), kind };
    String::from_utf8(evidence.to_json()).expect("text")
}

fn vectors() -> Vec<Vector> {
    [
        form::vectors(),
        heads::vectors(),
        entries::vectors(),
        transitions::vectors(),
        transitions::framed(),
        maps::vectors(),
        maps::framed_by_maps(),
    ]
    .concat()
}

/// The honest log's checkpoint at a size, and the entries at these indexes.
fn under(whole: &Whole, size: u64, indexes: &[u64]) -> (Vec<u8>, Vec<ShownEntry>) {
    let shown = |index: &u64| ShownEntry {
        index: *index,
        entry: whole.log.entries[*index as usize].clone(),
        inclusion: whole.log.inclusion(*index, size),
    };
    (whole.log.checkpoint(size).to_bytes(), indexes.iter().map(shown).collect())
}

/// The same log with another entry at an index.
fn forked(whole: &Whole, index: u64) -> Log {
    let mut other = whole.log.clone();
    other.entries[index as usize] = MapEntry::new(empty_root(), LOGGED).encode().expect("a map entry");
    other
}

/// A package whose recovery key has replaced the other one, for after an hour.
fn waiting() -> Whole {
    let mut whole = Whole::default();
    whole.log_it("@acme/hello", init(to(PUBLISHER)).at(LOGGED)).expect("it begins");
    whole.log_it("@acme/hello", recover(to(NEXT)).at(LOGGED)).expect("it waits");
    whole.map(LOGGED);
    whole
}

fn to(key: u8) -> ipld_core::ipld::Ipld {
    with_recovery(powers(&[key], 1), &[RECOVERY], 1, HOUR)
}

#[test]
fn the_files_are_what_is_made_here() {
    folder::compare("evidence", vectors().into_iter().map(|made| (made.name.clone(), made)));
}

#[test]
fn each_evidence_is_judged_as_it_says() {
    let committed = folder::read::<Vector>("evidence");
    assert!(committed.len() > 50, "got {} vectors", committed.len());
    let mut wrong = Vec::new();
    for (file, vector) in committed {
        assert_eq!(vector.name, file);
        let outcome = vector.judge();
        if outcome != vector.expect {
            wrong.push(format!("{file}: wanted {:?}, got {outcome:?}", vector.expect));
        }
    }
    assert!(wrong.is_empty(), "{} vectors\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn good_evidence_is_written_as_it_was_read() {
    for (file, vector) in folder::read::<Vector>("evidence") {
        if let Expect::Ok { .. } = vector.expect {
            let read = Evidence::from_json(vector.evidence.as_bytes()).expect("good evidence");
            assert_eq!(read.to_json(), vector.evidence.as_bytes(), "{file}");
        }
    }
}
