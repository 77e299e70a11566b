//! `cidery.lock`: which releases a project has decided on, each by version and code.
//!
//! ```json
//! {
//!   "format": "cidery-lock-v1",
//!   "packages": { "@acme/hello": { "asked": "@acme/hello:stable", "version": "1.0.0", "manifest": "bafyr4i…" } }
//! }
//! ```
//!
//! It says which release is wanted, and nothing of whom to trust: a locked release is verified like any other, and a channel
//! that it was asked for by must be one that the policy allows. What a channel names changes, and the lock says what it named:
//! of that channel, and of no other.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cidery_protocol::{Cid, PackageName, Version};
use cidery_verifier::{ProvenRelease, Request, Wanted};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::text::Text;

/// Bytes of a lock that are read: some 10,000 packages.
const FILE_BYTES: u64 = 4 << 20;

/// A lock and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Lock {
    file: PathBuf,
    packages: BTreeMap<PackageName, Entry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// What was asked for when it was locked.
    asked: Text<Request>,
    version: Version,
    manifest: Text<Cid>,
}

/// A release of a lock, and what it is asked for by: the policy is to allow both.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) asked: Request,
    pub(crate) release: Request,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    format: Format,
    packages: BTreeMap<PackageName, Entry>,
}

#[derive(Serialize, Deserialize)]
enum Format {
    #[serde(rename = "cidery-lock-v1")]
    V1,
}

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    /// [`Failure::File`], or [`Failure::Config`] where it is none.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let invalid = |reason: String| Failure::Config { file: file.to_owned(), reason };
        let length = fs::metadata(file).map_err(Failure::file("read", file))?.len();
        if length > FILE_BYTES {
            return Err(invalid(format!("it has {length} bytes, at most {FILE_BYTES} allowed")));
        }
        let bytes = fs::read(file).map_err(Failure::file("read", file))?;
        let json: Json = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        for (package, entry) in &json.packages {
            if entry.asked.package != *package || !entry.answers(&entry.asked) {
                let Entry { asked, version, .. } = entry;
                return Err(invalid(format!("{version} of `{package}` is not what `{}` asks for", asked.0)));
            }
        }
        Ok(Lock { file: file.to_owned(), packages: json.packages })
    }

    /// The same, or an empty one where there is none.
    ///
    /// # Errors
    /// As [`Lock::read`].
    pub(crate) fn read_or_begin(file: &Path) -> Result<Self, Failure> {
        match Lock::read(file) {
            Err(Failure::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Lock { file: file.to_owned(), packages: BTreeMap::new() })
            }
            read => read,
        }
    }

    /// The entry of a package. It must be what `asked` asks for, too.
    ///
    /// # Errors
    /// [`Failure::NotLocked`].
    pub(crate) fn entry(&self, asked: Request) -> Result<Held, Failure> {
        let entry = self.packages.get(&asked.package);
        match entry {
            Some(entry) if entry.answers(&asked) => Ok(entry.held(asked)),
            _ => Err(Failure::NotLocked {
                file: self.file.clone(),
                got: entry.map(|Entry { asked, version, .. }| format!("{version}, locked as `{}`", asked.0)),
                wanted: asked.to_string(),
            }),
        }
    }

    /// All entries, each as what it was asked for by.
    pub(crate) fn entries(&self) -> Vec<Held> {
        self.packages.values().map(|entry| entry.held(entry.asked.0.clone())).collect()
    }

    /// Holds a release that was verified.
    pub(crate) fn hold(&mut self, asked: Request, release: &ProvenRelease) {
        let (version, manifest) = (release.version().clone(), Text(release.manifest_cid()));
        let entry = Entry { asked: Text(asked), version, manifest };
        self.packages.insert(release.package().clone(), entry);
    }

    /// Writes it back, as a whole.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let json = Json { format: Format::V1, packages: self.packages.clone() };
        crate::files::replace(&self.file, &json)
    }
}

impl Entry {
    /// Whether it is what `asked` asks for.
    fn answers(&self, asked: &Request) -> bool {
        match &asked.wanted {
            Wanted::Range(range) => range.contains(&self.version),
            Wanted::Version(version) => *version == self.version,
            Wanted::Locked { version, manifest } => (version, *manifest) == (&self.version, *self.manifest),
            Wanted::Channel { channel, .. } => self.asked.channel() == Some(channel),
        }
    }

    fn held(&self, asked: Request) -> Held {
        let wanted = Wanted::Locked { version: self.version.clone(), manifest: *self.manifest };
        Held { release: Request { package: asked.package.clone(), wanted }, asked }
    }
}

#[cfg(test)]
mod tests {
    use cidery_protocol::Codec;

    use super::*;

    #[test]
    fn t10_an_entry_is_a_version_and_its_code() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("cidery.lock");
        assert!(matches!(Lock::read(&file), Err(Failure::File { .. })));
        let mut lock = Lock::read_or_begin(&file).unwrap();
        let manifest = Cid::of(Codec::DagCbor, b"");
        let asked = Text("@acme/hello:stable".parse().unwrap());
        let entry = Entry { asked, version: "1.0.0".parse().unwrap(), manifest: Text(manifest) };
        lock.packages.insert("@acme/hello".parse().unwrap(), entry);
        lock.write().unwrap();

        let read = Lock::read(&file).unwrap();
        let locked =
            |asked: &str| read.entry(asked.parse().unwrap()).map(|held| held.release.wanted.to_string());
        for asked in ["@acme/hello", "@acme/hello@^1", "@acme/hello@1.0.0", "@acme/hello:stable"] {
            assert_eq!(locked(asked).unwrap(), format!("1.0.0 with the manifest {manifest}"), "{asked}");
        }
        for asked in ["@acme/other", "@acme/hello@^2", "@acme/hello@1.0.1", "@acme/hello:nightly"] {
            assert!(matches!(locked(asked), Err(Failure::NotLocked { .. })), "{asked}");
        }
        let damaged = fs::read_to_string(&file).unwrap();
        let other = |from: &str, to: &str| damaged.replace(from, to);
        for damaged in [
            "",
            "{}",
            &other("v1", "v2"),
            &other("version", "Version"),
            &other("asked", "Asked"),
            &other("hello:stable", "other:stable"),
            &other("hello:stable", "hello@^2"),
        ] {
            fs::write(&file, damaged).unwrap();
            assert!(matches!(Lock::read_or_begin(&file), Err(Failure::Config { .. })), "{damaged}");
        }
    }
}
