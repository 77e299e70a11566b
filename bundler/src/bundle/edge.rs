//! What each specifier stands for on the edge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cidery_protocol::manifest::ModuleKind;
use oxc_resolver::ResolveError;
use rolldown_common::ImportKind;
use rolldown_fs::OxcResolverFileSystem as _;

use super::assets::{Assets, kind_of};
use super::facts::Facts;
use super::links::Links;
use super::made::Made;
use super::replacements::Replacements;
use super::resolvers::{Entry, Found, Resolvers};
use super::wasm::Interface;
use super::{Settings, Tree, builtins};
use crate::BundleError;
use crate::module_id::{APP, MADE, leading, package_folder, shown};

/// The runtime's own modules, beside Node's.
const RUNTIME_SCHEMES: [&str; 2] = ["cloudflare:", "workerd:"];

/// A bundle in the making: what it is made from, and what is found out on the way.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) tree: Tree,
    pub(super) resolvers: Resolvers,
    pub(super) assets: Assets,
    facts: Facts,
    pub(super) replacements: Replacements,
    pub(super) links: Links,
    /// The compatibility date.
    date: String,
    /// Whether the `browser` maps of packages count.
    browser: bool,
    /// What earlier rounds found out.
    pub(super) known: Known,
    found: Mutex<Findings>,
}

/// What must be known from the beginning, and shows only on the way: where more is found, the bundle is made again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The virtual ids of the scripts of Workers.
    pub(super) workers: BTreeSet<String>,
    /// The folders of packages that are both imported and required, and take `main` for both.
    pub(super) by_main: BTreeSet<String>,
}

/// What one round found out.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) workers: BTreeSet<String>,
    /// Packages whose `module` and `main` differ, by how they were asked for.
    imported: BTreeSet<String>,
    required: BTreeSet<String>,
    pub(super) warnings: BTreeSet<String>,
    /// The linked packages that are imported, by the names that they have here, and by which specifiers.
    pub(super) linked: BTreeMap<String, BTreeSet<String>>,
    /// Who imports whom, by virtual ids.
    pub(super) importers: BTreeMap<String, BTreeSet<String>>,
    failure: Option<BundleError>,
}

impl Findings {
    /// What is known after this round.
    pub(super) fn known(&self, before: &Known) -> Known {
        let both = self.imported.intersection(&self.required);
        Known {
            workers: before.workers.union(&self.workers).cloned().collect(),
            by_main: before.by_main.iter().chain(both).cloned().collect(),
        }
    }
}

/// What a specifier stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A module that stays outside.
    External(String),
    /// A module of the bundle.
    Module(Found),
    /// One that rolldown finds, or finds nothing for.
    Unknown,
}

impl Meaning {
    fn made(made: Made<'_>) -> Self {
        Self::Module(Found { path: made.id(), package_json: None })
    }
}

impl Edge {
    pub(super) fn new(tree: &Tree, settings: &Settings, known: Known) -> Result<Self, BundleError> {
        Ok(Self {
            resolvers: Resolvers::new(tree, &settings.conditions)?,
            replacements: Replacements::new(tree, &settings.replace)?,
            links: Links::new(&settings.links),
            tree: tree.clone(),
            assets: Assets::default(),
            facts: Facts::default(),
            date: settings.date.clone(),
            browser: settings.conditions.iter().any(|condition| condition == "browser"),
            known,
            found: Mutex::default(),
        })
    }

    /// What was found out, which is then forgotten.
    pub(super) fn take_findings(&self) -> Findings {
        std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first failure: behind what rolldown reports may be one of these.
    pub(super) fn take_failure(&self) -> Option<BundleError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        self.tree.take_failure().or_else(|| found.failure.take())
    }

