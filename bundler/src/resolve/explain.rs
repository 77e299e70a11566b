//! Who asks for what can't be had, and what there is instead.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use deno_npm::registry::{NpmPackageInfo, NpmPackageVersionInfo};
use deno_npm::resolution::NpmVersionResolver;
use deno_semver::{Version, VersionReq};

use super::Missing;
use super::folders::{Folders, Line};
use super::registry::{Registry, target};
use crate::BundleError;
use crate::package_json::Kind;

/// So many of the newest versions, and of the tags, are shown.
const SHOWN: usize = 5;

/// The error for what stopped the solver; `steps` lead to it.
pub(super) fn explain(
    missing: &Missing,
    steps: &[Step],
    folders: &Folders,
    registry: &Registry,
) -> BundleError {
    let ids = steps.iter().map(|step| step.id.clone());
    let wanted_by: Vec<String> = std::iter::once(folders.project.clone()).chain(ids).collect();
    let package = missing.name.clone();
    match (&missing.range, registry.original(&missing.name)) {
        (Some(range), _) if missing.outside => {
            let name = format!("{} > {package}", wanted_by.join(" > "));
            BundleError::UnsupportedDependency { name, spec: range.clone() }
        }
        (Some(range), Some(info)) => {
            BundleError::NoVersion { package, range: range.clone(), there: there(&info), wanted_by }
        }
        _ => BundleError::NoPackage { package, wanted_by },
    }
}

/// What a package has: `12 versions, the newest 2.0.1 and 2.0.0; the tag latest is 2.0.1`.
fn there(info: &NpmPackageInfo) -> String {
    let mut versions: Vec<&Version> = info.versions.keys().collect();
    versions.sort_unstable();
    let newest: Vec<String> = versions.iter().rev().take(SHOWN).map(ToString::to_string).collect();
    let mut tags: Vec<String> =
        info.dist_tags.iter().map(|(tag, version)| format!("{tag} {version}")).collect();
    tags.sort_unstable();
    tags.truncate(SHOWN);
    match versions.len() {
        0 => "no version at all".to_owned(),
        1 => format!("1 version, {}; tags: {}", newest.join(""), tags.join(", ")),
        count => format!("{count} versions, the newest {}; tags: {}", newest.join(", "), tags.join(", ")),
    }
}

/// A package on the way to what is missing.
#[derive(Clone)]
pub(super) struct Step {
    /// The line that leads to it.
    pub(super) line: Line,
    /// `name@version`.
    id: String,
}

/// The shortest way from the project to who asks for what is missing, over the versions that were picked.
pub(super) fn steps(
    missing: &Missing,
    folders: &Folders,
    resolver: &NpmVersionResolver,
    registry: &Registry,
) -> Vec<Step> {
    let mut open = VecDeque::from([(Vec::<Step>::new(), folders.lines.clone())]);
    let mut visited = BTreeSet::new();
    while let Some((path, lines)) = open.pop_front() {
        let is_it = |line: &Line| {
            let name = if missing.outside { &line.alias } else { &line.name };
            missing.covers(name, &line.range)
        };
        if lines.iter().any(is_it) {
            return path;
        }
        for line in lines {
            let Some((version, lines)) = behind(&line, folders, resolver, registry) else { continue };
            let id = format!("{}@{version}", line.name);
            if visited.insert(id.clone()) {
                open.push_back(([path.clone(), vec![Step { line, id }]].concat(), lines));
            }
        }
    }
    Vec::new()
}

/// The version that a line leads to, and the lines of that.
fn behind(
    line: &Line,
    folders: &Folders,
    resolver: &NpmVersionResolver,
    registry: &Registry,
) -> Option<(String, Vec<Line>)> {
    if let Some((local, lines)) = folders.others.get(&(line.name.clone(), line.range.clone())) {
        return Some((local.version.clone(), lines.clone()));
    }
    let info = registry.seen(&line.name)?;
    let range = VersionReq::parse_from_npm(&line.range).ok()?;
    let picked = resolver.get_for_package(&info);
    let picked = picked.resolve_best_package_version_info(&range, std::iter::empty()).ok()?;
    Some((picked.version.to_string(), lines_of(picked)))
}

fn lines_of(info: &NpmPackageVersionInfo) -> Vec<Line> {
    // Registries list optional dependencies among the required ones, too.
    let lists = [
        (&info.peer_dependencies, Kind::Peer),
        (&info.dependencies, Kind::Required),
        (&info.optional_dependencies, Kind::Optional),
    ];
    let mut lines: BTreeMap<&str, Line> = BTreeMap::new();
    for (list, kind) in lists {
        for (alias, spec) in list {
            let (name, range) = target(alias, spec);
            let line =
                Line { alias: alias.to_string(), name: name.to_owned(), range: range.to_owned(), kind };
            lines.insert(alias, line);
        }
    }
    lines.into_values().collect()
}
