//! `bun.lock`, the text form, versions 0 to 2: JSON with comments and trailing commas.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Context, Opened, walk};
use crate::BundleError;
use crate::graph::Graph;
use crate::module_id::leading;

/// What bun 1.2 to 1.4 write.
const VERSIONS: std::ops::RangeInclusive<u64> = 0..=2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockFile {
    lockfile_version: u64,
    /// By the folder of a member of the workspace; the top is ``.
    #[serde(default)]
    workspaces: BTreeMap<String, Lists>,
    /// By the place in the tree, without `node_modules`: `a/b` is below `a`.
    #[serde(default)]
    packages: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    patched_dependencies: BTreeMap<String, Value>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Lists {
    name: Option<String>,
    dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
    peer_dependencies: BTreeMap<String, String>,
    os: Option<Value>,
    cpu: Option<Value>,
    libc: Option<Value>,
    bundled: bool,
}

/// Reads a lock file into the packages that the project's dependencies reach.
pub(super) fn read(bytes: &[u8], context: &Context<'_>) -> Result<Graph, BundleError> {
    let text = std::str::from_utf8(bytes).map_err(|error| context.invalid(error))?;
    let mut text = text.to_owned();
    json_strip_comments::strip(&mut text).map_err(|error| context.invalid(error))?;
    let lock: LockFile = serde_json::from_str(&text).map_err(|error| context.invalid(error))?;
    if !VERSIONS.contains(&lock.lockfile_version) {
        return Err(BundleError::UnsupportedLock {
            file: context.file,
            got: format!("lockfileVersion {}", lock.lockfile_version),
            wanted: "lockfileVersion 0 to 2",
            command: "`bun install --lockfile-only` of bun 1.4 writes it anew",
        });
    }
    let lock = Reader { lock, context };
    let own = lock.lock.workspaces.get(&context.workspace.at).cloned().unwrap_or_default();
    // Below a member's name stands what is not at the top.
    let from = match &own.name {
        Some(name) if !context.workspace.at.is_empty() => name.clone(),
        _ => String::new(),
    };
    let mut root = BTreeMap::new();
    for wanted in context.package.wanted() {
        let lists = [&own.optional_dependencies, &own.dependencies, &own.peer_dependencies];
        let recorded = lists.iter().find_map(|list| list.get(&wanted.alias)).map(String::as_str);
        let place = lock.find(&from, &wanted.alias);
        let got = place.as_deref().and_then(|place| lock.id(place)).map(|(_, version)| version);
        if got.is_none() && wanted.optional {
            continue;
        }
        context.in_step(&wanted, recorded, got)?;
        if let Some(place) = place.filter(|place| !(wanted.optional && lock.is_native(place))) {
            root.insert(wanted.alias, place);
        }
    }
    let walked = walk(&root, |place| lock.open(place))?;
    let top = |place: &String| leading(place).1.is_empty();
    let hoisted = walked.index.iter().filter(|(place, _)| top(place));
    let hoisted = hoisted.map(|(place, &index)| (place.clone(), index)).collect();
    Ok(walked.graph(hoisted))
}

struct Reader<'a> {
    lock: LockFile,
    context: &'a Context<'a>,
}

