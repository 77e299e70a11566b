//! What is said of ed25519 signatures that verifiers disagree about (T17): the cases of `tests/vectors/ed25519` are made here,
//! judged here natively, and explained in `docs/ed25519.md`. The runners of the other languages judge the same files.
//!
//! `UPDATE_VECTORS=1 cargo test -p cidery-verifier --test ed25519` writes the files and the page anew.
mod case;
mod constructed;
mod explain;
mod points;
#[path = "../results/mod.rs"]
mod results;
mod table;
mod taming;
mod wycheproof;

use std::sync::Once;

use case::{Case, Source};
use cidery_verifier::verify_signature;

fn sources() -> Vec<Source> {
    let mut sources = vec![wycheproof::source(), taming::source()];
    sources.extend(constructed::sources());
    sources
}

/// Writes the files, once and before anybody reads them, where that was asked for.
fn update() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if std::env::var_os("UPDATE_VECTORS").is_some() {
            case::write(&sources());
            table::write(&sources());
        }
    });
}

#[test]
fn t17_the_files_and_the_page_are_what_is_made_here() {
    update();
    let made = sources();
    let same = table::committed() == table::page(&made)
        && case::committed() == made.into_iter().map(|source| (source.file.clone(), source)).collect();
    assert!(same, "run it again with UPDATE_VECTORS=1 where the change is meant");
}

fn outcome(case: &Case) -> &'static str {
    let (key, message, signature) = case.bytes();
    match verify_signature(&key, &message, &signature) {
        Ok(()) => "valid",
        Err(error) => error.code().as_str(),
    }
}

#[test]
fn t17_each_case_is_judged_as_it_says() {
    update();
    let committed = case::committed();
    let cases: Vec<&Case> = committed.values().flat_map(|source| &source.cases).collect();
    assert!(cases.len() > 200, "got {} cases", cases.len());
    results::write("ed25519", cases.iter().map(|case| (case.name.as_str(), outcome(case))).collect());
    for case in &cases {
        assert_eq!(outcome(case), case.expect, "{}: {}", case.name, case.why);
    }
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b), "two cases have one name");
}
