//! What the bundler wants to know of a package beyond what resolution reads, each found out once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rolldown_fs::OxcResolverFileSystem as _;
use serde::Deserialize;
use serde_json::Value;

use super::Tree;
use super::wasm::{BASE64_HEADER, HEADER};
use crate::module_id::{APP, NPM, package_folder};

/// By the folder of a package, or of the project.
#[derive(Debug, Default)]
pub(super) struct Facts(Mutex<HashMap<String, Arc<Of>>>);

/// The facts of one package.
#[derive(Debug, Default)]
struct Of {
    /// Whether it has a `browser` field.
    for_browsers: bool,
    /// What its `browser` map has an entry for.
    browser: BTreeSet<String>,
    /// The names of the packages that it can do without.
    optional: BTreeSet<String>,
    /// Whether there is WebAssembly among its files, or in one.
    wasm: bool,
}

/// The parts of `package.json` that are read here; whatever has another form counts as absent.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PackageJson {
    browser: Value,
    optional_dependencies: BTreeMap<String, Value>,
    peer_dependencies_meta: BTreeMap<String, Value>,
}

impl Facts {
    /// Whether the package of a module says in its `browser` map what a specifier stands for.
    pub(super) fn maps_for_browsers(&self, tree: &Tree, module: &str, specifier: &str) -> bool {
        self.of(tree, module).is_some_and(|of| of.browser.contains(specifier))
    }

    /// Whether the package of a module has a `browser` field of any kind.
    pub(super) fn is_for_browsers(&self, tree: &Tree, module: &str) -> bool {
        self.of(tree, module).is_some_and(|of| of.for_browsers)
    }

    /// Whether the package of a module works without another one.
    pub(super) fn can_do_without(&self, tree: &Tree, module: &str, name: &str) -> bool {
        self.of(tree, module).is_some_and(|of| of.optional.contains(name))
    }

    /// Whether the package of a module brings WebAssembly.
    pub(super) fn brings_wasm(&self, tree: &Tree, module: &str) -> bool {
        self.of(tree, module).is_some_and(|of| of.wasm)
    }

    fn of(&self, tree: &Tree, module: &str) -> Option<Arc<Of>> {
        let folder = match package_folder(module) {
            Some(folder) => format!("{NPM}/{folder}"),
            None => module.starts_with(APP).then(|| APP.to_owned())?,
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = known.entry(folder).or_insert_with_key(|folder| Arc::new(Of::read(tree, folder)));
        Some(Arc::clone(of))
    }
}

impl Of {
    fn read(tree: &Tree, folder: &str) -> Self {
        let bytes = tree.read(&Path::new(folder).join("package.json")).unwrap_or_default();
        let package: PackageJson = serde_json::from_slice(&bytes).unwrap_or_default();
        let browser = package.browser.as_object().map(|map| map.keys().cloned().collect());
        let optional_peers = package
            .peer_dependencies_meta
            .into_iter()
            .filter(|(_, meta)| meta["optional"] == true)
            .map(|(name, _)| name);
        // What a package takes away in browsers it can do without elsewhere, too.
        let turned_off =
            package.browser.as_object().into_iter().flatten().filter(|(_, to)| **to == Value::Bool(false));
        let turned_off = turned_off.map(|(name, _)| name.clone());
        Self {
            for_browsers: package.browser.is_string() || package.browser.is_object(),
            browser: browser.unwrap_or_default(),
            optional: package
                .optional_dependencies
                .into_keys()
                .chain(optional_peers)
                .chain(turned_off)
                .collect(),
            wasm: tree.any_file(folder, |path, bytes| {
                match path.rsplit_once('.').map(|(_, extension)| extension) {
                    Some("wasm") => bytes.starts_with(&HEADER),
                    Some("js" | "cjs" | "mjs") => {
                        bytes.windows(BASE64_HEADER.len()).any(|part| part == BASE64_HEADER.as_bytes())
                    }
                    _ => false,
                }
            }),
        }
    }
}
