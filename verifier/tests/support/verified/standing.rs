//! What has happened since the release, and does it no harm: steps (10) to (13).

use serde_json::json;

use crate::support::{
    case::{Case, since},
    ipld::{at, list, powers, text, with_recovery},
    plan::{LOGGED, NEXT, PUBLISHER, RECOVERY, SECOND, THIRD, TIME},
    steps::{attest, npm, recover, rekey, release, statement, yank},
    vector::{Vector, accepted, pin_init, same, unchanged},
};

pub fn vectors() -> Vec<Vector> {
    [successions(), voids(), yanks(), unchecked(), others()].concat()
}

fn successions() -> Vec<Vector> {
    vec![
        accepted(
            "ok_keys_replaced_since",
            "Others have the say now, and nothing of what was before is void.",
            |plan| plan.after = vec![yank("1.1.0", "low"), rekey(powers(&[NEXT], 1))],
            unchanged,
        ),
        accepted(
            "ok_release_while_recovery_waits",
            "The release was made before the recovery's delay was over, which it is by now.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 60));
                plan.before = vec![recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 60)).after(1)];
            },
            unchanged,
        ),
        accepted(
            "ok_recovery_still_waits",
            "A recovery whose delay is not over is the newest record, and changes nothing yet.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 86_400));
                let to = with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 86_400);
                plan.after = vec![recover(to).void(&[(PUBLISHER, 0)]).never()];
            },
            unchanged,
        ),
        accepted(
            "ok_seen_newest",
            "The state is of the newest record that was seen.",
            |plan| plan.after = vec![attest("1.1.0"), release("2.0.0")],
            |case, built| case.remember_package(built, 4),
        ),
        accepted(
            "ok_seen_authority",
            "The newest record has replaced the keys, and it is the one that was seen.",
            |plan| plan.after = vec![rekey(powers(&[NEXT], 1))],
            |case, built| case.remember_package(built, 3),
        ),
        accepted(
            "ok_seen_another_package",
            "What was seen of another package says nothing of this one.",
            same,
            |case, built| {
                case.remember_package(built, 2);
                case.seen["logs"]["log.example"]["packages"]["@acme/other"] = json!(9);
            },
        ),
    ]
}

fn voids() -> Vec<Vector> {
    vec![
        accepted(
            "T07_void_from_later_on",
            "A key is void from the record after the release on.",
            |plan| plan.after = vec![rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 3)])],
            unchanged,
        ),
        accepted(
            "T07_threshold_met_without_the_void_key",
            "Three keys signed where two are enough, and one of them is void.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND, THIRD], 2);
                let rekey = rekey(powers(&[SECOND, THIRD], 2)).by(&[SECOND, THIRD]);
                plan.after = vec![rekey.void(&[(PUBLISHER, 0)])];
            },
            unchanged,
        ),
        accepted(
            "T07_release_under_the_new_keys",
            "What the stolen key signed is void, and this release is not by it.",
            |plan| {
                plan.before = vec![rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 0)])];
                plan.release.signers = vec![NEXT];
            },
            pin_init,
        ),
    ]
}

fn yanks() -> Vec<Vector> {
    vec![
        accepted(
            "ok_yank_tolerated",
            "The release is yanked no more severely than the policy tolerates.",
            |plan| plan.after = vec![yank("1.2.0", "low")],
            |case, _| case.rule()["yanked"] = json!(["medium", "low"]),
        ),
        accepted(
            "ok_yank_locked",
            "An entry of a lock is not refused for a yank; the verdict says it.",
            |plan| {
                let yank = yank("1.2.0", "critical").change(|record| {
                    *at(record, "body.text") = text("Leaks the caf\u{e9}'s recipes.");
                    *at(record, "body.replacement") = text("1.2.1");
                });
                plan.after = vec![release("1.2.1"), yank];
            },
            |case, built| case.lock(built),
        ),
        accepted(
            "ok_yank_taken_back",
            "The yank was taken back.",
            |plan| plan.after = vec![yank("1.2.0", "high"), yank("1.2.0", "none")],
            unchanged,
        ),
        accepted(
            "ok_yank_of_another_release",
            "Another release is yanked.",
            |plan| plan.after = vec![yank("1.1.0", "critical")],
            unchanged,
        ),
        accepted(
            "ok_yank_before_new_keys",
            "The yank stands under keys that were replaced after it.",
            |plan| plan.after = vec![yank("1.2.0", "low"), rekey(powers(&[NEXT], 1))],
            |case, _| case.rule()["yanked"] = json!(["low"]),
        ),
    ]
}

/// Policies that do without a proof of how the package stands.
fn unchecked() -> Vec<Vector> {
    let unchecked = |case: &mut Case| case.rule()["revocation"] = json!("unchecked");
    vec![
        accepted(
            "ok_revocation_unchecked",
            "The head shows nothing of the package, and the policy does without: the verdict says so, and remembers no state.",
            |plan| plan.after = vec![yank("1.2.0", "critical")],
            move |case, built| {
                case.remember(3, built.log.root(3));
                case.head.since = since(built, 3);
                case.head.standing = None;
                unchecked(case);
            },
        ),
        accepted(
            "ok_revocation_unchecked_and_proven",
            "The policy would do without, and the head shows how the package stands.",
            same,
            move |case, _| unchecked(case),
        ),
        accepted("ok_revocation_proven", "The policy says what it asks for anyway.", same, |case, _| {
            case.rule()["revocation"] = json!("proven")
        }),
    ]
}

fn others() -> Vec<Vector> {
    vec![
        accepted(
            "ok_min_age_reached",
            "The release is exactly as old as the policy wants.",
            same,
            |case, _| {
                case.rule()["minAge"] = json!(TIME - LOGGED);
            },
        ),
        accepted(
            "ok_logged_with_the_head",
            "The release was logged in the second of the head.",
            |plan| plan.release.time = TIME,
            unchanged,
        ),
        accepted(
            "ok_provenance",
            "The policy asks for provenance, and the release names it.",
            |plan| plan.release.edit(|release| list(release, "body.provenance").push(statement())),
            |case, _| case.rule()["provenance"] = json!(true),
        ),
        accepted(
            "ok_npm_registry_signed",
            "The policy asks for the npm registry's signature, and the import found it and more.",
            |plan| {
                plan.release.edit(|release| {
                    *at(release, "body.npm") = npm(&["provenance", "registry-signature"]);
                });
            },
            |case, _| case.rule()["npm"] = json!(["registry-signature"]),
        ),
        accepted("ok_offline_grace", "The verdict says how long it may be kept offline.", same, |case, _| {
            case.log()["offlineGrace"] = json!(600);
        }),
        accepted("ok_schema", "A policy may name its schema.", same, |case, _| {
            case.policy["$schema"] = json!("https://example.com/policy.schema.json");
        }),
    ]
}
