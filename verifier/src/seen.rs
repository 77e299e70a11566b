//! What a client remembers between verdicts (SPEC §10.3), so that neither a log nor a package in it goes back.

use std::collections::BTreeMap;

use cidery_protocol::{
    Origin, PackageName, limits,
    log::{Hash, verify_consistency},
};
use serde::{Deserialize, Serialize};

use crate::{Part, ProvenHead, VerifyError, json};

/// Packages of a log that are remembered.
const PACKAGES: usize = 10_000;

const FORMAT: &str = "cidery-seen-v1";

/// The highest that was seen. It is read by [`prove`](crate::prove) and [`verify_package_proof`](crate::verify_package_proof) and moved forward by [`Seen::advance`]; where several
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
}

/// What was seen of a log: the highest tree, and of each package the highest sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenLog {
    /// Entries in the tree; what a registry is asked to prove consistency with.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
    packages: BTreeMap<PackageName, u64>,
}

/// What was shown of a package, and is remembered: a part of every verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub(crate) origin: Origin,
    pub(crate) package: PackageName,
    pub(crate) head: ProvenHead,
    /// That of the package's state, where one was shown.
    pub(crate) sequence: Option<u64>,
}

/// The format alone, whatever else is there.
#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    format: String,
    #[serde(deserialize_with = "json::unique_objects")]
    logs: BTreeMap<String, JsonLog>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLog {
    size: u64,
    root: String,
    #[serde(deserialize_with = "json::unique")]
    packages: BTreeMap<String, u64>,
}

impl Seen {
    /// Reads what [`Seen::to_json`] writes.
    ///
    /// # Errors
    /// [`VerifyError::Seen`].
    pub fn from_json(json: &[u8]) -> Result<Self, VerifyError> {
        let refused = |reason: String| VerifyError::Seen { reason };
        let Format { format } = json::read(json).map_err(|error| refused(error.to_string()))?;
        if format != FORMAT {
            let got = if format.is_empty() { "none" } else { "another one" };
            return Err(refused(format!("its format is {got}, wanted `{FORMAT}`")));
        }
        let json: Json = json::read(json).map_err(|error| refused(error.to_string()))?;
        let mut seen = Seen::default();
        for (origin, log) in json.logs {
            let origin = origin.parse().map_err(|error| refused(format!("{error}")))?;
            seen.logs.insert(origin, log.read().map_err(refused)?);
        }
        Ok(seen)
    }

    /// `{ "format", "logs": { origin: { "size", "root", "packages": { package: sequence } } } }`, roots in hexadecimal.
    pub fn to_json(&self) -> Vec<u8> {
        let log = |log: &SeenLog| JsonLog {
            size: log.size,
            root: log.root.to_string(),
            packages: log.packages.iter().map(|(name, sequence)| (name.to_string(), *sequence)).collect(),
        };
        let logs = self.logs.iter().map(|(origin, seen)| (origin.to_string(), log(seen))).collect();
        serde_json::to_vec(&Json { format: FORMAT.to_owned(), logs }).unwrap_or_default()
    }

    /// What was seen of a log.
    pub fn log(&self, origin: &Origin) -> Option<&SeenLog> {
        self.logs.get(origin)
    }

    /// Remembers what was proven. Nothing goes back, in whatever order this comes.
    ///
    /// Packages past the ten-thousandth of a log are not remembered: the memory is bounded, and nothing that is in it is
    /// pushed out by what comes later.
    pub fn advance(&mut self, proven: impl AsRef<Sighting>) {
        let Sighting { origin, package, head, sequence } = proven.as_ref();
        let log = self.logs.entry(origin.clone()).or_insert_with(|| SeenLog {
            size: head.size,
            root: head.root,
            packages: BTreeMap::new(),
        });
        log.grow(head.size, head.root);
        if let Some(sequence) = sequence {
            log.remember(package, *sequence);
        }
    }

    /// Remembers a head that is shown to continue what was seen of the log: `consistency` leads from there to it, and has no
    /// hashes where nothing was seen, or the same tree.
    ///
    /// # Errors
    /// [`VerifyError::Rollback`], [`VerifyError::Fork`], or `log.proof` where it does not lead there; nothing is remembered then.
    pub fn advance_log(
        &mut self,
        origin: &Origin,
        head: &ProvenHead,
        consistency: &[Hash],
    ) -> Result<(), VerifyError> {
        let ProvenHead { size, root, .. } = *head;
        let Some(seen) = self.logs.get_mut(origin) else {
            self.logs.insert(origin.clone(), SeenLog { size, root, packages: BTreeMap::new() });
            return Ok(());
        };
        if size < seen.size {
            return Err(VerifyError::Rollback { origin: origin.clone(), got: size, seen: seen.size });
        }
        if size == seen.size && root != seen.root {
            let (origin, other_size, other_root) = (origin.clone(), seen.size, seen.root);
            return Err(VerifyError::Fork { origin, size, root, other_size, other_root });
        }
        verify_consistency(seen.size, size, &seen.root, &root, consistency).map_err(Part::Head.refuse())?;
        seen.grow(size, root);
        Ok(())
    }

