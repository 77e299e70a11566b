//! Newer releases that are kept from a client: step (14).

use cidery_protocol::Code;
use serde_json::json;

use crate::support::{
    case::Case,
    plan::{Built, Plan},
    steps::{release, yank},
    vector::{Vector, refused},
};

pub fn newer() -> Vec<Vector> {
    let after = |version: &'static str| move |plan: &mut Plan| plan.after = vec![release(version)];
    vec![
        refused(
            "T04_newer_release_withheld",
            Code::LogWithheld,
            "A newer release is in the range: its leaf is shown.",
            after("1.3.0"),
            |case, built| shown(case, built, "^1", &[1, 2]),
        ),
        refused(
            "T04_newer_release_not_shown",
            Code::LogWithheld,
            "A newer release is in the range, and its leaf is left out.",
            after("1.3.0"),
            |case, built| shown(case, built, "^1", &[1]),
        ),
        refused(
            "T04_newer_release_in_a_gap",
            Code::LogWithheld,
            "The range's end is shown, and the release before it is left out.",
            |plan| plan.after = vec![release("1.3.0"), release("2.0.0")],
            |case, built| shown(case, built, "^1", &[1, 3]),
        ),
        refused(
            "T04_newer_release_behind_a_yanked_one",
            Code::LogWithheld,
            "The next release is yanked, and the one after it is not.",
            |plan| plan.after = vec![release("1.3.0"), release("1.4.0"), yank("1.3.0", "high")],
            |case, built| shown(case, built, "^1", &[1, 2, 3]),
        ),
        refused(
            "T04_newer_release_tolerably_yanked",
            Code::LogWithheld,
            "The newer release is yanked no more severely than the policy tolerates.",
            |plan| plan.after = vec![release("1.3.0"), yank("1.3.0", "low")],
            |case, built| {
                case.rule()["yanked"] = json!(["low"]);
                shown(case, built, "^1", &[1, 2]);
            },
        ),
        refused(
            "T04_newer_release_in_another_alternative",
            Code::LogWithheld,
            "A newer release is in the second alternative of the range.",
            |plan| plan.after = vec![release("2.0.0"), release("3.0.0")],
            |case, built| shown(case, built, "^1 || ^3", &[1, 2, 3]),
        ),
        refused(
            "T04_newer_prerelease_withheld",
            Code::LogWithheld,
            "The range names pre-releases, and a newer one is in it.",
            after("1.3.0-rc.2"),
            |case, built| shown(case, built, "^1 || ^1.3.0-rc.1", &[1, 2]),
        ),
        refused(
            "T04_newer_prerelease_not_shown",
            Code::LogWithheld,
            "The range names pre-releases, and a newer one is left out.",
            |plan| plan.after = vec![release("2.0.0"), release("1.3.0-rc.2")],
            |case, built| shown(case, built, "^1 || ^1.3.0-rc.1", &[1, 2]),
        ),
        refused(
            "T04_older_release_for_a_range",
            Code::LogWithheld,
            "The release is older than the greatest one in the range, which was published before it.",
            |plan| plan.before = vec![release("1.9.0")],
            |case, built| shown(case, built, ">=1.2.0 <2", &[1, 2]),
        ),
    ]
}

/// A range is asked for, and these leaves are shown.
fn shown(case: &mut Case, built: &Built, range: &str, indexes: &[u64]) {
    case.range(built, range);
    case.standing().versions = built.map.said.versions_at(indexes);
}
