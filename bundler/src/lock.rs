//! `package-lock.json`, versions 2 and 3: the locked tree, taken exactly as it is.

use std::collections::{BTreeMap, HashMap};

use deno_semver::{Version, VersionReq};
use serde::Deserialize;

use crate::BundleError;
use crate::graph::{Graph, Package, PackageIndex};
use crate::npmrc::Registries;
use crate::project::{PackageJson, Wanted};

const FILE: &str = "package-lock.json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockFile {
    lockfile_version: u64,
    /// By the place in the tree: `node_modules/a/node_modules/b`; the project itself is ``.
    #[serde(default)]
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Locked {
    /// Only where it is not the last name of the place (an npm alias).
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    link: bool,
    in_bundle: bool,
    optional: bool,
    os: Option<serde_json::Value>,
    cpu: Option<serde_json::Value>,
    libc: Option<serde_json::Value>,
    dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
    peer_dependencies: BTreeMap<String, String>,
}

impl Locked {
    /// Optional and only for some platforms: a native binary, of no use on the edge.
    fn is_native(&self) -> bool {
        self.optional && (self.os.is_some() || self.cpu.is_some() || self.libc.is_some())
    }
}

/// Reads a lock file into the packages that the project's dependencies reach.
///
/// # Errors
///
/// Where the file is of another version, names a package without a SHA-512, lacks a dependency, or where it does
/// not satisfy `package.json`.
pub(crate) fn read(
    bytes: &[u8],
    package: &PackageJson,
    registries: &Registries,
) -> Result<Graph, BundleError> {
    let lock: LockFile = serde_json::from_slice(bytes).map_err(|error| BundleError::invalid(FILE, error))?;
    if !matches!(lock.lockfile_version, 2 | 3) {
        let reason = format!("got lockfileVersion {}, wanted 2 or 3", lock.lockfile_version);
        return Err(BundleError::invalid(FILE, reason));
    }
    let mut walk = Walk {
        places: &lock.packages,
        registries,
        found: Vec::new(),
        index: HashMap::new(),
        open: Vec::new(),
    };
    let mut root = BTreeMap::new();
    for wanted in package.wanted()? {
        if let Some(index) = walk.direct(&wanted, package)? {
            root.insert(wanted.alias, index);
        }
    }
    walk.follow()?;
    let hoisted = walk.hoisted();
    Ok(Graph::new(root, hoisted, walk.found))
}

struct Walk<'a> {
    places: &'a BTreeMap<String, Locked>,
    registries: &'a Registries,
    found: Vec<Package>,
    index: HashMap<&'a str, PackageIndex>,
    /// Places whose dependencies are still to be followed.
    open: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn direct(
        &mut self,
        wanted: &Wanted,
        package: &PackageJson,
    ) -> Result<Option<PackageIndex>, BundleError> {
        let out_of_step = |got: &str| BundleError::LockOutOfStep {
            name: wanted.alias.clone(),
            got: got.to_owned(),
            wanted: wanted.range.clone(),
        };
        let Some((place, locked)) = self.find("", &wanted.alias) else {
            return if wanted.optional { Ok(None) } else { Err(out_of_step("nothing")) };
        };
        let version = locked.version.as_deref().unwrap_or_default();
        if !package.overrides.is_object() && !satisfies(version, &wanted.range) {
            return Err(out_of_step(version));
        }
        self.visit(place, locked)
    }

    /// Follows every edge of every place that was visited.
    fn follow(&mut self) -> Result<(), BundleError> {
        while let Some(place) = self.open.pop() {
            let locked = &self.places[place];
            let mut edges = BTreeMap::new();
            let required = locked.dependencies.iter().map(|(name, range)| (name, range, true));
            let others = locked.optional_dependencies.iter().chain(&locked.peer_dependencies);
            for (name, range, required) in required.chain(others.map(|(name, range)| (name, range, false))) {
                // Older npm lists an optional dependency among the required ones too.
                let required = required && !locked.optional_dependencies.contains_key(name);
                match self.find(place, name) {
                    Some((target, locked)) => {
                        if let Some(index) = self.visit(target, locked)? {
                            edges.insert(name.clone(), index);
                        }
                    }
                    None if required => {
                        return Err(BundleError::LockOutOfStep {
                            name: format!("{name}, a dependency of {place}"),
                            got: "nothing".to_owned(),
                            wanted: range.clone(),
                        });
                    }
                    None => {}
                }
            }
            let index = self.index[place];
            self.found[index].dependencies = edges;
        }
        Ok(())
    }

    /// Node's walk upwards: the nearest `node_modules` that has the name.
    fn find(&self, from: &str, name: &str) -> Option<(&'a str, &'a Locked)> {
        let mut base = from;
        loop {
            let place = if base.is_empty() {
                format!("node_modules/{name}")
            } else {
                format!("{base}/node_modules/{name}")
            };
            if let Some((place, locked)) = self.places.get_key_value(&place) {
                return Some((place, locked));
            }
            if base.is_empty() {
                return None;
            }
            base = base.rfind("node_modules/").map_or("", |at| base[..at].trim_end_matches('/'));
        }
    }

    /// Registers a place once; none where it is not fetched on its own.
    fn visit(&mut self, place: &'a str, locked: &'a Locked) -> Result<Option<PackageIndex>, BundleError> {
        if locked.in_bundle || locked.is_native() {
            return Ok(None);
        }
        if let Some(&index) = self.index.get(place) {
            return Ok(Some(index));
        }
        let alias = place.rsplit("node_modules/").next().unwrap_or(place);
        let name = locked.name.as_deref().unwrap_or(alias);
        if locked.link {
            let spec = format!("link:{}", locked.resolved.as_deref().unwrap_or_default());
            return Err(BundleError::UnsupportedDependency { name: alias.to_owned(), spec });
        }
        let version = locked
            .version
            .as_deref()
            .filter(|version| Version::parse_from_npm(version).is_ok())
            .ok_or_else(|| BundleError::invalid(FILE, format!("{place} has no valid version")))?;
        self.index.insert(place, self.found.len());
        self.open.push(place);
        self.found.push(Package::new(
            name.to_owned(),
            version.to_owned(),
            locked.integrity.as_deref().unwrap_or_default(),
            locked.resolved.as_deref(),
            BTreeMap::new(),
            self.registries,
        )?);
        Ok(Some(self.found.len() - 1))
    }

    fn hoisted(&self) -> BTreeMap<String, PackageIndex> {
        self.index
            .iter()
            .filter_map(|(place, &index)| {
                let name = place.strip_prefix("node_modules/")?;
                (!name.contains("/node_modules/")).then(|| (name.to_owned(), index))
            })
            .collect()
    }
}

