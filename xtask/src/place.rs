//! Where things are: the project, the build output, the tools that were fetched.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// The folders that every task works with.
pub(crate) struct Place {
    /// The project's root.
    pub(crate) root: PathBuf,
    /// Where cargo builds: `CARGO_TARGET_DIR`, or `target` in the project.
    pub(crate) target: PathBuf,
    /// What survives a fresh clone: `CIDERY_CACHE`, or `cidery` in the user's cache folder.
    pub(crate) cache: PathBuf,
}

impl Place {
    /// Finds the folders and makes the cache.
    ///
    /// # Errors
    /// [`Failure::Environment`] if not started by cargo, or if neither `CIDERY_CACHE` nor `HOME` says where the cache may
    /// be; [`Failure::File`] if it cannot be made.
    pub(crate) fn find() -> Result<Self, Failure> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // Asked for at run time: clones that share a target folder may share the compiled task as well.
        let root = set("CARGO_MANIFEST_DIR").and_then(|xtask| xtask.parent().map(Path::to_owned)).ok_or(
            Failure::Environment {
                what: "CARGO_MANIFEST_DIR is not set".to_owned(),
                hint: "run the tasks as `cargo xtask`",
            },
        )?;
        let target = set("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let cache = set("CIDERY_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("cidery")))
            .or_else(|| set("HOME").map(|home| home.join(".cache/cidery")))
            .ok_or(Failure::Environment {
                what: "neither CIDERY_CACHE nor HOME is set".to_owned(),
                hint: "set CIDERY_CACHE to a folder that fetched tools may be kept in",
            })?;
        let (target, cache) = (root.join(target), root.join(cache));
        fs::create_dir_all(&cache).map_err(Failure::file(&cache))?;
        Ok(Self { root, target, cache })
    }

    /// The cargo that started this task, at the root, building into [`Place::target`] from the committed lock file.
    pub(crate) fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target).arg(command);
        if command != "fmt" {
            cargo.arg("--locked");
        }
        cargo
    }

    /// Node at the root: the pinned one that npm brought, else (where npm has none for this platform) that on `PATH`.
    pub(crate) fn node(&self) -> Command {
        let pinned = self.npm_package(&format!("node-{}-{}/bin/node", platform(), architecture()));
        let mut node = Command::new(if pinned.exists() { pinned } else { "node".into() });
        node.current_dir(&self.root);
        node
    }

    /// A file of an npm package, such as `wrangler/bin/wrangler.js`.
    pub(crate) fn npm_package(&self, file: &str) -> PathBuf {
        self.root.join("node_modules").join(file)
    }

    /// Where each runtime's verdicts on the vectors are kept for the step `compatibility`.
    pub(crate) fn results(&self) -> PathBuf {
        self.target.join("results")
    }

    /// The Python that has the packages of `tests/independent/requirements.txt` and of `tests/foreign/requirements.txt`.
    pub(crate) fn python(&self) -> PathBuf {
        self.cache.join("python/bin/python")
    }

    /// The Python that has the packages of `bindings/python/requirements.txt`.
    pub(crate) fn wheel_tools(&self) -> PathBuf {
        self.cache.join("wheel/bin/python")
    }
}

/// The operating system's name as npm packages spell it.
fn platform() -> &'static str {
    match env::consts::OS {
        "macos" => "darwin",
        "windows" => "win",
        other => other,
    }
}

/// The processor's name as npm packages spell it.
fn architecture() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    }
}
