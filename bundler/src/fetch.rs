//! Packages and their descriptions, through a cache that any number of processes share.
//!
//! Archives lie under the hash of their bytes and are checked each time they are read. Descriptions lie under the
//! hash of their URL, with their entity tag. Files appear by renaming, so that nobody sees half of one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use crate::graph::{Graph, Package};
use crate::http::{Answer, Http, Read};
use crate::integrity::{Integrity, hex};
use crate::npmrc::Registries;
use crate::{BundleError, Progress};

/// Requests under way at once.
const CONCURRENCY: usize = 32;
/// Some packages have more than ten thousand versions.
const PACKUMENT_LIMIT: u64 = 256 << 20;
const ARCHIVE_LIMIT: u64 = 256 << 20;

/// npm's short form of a package's description first: it has all that resolving needs.
const PACKUMENT_ACCEPT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";

/// The cache folder.
#[derive(Debug, Clone)]
pub(crate) struct Cache(PathBuf);

impl Cache {
    pub(crate) fn new(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// An archive, if it is there and its bytes are right; a damaged one is removed.
    pub(crate) fn archive(&self, integrity: &Integrity) -> Option<Vec<u8>> {
        let path = self.archive_path(integrity);
        let bytes = std::fs::read(&path).ok()?;
        if Integrity::of(&bytes) == *integrity {
            return Some(bytes);
        }
        let _ = std::fs::remove_file(path);
        None
    }

    fn archive_path(&self, integrity: &Integrity) -> PathBuf {
        let hex = integrity.hex();
        self.0.join("archives").join(&hex[..2]).join(format!("{hex}.tgz"))
    }

    fn packument_path(&self, url: &str) -> PathBuf {
        self.0.join("packuments").join(format!("{}.json", hex(&Sha256::digest(url))))
    }
}

fn write(path: &Path, parts: &[&[u8]]) -> Result<(), BundleError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(BundleError::io(folder))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(BundleError::io(folder))?;
    for part in parts {
        file.write_all(part).map_err(BundleError::io(path))?;
    }
    file.persist(path).map_err(|error| BundleError::io(path)(error.error))?;
    Ok(())
}

/// Reads from the cache, else from a registry.
#[derive(Debug)]
pub(crate) struct Fetcher {
    http: Http,
    pub(crate) registries: Registries,
    cache: Cache,
}

impl Fetcher {
    pub(crate) fn new(registries: Registries, cache: Cache) -> Result<Self, BundleError> {
        Ok(Self { http: Http::new()?, registries, cache })
    }

    /// The description of a package and its versions; none where the registry doesn't know it.
    pub(crate) async fn packument(&self, name: &str) -> Result<Option<Vec<u8>>, BundleError> {
        let request = self.registries.packument(name)?;
        let path = self.cache.packument_path(request.url.as_str());
        let cached = std::fs::read(&path).ok().and_then(split_tag);
        let etag = cached.as_ref().map(|(etag, _)| etag.as_str());
        let read = Read { request, what: name, accept: PACKUMENT_ACCEPT, etag, limit: PACKUMENT_LIMIT };
        match (self.http.read(&read).await?, cached) {
            (Answer::Unchanged, Some((_, bytes))) => Ok(Some(bytes)),
            (Answer::Body { bytes, etag }, _) => {
                if let Some(etag) = etag {
                    write(&path, &[etag.as_bytes(), b"\n", &bytes])?;
                }
                Ok(Some(bytes))
            }
            (Answer::Absent, _) => Ok(None),
            (Answer::Unchanged, None) => Err(BundleError::Fetch {
                what: name.to_owned(),
                reason: "got status 304 without having asked for it".to_owned(),
            }),
        }
    }

    /// Brings the archives of all packages into the cache.
    pub(crate) async fn archives(&self, graph: &Graph, progress: &dyn Progress) -> Result<(), BundleError> {
        let total = graph.packages.len();
        let mut done = 0;
        let mut fetches = stream::iter(graph.packages.iter().map(|package| self.fetch(package)))
            .buffer_unordered(CONCURRENCY);
        while fetches.try_next().await?.is_some() {
            done += 1;
            progress.fetched(done, total);
        }
        Ok(())
    }

    async fn fetch(&self, package: &Package) -> Result<(), BundleError> {
        if self.cache.archive(&package.integrity).is_some() {
            return Ok(());
        }
        let id = package.id();
        let request = self.registries.tarball(&package.name, &package.version, Some(&package.tarball))?;
        let read = Read { request, what: &id, accept: "*/*", etag: None, limit: ARCHIVE_LIMIT };
        let Answer::Body { bytes, .. } = self.http.read(&read).await? else {
            return Err(BundleError::Fetch { what: id, reason: "got status 404".to_owned() });
        };
        package.integrity.check(&bytes, &id)?;
        write(&self.cache.archive_path(&package.integrity), &[&bytes])
    }
}

/// A cached description: its entity tag, a line feed, the body.
fn split_tag(mut bytes: Vec<u8>) -> Option<(String, Vec<u8>)> {
    let at = bytes.iter().position(|&byte| byte == b'\n')?;
    let body = bytes.split_off(at + 1);
    bytes.pop();
    Some((String::from_utf8(bytes).ok()?, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_archive_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let integrity = Integrity::of(b"right");
        write(&cache.archive_path(&integrity), &[b"right"]).unwrap();
        assert_eq!(cache.archive(&integrity).as_deref(), Some(&b"right"[..]));
        write(&cache.archive_path(&integrity), &[b"wrong"]).unwrap();
        assert_eq!(cache.archive(&integrity), None);
        assert!(!cache.archive_path(&integrity).exists());
    }

    #[test]
    fn a_tag_is_kept_beside_its_body() {
        assert_eq!(split_tag(b"\"x\"\n{\n}".to_vec()), Some(("\"x\"".to_owned(), b"{\n}".to_vec())));
        assert_eq!(split_tag(b"no line".to_vec()), None);
    }
}
