//! Resolving without a lock file: npm's rules, by Deno's solver, over the registry's descriptions.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use deno_error::JsErrorBox;
use deno_npm::registry::{
    NpmPackageInfo, NpmPackageVersionDistInfoIntegrity, NpmRegistryApi, NpmRegistryPackageInfoLoadError,
};
use deno_npm::resolution::{
    AddPkgReqsOptions, NpmOverrides, NpmPackageVersionResolutionError, NpmResolutionError,
    NpmResolutionSnapshot, NpmVersionResolver,
};
use deno_npm::{NpmPackageId, NpmResolutionPackage};
use deno_semver::VersionReq;
use deno_semver::package::PackageReq;
use tokio::sync::OnceCell;

use crate::BundleError;
use crate::fetch::Fetcher;
use crate::graph::{Graph, Package, PackageIndex};
use crate::module_id::is_package_name;
use crate::npmrc::Registries;
use crate::project::{PackageJson, Wanted};

/// Resolves the project's dependencies to the newest versions that satisfy all ranges.
///
/// As npm does, an optional dependency that does not exist, or lacks a matching version, is left out; so is an
/// optional one that is bound to a platform, since on the edge there is none of those.
pub(crate) async fn resolve(package: &PackageJson, fetcher: Arc<Fetcher>) -> Result<Graph, BundleError> {
    let mut wanted = package.wanted()?;
    let resolver = NpmVersionResolver { overrides: Arc::new(overrides(package)?), ..Default::default() };
    let mut registry = Registry {
        fetcher: Arc::clone(&fetcher),
        dropped: BTreeSet::new(),
        known: RefCell::default(),
        failure: RefCell::default(),
    };
    loop {
        let requests = wanted.iter().map(request).collect::<Result<Vec<_>, _>>()?;
        let options =
            AddPkgReqsOptions { package_reqs: &requests, version_resolver: &resolver, should_dedup: true };
        let result = NpmResolutionSnapshot::default().add_pkg_reqs(&registry, options, None).await;
        let error = match result.dep_graph_result {
            Ok(snapshot) => return graph(&snapshot, wanted.iter().zip(&requests), &fetcher.registries),
            Err(error) => error,
        };
        if let Some(failure) = registry.failure.take() {
            return Err(failure);
        }
        // Once more without the package that failed, wherever it is optional.
        let missing = Missing::of(&error).filter(|missing| !registry.dropped.contains(missing));
        let Some(missing) = missing else {
            return Err(BundleError::Unresolvable { reason: error.to_string() });
        };
        wanted.retain(|wanted| !(wanted.optional && missing.covers(wanted)));
        registry.drop_optional(missing)?;
    }
}

fn request(wanted: &Wanted) -> Result<PackageReq, BundleError> {
    let version_req = VersionReq::parse_from_npm(&wanted.range)
        .map_err(|error| BundleError::invalid(format!("the range of `{}`", wanted.alias), error))?;
    Ok(PackageReq { name: wanted.name.as_str().into(), version_req })
}

fn overrides(package: &PackageJson) -> Result<NpmOverrides, BundleError> {
    let direct: HashMap<_, _> = package
        .wanted()?
        .iter()
        .map(|wanted| (wanted.alias.as_str().into(), wanted.range.as_str().into()))
        .collect();
    NpmOverrides::from_value(package.overrides.clone(), &direct, &Default::default())
        .map_err(|error| BundleError::invalid("overrides in package.json", error))
}

/// A package, or those of its versions that are in a range, that can't be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Missing {
    name: String,
    /// None where there is no such package at all.
    range: Option<String>,
}

impl Missing {
    /// What an error is about, where leaving it out could help.
    fn of(error: &NpmResolutionError) -> Option<Self> {
        use NpmPackageVersionResolutionError as Version;
        let (name, range) = match error {
            NpmResolutionError::Registry(NpmRegistryPackageInfoLoadError::PackageNotExists {
                package_name,
            }) => (package_name.clone(), None),
            NpmResolutionError::Resolution(Version::VersionReqNotMatched {
                package_name,
                version_req,
                ..
            }) => (package_name.to_string(), Some(version_req.version_text().to_string())),
            NpmResolutionError::Resolution(
                Version::DistTagNotFound { package_name, dist_tag }
                | Version::DistTagVersionNotFound { package_name, dist_tag, .. },
            ) => (package_name.to_string(), Some(dist_tag.clone())),
            _ => return None,
        };
        Some(Self { name, range })
    }

