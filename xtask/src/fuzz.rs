//! `cargo xtask fuzz`: inputs that nobody thought of, against what `fuzz/` says must hold for any.
//!
//! The pinned stable compiler instruments for coverage, so that what is fuzzed is compiled as what is shipped, and no second
//! toolchain is fetched. What only a nightly has is AddressSanitizer, for memory errors: unsafe code is forbidden here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::place::Place;
use crate::steps::{Steps, command_line, run};

const CARGO_FUZZ: &str = "0.13.2";

/// Inputs of a target in the committed corpus: more of them reach little more.
const KEPT: usize = 40;

/// The targets, as `fuzz/Cargo.toml` has them.
const TARGETS: [&str; 11] = [
    "names",
    "ranges",
    "manifest",
    "record",
    "envelope",
    "entry",
    "checkpoint",
    "receipt",
    "proof",
    "page",
    "policy",
];

/// Builds all targets and runs those that `wanted` names, or all, each for so many seconds from the committed corpus on. What
/// is found on the way is kept only to `minimize`: then the corpus becomes those inputs that together reach most.
///
/// # Errors
/// [`Failure::Steps`] if any target found an input for which something does not hold; the input is in `fuzz/artifacts`.
pub(crate) fn fuzz(place: &Place, seconds: u32, wanted: Vec<String>, minimize: bool) -> Result<(), Failure> {
    let fuzzer = Fuzzer::ready(place)?;
    let mut steps = Steps::new(wanted);
    for target in TARGETS {
        steps.step(target, || {
            fuzzer.run(target, seconds)?;
            if minimize { fuzzer.minimize(target) } else { Ok(()) }
        });
    }
    steps.finish()
}

struct Fuzzer<'p> {
    place: &'p Place,
    cargo_fuzz: PathBuf,
}

impl<'p> Fuzzer<'p> {
    /// Installs cargo-fuzz where it is missing, and builds all targets from the lock file.
    fn ready(place: &'p Place) -> Result<Self, Failure> {
        let folder = place.cache.join(format!("cargo-fuzz-{CARGO_FUZZ}"));
        let cargo_fuzz = folder.join("bin/cargo-fuzz");
        if !cargo_fuzz.exists() {
            eprintln!("    installing cargo-fuzz {CARGO_FUZZ} (half a minute or more)");
            let mut install = place.cargo("install");
            install.args(["cargo-fuzz", "--version", CARGO_FUZZ, "--debug", "--root"]).arg(&folder);
            run("fuzz", &mut install)?;
        }
        let fuzzer = Fuzzer { place, cargo_fuzz };
        // cargo-fuzz itself would bring a lock file that is out of date up to date.
        run("fuzz", place.cargo("fetch").arg("--quiet").args(["--manifest-path", "fuzz/Cargo.toml"]))?;
        run("fuzz", &mut fuzzer.command("build", None))?;
        Ok(fuzzer)
    }

    /// Runs one target for so many seconds, beginning with the committed corpus.
    fn run(&self, target: &str, seconds: u32) -> Result<(), Failure> {
        let found = self.fresh("found", target)?;
        let mut command = self.command("run", Some(target));
        command.arg(found).arg(self.corpus(target)).arg("--");
        command.args([&format!("-max_total_time={seconds}"), "-timeout=5", "-rss_limit_mb=1024"]);
        let told = quietly(target, command.arg("-print_final_stats=1"))?;
        let number = told.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        eprintln!("    {} inputs", number.unwrap_or(" no").trim());
        Ok(())
    }

    /// Replaces the corpus by those of its inputs, and of those just found, that together reach most.
    fn minimize(&self, target: &str) -> Result<(), Failure> {
        let (corpus, found) = (self.corpus(target), self.folder("found", target));
        let chosen = self.fresh("chosen", target)?;
        let mut command = self.command("run", Some(target));
        command.args([&chosen, &corpus, &found]).arg("--");
        // Branches count, and not how often each was taken.
        quietly(target, command.args(["-set_cover_merge=1", "-use_counters=0"]))?;
        empty(&corpus)?;
        // They are written in the order in which they were chosen: whatever reaches most of what is not reached yet.
        let mut inputs = by_time(&chosen).map_err(Failure::file(&chosen))?;
        inputs.truncate(KEPT);
        for input in inputs {
            let kept = corpus.join(input.file_name().unwrap_or_default());
            fs::copy(&input, &kept).map_err(Failure::file(kept))?;
        }
        Ok(())
    }

    /// One of cargo-fuzz's commands, with all that decides how it builds.
    fn command(&self, command: &str, target: Option<&str>) -> Command {
        let mut cargo_fuzz = Command::new(&self.cargo_fuzz);
        cargo_fuzz.current_dir(&self.place.root).env("CARGO_TARGET_DIR", self.place.target.join("fuzz"));
        cargo_fuzz.args([command, "--fuzz-dir", "fuzz", "--dev", "--sanitizer", "none"]).args(target);
        cargo_fuzz
    }

    fn corpus(&self, target: &str) -> PathBuf {
        self.place.root.join("fuzz/corpus").join(target)
    }

    /// A folder beside what is built.
    fn folder(&self, kind: &str, target: &str) -> PathBuf {
        self.place.target.join("fuzz").join(kind).join(target)
    }

    /// The same, empty.
    fn fresh(&self, kind: &str, target: &str) -> Result<PathBuf, Failure> {
        let folder = self.folder(kind, target);
        empty(&folder)?;
        Ok(folder)
    }
}

/// Runs one command; what it tells is returned, and printed where it fails: the fuzzer tells much.
fn quietly(step: &str, command: &mut Command) -> Result<String, Failure> {
    let outcome = match command.output() {
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() {
                return Ok(told);
            }
            eprintln!("{told}");
            output.status.to_string()
        }
        Err(error) => format!("did not start: {error}"),
    };
    Err(Failure::Step { step: step.to_owned(), command: command_line(command), outcome })
}

/// The files of a folder in the order in which they were written.
fn by_time(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        files.push((file.metadata()?.modified()?, file.path()));
    }
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

fn empty(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::file(folder))?;
    }
    fs::create_dir_all(folder).map_err(Failure::file(folder))
}
