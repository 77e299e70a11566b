//! The vectors of `tests/vectors/package`: proofs of packages, made here, and judged here natively. Other suites judge the same
//! files with the same code as wasm and in Python, and with another program.
//!
//! `UPDATE_VECTORS=1 cargo test -p cidery-verifier --test packages` writes them anew.
mod results;
mod support;

use support::{folder, packages, vector};

#[test]
fn the_files_are_what_is_made_here() {
    folder::compare("package", packages::vectors().into_iter().map(|made| (made.name.clone(), made)));
}

#[test]
fn each_proof_is_judged_as_it_says() {
    let committed = packages::committed();
    assert!(committed.len() > 40, "got {} vectors", committed.len());
    let outcomes = committed.iter().map(|(file, vector)| (file.as_str(), vector.outcome()));
    results::write("package", outcomes.collect());
    let mut wrong = Vec::new();
    for (file, vector) in committed {
        assert_eq!(vector.name, file);
        let outcome = vector.outcome();
        if outcome != vector.expect {
            let error = vector.judge().err();
            wrong.push(format!("{file}: wanted {:?}, got {outcome:?}: {error:?}", vector.expect));
        }
    }
    assert!(wrong.is_empty(), "{} vectors\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn t13_every_bit_of_a_proof_counts() {
    let vectors = packages::committed();
    for name in ["ok_state_of_much", "ok_none_beside_another", "ok_none_at_an_empty_place"] {
        let mut altered = vectors[name].clone();
        let bytes = vector::decoded(&altered.proof);
        for bit in 0..8 * bytes.len() {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            altered.proof = vector::encoded(&bytes);
            assert!(altered.judge().is_err(), "{name}: bit {bit} does not count");
        }
    }
}
