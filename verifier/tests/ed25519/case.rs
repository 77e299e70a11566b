//! Cases as files: `tests/vectors/ed25519/<file>.json` in the project, the same for every language.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::explain;

/// The cases of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    #[serde(skip)]
    pub(crate) file: String,
    /// Where the cases are from.
    pub(crate) source: String,
    pub(crate) cases: Vec<Case>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What is special, in the words of the source.
    pub(crate) about: String,
    pub(crate) public_key: String,
    pub(crate) message: String,
    pub(crate) signature: String,
    /// `valid`, or the refusal's code.
    pub(crate) expect: String,
    /// The first reason for that, found by [`explain`].
    pub(crate) why: String,
}

impl Case {
    /// A case whose verdict is what SPEC §4 says of it, worked out by [`explain`] and not by the code under test.
    pub(crate) fn new(name: &str, about: &str, key: &[u8], message: &[u8], signature: &[u8]) -> Self {
        let (expect, why) = explain::explain(key, message, signature);
        Case {
            name: name.to_owned(),
            about: about.to_owned(),
            public_key: to_hex(key),
            message: to_hex(message),
            signature: to_hex(signature),
            expect: expect.to_owned(),
            why,
        }
    }

    /// Key, message and signature.
    pub(crate) fn bytes(&self) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        (from_hex(&self.public_key), from_hex(&self.message), from_hex(&self.signature))
    }
}

/// A file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// All sources of the folder, by the names of their files.
pub(crate) fn committed() -> BTreeMap<String, Source> {
    let files = fs::read_dir(project("tests/vectors/ed25519")).expect("the folder is there");
    let paths = files.map(|file| file.expect("a file").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let bytes = fs::read(&path).expect("it can be read");
            let source = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            (file.clone(), Source { file, ..source })
        })
        .collect()
}

/// Writes the sources in the place of those that are there.
pub(crate) fn write(sources: &[Source]) {
    for file in committed().keys() {
        fs::remove_file(project(&format!("tests/vectors/ed25519/{file}.json"))).expect("it can be removed");
    }
    for source in sources {
        let text = serde_json::to_string_pretty(source).expect("a source is JSON") + "\n";
        let path = project(&format!("tests/vectors/ed25519/{}.json", source.file));
        fs::write(path, text).expect("it can be written");
    }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "hex has two digits a byte");
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(digits).collect()
}
