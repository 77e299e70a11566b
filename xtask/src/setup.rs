//! `cargo xtask setup`: from a fresh machine with cargo, npm and Python to one where every task runs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::place::Place;
use crate::steps::run;
use crate::wasm::TARGET;

/// Node's first release that miniflare and wrangler run on.
const NODE_WANTED: (u32, u32) = (22, 12);

/// Makes the machine ready; what is ready already costs a few milliseconds.
///
/// # Errors
/// [`Failure::Environment`] for what a person must install, [`Failure::Step`] for an installation that failed.
pub(crate) fn setup(place: &Place) -> Result<(), Failure> {
    wasm_target(place)?;
    npm_packages(place)?;
    node(place)?;
    python_packages(place)
}

/// A `rust-toolchain.toml` does not fetch the target where automatic installation is off, so it is asked for outright.
fn wasm_target(place: &Place) -> Result<(), Failure> {
    let libraries = output(Command::new("rustc").current_dir(&place.root).args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]));
    if libraries.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    eprintln!("    adding the Rust target {TARGET}");
    run("setup", Command::new("rustup").current_dir(&place.root).args(["target", "add", TARGET]))
}

/// The npm packages of the lock file, all of them or, where that was done before for this very lock file, nothing.
fn npm_packages(place: &Place) -> Result<(), Failure> {
    when_changed(&place.root.join("package-lock.json"), &place.npm_package(".installed-lock.json"), || {
        if output(Command::new("npm").arg("--version")).is_none() {
            return Err(Failure::Environment {
                what: "npm is not on PATH".to_owned(),
                hint: "install Node 20 or newer, which brings npm",
            });
        }
        eprintln!("    installing npm packages (about half a minute)");
        let mut npm = Command::new("npm");
        run("setup", npm.current_dir(&place.root).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
    })
}

/// Refuses a Node that miniflare would not start on.
fn node(place: &Place) -> Result<(), Failure> {
    let found = output(place.node().arg("--version"));
    if found.as_deref().and_then(version).is_some_and(|found| found >= NODE_WANTED) {
        return Ok(());
    }
    let (major, minor) = NODE_WANTED;
    Err(Failure::Environment {
        what: format!("Node {major}.{minor} or newer is wanted, got {}", found.as_deref().unwrap_or("none")),
        hint: "npm brings one for Linux on x64 and arm64; elsewhere install one and put it first on PATH",
    })
}

/// A virtual environment with what the independent verifier imports, and one with what builds and checks the wheel.
fn python_packages(place: &Place) -> Result<(), Failure> {
    for (python, requirements) in [
        (place.python(), "tests/independent/requirements.txt"),
        (place.wheel_tools(), "bindings/python/requirements.txt"),
    ] {
        virtual_environment(&python, &place.root.join(requirements))?;
    }
    tile_client(place)
}

/// The tile client of another project, beside the packages of the independent verifier, which hold what it needs.
fn tile_client(place: &Place) -> Result<(), Failure> {
    let requirements = place.root.join("tests/foreign/requirements.txt");
    when_changed(&requirements, &place.cache.join("python/installed-tile-client.txt"), || {
        let mut pip = Command::new(place.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
        // It says that it is for Python 3.12 and later; it also runs in those that we do not want to ask everybody to replace.
        pip.args(["--no-deps", "--ignore-requires-python", "-r"]);
        run("setup", pip.arg(&requirements))
    })
}

/// The virtual environment of this `python`, with the packages of a file that pins them.
fn virtual_environment(python: &Path, requirements: &Path) -> Result<(), Failure> {
    let folder = python.ancestors().nth(2).unwrap_or(python); // above `bin/python`
    when_changed(requirements, &folder.join("installed-requirements.txt"), || {
        eprintln!("    installing Python packages");
        let mut venv = Command::new("python3");
        run("setup", venv.args(["-m", "venv", "--clear"]).arg(folder)).map_err(|failure| {
            Failure::Environment {
                what: format!("no virtual environment of Python 3: {failure}"),
                hint: "install Python 3.10 or newer with its venv module (Debian: python3-venv)",
            }
        })?;
        let mut pip = Command::new(python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
        ]);
        run("setup", pip.arg(requirements))
    })
}

/// Runs `install` unless `stamp` holds the very bytes of `wanted`, and writes it afterwards.
fn when_changed(
    wanted: &Path,
    stamp: &Path,
    install: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let bytes = fs::read(wanted).map_err(Failure::file(wanted))?;
    if fs::read(stamp).is_ok_and(|installed| installed == bytes) {
        return Ok(());
    }
    install()?;
    fs::write(stamp, bytes).map_err(Failure::file(stamp))
}

/// What a command prints, trimmed; nothing where it is missing or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Major and minor of `v24.21.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_compare_as_numbers() {
        assert!(version("v22.12.0") >= Some(NODE_WANTED));
        assert!(version("v24.2.0") >= Some(NODE_WANTED));
        assert!(version("v22.9.1") < Some(NODE_WANTED));
        assert_eq!(version("node"), None);
    }
}
