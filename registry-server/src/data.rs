//! The data folder: who may use it, whose log it holds, and the log's keys.
//!
//! | in the folder | |
//! |---|---|
//! | `lock` | held by the server that uses it |
//! | `config.toml` | what the operator says, see `settings`; only read |
//! | `origin` | the log's name, for ever; it appears once the keys are there |
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
use cidery_registry::{ScopePolicy, Witnesses};
use sha2::{Digest, Sha256};

use crate::{ServerError, settings::Settings};

/// The file that holds the log's name.
const ORIGIN: &str = "origin";

/// A data folder that this process alone uses, for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) folder: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) log: SecretKey,
    pub(crate) cosigner: SecretKey,
    /// Who may begin packages, where the operator says so.
    pub(crate) scopes: Option<ScopePolicy>,
    /// Who cosigns the head, as the operator says.
    pub(crate) witnesses: Witnesses,
    _lock: File,
}

impl Data {
    /// Takes the folder. On the first start, it and the keys are made, and the log is given its name: `wanted`, or the
    /// operator's, or one that holds the log key's fingerprint. Later, all of these must still be there.
    pub(crate) fn open(folder: &Path, wanted: Option<&Origin>) -> Result<Self, ServerError> {
        fs::create_dir_all(folder).map_err(ServerError::file("make the folder", folder))?;
        let lock = lock(folder)?;
        let settings = Settings::read(folder)?;
        let wanted = wanted.or(settings.origin.as_ref());
        let known = known_origin(folder)?;
        let key = |name: &str| {
            let path = folder.join("keys").join(name);
            if known.is_some() { old_key(&path) } else { new_key(&path) }
        };
        let (log, cosigner) = (key("log")?, key("cosigner")?);
        let origin = match known {
            Some(known) => same_origin(folder, known, wanted)?,
            None => new_origin(folder, wanted, &log)?,
        };
        let (folder, Settings { scopes, witnesses, .. }) = (folder.to_owned(), settings);
        Ok(Data { folder, origin, log, cosigner, scopes, witnesses, _lock: lock })
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

/// The key of a log that exists already, and that with another key would be another log.
fn old_key(path: &Path) -> Result<SecretKey, ServerError> {
    keyfile::read(path).map_err(|error| match error {
        KeyError::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            ServerError::KeyLost { path: path.to_owned() }
        }
        error => ServerError::Key(error),
    })
}

/// The key of a log to be, made where a start that was interrupted has not. A new key counts only once it is in its file.
fn new_key(path: &Path) -> Result<SecretKey, ServerError> {
    match keyfile::create(path, &SecretKey::generate()?) {
        Ok(()) | Err(KeyError::Exists { .. }) => Ok(keyfile::read(path)?),
        Err(error) => Err(ServerError::Key(error)),
    }
}

/// The log's name, once it has one.
fn known_origin(folder: &Path) -> Result<Option<Origin>, ServerError> {
    let path = folder.join(ORIGIN);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim_end().parse().map_err(cidery_registry::Error::from)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServerError::file("read", path)(error)),
    }
}

fn same_origin(folder: &Path, known: Origin, wanted: Option<&Origin>) -> Result<Origin, ServerError> {
    match wanted.filter(|wanted| **wanted != known) {
        Some(wanted) => {
            let (got, wanted) = (known.to_string(), wanted.to_string());
            Err(ServerError::Origin { path: folder.to_owned(), got, wanted })
        }
        None => Ok(known),
    }
}

fn new_origin(folder: &Path, wanted: Option<&Origin>, log: &SecretKey) -> Result<Origin, ServerError> {
    let origin = match wanted {
        Some(origin) => origin.clone(),
        None => fingerprint(log).parse().map_err(cidery_registry::Error::from)?,
    };
    let path = folder.join(ORIGIN);
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

    #[test]
    fn the_lost_key_of_a_log_is_named_and_never_replaced() {
        for name in ["keys/log", "keys/cosigner"] {
            let folder = tempfile::tempdir().expect("a folder");
            drop(Data::open(folder.path(), None).expect("new data"));
            let key = folder.path().join(name);
            fs::remove_file(&key).expect("it was there");
            match Data::open(folder.path(), None) {
                Err(ServerError::KeyLost { path }) => assert_eq!(path, key),
                other => panic!("{name}: {other:?}"),
            }
            assert!(!key.exists(), "{name}");
        }
        // Before the log has its name, a start that was interrupted goes on.
        let folder = tempfile::tempdir().expect("a folder");
        let keys = folder.path().join("keys");
        let log = new_key(&keys.join("log")).expect("a key").public_key();
        assert_eq!(Data::open(folder.path(), None).expect("new data").log.public_key(), log);
    }

    #[test]
    fn the_operator_names_the_log_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("config.toml");
        fs::write(&config, "origin = \"log.example\"\nscopes = \"closed\"\n").expect("a file");
        let data = Data::open(folder.path(), None).expect("new data");
        assert_eq!((data.origin.as_str(), &data.scopes), ("log.example", &Some(ScopePolicy::Closed)));
        drop(data);
        fs::write(&config, "origin = \"other.example\"\n").expect("a file");
        assert!(matches!(Data::open(folder.path(), None), Err(ServerError::Origin { .. })));
        fs::write(&config, "orgin = \"log.example\"\n").expect("a file");
        match Data::open(folder.path(), None) {
            Err(ServerError::Config { path, .. }) => assert_eq!(path, config),
            other => panic!("{other:?}"),
        }
    }
}
