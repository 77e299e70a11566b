//! Versions and ranges (SPEC §3): a version is Semantic Versioning 2.0.0 without build metadata, a range is npm's.

use std::{fmt, str::FromStr};

use deno_semver::{RangeBound, RangeSetOrTag, VersionBoundKind};
use serde::{Deserialize, Serialize};

use crate::{Error, error::quote, limits};

/// The largest number in a version: what npm's own parser holds, 2^53 − 1.
const LARGEST: u64 = (1 << 53) - 1;

/// A version of a package, ordered by precedence.
///
/// ```
/// use cidery_protocol::Version;
/// let (old, new): (Version, Version) = ("1.9.0".parse()?, "1.10.0-rc.1".parse()?);
/// assert!(old < new);
/// assert!("1.0.0+build".parse::<Version>().is_err());
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Version(semver::Version);

impl Version {
    /// Whether the version is a pre-release, which ranges take only where they name one of the same triple.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason: &str| Error::Version { got: quote(text), reason: reason.to_owned() };
        if text.len() > limits::VERSION_CHARS {
            return Err(refused("longer than 128 characters"));
        }
        let version = semver::Version::parse(text).map_err(|error| refused(&error.to_string()))?;
        if !version.build.is_empty() {
            return Err(refused("build metadata is not allowed"));
        }
        if !numbers_are_small(text) {
            return Err(refused("a number is over 2^53 - 1"));
        }
        if version.to_string() != text {
            return Err(refused("not in canonical form"));
        }
        Ok(Version(version))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

impl TryFrom<String> for Version {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// A range of versions as npm reads it: `^1.2`, `1.x || >=3.0.0-rc.1`, `*`, `1.2.3` (just that version).
/// Tags such as `latest` are not ranges.
///
/// ```
/// use cidery_protocol::{Range, Version};
/// let range: Range = "^1.2 || 3".parse()?;
/// assert!(range.contains(&"1.9.0".parse()?));
/// assert!(!range.contains(&"2.0.0".parse()?));
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
#[derive(Clone)]
pub struct Range {
    text: String,
    /// Each is parsed by itself: in a whole text, the parser leaves out an alternative that is none.
    alternatives: Vec<deno_semver::VersionReq>,
}

impl Range {
    /// Whether a version satisfies the range.
    pub fn contains(&self, version: &Version) -> bool {
        deno_semver::Version::parse_from_npm(&version.to_string())
            .is_ok_and(|version| self.alternatives.iter().any(|alternative| alternative.matches(&version)))
    }

    /// The greatest of `versions` that satisfies the range.
    pub fn newest<'v>(&self, versions: impl IntoIterator<Item = &'v Version>) -> Option<&'v Version> {
        versions.into_iter().filter(|version| self.contains(version)).max()
    }

    /// Whether no version from this one on satisfies the range: it is above the upper bound of each alternative.
    pub fn ends_below(&self, version: &Version) -> bool {
        let Ok(version) = deno_semver::Version::parse_from_npm(&version.to_string()) else { return false };
        let below = |bound: &RangeBound| match bound {
            RangeBound::Version(bound) => match bound.kind {
                VersionBoundKind::Inclusive => bound.version < version,
                VersionBoundKind::Exclusive => bound.version <= version,
            },
            RangeBound::Unbounded => false,
        };
        self.alternatives.iter().all(|alternative| match alternative.inner() {
            RangeSetOrTag::RangeSet(set) => set.0.iter().all(|range| below(&range.end)),
            RangeSetOrTag::Tag(_) => true,
        })
    }

    /// Whether the range names a pre-release, by its text: a hyphen that follows no space. Other ranges contain none.
    pub fn names_prerelease(&self) -> bool {
        let text = self.text.as_bytes();
        text.windows(2).any(|pair| pair[0] != b' ' && pair[1] == b'-')
    }

