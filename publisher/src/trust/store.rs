//! Files of the command's own: JSON that is read and replaced as a whole, by one process at a time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

use crate::failure::Failure;
use crate::files;

/// A JSON file; where it does not exist, it holds the default.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    path: PathBuf,
    /// What it holds, for people.
    holds: &'static str,
}

impl Store {
    pub(crate) fn new(path: PathBuf, holds: &'static str) -> Self {
        Store { path, holds }
    }

    /// What it holds. A file that cannot be understood is refused and never taken for an empty one.
    pub(crate) fn read<T: Default + DeserializeOwned>(&self) -> Result<T, Failure> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
            Err(error) => return Err(Failure::file("read", &self.path)(error)),
        };
        let invalid = |error: serde_json::Error| Failure::State {
            file: self.path.clone(),
            holds: self.holds,
            reason: error.to_string(),
        };
        serde_json::from_slice(&bytes).map_err(invalid)
    }

    /// Changes it, unless `change` refuses. Other processes wait; whoever reads sees the old file or the new one.
    pub(crate) fn update<T, R>(&self, change: impl FnOnce(&mut T) -> Result<R, Failure>) -> Result<R, Failure>
    where
        T: Default + DeserializeOwned + Serialize + PartialEq + Clone,
    {
        let failed = |error| Failure::file("write", &self.path)(error);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        // Locked until it is dropped; the file itself is replaced, so that the lock must be another.
        let lock = File::create(self.path.with_extension("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let before: T = self.read()?;
        let mut after = before.clone();
        let result = change(&mut after)?;
        if after != before {
            files::replace(&self.path, &after)?;
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_refused_change_changes_nothing_and_a_broken_file_is_not_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().join("new/trust.json"), "what is trusted");
        let insert = |value: u8| {
            store.update(|map: &mut BTreeMap<String, u8>| {
                map.insert("a".to_owned(), value);
                if value > 1 { Err(Failure::Workerd { reason: "refused".to_owned() }) } else { Ok(()) }
            })
        };
        insert(1).unwrap();
        insert(2).unwrap_err();
        assert_eq!(store.read::<BTreeMap<String, u8>>().unwrap()["a"], 1);
        fs::write(dir.path().join("new/trust.json"), "{").unwrap();
        assert!(matches!(insert(1), Err(Failure::State { .. })));
    }

    #[test]
    fn processes_take_turns() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().join("n.json"), "a number");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        store
                            .update(|n: &mut u32| {
                                *n += 1;
                                Ok(())
                            })
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(store.read::<u32>().unwrap(), 40);
    }
}
