//! `pnpm-lock.yaml`, version 9.0.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Context, Opened, walk};
use crate::BundleError;
use crate::graph::Graph;
use crate::package_json::split_name;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockFile {
    lockfile_version: Option<String>,
    /// By the folder of a member of the workspace; the top is `.`.
    #[serde(default)]
    importers: BTreeMap<String, Importer>,
    /// By name and version.
    #[serde(default)]
    packages: BTreeMap<String, Locked>,
    /// By name, version and the peers that it sees.
    #[serde(default)]
    snapshots: BTreeMap<String, Snapshot>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Importer {
    dependencies: BTreeMap<String, Direct>,
    optional_dependencies: BTreeMap<String, Direct>,
}

#[derive(Deserialize)]
struct Direct {
    /// What package.json asked for.
    specifier: String,
    version: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Locked {
    resolution: Resolution,
    /// Only where the key has none.
    version: Option<String>,
    os: Option<Vec<String>>,
    cpu: Option<Vec<String>>,
    libc: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resolution {
    integrity: Option<String>,
    tarball: Option<String>,
    /// A folder.
    directory: Option<String>,
    /// A git repository.
    repo: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Snapshot {
    dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
}

/// What a dependency leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A snapshot.
    Snapshot(String),
    /// A folder, relative to the lock file, and the name it is imported by.
    Folder(String, String),
}

/// Reads a lock file into the packages that the project's dependencies reach.
pub(super) fn read(bytes: &[u8], context: &Context<'_>) -> Result<Graph, BundleError> {
    let text = std::str::from_utf8(bytes).map_err(|error| context.invalid(error))?;
    let lock: LockFile = serde_saphyr::from_str(text).map_err(|error| context.invalid(error))?;
    let version = lock.lockfile_version.clone().unwrap_or_default();
    if version != "9.0" {
        return Err(BundleError::UnsupportedLock {
            file: context.file,
            got: format!("lockfileVersion {version}"),
            wanted: "lockfileVersion 9.0",
            command: "`pnpm install --lockfile-only` of pnpm 9 or newer writes it anew",
        });
    }
    let lock = Reader { lock, context };
    let at = &context.workspace.at;
    let own = if at.is_empty() { "." } else { at.as_str() };
    let importer = lock.lock.importers.get(own);
    let mut root = BTreeMap::new();
    for wanted in context.package.wanted() {
        let direct = importer.and_then(|importer| {
            importer
                .dependencies
                .get(&wanted.alias)
                .or_else(|| importer.optional_dependencies.get(&wanted.alias))
        });
        let Some(direct) = direct else {
            if wanted.optional {
                continue;
            }
            return Err(context.out_of_step(&wanted.alias, None, &wanted.spec));
        };
        let version = split_name(bare(&direct.version)).map_or(bare(&direct.version), |(_, version)| version);
        context.in_step(&wanted, Some(&direct.specifier), Some(version))?;
        if let Some(key) = lock.key(at, &wanted.alias, &direct.version, wanted.optional)? {
            root.insert(wanted.alias, key);
        }
    }
    Ok(walk(&root, |key| lock.open(key))?.graph_of_newest())
}

struct Reader<'a> {
    lock: LockFile,
    context: &'a Context<'a>,
}

impl Reader<'_> {
    /// What `alias` at `version` is, seen from a folder; none for a native binary.
    fn key(
        &self,
        from: &str,
        alias: &str,
        version: &str,
        optional: bool,
    ) -> Result<Option<Key>, BundleError> {
        if let Some(path) = version.strip_prefix("link:") {
            let path = if from.is_empty() { path.to_owned() } else { format!("{from}/{path}") };
            return Ok(Some(Key::Folder(path, alias.to_owned())));
        }
        let key = if bare(version).contains('@') { version.to_owned() } else { format!("{alias}@{version}") };
        if key.contains("(patch_hash=") {
            let spec = "a package that pnpm patches".to_owned();
            return Err(BundleError::UnsupportedDependency { name: alias.to_owned(), spec });
        }
        let locked = self.lock.packages.get(bare(&key));
        let locked = locked.ok_or_else(|| self.context.out_of_step(&key, None, version))?;
        if let Some(path) = &locked.resolution.directory {
            return Ok(Some(Key::Folder(path.clone(), alias.to_owned())));
        }
        let native = locked.os.is_some() || locked.cpu.is_some() || locked.libc.is_some();
        Ok((!(optional && native)).then_some(Key::Snapshot(key)))
    }

    fn open(&self, key: &Key) -> Result<Opened<Key>, BundleError> {
        match key {
            Key::Folder(path, alias) => self.open_folder(path, alias),
            Key::Snapshot(key) => self.open_snapshot(key),
        }
    }

    fn open_snapshot(&self, key: &str) -> Result<Opened<Key>, BundleError> {
        let (name, version) = split_name(bare(key)).unwrap_or((key, ""));
        let snapshot = self.lock.snapshots.get(key);
        let snapshot = snapshot.ok_or_else(|| self.context.out_of_step(key, None, version))?;
        let locked = &self.lock.packages[bare(key)];
        if let Some(repo) = &locked.resolution.repo {
            let (name, spec) = (name.to_owned(), repo.clone());
            return Err(BundleError::UnsupportedDependency { name, spec });
        }
        let version = locked.version.as_deref().unwrap_or(version);
        let resolution = &locked.resolution;
        let (integrity, tarball) = (resolution.integrity.as_deref(), resolution.tarball.as_deref());
        let package = self.context.archive(name, version, integrity, tarball)?;
        let required = snapshot.dependencies.iter().map(|(alias, version)| (alias, version, false));
        let optional = snapshot.optional_dependencies.iter().map(|(alias, version)| (alias, version, true));
        let mut edges = BTreeMap::new();
        for (alias, version, optional) in required.chain(optional) {
            if let Some(key) = self.key("", alias, version, optional)? {
                edges.insert(alias.clone(), key);
            }
        }
        Ok((package, edges))
    }

    /// A member of the workspace has an importer, another folder a snapshot or nothing.
    fn open_folder(&self, path: &str, alias: &str) -> Result<Opened<Key>, BundleError> {
        let package = self.context.folder(path, alias)?;
        let top = self.context.workspace.root.root();
        let folder = package.folder().and_then(|folder| folder.root().strip_prefix(top).ok());
        let at = folder.map(|folder| folder.to_string_lossy().replace('\\', "/"));
        let mut edges = BTreeMap::new();
        if let Some((at, importer)) = at.and_then(|at| self.lock.importers.get_key_value(&at)) {
            let required = importer.dependencies.iter().map(|(alias, direct)| (alias, direct, false));
            let optional = importer.optional_dependencies.iter().map(|(alias, direct)| (alias, direct, true));
            for (alias, direct, optional) in required.chain(optional) {
                if let Some(key) = self.key(at, alias, &direct.version, optional)? {
                    edges.insert(alias.clone(), key);
                }
            }
        } else if let Some(snapshot) = self.lock.snapshots.get(&format!("{alias}@file:{path}")) {
            for (alias, version) in &snapshot.dependencies {
                if let Some(key) = self.key("", alias, version, false)? {
                    edges.insert(alias.clone(), key);
                }
            }
        }
        Ok((package, edges))
    }
}

/// A version or a key without the peers that stand in parentheses behind it.
fn bare(text: &str) -> &str {
    text.split_once('(').map_or(text, |(bare, _)| bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_read() {
        use std::fmt::Write as _;
        let mut text = "lockfileVersion: '9.0'\npackages:\n".to_owned();
        for at in 0..20_000 {
            let _ = writeln!(
                text,
                "  '@scope/package-{at}@1.0.{at}':\n    resolution: {{integrity: sha512-{at}}}\n    engines: {{node: '>=18'}}\n"
            );
        }
        let lock: LockFile = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(lock.packages.len(), 20_000);
    }
}
