//! Native verification of whole packages against a plain BLAKE3 of the same bytes; with `growth <packages>`, how a registry
//! grows up to so many. One JSON object a line.
//!
//! Whatever is compared is timed in turn, A B A B …, in one process; the figures are medians, and the ratio is ours to theirs.

mod growth;
mod package;

use std::{error::Error, hint::black_box, time::Instant};

use cidery_verifier::{Request, Seen, verify};
use package::{NOW, Package};

/// Whatever goes wrong ends the run.
type Anything = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Anything> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => verification(),
        ["growth", most] => growth::run(most.parse()?),
        ref other => Err(format!("{other:?}: wanted nothing, or `growth` and a number of packages").into()),
    }
}

fn verification() -> Result<(), Anything> {
    for (name, bytes, rounds) in
        [("native_verify_1mb_vs_blake3", 1 << 20, 400), ("native_verify_10mb_vs_blake3", 10 << 20, 60)]
    {
        let package = Package::of(bytes)?;
        let request: Request = "@bench/package@^1".parse()?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let start = Instant::now();
            verify_whole(&package, &request)?;
            ours.push(start.elapsed().as_secs_f64() * 1e3);

            let start = Instant::now();
            for module in &package.modules {
                black_box(blake3::hash(module));
            }
            theirs.push(start.elapsed().as_secs_f64() * 1e3);
        }
        report(name, median(ours), median(theirs), "ms", rounds);
    }
    Ok(())
}

/// What a loader does with a package once it has all bytes.
fn verify_whole(package: &Package, request: &Request) -> Result<(), Anything> {
    let Package { policy, receipt, head, manifest, modules } = package;
    let verified = verify(request, receipt, head, manifest, policy, &Seen::default(), NOW)?;
    for (module, bytes) in verified.manifest().body().modules.iter().zip(modules) {
        let mut check = verified.check(module);
        check.update(bytes)?;
        check.finish()?;
    }
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn report(name: &str, ours: f64, theirs: f64, unit: &str, n: u64) {
    let ratio = ours / theirs;
    let line = serde_json::json!({
        "name": name, "ratio": ratio, "ours": ours, "theirs": theirs, "unit": unit, "n": n,
    });
    println!("{line}");
}
