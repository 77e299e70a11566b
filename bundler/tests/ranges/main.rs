//! Ranges: 2,000 of them on 60 versions each, judged by npm's own `semver`, by what reads the ranges of npm packages,
//! and by SPEC §3.3's `Range`. `docs/ranges.md` lists where they differ, and why.

mod corpus;
mod table;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cidery_protocol::{Range, Version};
use deno_semver::VersionReq;
use serde_json::json;

use self::corpus::{Case, Origin};

/// Ranges in all, and versions that each is tried on.
const RANGES: usize = 2000;
const VERSIONS: usize = 60;

/// One verdict a version; none where it is no range.
type Verdicts = Option<Vec<bool>>;

/// What everybody says of one range.
struct Judged {
    case: Case,
    /// npm's `semver` in its usual mode, which SPEC §3.3 names.
    strict: Verdicts,
    /// In the loose mode, in which npm reads the ranges of packages.
    loose: Verdicts,
    /// What reads the ranges of npm packages here.
    solver: Verdicts,
    /// [`Range`].
    protocol: Verdicts,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn judge() -> Vec<Judged> {
    let cases = corpus::cases();
    assert_eq!(cases.len(), RANGES);
    assert!(cases.iter().all(|case| case.versions.len() == VERSIONS));
    let npm = ask_npm(&cases);
    let judged = cases.into_iter().zip(npm).map(|(case, (strict, loose))| {
        let (solver, protocol) = (by_solver(&case), by_protocol(&case));
        Judged { case, strict, loose, solver, protocol }
    });
    judged.collect()
}

fn ask_npm(cases: &[Case]) -> Vec<(Verdicts, Verdicts)> {
    let list: Vec<_> = cases.iter().map(|case| json!([case.range, case.versions])).collect();
    let input = json!({ "library": root().join("node_modules/semver"), "cases": list }).to_string();
    let mut node = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ranges/semver.cjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    let mut stdin = node.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "`npm ci` brings npm's semver");
    let verdicts =
        |text: &str| -> Verdicts { (text != "-").then(|| text.bytes().map(|byte| byte == b'1').collect()) };
    let lines = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = lines
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(strict, loose)| (verdicts(strict), verdicts(loose)))
        .collect();
    assert_eq!(answers.len(), cases.len());
    answers
}

fn by_solver(case: &Case) -> Verdicts {
    let range = VersionReq::parse_from_npm(&case.range).ok().filter(|range| range.tag().is_none())?;
    let version = |text: &String| deno_semver::Version::parse_from_npm(text).unwrap();
    Some(case.versions.iter().map(|text| range.matches(&version(text))).collect())
}

fn by_protocol(case: &Case) -> Verdicts {
    let range: Range = case.range.parse().ok()?;
    let version = |text: &String| text.parse::<Version>().unwrap();
    Some(case.versions.iter().map(|text| range.contains(&version(text))).collect())
}

#[test]
fn real_ranges_mean_here_what_they_mean_in_npm() {
    let judged = judge();
    let real = judged.iter().filter(|judged| judged.case.origin == Origin::Real);
    let different: Vec<&str> = real
        .clone()
        .filter(|judged| judged.solver != judged.loose)
        .map(|judged| judged.case.range.as_str())
        .collect();
    // One of them holds a word that npm leaves out, and so does resolving: `tests/resolution.rs` has it.
    assert_eq!(different, ["^>=6.0.0 <=6.1.1"]);
    // `Range` may refuse, for a reason that the page gives; it never takes another version.
    let other = real.filter(|judged| judged.protocol.is_some() && judged.protocol != judged.strict);
    let other: Vec<&str> = other.map(|judged| judged.case.range.as_str()).collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn the_page_lists_every_difference_with_its_reason() {
    let page = table::page(&judge());
    let path = root().join("docs/ranges.md");
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/ranges.md is not what is found: UPDATE_VECTORS=1 writes it");
}
