//! What a `package.json` says about dependencies, and the places that they can come from.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::BundleError;

/// Its name.
pub(crate) const FILE: &str = "package.json";

/// The parts of `package.json` that bundling needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PackageJson {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) main: Option<String>,
    dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
    peer_dependencies: BTreeMap<String, String>,
    peer_dependencies_meta: BTreeMap<String, PeerMeta>,
    /// npm's `overrides`, given to the solver as they are.
    pub(crate) overrides: serde_json::Value,
    pub(crate) workspaces: Option<Workspaces>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PeerMeta {
    optional: bool,
}

/// The members of a workspace, as patterns of folders.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Workspaces {
    Patterns(Vec<String>),
    Object {
        #[serde(default)]
        packages: Vec<String>,
    },
}

impl Workspaces {
    pub(crate) fn patterns(&self) -> &[String] {
        let (Self::Patterns(patterns) | Self::Object { packages: patterns }) = self;
        patterns
    }
}

/// One line of `dependencies`, `optionalDependencies` or `peerDependencies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The name it is imported by.
    pub(crate) alias: String,
    /// What stands beside the name.
    pub(crate) spec: String,
    /// Whether the package can do without it.
    pub(crate) optional: bool,
}

/// Which list a line stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Required,
    Optional,
    Peer,
    OptionalPeer,
}

/// What a line of dependencies asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spec<'a> {
    /// A version, a range or a tag of a package in the registry.
    Registry { name: &'a str, range: &'a str },
    /// A member of the workspace (`workspace:^1`, `workspace:*`).
    Member { name: &'a str, range: &'a str },
    /// A folder, relative to the one whose `package.json` this is (`file:../x`, `link:../x`).
    Folder(&'a str),
}

impl PackageJson {
    /// The direct dependencies, without the development ones, sorted by the name they are imported by. npm installs
    /// peer dependencies of a project, too, but not those that are optional.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        let lines = self.lines().into_iter();
        lines.filter(|(_, kind)| *kind != Kind::OptionalPeer).map(|(wanted, _)| wanted).collect()
    }

    /// All lines but those for development, sorted by the name they are imported by.
    pub(crate) fn lines(&self) -> Vec<(Wanted, Kind)> {
        let is_optional =
            |name: &String| self.peer_dependencies_meta.get(name).is_some_and(|meta| meta.optional);
        let peer = |name| if is_optional(name) { Kind::OptionalPeer } else { Kind::Peer };
        // npm's order of precedence: optional over required over peer.
        let lines = (self.optional_dependencies.iter().map(|line| (line, Kind::Optional)))
            .chain(self.dependencies.iter().map(|line| (line, Kind::Required)))
            .chain(self.peer_dependencies.iter().map(|line| (line, peer(line.0))));
        let mut found: BTreeMap<&str, (Wanted, Kind)> = BTreeMap::new();
        for ((alias, spec), kind) in lines {
            let optional = kind == Kind::Optional;
            let wanted = || Wanted { alias: alias.clone(), spec: spec.clone(), optional };
            found.entry(alias).or_insert_with(|| (wanted(), kind));
        }
        found.into_values().collect()
    }
}

impl Wanted {
    /// Reads what is asked for.
    ///
    /// # Errors
    ///
    /// [`BundleError::UnsupportedDependency`] for git, archives and whatever else is in no registry and no folder.
    pub(crate) fn spec(&self) -> Result<Spec<'_>, BundleError> {
        let unsupported =
            || BundleError::UnsupportedDependency { name: self.alias.clone(), spec: self.spec.clone() };
        let spec = self.spec.trim();
        if let Some(path) = spec.strip_prefix("file:").or_else(|| spec.strip_prefix("link:")) {
            let archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| path.ends_with(ending));
            return if archive { Err(unsupported()) } else { Ok(Spec::Folder(path)) };
        }
        let (name, range, member) = if let Some(target) = spec.strip_prefix("workspace:") {
            match target {
                // pnpm's short forms for "whatever version it has".
                "^" | "~" | "" => (self.alias.as_str(), "*", true),
                target if target.starts_with('.') => return Ok(Spec::Folder(target)),
                target => match split_name(target) {
                    Some((name, range)) => (name, if matches!(range, "^" | "~") { "*" } else { range }, true),
                    None => (self.alias.as_str(), target, true),
                },
            }
        } else if let Some(target) = spec.strip_prefix("npm:") {
            let (name, range) = split_name(target).unwrap_or((target, "*"));
            (name, range, false)
        } else {
            (self.alias.as_str(), spec, false)
        };
        // `git+ssh:`, `https:`, `catalog:` and `user/repository`.
        if range.contains([':', '/']) {
            return Err(unsupported());
        }
        Ok(if member { Spec::Member { name, range } } else { Spec::Registry { name, range } })
    }
}

/// `name@range`, `@scope/name@range`; none without a range.
pub(crate) fn split_name(text: &str) -> Option<(&str, &str)> {
    let at = text.rfind('@').filter(|&at| at > 0)?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(json: &str) -> Vec<Wanted> {
        serde_json::from_str::<PackageJson>(json).unwrap().wanted()
    }

    fn spec(text: &str) -> Wanted {
        Wanted { alias: "x".to_owned(), spec: text.to_owned(), optional: false }
    }

    #[test]
    fn development_and_optional_peers_are_left_out() {
        let list = wanted(
            r#"{ "dependencies": { "a": "^1.0.0", "o": "1" }, "optionalDependencies": { "o": "2" },
                 "devDependencies": { "typescript": "5" }, "peerDependencies": { "p": "1", "q": "1", "a": "2" },
                 "peerDependenciesMeta": { "q": { "optional": true } } }"#,
        );
        let short: Vec<_> = list.iter().map(|w| (w.alias.as_str(), w.spec.as_str(), w.optional)).collect();
        assert_eq!(short, [("a", "^1.0.0", false), ("o", "2", true), ("p", "1", false)]);
    }

    #[test]
    fn reads_where_a_dependency_comes_from() {
        let registry = |name, range| Spec::Registry { name, range };
        let member = |name, range| Spec::Member { name, range };
        for (text, expected) in [
            ("^1.0.0", registry("x", "^1.0.0")),
            ("", registry("x", "")),
            ("latest", registry("x", "latest")),
            ("npm:@s/c@2", registry("@s/c", "2")),
            ("npm:@s/c", registry("@s/c", "*")),
            ("workspace:*", member("x", "*")),
            ("workspace:^", member("x", "*")),
            ("workspace:^1.2", member("x", "^1.2")),
            ("workspace:@s/c@*", member("@s/c", "*")),
            ("workspace:../y", Spec::Folder("../y")),
            ("file:../y", Spec::Folder("../y")),
            ("link:y", Spec::Folder("y")),
        ] {
            assert_eq!(spec(text).spec().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_in_no_registry_and_no_folder() {
        for text in
            ["git+ssh://h/r", "user/repository", "https://h/x.tgz", "file:x.tgz", "catalog:", "npm:a@b/c"]
        {
            let result = spec(text);
            assert!(matches!(result.spec(), Err(BundleError::UnsupportedDependency { .. })), "{text}");
        }
    }
}