    /// The range as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Range {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason: &str| Error::Range { got: quote(text), reason: reason.to_owned() };
        if text.len() > limits::RANGE_CHARS {
            return Err(refused("longer than 256 characters"));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" .*+-<>=~^|".contains(&byte);
        if !text.bytes().all(allowed) {
            return Err(refused("only A-Z, a-z, 0-9, spaces and . * + - < > = ~ ^ | are allowed"));
        }
        if text.split(|c: char| " <>=~^|*".contains(c)).any(has_leading_zero) {
            return Err(refused("a number begins with 0"));
        }
        // The parser computes the next version without looking whether there is one.
        if !numbers_are_small(text) {
            return Err(refused("a number is over 2^53 - 1"));
        }
        let mut alternatives = Vec::new();
        for alternative in text.split("||") {
            if alternative.trim().is_empty() && text.contains("||") {
                return Err(refused("an alternative is empty: write `*` for all versions"));
            }
            let parsed = deno_semver::VersionReq::parse_from_npm(alternative)
                .map_err(|error| refused(error.to_string().lines().next().unwrap_or("not a range of npm")))?;
            if parsed.tag().is_some() {
                return Err(refused("a tag is not a range"));
            }
            if !is_in_grammar(alternative) {
                return Err(refused("not in the grammar that npm documents"));
            }
            // npm lets it stand for the whole, and with it go the pre-releases that another alternative names.
            let names_prerelease = |word: &str| word.len() > 1 && word.contains('-');
            if takes_all(alternative) && text.contains("||") && text.split([' ', '|']).any(names_prerelease) {
                return Err(refused("an alternative takes all versions: leave the others out"));
            }
            // The parser narrows a conjunction that nothing satisfies to one version, which would then satisfy it.
            if is_conjunction(alternative) && is_point(&parsed) {
                return Err(refused("a conjunction leaves no version, or a single one: write that version"));
            }
            alternatives.push(parsed);
        }
        Ok(Range { text: text.to_owned(), alternatives })
    }
}

/// Whether every run of digits is a number that npm's parser can hold.
fn numbers_are_small(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
        .all(|digits| digits.is_empty() || digits.parse::<u64>().is_ok_and(|number| number <= LARGEST))
}

