//! The source folder: its `package.json`, its entry, and safe access to its files.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use crate::BundleError;
use crate::package_json::PackageJson;

/// No source file, JSON file or asset of a project is larger.
const FILE_LIMIT: u64 = 64 << 20;

/// What is tried when neither the caller nor `package.json` names an entry.
const USUAL_ENTRIES: [&str; 7] =
    ["src/index.ts", "src/index.tsx", "src/index.js", "index.ts", "index.tsx", "index.js", "index.mjs"];

/// A folder whose files can be read, and nothing outside of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    pub(crate) fn open(dir: &Path) -> Result<Self, BundleError> {
        let root = dir.canonicalize().map_err(BundleError::io(dir))?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `package.json`; a folder without one has no dependencies.
    pub(crate) fn package_json(&self) -> Result<PackageJson, BundleError> {
        match self.read_if_exists("package.json")? {
            Some(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| BundleError::invalid("package.json", error))
            }
            None => Ok(PackageJson::default()),
        }
    }

    /// The entry module, relative to the folder, with `/` between its segments.
    pub(crate) fn entry(&self, named: Option<&str>, package: &PackageJson) -> Result<String, BundleError> {
        let named = named.or(package.module.as_deref()).or(package.main.as_deref());
        let tried: Vec<&str> = named.map_or(USUAL_ENTRIES.to_vec(), |entry| vec![entry]);
        for entry in &tried {
            let entry = normalize(entry).ok_or_else(|| outside(entry))?;
            if self.locate(&entry)?.is_some_and(|path| path.is_file()) {
                return Ok(entry);
            }
        }
        Err(BundleError::NoEntry { tried: tried.into_iter().map(str::to_owned).collect() })
    }

    /// Where a file or folder lies, if it exists; symbolic links are followed only within the project.
    pub(crate) fn locate(&self, relative: &str) -> Result<Option<PathBuf>, BundleError> {
        let path = self.root.join(relative);
        match path.canonicalize() {
            Ok(real) if real.starts_with(&self.root) => Ok(Some(real)),
            Ok(_) => Err(outside(relative)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(BundleError::io(relative)(error)),
        }
    }

    /// The bytes of a file, at most 64 MiB.
    pub(crate) fn read_if_exists(&self, relative: &str) -> Result<Option<Vec<u8>>, BundleError> {
        let Some(path) = self.locate(relative)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&path).map_err(BundleError::io(relative))?;
        file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(BundleError::io(relative))?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(BundleError::TooLarge {
                what: relative.to_owned(),
                limit: FILE_LIMIT,
                unit: "bytes",
            });
        }
        Ok(Some(bytes))
    }
}

/// `./src/index.ts` → `src/index.ts`; none where it is absolute or leads upwards.
fn normalize(relative: &str) -> Option<String> {
    let mut segments = Vec::new();
    for component in Path::new(relative).components() {
        match component {
            Component::Normal(segment) => segments.push(segment.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(segments.join("/"))
}

fn outside(path: &str) -> BundleError {
    BundleError::OutsideFolder { path: path.to_owned() }
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_within_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("project");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(dir.path().join("secret.txt"), "s").unwrap();
        std::os::unix::fs::symlink("../secret.txt", folder.join("link.txt")).unwrap();
        let project = Project::open(&folder).unwrap();
        for path in ["../secret.txt", "link.txt"] {
            assert!(matches!(project.read_if_exists(path), Err(BundleError::OutsideFolder { .. })), "{path}");
        }
        let package = PackageJson::default();
        assert!(matches!(project.entry(Some("../x.js"), &package), Err(BundleError::OutsideFolder { .. })));
        assert!(matches!(
            project.entry(Some("/etc/passwd"), &package),
            Err(BundleError::OutsideFolder { .. })
        ));
        assert!(matches!(project.entry(None, &package), Err(BundleError::NoEntry { .. })));
    }
}