/// Whether a version is in an npm range; a tag takes any version.
fn satisfies(version: &str, range: &str) -> bool {
    match (Version::parse_from_npm(version), VersionReq::parse_from_npm(range)) {
        (Ok(version), Ok(range)) => range.tag().is_some() || range.matches(&version),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::integrity::Integrity;
    use crate::project::Project;

    fn locked(version: &str, dependencies: serde_json::Value) -> serde_json::Value {
        let integrity = Integrity::of(version.as_bytes()).to_string();
        json!({ "version": version, "integrity": integrity, "dependencies": dependencies })
    }

    fn graph(dependencies: serde_json::Value, packages: serde_json::Value) -> Result<Graph, BundleError> {
        let dir = tempfile::tempdir().unwrap();
        let registries = Registries::read(&Project::open(dir.path()).unwrap(), None).unwrap();
        let package = serde_json::from_value(json!({ "dependencies": dependencies })).unwrap();
        let lock = json!({ "lockfileVersion": 3, "packages": packages });
        read(lock.to_string().as_bytes(), &package, &registries)
    }

    #[test]
    fn nested_versions_are_found_where_node_finds_them() {
        let graph = graph(
            json!({ "a": "^1.0.0", "b": "2.0.0" }),
            json!({
                "": {},
                "node_modules/a": locked("1.2.0", json!({ "b": "^1.0.0" })),
                "node_modules/a/node_modules/b": locked("1.5.0", json!({ "c": "*" })),
                "node_modules/b": locked("2.0.0", json!({ "c": "*" })),
                "node_modules/c": locked("3.0.0", json!({})),
                "node_modules/unused": locked("1.0.0", json!({})),
            }),
        )
        .unwrap();
        assert_eq!(graph.folders, ["a@1.2.0", "b@1.5.0", "b@2.0.0", "c@3.0.0"]);
        let a = &graph.packages[graph.root["a"]];
        assert_eq!(graph.packages[a.dependencies["b"]].version, "1.5.0");
        assert_eq!(graph.packages[graph.hoisted["b"]].version, "2.0.0");
    }

    #[test]
    fn a_lock_that_does_not_fit_is_refused() {
        let a = json!({ "node_modules/a": locked("1.2.0", json!({ "b": "1" })) });
        for (wanted, packages) in [
            (json!({ "a": "^2.0.0" }), a.clone()),
            (json!({ "z": "1" }), a.clone()),
            (json!({ "a": "1" }), a),
        ] {
            let result = graph(wanted, packages);
            assert!(matches!(result, Err(BundleError::LockOutOfStep { .. })), "{result:?}");
        }
    }

    #[test]
    fn a_weak_integrity_or_a_link_is_refused() {
        let weak = json!({ "node_modules/a": { "version": "1.0.0", "integrity": "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" } });
        assert!(matches!(graph(json!({ "a": "1" }), weak), Err(BundleError::WeakIntegrity { .. })));
        let link =
            json!({ "node_modules/a": { "version": "1.0.0", "link": true, "resolved": "packages/a" } });
        assert!(matches!(graph(json!({ "a": "1" }), link), Err(BundleError::UnsupportedDependency { .. })));
    }

    #[test]
    fn native_binaries_are_left_out() {
        let mut native = locked("1.0.0", json!({}));
        native["optional"] = json!(true);
        native["os"] = json!(["linux"]);
        let mut a = locked("1.0.0", json!({}));
        a["optionalDependencies"] = json!({ "native": "1", "absent": "1" });
        let graph = graph(json!({ "a": "1" }), json!({ "node_modules/a": a, "node_modules/native": native }))
            .unwrap();
        assert_eq!(graph.folders, ["a@1.0.0"]);
    }
}
