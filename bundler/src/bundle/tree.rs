//! The virtual tree that the bundler sees: the project under `/p/app`, each package under `/p/npm`.
//!
//! ```text
//! /p/app/src/index.ts                              the project's file
//! /p/app/node_modules/hono        → /p/npm/hono@4.0.0      a direct dependency
//! /p/npm/a@1.0.0/node_modules/b   → /p/npm/b@2.0.0         what `a` depends on
//! /p/node_modules/c               → /p/npm/c@3.0.0         what stands at the top of npm's tree
//! ```
//!
//! The links are what makes Node's resolution find the right version from each importer, as pnpm does on disk. No
//! real path is visible, and a `node_modules` folder in the project is not looked at.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use oxc_resolver::{FileMetadata, ResolveError};
use rolldown_fs::{FileSystem, OxcResolverFileSystem};

use crate::BundleError;
use crate::cache::Cache;
use crate::graph::{Graph, Package, PackageIndex};
use crate::module_id::{APP, NPM, ROOT, leading, package_folder};
use crate::project::Project;
use crate::unpack::{Files, unpack};

/// A cheap handle to the tree.
#[derive(Clone, Debug)]
pub(crate) struct Tree(Arc<Inner>);

struct Inner {
    project: Project,
    graph: Graph,
    /// The package of each folder under `/p/npm`.
    folders: HashMap<String, PackageIndex>,
    cache: Cache,
    /// Packages are unpacked when something in them is first asked for.
    unpacked: Vec<OnceLock<Files>>,
    /// The first failure, which the resolver would take for an absent file.
    failure: Mutex<Option<BundleError>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree").field("packages", &self.graph.packages.len()).finish_non_exhaustive()
    }
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A folder that only exists here.
    Folder,
    /// A path in the project.
    App(String),
    /// A path in a package; empty for its top.
    Package(PackageIndex, String),
    /// A link to a package.
    Link(PackageIndex),
}

impl Tree {
    pub(crate) fn new(project: Project, graph: Graph, cache: Cache) -> Self {
        let unpacked = graph.packages.iter().map(|_| OnceLock::new()).collect();
        let folders = graph.folders.iter().cloned().zip(0..).collect();
        Self(Arc::new(Inner { project, graph, folders, cache, unpacked, failure: Mutex::new(None) }))
    }

    /// The package that a virtual id belongs to.
    pub(crate) fn package(&self, id: &str) -> Option<&Package> {
        let index = self.0.folders.get(package_folder(id)?)?;
        Some(&self.0.graph.packages[*index])
    }

    /// Whether the module's package, or the project, declares a dependency by this name.
    pub(crate) fn declares(&self, importer: &str, name: &str) -> bool {
        self.linked(importer, name).is_some()
    }

    /// The package that the module's package, or the project, declares as a dependency by this name.
    pub(crate) fn linked(&self, importer: &str, name: &str) -> Option<&Package> {
        let links = match self.0.walk(Path::new(importer))? {
            Place::Package(index, _) => &self.0.graph.packages[index].dependencies,
            Place::App(_) => &self.0.graph.root,
            _ => return None,
        };
        links.get(name).map(|index| &self.0.graph.packages[*index])
    }

    /// Whether a file of the package in a virtual folder is what is looked for, by its path and its bytes. Only those
    /// of archives are looked at.
    pub(crate) fn any_file(&self, folder: &str, wanted: impl Fn(&str, &[u8]) -> bool) -> bool {
        match self.0.walk(Path::new(folder)) {
            Some(Place::Package(index, _)) if self.0.graph.packages[index].folder().is_none() => {
                self.0.files(index).iter().any(|(path, bytes)| wanted(path, bytes))
            }
            _ => false,
        }
    }

