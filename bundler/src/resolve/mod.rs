//! Resolving without a lock file: npm's rules, by Deno's solver, over the registry's descriptions.
//!
//! The solver takes what the registry says as it is, and stops at the first thing that it can't have. npm leaves
//! optional dependencies out that can't be had, and takes deprecated versions only where nothing else is in a range.
//! So the solver sees adapted descriptions (see [`registry`]); what it stops at is adapted, and it starts once more.

mod explain;
mod folders;
mod registry;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use deno_npm::registry::{NpmPackageVersionDistInfoIntegrity, NpmRegistryPackageInfoLoadError};
use deno_npm::resolution::{
    AddPkgReqsOptions, NewestDependencyDateOptions, NpmOverrides, NpmPackageVersionResolutionError,
    NpmResolutionError, NpmResolutionSnapshot, NpmVersionResolver,
};
use deno_npm::{NpmPackageId, NpmResolutionPackage};
use deno_semver::VersionReq;
use deno_semver::package::PackageReq;

use self::folders::{Folders, Line};
use self::registry::Registry;
use crate::BundleError;
use crate::checks::Description;
use crate::fetch::Fetcher;
use crate::graph::{Graph, Package, PackageIndex, Source, newest};
use crate::npmrc::Registries;
use crate::package_json::{Kind, PackageJson};
use crate::project::Project;
use crate::workspace::Workspace;

/// Resolves the project's dependencies to the newest versions that satisfy all ranges.
///
/// As npm does, an optional dependency that does not exist, or lacks a matching version, is left out; so is an
/// optional one that is bound to a platform, since on the edge there is none of those. `described` is told how many
/// descriptions were read; those of the packages in the graph are handed on.
///
/// # Errors
///
/// Where a package, a version or a folder is not there; the error says who asks for it.
pub(crate) async fn resolve(
    workspace: &Workspace,
    project: &Project,
    package: &PackageJson,
    fetcher: Arc<Fetcher>,
    described: impl Fn(usize) + 'static,
) -> Result<(Graph, HashMap<String, Description>), BundleError> {
    let mut folders = Folders::collect(workspace, project, package)?;
    folders.lines.retain(|line| line.kind != Kind::OptionalPeer);
    let resolver = NpmVersionResolver {
        overrides: Arc::new(overrides(workspace, &folders)?),
        link_packages: Arc::new(folders.links()),
        newest_dependency_date_options: fetcher
            .published_before
            .map(|before| NewestDependencyDateOptions::from_date(before.into()))
            .unwrap_or_default(),
        ..Default::default()
    };
    let local = folders.others.keys().map(|(name, _)| name.clone()).collect();
    let mut registry = Registry::new(Arc::clone(&fetcher), local, described);
    loop {
        let requests = folders.lines.iter().map(request).collect::<Result<Vec<_>, _>>()?;
        // npm takes the newest version at each place, too, where an older one that is there would do.
        let options =
            AddPkgReqsOptions { package_reqs: &requests, version_resolver: &resolver, should_dedup: false };
        let result = NpmResolutionSnapshot::default().add_pkg_reqs(&registry, options, None).await;
        let error = match result.dep_graph_result {
            Ok(snapshot) => {
                let graph = graph(&snapshot, &folders, &requests, &fetcher.registries)?;
                let described = registry.described(&graph);
                return Ok((graph, described));
            }
            Err(error) => error,
        };
        if let Some(failure) = registry.take_failure() {
            return Err(failure);
        }
        let Some(missing) = Missing::of(&error) else {
            return Err(BundleError::Unresolvable { reason: error.to_string() });
        };
        if registry.uncover(&missing) {
            continue;
        }
        if leave_out(&missing, &mut folders, &mut registry) {
            registry.leave_out_beside(&missing).await;
            continue;
        }
        // It is required, but perhaps by something that is not.
        let steps = explain::steps(&missing, &folders, &resolver, &registry);
        let optional =
            steps.iter().rfind(|step| step.line.kind == Kind::Optional).map(|step| Missing::at(&step.line));
        if !optional.is_some_and(|optional| leave_out(&optional, &mut folders, &mut registry)) {
            if let Some(error) = registry.too_young(&missing) {
                return Err(error);
            }
            return Err(explain::explain(&missing, &steps, &folders, &registry));
        }
    }
}

/// Leaves something out wherever it is optional; false where it is so nowhere.
fn leave_out(missing: &Missing, folders: &mut Folders, registry: &mut Registry) -> bool {
    let left_out = folders.lines.extract_if(.., |line| missing.covers_optional(line)).count() > 0;
    registry.leave_out(missing) || left_out
}

