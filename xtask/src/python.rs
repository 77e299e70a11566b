//! `cargo xtask test python`: the wheel of `bindings/python`, built, checked, and tested as people install it.
//!
//! ```text
//! maturin                     →  <target>/wheel/dist/cidery_verifier-….whl
//! abi3audit, mypy, stubtest      the wheel is what its name says, and its types are what is there
//! venv, pip install           →  <target>/wheel/venv, where the tests run
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::place::Place;
use crate::setup::output;
use crate::steps::run;

/// Tests what becomes of a panic, over a wheel that has one; then builds the wheel, checks it and runs its tests.
///
/// # Errors
/// [`Failure::Step`] with the command that failed.
pub(crate) fn python(place: &Place) -> Result<(), Failure> {
    let python = install(place, &wheel(place, &["defect"])?)?;
    let mut tests = Command::new(python);
    tests.current_dir(folder(place).join("tests/defect")).args(["-B", "-m", "unittest", "defect_test"]);
    run("python", &mut tests)?;

    let wheel = wheel(place, &[])?;
    run("python", tool(place, "abi3audit").arg("--strict").arg(&wheel))?;
    let python = install(place, &wheel)?;
    types(place, &python)?;
    run("python", Command::new(&python).current_dir(folder(place)).args(["-B", "tests"]))?;
    verdicts(place, &python)
}

/// Keeps what Python says of each vector, for the table of all runtimes.
fn verdicts(place: &Place, python: &Path) -> Result<(), Failure> {
    let file = place.results().join("python.json");
    let kept = fs::create_dir_all(place.results()).and_then(|()| fs::File::create(&file));
    let mut vectors = Command::new(python);
    vectors.current_dir(folder(place)).args(["-B", "tests/vectors.py"]);
    run("python", vectors.stdout(kept.map_err(Failure::file(&file))?))
}

/// Builds the wheel quickly, as the only file of its folder.
fn wheel(place: &Place, features: &[&str]) -> Result<PathBuf, Failure> {
    let dist = place.target.join("wheel/dist");
    if dist.exists() {
        fs::remove_dir_all(&dist).map_err(Failure::file(&dist))?;
    }
    let mut maturin = tool(place, "maturin");
    maturin.args(["build", "--quiet", "--profile", "dev", "--out"]).arg(&dist);
    maturin.args(features.iter().flat_map(|feature| ["--features", feature]));
    run("python", maturin.env("CARGO_TARGET_DIR", &place.target))?;
    let mut wheels = fs::read_dir(&dist).map_err(Failure::file(&dist))?;
    let wheel = wheels.next().unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()));
    Ok(wheel.map_err(Failure::file(&dist))?.path())
}

/// Installs the wheel, and nothing else, for a Python of its own.
fn install(place: &Place, wheel: &Path) -> Result<PathBuf, Failure> {
    let venv = place.target.join("wheel/venv");
    run("python", Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let python = venv.join("bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]);
    run("python", pip.arg(wheel))?;
    Ok(python)
}

/// Checks the types in the sources and tests, as they are installed, and against the compiled module.
fn types(place: &Place, installed: &Path) -> Result<(), Failure> {
    let mypy = || {
        let mut mypy = tool(place, "mypy");
        mypy.args(["--no-error-summary", "--config-file"]).arg(folder(place).join("pyproject.toml"));
        mypy
    };
    run("python", mypy().args(["python", "tests"]))?;
    let tests = folder(place).join("tests");
    run("python", mypy().current_dir(tests).arg("--python-executable").arg(installed).arg("usage.py"))?;

    let site = ["-c", "import sysconfig; print(sysconfig.get_path('platlib'))"];
    let packages = output(Command::new(installed).args(site)).unwrap_or_default();
    let mut stubtest = tool(place, "mypy.stubtest");
    stubtest.current_dir(place.target.join("wheel")); // it keeps a cache wherever it is started
    run("python", stubtest.arg("cidery_verifier._native").env("PYTHONPATH", packages))
}

/// A program of `bindings/python/requirements.txt`, started in that folder.
fn tool(place: &Place, module: &str) -> Command {
    let mut python = Command::new(place.wheel_tools());
    python.current_dir(folder(place)).args(["-B", "-m", module]);
    python.env("MYPY_CACHE_DIR", place.target.join("wheel/mypy"));
    python
}

fn folder(place: &Place) -> PathBuf {
    place.root.join("bindings/python")
}
