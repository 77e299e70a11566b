//! The packages that npm installs of the public registry. Not run by default: it asks the network, and npm takes its
//! time. `cargo test -p cidery-bundler --test npm_sets -- --ignored --nocapture`

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use cidery_bundler::{BundleError, Options};
use serde_json::{Value, json};

/// npm prefers versions that run on the Node it runs on itself, and on the edge there is no Node: so it runs on the
/// newest one that `package.json` pins.
fn npm(folder: &Path) -> Value {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules").canonicalize().unwrap();
    let node = modules.join(format!("node-linux-{arch}/bin"));
    let path = std::env::join_paths(
        std::iter::once(node).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let output = Command::new("npm")
        .args(["install", "--package-lock-only", "--ignore-scripts", "--no-audit"])
        .env("PATH", path.unwrap())
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(folder.join("package-lock.json")).unwrap()).unwrap()
}

/// Of npm's lock file: all packages, and those that are neither native binaries nor needed by these alone.
fn locked(lock: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut all, mut needed) = (BTreeSet::new(), BTreeSet::new());
    for (place, locked) in lock["packages"].as_object().unwrap() {
        let Some(alias) = place.rsplit("node_modules/").next().filter(|alias| !alias.is_empty()) else {
            continue;
        };
        let id =
            format!("{}@{}", locked["name"].as_str().unwrap_or(alias), locked["version"].as_str().unwrap());
        // What only a native binary needs is optional, too.
        if locked["optional"] != json!(true) {
            needed.insert(id.clone());
        }
        all.insert(id);
    }
    (all, needed)
}

/// Whether a locked package is for some platforms only.
fn is_native(lock: &Value, id: &str) -> bool {
    let packages = lock["packages"].as_object().unwrap();
    packages.iter().any(|(place, locked)| {
        let alias = place.rsplit("node_modules/").next().unwrap_or_default();
        let name = locked["name"].as_str().unwrap_or(alias);
        id == format!("{name}@{}", locked["version"].as_str().unwrap_or_default())
            && ["os", "cpu", "libc"].iter().any(|key| !locked[key].is_null())
    })
}

/// What natives alone need: reached in npm's lock file by no way without a native.
fn only_for_natives(lock: &Value, id: &str) -> bool {
    let packages = lock["packages"].as_object().unwrap();
    let name = &id[..id.rfind('@').unwrap()];
    packages
        .iter()
        .filter(|(place, locked)| {
            !place.is_empty()
                && ["dependencies", "optionalDependencies"].iter().any(|list| !locked[list][name].is_null())
        })
        .all(|(place, locked)| {
            let alias = place.rsplit("node_modules/").next().unwrap_or_default();
            let id = format!("{alias}@{}", locked["version"].as_str().unwrap_or_default());
            is_native(lock, &id) || (locked["optional"] == json!(true) && only_for_natives(lock, &id))
        })
}

async fn compare(name: &str, range: &str) -> Result<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("project");
    std::fs::create_dir(&folder).unwrap();
    let manifest = json!({ "name": "x", "version": "1.0.0", "dependencies": { name: range } });
    std::fs::write(folder.join("package.json"), manifest.to_string()).unwrap();
    let packages = async || -> Result<BTreeSet<String>, BundleError> {
        let options = Options::new(dir.path().join("cache"));
        let packages = cidery_bundler::packages(&folder, &options, &()).await?;
        Ok(packages.into_iter().map(|package| format!("{}@{}", package.name, package.version)).collect())
    };
    let ours = packages().await.map_err(|error| error.to_string())?;
    let lock = npm(&folder);
    let (all, needed) = locked(&lock);
    let lacking: Vec<_> = needed.difference(&ours).collect();
    let more: Vec<_> = ours.difference(&all).collect();
    // What is optional, and neither native nor for natives alone, is needed, too.
    let optional: Vec<_> = all
        .difference(&ours)
        .filter(|id| !needed.contains(*id) && !is_native(&lock, id) && !only_for_natives(&lock, id))
        .collect();
    if !(lacking.is_empty() && more.is_empty() && optional.is_empty()) {
        return Err(format!("lacking {lacking:?} {optional:?}, more {more:?}"));
    }
    // And npm's lock file is read as what we resolve ourselves.
    let read = packages().await.map_err(|error| error.to_string())?;
    if read != ours {
        return Err(format!("the lock file is read as {read:?}"));
    }
    Ok(format!("{} packages, {} in npm's lock file", ours.len(), all.len()))
}

async fn compare_all(list: &[(&str, &str)]) {
    let mut different = 0;
    for (name, range) in list {
        match compare(name, range).await {
            Ok(said) => println!("same      {name}@{range}: {said}"),
            Err(said) => {
                different += 1;
                println!("DIFFERENT {name}@{range}: {said}");
            }
        }
    }
    assert_eq!(different, 0, "see above");
}

#[tokio::test]
#[ignore = "asks the public registry"]
async fn as_npm_installs_them() {
    compare_all(&[
        ("express", "4"),
        ("hono", "*"),
        ("vite", "*"),
        ("next", "*"),
        ("astro", "*"),
        ("@aws-sdk/client-s3", "*"),
    ])
    .await;
}

/// `CIDERY_PACKAGES="a@1 @s/b"` compares others.
#[tokio::test]
#[ignore = "asks the public registry for what CIDERY_PACKAGES names"]
async fn others() {
    let named = std::env::var("CIDERY_PACKAGES").expect("CIDERY_PACKAGES names packages");
    let list: Vec<(&str, &str)> = named
        .split_whitespace()
        .map(|spec| match spec.rfind('@').filter(|&at| at > 0) {
            Some(at) => (&spec[..at], &spec[at + 1..]),
            None => (spec, "*"),
        })
        .collect();
    compare_all(&list).await;
}
