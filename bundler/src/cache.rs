//! What was fetched before: archives under the hash of their bytes, descriptions under the hash of their URL.
//!
//! Any number of processes share one folder. Files appear by renaming, so that nobody sees half of one. An archive
//! grows in a file beside its place, which one process at a time may lock; what a run leaves unfinished the next one
//! continues. Whatever is read is checked, and removed where it is damaged.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::BundleError;
use crate::http::Sink;
use crate::integrity::{Integrity, hex};

/// The longest archive, in bytes, that is fetched or read.
pub(crate) const ARCHIVE_LIMIT: u64 = 256 << 20;
/// The longest description. Some packages have more than ten thousand versions.
pub(crate) const PACKUMENT_LIMIT: u64 = 64 << 20;
/// With its line of digest and tag.
const DOCUMENT_LIMIT: u64 = PACKUMENT_LIMIT + (64 << 10);

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
        // One that is too long is damaged, too.
        if let Some(bytes) = read(&path, ARCHIVE_LIMIT)
            && Integrity::of(&bytes) == *integrity
        {
            return Some(bytes);
        }
        let _ = std::fs::remove_file(path);
        None
    }

    /// Whether an archive is there and right, without holding it; a damaged one is removed.
    pub(crate) fn has_archive(&self, integrity: &Integrity) -> bool {
        let path = self.archive_path(integrity);
        let Ok(file) = File::open(&path) else { return false };
        if Integrity::of_reader(file).is_ok_and(|got| got == *integrity) {
            return true;
        }
        let _ = std::fs::remove_file(path);
        false
    }

    /// Where an archive can grow: what an earlier run left of it, where no other process is at it.
    pub(crate) fn partial(&self, integrity: &Integrity) -> Result<Partial, BundleError> {
        let place = self.archive_path(integrity);
        let folder = place.parent().unwrap_or(&place).to_owned();
        std::fs::create_dir_all(&folder).map_err(BundleError::io(&folder))?;
        let path = place.with_extension("part");
        let open = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = open.map_err(BundleError::io(&path))?;
        // Once it is locked, it may be another's that was finished in between.
        if file.try_lock().is_ok() && is_still(&file, &path) {
            let len = file.metadata().map_err(BundleError::io(&path))?.len();
            return Ok(Partial { store: Store::Shared(file, path), len, place });
        }
        let own = NamedTempFile::new_in(&folder).map_err(BundleError::io(&folder))?;
        Ok(Partial { store: Store::Own(own), len: 0, place })
    }

    /// What was kept under a key, a URL for a description, and its entity tag.
    pub(crate) fn document(&self, key: &str) -> Option<(String, Vec<u8>)> {
        split_tag(read(&self.document_path(key), DOCUMENT_LIMIT)?)
    }

    pub(crate) fn keep_document(&self, key: &str, etag: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let path = self.document_path(key);
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder).map_err(BundleError::io(folder))?;
        let mut file = NamedTempFile::new_in(folder).map_err(BundleError::io(folder))?;
        let digest = hex(&Sha256::digest(bytes));
        for part in [digest.as_bytes(), b" ", etag.as_bytes(), b"\n", bytes] {
            file.write_all(part).map_err(BundleError::io(&path))?;
        }
        file.persist(&path).map_err(|error| BundleError::io(&path)(error.error))?;
        Ok(())
    }

    fn archive_path(&self, integrity: &Integrity) -> PathBuf {
        let hex = integrity.hex();
        self.0.join("archives").join(&hex[..2]).join(format!("{hex}.tgz"))
    }

    fn document_path(&self, key: &str) -> PathBuf {
        self.0.join("packuments").join(format!("{}.json", hex(&Sha256::digest(key))))
    }
}

/// A file, if it is there, can be read and is no longer than `limit`.
fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(limit + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit).then_some(bytes)
}

/// A cached document: the SHA-256 of its body, its entity tag, a line feed, the body.
fn split_tag(mut bytes: Vec<u8>) -> Option<(String, Vec<u8>)> {
    let at = bytes.iter().position(|&byte| byte == b'\n')?;
    let body = bytes.split_off(at + 1);
    bytes.pop();
    let line = String::from_utf8(bytes).ok()?;
    let (digest, etag) = line.split_once(' ')?;
    (hex(&Sha256::digest(&body)) == digest).then(|| (etag.to_owned(), body))
}

/// An archive on its way in.
pub(crate) struct Partial {
    store: Store,
    len: u64,
    place: PathBuf,
}

