//! One npm package as a package of its own: every module that others may import, in one build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use crate::bundle::{self, Exports, Tree};
use crate::cache::Cache;
use crate::module_id::{NPM, is_package_name};
use crate::project::Project;
use crate::{Bundle, BundleError, BundledPackage, Options, Progress, blocking, dependencies, settings};

/// Builds that are tried to find out which names have to be left out.
const BUILDS: usize = 64;

/// Which package to import.
#[derive(Debug, Clone)]
pub struct Import {
    /// Its npm name.
    pub name: String,
    /// A version, a range or a tag. With `locked`, what is locked must be in it.
    pub range: String,
    /// A folder whose lock file says which versions are taken, of the package and of what it depends on; without it,
    /// they are resolved as npm does in an empty project.
    pub locked: Option<PathBuf>,
    /// Names to import it by beside those of its `exports`: `./x`.
    pub more: Vec<String>,
}

/// An imported package.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Its name, its exact version, and the SHA-512 of its archive.
    pub package: BundledPackage,
    /// Its modules. The main one is the package itself (`.`), or where it cannot be imported so, the first of
    /// [`Bundle::exports`].
    pub bundle: Bundle,
    /// What of its `exports` is not in the bundle, sorted.
    pub skipped: Vec<Skipped>,
}

/// A name in a package's `exports` that cannot be imported on the edge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// `./x`.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// Bundles one npm package, with all that it depends on: its peer dependencies, too, as npm installs them.
///
/// Each name of its `exports` becomes an entry, in one build, so that what they share is there once. Patterns stand for
/// the files that there are, if these are at most 500. What is no code, or cannot be bundled, is skipped and said; only
/// the package itself has to be there.
///
/// # Errors
///
/// [`BundleError`] where it cannot be had, there is nothing to import, or the package itself cannot be bundled.
pub async fn import(
    import: &Import,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Imported, BundleError> {
    let Import { name, range, .. } = import;
    if !is_package_name(name) {
        return Err(BundleError::Unresolvable { reason: format!("`{name}` is not a package name") });
    }
    // An empty project that depends on the package alone.
    let empty = tempfile::tempdir().map_err(BundleError::io("a temporary folder"))?;
    let file = empty.path().join("package.json");
    let spec = format!("npm:{name}@{range}");
    std::fs::write(&file, json!({ "dependencies": { name: spec } }).to_string())
        .map_err(BundleError::io(&file))?;
    let alone = Project::open(empty.path())?;
    let project = import.locked.as_deref().map_or_else(|| Ok(alone.clone()), Project::open)?;
    let graph = dependencies(&project, project.package_json()?, options, progress).await?;
    let lock = graph.lock();
    let index = *graph.root.get(name).ok_or_else(|| not_locked(import, "nothing"))?;
    let package = BundledPackage::from(&graph.packages[index]);
    if import.locked.is_some() && !crate::semver::satisfies(&package.version, range) {
        return Err(not_locked(import, &package.version));
    }
    let folder = format!("{NPM}/{}", graph.folders[index]);

    progress.bundling();
    let tree = Tree::new(alone, graph, Cache::new(&options.cache_dir));
    let (wanted, options) = (import.clone(), options.clone());
    let (bundle, skipped) = blocking(move || {
        let exports = bundle::exports(&tree, &wanted.name, &folder, &wanted.more, &options.conditions);
        if let Some(failure) = tree.take_failure() {
            return Err(failure);
        }
        bundled(&tree, exports?, lock, &options)
    })
    .await?;
    Ok(Imported { package, bundle, skipped })
}

fn not_locked(import: &Import, got: &str) -> BundleError {
    BundleError::LockOutOfStep {
        file: "the lock file",
        name: import.name.clone(),
        got: got.to_owned(),
        wanted: import.range.clone(),
    }
}

/// One build of all entries; those that break it are left out.
fn bundled(
    tree: &Tree,
    exports: Exports,
    lock: [u8; 32],
    options: &Options,
) -> Result<(Bundle, Vec<Skipped>), BundleError> {
    let Exports { found, mut skipped } = exports;
    let Some((main, _)) = found.get_key_value(".").or_else(|| found.first_key_value()) else {
        return Err(BundleError::Internal { reason: "a package without exports".to_owned() });
    };
    let build = |names: &[&str]| {
        let mut entries: Vec<String> = Vec::new();
        for id in names.iter().filter_map(|name| found.get(*name)) {
            if !entries.contains(id) {
                entries.push(id.clone());
            }
        }
        bundle::bundle(tree, &settings(options, entries))
    };
    let others: Vec<&str> = found.keys().map(String::as_str).filter(|name| name != main).collect();
    let all = with(main, &others);
    let (names, bundled) = match build(&all) {
        Ok(bundled) => (all, bundled),
        Err(error) if others.is_empty() || !is_of_the_code(&error) => return Err(error),
        Err(_) => {
            build(&[main])?;
            let mut left = BUILDS;
            let kept = without_broken(&others, &mut left, &mut skipped, &|names| build(names).map(drop))?;
            (with(main, &kept), build(&with(main, &kept))?)
        }
    };
    skipped.sort_unstable();
    let by_name = names.iter().filter_map(|name| {
        Some(((*name).to_owned(), bundled.entries.get(found.get(*name)?)?.clone()))
    });
    let exports: BTreeMap<String, String> = by_name.collect();
    let mut bundle = Bundle::new(bundled, lock, options);
    if exports.len() > 1 || main != "." {
        bundle.exports = exports;
    }
    Ok((bundle, skipped))
}

fn with<'n>(main: &'n str, others: &[&'n str]) -> Vec<&'n str> {
    [&[main], others].concat()
}

/// Those of `names` that can be bundled: halves are tried until the broken ones stand alone.
fn without_broken<'n>(
    names: &[&'n str],
    left: &mut usize,
    skipped: &mut Vec<Skipped>,
    build: &impl Fn(&[&str]) -> Result<(), BundleError>,
) -> Result<Vec<&'n str>, BundleError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let skip = |name: &&str, reason: String| Skipped { name: (*name).to_owned(), reason };
    let Some(rest) = left.checked_sub(1) else {
        let reason = "beside it, too much cannot be bundled".to_owned();
        skipped.extend(names.iter().map(|name| skip(name, reason.clone())));
        return Ok(Vec::new());
    };
    *left = rest;
    match (build(names), names) {
        (Ok(()), _) => Ok(names.to_vec()),
        (Err(error), _) if !is_of_the_code(&error) => Err(error),
        (Err(error), [only]) => {
            skipped.push(skip(only, error.to_string()));
            Ok(Vec::new())
        }
        (Err(_), _) => {
            let (first, second) = names.split_at(names.len() / 2);
            let mut kept = without_broken(first, left, skipped, build)?;
            kept.extend(without_broken(second, left, skipped, build)?);
            Ok(kept)
        }
    }
}

/// Whether an error is one of the code, and not of the network or the machine.
fn is_of_the_code(error: &BundleError) -> bool {
    matches!(
        error,
        BundleError::UnresolvedImport { .. }
            | BundleError::Code { .. }
            | BundleError::NotText { .. }
            | BundleError::InvalidFile { .. }
    )
}
