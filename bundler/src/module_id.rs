//! Neutral names: where a file stands in the virtual tree, and what output modules may be called.
//!
//! ```text
//! /p/app/<path>                          a file of the project
//! /p/npm/<name>@<version>/<path>         a file of a package
//! /p/npm/<name>@<version>_<n>/<path>     of a further copy, which sees other peer dependencies
//! /p/cidery/<path>                       a module that the bundler itself makes
//! ```
//!
//! No part depends on the machine, so neither does anything that the bundler derives from it.

/// The top of the virtual tree.
pub(crate) const ROOT: &str = "/p";
/// Where the project's files stand.
pub(crate) const APP: &str = "/p/app";
/// Where the packages stand.
pub(crate) const NPM: &str = "/p/npm";
/// Where the modules stand that are in no file.
pub(crate) const MADE: &str = "/p/cidery";

/// The virtual id as people see it: `app/src/index.ts`, `npm/hono@4.0.0/dist/index.js`.
pub(crate) fn shown(id: &str) -> &str {
    id.strip_prefix("/p/").unwrap_or(id)
}

/// The folder of the package a module belongs to (`hono@4.0.0`), none for the project's own modules.
pub(crate) fn package_folder(id: &str) -> Option<&str> {
    Some(leading(id.strip_prefix(NPM)?.strip_prefix('/')?).0)
}

/// Cuts a path after the name it begins with, scope included.
pub(crate) fn leading(path: &str) -> (&str, &str) {
    let slashes = if path.starts_with('@') { 1 } else { 0 };
    match path.match_indices('/').nth(slashes) {
        Some((at, _)) => (&path[..at], &path[at + 1..]),
        None => (path, ""),
    }
}

/// Makes one path segment of at most 64 letters, digits, `_` and `-` out of any name.
pub(crate) fn segment(name: &str) -> String {
    let clean: String = name
        .chars()
        .take(64)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
        .collect();
    if clean.is_empty() { "module".to_owned() } else { clean }
}

/// npm's grammar of names, as far as paths and URLs need it: `name` or `@scope/name`, each of URL-safe
/// characters and not beginning with a dot.
pub(crate) fn is_package_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~'))
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| part(scope) && part(name)),
        None => part(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_package_of_a_module() {
        assert_eq!(package_folder("/p/npm/hono@4.0.0/dist/index.js"), Some("hono@4.0.0"));
        assert_eq!(package_folder("/p/npm/@a/b@1.0.0_1/i.js"), Some("@a/b@1.0.0_1"));
        assert_eq!(package_folder("/p/app/src/index.ts"), None);
        assert_eq!(shown("/p/app/src/index.ts"), "app/src/index.ts");
    }

    #[test]
    fn names_stay_names() {
        for name in ["hono", "@hono/node-server", "JSONStream", "a.b", "_x"] {
            assert!(is_package_name(name), "{name}");
        }
        for name in ["", "..", ".x", "a/b", "@a", "@/b", "@a/..", "@a/b/c", "a b", "a\0", "é"] {
            assert!(!is_package_name(name), "{name}");
        }
        assert_eq!(segment("[slug].page"), "_slug__page");
        assert_eq!(segment(""), "module");
    }
}
