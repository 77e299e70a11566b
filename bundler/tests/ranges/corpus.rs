//! Which ranges are tried, and on which versions.

use std::collections::BTreeSet;

use super::{RANGES, VERSIONS};

/// Where a range comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It stands in the `package.json` of a published npm package.
    Real,
    /// It was put together here.
    Made,
}

pub(crate) struct Case {
    pub(crate) range: String,
    pub(crate) origin: Origin,
    pub(crate) versions: Vec<String>,
}

/// Ranges of packages on npm: of each shape that occurs (digits and letters left aside) some, as a JSON array.
const REAL: &str = include_str!("real.json");

/// Versions that all ranges are tried on, as far as there is room.
const USUAL: [&str; 40] = [
    "0.0.0",
    "0.0.1",
    "0.0.1-0",
    "0.0.2",
    "0.1.0",
    "0.1.0-alpha",
    "0.1.1",
    "0.2.0",
    "0.2.3",
    "0.3.0-rc.1",
    "0.10.0",
    "1.0.0",
    "1.0.0-0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-beta",
    "1.0.0-rc.1",
    "1.0.1",
    "1.1.0",
    "1.2.0",
    "1.2.3",
    "1.2.3-beta",
    "1.2.3-beta.2",
    "1.2.4",
    "1.2.4-beta",
    "1.3.0-0",
    "1.9.9",
    "1.10.0",
    "2.0.0",
    "2.0.0-0",
    "2.0.0-rc.1",
    "2.0.1",
    "2.3.4",
    "3.0.0",
    "3.0.0-pre",
    "4.5.6",
    "10.0.0",
    "18.2.0",
    "99.99.99",
    "9007199254740991.0.0",
];

/// 2,000 ranges, each once, with 60 versions each.
pub(crate) fn cases() -> Vec<Case> {
    let real: Vec<String> = serde_json::from_str(REAL).unwrap();
    let known: BTreeSet<&String> = real.iter().collect();
    let mut made = made();
    made.retain(|range| !known.contains(range));
    let room = RANGES - real.len();
    // Evenly out of all that were made.
    let made: Vec<String> = (0..room).map(|at| made[at * made.len() / room].clone()).collect();
    let real = real.into_iter().map(|range| (range, Origin::Real));
    let cases = real.chain(made.into_iter().map(|range| (range, Origin::Made)));
    cases.map(|(range, origin)| Case { versions: versions(&range), range, origin }).collect()
}

/// The versions around every one that a range names, then the usual ones.
fn versions(range: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in range.split(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c))) {
        let (core, prerelease) = word.split_once('-').unwrap_or((word, ""));
        let mut numbers = core.split('.').map(|part| part.trim_start_matches('v').parse::<u64>().ok());
        let Some(Some(major)) = numbers.next() else { continue };
        let (minor, patch) = (numbers.next().flatten().unwrap_or(0), numbers.next().flatten().unwrap_or(0));
        let next = |number: u64| number.saturating_add(1);
        let plain = [
            (major, minor, patch),
            (major, minor, next(patch)),
            (major, minor, patch.saturating_sub(1)),
            (major, next(minor), 0),
            (next(major), 0, 0),
            (major, minor.saturating_sub(1), patch),
            (major.saturating_sub(1), minor, patch),
        ];
        found.push(format!("{major}.{minor}.{patch}-{prerelease}"));
        found.extend(plain.iter().map(|(a, b, c)| format!("{a}.{b}.{c}")));
        found.extend(plain.iter().take(5).flat_map(|(a, b, c)| {
            ["0", "beta.1", "zeta"].map(|prerelease| format!("{a}.{b}.{c}-{prerelease}"))
        }));
    }
    found.extend(USUAL.map(str::to_owned));
    // Whatever number of versions a range names, there is a filling.
    found.extend((0..VERSIONS).map(|number| format!("5.{number}.1")));
    let mut seen = BTreeSet::new();
    let valid = |text: &String| text.parse::<cidery_protocol::Version>().is_ok();
    found.into_iter().filter(|text| valid(text) && seen.insert(text.clone())).take(VERSIONS).collect()
}

