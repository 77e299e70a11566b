//! What of a package can be imported: the names in its `exports`, and the files behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rolldown_common::ImportKind;
use rolldown_fs::OxcResolverFileSystem as _;
use serde_json::Value;

use super::Tree;
use super::resolvers::{Entry, Resolvers};
use crate::module_id::APP;
use crate::{BundleError, Skipped};

/// More names than any package needs; a manifest has room for twice as many.
const LIMIT: usize = 500;
/// What is read as code.
const CODE: [&str; 8] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"];

/// The names that a package can be imported by.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    /// The virtual ids of the modules, by name: `.`, `./x`.
    pub(crate) found: BTreeMap<String, String>,
    /// Names behind which there is no code.
    pub(crate) skipped: Vec<Skipped>,
}

/// Reads the `exports` of the package that the project knows as `name`, in the virtual folder `folder`. Without
/// `exports` it is the package itself; `more` names further files, which npm lets everybody import then.
///
/// # Errors
///
/// [`BundleError::NoExport`] where there is nothing to import at all, or nothing by a name in `more`.
pub(crate) fn exports(
    tree: &Tree,
    name: &str,
    folder: &str,
    more: &[String],
    conditions: &[String],
) -> Result<Exports, BundleError> {
    let bytes = tree.read(&Path::new(folder).join("package.json")).unwrap_or_default();
    let package: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let (mut names, skipped) = names(&package["exports"], &tree.paths(folder));
    names.extend(more.iter().cloned());
    let resolvers = Resolvers::new(tree, conditions)?;
    let importer = format!("{APP}/index.js");
    let mut exports = Exports { skipped, ..Exports::default() };
    let shown = folder.rsplit_once("/p/npm/").map_or(folder, |(_, id)| id);
    let refused = |import: &str, reason: &str| BundleError::NoExport {
        package: shown.to_owned(),
        import: import.to_owned(),
        reason: reason.to_owned(),
    };
    for import in names {
        let specifier = format!("{name}{}", &import[1..]);
        let found = resolvers.resolve(Some(&importer), &specifier, ImportKind::Import, Entry::Module);
        let reason = match found {
            Ok(found) if CODE.contains(&extension(&found.path)) && !is_types(&found.path) => {
                exports.found.insert(import, found.path);
                continue;
            }
            Ok(found) => {
                format!("{} is no code", found.path.trim_start_matches(folder).trim_start_matches('/'))
            }
            Err(_) => "no file is there under the conditions that hold".to_owned(),
        };
        if more.contains(&import) || import == "." {
            return Err(refused(&import, &reason));
        }
        exports.skipped.push(Skipped { name: import, reason });
    }
    if exports.found.is_empty() {
        return Err(refused(".", "it exports no code"));
    }
    Ok(exports)
}

/// The names in an `exports` map, with those that its patterns stand for, and the patterns that stand for too many.
fn names(exports: &Value, files: &[String]) -> (BTreeSet<String>, Vec<Skipped>) {
    let own = || (BTreeSet::from([".".to_owned()]), Vec::new());
    let Value::Object(map) = exports else { return own() };
    if !map.keys().any(|key| key.starts_with('.')) {
        return own();
    }
    let is_wanted = |name: &str| name != "./package.json" && !name.ends_with('/');
    let (patterns, plain): (Vec<_>, Vec<_>) = map.iter().partition(|(key, _)| key.contains('*'));
    let mut names: BTreeSet<String> = plain
        .into_iter()
        .filter(|(key, target)| is_wanted(key) && !target.is_null())
        .map(|(key, _)| key.clone())
        .collect();
    let mut skipped = Vec::new();
    for (key, target) in patterns {
        let Some((before, after)) = key.split_once('*') else { continue };
        let mut stars = BTreeSet::new();
        targets(target, &mut |target| stars.extend(matches(target, files)));
        let stood_for: Vec<String> = stars
            .into_iter()
            .map(|star| format!("{before}{star}{after}"))
            .filter(|name| is_wanted(name) && !is_types(name) && CODE.contains(&extension_or_code(name)))
            .collect();
        // All of them, or none: half of a pattern helps nobody.
        if names.len() + stood_for.len() <= LIMIT {
            names.extend(stood_for);
        } else {
            let reason = format!("it stands for {} names: name those that are wanted", stood_for.len());
            skipped.push(Skipped { name: key.clone(), reason });
        }
    }
    (names, skipped)
}

/// All paths in a target: conditions and lists hold further ones.
fn targets<'v>(target: &'v Value, each: &mut impl FnMut(&'v str)) {
    match target {
        Value::String(path) => each(path),
        Value::Array(list) => list.iter().for_each(|target| targets(target, each)),
        Value::Object(map) => map.values().for_each(|target| targets(target, each)),
        _ => {}
    }
}

/// What the star of a target stands for, by the files that there are.
fn matches<'f>(target: &str, files: &'f [String]) -> impl Iterator<Item = String> + use<'f> {
    let pattern = target.trim_start_matches("./").split_once('*');
    let pattern = pattern.map(|(before, after)| (before.to_owned(), after.to_owned()));
    files.iter().filter_map(move |file| {
        let (before, after) = pattern.as_ref()?;
        let star = file.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
        (!star.is_empty()).then(|| star.to_owned())
    })
}

fn extension(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Names often go without an extension.
fn extension_or_code(name: &str) -> &str {
    match extension(name) {
        "" => "js",
        extension => extension,
    }
}

fn is_types(path: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(exports: Value) -> Vec<String> {
        let files = ["a.js", "b.mjs", "lib/c.js", "lib/d/e.js", "lib/c.d.ts", "style.css"];
        names(&exports, &files.map(str::to_owned)).0.into_iter().collect()
    }

    #[test]
    fn names_are_those_of_npm() {
        assert_eq!(named(Value::Null), ["."]);
        assert_eq!(named(json!("./a.js")), ["."]);
        assert_eq!(named(json!({ "import": "./a.js" })), ["."]);
        assert_eq!(
            named(
                json!({ ".": "./a.js", "./b": { "import": "./b.mjs" }, "./package.json": "./package.json", "./no": null })
            ),
            [".", "./b"]
        );
        assert_eq!(
            named(json!({ "./*": { "types": "./lib/*.d.ts", "default": "./lib/*.js" } })),
            ["./c", "./d/e"]
        );
        assert_eq!(named(json!({ "./*": "./*" })), ["./a.js", "./b.mjs", "./lib/c.js", "./lib/d/e.js"]);
    }

    #[test]
    fn a_pattern_that_stands_for_too_much_stands_for_nothing() {
        let files: Vec<String> = (0..=LIMIT).map(|at| format!("lib/{at}.js")).collect();
        let map = json!({ ".": "./lib/0.js", "./*": "./lib/*.js" });
        let (names, skipped) = names(&map, &files);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["."]);
        assert_eq!(skipped.into_iter().map(|skipped| skipped.name).collect::<Vec<_>>(), ["./*"]);
    }
}