    fn covers(&self, wanted: &Wanted) -> bool {
        wanted.name == self.name && self.range.as_ref().is_none_or(|range| *range == wanted.range)
    }
}

fn graph<'a>(
    snapshot: &NpmResolutionSnapshot,
    direct: impl Iterator<Item = (&'a Wanted, &'a PackageReq)>,
    registries: &Registries,
) -> Result<Graph, BundleError> {
    let all: HashMap<&NpmPackageId, &NpmResolutionPackage> =
        snapshot.all_packages_for_every_system().map(|package| (&package.id, package)).collect();
    let mut root = BTreeMap::new();
    let mut reach = Reach::default();
    for (wanted, request) in direct {
        let package = snapshot
            .resolve_pkg_from_pkg_req(request)
            .map_err(|error| BundleError::Unresolvable { reason: error.to_string() })?;
        if !(wanted.optional && is_native(package)) {
            root.insert(wanted.alias.clone(), reach.index(package));
        }
    }
    let mut found = Vec::new();
    while let Some(&package) = reach.order.get(found.len()) {
        let mut dependencies = BTreeMap::new();
        for (alias, id) in &package.dependencies {
            let target = all[id];
            if !(package.optional_dependencies.contains(alias) && is_native(target)) {
                dependencies.insert(alias.to_string(), reach.index(target));
            }
        }
        found.push(locked(package, dependencies, registries)?);
    }
    let hoisted = hoisted(&reach.order, &root);
    Ok(Graph::new(root, hoisted, found))
}

/// Numbers packages in the order in which they are reached.
#[derive(Default)]
struct Reach<'a> {
    order: Vec<&'a NpmResolutionPackage>,
    index: HashMap<&'a NpmPackageId, PackageIndex>,
}

impl<'a> Reach<'a> {
    fn index(&mut self, package: &'a NpmResolutionPackage) -> PackageIndex {
        *self.index.entry(&package.id).or_insert_with(|| {
            self.order.push(package);
            self.order.len() - 1
        })
    }
}

/// Only for some platforms: a native binary.
fn is_native(package: &NpmResolutionPackage) -> bool {
    !package.system.os.is_empty() || !package.system.cpu.is_empty()
}

fn locked(
    package: &NpmResolutionPackage,
    dependencies: BTreeMap<String, PackageIndex>,
    registries: &Registries,
) -> Result<Package, BundleError> {
    let (name, version) = (package.id.nv.name.to_string(), package.id.nv.version.to_string());
    let integrity = package.dist.as_ref().map(|dist| dist.integrity());
    let integrity = match &integrity {
        Some(NpmPackageVersionDistInfoIntegrity::LegacySha1Hex(hex)) => format!("sha1 {hex}"),
        Some(integrity) => integrity.for_lockfile().unwrap_or_default().into_owned(),
        None => String::new(),
    };
    let tarball = package.dist.as_ref().map(|dist| dist.tarball.as_str());
    Package::new(name, version, &integrity, tarball, dependencies, registries)
}

/// What npm would put at the top of `node_modules`: the direct dependencies, and of the others the newest version.
fn hoisted(
    order: &[&NpmResolutionPackage],
    root: &BTreeMap<String, PackageIndex>,
) -> BTreeMap<String, PackageIndex> {
    let mut newest: BTreeMap<String, PackageIndex> = BTreeMap::new();
    for (index, package) in order.iter().enumerate() {
        let best = newest.entry(package.id.nv.name.to_string()).or_insert(index);
        if order[*best].id < package.id {
            *best = index;
        }
    }
    newest.extend(root.iter().map(|(alias, &index)| (alias.clone(), index)));
    newest
}

/// A description once it is there; the solver asks for one several times at once.
type Known = Rc<OnceCell<Arc<NpmPackageInfo>>>;

/// The registry as the solver sees it: each description is fetched once.
struct Registry {
    fetcher: Arc<Fetcher>,
    /// Optional dependencies on these are hidden.
    dropped: BTreeSet<Missing>,
    known: RefCell<HashMap<String, Known>>,
    /// The first failure, which the solver's own errors can't carry.
    failure: RefCell<Option<BundleError>>,
}

impl Registry {
    async fn load(&self, name: &str) -> Result<Option<NpmPackageInfo>, BundleError> {
        if !is_package_name(name) {
            return Err(BundleError::Unresolvable { reason: format!("`{name}` is not a package name") });
        }
        match self.fetcher.packument(name).await? {
            Some(bytes) => parse(name, bytes, &self.dropped).map(Some),
            None => Ok(None),
        }
    }

