//! `cargo xtask bench`: each benchmark beside what it is measured against, in one run.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::build::{binary, build};
use crate::failure::Failure;
use crate::place::Place;
use crate::steps::{command_line, run};

/// What a benchmark prints, one a line.
#[derive(Deserialize)]
struct Figures {
    name: String,
    ratio: f64,
    ours: f64,
    theirs: f64,
    unit: String,
    n: u64,
}

/// Runs all benchmarks and prints a table of ratios on standard output, or, with `json`, their own lines.
///
/// # Errors
/// [`Failure::Step`] when a benchmark fails or prints something else.
pub(crate) fn bench(place: &Place, json: bool) -> Result<(), Failure> {
    build(place)?;
    eprintln!("==> bench: native, then in workerd; about a minute once it is built");
    if !json {
        print_header();
    }
    let mut native = native(place);
    let mut workerd = place.node();
    workerd.arg("benches/workerd/bench.js").env("CIDERY_BIN", binary(place));
    for command in [&mut native, &mut workerd] {
        print(command, json)?;
    }
    Ok(())
}

/// Measures how a registry grows up to so many packages, and prints as [`bench`] does.
///
/// # Errors
/// As [`bench`].
pub(crate) fn growth(place: &Place, packages: u64, json: bool) -> Result<(), Failure> {
    eprintln!("==> bench: growth to {packages} packages");
    if !json {
        print_header();
    }
    print(native(place).args(["--", "growth", &packages.to_string()]), json)
}

/// Measures the release build of the command against the tools of npm, and prints as [`bench`] does.
///
/// # Errors
/// As [`bench`].
pub(crate) fn npm(place: &Place, json: bool) -> Result<(), Failure> {
    eprintln!("==> build: the command, as it is released (about ten minutes the first time)");
    run("build", place.cargo("build").args(["--release", "--package", "cidery"]))?;
    eprintln!("==> bench: bundling, fetching, publishing; about five minutes");
    if !json {
        print_header();
    }
    let mut node = place.node();
    print(node.arg("benches/npm/bench.js").env("CIDERY_BIN", place.target.join("release/cidery")), json)
}

fn native(place: &Place) -> Command {
    let mut native = place.cargo("run");
    native.args(["--release", "--quiet", "--package", "cidery-benches"]);
    native
}

fn print_header() {
    println!("{:<44} {:>7} {:>12} {:>12} {:>6}", "ours : theirs, medians", "ratio", "ours", "theirs", "n");
}

fn print(command: &mut Command, json: bool) -> Result<(), Failure> {
    let failed = |outcome: String, command: &Command| Failure::Step {
        step: "bench".to_owned(),
        command: command_line(command),
        outcome,
    };
    let child = command.stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| failed(format!("did not start: {error}"), command))?;
    let lines = child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    for line in lines {
        let line = line.map_err(|error| failed(error.to_string(), command))?;
        if json {
            println!("{line}");
            continue;
        }
        let Figures { name, ratio, ours, theirs, unit, n } = serde_json::from_str(&line)
            .map_err(|error| failed(format!("printed `{line}`: {error}"), command))?;
        println!("{name:<44} {ratio:>7.2} {ours:>9.3} {unit} {theirs:>9.3} {unit} {n:>6}");
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(status.to_string(), command)),
        Err(error) => Err(failed(error.to_string(), command)),
    }
}
