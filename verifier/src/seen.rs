//! What a client remembers between verdicts (SPEC §10.3), so that neither a log nor the answer to a range goes back.

use std::collections::BTreeMap;

use cidery_protocol::{Origin, PackageName, Range, log::Hash};
use serde::{Deserialize, Serialize};

use crate::{ProvenRelease, VerifyError, Wanted, document::unique};

/// Ranges of a package that are remembered.
const RANGES: usize = 1_000;

/// The highest that was seen. It is read by [`prove`](crate::prove) and moved forward by [`Seen::advance`]; where several
/// requests run at once, the two belong into one step.
///
/// ```
/// use cidery_verifier::Seen;
/// let seen = Seen::default();
/// assert_eq!(Seen::from_json(&seen.to_json())?, seen);
/// assert!(seen.log(&"registry.example/log".parse()?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    logs: BTreeMap<Origin, SeenLog>,
    packages: BTreeMap<PackageName, BTreeMap<String, u64>>,
}

/// The tree of a log: so many entries under this root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenLog {
    /// Entries in the tree.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
}

/// The JSON form: roots in hexadecimal, sequences by package and range.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    #[serde(deserialize_with = "unique")]
    logs: BTreeMap<String, JsonLog>,
    #[serde(deserialize_with = "unique")]
    packages: BTreeMap<String, BTreeMap<String, u64>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLog {
    size: u64,
    root: String,
}

impl Seen {
    /// Reads what [`Seen::to_json`] writes.
    ///
    /// # Errors
    /// [`VerifyError::Seen`].
    pub fn from_json(json: &[u8]) -> Result<Self, VerifyError> {
        let refused = |reason: String| VerifyError::Seen { reason };
        let json: Json = serde_json::from_slice(json).map_err(|error| refused(error.to_string()))?;
        let mut seen = Seen::default();
        for (origin, JsonLog { size, root }) in json.logs {
            let origin = origin.parse().map_err(|error| refused(format!("{error}")))?;
            let root =
                from_hex(&root).ok_or_else(|| refused("a root is not 64 hexadecimal digits".into()))?;
            seen.logs.insert(origin, SeenLog { size, root });
        }
        for (package, ranges) in json.packages {
            let package = package.parse().map_err(|error| refused(format!("{error}")))?;
            seen.packages.insert(package, ranges);
        }
        Ok(seen)
    }

    /// `{ "logs": { origin: { "size", "root" } }, "packages": { package: { range: sequence } } }`
    pub fn to_json(&self) -> Vec<u8> {
        let log = |log: &SeenLog| JsonLog { size: log.size, root: log.root.to_string() };
        let json = Json {
            logs: self.logs.iter().map(|(origin, seen)| (origin.to_string(), log(seen))).collect(),
            packages: self.packages.iter().map(|(name, ranges)| (name.to_string(), ranges.clone())).collect(),
        };
        serde_json::to_vec(&json).unwrap_or_default()
    }

    /// The highest tree of a log; its size is what a registry is asked to prove consistency with.
    pub fn log(&self, origin: &Origin) -> Option<&SeenLog> {
        self.logs.get(origin)
    }

    /// The highest sequence with which a range of a package was answered. An exact version has none: it is what it is, and
    /// an older one may be asked for at any time.
    pub fn sequence(&self, package: &PackageName, range: &Range) -> Option<u64> {
        self.packages.get(package)?.get(range.as_str()).copied()
    }

    /// Remembers what was proven. Nothing goes back, in whatever order this comes.
    ///
    /// Ranges past the thousandth of a package are not remembered: they may be a stranger's to choose, and must not fill the
    /// memory.
    pub fn advance(&mut self, proven: impl AsRef<ProvenRelease>) {
        let release = proven.as_ref();
        let head = *release.head();
        let log = self.logs.entry(release.origin().clone()).or_insert(head);
        if head.size > log.size {
            *log = head;
        }
        if let Wanted::Range(range) = release.wanted() {
            let ranges = self.packages.entry(release.package().clone()).or_default();
            if ranges.len() < RANGES || ranges.contains_key(range.as_str()) {
                let sequence = ranges.entry(range.as_str().to_owned()).or_insert(0);
                *sequence = release.sequence().max(*sequence);
            }
        }
    }
}

fn from_hex(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(Hash::from_bytes(bytes))
}
