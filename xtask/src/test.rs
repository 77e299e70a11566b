//! `cargo xtask test`: everything that must hold, on real parts.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::build::{binary, build};
use crate::failure::Failure;
use crate::fuzz::fuzz;
use crate::place::Place;
use crate::python::python;
use crate::setup::setup;
use crate::steps::{Steps, run};
use crate::wasm::{Profile, TARGET, contract};

/// How long each fuzz target runs in the tests: enough for all of the corpus and some inputs that are new.
const FUZZ_SECONDS: u32 = 5;

/// Runs the steps, or those of them that `wanted` names.
///
/// # Errors
/// What [`setup`] says of a machine that is not ready; [`Failure::Steps`] if any step failed.
pub(crate) fn test(place: &Place, wanted: Vec<String>) -> Result<(), Failure> {
    setup(place)?;
    if wanted.is_empty() && place.results().exists() {
        fs::remove_dir_all(place.results()).map_err(Failure::file(place.results()))?;
    }
    let mut steps = Steps::new(wanted);
    steps.step("rust", || {
        run("rust", place.cargo("test").arg("--no-fail-fast").env("CIDERY_RESULTS", place.results()))
    });
    steps.step("fuzz", || fuzz(place, FUZZ_SECONDS, Vec::new(), false));
    steps.step("wasm-check", || {
        let mut check = place.cargo("check");
        check.args(["--target", TARGET, "--package", "cidery-protocol", "--package", "cidery-verifier"]);
        run("wasm-check", &mut check)
    });
    steps.step("python", || python(place));
    steps.step("build", || {
        build(place)?;
        contract(place, Profile::Wasm)?;
        run("build", place.cargo("build").args(["--package", "cidery-liar"]))
    });
    steps.step("types", || {
        for project in ["loader", "tests"] {
            run(
                "types",
                place.node().arg(place.npm_package("typescript/bin/tsc")).args(["--project", project]),
            )?;
        }
        Ok(())
    });
    steps.step("node", || node_tests(place));
    steps.step("compatibility", || {
        let mut node = place.node();
        node.args(["--test", "tests/conformance/compatibility.js"]).envs(environment(place));
        run("compatibility", &mut node)
    });
    steps.step("deploy", || {
        for worker in ["registry-worker", "examples/loader-worker"] {
            let mut wrangler = place.node();
            wrangler.arg(place.npm_package("wrangler/bin/wrangler.js")).args(["deploy", "--dry-run"]);
            wrangler.args(["--cwd", worker]).env("WRANGLER_SEND_METRICS", "false");
            wrangler.env("WRANGLER_HIDE_BANNER", "true"); // with it goes the question for a newer version
            run("deploy", &mut wrangler)?;
        }
        Ok(())
    });
    steps.finish()
}

/// Runs every `*.test.js` under `tests/` against what `build` made.
fn node_tests(place: &Place) -> Result<(), Failure> {
    let mut files = Vec::new();
    test_files(&place.root.join("tests"), &mut files)?;
    let mut node = place.node();
    // No test hangs: the limit in milliseconds holds for each file and for each test in it.
    node.args(["--test", "--test-timeout=600000"]).args(files).envs(environment(place));
    run("node", &mut node)
}

/// What the tests in JavaScript read: the command under test, the registry that lies, a Python with the independent verifier's
/// packages, and the folder of each runtime's verdicts.
pub(crate) fn environment(place: &Place) -> [(&'static str, OsString); 4] {
    [
        ("CIDERY_BIN", binary(place).into()),
        ("CIDERY_LIAR", place.target.join("debug/cidery-liar").into()),
        ("CIDERY_PYTHON", place.python().into()),
        ("CIDERY_RESULTS", place.results().into()),
    ]
}

/// All files below `folder` whose names end in `.test.js`, in a stable order.
fn test_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<_> = entries.map_err(Failure::file(folder))?.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            test_files(&path, found)?;
        } else if path.to_string_lossy().ends_with(".test.js") {
            found.push(path);
        }
    }
    Ok(())
}
