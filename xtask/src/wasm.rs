//! `cargo xtask wasm`: the two crates that run in workerd, compiled and given their JavaScript side.
//!
//! ```text
//! cargo build --target wasm32-unknown-unknown   →  <crate>.wasm
//! wasm-bindgen, as a library                    →  index.js  index_bg.wasm
//! ```
//! Both are bound for the `web` target: `initSync({ module })` takes a compiled module, so nothing happens at import
//! and the same files run in Workers (where an import of a `.wasm` file is a module) and in Node.

use std::error::Error;
use std::fs;
use std::path::Path;

use wasm_bindgen_cli_support::Bindgen;

use crate::failure::Failure;
use crate::glue::as_function;
use crate::place::Place;
use crate::steps::run;

/// What runs in workerd, and in every other JavaScript runtime.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// How a crate is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As it is deployed.
    Wasm,
    /// Quickly.
    Dev,
}

impl Profile {
    /// The profile's name for cargo, and the folder that cargo puts its output in.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Wasm => ("wasm", "wasm"),
            Self::Dev => ("dev", "debug"),
        }
    }
}

/// A crate, and the folder that its bindings go to.
struct Binding {
    krate: &'static str,
    features: &'static [&'static str],
    out: &'static str,
    /// Who has a fresh instance started after a panic.
    restart: Restart,
}

/// Who has a fresh instance started after a panic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Restart {
    /// The crate `worker`, for which the bindings notice a panic.
    Worker,
    /// JavaScript of ours, for which the bindings are a function; it has types of its own.
    Caller,
}

/// The verifier for JavaScript.
const VERIFIER: Binding =
    Binding { krate: "cidery-js", features: &[], out: "bindings/js/dist", restart: Restart::Caller };
/// The registry on Workers, that `registry-worker/entry.js` loads.
const REGISTRY: Binding = Binding {
    krate: "cidery-registry-worker",
    features: &[],
    out: "registry-worker/build",
    restart: Restart::Worker,
};
/// The same with the contract suite of its backends, that a test's Worker loads.
const CONTRACT: Binding =
    Binding { features: &["contract"], out: "tests/support/fixtures/contract/build", ..REGISTRY };

/// Builds both.
///
/// # Errors
/// [`Failure::Step`] when a crate does not compile, [`Failure::Bind`] when it cannot be bound.
pub(crate) fn wasm(place: &Place, profile: Profile) -> Result<(), Failure> {
    for binding in [VERIFIER, REGISTRY] {
        binding.build(place, profile)?;
    }
    Ok(())
}

/// Builds what only tests load.
///
/// # Errors
/// As [`wasm`].
pub(crate) fn contract(place: &Place, profile: Profile) -> Result<(), Failure> {
    CONTRACT.build(place, profile)
}

impl Binding {
    /// Compiles the crate and replaces its folder whole.
    fn build(&self, place: &Place, profile: Profile) -> Result<(), Failure> {
        let (name, folder) = profile.names();
        let mut cargo = place.cargo("build");
        cargo.args(["--target", TARGET, "--profile", name, "--package", self.krate]);
        if !self.features.is_empty() {
            cargo.args(["--features", &self.features.join(",")]);
        }
        run(self.krate, &mut cargo)?;

        let file = format!("{}.wasm", self.krate.replace('-', "_"));
        let wasm = place.target.join(TARGET).join(folder).join(file);
        let out = place.root.join(self.out);
        self.bind(&wasm, &out, profile)
            .map_err(|error| Failure::Bind { path: wasm, reason: with_causes(&*error) })?;

        if self.restart == Restart::Caller {
            for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
                let from = place.root.join(licence); // what is packed carries its licences
                fs::copy(&from, out.join(licence)).map_err(Failure::file(&from))?;
            }
        }

        let bound = out.join("index_bg.wasm");
        let size = fs::metadata(&bound).map_err(Failure::file(&bound))?.len();
        eprintln!("    {}: {} KiB of wasm", self.out, size / 1024);
        Ok(())
    }

    /// Writes `index.js` and the wasm into a folder that holds nothing else.
    fn bind(&self, wasm: &Path, out: &Path, profile: Profile) -> Result<(), Box<dyn Error + Send + Sync>> {
        if out.exists() {
            fs::remove_dir_all(out)?;
        }
        Bindgen::new()
            .input_path(wasm)
            .out_name("index")
            .web(true)?
            .omit_default_module_path(true)
            .typescript(self.restart == Restart::Worker)
            .remove_name_section(profile == Profile::Wasm)
            .force_enable_abort_handler(self.restart == Restart::Worker)
            .generate(out)?;
        if self.restart == Restart::Caller {
            let file = out.join("index.js");
            let glue = as_function(&fs::read_to_string(&file)?, env!("CARGO_PKG_VERSION"));
            fs::write(file, glue.ok_or("wasm-bindgen writes another shape than xtask/src/glue.rs knows")?)?;
        }
        Ok(())
    }
}

/// An error's own words, and those of all its causes.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| (*error).source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
