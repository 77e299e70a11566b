//! A monitor's folder: the highest head and all entries under it, as C2SP tlog-tiles lays them out, so that whoever may read the folder
//! can serve it, and check it.
//!
//! Bundles are written before the head that covers them, each as a whole, and none that a head covers is ever written again: wherever
//! the process ends, the folder holds the log under its head.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cidery_protocol::log::{Bundle, encode_bundle};

use super::Source;
use crate::failure::Failure;

const CHECKPOINT: &str = "checkpoint";

/// The folder, which no other process writes.
#[derive(Debug)]
pub(crate) struct Copy {
    dir: PathBuf,
    _lock: File,
}

impl Copy {
    /// Opens it, or begins one.
    ///
    /// # Errors
    /// [`Failure::File`], [`Failure::Environment`] where another process writes it.
    pub(crate) fn open(dir: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::file("write", dir)(error);
        fs::create_dir_all(dir).map_err(failed)?;
        let lock = File::create(dir.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|_| Failure::Environment {
            what: format!("another process writes `{}`", dir.display()),
            hint: Some("one monitor has a folder for itself".to_owned()),
        })?;
        Ok(Copy { dir: dir.to_owned(), _lock: lock })
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder as a place where the log is served.
    pub(crate) fn source(&self) -> Source {
        Source::Folder(self.dir.clone())
    }

    /// The highest head; none in a folder that is new.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub(crate) fn head(&self) -> Result<Option<Vec<u8>>, Failure> {
        let file = self.dir.join(CHECKPOINT);
        match fs::read(&file) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file("read", &file)(error)),
        }
    }

    /// Keeps the entries of a bundle that no head covers yet.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub(crate) fn keep(&self, bundle: Bundle, entries: &[Vec<u8>]) -> Result<(), Failure> {
        self.write(&bundle.path(), &encode_bundle(entries)?)
    }

    /// Takes a head whose entries are kept; of the one before, partial bundles go.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub(crate) fn advance(&self, note: &[u8], before: u64, size: u64) -> Result<(), Failure> {
        self.write(CHECKPOINT, note)?;
        let outgrown = before.checked_sub(1).and_then(|last| Bundle::holding(last, before).ok());
        if let Some(bundle) = outgrown.filter(|bundle| bundle.width() < 256 && before < size) {
            // What stays is in nobody's way.
            let _ = fs::remove_file(self.dir.join(bundle.path()));
        }
        Ok(())
    }

    /// A file is there as a whole, or not at all, and stays there.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let file = self.dir.join(path);
        let folder = file.parent().unwrap_or(&self.dir);
        let write = || {
            fs::create_dir_all(folder)?;
            let new = file.with_extension("new");
            let mut written = File::create(&new)?;
            written.write_all(bytes)?;
            written.sync_all()?;
            fs::rename(&new, &file)?;
            // The name, too; a system that cannot do that for folders does it by itself.
            File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(()))
        };
        write().map_err(Failure::file("write", &file))
    }
}
