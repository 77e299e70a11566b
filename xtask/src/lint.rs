//! `cargo xtask lint`: formatting and clippy, warnings being errors, natively, for Python and for wasm.

use crate::failure::Failure;
use crate::place::Place;
use crate::setup::setup;
use crate::steps::{Steps, run};
use crate::wasm::TARGET;

/// Checks all crates.
///
/// # Errors
/// [`Failure::Steps`] if any check found something.
pub(crate) fn lint(place: &Place, wanted: Vec<String>) -> Result<(), Failure> {
    setup(place)?;
    let mut steps = Steps::new(wanted);
    steps.step("fmt", || {
        run("fmt", place.cargo("fmt").args(["--all", "--check"]))?;
        run("fmt", place.cargo("fmt").args(["--check", "--manifest-path", "fuzz/Cargo.toml"]))
    });
    steps.step("clippy", || {
        run("clippy", place.cargo("clippy").args(["--all-targets", "--", "--deny", "warnings"]))
    });
    steps.step("clippy-python", || {
        let mut clippy = place.cargo("clippy");
        clippy.args(["--package", "cidery-python", "--all-features", "--", "--deny", "warnings"]);
        run("clippy-python", &mut clippy)
    });
    steps.step("clippy-wasm", || {
        let mut clippy = place.cargo("clippy");
        clippy.args(["--target", TARGET, "--package", "cidery-js", "--package", "cidery-registry-worker"]);
        run("clippy-wasm", clippy.args(["--", "--deny", "warnings"]))
    });
    steps.finish()
}
