//! `docs/ranges.md`: what differs, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::corpus::Origin;
use super::{Judged, RANGES, VERSIONS, Verdicts};

pub(crate) fn page(judged: &[Judged]) -> String {
    let real = judged.iter().filter(|judged| judged.case.origin == Origin::Real).count();
    let mut page = format!(
        "# Ranges: where Cidery and npm differ

<!-- Made by `UPDATE_VECTORS=1 cargo test -p cidery-bundler --test ranges`; a test compares. -->

{RANGES} ranges on {VERSIONS} versions each, judged by npm's own `semver` and by Cidery. {real} of the ranges stand in the
`package.json` of published npm packages, of every shape that was found there; the others were put together: every operator
before every kind of version, pairs of them, and what is almost a range. The versions are those around every version that the
range names, and some more.

"
    );
    section(
        &mut page,
        judged,
        "What npm packages ask of each other",
        "Dependencies of npm packages are resolved by `deno_semver`. npm reads them in the loose mode of its `semver`.",
        |judged| (&judged.loose, &judged.solver),
        solver_reason,
    );
    section(
        &mut page,
        judged,
        "What a range of Cidery is",
        "Ranges of Cidery packages are narrower on purpose (SPEC §3.3). npm's `semver` is asked in its usual mode.",
        |judged| (&judged.strict, &judged.protocol),
        protocol_reason,
    );
    page
}

fn section<'a>(
    page: &mut String,
    judged: &'a [Judged],
    title: &str,
    about: &str,
    pick: fn(&'a Judged) -> (&'a Verdicts, &'a Verdicts),
    reason: fn(&Judged) -> &'static str,
) {
    let mut reasons: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    let (mut same, mut versions) = (0, 0);
    for one in judged {
        let (npm, ours) = pick(one);
        if npm == ours {
            same += 1;
            versions += npm.as_ref().map_or(0, Vec::len);
        } else {
            reasons.entry(reason(one)).or_default().push(one);
        }
    }
    let _ = write!(
        page,
        "## {title}\n\n{about}\n\n{same} of {} agree: the same verdict on each version ({versions} in all), or both say that it is no range.\n\n",
        judged.len()
    );
    if reasons.is_empty() {
        return;
    }
    page.push_str(
        "| why they differ | npm | Cidery | ranges | of real packages | which |\n|---|---|---|---|---|---|\n",
    );
    for (reason, list) in reasons {
        let (npm, ours) = pick(list[0]);
        let _ = writeln!(
            page,
            "| {reason} | {} | {} | {} | {} | {} |",
            said(npm),
            said(ours),
            list.len(),
            list.iter().filter(|one| one.case.origin == Origin::Real).count(),
            list.iter().map(|one| shown(&one.case.range)).collect::<Vec<_>>().join(" · "),
        );
    }
    page.push('\n');
}

fn said(verdicts: &Verdicts) -> &'static str {
    if verdicts.is_some() { "takes versions" } else { "no range" }
}

fn shown(range: &str) -> String {
    format!("`{}`", range.escape_debug().to_string().replace('|', "\\|"))
}

/// Why the ranges of npm packages are read otherwise.
fn solver_reason(judged: &Judged) -> &'static str {
    let range = judged.case.range.as_str();
    match (&judged.loose, &judged.solver) {
        (None, Some(_)) => {
            "npm finds no range in it, and looks for a tag of that name; the solver takes what it can read of it"
        }
        (Some(_), None) => {
            "npm's loose mode leaves words out that it can't read; the solver finds no range in it, and resolving \
             leaves those words out, too"
        }
        _ if range.contains("||") && range.split("||").any(|part| part.trim().is_empty()) => {
            "an empty alternative: to npm it is all versions, the solver leaves it out"
        }
        _ if range.contains(',') => {
            "a comma: npm's loose mode leaves the word out that it ends, the solver skips it"
        }
        _ if range.contains("|||") || range.contains("| |") => {
            "bars that are no `||`: npm skips what is between them"
        }
        _ if number_after_placeholder(range) => "a number after a placeholder: npm ignores the number",
        _ if range.contains("==") || range.contains("~=") => {
            "a doubled operator: npm's loose mode has it that way"
        }
        _ if words(range) > 1 && !range.contains("||") => {
            "comparators that exclude each other: npm takes no version, the solver the one where they meet"
        }
        _ if range.contains('*') => {
            "npm lets `*` stand for the whole, and with it go the pre-releases that another alternative names"
        }
        _ if range.contains('-') => "a pre-release of a part of a version: npm ignores it",
        _ => unexplained(judged, "solver"),
    }
}

/// Why SPEC §3.3 has it otherwise.
fn protocol_reason(judged: &Judged) -> &'static str {
    let range = judged.case.range.as_str();
    match (&judged.strict, &judged.protocol) {
        (None, Some(_)) if range.contains("9007199254740991") => {
            "npm computes the version after the largest number, and there is none; here no version is above it"
        }
        (Some(_), None) if number_after_placeholder(range) => {
            "a number after a placeholder is refused: npm ignores the number"
        }
        (Some(_), None) if range.contains("==") || range.contains("~=") => {
            "a doubled operator is refused: npm's documentation has none"
        }
        (Some(_), None) if range.split("||").any(|part| part.trim().is_empty()) && range.contains("||") => {
            "an empty alternative is refused: `*` says that all versions will do"
        }
        (Some(_), None) if range.contains("||") => {
            "all versions beside another alternative are refused where a pre-release is named: npm drops the other one"
        }
        (Some(_), None) if range.contains(['\t', '\n']) => "white space other than a space is refused",
        (Some(_), None) if words(range) > 1 => {
            "comparators that leave no version, or a single one, are refused: write that version"
        }
        (Some(_), None) if range.contains('-') || range.contains('+') => {
            "a pre-release of a part of a version is refused: npm ignores it"
        }
        _ => unexplained(judged, "Range"),
    }
}

/// Stops the test: a difference without a reason is a fault.
fn unexplained(judged: &Judged, who: &str) -> ! {
    let differ = |npm: &Verdicts, ours: &Verdicts| -> Vec<String> {
        let (Some(npm), Some(ours)) = (npm, ours) else { return Vec::new() };
        let versions = judged.case.versions.iter().zip(npm.iter().zip(ours));
        versions.filter(|(_, (npm, ours))| npm != ours).map(|(version, _)| version.clone()).collect()
    };
    let versions = [differ(&judged.loose, &judged.solver), differ(&judged.strict, &judged.protocol)].concat();
    panic!("{who} has {:?} otherwise than npm, and no reason is known: {versions:?}", judged.case.range)
}

fn words(range: &str) -> usize {
    range.split([' ', ',']).filter(|word| word.chars().any(|c| c.is_ascii_alphanumeric() || c == '*')).count()
}

fn number_after_placeholder(range: &str) -> bool {
    ["x.", "X.", "*."].iter().any(|placeholder| {
        range
            .match_indices(placeholder)
            .any(|(at, _)| range[at + 2..].starts_with(|c: char| c.is_ascii_digit()))
    })
}