enum Store {
    /// Locked by this process; it stays when the process ends.
    Shared(File, PathBuf),
    /// For this process alone, while another has the shared one.
    Own(NamedTempFile),
}

impl Partial {
    /// Puts the archive in its place if its bytes are right; else forgets them.
    pub(crate) fn finish(mut self, integrity: &Integrity, package: &str) -> Result<(), BundleError> {
        let place = self.place.clone();
        let file = self.file();
        file.seek(SeekFrom::Start(0)).map_err(BundleError::io(&place))?;
        let got = Integrity::of_reader(file).map_err(BundleError::io(&place))?;
        if let Err(error) = integrity.expect(&got, package) {
            if let Store::Shared(_, path) = &self.store {
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        match self.store {
            Store::Shared(_, path) => std::fs::rename(path, &place).map_err(BundleError::io(&place)),
            Store::Own(file) => {
                file.persist(&place).map_err(|error| BundleError::io(&place)(error.error)).map(|_| ())
            }
        }
    }

    fn file(&mut self) -> &mut File {
        match &mut self.store {
            Store::Shared(file, _) => file,
            Store::Own(file) => file.as_file_mut(),
        }
    }
}

impl Sink for Partial {
    fn len(&self) -> u64 {
        self.len
    }

    fn resumes(&self) -> bool {
        true
    }

    fn append(&mut self, part: &[u8]) -> Result<(), BundleError> {
        let written = self.file().write_all(part);
        written.map_err(BundleError::io(&self.place))?;
        self.len += part.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), BundleError> {
        let file = self.file();
        let cut = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)));
        cut.map_err(BundleError::io(&self.place))?;
        self.len = 0;
        Ok(())
    }
}

/// Whether the file at `path` is this very one: it says so itself, since another may have renamed or removed it.
fn is_still(file: &File, path: &Path) -> bool {
    match (same_file::Handle::from_path(path), file.try_clone().and_then(same_file::Handle::from_file)) {
        (Ok(there), Ok(here)) => there == here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &Cache, integrity: &Integrity, bytes: &[u8]) -> Result<(), BundleError> {
        let mut partial = cache.partial(integrity)?;
        partial.restart()?;
        partial.append(bytes)?;
        partial.finish(integrity, "p@1.0.0")
    }

    #[test]
    fn a_damaged_archive_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let integrity = Integrity::of(b"right");
        put(&cache, &integrity, b"right").unwrap();
        assert_eq!(cache.archive(&integrity).as_deref(), Some(&b"right"[..]));
        assert!(cache.has_archive(&integrity));
        std::fs::write(cache.archive_path(&integrity), b"wrong").unwrap();
        assert!(!cache.has_archive(&integrity));
        assert!(!cache.archive_path(&integrity).exists());
    }

    #[test]
    fn what_a_run_left_is_continued_unless_another_is_at_it() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let integrity = Integrity::of(b"whole");
        cache.partial(&integrity).unwrap().append(b"who").unwrap();

        let mut first = cache.partial(&integrity).unwrap();
        assert_eq!(first.len(), 3);
        let mut second = cache.partial(&integrity).unwrap();
        assert_eq!(second.len(), 0);
        second.append(b"whole").unwrap();
        second.finish(&integrity, "p@1.0.0").unwrap();
        first.append(b"le").unwrap();
        first.finish(&integrity, "p@1.0.0").unwrap();
        assert!(cache.has_archive(&integrity));
        let left = std::fs::read_dir(cache.archive_path(&integrity).parent().unwrap()).unwrap();
        assert_eq!(left.count(), 1, "nothing but the archive is left");
    }

    #[test]
    fn wrong_bytes_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let integrity = Integrity::of(b"right");
        assert!(matches!(put(&cache, &integrity, b"wrong"), Err(BundleError::IntegrityMismatch { .. })));
        assert!(!cache.has_archive(&integrity));
        assert_eq!(cache.partial(&integrity).unwrap().len(), 0);
    }

    #[test]
    fn a_description_is_kept_with_its_tag_and_checked() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        cache.keep_document("u", "\"x\"", b"{\n}").unwrap();
        assert_eq!(cache.document("u"), Some(("\"x\"".to_owned(), b"{\n}".to_vec())));
        assert_eq!(cache.document("v"), None);
        let path = cache.document_path("u");
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() = b']';
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(cache.document("u"), None);
    }
}
