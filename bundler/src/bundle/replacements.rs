//! Packages that a smaller module stands for: the reviewed table, and what the project declares.
//!
//! A replacement is never silent: the project names each package that it wants replaced, and what stands in its place
//! is recorded with the packages that went in.

use std::collections::BTreeMap;
use std::path::Path;

use deno_semver::{Version, VersionReq};
use rolldown_fs::FileSystem as _;

use super::Tree;
use super::edge::unresolved;
use super::made::Made;
use crate::module_id::{APP, leading};
use crate::{BundleError, Replacement};

/// A module that does what a package does.
#[derive(Debug)]
pub(super) struct Reviewed {
    /// The package.
    name: &'static str,
    /// The versions that it was compared with.
    range: &'static str,
    /// What it is.
    pub(super) code: &'static str,
}

/// The reviewed table. An entry gives what the package gives in the versions named, for whatever it exports; what it
/// does not export fails to bundle.
const REVIEWED: [Reviewed; 5] = [
    Reviewed { name: "isarray", range: "1 || 2", code: include_str!("replacements/isarray.js") },
    Reviewed { name: "left-pad", range: "^1.2.0", code: include_str!("replacements/left-pad.js") },
    Reviewed { name: "node-fetch", range: "2 || 3", code: include_str!("replacements/node-fetch.js") },
    Reviewed { name: "object-assign", range: "^4", code: include_str!("replacements/object-assign.js") },
    Reviewed { name: "uuid", range: ">=7", code: include_str!("replacements/uuid.js") },
];

/// What is replaced in a bundle.
#[derive(Debug, Default)]
pub(super) struct Replacements(BTreeMap<String, Replacement>);

impl Replacements {
    /// # Errors
    ///
    /// Where the table has nothing for a package, or the project has no such file.
    pub(super) fn new(tree: &Tree, wanted: &BTreeMap<String, Replacement>) -> Result<Self, BundleError> {
        for (name, replacement) in wanted {
            let wanted = match replacement {
                Replacement::Reviewed if reviewed(name).is_none() => {
                    REVIEWED.map(|entry| entry.name).join(", ")
                }
                Replacement::Local(path) if !tree.exists(Path::new(&local(path))) => {
                    format!("a file at {path}")
                }
                _ => continue,
            };
            return Err(BundleError::NoReplacement { name: name.clone(), wanted });
        }
        Ok(Self(wanted.clone()))
    }

    /// The module that a specifier stands for, if its package is replaced.
    pub(super) fn path(
        &self,
        tree: &Tree,
        importer: &str,
        specifier: &str,
    ) -> Result<Option<String>, BundleError> {
        let (name, sub_path) = leading(specifier);
        let Some(replacement) = self.0.get(name) else { return Ok(None) };
        let path = self.path_of(name, replacement);
        if path == importer {
            // What stands for a package may well use it.
            return Ok(None);
        }
        if !sub_path.is_empty() {
            return Err(unresolved(
                importer,
                specifier,
                "the module that stands for the package has no sub-paths",
            ));
        }
        if let (Replacement::Reviewed, Some(entry), Some(package)) =
            (replacement, reviewed(name), tree.linked(importer, name))
            && !entry.holds_for(&package.version)
        {
            let reason = format!("what stands for it is for {}, not for {}", entry.range, package.version);
            return Err(unresolved(importer, specifier, &reason));
        }
        Ok(Some(path))
    }

    /// The packages that are replaced by a module, by its virtual path.
    pub(super) fn of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(name, replacement)| self.path_of(name, replacement) == path)
            .map(|(name, _)| name.as_str())
    }

    fn path_of(&self, name: &str, replacement: &Replacement) -> String {
        match replacement {
            Replacement::Reviewed => Made::Reviewed(name).id(),
            Replacement::Local(path) => local(path),
        }
    }
}

fn local(path: &str) -> String {
    format!("{APP}/{}", path.trim_start_matches("./"))
}

/// The entry of the table for a package.
pub(super) fn reviewed(name: &str) -> Option<&'static Reviewed> {
    REVIEWED.iter().find(|entry| entry.name == name)
}

impl Reviewed {
    fn holds_for(&self, version: &str) -> bool {
        let range = VersionReq::parse_from_npm(self.range);
        match (range, Version::parse_from_npm(version)) {
            (Ok(range), Ok(version)) => range.matches(&version),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_ranges_are_ranges() {
        assert!(REVIEWED.is_sorted_by_key(|entry| entry.name));
        for entry in &REVIEWED {
            assert!(VersionReq::parse_from_npm(entry.range).is_ok(), "{}", entry.name);
            assert!(!entry.holds_for("0.0.1"), "{}", entry.name);
        }
        assert!(reviewed("left-pad").unwrap().holds_for("1.3.0"));
    }
}
