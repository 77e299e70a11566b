//! The registry's descriptions, adapted until the solver does with them what npm would.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use deno_error::JsErrorBox;
use deno_npm::registry::{
    NpmPackageInfo, NpmPackageVersionInfo, NpmRegistryApi, NpmRegistryPackageInfoLoadError,
};
use deno_semver::{StackString, Version, VersionReq};
use tokio::sync::OnceCell;

use super::Missing;
use crate::BundleError;
use crate::checks::Description;
use crate::fetch::Fetcher;
use crate::graph::{Graph, Package};
use crate::module_id::is_package_name;
use crate::package_json::split_name;
use crate::semver::without_unreadable;

/// A description once it is there; the solver asks for one several times at once.
type Loaded = Rc<OnceCell<Option<Arc<NpmPackageInfo>>>>;

/// The registry as the solver sees it: each description is fetched once.
pub(super) struct Registry {
    fetcher: Arc<Fetcher>,
    /// Descriptions as they came; none where there is no such package.
    loaded: RefCell<HashMap<String, Loaded>>,
    /// The same, adapted.
    adapted: RefCell<HashMap<String, Arc<NpmPackageInfo>>>,
    /// Optional dependencies on these are hidden.
    dropped: BTreeSet<Missing>,
    /// Deprecated versions that are the only ones in some range.
    shown: BTreeSet<(String, Version)>,
    /// Ranges that the solver can't read, and what npm makes of them.
    rewritten: BTreeMap<String, String>,
    /// Names of folders. A registry is not asked for them as long as the folders will do.
    local: BTreeSet<String>,
    /// The first failure, which the solver's own errors can't carry.
    failure: RefCell<Option<BundleError>>,
    described: Box<dyn Fn(usize)>,
    count: Cell<usize>,
}

impl Registry {
    pub(super) fn new(
        fetcher: Arc<Fetcher>,
        local: BTreeSet<String>,
        described: impl Fn(usize) + 'static,
    ) -> Self {
        Self {
            fetcher,
            loaded: RefCell::default(),
            adapted: RefCell::default(),
            dropped: BTreeSet::new(),
            shown: BTreeSet::new(),
            rewritten: BTreeMap::new(),
            local,
            failure: RefCell::default(),
            described: Box::new(described),
            count: Cell::new(0),
        }
    }

    pub(super) fn take_failure(&self) -> Option<BundleError> {
        self.failure.take()
    }

    /// A description as it came, if it came.
    pub(super) fn original(&self, name: &str) -> Option<Arc<NpmPackageInfo>> {
        self.loaded.borrow().get(name)?.get()?.clone()
    }

    /// The descriptions of a graph's packages, as they came.
    pub(super) fn described(&self, graph: &Graph) -> HashMap<String, Description> {
        let known = |package: &Package| Some((package.name.clone(), self.original(&package.name)?.into()));
        graph.packages.iter().filter_map(known).collect()
    }

    /// A description as the solver saw it, if it did.
    pub(super) fn seen(&self, name: &str) -> Option<Arc<NpmPackageInfo>> {
        self.adapted.borrow().get(name).cloned()
    }

    /// Shows the solver, stopped by `missing`, what was hidden from it and would do; false where there is nothing.
    pub(super) fn uncover(&mut self, missing: &Missing) -> bool {
        if self.local.remove(&missing.name) {
            return true;
        }
        if let Some(range) = missing.range.as_ref().filter(|_| missing.outside)
            && let Some(readable) = without_unreadable(range)
        {
            self.adapted.get_mut().clear();
            return self.rewritten.insert(range.clone(), readable).is_none();
        }
        let Some(version) = self.deprecated(missing) else { return false };
        self.adapted.get_mut().remove(&missing.name);
        self.shown.insert((missing.name.clone(), version))
    }

    /// Hides optional dependencies on `missing`; false where there are none.
    pub(super) fn leave_out(&mut self, missing: &Missing) -> bool {
        if !self.dropped.insert(missing.clone()) {
            return false;
        }
        let before = self.adapted.get_mut().len();
        self.adapted.get_mut().retain(|_, info| !has_optional(info, missing));
        self.adapted.get_mut().len() < before
    }

    /// Leaves out, too, what stands beside `missing` and can't be had either: native binaries come by the dozen, and
    /// mirrors lack most of them. The solver would stop at each.
    pub(super) async fn leave_out_beside(&mut self, missing: &Missing) {
        let mut beside: BTreeSet<Missing> = BTreeSet::new();
        for info in self.loaded.borrow().values().filter_map(|info| info.get()?.clone()) {
            if !has_optional(&info, missing) {
                continue;
            }
            for version in info.versions.values() {
                let optional = &version.optional_dependencies;
                if optional.iter().any(|(alias, spec)| covers(missing, alias, spec)) {
                    beside.extend(optional.iter().map(|(alias, spec)| {
                        let (name, range) = target(alias, spec);
                        // Where a package is missing altogether, so is it for every range.
                        let range = missing.range.is_some().then(|| range.to_owned());
                        Missing { name: name.to_owned(), range, outside: false }
                    }));
                }
            }
        }
        beside.retain(|beside| is_package_name(&beside.name) && !self.local.contains(&beside.name));
        let checks = beside.iter().map(async |beside| self.is_missing(beside).await);
        let found = futures_util::future::join_all(checks).await;
        let found: Vec<&Missing> =
            beside.iter().zip(found).filter(|(_, found)| *found).map(|(one, _)| one).collect();
        for missing in found {
            self.leave_out(missing);
        }
    }

