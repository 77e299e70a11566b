//! Whole logs of packages as files: `tests/vectors/history/<name>.json` in the project, the same for every language.

use cidery_verifier::replay;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ipld::powers,
    package::Package,
    plan::{PACKAGE, PUBLISHER},
    steps::{Step, init, release},
    vector::{decoded, encoded},
};

mod accepted;
mod form;
mod recovery;
mod refused;
mod succession;
mod void;

pub fn histories() -> Vec<History> {
    [
        accepted::histories(),
        succession::histories(),
        recovery::histories(),
        void::histories(),
        refused::histories(),
        form::histories(),
    ]
    .concat()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    pub name: String,
    /// What is wrong, or what is right although it looks unusual.
    pub about: String,
    /// Log entries of one package, from its first one on.
    pub entries: Vec<String>,
    pub expect: Expect,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Expect {
    /// The state after the last entry.
    Ok { ok: Value },
    /// The refusal's code, and the place of the entry, from 0.
    Refused { code: String, at: usize },
}

impl History {
    fn new(name: &str, about: &str, entries: Vec<Vec<u8>>, expect: Expect) -> Self {
        let entries = entries.iter().map(|entry| encoded(entry)).collect();
        History { name: name.to_owned(), about: about.to_owned(), entries, expect }
    }

    /// What the verifier makes of the entries, in the words of a vector.
    pub fn outcome(&self) -> Expect {
        let entries: Vec<_> = self.entries.iter().map(|entry| decoded(entry)).collect();
        let entries: Vec<_> = entries.iter().map(Vec::as_slice).collect();
        match replay(&entries) {
            Ok(history) => Expect::Ok { ok: serde_json::to_value(&history).expect("a state is JSON") },
            Err(error) => Expect::Refused { code: error.code().to_string(), at: error.at },
        }
    }
}

/// A history that is right; its state is the verifier's, and a change of it shows in the file.
fn accepted(name: &str, about: &str, steps: Vec<Step>) -> History {
    let placeholder = Expect::Refused { code: "unjudged".to_owned(), at: 0 };
    let mut history = History::new(name, about, Package::of(PACKAGE, &steps).entries(), placeholder);
    history.expect = history.outcome();
    assert!(matches!(history.expect, Expect::Ok { .. }), "{name}: {:?}", history.expect);
    history
}

/// A history whose last record is refused with `code`.
fn refused(name: &str, code: &str, about: &str, steps: Vec<Step>) -> History {
    let at = steps.len() - 1;
    altered(name, code, at, about, steps, |_| {})
}

/// A history of right records that is changed afterwards, and is refused with `code` at a place.
fn altered(
    name: &str,
    code: &str,
    at: usize,
    about: &str,
    steps: Vec<Step>,
    change: impl FnOnce(&mut Vec<Vec<u8>>),
) -> History {
    let mut entries = Package::of(PACKAGE, &steps).entries();
    change(&mut entries);
    History::new(name, about, entries, Expect::Refused { code: code.to_owned(), at })
}

/// A package of one key with a release, 1.0.0, and what follows.
fn begun(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    [init(powers(&[PUBLISHER], 1)), release("1.0.0")].into_iter().chain(steps).collect()
}
