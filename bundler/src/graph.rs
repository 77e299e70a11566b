//! The resolved packages and who depends on whom: the same shape whether a lock file or the solver made it.

use std::collections::BTreeMap;

use deno_semver::Version;
use sha2::{Digest as _, Sha256};

use crate::BundleError;
use crate::integrity::Integrity;
use crate::module_id::is_package_name;
use crate::npmrc::Registries;
use crate::project::Project;

/// An index into [`Graph::packages`].
pub(crate) type PackageIndex = usize;

/// A package as it was found, before equal ones are merged.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Its name in the registry, not the alias it may be imported by.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) source: Source,
    /// By the name that it imports them by.
    pub(crate) dependencies: BTreeMap<String, PackageIndex>,
}

/// Where a package's files are.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// In an archive of a registry.
    Archive {
        integrity: Integrity,
        /// Where it is said to be.
        tarball: String,
    },
    /// In a folder: a member of the workspace, or a `file:` dependency.
    Folder(Project),
}

impl Package {
    /// Checks what a lock file or a registry says of a package.
    ///
    /// # Errors
    ///
    /// Where the name is none, no SHA-512 is given, or the archive is not to be had by HTTP.
    pub(crate) fn new(
        name: String,
        version: String,
        integrity: &str,
        tarball: Option<&str>,
        dependencies: BTreeMap<String, PackageIndex>,
        registries: &Registries,
    ) -> Result<Self, BundleError> {
        if !is_package_name(&name) {
            return Err(BundleError::Unresolvable { reason: format!("`{name}` is not a package name") });
        }
        let tarball = registries.tarball(&name, &version, tarball)?.url.into();
        let integrity = Integrity::parse(integrity, &format!("{name}@{version}"))?;
        Ok(Self { name, version, source: Source::Archive { integrity, tarball }, dependencies })
    }

    /// The SHA-512 of its archive; none for a folder.
    pub(crate) fn integrity(&self) -> Option<Integrity> {
        match self.source {
            Source::Archive { integrity, .. } => Some(integrity),
            Source::Folder(_) => None,
        }
    }

    /// The folder that it is; none for an archive.
    pub(crate) fn folder(&self) -> Option<&Project> {
        match &self.source {
            Source::Archive { .. } => None,
            Source::Folder(folder) => Some(folder),
        }
    }

    /// `name@version`.
    pub(crate) fn id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// All packages that the project can reach.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The project's own dependencies.
    pub(crate) root: BTreeMap<String, PackageIndex>,
    /// What stands at the top of `node_modules`: found by packages that import what they don't declare.
    pub(crate) hoisted: BTreeMap<String, PackageIndex>,
    /// Sorted by name and version.
    pub(crate) packages: Vec<Package>,
    /// The folder of each package under `/p/npm`: `<name>@<version>`, with `_<n>` for further copies.
    pub(crate) folders: Vec<String>,
}

impl Graph {
    /// Merges packages that are equal in name, version, bytes and (recursively) dependencies, and sorts them.
    ///
    /// npm may install one package at several places; where all copies see the same dependencies, one is enough.
    /// Where they see different ones (peer dependencies), each keeps a folder of its own.
    pub(crate) fn new(
        root: BTreeMap<String, PackageIndex>,
        hoisted: BTreeMap<String, PackageIndex>,
        found: Vec<Package>,
    ) -> Self {
        let class = classes(&found);
        let count = class.iter().max().map_or(0, |last| last + 1);
        let renumber = |edges: &BTreeMap<String, PackageIndex>| -> BTreeMap<String, PackageIndex> {
            edges.iter().map(|(name, &index)| (name.clone(), class[index])).collect()
        };
        let mut packages: Vec<Option<Package>> = vec![None; count];
        for (index, package) in found.iter().enumerate() {
            packages[class[index]].get_or_insert_with(|| Package {
                dependencies: renumber(&package.dependencies),
                ..package.clone()
            });
        }
        let packages: Vec<Package> = packages.into_iter().flatten().collect();

        let mut copies: BTreeMap<String, usize> = BTreeMap::new();
        let folders = packages
            .iter()
            .map(|package| {
                let copy = copies.entry(package.id()).or_default();
                *copy += 1;
                if *copy == 1 { package.id() } else { format!("{}_{}", package.id(), *copy - 1) }
            })
            .collect();
        Self { root: renumber(&root), hoisted: renumber(&hoisted), packages, folders }
    }