    /// Whether the registry knows that it has nothing of this.
    async fn is_missing(&self, missing: &Missing) -> bool {
        let info = match self.package_info(&missing.name).await {
            Ok(info) => info,
            Err(NpmRegistryPackageInfoLoadError::PackageNotExists { .. }) => return true,
            Err(NpmRegistryPackageInfoLoadError::LoadError(_)) => return false,
        };
        let Some(range) = missing.range.as_deref().and_then(|range| VersionReq::parse_from_npm(range).ok())
        else {
            return false;
        };
        range.tag().is_none() && !info.versions.keys().any(|version| range.matches(version))
    }

    /// The newest deprecated version that is hidden and would do.
    fn deprecated(&self, missing: &Missing) -> Option<Version> {
        let info = self.original(&missing.name)?;
        let range = missing.range.as_deref()?;
        if let Some(version) = info.dist_tags.get(range) {
            let hidden = is_hidden(&info, version, &self.shown);
            return hidden.then(|| version.clone());
        }
        let range = VersionReq::parse_from_npm(range).ok()?;
        let versions = info.versions.keys().filter(|version| range.tag().is_none() && range.matches(version));
        versions.filter(|version| is_hidden(&info, version, &self.shown)).max().cloned()
    }

    /// The error for what would be there if it were older: about the oldest version that would do.
    pub(super) fn too_young(&self, missing: &Missing) -> Option<BundleError> {
        let wanted = self.fetcher.published_before?;
        let (info, range) = (self.original(&missing.name)?, missing.range.as_deref()?);
        let would_do = |version: &&Version| match info.dist_tags.get(range) {
            Some(tagged) => tagged == *version,
            None => VersionReq::parse_from_npm(range)
                .is_ok_and(|range| range.tag().is_none() && range.matches(version)),
        };
        let time = |version| info.time.get(version).map(|&time| SystemTime::from(time));
        let oldest = info.versions.keys().filter(would_do).min_by_key(|version| time(version))?;
        let package = format!("{}@{oldest}", missing.name);
        Some(BundleError::TooYoung { package, published: time(oldest), wanted })
    }

    async fn load(&self, name: &str) -> Result<Option<Arc<NpmPackageInfo>>, BundleError> {
        if !is_package_name(name) {
            return Err(BundleError::Unresolvable { reason: format!("`{name}` is not a package name") });
        }
        let bytes = self.fetcher.packument(name).await?;
        self.count.set(self.count.get() + 1);
        (self.described)(self.count.get());
        let parse = |bytes| NpmPackageInfo::from_packument_bytes(bytes).map(Arc::new);
        bytes
            .map(parse)
            .transpose()
            .map_err(|error| BundleError::invalid(format!("the description of {name}"), error))
    }

    fn rewrite(&self, version: &mut NpmPackageVersionInfo) {
        let lists =
            [&mut version.dependencies, &mut version.optional_dependencies, &mut version.peer_dependencies];
        for spec in lists.into_iter().flat_map(|list| list.values_mut()) {
            if let Some(readable) = self.rewritten.get(spec.as_str()) {
                *spec = StackString::from_str(readable);
            }
        }
    }

    fn adapt(&self, info: Arc<NpmPackageInfo>) -> Arc<NpmPackageInfo> {
        let deprecated: Vec<Version> = if mentions(&info, "\"deprecated\"") {
            let hidden = info.versions.keys().filter(|version| is_hidden(&info, version, &self.shown));
            hidden.cloned().collect()
        } else {
            Vec::new()
        };
        let dropped: Vec<&Missing> =
            self.dropped.iter().filter(|missing| has_optional(&info, missing)).collect();
        // Where all are deprecated, there is nothing to choose.
        let hides = !deprecated.is_empty() && deprecated.len() < info.versions.len();
        // It may be written with escapes.
        let rewrites = self.rewritten.keys().any(|range| mentions(&info, range) || mentions(&info, "\\u"));
        if !hides && !rewrites && dropped.is_empty() {
            return info;
        }
        let mut info = Arc::unwrap_or_clone(info);
        if hides {
            deprecated.iter().for_each(|version| drop(info.versions.remove(version)));
            info.dist_tags.retain(|_, version| info.versions.contains_key(version));
        }
        if rewrites {
            info.versions.values_mut().for_each(|version| self.rewrite(version));
        }
        if !dropped.is_empty() {
            info.versions.values_mut().for_each(|version| without(version, &dropped));
        }
        Arc::new(info)
    }
}

