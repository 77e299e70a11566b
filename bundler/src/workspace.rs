//! The workspace that a project is part of: whose lock file, settings and overrides count, and which packages are
//! folders and not archives.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::BundleError;
use crate::module_id::is_package_name;
use crate::package_json::{PackageJson, Spec, Wanted};
use crate::project::Project;
use crate::semver::satisfies;

/// More folders than any workspace has.
const FOLDER_LIMIT: usize = 100_000;

/// A project and the packages that it finds in folders.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The top of the workspace; the project itself where there is none.
    pub(crate) root: Project,
    /// The `package.json` of the top.
    pub(crate) manifest: PackageJson,
    /// Where the project is below the top, with `/` between segments; empty for the top.
    pub(crate) at: String,
    /// By name.
    members: BTreeMap<String, Local>,
}

/// A package in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) folder: Project,
    pub(crate) package: PackageJson,
}

/// The part of `pnpm-workspace.yaml` that says what belongs to it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PnpmWorkspace {
    packages: Vec<String>,
}

impl Workspace {
    /// Looks upwards from the project for a `package.json` or `pnpm-workspace.yaml` that counts it as a member.
    ///
    /// # Errors
    ///
    /// Where one of these files, or a member's `package.json`, can't be read.
    pub(crate) fn find(project: &Project) -> Result<Self, BundleError> {
        for dir in project.root().ancestors() {
            let root = Project::open(dir)?;
            let is_own = dir == project.root();
            let Some(patterns) = patterns(&root, is_own)? else { continue };
            let folders = folders(dir, &patterns)?;
            let Ok(at) = project.root().strip_prefix(dir) else { continue };
            if !is_own && !folders.iter().any(|folder| folder == project.root()) {
                continue;
            }
            let mut members = BTreeMap::new();
            for folder in folders {
                let local = Local::open(Project::open(&folder)?, None)?;
                members.insert(local.name.clone(), local);
            }
            let at = at.iter().map(|segment| segment.to_string_lossy()).collect::<Vec<_>>().join("/");
            let manifest = root.package_json()?;
            return Ok(Self { root, manifest, at, members });
        }
        let manifest = project.package_json()?;
        Ok(Self { root: project.clone(), manifest, at: String::new(), members: BTreeMap::new() })
    }

    /// The package in a folder that `wanted`, a line of the package in `from`, asks for; none where a registry has it.
    ///
    /// # Errors
    ///
    /// Where the folder, or the member of the workspace, is not there.
    pub(crate) fn local(&self, from: &Project, wanted: &Wanted) -> Result<Option<Local>, BundleError> {
        match wanted.spec()? {
            Spec::Folder(path) => {
                let folder = Project::open(&from.root().join(path))?;
                Local::open(folder, Some(&wanted.alias)).map(Some)
            }
            Spec::Member { name, range } => match self.members.get(name) {
                Some(member) if satisfies(&member.version, range) => Ok(Some(member.clone())),
                member => {
                    let there = member.map_or("no such member".to_owned(), |member| member.version.clone());
                    let wanted_by = vec![from.root().display().to_string()];
                    let (package, range) = (name.to_owned(), range.to_owned());
                    Err(BundleError::NoVersion { package, range, there, wanted_by })
                }
            },
            Spec::Registry { name, range } => {
                Ok(self.members.get(name).filter(|member| satisfies(&member.version, range)).cloned())
            }
        }
    }
}

impl Local {
    /// A package in a folder; without a name of its own it has that by which it is imported.
    pub(crate) fn open(folder: Project, alias: Option<&str>) -> Result<Self, BundleError> {
        let package = folder.package_json()?;
        let shown = || folder.root().join("package.json").display().to_string();
        let name = package.name.as_deref().or(alias);
        let name = name.ok_or_else(|| BundleError::invalid(shown(), "got no name, wanted one"))?;
        if !is_package_name(name) {
            return Err(BundleError::invalid(shown(), format!("`{name}` is not a package name")));
        }
        let known = package.version.as_deref().filter(|version| satisfies(version, version));
        let (name, version) = (name.to_owned(), known.unwrap_or("0.0.0").to_owned());
        Ok(Self { name, version, folder, package })
    }
}

