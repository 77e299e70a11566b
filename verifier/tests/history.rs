//! The vectors of `tests/vectors/history`: whole logs of packages, made here, and replayed here natively. Other suites replay the
//! same files with the same code as wasm and in Python, and with another program.
//!
//! `UPDATE_VECTORS=1 cargo test -p cidery-verifier --test history` writes them anew.
mod results;
mod support;

use support::{folder, history};

#[test]
fn the_files_are_what_is_made_here() {
    folder::compare("history", history::histories().into_iter().map(|made| (made.name.clone(), made)));
}

#[test]
fn each_history_comes_out_as_it_says() {
    let committed = folder::read::<history::History>("history");
    assert!(committed.len() > 70, "got {} histories", committed.len());
    let outcomes = committed.iter().map(|(file, history)| (file.as_str(), history.outcome()));
    results::write("history", outcomes.collect());
    let mut wrong = Vec::new();
    for (file, history) in committed {
        assert_eq!(history.name, file);
        let outcome = history.outcome();
        if outcome != history.expect {
            wrong.push(format!("{file}: wanted {:?}, got {outcome:?}", history.expect));
        }
    }
    assert!(wrong.is_empty(), "{} histories\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_beginning_of_a_history_is_one() {
    for (file, history) in folder::read::<history::History>("history") {
        let upto = match &history.expect {
            history::Expect::Ok { .. } => history.entries.len(),
            history::Expect::Refused { at, .. } => *at,
        };
        let begun = history::History { entries: history.entries[..upto].to_vec(), ..history.clone() };
        let is_one = matches!(begun.outcome(), history::Expect::Ok { .. });
        assert!(is_one || upto == 0, "{file}: refused for more than its record {upto}");
    }
}
