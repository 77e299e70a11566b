//! The data folder: who may use it, whose log it holds, and the log's keys.
//!
//! | in the folder | |
//! |---|---|
//! | `lock` | held by the server that uses it |
//! | `origin` | the log's name, for ever |
//! | `keys/log`, `keys/cosigner` | secret keys, OpenSSH format, mode 0600 |
//! | `ledger.db` | the sequencer's SQLite |
//! | `objects/` | everything that is read, by key |
//! | `tmp/` | files that grow |

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use cidery_keys::{KeyError, SecretKey, Signer, keyfile};
use cidery_protocol::Origin;
use sha2::{Digest, Sha256};

use crate::ServerError;

/// A data folder that this process alone uses, for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) folder: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) log: SecretKey,
    pub(crate) cosigner: SecretKey,
    _lock: File,
}

impl Data {
    /// Takes the folder. On the first start, it and the keys are made, and the log is given its name: `wanted`, or one that
    /// holds the log key's fingerprint.
    pub(crate) fn open(folder: &Path, wanted: Option<&Origin>) -> Result<Self, ServerError> {
        fs::create_dir_all(folder).map_err(ServerError::file("make the folder", folder))?;
        let lock = lock(folder)?;
        let keys = folder.join("keys");
        let (log, cosigner) = (key(&keys.join("log"))?, key(&keys.join("cosigner"))?);
        let origin = origin(folder, wanted, &log)?;
        Ok(Data { folder: folder.to_owned(), origin, log, cosigner, _lock: lock })
    }
}

fn lock(folder: &Path) -> Result<File, ServerError> {
    let path = folder.join("lock");
    let file = File::options().create(true).write(true).truncate(false).open(&path);
    let file = file.map_err(ServerError::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServerError::Locked { path: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(ServerError::file("lock", path)(error)),
    }
}

/// The key in a file, which is made where there is none. A new key counts only once it is in its file.
fn key(path: &Path) -> Result<SecretKey, KeyError> {
    match keyfile::create(path, &SecretKey::generate()?) {
        Ok(()) | Err(KeyError::Exists { .. }) => keyfile::read(path),
        Err(error) => Err(error),
    }
}

fn origin(folder: &Path, wanted: Option<&Origin>, log: &SecretKey) -> Result<Origin, ServerError> {
    let path = folder.join("origin");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let got: Origin = text.trim_end().parse().map_err(cidery_registry::Error::from)?;
            match wanted {
                Some(wanted) if *wanted != got => {
                    let (got, wanted) = (got.to_string(), wanted.to_string());
                    Err(ServerError::Origin { path: folder.to_owned(), got, wanted })
                }
                _ => Ok(got),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let origin = match wanted {
                Some(origin) => origin.clone(),
                None => fingerprint(log).parse().map_err(cidery_registry::Error::from)?,
            };
            let write = || {
                let mut file = tempfile::NamedTempFile::new_in(folder)?;
                io::Write::write_all(&mut file, format!("{origin}\n").as_bytes())?;
                file.as_file().sync_all()?;
                file.persist(&path)?;
                Ok(())
            };
            write().map_err(ServerError::file("write", &path))?;
            Ok(origin)
        }
        Err(error) => Err(ServerError::file("read", path)(error)),
    }
}

/// `cidery.local/` and the first 8 bytes of the SHA-256 of the log's public key, in hexadecimal.
fn fingerprint(log: &SecretKey) -> String {
    let digest = Sha256::digest(log.public_key().as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("cidery.local/{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_server_one_origin_and_the_same_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Data::open(folder.path(), None).expect("new data");
        assert!(first.origin.as_str().starts_with("cidery.local/"));
        assert!(matches!(Data::open(folder.path(), None), Err(ServerError::Locked { .. })));
        let (origin, keys) = (first.origin.clone(), [first.log.public_key(), first.cosigner.public_key()]);
        assert_ne!(keys[0], keys[1]);
        drop(first);
        let second = Data::open(folder.path(), Some(&origin)).expect("the same data");
        assert_eq!([second.log.public_key(), second.cosigner.public_key()], keys);
        drop(second);
        let other: Origin = "log.example".parse().expect("an origin");
        assert!(matches!(Data::open(folder.path(), Some(&other)), Err(ServerError::Origin { .. })));
        #[cfg(unix)]
        for name in ["keys/log", "keys/cosigner"] {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(name)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "T36: {name}");
        }
    }
}
