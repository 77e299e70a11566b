//! Lock files of npm, pnpm and bun: what they lock is taken exactly as it is, and nothing is resolved.
//!
//! Each reader says what the project depends on, by keys of its file, and what is behind a key; [`walk`] follows them.

mod bun;
mod npm;
mod pnpm;

use std::collections::BTreeMap;

use crate::BundleError;
use crate::graph::{Graph, Package, PackageIndex, Source, newest};
use crate::npmrc::Registries;
use crate::package_json::{PackageJson, Spec, Wanted};
use crate::project::Project;
use crate::semver::satisfies;
use crate::workspace::{Local, Workspace};

/// The files that are read, in the order in which they are looked for.
const READ: [(&str, Reader); 4] = [
    ("npm-shrinkwrap.json", npm::read),
    ("package-lock.json", npm::read),
    ("pnpm-lock.yaml", pnpm::read),
    ("bun.lock", bun::read),
];

/// The files that are refused, and what makes one of them that is read.
const REFUSED: [(&str, &str); 2] = [
    ("bun.lockb", "`bun install --save-text-lockfile --lockfile-only` writes bun.lock"),
    ("yarn.lock", "`pnpm import` writes pnpm-lock.yaml, `npm install --package-lock-only` package-lock.json"),
];

type Reader = fn(&[u8], &Context<'_>) -> Result<Graph, BundleError>;

/// What a lock file is read for.
pub(crate) struct Context<'a> {
    /// The name of the file, for errors.
    pub(crate) file: &'static str,
    pub(crate) workspace: &'a Workspace,
    pub(crate) package: &'a PackageJson,
    pub(crate) registries: &'a Registries,
}

/// Reads the lock file of a project, or of the workspace that it is part of; none where there is no lock file.
///
/// # Errors
///
/// Where there are two that may differ, where the one there is of another kind or version, lacks a SHA-512 or a
/// dependency, or does not satisfy `package.json`.
pub(crate) fn read(
    workspace: &Workspace,
    package: &PackageJson,
    registries: &Registries,
) -> Result<Option<Graph>, BundleError> {
    let mut found = Vec::new();
    for (file, reader) in READ {
        if let Some(bytes) = workspace.root.read_if_exists(file)? {
            found.push((file, reader, bytes));
        }
    }
    // npm prefers its shrinkwrap.
    if found.len() > 1 && found[0].0 == READ[0].0 {
        found.retain(|(file, ..)| *file != READ[1].0);
    }
    if let [(one, ..), (other, ..), ..] = &found[..] {
        return Err(BundleError::TwoLocks { one, other });
    }
    if let Some((file, reader, bytes)) = found.pop() {
        return reader(&bytes, &Context { file, workspace, package, registries }).map(Some);
    }
    for (file, command) in REFUSED {
        if workspace.root.locate(file)?.is_some() {
            let (got, wanted) = (file.to_owned(), "package-lock.json, pnpm-lock.yaml or bun.lock");
            return Err(BundleError::UnsupportedLock { file, got, wanted, command });
        }
    }
    Ok(None)
}

impl Context<'_> {
    fn invalid(&self, reason: impl ToString) -> BundleError {
        BundleError::invalid(self.file, reason)
    }

    /// A direct dependency that is locked at `got`; `recorded` is what package.json asked for when it was.
    fn in_step(&self, wanted: &Wanted, recorded: Option<&str>, got: Option<&str>) -> Result<(), BundleError> {
        if recorded == Some(wanted.spec.as_str()) && got.is_some() {
            return Ok(());
        }
        let satisfied = match (got, wanted.spec()) {
            (Some(got), Ok(Spec::Registry { range, .. } | Spec::Member { range, .. })) => {
                satisfies(got, range)
            }
            _ => false,
        };
        if satisfied { Ok(()) } else { Err(self.out_of_step(&wanted.alias, got, &wanted.spec)) }
    }

    fn out_of_step(&self, name: &str, got: Option<&str>, wanted: &str) -> BundleError {
        BundleError::LockOutOfStep {
            file: self.file,
            name: name.to_owned(),
            got: got.unwrap_or("nothing").to_owned(),
            wanted: wanted.to_owned(),
        }
    }

    /// The package in a folder, relative to the one the lock file is in.
    fn folder(&self, path: &str, alias: &str) -> Result<Package, BundleError> {
        let folder = Project::open(&self.workspace.root.root().join(path))?;
        let Local { name, version, folder, .. } = Local::open(folder, Some(alias))?;
        Ok(Package { name, version, source: Source::Folder(folder), dependencies: BTreeMap::new() })
    }

    /// A package in an archive.
    fn archive(
        &self,
        name: &str,
        version: &str,
        integrity: Option<&str>,
        tarball: Option<&str>,
    ) -> Result<Package, BundleError> {
        if !satisfies(version, version) {
            return Err(self.invalid(format!("`{version}`, locked for {name}, is not a version")));
        }
        let (name, version) = (name.to_owned(), version.to_owned());
        let integrity = integrity.unwrap_or_default();
        Package::new(name, version, integrity, tarball, BTreeMap::new(), self.registries)
    }
}

/// What a walk came by.
struct Walked<K> {
    root: BTreeMap<String, PackageIndex>,
    found: Vec<Package>,
    index: BTreeMap<K, PackageIndex>,
}

/// A package, and the keys of what it depends on by the names that it imports them by.
type Opened<K> = (Package, BTreeMap<String, K>);

/// Follows all keys from those of the project, each once.
fn walk<K: Ord + Clone>(
    root: &BTreeMap<String, K>,
    mut open: impl FnMut(&K) -> Result<Opened<K>, BundleError>,
) -> Result<Walked<K>, BundleError> {
    let (mut index, mut order, mut found, mut edges) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
    let mut number = |key: &K, order: &mut Vec<K>| {
        *index.entry(key.clone()).or_insert_with(|| {
            order.push(key.clone());
            order.len() - 1
        })
    };
    let numbered = |keys: &BTreeMap<String, K>, number: &mut dyn FnMut(&K) -> PackageIndex| {
        keys.iter().map(|(alias, key)| (alias.clone(), number(key))).collect()
    };
    let root = numbered(root, &mut |key| number(key, &mut order));
    while let Some(key) = order.get(found.len()).cloned() {
        let (package, keys) = open(&key)?;
        found.push(package);
        edges.push(numbered(&keys, &mut |key| number(key, &mut order)));
    }
    for (package, edges) in found.iter_mut().zip(edges) {
        package.dependencies = edges;
    }
    Ok(Walked { root, found, index })
}

impl<K> Walked<K> {
    /// The graph, with what stands at the top of `node_modules`.
    fn graph(self, hoisted: BTreeMap<String, PackageIndex>) -> Graph {
        Graph::new(self.root, hoisted, self.found)
    }

    /// The graph where the file says nothing of the top of `node_modules`: the newest of each name is there.
    fn graph_of_newest(self) -> Graph {
        let hoisted = newest(&self.found, &self.root);
        self.graph(hoisted)
    }
}
