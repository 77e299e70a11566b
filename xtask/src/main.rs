//! Developer tasks, run as `cargo xtask <task>`.

mod bench;
mod build;
mod compat;
mod failure;
mod fuzz;
mod glue;
mod lint;
mod place;
mod python;
mod setup;
mod steps;
mod test;
mod wasm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::place::Place;
use crate::wasm::Profile;

/// Developer tasks of Cidery. A task that needs `setup` runs it first.
///
/// Environment: CARGO_TARGET_DIR says where cargo builds (default: target); CIDERY_CACHE says where fetched tools are
/// kept between clones (default: cidery in the user's cache folder).
///
/// Exit codes: 0 done, 1 a step failed, 2 usage, 3 the machine is not ready.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make the machine ready: wasm target, npm packages, Node, Python packages. Quick when it is.
    Setup,
    /// Build and bind the wasm crates: bindings/js/dist and registry-worker/build.
    Wasm {
        /// Compile without optimisation: quick to build, slow to run.
        #[arg(long)]
        dev: bool,
    },
    /// Build the `cidery` command with the loader Worker inside.
    Build,
    /// Show the main job: publish examples/hello, run it in a verified isolate, and see an altered byte refused.
    Demo,
    /// Time verification and loading against the same work without checks, and print the ratios.
    Bench {
        /// Print one JSON object a line: name, ratio, ours, theirs, unit, n.
        #[arg(long)]
        json: bool,
        /// Measure instead how a registry grows from 10^3 to 10^6 packages. It takes 6 GB of disk in TMPDIR while it
        /// runs.
        #[arg(long)]
        growth: bool,
        /// Measure instead what it takes to bundle, fetch and publish, against esbuild, npm, pnpm and bun. Packages are
        /// fetched from the npm registry that npm is set to.
        #[arg(long, conflicts_with = "growth")]
        npm: bool,
        /// The most packages of a log that is measured so: for a quick run.
        #[arg(long, value_name = "N", requires = "growth", default_value_t = 1_000_000)]
        packages: u64,
    },
    /// Run the programs of `tests/compat` in Node, by way of Cidery and of @cloudflare/worker-bundler, and compare. Takes
    /// half an hour; `UPDATE_COMPAT=1` writes Node's values and docs/compatibility-npm.md.
    Compat {
        /// Run only these programs: a package's name, or `<category>/<name>`.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Look for inputs that break what `fuzz/` says must hold for any, from the committed corpus on. Each target is a step.
    Fuzz {
        /// How long each target runs.
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
        /// Afterwards, make the committed corpus those inputs that together reach most.
        #[arg(long)]
        minimize: bool,
        /// Run only these: names, ranges, manifest, record, envelope, entry, checkpoint, receipt, proof, page,
        /// policy.
        #[arg(value_name = "TARGET")]
        targets: Vec<String>,
    },
    /// Check formatting, and clippy natively, for Python and for wasm. Steps: fmt, clippy, clippy-python, clippy-wasm.
    Lint {
        /// Run only these steps.
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
    },
    /// Run all tests. Steps: rust, fuzz, wasm-check, python, build, types, node, compatibility, deploy; those after build use what it
    /// made, and compatibility what rust, python and node said.
    Test {
        /// Run only these steps.
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    let place = Place::find()?;
    match task {
        Task::Setup => setup::setup(&place),
        Task::Wasm { dev } => {
            setup::setup(&place)?;
            wasm::wasm(&place, if dev { Profile::Dev } else { Profile::Wasm })
        }
        Task::Build => {
            setup::setup(&place)?;
            build::build(&place)
        }
        Task::Demo => {
            setup::setup(&place)?;
            build::demo(&place)
        }
        Task::Bench { json, growth: true, packages, .. } => bench::growth(&place, packages, json),
        Task::Bench { json, npm: true, .. } => {
            setup::setup(&place)?;
            bench::npm(&place, json)
        }
        Task::Bench { json, .. } => {
            setup::setup(&place)?;
            bench::bench(&place, json)
        }
        Task::Compat { names } => compat::compat(&place, &names),
        Task::Fuzz { seconds, minimize, targets } => fuzz::fuzz(&place, seconds, targets, minimize),
        Task::Lint { steps } => lint::lint(&place, steps),
        Task::Test { steps } => test::test(&place, steps),
    }
}
