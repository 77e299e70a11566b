//! `package-lock.json` and `npm-shrinkwrap.json`, versions 2 and 3.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Context, Opened, walk};
use crate::BundleError;
use crate::graph::Graph;

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

    /// Its files are in the archive of who bundles it, or it is of no use.
    fn is_left_out(&self) -> bool {
        self.in_bundle || self.is_native()
    }

    /// What package.json asked for when this was locked.
    fn recorded(&self, name: &str) -> Option<&str> {
        let lists = [&self.optional_dependencies, &self.dependencies, &self.peer_dependencies];
        lists.iter().find_map(|list| list.get(name)).map(String::as_str)
    }
}

/// Reads a lock file into the packages that the project's dependencies reach.
pub(super) fn read(bytes: &[u8], context: &Context<'_>) -> Result<Graph, BundleError> {
    let lock: LockFile = serde_json::from_slice(bytes).map_err(|error| context.invalid(error))?;
    if !matches!(lock.lockfile_version, 2 | 3) {
        return Err(BundleError::UnsupportedLock {
            file: context.file,
            got: format!("lockfileVersion {}", lock.lockfile_version),
            wanted: "lockfileVersion 2 or 3",
            command: "`npm install --package-lock-only` of npm 7 or newer writes it anew",
        });
    }
    let lock = Reader { places: &lock.packages, context };
    let at = context.workspace.at.as_str();
    let mut root = BTreeMap::new();
    for wanted in context.package.wanted() {
        let recorded = lock.places.get(at).and_then(|own| own.recorded(&wanted.alias));
        let target = lock.find(at, &wanted.alias);
        if target.is_none() && wanted.optional {
            continue;
        }
        let version = target.map(|(_, locked)| locked.version.as_deref().unwrap_or("0.0.0"));
        context.in_step(&wanted, recorded, version)?;
        if let Some((place, _)) = target.filter(|(_, locked)| !locked.is_left_out()) {
            root.insert(wanted.alias, place);
        }
    }
    let walked = walk(&root, |place| lock.open(place))?;
    let hoisted = walked.index.iter().filter_map(|(place, &index)| {
        let name = place.strip_prefix("node_modules/")?;
        (!name.contains("/node_modules/")).then(|| (name.to_owned(), index))
    });
    let hoisted = hoisted.collect();
    Ok(walked.graph(hoisted))
}

struct Reader<'a> {
    places: &'a BTreeMap<String, Locked>,
    context: &'a Context<'a>,
}

impl<'a> Reader<'a> {
    /// Node's walk upwards: the nearest `node_modules` that has the name.
    fn find(&self, from: &str, name: &str) -> Option<(&'a str, &'a Locked)> {
        let mut base = Some(from);
        while let Some(folder) = base {
            let place = match folder {
                "" => format!("node_modules/{name}"),
                folder => format!("{folder}/node_modules/{name}"),
            };
            if let Some((place, locked)) = self.places.get_key_value(&place) {
                return Some((place, locked));
            }
            base = match folder.rsplit_once('/') {
                Some((above, _)) => Some(above),
                None => (!folder.is_empty()).then_some(""),
            };
        }
        None
    }

    fn open(&self, place: &&'a str) -> Result<Opened<&'a str>, BundleError> {
        let locked = &self.places[*place];
        let alias = place.rsplit("node_modules/").next().unwrap_or(place);
        if locked.link {
            // What a folder depends on stands beside the folder's own path.
            let path = locked.resolved.as_deref().unwrap_or_default();
            let package = self.context.folder(path, alias)?;
            let edges = match self.places.get_key_value(path) {
                Some((path, target)) => self.edges(path, target)?,
                None => BTreeMap::new(),
            };
            return Ok((package, edges));
        }
        let name = locked.name.as_deref().unwrap_or(alias);
        let version = locked.version.as_deref().unwrap_or_default();
        let (integrity, resolved) = (locked.integrity.as_deref(), locked.resolved.as_deref());
        let package = self.context.archive(name, version, integrity, resolved)?;
        Ok((package, self.edges(place, locked)?))
    }

    fn edges(&self, place: &str, locked: &Locked) -> Result<BTreeMap<String, &'a str>, BundleError> {
        let mut edges = BTreeMap::new();
        let required = locked.dependencies.iter().map(|(name, range)| (name, range, true));
        let others = locked.optional_dependencies.iter().chain(&locked.peer_dependencies);
        for (name, range, required) in required.chain(others.map(|(name, range)| (name, range, false))) {
            match self.find(place, name) {
                Some((_, target)) if target.is_left_out() => {}
                Some((target, _)) => drop(edges.insert(name.clone(), target)),
                // Older npm lists an optional dependency among the required ones too.
                None if required && !locked.optional_dependencies.contains_key(name) => {
                    let name = format!("{name}, a dependency of {place}");
                    return Err(self.context.out_of_step(&name, None, range));
                }
                None => {}
            }
        }
        Ok(edges)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::integrity::Integrity;
    use crate::npmrc::Registries;
    use crate::project::Project;
    use crate::settings::Settings;
    use crate::workspace::Workspace;

    fn locked(version: &str, dependencies: serde_json::Value) -> serde_json::Value {
        let integrity = Integrity::of(version.as_bytes()).to_string();
        json!({ "version": version, "integrity": integrity, "dependencies": dependencies })
    }

    fn graph(dependencies: serde_json::Value, packages: serde_json::Value) -> Result<Graph, BundleError> {
        let dir = tempfile::tempdir().unwrap();
        let registries = &Registries::read(&Settings::of(""), None).unwrap();
        let package = &serde_json::from_value(json!({ "dependencies": dependencies })).unwrap();
        let workspace = &Workspace::find(&Project::open(dir.path()).unwrap()).unwrap();
        let lock = json!({ "lockfileVersion": 3, "packages": packages });
        let context = Context { file: "package-lock.json", workspace, package, registries };
        read(lock.to_string().as_bytes(), &context)
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
    fn a_weak_integrity_and_git_are_refused() {
        let weak = json!({ "node_modules/a": { "version": "1.0.0", "integrity": "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" } });
        assert!(matches!(graph(json!({ "a": "1" }), weak), Err(BundleError::WeakIntegrity { .. })));
        let git = json!({ "node_modules/a": { "version": "1.0.0", "resolved": "git+ssh://h/r#1" } });
        assert!(matches!(graph(json!({ "a": "1" }), git), Err(BundleError::UnsupportedDependency { .. })));
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