/// Every operator before every kind of version, alone and with others: the whole of npm's grammar, and its edges.
fn made() -> Vec<String> {
    let partial = [
        "1",
        "1.2",
        "1.2.3",
        "0",
        "0.0",
        "0.0.0",
        "0.0.3",
        "0.2.3",
        "0.1",
        "1.x",
        "1.2.x",
        "1.X.3",
        "1.*",
        "*",
        "x",
        "x.x.x",
        "1.2.3-beta",
        "1.2.3-beta.2",
        "1.2.3-0",
        "0.0.3-rc",
        "1.2.3+build",
        "1.2.3-beta+build",
        "v1.2.3",
        "1.2-beta",
        "1.x.x-beta",
        "01.2.3",
        "1.2.3-01",
        "1.2.3.4",
        "x.1",
        "*.1.2",
        "1.2.3-",
        "9007199254740991.0.0",
        "9007199254740992.0.0",
        "1.0.0-2024-01-05",
        "1.2.3beta",
        "",
    ];
    let operators = [
        "", "^", "~", "~>", "=", ">", ">=", "<", "<=", "^ ", "~ ", ">= ", "< ", "= ", "==", "=>", "^^", "~=",
        ">=^", "v",
    ];
    let mut found: Vec<String> = operators
        .iter()
        .flat_map(|operator| partial.iter().map(move |partial| format!("{operator}{partial}")))
        .collect();
    let simple = [
        "1",
        "^1.2",
        "~1.2.3",
        ">=1.2.3",
        "<2",
        "<=1.2.3-rc.1",
        "1.x",
        "*",
        "1.2.3",
        ">1",
        "^0.2",
        "2 - 3",
        ">=1.0.0-0",
    ];
    for left in simple {
        for right in simple {
            for between in [" ", " || ", "||", ", ", " - ", "  ", " && ", "| |", " ||| "] {
                found.push(format!("{left}{between}{right}"));
            }
        }
    }
    for odd in [
        "||",
        " || ",
        "|| ||",
        "1 ||",
        "|| 1",
        "1 || || 2",
        "latest",
        "next",
        "1 || latest",
        "!1.2.3",
        "1.2.3 -",
        "- 1",
        "1 -2",
        "1- 2",
        "1-2",
        " 1.2.3 ",
        "\t1.2.3",
        "1.2.3\n",
        ">=",
        "^",
        "~",
        "<",
        "=",
        "v",
        ">=1.2.3 <",
        "(1.2.3)",
        "[1,2)",
        "1,2",
        "1;2",
        ">1.2.3<2",
        "^1.2.3 ^1.4.0",
        "1.2.3 1.2.4",
        "=1.2.3 =1.2.3",
        ">=1.2.3 <=1.2.3",
        ">1.2.3 <1.2.3",
        "~1 ~2",
        ">=1.2.3-beta <1.2.3",
        ">=1.2.3-beta <2.0.0-0",
        "1.2.3 - 1.2.3",
        "1.2.3 - 1.2",
        "1 - 1",
        "2 - 1",
        "1.2 - 3.4.5-beta",
        "1.2.3-beta - 2.3.4",
        "* - 2",
        "1 - *",
        "x - x",
        "* *",
        "* || 1",
        "1.2.3 *",
        "~*",
        "^*",
        ">*",
        "<*",
        ">=*",
        "<=*",
        ">x",
        "<0",
        "<0.0.0",
        "<0.0.0-0",
        ">=0.0.0-0",
        "^0-0",
        "^0.0.0-0",
        "~0.0.0-0",
        "^1.2.3-",
        "1..2",
        ".1",
        "1.",
        "1.2.",
        "^1.",
        "a.b.c",
        "1.a.3",
        "1.2.a",
    ] {
        found.push(odd.to_owned());
    }
    let mut seen = BTreeSet::new();
    found.retain(|range| seen.insert(range.clone()));
    found
}
