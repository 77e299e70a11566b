//! Vectors as files, one a vector: `tests/vectors/<folder>/<name>.json` in the project.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

fn path(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(folder)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(path(folder)).expect("the folder is there");
    let files = files.map(|file| file.expect("a file").path());
    files.filter(|file| file.extension().is_some_and(|end| end == "json")).collect()
}

/// Every vector of a folder, by the name of its file.
pub fn read<V: DeserializeOwned>(folder: &str) -> BTreeMap<String, V> {
    let read = files(folder).into_iter().map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("it can be read");
        (name, serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{path:?}: {error}")))
    });
    read.collect()
}

/// Compares what is made with what is committed; with `UPDATE_VECTORS` it takes its place.
pub fn compare<V>(folder: &str, made: impl IntoIterator<Item = (String, V)>)
where
    V: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let made: Vec<_> = made.into_iter().collect();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        write(folder, &made);
    }
    let mut committed = read::<V>(folder);
    for (name, vector) in &made {
        let hint = "run it again with UPDATE_VECTORS=1 where the change is meant";
        assert!(committed.remove(name).as_ref() == Some(vector), "{name} is not what is made here: {hint}");
    }
    assert!(committed.is_empty(), "nobody makes {:?}, or two have one name", committed.keys());
}

fn write<V: Serialize>(folder: &str, vectors: &[(String, V)]) {
    fs::create_dir_all(path(folder)).expect("the folder can be made");
    for file in files(folder) {
        fs::remove_file(file).expect("it can be removed");
    }
    for (name, vector) in vectors {
        let text = serde_json::to_string_pretty(vector).expect("a vector is JSON") + "\n";
        fs::write(path(folder).join(format!("{name}.json")), text).expect("it can be written");
    }
}