    /// The paths of the files of a package that is an archive, by its virtual folder.
    pub(crate) fn paths(&self, folder: &str) -> Vec<String> {
        match self.0.walk(Path::new(folder)) {
            Some(Place::Package(index, _)) if self.0.graph.packages[index].folder().is_none() => {
                self.0.files(index).keys().cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The failure behind absent files, if there was one.
    pub(crate) fn take_failure(&self) -> Option<BundleError> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Inner {
    /// Follows all links but one in the last position.
    fn walk(&self, path: &Path) -> Option<Place> {
        let path = path.to_str()?;
        if let Some(rest) = below(path, APP) {
            let own = || {
                let hidden = rest.split('/').any(|segment| segment == "node_modules");
                (!hidden).then(|| Place::App(rest.to_owned()))
            };
            return self.enter(&self.graph.root, rest, own);
        }
        if let Some(rest) = below(path, NPM)
            && rest.split('/').next() != Some("node_modules")
        {
            return self.walk_package(rest);
        }
        // The tops of both folders have what npm hoists.
        match below(path, ROOT) {
            Some(rest) => {
                let rest = rest.strip_prefix("npm/").unwrap_or(rest);
                self.enter(&self.graph.hoisted, rest, || matches!(rest, "").then_some(Place::Folder))
            }
            None => (path == "/").then_some(Place::Folder),
        }
    }

    fn walk_package(&self, rest: &str) -> Option<Place> {
        if rest.is_empty() {
            return Some(Place::Folder);
        }
        let (folder, rest) = leading(rest);
        match self.folders.get(folder) {
            Some(&index) => self.within(index, rest),
            None => (folder.starts_with('@') && !folder.contains('/')).then_some(Place::Folder),
        }
    }

    fn within(&self, index: PackageIndex, rest: &str) -> Option<Place> {
        // Only an archive brings packages of its own along.
        let hidden = || rest.split('/').any(|segment| segment == "node_modules");
        let folder = self.graph.packages[index].folder().is_some();
        let own = || (!(folder && hidden())).then(|| Place::Package(index, rest.to_owned()));
        let own = || self.itself(index, rest).or_else(own);
        self.enter(&self.graph.packages[index].dependencies, rest, own)
    }

    /// In npm's tree a package stands in a `node_modules` folder itself, where its modules find it by its name.
    fn itself(&self, index: PackageIndex, rest: &str) -> Option<Place> {
        let (name, rest) = leading(rest.strip_prefix("node_modules/")?);
        match self.graph.packages[index].name.as_str() {
            own if own == name && rest.is_empty() => Some(Place::Link(index)),
            own if own == name => self.within(index, rest),
            own => below(own, name).map(|_| Place::Folder),
        }
    }

    /// `node_modules/<name>/<rest>` by a list of dependencies, anything else as `otherwise` says.
    fn enter(
        &self,
        links: &BTreeMap<String, PackageIndex>,
        rest: &str,
        otherwise: impl Fn() -> Option<Place>,
    ) -> Option<Place> {
        if rest == "node_modules" {
            return Some(Place::Folder);
        }
        let Some(rest) = rest.strip_prefix("node_modules/") else { return otherwise() };
        let (name, rest) = leading(rest);
        match links.get(name) {
            Some(&index) if rest.is_empty() => Some(Place::Link(index)),
            Some(&index) => self.within(index, rest),
            None if links.keys().any(|known| below(known, name).is_some()) => Some(Place::Folder),
            // A package may bring its own `node_modules` in its archive.
            None => otherwise(),
        }
    }

    fn files(&self, index: PackageIndex) -> &Files {
        self.unpacked[index].get_or_init(|| {
            let package = &self.graph.packages[index];
            let unpacked = match package.integrity().map(|integrity| self.cache.archive(&integrity)) {
                // Its files stay where they are.
                None => Ok(Files::new()),
                Some(Some(bytes)) => unpack(&package.id(), &bytes),
                Some(None) => Err(BundleError::Fetch {
                    what: package.id(),
                    reason: "its archive went out of the cache".to_owned(),
                }),
            };
            unpacked.unwrap_or_else(|error| {
                self.fail(error);
                Files::new()
            })
        })
    }

    fn fail(&self, error: BundleError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn metadata(&self, place: &Place) -> Option<FileMetadata> {
        let (file, folder) = match place {
            Place::Folder => (false, true),
            Place::Link(index) => return self.metadata(&Place::Package(*index, String::new())),
            Place::App(path) => self.on_disk(&self.project, path)?,
            Place::Package(index, path) => {
                if let Some(folder) = self.graph.packages[*index].folder() {
                    let (file, folder) = self.on_disk(folder, path)?;
                    return Some(FileMetadata::new(file, folder, false));
                }
                let files = self.files(*index);
                let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
                let first = files.range(prefix.clone()..).next();
                (files.contains_key(path), first.is_some_and(|(path, _)| path.starts_with(&prefix)))
            }
        };
        (file || folder).then(|| FileMetadata::new(file, folder, false))
    }

    /// Whether a path is a file, and whether it is a folder.
    fn on_disk(&self, project: &Project, path: &str) -> Option<(bool, bool)> {
        match project.locate(path) {
            Ok(found) => found.map(|found| (found.is_file(), found.is_dir())),
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// The bytes of a file of the project, or of a package that is a folder.
    fn read_on_disk(&self, project: &Project, path: &str) -> io::Result<Vec<u8>> {
        project.read_if_exists(path).map(|bytes| bytes.ok_or_else(absent)).unwrap_or_else(|error| {
            let shown = io::Error::other(error.to_string());
            self.fail(error);
            Err(shown)
        })
    }

    fn real_path(&self, place: &Place, asked: &Path) -> PathBuf {
        match place {
            Place::Folder => asked.to_owned(),
            Place::App(path) => Path::new(APP).join(path),
            Place::Link(index) => Path::new(NPM).join(&self.graph.folders[*index]),
            Place::Package(index, path) if path.is_empty() => {
                Path::new(NPM).join(&self.graph.folders[*index])
            }
            Place::Package(index, path) => Path::new(NPM).join(&self.graph.folders[*index]).join(path),
        }
    }
}

/// What of a path lies below a folder; empty for the folder itself.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

fn absent() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl OxcResolverFileSystem for Tree {
    /// An empty tree; the trait asks for it, and nothing calls it.
    fn new(_: bool) -> Self {
        Self::new(Project::default(), Graph::default(), Cache::new(Path::new("")))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.0.walk(path).ok_or_else(absent)? {
            Place::App(path) => self.0.read_on_disk(&self.0.project, &path),
            Place::Package(index, path) => match self.0.graph.packages[index].folder() {
                Some(folder) => self.0.read_on_disk(folder, &path),
                None => self.0.files(index).get(&path).cloned().ok_or_else(absent),
            },
            Place::Folder | Place::Link(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.0.walk(path).and_then(|place| self.0.metadata(&place)).ok_or_else(absent)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        match self.0.walk(path) {
            Some(Place::Link(_)) => Ok(FileMetadata::new(false, false, true)),
            place => place.and_then(|place| self.0.metadata(&place)).ok_or_else(absent),
        }
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        match self.0.walk(path) {
            Some(place @ Place::Link(_)) => Ok(self.0.real_path(&place, path)),
            _ => Err(absent().into()),
        }
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let place = self.0.walk(path).ok_or_else(absent)?;
        self.0.metadata(&place).ok_or_else(absent)?;
        Ok(self.0.real_path(&place, path))
    }
}

/// The tree can't be changed, and bundling into memory never asks for it.
impl FileSystem for Tree {
    fn remove_dir_all(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn write(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn exists(&self, path: &Path) -> bool {
        self.metadata(path).is_ok()
    }

    fn read_dir(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn remove_file(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Source;
    use crate::integrity::Integrity;

    fn tree() -> (tempfile::TempDir, Tree) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("src")).unwrap();
        std::fs::create_dir_all(dir.path().join("node_modules/real")).unwrap();
        std::fs::write(dir.path().join("src/index.ts"), "1").unwrap();
        std::fs::write(dir.path().join("node_modules/real/index.js"), "1").unwrap();
        let package = |name: &str, version: &str, dependencies| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            source: Source::Archive { integrity: Integrity::of(b""), tarball: String::new() },
            dependencies,
        };
        let found = vec![
            package("a", "1.0.0", [("@s/b".to_owned(), 1)].into()),
            package("@s/b", "1.0.0", BTreeMap::new()),
            package("@s/b", "2.0.0", BTreeMap::new()),
        ];
        let hoisted = [("@s/b".to_owned(), 2)].into();
        let graph = Graph::new([("a".to_owned(), 0)].into(), hoisted, found);
        let tree = Tree::new(Project::open(dir.path()).unwrap(), graph, Cache::new(dir.path()));
        for files in &tree.0.unpacked {
            files.set([("lib/x.js".to_owned(), b"x".to_vec())].into()).unwrap();
        }
        (dir, tree)
    }

    fn real(tree: &Tree, path: &str) -> Option<String> {
        tree.canonicalize(Path::new(path)).ok().map(|path| path.to_str().unwrap().to_owned())
    }

    #[test]
    fn links_lead_to_the_version_that_the_importer_depends_on() {
        let (_dir, tree) = tree();
        let app = "/p/app/node_modules/a/node_modules/@s/b/lib/x.js";
        assert_eq!(real(&tree, app).as_deref(), Some("/p/npm/@s/b@1.0.0/lib/x.js"));
        let package = "/p/npm/a@1.0.0/node_modules/@s/b";
        assert_eq!(real(&tree, package).as_deref(), Some("/p/npm/@s/b@1.0.0"));
        assert!(tree.symlink_metadata(Path::new(package)).unwrap().is_symlink());
        assert_eq!(tree.read(Path::new(app)).unwrap(), b"x");
        let undeclared = "/p/npm/node_modules/@s/b/lib/x.js";
        assert_eq!(real(&tree, undeclared).as_deref(), Some("/p/npm/@s/b@2.0.0/lib/x.js"));
        assert_eq!(real(&tree, "/p/node_modules/@s/b").as_deref(), Some("/p/npm/@s/b@2.0.0"));
    }

    #[test]
    fn the_folders_on_the_way_exist_and_nothing_else_does() {
        let (_dir, tree) = tree();
        for path in [
            "/",
            "/p",
            "/p/app",
            "/p/app/src",
            "/p/npm",
            "/p/npm/@s",
            "/p/npm/a@1.0.0/lib",
            "/p/app/node_modules",
            "/p/npm/a@1.0.0/node_modules/@s",
        ] {
            assert!(tree.metadata(Path::new(path)).is_ok_and(FileMetadata::is_dir), "{path}");
        }
        for path in [
            "/etc/passwd",
            "/p/x",
            "/p/npm/a@2.0.0",
            "/p/app/node_modules/real/index.js",
            "/p/app/node_modules/@s/b",
            "/p/npm/a@1.0.0/lib/y.js",
        ] {
            assert!(tree.metadata(Path::new(path)).is_err(), "{path}");
        }
        assert!(tree.take_failure().is_none());
    }
}
