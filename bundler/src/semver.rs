//! Versions and ranges as npm reads them.

use deno_semver::{Version, VersionReq};

/// Whether a version is in an npm range; a tag takes any version.
pub(crate) fn satisfies(version: &str, range: &str) -> bool {
    match (Version::parse_from_npm(version), VersionReq::parse_from_npm(range)) {
        (Ok(version), Ok(range)) => range.tag().is_some() || range.matches(&version),
        _ => false,
    }
}

/// What npm's loose mode makes of a range with words that are no comparators: it leaves them out. None where there are
/// no such words, or nothing else.
pub(crate) fn without_unreadable(range: &str) -> Option<String> {
    let readable = |word: &&str| VersionReq::parse_from_npm(word).is_ok_and(|range| range.tag().is_none());
    let words: Vec<&str> = range.split_whitespace().collect();
    let left: Vec<&str> = words.iter().copied().filter(readable).collect();
    (!left.is_empty() && left.len() < words.len()).then(|| left.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_npm_cannot_read_are_left_out() {
        assert_eq!(without_unreadable("^>=6.0.0 <=6.1.1").as_deref(), Some("<=6.1.1"));
        assert_eq!(without_unreadable(">=1.0.0 <2"), None);
        assert_eq!(without_unreadable("github:a/b"), None);
    }
}