    pub(super) fn note(&self, note: impl FnOnce(&mut Findings)) {
        note(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn fail(&self, error: BundleError) {
        self.note(|found| _ = found.failure.get_or_insert(error));
    }

    fn warn(&self, importer: &str, warning: &str) {
        self.note(|found| _ = found.warnings.insert(format!("{} {warning}", shown(importer))));
    }

    /// Decides what a specifier stands for. An importer that the bundler made stands where the file is that it was
    /// made for.
    pub(super) fn meaning(
        &self,
        importer: Option<&str>,
        specifier: &str,
        kind: ImportKind,
    ) -> Result<Meaning, BundleError> {
        let origin = match importer.and_then(Made::parse) {
            Some(Made::Required(_)) => return Ok(Meaning::External(specifier.to_owned())),
            Some(Made::Instance(_) | Made::Json(_) | Made::Binary(_)) if self.assets.hold(specifier) => {
                return Ok(Meaning::External(specifier.to_owned()));
            }
            Some(Made::Instance(path)) => Some(format!("/{path}")),
            _ => None,
        };
        let importer = origin.as_deref().or(importer);
        if specifier.starts_with(MADE) {
            return Ok(Meaning::Module(Found { path: specifier.to_owned(), package_json: None }));
        }
        if RUNTIME_SCHEMES.iter().any(|scheme| specifier.starts_with(scheme)) {
            return Ok(Meaning::External(specifier.to_owned()));
        }
        let from = importer.unwrap_or_default();
        if specifier.starts_with("https:") || specifier.starts_with("http:") {
            return Err(unresolved(from, specifier, "modules are not fetched from the web"));
        }
        if let Some((name, id)) = self.links.find(from, specifier)? {
            let linked = |found: &mut Findings| {
                found.linked.entry(name.to_owned()).or_default().insert(id.to_owned());
            };
            self.note(linked);
            // What was CommonJS is taken as such, so that its properties can be imported by name.
            let required = kind != ImportKind::Require && self.links.is_default_alone(id);
            let id = id.to_owned();
            return Ok(if required { Meaning::made(Made::Required(&id)) } else { Meaning::External(id) });
        }
        if specifier.starts_with("data:text/css") && kind == ImportKind::DynamicImport {
            self.warn(
                from,
                "asks whether style sheets are modules, which they are not: it throws as if it were absent",
            );
            return Ok(Meaning::made(Made::Absent(specifier)));
        }
        if let Some(path) = self.replacements.path(&self.tree, from, specifier)? {
            return Ok(Meaning::Module(Found { path, package_json: None }));
        }
        let found = match self.builtin(from, specifier) {
            Some(name) => return self.builtin_meaning(from, name),
            None => self.resolve(importer, specifier, kind),
        };
        match found {
            Ok(found) => self.file(from, found, specifier, kind),
            Err(ResolveError::Builtin { resolved, .. }) => {
                self.builtin_meaning(from, resolved.trim_start_matches("node:"))
            }
            Err(ResolveError::Ignored(_)) => Ok(Meaning::Unknown),
            Err(_)
                if kind != ImportKind::Import
                    && self.facts.can_do_without(&self.tree, from, leading(specifier).0) =>
            {
                self.warn(from, &format!("can do without `{specifier}`, which is not installed"));
                Ok(Meaning::made(Made::Absent(specifier)))
            }
            Err(_) => Ok(Meaning::Unknown),
        }
    }

    /// The name of the built-in module that a specifier stands for.
    fn builtin<'a>(&self, importer: &str, specifier: &'a str) -> Option<&'a str> {
        let name = builtins::name(specifier)?;
        // An installed package goes before a built-in module of its name, as bundlers for browsers have it, and so does
        // what the `browser` map of a package says.
        let installed = !specifier.starts_with("node:") && self.tree.declares(importer, leading(name).0);
        let mapped = self.browser && self.facts.maps_for_browsers(&self.tree, importer, specifier);
        (!installed && !mapped).then_some(name)
    }

    fn builtin_meaning(&self, importer: &str, name: &str) -> Result<Meaning, BundleError> {
        let Some(lack) = builtins::lack(name, &self.date) else {
            if name == "fs"
                && package_folder(importer).is_some()
                && self.facts.brings_wasm(&self.tree, importer)
            {
                return Ok(Meaning::made(Made::Files));
            }
            return Ok(Meaning::External(format!("node:{name}")));
        };
        let lack = format!("workerd lacks `node:{name}` {lack}");
        if package_folder(importer).is_none() {
            return Err(unresolved(importer, &format!("node:{name}"), &lack));
        }
        self.warn(importer, &format!("asks for it, but {lack}: it throws where it is used"));
        Ok(Meaning::made(Made::Lacking(name)))
    }

