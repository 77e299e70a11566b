//! Versions and ranges as npm reads them.

use deno_semver::{Version, VersionReq};

/// Whether a version is in an npm range; a tag takes any version.
pub(crate) fn satisfies(version: &str, range: &str) -> bool {
    match (Version::parse_from_npm(version), VersionReq::parse_from_npm(range)) {
        (Ok(version), Ok(range)) => range.tag().is_some() || range.matches(&version),
        _ => false,
    }
}