impl Reader<'_> {
    /// The nearest place upwards that has the name.
    fn find(&self, from: &str, name: &str) -> Option<String> {
        let mut base = from;
        loop {
            let place = if base.is_empty() { name.to_owned() } else { format!("{base}/{name}") };
            if self.lock.packages.contains_key(&place) {
                return Some(place);
            }
            if base.is_empty() {
                return None;
            }
            base = parent(base);
        }
    }

    /// Name and version, or what stands for one (`workspace:packages/a`).
    fn id(&self, place: &str) -> Option<(&str, &str)> {
        let id = self.lock.packages.get(place)?.first()?.as_str()?;
        // The version of a git dependency may hold an `@`, too.
        let at = id[1..].find('@')? + 1;
        Some((&id[..at], &id[at + 1..]))
    }

    fn lists(&self, place: &str) -> Result<Lists, BundleError> {
        let object = self.lock.packages[place].iter().find(|part| part.is_object());
        let lists = object.map(Lists::deserialize).transpose();
        Ok(lists.map_err(|error| self.context.invalid(format!("{place}: {error}")))?.unwrap_or_default())
    }

    fn is_native(&self, place: &str) -> bool {
        self.lists(place).is_ok_and(|lists| lists.os.is_some() || lists.cpu.is_some() || lists.libc.is_some())
    }

    fn open(&self, place: &String) -> Result<Opened<String>, BundleError> {
        let invalid = || self.context.invalid(format!("{place} has no name and version"));
        let (name, version) = self.id(place).ok_or_else(invalid)?;
        if self.lock.patched_dependencies.contains_key(&format!("{name}@{version}")) {
            let spec = "a package that bun patches".to_owned();
            return Err(BundleError::UnsupportedDependency { name: name.to_owned(), spec });
        }
        let folder = ["workspace:", "file:", "link:"].iter().find_map(|scheme| version.strip_prefix(scheme));
        let (package, lists) = match folder {
            Some(path) => {
                let member = self.lock.workspaces.get(path).cloned();
                let lists = member.map_or_else(|| self.lists(place), Ok)?;
                (self.context.folder(path, leaf(place))?, lists)
            }
            None if version.contains([':', '/']) => {
                let (name, spec) = (leaf(place).to_owned(), version.to_owned());
                return Err(BundleError::UnsupportedDependency { name, spec });
            }
            None => {
                // Name and version, the registry or the archive, what it depends on, the digest.
                let entry = &self.lock.packages[place];
                let text = |at: usize| entry.get(at).and_then(Value::as_str);
                let tarball = text(1).filter(|url| url.ends_with(".tgz"));
                (self.context.archive(name, version, text(3), tarball)?, self.lists(place)?)
            }
        };
        Ok((package, self.edges(place, &lists)?))
    }

    fn edges(&self, place: &str, lists: &Lists) -> Result<BTreeMap<String, String>, BundleError> {
        let mut edges = BTreeMap::new();
        let required = lists.dependencies.iter().map(|(name, range)| (name, range, true));
        let others = lists.optional_dependencies.iter().chain(&lists.peer_dependencies);
        for (name, range, required) in required.chain(others.map(|(name, range)| (name, range, false))) {
            match self.find(place, name) {
                // Its files are in the archive of who bundles it.
                Some(target) if self.lists(&target)?.bundled => {}
                Some(target) if !required && self.is_native(&target) => {}
                Some(target) => drop(edges.insert(name.clone(), target)),
                None if required => {
                    let name = format!("{name}, a dependency of {place}");
                    return Err(self.context.out_of_step(&name, None, range));
                }
                None => {}
            }
        }
        Ok(edges)
    }
}

/// The last name of a place.
fn leaf(place: &str) -> &str {
    let parent = parent(place);
    place[parent.len()..].trim_start_matches('/')
}

/// A place without its last name; empty for one at the top.
fn parent(place: &str) -> &str {
    let Some(last) = place.rfind('/') else { return "" };
    let rest = &place[..last];
    // A scope belongs to the name.
    let scope = rest.rfind('/').map_or(0, |at| at + 1);
    if rest[scope..].starts_with('@') { rest[..scope].trim_end_matches('/') } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_cut_at_names() {
        for (place, above, name) in [
            ("a", "", "a"),
            ("@s/a", "", "@s/a"),
            ("@s/a/b", "@s/a", "b"),
            ("a/@s/b", "a", "@s/b"),
            ("a/b/c", "a/b", "c"),
        ] {
            assert_eq!((parent(place), leaf(place)), (above, name), "{place}");
        }
    }
}
