//! Paths of modules (SPEC §5.1): relative, ASCII, and without anything that a file system or a URL would read otherwise.

use std::collections::BTreeSet;

use crate::{Error, error::quote, limits};

/// # Errors
/// [`Error::Path`] where a path is not allowed, they are not sorted by bytes, two are equal but for case, or one is a
/// folder of another.
pub(crate) fn check_all<'p>(paths: impl Iterator<Item = &'p str> + Clone) -> Result<(), Error> {
    let mut files = BTreeSet::new();
    let mut before: Option<&str> = None;
    for path in paths.clone() {
        check(path)?;
        if before.is_some_and(|before| before >= path) {
            return Err(refused(path, "the modules are not sorted by path, or one is there twice"));
        }
        if !files.insert(path.to_ascii_lowercase()) {
            return Err(refused(path, "another path differs only in case"));
        }
        before = Some(path);
    }
    for path in paths {
        let lower = path.to_ascii_lowercase();
        if lower.match_indices('/').any(|(end, _)| files.contains(&lower[..end])) {
            return Err(refused(path, "another module is where its folder would be"));
        }
    }
    Ok(())
}

/// Whether a path is allowed by itself.
pub(crate) fn is_allowed(path: &str) -> bool {
    check(path).is_ok()
}

fn check(path: &str) -> Result<(), Error> {
    if path.is_empty() || path.len() > limits::PATH_CHARS {
        return Err(refused(path, "a path has 1 to 512 characters"));
    }
    if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@+~-/".contains(&byte)) {
        return Err(refused(path, "only A-Z, a-z, 0-9 and . _ @ + ~ - / are allowed"));
    }
    for segment in path.split('/') {
        match segment {
            "" => return Err(refused(path, "a path is relative, and no segment is empty")),
            "." | ".." => return Err(refused(path, "a path has no segments . and ..")),
            _ if segment.ends_with('.') => return Err(refused(path, "no segment ends with a dot")),
            _ => {}
        }
    }
    Ok(())
}

fn refused(path: &str, reason: &'static str) -> Error {
    Error::Path { got: quote(path), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t15_paths_that_leave_the_folder_or_collide_are_refused() {
        for path in [
            "..", "../a", "a/../b", "./a", "/a", "a//b", "a/", "a\\b", "C:/a", "a\0b", "a b", "é", "", "a./b",
        ] {
            assert!(check_all([path].into_iter()).is_err(), "{path:?} passed");
        }
        for paths in [["B.js", "b.js"], ["a", "a/b"], ["A/x", "a"], ["b", "a"], ["a", "a"]] {
            assert!(check_all(paths.into_iter()).is_err(), "{paths:?} passed");
        }
        assert_eq!(check_all(["a-b/c.js", "a/b.js", "a/c..d.js"].into_iter()), Ok(()));
    }
}
