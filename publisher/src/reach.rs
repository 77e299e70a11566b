//! Which of Node's modules some code reaches: a package may need them for one of its exports, and not for the others.

use std::collections::BTreeSet;

use cidery_bundler::imported_by;

/// The built-in modules of Node.js that are imported from the modules at `start`, or from what these import; `code_of`
/// knows each module by its name in the isolate.
pub(crate) fn node_builtins<'c>(
    start: impl IntoIterator<Item = String>,
    code_of: impl Fn(&str) -> Option<&'c [u8]>,
) -> BTreeSet<String> {
    let mut open: Vec<String> = start.into_iter().collect();
    let (mut known, mut found) = (BTreeSet::new(), BTreeSet::new());
    while let Some(name) = open.pop() {
        if !known.insert(name.clone()) {
            continue;
        }
        let code = code_of(&name).and_then(|code| std::str::from_utf8(code).ok()).unwrap_or_default();
        for specifier in imported_by(code) {
            if specifier.starts_with("node:") {
                found.insert(specifier);
            } else if specifier.starts_with('.') {
                open.push(joined(&name, &specifier));
            }
        }
    }
    found
}

/// The name of the module that a relative specifier stands for.
pub(crate) fn joined(importer: &str, specifier: &str) -> String {
    let mut segments: Vec<&str> = importer.split('/').collect();
    segments.pop();
    for segment in specifier.split('/') {
        match segment {
            "." => {}
            ".." => _ = segments.pop(),
            segment => segments.push(segment),
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_is_what_counts() {
        let code_of = |name: &str| {
            let code = match name {
                "a/index.js" => "import './lib/x.js'; import('../b/index.js');",
                "a/lib/x.js" => "import '../index.js'; export * from 'node:fs';",
                "b/index.js" => "import { a } from \"node:path\";",
                "b/other.js" => "import 'node:os';",
                _ => return None,
            };
            Some(code.as_bytes())
        };
        let reached = |name: &str| Vec::from_iter(node_builtins([name.to_owned()], code_of));
        assert_eq!(reached("a/index.js"), ["node:fs", "node:path"]);
        assert_eq!(reached("b/index.js"), ["node:path"]);
        assert_eq!(reached("c.js"), Vec::<String>::new());
    }
}
