//! Proofs that must be accepted.

use serde_json::json;

use super::{PackageVector, absent, accepted};
use crate::support::{
    case::{MAX_AGE, since},
    ipld::{powers, with_recovery},
    plan::{NEXT, PUBLISHER, RECOVERY, TIME, WITNESS},
    steps::{channel, recover, release, yank},
    vector::same,
};

pub fn vectors() -> Vec<PackageVector> {
    vec![
        accepted("ok_state", "The package's state, under a head of the log.", same, |_, _| {}),
        accepted(
            "ok_state_of_much",
            "A state of several versions and a channel, one of them yanked.",
            |plan| {
                let stable = channel("stable", &[("1.2.0", 10_000)]);
                plan.after = vec![release("2.0.0-rc.1"), stable, yank("1.1.0", "low")];
            },
            |_, _| {},
        ),
        accepted(
            "ok_state_in_which_recovery_waits",
            "A recovery waits for its delay.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 86_400));
                plan.after = vec![recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 86_400)).never()];
            },
            |_, _| {},
        ),
        accepted(
            "ok_none_beside_another",
            "There is no such package: where it would stand is another's leaf.",
            same,
            |asked, built| asked.none(built, &absent(built, true)),
        ),
        accepted(
            "ok_none_at_an_empty_place",
            "There is no such package: where it would stand is nothing.",
            same,
            |asked, built| asked.none(built, &absent(built, false)),
        ),
        accepted("ok_none_in_the_empty_log", "The log has no entries, and no package.", same, |asked, _| {
            asked.empty();
        }),
        accepted("ok_seen_smaller", "The head continues the tree that was seen.", same, |asked, built| {
            asked.case.remember(3, built.log.root(3));
            asked.proof.since = since(built, 3);
        }),
        accepted(
            "ok_seen_before",
            "The state is of a later record than the one that was seen.",
            |plan| plan.after = vec![release("2.0.0")],
            |asked, built| asked.case.remember_package(built, 2),
        ),
        accepted(
            "ok_seen_another_package",
            "What was seen of another package says nothing of one that is not there.",
            same,
            |asked, built| {
                asked.none(built, &absent(built, true));
                asked.case.remember_package(built, 2);
            },
        ),
        accepted("ok_head_at_its_age", "The head is exactly as old as is allowed.", same, |asked, _| {
            asked.case.now = TIME + MAX_AGE;
        }),
        accepted("ok_witness", "A witness cosigned, and one is wanted.", same, |asked, _| {
            asked.case.witnesses(&[WITNESS], 1);
            asked.case.head.checkpoint = asked.proof.checkpoint.clone();
            asked.case.witnessed(WITNESS, TIME);
            asked.proof.checkpoint = asked.case.head.checkpoint.clone();
        }),
        accepted(
            "ok_revocation_unchecked",
            "The policy asks for no proof with a release; this is one all the same.",
            same,
            |asked, _| asked.case.rule()["revocation"] = json!("unchecked"),
        ),
    ]
}