    /// Hides optional dependencies on `missing`, also in the descriptions that are known.
    fn drop_optional(&mut self, missing: Missing) -> Result<(), BundleError> {
        let only = BTreeSet::from([missing.clone()]);
        for (name, known) in self.known.get_mut() {
            let source = known.get().and_then(|info| info.lazy_packument_source_bytes());
            if let Some(source) = source.filter(|source| may_mention(source, &only)) {
                let info = parse(name, source.to_vec(), &only)?;
                *known = Rc::new(OnceCell::new_with(Some(Arc::new(info))));
            }
        }
        self.dropped.insert(missing);
        Ok(())
    }
}

fn parse(name: &str, mut bytes: Vec<u8>, dropped: &BTreeSet<Missing>) -> Result<NpmPackageInfo, BundleError> {
    if may_mention(&bytes, dropped) {
        bytes = without_optional(&bytes, dropped).map_err(|error| BundleError::invalid(name, error))?;
    }
    NpmPackageInfo::from_packument_bytes(bytes).map_err(|error| BundleError::invalid(name, error))
}

/// Whether a description can have an optional dependency on any of these: they may be long, and most have none.
fn may_mention(bytes: &[u8], dropped: &BTreeSet<Missing>) -> bool {
    let text = String::from_utf8_lossy(bytes);
    dropped.iter().any(|missing| text.contains(&missing.name)) && text.contains("\"optionalDependencies\"")
}

#[async_trait(?Send)]
impl NpmRegistryApi for Registry {
    async fn package_info(&self, name: &str) -> Result<Arc<NpmPackageInfo>, NpmRegistryPackageInfoLoadError> {
        let cell = Rc::clone(self.known.borrow_mut().entry(name.to_owned()).or_default());
        let load = async || match self.load(name).await {
            Ok(Some(info)) => Ok(Arc::new(info)),
            Ok(None) => {
                Err(NpmRegistryPackageInfoLoadError::PackageNotExists { package_name: name.to_owned() })
            }
            Err(error) => {
                let shown = JsErrorBox::generic(error.to_string());
                self.failure.borrow_mut().get_or_insert(error);
                Err(NpmRegistryPackageInfoLoadError::LoadError(Arc::new(shown)))
            }
        };
        cell.get_or_try_init(load).await.cloned()
    }
}

/// A description in which no version has an optional dependency on any of these.
fn without_optional(bytes: &[u8], dropped: &BTreeSet<Missing>) -> Result<Vec<u8>, serde_json::Error> {
    let mut packument: serde_json::Value = serde_json::from_slice(bytes)?;
    let versions = packument.get_mut("versions").and_then(|versions| versions.as_object_mut());
    for version in versions.into_iter().flatten().map(|(_, version)| version) {
        let Some(optional) = version.get("optionalDependencies").and_then(|list| list.as_object()) else {
            continue;
        };
        let hidden: Vec<String> = optional
            .iter()
            .filter_map(|(alias, spec)| Wanted::parse(alias, spec.as_str()?, true).ok())
            .filter(|wanted| dropped.iter().any(|missing| missing.covers(wanted)))
            .map(|wanted| wanted.alias)
            .collect();
        // Registries list optional dependencies among the required ones too.
        for list in ["optionalDependencies", "dependencies"] {
            if let Some(list) = version.get_mut(list).and_then(|list| list.as_object_mut()) {
                hidden.iter().for_each(|alias| drop(list.remove(alias)));
            }
        }
    }
    serde_json::to_vec(&packument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_optional_dependencies_are_hidden() {
        let packument = br#"{"name":"a","versions":{"1.0.0":{"dependencies":{"x":"1","y":"1"},
            "optionalDependencies":{"x":"1","z":"npm:x@2"}},"2.0.0":{"dependencies":{"x":"1"}}}}"#;
        let missing = Missing { name: "x".to_owned(), range: Some("1".to_owned()) };
        let bytes = without_optional(packument, &[missing].into()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["versions"]["1.0.0"]["dependencies"], serde_json::json!({ "y": "1" }));
        assert_eq!(value["versions"]["1.0.0"]["optionalDependencies"], serde_json::json!({ "z": "npm:x@2" }));
        assert_eq!(value["versions"]["2.0.0"]["dependencies"], serde_json::json!({ "x": "1" }));
    }
}
