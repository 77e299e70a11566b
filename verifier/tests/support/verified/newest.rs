//! The newest release of a range, beside others: step (14).

use serde_json::json;

use crate::support::{
    case::Case,
    ipld::powers,
    plan::{Built, NEXT, PUBLISHER, Plan},
    steps::{rekey, release, yank},
    vector::{Vector, accepted},
};

pub fn vectors() -> Vec<Vector> {
    let after = |version: &'static str| move |plan: &mut Plan| plan.after = vec![release(version)];
    let range = |range: &'static str| move |case: &mut Case, built: &Built| case.range(built, range);
    vec![
        accepted(
            "ok_newer_out_of_range",
            "The next version is above the range, which it shows.",
            after("2.0.0"),
            range("^1"),
        ),
        accepted(
            "ok_newer_for_a_version",
            "A newer release is there, and the older version was asked for.",
            after("1.3.0"),
            |case, built| case.version(built),
        ),
        accepted(
            "ok_newer_for_a_lock",
            "A newer release is there, and an entry of a lock was asked for.",
            after("1.3.0"),
            |case, built| case.lock(built),
        ),
        accepted(
            "ok_newer_is_yanked",
            "The newer releases are yanked, and more severely than the policy tolerates.",
            |plan| {
                let yanks = [yank("1.3.0", "medium"), yank("1.4.0", "high")];
                plan.after = [release("1.3.0"), release("1.4.0")].into_iter().chain(yanks).collect();
            },
            |case, built| {
                case.rule()["yanked"] = json!(["low"]);
                case.range(built, "^1");
            },
        ),
        accepted(
            "ok_newer_is_void",
            "The newer release was signed by a key that was stolen.",
            |plan| {
                plan.after = vec![release("1.3.0"), rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 3)])];
            },
            range("^1"),
        ),
        accepted(
            "ok_newer_prerelease",
            "A newer pre-release is there, and the range names none.",
            after("1.3.0-rc.1"),
            range("^1"),
        ),
        accepted(
            "ok_newer_prerelease_out_of_range",
            "The range names a pre-release, and none that is there is in it.",
            |plan| plan.after = vec![release("1.2.0-rc.2"), release("1.3.0-rc.1"), release("2.0.0-rc.1")],
            range("^1.2.0-rc.1"),
        ),
        accepted(
            "ok_newer_between_alternatives",
            "The next version is in a gap of the range, whose second alternative has none.",
            after("2.0.0"),
            range("^1 || ^3"),
        ),
        accepted(
            "ok_newest_of_many",
            "The release is in the middle of many, and those after it are left out.",
            |plan| {
                plan.before = ["1.0.0", "1.0.1", "1.1.1"].map(release).into();
                plan.after = ["2.0.0", "2.1.0", "2.2.0", "3.0.0"].map(release).into();
            },
            range("^1"),
        ),
        accepted(
            "ok_older_published_later",
            "An older version was published after the release.",
            after("1.1.1"),
            range("^1"),
        ),
    ]
}