/// Whether a version is deprecated, and nothing but it would do has not been found yet.
fn is_hidden(info: &NpmPackageInfo, version: &Version, shown: &BTreeSet<(String, Version)>) -> bool {
    let deprecated = info.versions.get(version).and_then(|info| info.deprecated.as_deref());
    // Who takes a deprecation back leaves an empty text.
    deprecated.is_some_and(|reason| !reason.is_empty())
        && !shown.contains(&(info.name.to_string(), version.clone()))
}

/// Whether a description may hold a text: it may be long, and most hold none of those that matter.
fn mentions(info: &NpmPackageInfo, text: &str) -> bool {
    let source = info.lazy_packument_source_bytes().and_then(|source| std::str::from_utf8(source).ok());
    source.is_none_or(|source| source.contains(text))
}

fn has_optional(info: &NpmPackageInfo, missing: &Missing) -> bool {
    mentions(info, "\"optionalDependencies\"")
        && mentions(info, &missing.name)
        && info.versions.values().any(|version| {
            version.optional_dependencies.iter().any(|(alias, spec)| covers(missing, alias, spec))
        })
}

/// Takes the optional dependencies that can't be had away. Registries list them among the required ones, too.
fn without(version: &mut NpmPackageVersionInfo, dropped: &[&Missing]) {
    let hidden =
        |alias: &StackString, spec: &StackString| dropped.iter().any(|missing| covers(missing, alias, spec));
    let aliases: Vec<StackString> = version
        .optional_dependencies
        .iter()
        .filter(|(alias, spec)| hidden(alias, spec))
        .map(|(alias, _)| alias.clone())
        .collect();
    for alias in aliases {
        version.optional_dependencies.remove(&alias);
        version.dependencies.remove(&alias);
    }
}

fn covers(missing: &Missing, alias: &str, spec: &str) -> bool {
    if missing.outside {
        return missing.covers(alias, spec);
    }
    let (name, range) = target(alias, spec);
    missing.covers(name, range)
}

/// The package and the range that a line of dependencies asks for.
pub(super) fn target<'a>(alias: &'a str, spec: &'a str) -> (&'a str, &'a str) {
    match spec.strip_prefix("npm:") {
        Some(target) => split_name(target).unwrap_or((target, "*")),
        None => (alias, spec),
    }
}

#[async_trait(?Send)]
impl NpmRegistryApi for Registry {
    async fn package_info(&self, name: &str) -> Result<Arc<NpmPackageInfo>, NpmRegistryPackageInfoLoadError> {
        let absent = || NpmRegistryPackageInfoLoadError::PackageNotExists { package_name: name.to_owned() };
        if self.local.contains(name) {
            return Err(absent());
        }
        if let Some(info) = self.seen(name) {
            return Ok(info);
        }
        let cell = Rc::clone(self.loaded.borrow_mut().entry(name.to_owned()).or_default());
        let loaded = cell.get_or_try_init(async || self.load(name).await).await.map_err(|error| {
            let shown = JsErrorBox::generic(error.to_string());
            self.failure.borrow_mut().get_or_insert(error);
            NpmRegistryPackageInfoLoadError::LoadError(Arc::new(shown))
        })?;
        let info = self.adapt(loaded.clone().ok_or_else(absent)?);
        self.adapted.borrow_mut().insert(name.to_owned(), Arc::clone(&info));
        Ok(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_optional_dependencies_are_hidden() {
        let packument = br#"{"name":"a","versions":{
            "1.0.0":{"version":"1.0.0","dependencies":{"x":"1","y":"1"},"optionalDependencies":{"x":"1","z":"npm:x@2"}},
            "2.0.0":{"version":"2.0.0","dependencies":{"x":"1"}}}}"#;
        let missing = Missing { name: "x".to_owned(), range: Some("1".to_owned()), outside: false };
        let mut info = NpmPackageInfo::from_packument_bytes(packument.to_vec()).unwrap();
        assert!(has_optional(&info, &missing));
        info.versions.values_mut().for_each(|version| without(version, &[&missing]));
        let names = |version: &str, list: fn(&NpmPackageVersionInfo) -> Vec<String>| {
            list(info.versions.get(&Version::parse_from_npm(version).unwrap()).unwrap())
        };
        let required =
            |info: &NpmPackageVersionInfo| info.dependencies.keys().map(ToString::to_string).collect();
        let optional = |info: &NpmPackageVersionInfo| {
            info.optional_dependencies.keys().map(ToString::to_string).collect()
        };
        assert_eq!(names("1.0.0", required), ["y"]);
        assert_eq!(names("1.0.0", optional), ["z"]);
        assert_eq!(names("2.0.0", required), ["x"]);
    }
}