    /// Resolves a specifier, and notes where `module` and `main` would make a difference.
    fn resolve(
        &self,
        importer: Option<&str>,
        specifier: &str,
        kind: ImportKind,
    ) -> Result<Found, ResolveError> {
        let by = |entry| self.resolvers.resolve(importer, specifier, kind, entry);
        let required = kind == ImportKind::Require;
        let (usual, other) =
            if required { (Entry::Main, Entry::Module) } else { (Entry::Module, Entry::Main) };
        let found = by(usual)?;
        let folder = match package_folder(&found.path) {
            Some(folder) if !specifier.starts_with(['.', '/', '#']) => folder.to_owned(),
            _ => return Ok(found),
        };
        let other = match by(other) {
            Ok(other) if other.path != found.path => other,
            _ => return Ok(found),
        };
        let by_main = self.known.by_main.contains(&folder);
        self.note(|findings| {
            let asked = if required { &mut findings.required } else { &mut findings.imported };
            asked.insert(folder);
        });
        Ok(if by_main && !required { other } else { found })
    }

    /// What a file is: code, or a module of another kind.
    fn file(
        &self,
        importer: &str,
        found: Found,
        specifier: &str,
        kind: ImportKind,
    ) -> Result<Meaning, BundleError> {
        let id = found.path.split(['?', '#']).next().unwrap_or_default();
        if id.ends_with(".node") {
            self.warn(
                importer,
                &format!("asks for `{specifier}`, which is machine code: it throws as if it were absent"),
            );
            return Ok(Meaning::made(Made::Absent(specifier)));
        }
        let size = || self.tree.read(Path::new(id)).map_or(0, |bytes| bytes.len());
        let Some(module_kind) = kind_of(id, size) else { return Ok(Meaning::Module(found)) };
        let bytes = self.tree.read(Path::new(id)).map_err(BundleError::io(shown(id)))?;
        let by_import = kind != ImportKind::Require;
        let path = id.trim_start_matches('/');
        match module_kind {
            ModuleKind::Json if by_import => return Ok(Meaning::made(Made::Json(path))),
            ModuleKind::Wasm if by_import => return Ok(Meaning::made(Made::Instance(path))),
            _ => {}
        }
        Ok(Meaning::External(self.assets.keep(id, module_kind, bytes)?))
    }

    /// What a `.wasm` file imports and exports. It has no exports but itself where something that it imports cannot be
    /// resolved: whoever imports it will give it that.
    pub(super) fn interface(&self, id: &str, bytes: &[u8]) -> Interface {
        let interface = Interface::of(bytes).unwrap_or_default();
        let resolves =
            |name: &String| self.resolvers.resolve(Some(id), name, ImportKind::Import, Entry::Module).is_ok();
        if interface.imports.iter().all(resolves) { interface } else { Interface::default() }
    }

    /// Whether the package of a module has a face for browsers, which it shows.
    pub(super) fn is_for_browsers(&self, id: &str) -> bool {
        self.browser && package_folder(id).is_some() && self.facts.is_for_browsers(&self.tree, id)
    }

    /// Whether a module, or its package, brings WebAssembly as bytes or beside it.
    pub(super) fn brings_wasm(&self, id: &str, source: &str) -> bool {
        let own = super::rewrite::may_hold_wasm(source);
        own || package_folder(id).is_some() && self.facts.brings_wasm(&self.tree, id)
    }
}

pub(super) fn unresolved(importer: &str, specifier: &str, reason: &str) -> BundleError {
    BundleError::UnresolvedImport {
        specifier: specifier.to_owned(),
        importer: if importer.is_empty() { shown(APP).to_owned() } else { shown(importer).to_owned() },
        reason: reason.to_owned(),
    }
}
