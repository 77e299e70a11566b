//! A version and its code (SPEC §6.2): `release`.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

use super::{printable, refused};
use crate::{Cid, Codec, Error, PackageName, Version, canonical, grammar::is_word, limits};

/// A version and its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// The manifest of its code.
    pub manifest: Cid,
    /// How the code was made.
    pub build: Build,
    /// The npm package that was imported, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npm: Option<NpmSource>,
    /// Attestations, sorted by CID.
    pub provenance: Vec<Provenance>,
}

/// How a release's code was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The tool and its version: 1 to 128 printable ASCII characters and spaces.
    pub tool: String,
    /// The SHA-256 of the dependencies' lock, where there are dependencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<ByteArray<32>>,
}

/// The npm package that a release was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpmSource {
    /// Its npm name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The integrity of its tarball.
    pub integrity: String,
    /// What else its registry said of it that was checked, sorted: words such as `registry-signature`. None where it offered
    /// nothing.
    pub checked: Vec<String>,
}

/// An attestation about a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The blob that holds it.
    pub cid: Cid,
    /// The number of its bytes.
    pub size: u64,
    /// The SHA-256 of the manifest: the subject that it must name.
    pub subject: ByteArray<32>,
}

impl Release {
    pub(super) fn validate(&self, package: &PackageName) -> Result<(), Error> {
        // (4) the manifest is an object, attestations are blobs, sorted and distinct
        self.manifest.expect(Codec::DagCbor)?;
        canonical::within("attestations of a release", limits::ATTESTATIONS, self.provenance.len())?;
        self.provenance.iter().try_for_each(Provenance::validate)?;
        if !self.provenance.is_sorted_by(|a, b| a.cid < b.cid) {
            return refused("the attestations are not sorted by CID, or one is there twice");
        }
        // (5) texts are short and printable
        printable("build.tool", &self.build.tool, 128)?;
        if let Some(npm) = &self.npm {
            printable("npm.name", &npm.name, 214)?;
            printable("npm.version", &npm.version, 256)?;
            printable("npm.integrity", &npm.integrity, 256)?;
            canonical::within("words of npm.checked", limits::ATTESTATIONS, npm.checked.len())?;
            if !npm.checked.is_sorted_by(|a, b| a < b)
                || !npm.checked.iter().all(|word| NpmSource::is_check(word))
            {
                return refused("npm.checked is not a sorted list of words of a-z, 0-9 and -, each once");
            }
        }
        // (6) in the scope @npm, package and npm name map to each other
        if package.scope() == "npm"
            && self.npm.as_ref().and_then(NpmSource::package).as_ref() != Some(package)
        {
            return refused("a release in the scope @npm names the npm package that its name stands for");
        }
        Ok(())
    }
}

impl Provenance {
    pub(super) fn validate(&self) -> Result<(), Error> {
        self.cid.expect(Codec::Raw)?;
        if self.size > limits::ATTESTATION_BYTES {
            let (got, limit) = (self.size, limits::ATTESTATION_BYTES);
            return Err(Error::Limit { what: "bytes of an attestation", got, limit });
        }
        Ok(())
    }
}

impl NpmSource {
    /// Whether a word may stand in `checked` (SPEC §6.3 (5)).
    pub fn is_check(word: &str) -> bool {
        is_word(word, 1..=64, b"-")
    }

    /// The name in the scope `@npm` that stands for the npm package (SPEC §3.4); none where it has none.
    pub fn package(&self) -> Option<PackageName> {
        let flat = match self.name.strip_prefix('@') {
            Some(scoped) => scoped.replacen('/', "__", 1),
            None => self.name.clone(),
        };
        // One pair of underscores marks a scope. Any other run of them could be read in two ways.
        let marks = usize::from(self.name.starts_with('@'));
        if flat.matches("__").count() != marks || flat.contains("___") {
            return None;
        }
        format!("@npm/{flat}").parse().ok()
    }
}