    /// Takes over what another writer has seen, such as a store that was written meanwhile: of each the higher.
    ///
    /// # Errors
    /// [`VerifyError::Fork`] where the two saw different trees of one size; nothing is taken over then. Trees of different
    /// sizes were each proven to continue what was there when their verdict was made, and are not compared here.
    pub fn merge(&mut self, other: &Seen) -> Result<(), VerifyError> {
        for (origin, theirs) in &other.logs {
            if let Some(ours) = self.logs.get(origin)
                && (ours.size == theirs.size && ours.root != theirs.root)
            {
                let (origin, size, other_size) = (origin.clone(), ours.size, theirs.size);
                let (root, other_root) = (ours.root, theirs.root);
                return Err(VerifyError::Fork { origin, size, root, other_size, other_root });
            }
        }
        for (origin, theirs) in &other.logs {
            let ours = self.logs.entry(origin.clone()).or_insert_with(|| theirs.clone());
            ours.grow(theirs.size, theirs.root);
            for (package, sequence) in &theirs.packages {
                ours.remember(package, *sequence);
            }
        }
        Ok(())
    }
}

impl SeenLog {
    /// The highest sequence of a state of the package.
    pub fn sequence(&self, package: &PackageName) -> Option<u64> {
        self.packages.get(package).copied()
    }

    fn grow(&mut self, size: u64, root: Hash) {
        if size > self.size {
            (self.size, self.root) = (size, root);
        }
    }

    fn remember(&mut self, package: &PackageName, sequence: u64) {
        if self.packages.len() < PACKAGES || self.packages.contains_key(package) {
            let seen = self.packages.entry(package.clone()).or_insert(0);
            *seen = sequence.max(*seen);
        }
    }
}

impl JsonLog {
    fn read(self) -> Result<SeenLog, String> {
        let root = from_hex(&self.root).ok_or("a root is not 64 hexadecimal digits")?;
        if self.packages.values().chain([&self.size]).any(|number| *number > limits::TREE_SIZE) {
            return Err("a number is over 2^53 - 1".to_owned());
        }
        let package = |(name, sequence): (String, u64)| {
            Ok((name.parse().map_err(|error| format!("{error}"))?, sequence))
        };
        let packages = self.packages.into_iter().map(package).collect::<Result<_, String>>()?;
        Ok(SeenLog { size: self.size, root, packages })
    }
}

pub(crate) fn from_hex(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(Hash::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(size: u64, root: u8, package: u64) -> Seen {
        let root = Hash::from_bytes([root; 32]);
        let json = format!(
            r#"{{"format":"{FORMAT}","logs":{{"log.example":{{"size":{size},"root":"{root}","packages":{{"@a/b":{package}}}}}}}}}"#
        );
        Seen::from_json(json.as_bytes()).expect("what was seen")
    }

    #[test]
    fn t24_two_writers_never_go_back() {
        let (high, low) = (seen(9, 9, 2), seen(7, 7, 4));
        let both = seen(9, 9, 4);
        for (first, second) in [(&high, &low), (&low, &high)] {
            let mut merged = first.clone();
            assert_eq!(merged.merge(second), Ok(()));
            assert_eq!(merged, both);
        }
        let mut forked = seen(9, 8, 5);
        assert_eq!(forked.merge(&high).map_err(|error| error.code().as_str()), Err("log.fork"));
        assert_eq!(forked, seen(9, 8, 5), "nothing was taken over");
    }

    #[test]
    fn another_format_is_refused_by_name() {
        let log = r#""logs":{"log.example":{"size":1,"root":"","packages":{}}}"#;
        for json in
            [r#"{"logs":{},"packages":{}}"#.to_owned(), format!(r#"{{"format":"cidery-seen-v2",{log}}}"#)]
        {
            let error = Seen::from_json(json.as_bytes()).expect_err("another format").to_string();
            assert!(error.contains("wanted `cidery-seen-v1`"), "{error}");
        }
        for json in [
            r#"{"format":"cidery-seen-v1"}"#.to_owned(),
            r#"{"format":"cidery-seen-v1","logs":{},"packages":{}}"#.to_owned(),
            format!(r#"{{"format":"cidery-seen-v1",{log}}}"#),
            r#"["cidery-seen-v1",{}]"#.to_owned(),
        ] {
            assert!(Seen::from_json(json.as_bytes()).is_err(), "{json}");
        }
    }
}