fn request(line: &Line) -> Result<PackageReq, BundleError> {
    let version_req = VersionReq::parse_from_npm(&line.range)
        .map_err(|error| BundleError::invalid(format!("the range of `{}`", line.alias), error))?;
    Ok(PackageReq { name: line.name.as_str().into(), version_req })
}

/// Those of the top of the workspace: only they count.
fn overrides(workspace: &Workspace, folders: &Folders) -> Result<NpmOverrides, BundleError> {
    let own = workspace.manifest.wanted();
    let direct = own.iter().map(|wanted| (wanted.alias.as_str().into(), wanted.spec.as_str().into()));
    let lines = folders.lines.iter().map(|line| (line.alias.as_str().into(), line.range.as_str().into()));
    let direct: HashMap<_, _> = lines.chain(direct).collect();
    NpmOverrides::from_value(workspace.manifest.overrides.clone(), &direct, &Default::default())
        .map_err(|error| BundleError::invalid("overrides in package.json", error))
}

/// A package, or those of its versions that are in a range, that can't be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Missing {
    name: String,
    /// None where there is no such package at all.
    range: Option<String>,
    /// The range is none, but a place outside of registries.
    outside: bool,
}

impl Missing {
    /// What an error is about, where leaving it out could help.
    fn of(error: &NpmResolutionError) -> Option<Self> {
        use NpmPackageVersionResolutionError as Version;
        let (name, range, outside) = match error {
            NpmResolutionError::Registry(NpmRegistryPackageInfoLoadError::PackageNotExists {
                package_name,
            }) => (package_name.clone(), None, false),
            NpmResolutionError::Resolution(Version::VersionReqNotMatched {
                package_name,
                version_req,
                ..
            }) => (package_name.to_string(), Some(version_req.version_text().to_string()), false),
            NpmResolutionError::Resolution(
                Version::DistTagNotFound { package_name, dist_tag }
                | Version::DistTagVersionNotFound { package_name, dist_tag, .. }
                | Version::DistTagVersionTooNew { package_name, dist_tag, .. },
            ) => (package_name.to_string(), Some(dist_tag.clone()), false),
            NpmResolutionError::DependencyEntry(entry) => {
                (entry.key.clone(), Some(entry.value.clone()), true)
            }
            _ => return None,
        };
        Some(Self { name, range, outside })
    }

    /// What a line asks for.
    fn at(line: &Line) -> Self {
        Self { name: line.name.clone(), range: Some(line.range.clone()), outside: false }
    }

    fn covers(&self, name: &str, range: &str) -> bool {
        self.name == name && self.range.as_ref().is_none_or(|missing| missing.trim() == range.trim())
    }

    fn covers_optional(&self, line: &Line) -> bool {
        line.kind == Kind::Optional && self.covers(&line.name, &line.range)
    }
}

fn graph(
    snapshot: &NpmResolutionSnapshot,
    folders: &Folders,
    requests: &[PackageReq],
    registries: &Registries,
) -> Result<Graph, BundleError> {
    let all: HashMap<&NpmPackageId, &NpmResolutionPackage> =
        snapshot.all_packages_for_every_system().map(|package| (&package.id, package)).collect();
    let mut root = BTreeMap::new();
    let mut reach = Reach::default();
    for (line, request) in folders.lines.iter().zip(requests) {
        let package = snapshot
            .resolve_pkg_from_pkg_req(request)
            .map_err(|error| BundleError::Unresolvable { reason: error.to_string() })?;
        if !(line.kind == Kind::Optional && is_native(package)) {
            root.insert(line.alias.clone(), reach.index(package));
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
        found.push(resolved(package, dependencies, folders, registries)?);
    }
    let hoisted = newest(&found, &root);
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

fn resolved(
    package: &NpmResolutionPackage,
    dependencies: BTreeMap<String, PackageIndex>,
    folders: &Folders,
    registries: &Registries,
) -> Result<Package, BundleError> {
    let (name, version) = (package.id.nv.name.to_string(), package.id.nv.version.to_string());
    let Some(dist) = &package.dist else {
        let id = (name, version);
        let (local, _) = folders.others.get(&id).ok_or_else(|| BundleError::WeakIntegrity {
            package: format!("{}@{}", id.0, id.1),
            got: String::new(),
        })?;
        let (name, version) = id;
        return Ok(Package { name, version, source: Source::Folder(local.folder.clone()), dependencies });
    };
    let integrity = match dist.integrity() {
        NpmPackageVersionDistInfoIntegrity::LegacySha1Hex(hex) => format!("sha1 {hex}"),
        integrity => integrity.for_lockfile().unwrap_or_default().into_owned(),
    };
    Package::new(name, version, &integrity, Some(&dist.tarball), dependencies, registries)
}
