//! `cidery.lock`: which releases a project has decided on, each by version and code.
//!
//! ```json
//! {
//!   "format": "cidery-lock-v1",
//!   "packages": { "@acme/hello": { "version": "1.0.0", "manifest": "bafyr4i…" } }
//! }
//! ```
//!
//! It says which release is wanted, and nothing of whom to trust: a locked release is verified like any other.

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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: Version,
    manifest: Text<Cid>,
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

    /// The entry of a package, as a request. It must be what `asked` asks for, too.
    ///
    /// # Errors
    /// [`Failure::NotLocked`].
    pub(crate) fn entry(&self, asked: &Request) -> Result<Request, Failure> {
        let not_locked = |got: Option<&Version>| Failure::NotLocked {
            file: self.file.clone(),
            got: got.map(ToString::to_string),
            wanted: asked.to_string(),
        };
        let entry = self.packages.get(&asked.package).ok_or_else(|| not_locked(None))?;
        let is_it = match &asked.wanted {
            Wanted::Range(range) => range.contains(&entry.version),
            Wanted::Version(version) => *version == entry.version,
            Wanted::Locked { version, manifest } => (version, *manifest) == (&entry.version, *entry.manifest),
            // What a channel names changes; the lock says what it named.
            _ => true,
        };
        if is_it { Ok(entry.request(&asked.package)) } else { Err(not_locked(Some(&entry.version))) }
    }

    /// All entries, as requests.
    pub(crate) fn entries(&self) -> Vec<Request> {
        self.packages.iter().map(|(package, entry)| entry.request(package)).collect()
    }

    /// Holds a release that was verified.
    pub(crate) fn hold(&mut self, release: &ProvenRelease) {
        let entry = Entry { version: release.version().clone(), manifest: Text(release.manifest_cid()) };
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
    fn request(&self, package: &PackageName) -> Request {
        let wanted = Wanted::Locked { version: self.version.clone(), manifest: *self.manifest };
        Request { package: package.clone(), wanted }
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
        let entry = Entry { version: "1.0.0".parse().unwrap(), manifest: Text(manifest) };
        lock.packages.insert("@acme/hello".parse().unwrap(), entry);
        lock.write().unwrap();

        let read = Lock::read(&file).unwrap();
        let locked =
            |asked: &str| read.entry(&asked.parse().unwrap()).map(|request| request.wanted.to_string());
        for asked in ["@acme/hello", "@acme/hello@^1", "@acme/hello@1.0.0", "@acme/hello:stable"] {
            assert_eq!(locked(asked).unwrap(), format!("1.0.0 with the manifest {manifest}"), "{asked}");
        }
        for asked in ["@acme/other", "@acme/hello@^2", "@acme/hello@1.0.1"] {
            assert!(matches!(locked(asked), Err(Failure::NotLocked { .. })), "{asked}");
        }
        let damaged = fs::read_to_string(&file).unwrap();
        for damaged in ["", "{}", &damaged.replace("v1", "v2"), &damaged.replace("version", "Version")] {
            fs::write(&file, damaged).unwrap();
            assert!(matches!(Lock::read_or_begin(&file), Err(Failure::Config { .. })), "{damaged}");
        }
    }
}
