//! Paths of archives' entries.

use unicode_normalization::UnicodeNormalization as _;

/// Bytes of a path.
const LIMIT: usize = 1024;

/// The segments of a path that stays where it is put, on any system; none for another.
pub(super) fn segments(raw: &[u8]) -> Option<Vec<&str>> {
    let path = std::str::from_utf8(raw).ok().filter(|path| path.len() <= LIMIT)?;
    if path.starts_with('/') || path.contains('\\') || path.chars().any(char::is_control) {
        return None;
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    // A drive letter would make the path absolute elsewhere.
    let leads_away = |segment: &&str| *segment == ".." || segment.ends_with(':');
    (!segments.iter().any(leads_away)).then_some(segments)
}

/// A path as file systems see it that fold case and Unicode's forms.
pub(super) fn folded(path: &str) -> String {
    path.nfc().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t15_only_paths_that_stay_within_are_taken() {
        assert_eq!(segments(b"package/./lib//a.js").unwrap(), ["package", "lib", "a.js"]);
        assert_eq!(segments(b"./").unwrap(), [""; 0]);
        assert_eq!(segments(&[b'a'; LIMIT]).unwrap().len(), 1);
        let long = [b'a'; LIMIT + 1];
        let bad: [&[u8]; 9] =
            [b"..", b"package/../x", b"/x", b"a\\b", b"C:/x", b"p/c:/x", b"a\nb", b"a\xff", &long];
        for path in bad {
            assert_eq!(segments(path), None, "{}", String::from_utf8_lossy(path));
        }
    }

    #[test]
    fn paths_fold_to_one() {
        assert_eq!(folded("A/É.js"), folded("a/e\u{301}.js"));
        assert_ne!(folded("a"), folded("b"));
    }
}
