//! Writes a release into a folder: each module at its path, and the manifest beside them.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use cidery_protocol::Cid;
use cidery_protocol::manifest::Manifest;

use crate::failure::Failure;

/// The manifest's name in the folder.
const MANIFEST: &str = "manifest.cbor";

/// A folder that appears as a whole, or not at all.
#[derive(Debug)]
pub(crate) struct Place {
    target: PathBuf,
    work: tempfile::TempDir,
}

impl Place {
    /// Prepares `target`, which must be absent or empty, in a folder beside it.
    ///
    /// # Errors
    /// [`Failure::Usage`] where something is there, [`Failure::File`].
    pub(crate) fn prepare(target: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::file("write", target)(error);
        let is_empty = match fs::read_dir(target) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(failed(error)),
        };
        if !is_empty {
            return Err(Failure::Usage {
                reason: format!("`{}` is not empty", target.display()),
                hint: Some("name a new folder: nothing that exists is overwritten".to_owned()),
            });
        }
        // The last segment must be a name: `..` or `/` has no beside.
        let absolute = std::path::absolute(target).map_err(failed)?;
        let named = matches!(absolute.components().next_back(), Some(Component::Normal(_)));
        let Some(parent) = absolute.parent().filter(|_| named) else {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a folder")));
        };
        fs::create_dir_all(parent).map_err(failed)?;
        let work = tempfile::Builder::new().prefix(".cidery-").tempdir_in(parent).map_err(failed)?;
        Ok(Place { target: absolute, work })
    }

    /// Writes all modules of `manifest`, and the manifest, and gives the folder its name.
    ///
    /// # Errors
    /// [`Failure::ManifestPlace`] where a module is in the manifest's place, [`Failure::File`].
    pub(crate) fn write<'b>(
        self,
        manifest: &Manifest,
        bytes_of: impl Fn(&Cid) -> Option<&'b [u8]>,
    ) -> Result<(), Failure> {
        // Within the temporary folder, which is closed to others as the one that is handed over need not be.
        let content = self.work.path().join("content");
        for module in &manifest.body().modules {
            // A manifest's paths stay below the folder and do not collide (SPEC §5.1); this name is ours.
            let first = module.path.split('/').next().unwrap_or_default();
            if first.eq_ignore_ascii_case(MANIFEST) {
                return Err(Failure::ManifestPlace { path: module.path.clone() });
            }
            let path = content.join(&module.path);
            let bytes = bytes_of(&module.cid)
                .ok_or_else(|| Failure::file("find", &path)(io::ErrorKind::NotFound.into()))?;
            write(&path, bytes)?;
        }
        write(&content.join(MANIFEST), manifest.bytes())?;
        let failed = |error| Failure::file("write", &self.target)(error);
        // An empty folder gives way, a full one does not.
        match fs::remove_dir(&self.target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        fs::rename(&content, &self.target).map_err(failed)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::file("write", path)(error);
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
    fs::write(path, bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    use cidery_protocol::manifest::*;

    use super::*;

    const CODE: &[u8] = b"export default {}";

    fn manifest(path: &str) -> Manifest {
        Manifest::encode(ManifestBody {
            format: ManifestFormat::V1,
            main: path.to_owned(),
            exports: None,
            modules: vec![Module::describe(path, ModuleKind::Esm, CODE)],
            compatibility: Compatibility { date: "2026-11-01".to_owned(), flags: vec![] },
            needs: Needs::default(),
            imports: vec![],
            bundled: vec![],
            source_maps: vec![],
        })
        .unwrap()
    }

    #[test]
    fn a_folder_appears_whole_and_overwrites_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a/b");
        let manifest = manifest("lib/index.js");
        Place::prepare(&target).unwrap().write(&manifest, |_| Some(CODE)).unwrap();
        assert_eq!(fs::read(target.join("lib/index.js")).unwrap(), CODE);
        assert_eq!(fs::read(target.join("manifest.cbor")).unwrap(), manifest.bytes());
        assert!(matches!(Place::prepare(&target), Err(Failure::Usage { .. })));

        let other = dir.path().join("a/c");
        assert!(Place::prepare(&other).unwrap().write(&manifest, |_| None).is_err());
        assert!(!other.exists());
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn the_manifests_place_is_its_own() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["manifest.cbor", "Manifest.CBOR", "manifest.cbor/a.js"] {
            let refused =
                Place::prepare(&dir.path().join("x")).unwrap().write(&manifest(path), |_| Some(CODE));
            assert!(matches!(refused, Err(Failure::ManifestPlace { .. })), "{path}");
        }
    }
}
