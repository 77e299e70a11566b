//! `cargo xtask build`: the `cidery` command with the loader Worker inside, and what both are made of.
//!
//! ```text
//! wasm                      →  bindings/js/dist
//! esbuild, loader Worker    →  examples/loader-worker/dist: worker.js, verifier.wasm
//! cargo build -p cidery     →  <target>/debug/cidery, which carries both files
//! ```

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::place::Place;
use crate::steps::run;
use crate::wasm::{Profile, wasm};

/// Builds everything.
///
/// # Errors
/// [`Failure::Step`] with the command that failed.
pub(crate) fn build(place: &Place) -> Result<(), Failure> {
    eprintln!("==> wasm: the verifier and the registry Worker");
    wasm(place, Profile::Wasm)?;
    eprintln!("==> loader: the Worker that verifies and runs packages");
    loader(place)?;
    eprintln!("==> command: cidery (some minutes the first time, for the bundler is large)");
    command(place)?;
    eprintln!("    {}", binary(place).display());
    Ok(())
}

/// Bundles the loader Worker; `wasm` has run.
///
/// # Errors
/// [`Failure::Step`].
pub(crate) fn loader(place: &Place) -> Result<(), Failure> {
    let mut esbuild = place.node();
    esbuild.arg(place.npm_package("esbuild/bin/esbuild")).args([
        "worker=examples/loader-worker/src/index.ts",
        "--outdir=examples/loader-worker/dist",
        "--asset-names=verifier",
        "--bundle",
        "--format=esm",
        "--target=es2024",
        "--conditions=workerd,worker,browser",
        "--external:cloudflare:*",
        "--external:node:*",
        "--loader:.wasm=copy",
        "--log-level=warning",
    ]);
    run("loader", &mut esbuild)
}

/// Builds the `cidery` command with the loader Worker inside; `loader` has run.
///
/// # Errors
/// [`Failure::Step`].
pub(crate) fn command(place: &Place) -> Result<(), Failure> {
    run("command", place.cargo("build").args(["--package", "cidery", "--features", "embedded-loader"]))
}

/// Where [`command`] puts it.
pub(crate) fn binary(place: &Place) -> PathBuf {
    place.target.join("debug/cidery")
}

/// `cargo xtask demo`: the whole way of `examples/hello`, shown.
///
/// # Errors
/// [`Failure::Step`].
pub(crate) fn demo(place: &Place) -> Result<(), Failure> {
    build(place)?;
    eprintln!("==> demo");
    run("demo", Command::new(binary(place)).current_dir(&place.root).args(["demo", "examples/hello"]))
}
