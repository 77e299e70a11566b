//! The data folder: who may use it, whose it is, and what was cosigned.
//!
//! | in the folder | |
//! |---|---|
//! | `lock` | held by the witness that uses it |
//! | `config.toml` | what the operator says, see `settings`; only read |
//! | `state.db` | what was cosigned, and by whom: see `store` |
//! | `vkey` | the witness's name and key, for others; once it is there, `state.db` must be |
//! | `keys/witness` | the secret key, OpenSSH format, mode 0600, where no other is named |

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use cidery_keys::{KeyError, SecretKey, Signer, keyfile};
use cidery_protocol::{
    PublicKey,
    log::{KeyType, verifier_key},
};

use crate::{Logs, WitnessError, WitnessName, settings::Settings, store::Store};

const VKEY: &str = "vkey";
const STATE: &str = "state.db";
/// Keys of one log.
const LOG_KEYS: usize = 16;

/// A data folder that this process alone uses, for as long as this value lives.
pub(crate) struct Data {
    pub(crate) folder: PathBuf,
    pub(crate) name: WitnessName,
    pub(crate) signer: Box<dyn Signer>,
    pub(crate) store: Store,
    /// Those that the operator names, here and there.
    pub(crate) logs: Logs,
    _lock: File,
}

impl Data {
    /// Takes the folder. On the first start, it is made, and it belongs to one name and one key from then on. Later, what was
    /// cosigned must still be there: a witness that has forgotten believes anything. The steps:
    ///
    /// 1. Nobody else has the folder.
    /// 2. If it ever was a witness's, its state is there.
    /// 3. There are a name, logs and a key, and the key is no log's.
    /// 4. They are the same as ever, or are written down.
    pub(crate) fn open(
        folder: &Path,
        name: Option<WitnessName>,
        signer: Option<Box<dyn Signer>>,
        logs: Logs,
    ) -> Result<Self, WitnessError> {
        let path = || folder.to_owned();
        // (1)
        fs::create_dir_all(folder).map_err(WitnessError::file("make the folder", folder))?;
        let lock = lock(folder)?;
        // (2)
        let store = exists(&folder.join(STATE))?.then(|| Store::open(&folder.join(STATE))).transpose()?;
        let known = store.as_ref().map_or(Ok(None), Store::witness)?;
        if known.is_none() && exists(&folder.join(VKEY))? {
            return Err(WitnessError::StateLost { path: folder.join(STATE) });
        }
        // (3)
        let settings = Settings::read(folder)?;
        let known_name = known.as_ref().map(|(name, _)| name.clone());
        let name =
            name.or(settings.name).or(known_name).ok_or_else(|| WitnessError::NoName { path: path() })?;
        let logs = together(settings.logs, logs);
        if logs.is_empty() {
            return Err(WitnessError::NoLogs { path: path() });
        }
        let signer = match signer {
            Some(signer) => signer,
            None => Box::new(own_key(folder, known.is_some())?),
        };
        check_keys(&logs, &signer.public_key())?;
        // (4)
        let key = signer.public_key();
        let wanted = vkey(&name, &key);
        if let Some((known, of)) = known.as_ref().filter(|(known, of)| (known, of) != (&name, &key)) {
            return Err(WitnessError::OtherWitness { path: path(), got: vkey(known, of), wanted });
        }
        let store = store.map_or_else(|| Store::open(&folder.join(STATE)), Ok)?;
        if known.is_none() {
            store.belong(&name, &key)?;
        }
        write(folder, VKEY, &format!("{wanted}\n"))?;
        Ok(Data { folder: path(), name, signer, store, logs, _lock: lock })
    }
}

fn vkey(name: &WitnessName, key: &PublicKey) -> String {
    verifier_key(name.as_str(), KeyType::Cosignature, key)
}

/// The state of a folder, to be looked at.
pub(crate) fn look(folder: &Path) -> Result<Store, WitnessError> {
    if exists(&folder.join(STATE))? {
        return Store::read(&folder.join(STATE));
    }
    let path = folder.to_owned();
    Err(if exists(&folder.join(VKEY))? {
        WitnessError::StateLost { path: folder.join(STATE) }
    } else {
        WitnessError::NoWitness { path }
    })
}

/// All of them, each with all of its keys.
fn together(mut logs: Logs, more: Logs) -> Logs {
    for (origin, keys) in more {
        logs.entry(origin).or_default().extend(keys);
    }
    for keys in logs.values_mut() {
        keys.sort();
        keys.dedup();
    }
    logs
}

fn check_keys(logs: &Logs, own: &PublicKey) -> Result<(), WitnessError> {
    for (origin, keys) in logs {
        let (origin, got) = (origin.clone(), keys.len());
        if !(1..=LOG_KEYS).contains(&got) {
            return Err(WitnessError::LogKeys { origin, got, limit: LOG_KEYS });
        }
        if keys.contains(own) {
            return Err(WitnessError::KeyRole { origin });
        }
    }
    Ok(())
}

fn exists(path: &Path) -> Result<bool, WitnessError> {
    path.try_exists().map_err(WitnessError::file("look for", path))
}

fn lock(folder: &Path) -> Result<File, WitnessError> {
    let path = folder.join("lock");
    let file = File::options().create(true).write(true).truncate(false).open(&path);
    let file = file.map_err(WitnessError::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WitnessError::Locked { path: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(WitnessError::file("lock", path)(error)),
    }
}

/// The key in the folder: the one that is there, or, for a witness that has cosigned nothing, a new one.
fn own_key(folder: &Path, must_exist: bool) -> Result<SecretKey, WitnessError> {
    let path = folder.join("keys").join("witness");
    match keyfile::read(&path) {
        Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            if must_exist {
                return Err(WitnessError::KeyLost { path });
            }
            keyfile::create(&path, &SecretKey::generate()?)?;
            Ok(keyfile::read(&path)?)
        }
        key => Ok(key?),
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), WitnessError> {
    let path = folder.join(name);
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(WitnessError::file("write", &path))
}
