//! What native Rust says of each vector, for the table in `docs/compatibility.md`.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use serde::Serialize;

/// Writes the outcomes of the vectors of one folder, by name, where `CIDERY_RESULTS` names a folder for them.
pub(crate) fn write<T: Serialize>(vectors: &str, outcomes: BTreeMap<&str, T>) {
    let Some(folder) = env::var_os("CIDERY_RESULTS").map(PathBuf::from) else { return };
    fs::create_dir_all(&folder).expect("the folder can be made");
    let json = serde_json::to_vec(&BTreeMap::from([(vectors, outcomes)])).expect("outcomes are JSON");
    fs::write(folder.join(format!("rust.{vectors}.json")), json).expect("it can be written");
}
