//! rolldown's output, as this crate hands it out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cidery_protocol::manifest::ModuleKind;
use rolldown::BundleOutput;
use rolldown_common::Output;
use rolldown_fs::OxcResolverFileSystem as _;

use super::MAIN;
use super::edge::{Edge, Findings};
use super::made::Made;
use super::replacements;
use crate::integrity::Integrity;
use crate::module_id::shown;
use crate::weight::part;
use crate::{BundleError, BundledPackage, Module, Origins, SourceMap};

/// What came out.
pub(crate) struct Bundled {
    /// The paths of the entry modules, by their virtual ids.
    pub(crate) entries: BTreeMap<String, String>,
    pub(crate) main: String,
    pub(crate) modules: Vec<Module>,
    pub(crate) source_maps: Vec<SourceMap>,
    pub(crate) packages: Vec<BundledPackage>,
    pub(crate) node_builtins: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) origins: Origins,
    /// What `tsconfig.json` says of the output, as a word.
    pub(crate) tsconfig: Option<String>,
}

pub(super) fn collect(edge: &Edge, findings: Findings, output: BundleOutput) -> Result<Bundled, BundleError> {
    let mut modules = Vec::new();
    let mut source_maps = Vec::new();
    let (mut imports, mut origins) = (BTreeSet::new(), BTreeSet::new());
    let mut entries = BTreeMap::new();
    for item in &output.assets {
        match item {
            Output::Chunk(chunk) => {
                imports.extend(chunk.imports.iter().chain(&chunk.dynamic_imports).map(|id| id.to_string()));
                let included = chunk.modules.keys.iter().zip(&chunk.modules.values);
                let included = included.filter(|(_, module)| module.rendered_length() > 0);
                origins.extend(included.map(|(id, _)| id.to_string()));
                if let Some(id) = chunk.facade_module_id.as_ref().filter(|_| chunk.is_entry) {
                    entries.insert(id.to_string(), chunk.filename.to_string());
                }
                modules.push(Module {
                    path: chunk.filename.to_string(),
                    kind: ModuleKind::Esm,
                    bytes: chunk.code.clone().into_bytes(),
                });
            }
            Output::Asset(asset) => {
                let module = asset.filename.strip_suffix(".map").ok_or_else(|| BundleError::Internal {
                    reason: format!("`{}` is an output of no known kind", asset.filename),
                })?;
                let bytes = asset.source.as_bytes().to_vec();
                source_maps.push(SourceMap { module: module.to_owned(), bytes });
            }
        }
    }
    let mut files = BTreeMap::new();
    for (specifier, asset) in edge.assets.take() {
        if imports.contains(&specifier) {
            files.insert(asset.module.path.clone(), shown(&asset.origin).to_owned());
            origins.insert(asset.origin);
            modules.push(asset.module);
        }
    }
    modules.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    source_maps.sort_unstable_by(|a, b| a.module.cmp(&b.module));
    Ok(Bundled {
        entries,
        main: MAIN.to_owned(),
        modules,
        source_maps,
        packages: packages(edge, &findings, &origins)?,
        node_builtins: imports.into_iter().filter(|id| id.starts_with("node:")).collect(),
        origins: Origins { files, importers: importers(&findings, &origins) },
        warnings: findings.warnings.into_iter().collect(),
        tsconfig: edge.resolvers.tsconfig_digest(),
    })
}

/// Who imports what is in the output, by their parts. Who only hands on what others export is not in it, and counts
/// all the same.
fn importers(findings: &Findings, origins: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    // What the bundler made of a file counts as the file.
    let of = |id: &str| match Made::parse(id) {
        Some(Made::Instance(path) | Made::Json(path)) => part(shown(&format!("/{path}"))).0.to_owned(),
        _ => part(shown(id)).0.to_owned(),
    };
    let parts: BTreeSet<String> = origins.iter().map(|id| of(id)).collect();
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, importers) in &findings.importers {
        let own = of(id);
        let others = importers.iter().map(|importer| of(importer));
        let others: Vec<String> = others.filter(|other| *other != own).collect();
        if parts.contains(&own) {
            all.entry(own).or_default().extend(others);
        }
    }
    all
}

/// The packages whose code is in the output, and those that a module stands for that is in it.
fn packages(
    edge: &Edge,
    findings: &Findings,
    origins: &BTreeSet<String>,
) -> Result<Vec<BundledPackage>, BundleError> {
    let own = origins.iter().filter_map(|id| edge.tree.package(id)).map(BundledPackage::from);
    let mut packages: BTreeSet<BundledPackage> = own.collect();
    for id in origins {
        for name in edge.replacements.of(id) {
            let code = match Made::parse(id) {
                Some(_) => replacements::reviewed(name).map(|entry| entry.code.as_bytes().to_vec()),
                None => edge.tree.read(Path::new(id)).ok(),
            };
            let integrity = Some(Integrity::of(&code.unwrap_or_default()).to_string());
            let importers = findings.importers.get(id).into_iter().flatten();
            let linked = importers.filter_map(|importer| edge.tree.linked(importer, name));
            let versions: BTreeSet<&str> = linked.map(|package| package.version.as_str()).collect();
            let versions = if versions.is_empty() { BTreeSet::from(["0.0.0"]) } else { versions };
            packages.extend(versions.into_iter().map(|version| BundledPackage {
                name: name.to_owned(),
                version: format!("{version}+replaced"),
                integrity: integrity.clone(),
            }));
        }
    }
    Ok(packages.into_iter().collect())
}
