//! Versions and ranges (SPEC §3): a version is Semantic Versioning 2.0.0 without build metadata, a range is npm's.

use std::{cmp::Ordering, fmt, str::FromStr};

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
        if version.major.max(version.minor).max(version.patch) > LARGEST {
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
    parsed: deno_semver::VersionReq,
}

impl Range {
    /// Whether a version satisfies the range.
    pub fn contains(&self, version: &Version) -> bool {
        deno_semver::Version::parse_from_npm(&version.to_string())
            .is_ok_and(|version| self.parsed.matches(&version))
    }

    /// The greatest of `versions` that satisfies the range.
    pub fn newest<'v>(&self, versions: impl IntoIterator<Item = &'v Version>) -> Option<&'v Version> {
        versions
            .into_iter()
            .filter(|version| self.contains(version))
            .max_by(|a, b| a.cmp(b).then(Ordering::Equal))
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
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(refused("only printable ASCII is allowed"));
        }
        let parsed = deno_semver::VersionReq::parse_from_npm(text)
            .map_err(|error| refused(error.to_string().lines().next().unwrap_or("not a range of npm")))?;
        if parsed.tag().is_some() {
            return Err(refused("a tag is not a range"));
        }
        Ok(Range { text: text.to_owned(), parsed })
    }
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
        for text in
            ["1", "1.2", "v1.2.3", "1.2.3+b", "01.2.3", "1.2.3-01", "1.2.3 ", "1.2.9007199254740992", ""]
        {
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
        ] {
            let parsed: Range = range.parse().expect("a range");
            assert_eq!(parsed.contains(&version(text)), wanted, "{range} on {text}");
        }
        assert!("latest".parse::<Range>().is_err());
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