/// The patterns of a folder that is the top of a workspace.
fn patterns(root: &Project, is_own: bool) -> Result<Option<Vec<String>>, BundleError> {
    if let Some(bytes) = root.read_if_exists("pnpm-workspace.yaml")? {
        let text = String::from_utf8_lossy(&bytes);
        let file: Option<PnpmWorkspace> = serde_saphyr::from_str(&text)
            .map_err(|error| BundleError::invalid("pnpm-workspace.yaml", error))?;
        return Ok(Some(file.unwrap_or_default().packages));
    }
    match root.package_json() {
        Ok(package) => Ok(package.workspaces.map(|workspaces| workspaces.patterns().to_vec())),
        // Something above the project is broken, and it is not the project's.
        Err(_) if !is_own => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folders that match, each with a `package.json`; `!` takes away.
fn folders(root: &Path, patterns: &[String]) -> Result<Vec<std::path::PathBuf>, BundleError> {
    let (mut found, mut left) = (Vec::new(), FOLDER_LIMIT);
    let clean = |pattern: &str| pattern.trim_start_matches("./").trim_end_matches('/').to_owned();
    for pattern in patterns.iter().filter(|pattern| !pattern.starts_with('!')) {
        let pattern = clean(pattern);
        let segments: Vec<&str> = pattern.split('/').collect();
        if segments.contains(&"..") || pattern.starts_with('/') {
            return Err(BundleError::OutsideFolder { path: pattern });
        }
        expand(root, &segments, &mut found, &mut left)?;
    }
    let not: Vec<String> =
        patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).map(clean).collect();
    let kept = |folder: &std::path::PathBuf| {
        let relative = folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().into_owned();
        !not.iter().any(|pattern| fast_glob::glob_match(pattern, &relative))
    };
    found.retain(kept);
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn expand(
    dir: &Path,
    segments: &[&str],
    found: &mut Vec<std::path::PathBuf>,
    left: &mut usize,
) -> Result<(), BundleError> {
    *left = left.checked_sub(1).ok_or_else(|| BundleError::TooLarge {
        what: "the workspace".to_owned(),
        limit: FOLDER_LIMIT as u64,
        unit: "folders",
    })?;
    let Some((first, rest)) = segments.split_first() else {
        if dir.join("package.json").is_file() {
            found.push(dir.to_owned());
        }
        return Ok(());
    };
    if !first.contains(['*', '?', '[', '{']) {
        return expand(&dir.join(first), rest, found, left);
    }
    if *first == "**" {
        expand(dir, rest, found, left)?;
    }
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(()) };
    for entry in
        entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "node_modules" || name.starts_with('.') {
            continue;
        }
        if *first == "**" {
            expand(&entry.path(), segments, found, left)?;
        } else if fast_glob::glob_match(first, &name) {
            expand(&entry.path(), rest, found, left)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn find(dir: &tempfile::TempDir, at: &str) -> Workspace {
        Workspace::find(&Project::open(&dir.path().join(at)).unwrap()).unwrap()
    }

    fn wanted(alias: &str, spec: &str) -> Wanted {
        Wanted { alias: alias.to_owned(), spec: spec.to_owned(), optional: false }
    }

    #[test]
    fn members_are_found_by_patterns_and_see_each_other() {
        for (file, text) in [
            ("package.json", r#"{ "workspaces": ["packages/*", "deep/**", "!packages/not"] }"#),
            ("pnpm-workspace.yaml", "packages:\n  - 'packages/*'\n  - deep/**\n  - '!packages/not'\n"),
        ] {
            let dir = tree(&[
                ("package.json", "{}"),
                (file, text),
                ("packages/a/package.json", r#"{ "name": "@w/a", "version": "1.2.0" }"#),
                ("packages/b/package.json", r#"{ "name": "@w/b" }"#),
                ("packages/not/package.json", r#"{ "name": "@w/not" }"#),
                ("deep/er/c/package.json", r#"{ "name": "c", "version": "2.0.0" }"#),
                ("deep/er/c/node_modules/x/package.json", r#"{ "name": "x" }"#),
            ]);
            let workspace = find(&dir, "packages/b");
            assert_eq!(workspace.at, "packages/b");
            assert_eq!(workspace.members.keys().collect::<Vec<_>>(), ["@w/a", "@w/b", "c"]);
            let from = Project::open(&dir.path().join("packages/b")).unwrap();
            let local =
                |alias, spec| workspace.local(&from, &wanted(alias, spec)).map(|l| l.map(|l| l.version));
            assert_eq!(local("@w/a", "^1.0.0").unwrap().as_deref(), Some("1.2.0"));
            assert_eq!(local("@w/a", "^2.0.0").unwrap(), None, "that one is in the registry");
            assert_eq!(local("other", "npm:@w/a@1").unwrap().as_deref(), Some("1.2.0"));
            assert_eq!(local("@w/b", "workspace:*").unwrap().as_deref(), Some("0.0.0"));
            assert_eq!(local("folder", "file:../a").unwrap().as_deref(), Some("1.2.0"));
            assert!(matches!(local("@w/a", "workspace:^2"), Err(BundleError::NoVersion { .. })));
            assert!(matches!(local("@w/x", "workspace:*"), Err(BundleError::NoVersion { .. })));
        }
    }

    #[test]
    fn who_is_no_member_stands_alone() {
        let dir = tree(&[
            ("package.json", r#"{ "workspaces": ["packages/*"] }"#),
            ("packages/a/package.json", r#"{ "name": "a" }"#),
            ("elsewhere/package.json", r#"{ "name": "b" }"#),
        ]);
        let alone = find(&dir, "elsewhere");
        assert_eq!((alone.at.as_str(), alone.members.len()), ("", 0));
        assert_eq!(find(&dir, "").members.len(), 1);
    }

    #[test]
    fn patterns_stay_within_the_workspace() {
        let dir = tree(&[("package.json", r#"{ "workspaces": ["../*"] }"#)]);
        let result = Workspace::find(&Project::open(dir.path()).unwrap());
        assert!(matches!(result, Err(BundleError::OutsideFolder { .. })), "{result:?}");
    }
}