    /// SHA-256 over one line `name@version integrity` a package, sorted, each once. Folders have no line: like the
    /// project's own modules, they are what they are.
    pub(crate) fn lock(&self) -> [u8; 32] {
        let line = |package: &Package| Some(format!("{} {}\n", package.id(), package.integrity()?));
        let mut lines: Vec<String> = self.packages.iter().filter_map(line).collect();
        lines.sort_unstable();
        lines.dedup();
        Sha256::digest(lines.concat()).into()
    }
}

/// What npm would put at the top of `node_modules`: the direct dependencies, and of the others the newest version.
pub(crate) fn newest(
    found: &[Package],
    root: &BTreeMap<String, PackageIndex>,
) -> BTreeMap<String, PackageIndex> {
    let version = |index: PackageIndex| Version::parse_from_npm(&found[index].version).ok();
    let mut newest: BTreeMap<String, PackageIndex> = BTreeMap::new();
    for (index, package) in found.iter().enumerate() {
        let best = newest.entry(package.name.clone()).or_insert(index);
        if version(*best) < version(index) {
            *best = index;
        }
    }
    newest.extend(root.iter().map(|(alias, &index)| (alias.clone(), index)));
    newest
}

/// Gives equal packages equal numbers: starts from name, version and bytes, and splits by the classes of the
/// dependencies until nothing changes. Numbers are ordered by name, then version, then dependencies.
fn classes(found: &[Package]) -> Vec<usize> {
    let mut class = rank(found.iter().map(|p| (&p.name, &p.version, p.integrity(), p.folder())).collect());
    loop {
        let keys = found.iter().zip(&class).map(|(package, &own)| {
            let edges: Vec<(&String, usize)> =
                package.dependencies.iter().map(|(name, &index)| (name, class[index])).collect();
            (own, edges)
        });
        let next = rank(keys.collect());
        if next == class {
            return class;
        }
        class = next;
    }
}

/// The position of each key among the distinct sorted keys.
fn rank<K: Ord>(keys: Vec<K>) -> Vec<usize> {
    let mut sorted: Vec<&K> = keys.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    keys.iter().map(|key| sorted.binary_search(&key).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, dependencies: &[(&str, usize)]) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            source: Source::Archive {
                integrity: Integrity::of(format!("{name}@{version}").as_bytes()),
                tarball: String::new(),
            },
            dependencies: dependencies.iter().map(|(name, index)| ((*name).to_owned(), *index)).collect(),
        }
    }

    #[test]
    fn merges_copies_that_see_the_same_and_keeps_those_that_do_not() {
        let found = vec![
            package("plugin", "1.0.0", &[("peer", 2)]),
            package("plugin", "1.0.0", &[("peer", 3)]),
            package("peer", "1.0.0", &[]),
            package("peer", "2.0.0", &[]),
            package("plugin", "1.0.0", &[("peer", 5)]),
            package("peer", "1.0.0", &[]),
        ];
        let root = [("a".to_owned(), 0), ("b".to_owned(), 1), ("c".to_owned(), 4)].into();
        let graph = Graph::new(root, BTreeMap::new(), found);
        assert_eq!(graph.folders, ["peer@1.0.0", "peer@2.0.0", "plugin@1.0.0", "plugin@1.0.0_1"]);
        assert_eq!(graph.root["a"], graph.root["c"]);
        assert_ne!(graph.root["a"], graph.root["b"]);
    }

    #[test]
    fn cycles_end() {
        let found = vec![package("a", "1.0.0", &[("b", 1)]), package("b", "1.0.0", &[("a", 0)])];
        let graph = Graph::new([("a".to_owned(), 0)].into(), BTreeMap::new(), found);
        assert_eq!(graph.packages.len(), 2);
    }

    #[test]
    fn the_lock_does_not_depend_on_the_order() {
        let one = vec![package("a", "1.0.0", &[]), package("b", "1.0.0", &[])];
        let other = one.iter().rev().cloned().collect();
        let lock = |found| Graph::new(BTreeMap::new(), BTreeMap::new(), found).lock();
        assert_eq!(lock(one), lock(other));
    }
}
