//! The packages that are folders: the project, and what it reaches of its workspace and by `file:`.

use std::collections::{BTreeMap, HashMap};

use deno_npm::registry::{NpmPackageVersionInfo, NpmPeerDependencyMeta};
use deno_semver::package::PackageName;
use deno_semver::{StackString, Version};

use crate::BundleError;
use crate::package_json::{Kind, PackageJson, Spec};
use crate::project::Project;
use crate::workspace::{Local, Workspace};

/// A line of dependencies, as the solver reads it: a folder is its name and exact version there.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) alias: String,
    pub(super) name: String,
    pub(super) range: String,
    pub(super) kind: Kind,
}

/// The project's own lines, and the other folders.
pub(super) struct Folders {
    /// The project's name, for errors.
    pub(super) project: String,
    pub(super) lines: Vec<Line>,
    pub(super) others: BTreeMap<(String, String), (Local, Vec<Line>)>,
}

impl Folders {
    /// Follows all lines that lead to folders.
    ///
    /// # Errors
    ///
    /// Where a folder is not there, or two of them are one name and version.
    pub(super) fn collect(
        workspace: &Workspace,
        project: &Project,
        package: &PackageJson,
    ) -> Result<Self, BundleError> {
        let mut open = Vec::new();
        let lines = lines(workspace, project, package, &mut open)?;
        let mut others: BTreeMap<(String, String), (Local, Vec<Line>)> = BTreeMap::new();
        while let Some(local) = open.pop() {
            let id = (local.name.clone(), local.version.clone());
            if let Some((known, _)) = others.get(&id) {
                if known.folder != local.folder {
                    let folders =
                        format!("{} and {}", known.folder.root().display(), local.folder.root().display());
                    let reason = format!("{folders} are both {}@{}", local.name, local.version);
                    return Err(BundleError::Unresolvable { reason });
                }
                continue;
            }
            let lines = self::lines(workspace, &local.folder, &local.package, &mut open)?;
            others.insert(id, (local, lines));
        }
        let project = package.name.clone().unwrap_or_else(|| "the project".to_owned());
        Ok(Self { project, lines, others })
    }

    /// The folders as the solver's links.
    pub(super) fn links(&self) -> HashMap<PackageName, Vec<NpmPackageVersionInfo>> {
        let mut links: HashMap<PackageName, Vec<NpmPackageVersionInfo>> = HashMap::new();
        for ((name, version), (_, lines)) in &self.others {
            let Ok(version) = Version::parse_from_npm(version) else { continue };
            let mut info = NpmPackageVersionInfo { version, ..Default::default() };
            for line in lines {
                let alias = StackString::from_str(&line.alias);
                let spec = StackString::from_string(format!("npm:{}@{}", line.name, line.range));
                if line.kind == Kind::OptionalPeer {
                    let meta = NpmPeerDependencyMeta { optional: true };
                    info.peer_dependencies_meta.insert(alias.clone(), meta);
                }
                let list = match line.kind {
                    Kind::Required => &mut info.dependencies,
                    Kind::Optional => &mut info.optional_dependencies,
                    Kind::Peer | Kind::OptionalPeer => &mut info.peer_dependencies,
                };
                list.insert(alias, spec);
            }
            links.entry(PackageName::from_str(name)).or_default().push(info);
        }
        links
    }
}

fn lines(
    workspace: &Workspace,
    folder: &Project,
    package: &PackageJson,
    open: &mut Vec<Local>,
) -> Result<Vec<Line>, BundleError> {
    let mut lines = Vec::new();
    for (wanted, kind) in package.lines() {
        let local = match workspace.local(folder, &wanted) {
            Ok(local) => local,
            Err(_) if wanted.optional => continue,
            Err(error) => return Err(error),
        };
        let (name, range) = match &local {
            Some(local) => (local.name.clone(), local.version.clone()),
            None => match wanted.spec()? {
                Spec::Registry { name, range } | Spec::Member { name, range } => {
                    (name.to_owned(), range.to_owned())
                }
                Spec::Folder(_) => continue,
            },
        };
        open.extend(local);
        lines.push(Line { alias: wanted.alias, name, range, kind });
    }
    Ok(lines)
}
