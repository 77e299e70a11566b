//! Other package managers, as they really are: they write lock files, and install what those say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Registry;

/// The package managers whose lock files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Npm,
    Pnpm,
    Bun,
}

impl Tool {
    pub const ALL: [Self; 3] = [Self::Npm, Self::Pnpm, Self::Bun];

    pub fn lock_file(self) -> &'static str {
        match self {
            Self::Npm => "package-lock.json",
            Self::Pnpm => "pnpm-lock.yaml",
            Self::Bun => "bun.lock",
        }
    }

    /// What asks for a member of the workspace.
    pub fn member(self) -> &'static str {
        if self == Self::Npm { "*" } else { "workspace:*" }
    }

    /// Writes the lock file of a folder, and installs nothing.
    pub fn lock(self, folder: &Path, registry: &Registry) {
        match self {
            Self::Npm => self.run(folder, registry, &["install", "--package-lock-only"]),
            Self::Pnpm | Self::Bun => self.run(folder, registry, &["install", "--lockfile-only"]),
        }
    }

    /// Installs exactly what is locked, without what is for development.
    pub fn install(self, folder: &Path, registry: &Registry) {
        match self {
            Self::Npm => self.run(folder, registry, &["ci", "--omit=dev"]),
            Self::Pnpm => self.run(folder, registry, &["install", "--frozen-lockfile", "--prod"]),
            Self::Bun => self.run(folder, registry, &["install", "--frozen-lockfile", "--production"]),
        }
    }

    /// Resolves and installs without a lock file, and without what is for development.
    pub fn resolve(self, folder: &Path, registry: &Registry) {
        self.run(folder, registry, &["install", "--omit=dev"]);
    }

    fn run(self, folder: &Path, registry: &Registry, arguments: &[&str]) {
        let home = folder.parent().unwrap().join("home");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join(".npmrc"), format!("registry={}\n", registry.url())).unwrap();
        let mut command = Command::new(self.program());
        command.args(arguments).arg("--ignore-scripts").current_dir(folder);
        // Nothing that is set on this machine counts.
        for (name, _) in std::env::vars().filter(|(name, _)| name.to_lowercase().starts_with("npm_config")) {
            command.env_remove(name);
        }
        let home_text = home.to_str().unwrap();
        command
            .env("HOME", home_text)
            .env("XDG_DATA_HOME", home_text)
            .env("XDG_CACHE_HOME", home_text)
            .env("BUN_INSTALL_CACHE_DIR", home.join("bun"))
            .env("npm_config_cache", home.join("npm"))
            .env("npm_config_update_notifier", "false")
            .env("npm_config_audit", "false")
            .env("CI", "1");
        let output = command.output().unwrap_or_else(|error| panic!("{self:?} can't be run: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{self:?} {arguments:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }

    /// npm of the machine; the others as `package.json` pins them.
    fn program(self) -> PathBuf {
        let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules");
        let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
        match self {
            Self::Npm => "npm".into(),
            Self::Pnpm => modules.join(format!("@pnpm/exe.linux-{arch}/pnpm")),
            Self::Bun => {
                let arch = if arch == "arm64" { "aarch64" } else { arch };
                modules.join(format!("@oven/bun-linux-{arch}/bin/bun"))
            }
        }
    }
}

/// Every package below a folder that stands in a `node_modules`, as `name@version`.
pub fn installed(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(folder, false, &mut found);
    found
}

fn collect(folder: &Path, within: bool, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if !entry.file_type().unwrap().is_dir() {
            continue;
        }
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if within
            && !name.starts_with(['.', '@'])
            && let Ok(bytes) = std::fs::read(path.join("package.json"))
        {
            let package: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let text = |key: &str| package[key].as_str().unwrap_or("?").to_owned();
            found.insert(format!("{}@{}", text("name"), text("version")));
        }
        collect(&path, name == "node_modules" || (within && name.starts_with('@')), found);
    }
}