/// Whether a number of a version, or of a part of one, begins with 0. In a pre-release only what is between dots can be a number:
/// `1.0.0-2024-01-05` has one identifier, and no number in it.
fn has_leading_zero(version: &str) -> bool {
    let (version, _) = version.split_once('+').unwrap_or((version, ""));
    let (core, prerelease) = version.split_once('-').unwrap_or((version, ""));
    core.split('.')
        .chain(prerelease.split('.'))
        .any(|word| word.len() > 1 && word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether an alternative is `range` in the grammar of npm's documentation. Beyond it parsers take more, each something else: numbers after
/// a placeholder, pre-releases of a part of a version, doubled operators.
fn is_in_grammar(alternative: &str) -> bool {
    let words: Vec<&str> = alternative.split_whitespace().collect();
    if let [from, "-", to] = words[..] {
        return is_partial(from) && is_partial(to);
    }
    let mut operator_alone = false;
    words.iter().all(|word| {
        let rest = word.trim_start_matches(['<', '>', '=', '~', '^']);
        let operator = &word[..word.len() - rest.len()];
        let known = matches!(operator, "" | "<" | "<=" | ">" | ">=" | "=" | "~" | "~>" | "^");
        let fits = known && (!operator_alone || operator.is_empty()) && (rest.is_empty() || is_partial(rest));
        operator_alone = rest.is_empty();
        fits
    }) && !operator_alone
}

/// Whether a word is `partial` in that grammar: `1`, `1.x`, `v1.2.3-rc.1`.
fn is_partial(word: &str) -> bool {
    let word = word.strip_prefix('v').unwrap_or(word);
    let (core, qualified) = match word.find(['-', '+']) {
        Some(at) => (&word[..at], true),
        None => (word, false),
    };
    let parts: Vec<&str> = core.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = parts.iter().take_while(|part| is_number(part)).count();
    parts.len() <= 3
        && parts[numbers..].iter().all(|part| matches!(*part, "x" | "X" | "*"))
        && (!qualified || numbers == 3)
}

/// Whether an alternative is nothing but placeholders.
fn takes_all(alternative: &str) -> bool {
    alternative
        .trim()
        .trim_start_matches(['^', '~', '>', '=', 'v'])
        .chars()
        .all(|c| matches!(c, 'x' | 'X' | '*' | '.' | ' '))
}

/// Whether several comparators must hold at once. A hyphen range is one.
fn is_conjunction(alternative: &str) -> bool {
    let operators = |word: &&str| !word.chars().all(|c| "<>=~^v".contains(c));
    let words: Vec<&str> = alternative.split_whitespace().filter(operators).collect();
    words.len() > 1 && !(words.len() == 3 && words[1] == "-")
}

/// Whether lower and upper bound are one version.
fn is_point(parsed: &deno_semver::VersionReq) -> bool {
    let RangeSetOrTag::RangeSet(set) = parsed.inner() else { return false };
    set.0.iter().any(|range| match (&range.start, &range.end) {
        (RangeBound::Version(start), RangeBound::Version(end)) => start.version == end.version,
        _ => false,
    })
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn versions_are_canonical() {
        for text in [
            "1",
            "1.2",
            "v1.2.3",
            "1.2.3+b",
            "01.2.3",
            "1.2.3-01",
            "1.2.3 ",
            "1.2.9007199254740992",
            "1.0.0-99999999999999999999",
            "",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text:?} passed");
        }
        assert_eq!(version("1.2.3-rc.1").to_string(), "1.2.3-rc.1");
    }

    #[test]
    fn ranges_are_npms() {
        for (range, text, wanted) in [
            ("^1.2.3", "1.9.9", true),
            ("^1.2.3", "2.0.0", false),
            ("^0.2.3", "0.3.0", false),
            ("1.2.3", "1.2.4", false),
            ("1.2.3", "1.2.3", true),
            ("", "1.0.0", true),
            ("*", "1.0.0-rc.1", false),
            (">=1.0.0-rc.1", "1.0.0-rc.2", true),
            ("1 - 2", "2.9.9", true),
            ("~1.2 || >=3", "3.1.0", true),
            ("1.0.0-2024-01-05", "1.0.0-2024-01-05", true),
            ("^1.0.0-nightly-01.2", "1.0.0-nightly-01.3", true),
        ] {
            let parsed: Range = range.parse().expect("a range");
            assert_eq!(parsed.contains(&version(text)), wanted, "{range} on {text}");
        }
        assert!("latest".parse::<Range>().is_err());
    }

    #[test]
    fn t27_numbers_that_no_version_has_are_refused() {
        for range in [
            "1 - 18446744073709551615",
            "^18446744073709551615",
            "~1.18446744073709551615",
            ">18446744073709551615",
            "<=1.0.0-99999999999999999999",
            "9007199254740992",
        ] {
            assert!(range.parse::<Range>().is_err(), "{range}");
        }
        let largest: Range =
            "^9007199254740991.9007199254740991.9007199254740991".parse().expect("the largest");
        assert!(!largest.contains(&version("1.0.0")));
    }

    #[test]
    fn what_npm_does_not_read_is_refused() {
        for range in [
            "1.2.3, 2",
            "2 && 3",
            "^1 || latest",
            "1 || v",
            "1 || 3X",
            "0.0.02",
            ">=01",
            "1.2.3-01",
            "1.2.3-a.01",
            "1 - 02.3.4-0-0",
            "a! || 1",
            "1/2",
            "latest",
            "1\t2",
            "\u{1d7d9}",
            "1.x.3",
            "^1.2-beta",
            "1.x.x-beta",
            "1.2.3beta",
            "==1.2",
            "~=1.2.3",
            ">= >=1",
            "1 >",
            "1.2.3.4",
            "<=1.2.3-rc.1 || *",
        ] {
            assert!(range.parse::<Range>().is_err(), "{range}");
        }
    }

    #[test]
    fn conjunctions_that_leave_nothing_are_refused() {
        for range in [
            "^3.0.2 <=0.0.3",
            "2.0.0 >= 2.2.3 || 3.0.3",
            "=1.0.0 v2.2.1-beta.1",
            ">2.x v2.0.0-0",
            ">=1.2.3 <=1.2.3",
            "~2 || ",
            "|| 1",
            ">3 <2",
        ] {
            assert!(range.parse::<Range>().is_err(), "{range}");
        }
        for range in
            ["", " ", "1.2.3 - 1.2.3", ">= 1.2.3", ">=1 <3", "1.2.3", "= 1.2.3 || =2.0.0", "^1.2 <1.5 || 3.x"]
        {
            assert!(range.parse::<Range>().is_ok(), "{range}");
        }
    }

    #[test]
    fn the_newest_is_by_precedence() {
        let versions = ["1.2.0", "1.10.0", "1.9.0", "2.0.0"].map(version);
        let range: Range = "^1".parse().expect("a range");
        assert_eq!(range.newest(&versions), Some(&versions[1]));
    }

    #[test]
    fn t27_long_ranges_are_refused_before_they_are_read() {
        assert!("1 || ".repeat(1 << 18).parse::<Range>().is_err());
    }
}
