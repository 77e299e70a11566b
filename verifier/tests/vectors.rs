//! The vectors of `tests/vectors/verify`: made here, and judged here natively. `tests/conformance` judges the same files with
//! the same code as wasm inside workerd.
//!
//! `UPDATE_VECTORS=1 cargo test -p cidery-verifier --test vectors` writes them anew.
mod results;
mod support;

use cidery_verifier::{ExplainedStep, StepVerdict};
use support::{
    folder, refused,
    vector::{self, Vector},
    verified,
};

#[test]
fn the_files_are_what_is_made_here() {
    let made = [verified::vectors(), refused::vectors()].concat();
    folder::compare("verify", made.into_iter().map(|made| (made.name.clone(), made)));
}

#[test]
fn each_vector_is_judged_as_it_says() {
    let committed = vector::committed();
    assert!(committed.len() > 200, "got {} vectors", committed.len());
    results::write(
        "verify",
        committed.iter().map(|(file, vector)| (file.as_str(), vector.outcome())).collect(),
    );
    let mut wrong = Vec::new();
    for (file, vector) in committed {
        assert_eq!(vector.name, file);
        let outcome = vector.outcome();
        if outcome != vector.expect {
            wrong.push(format!(
                "{file}: wanted {:?}, got {outcome:?}: {:?}",
                vector.expect,
                vector.judge().err()
            ));
        }
    }
    assert!(wrong.is_empty(), "{} vectors\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn explanations_agree_with_verdicts() {
    for (file, vector) in vector::committed() {
        let Some(explanation) = vector.explain() else { continue };
        let refused = explanation.refusal().map(|(code, _)| code.to_string());
        // What is not shown is not judged, where the policy does without.
        let shown = !vector.is_unchecked();
        let reached = |step: &&ExplainedStep| step.verdict != StepVerdict::NotReached;
        let steps: Vec<_> = explanation.steps.iter().filter(|step| shown || !is_of_standing(step)).collect();
        let count = steps.iter().filter(|step| reached(step)).count();
        assert_eq!(
            steps.iter().take_while(|step| reached(step)).count(),
            count,
            "{file}: a step was left out"
        );
        match vector.judge_release() {
            Ok(_) => {
                assert_eq!(refused, None, "{file}");
                assert_eq!(count, steps.len(), "{file}: not all steps were reached");
            }
            Err(error) => {
                assert_eq!(refused, Some(error.code().to_string()), "{file}");
                let last = &steps[count - 1].verdict;
                assert!(matches!(last, StepVerdict::Refused { .. }), "{file}: {last:?}");
            }
        }
    }
}

/// What is left out where nothing shows how the package stands: all of steps (10) to (12) but that it is so.
fn is_of_standing(step: &ExplainedStep) -> bool {
    let left_out = ["10.4 (10)", "10.4 (11)", "10.4 (12)"].contains(&step.step);
    left_out && !step.rule.starts_with("the head shows how the package stands")
}

#[test]
fn t13_every_bit_of_the_evidence_counts() {
    let vectors = vector::committed();
    let parts: [fn(&mut Vector) -> &mut String; 3] =
        [|vector| &mut vector.receipt, |vector| &mut vector.head, |vector| &mut vector.manifest];
    // Every bit of the one; of the larger ones a bit of every byte, or of every other, each time the next.
    for (name, step) in [("ok_range", 1), ("ok_everything", 9), ("ok_newer_prerelease_out_of_range", 17)] {
        for part in parts {
            let mut altered = vectors[name].clone();
            let bytes = vector::decoded(part(&mut altered));
            for bit in (0..8 * bytes.len()).step_by(step) {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                *part(&mut altered) = vector::encoded(&bytes);
                assert!(altered.judge_release().is_err(), "{name}: bit {bit} does not count");
            }
        }
    }
}
