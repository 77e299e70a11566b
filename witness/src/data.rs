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
use cidery_protocol::log::{KeyType, verifier_key};

use crate::{WitnessError, WitnessName, settings::Settings, store::Store};

const VKEY: &str = "vkey";
const STATE: &str = "state.db";

/// A data folder that this process alone uses, for as long as this value lives.
pub(crate) struct Data {
    pub(crate) folder: PathBuf,
    pub(crate) name: WitnessName,
    pub(crate) signer: Box<dyn Signer>,
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    _lock: File,
}

impl Data {
    /// Takes the folder. On the first start, it is made, and it belongs to one name and one key from then on. Later, what was
    /// cosigned must still be there: a witness that has forgotten believes anything.
    pub(crate) fn open(
        folder: &Path,
        name: Option<WitnessName>,
        signer: Option<Box<dyn Signer>>,
    ) -> Result<Self, WitnessError> {
        fs::create_dir_all(folder).map_err(WitnessError::file("make the folder", folder))?;
        let lock = lock(folder)?;
        let settings = Settings::read(folder)?;
        let store = state(folder)?;
        let known = store.as_ref().map_or(Ok(None), Store::witness)?;
        if known.is_none() && exists(&folder.join(VKEY))? {
            return Err(WitnessError::StateLost { path: folder.join(STATE) });
        }
        let known_name = known.as_ref().map(|(name, _)| name.clone());
        let name = name.or_else(|| settings.name.clone()).or(known_name);
        let name = name.ok_or_else(|| WitnessError::NoName { path: folder.to_owned() })?;
        let signer = match signer {
            Some(signer) => signer,
            None => Box::new(own_key(folder, known.is_some())?),
        };
        let vkey = verifier_key(name.as_str(), KeyType::Cosignature, &signer.public_key());
        let store = match known.zip(store) {
            Some(((got, key), store)) if (&got, &key) == (&name, &signer.public_key()) => store,
            Some(((got, key), _)) => {
                let got = verifier_key(got.as_str(), KeyType::Cosignature, &key);
                return Err(WitnessError::OtherWitness { path: folder.to_owned(), got, wanted: vkey });
            }
            None => {
                let store = Store::open(&folder.join(STATE))?;
                store.belong(&name, &signer.public_key())?;
                store
            }
        };
        write(folder, VKEY, &format!("{vkey}\n"))?;
        Ok(Data { folder: folder.to_owned(), name, signer, store, settings, _lock: lock })
    }
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

fn state(folder: &Path) -> Result<Option<Store>, WitnessError> {
    let path = folder.join(STATE);
    exists(&path)?.then(|| Store::open(&path)).transpose()
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
