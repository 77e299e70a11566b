//! Whether a registry describes a package as its archive does.
//!
//! Dependencies are resolved by the registry's description, which nobody but the registry vouches for, and the code
//! comes from the archive, with a `package.json` of its own. One that differs from the other hides dependencies from
//! whoever reads the other ("manifest confusion"). `bin`, `exports`, `main` and `scripts` are not compared: they are
//! read from the archive alone, or, scripts, not at all.

use std::collections::{BTreeMap, BTreeSet};

use deno_semver::Version;
use serde_json::{Map, Value, json};

use crate::BundleError;

/// The most of a value that an error shows.
const SHOWN: usize = 300;

/// Refuses a package whose archive says something else than its registry about what a resolver reads.
///
/// What npm itself changes between `package.json` and its description is no difference: optional and bundled
/// dependencies listed among the required ones, spelling of versions, white space, empty lists, other forms of git
/// addresses.
///
/// # Errors
///
/// The field, with both values.
pub(super) fn agree(
    name: &str,
    version: &str,
    described: &Map<String, Value>,
    archived: &Map<String, Value>,
) -> Result<(), BundleError> {
    let mut wanted = fields(described);
    wanted[0].1 = json!(name);
    wanted[1].1 = json!(canonical(version));
    for ((field, wanted), (_, got)) in wanted.into_iter().zip(fields(archived)) {
        if got != wanted {
            let package = format!("{name}@{version}");
            return Err(BundleError::ManifestConfusion {
                package,
                field,
                got: shown(&got),
                wanted: shown(&wanted),
            });
        }
    }
    Ok(())
}

/// What a resolver reads, in one form for all spellings.
fn fields(manifest: &Map<String, Value>) -> [(&'static str, Value); 9] {
    let text = |field| manifest.get(field).and_then(Value::as_str).map(str::trim);
    let (mut required, optional) = (specs(manifest, "dependencies"), specs(manifest, "optionalDependencies"));
    let bundled = bundled(manifest, &required);
    // npm adds what is bundled and not declared.
    for name in &bundled {
        required.entry(name.clone()).or_insert_with(|| "*".to_owned());
    }
    required.retain(|name, _| !optional.contains_key(name));
    let optional_peers: BTreeSet<&String> = manifest
        .get("peerDependenciesMeta")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, meta)| meta.get("optional") == Some(&Value::Bool(true)))
        .map(|(name, _)| name)
        .collect();
    [
        ("name", json!(text("name"))),
        ("version", json!(text("version").map(canonical))),
        ("dependencies", json!(required)),
        ("optionalDependencies", json!(optional)),
        ("peerDependencies", json!(specs(manifest, "peerDependencies"))),
        ("peerDependenciesMeta", json!(optional_peers)),
        ("bundleDependencies", json!(bundled)),
        ("os", json!(list(manifest.get("os")))),
        ("cpu", json!(list(manifest.get("cpu")))),
    ]
}

/// A version without `v`, `=`, white space and build metadata, as npm writes it.
fn canonical(version: &str) -> String {
    let bare = version.trim().trim_start_matches(['v', '=', ' ']);
    match Version::parse_from_npm(bare) {
        Ok(mut version) => {
            version.build.clear();
            version.to_string()
        }
        Err(_) => bare.to_owned(),
    }
}

/// A list of dependencies. Ancient ones are not maps, but texts or lists of `name@range`.
fn specs(manifest: &Map<String, Value>, field: &str) -> BTreeMap<String, String> {
    match manifest.get(field) {
        Some(Value::Object(map)) => {
            let line =
                |(name, spec): (&String, &Value)| Some((name.trim().to_owned(), range(spec.as_str()?)));
            map.iter().filter_map(line).collect()
        }
        Some(Value::String(text)) => {
            text.split([' ', ',', '\n', '\r', '\t']).filter(|line| !line.is_empty()).map(line).collect()
        }
        other => list(other).iter().map(|text| line(text)).collect(),
    }
}

fn line(text: &str) -> (String, String) {
    let ends = |(at, letter): &(usize, char)| *at > 0 && matches!(letter, '@' | ' ' | '<' | '>' | '=');
    let at = text.char_indices().find(ends).map_or(text.len(), |(at, _)| at);
    let (name, rest) = text.split_at(at);
    (name.to_owned(), range(rest.trim_start_matches('@')))
}

/// A range without needless white space; one word for all that is in no registry: npm rewrites such addresses, and
/// here none is taken.
fn range(spec: &str) -> String {
    let spec = spec.split_whitespace().collect::<Vec<_>>().join(" ");
    if spec.is_empty() {
        "*".to_owned()
    } else if spec.contains([':', '/']) && !spec.starts_with("npm:") {
        "(in no registry)".to_owned()
    } else {
        spec
    }
}

/// The names of the dependencies that are in the archive; `true` stands for all.
fn bundled(manifest: &Map<String, Value>, required: &BTreeMap<String, String>) -> BTreeSet<String> {
    match manifest.get("bundleDependencies").or_else(|| manifest.get("bundledDependencies")) {
        Some(Value::Bool(true)) => required.keys().cloned().collect(),
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        other => list(other).into_iter().collect(),
    }
}

/// A list of texts; a text is a list of one.
fn list(value: Option<&Value>) -> BTreeSet<String> {
    match value {
        Some(Value::String(text)) => [text.clone()].into(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(described: Value, archived: Value) -> Result<(), BundleError> {
        let map = |value: Value| match value {
            Value::Object(mut map) => {
                map.entry("name").or_insert_with(|| json!("p"));
                map.entry("version").or_insert_with(|| json!("1.0.0"));
                map
            }
            other => panic!("{other}"),
        };
        agree("p", "1.0.0", &map(described), &map(archived))
    }

    #[test]
    fn what_npm_changes_is_no_difference() {
        for (described, archived) in [
            (json!({}), json!({})),
            (json!({ "dependencies": {} }), json!({})),
            (json!({}), json!({ "version": " v1.0.0" })),
            (json!({}), json!({ "version": "=1.0.0+build" })),
            (json!({}), json!({ "name": " p " })),
            (json!({ "dependencies": { "a": "1" } }), json!({ "dependencies": { "a": " 1 " } })),
            (json!({ "dependencies": { "a": "" } }), json!({ "dependencies": { "a": "*" } })),
            (
                json!({ "dependencies": { "o": "1" }, "optionalDependencies": { "o": "1" } }),
                json!({ "optionalDependencies": { "o": "1" } }),
            ),
            (
                json!({ "dependencies": { "b": "*" }, "bundleDependencies": ["b"] }),
                json!({ "bundledDependencies": ["b"] }),
            ),
            (
                json!({ "dependencies": { "b": "1" }, "bundleDependencies": ["b"] }),
                json!({ "dependencies": { "b": "1" }, "bundleDependencies": true }),
            ),
            (json!({}), json!({ "bundleDependencies": false })),
            (
                json!({ "dependencies": { "g": "git+https://example.org/a/g.git" } }),
                json!({ "dependencies": { "g": "a/g" } }),
            ),
            (
                json!({ "dependencies": { "a": ">=1", "b": "2", "c": "*" } }),
                json!({ "dependencies": ["a>=1", "b@2", "c"] }),
            ),
            (json!({ "os": ["linux"] }), json!({ "os": "linux" })),
            (
                json!({ "bin": { "p": "x" }, "scripts": {} }),
                json!({ "exports": "./x.js", "devDependencies": { "d": "1" } }),
            ),
        ] {
            compare(described.clone(), archived.clone())
                .unwrap_or_else(|error| panic!("{archived}: {error}"));
        }
    }

    #[test]
    fn t9_each_field_that_a_resolver_reads_must_agree() {
        for (field, described, archived) in [
            ("name", json!({}), json!({ "name": "q" })),
            ("name", json!({}), json!({ "name": null })),
            ("version", json!({}), json!({ "version": "1.0.1" })),
            ("dependencies", json!({}), json!({ "dependencies": { "evil": "1" } })),
            ("dependencies", json!({ "dependencies": { "evil": "1" } }), json!({})),
            (
                "dependencies",
                json!({ "dependencies": { "a": "1" } }),
                json!({ "dependencies": { "a": "2" } }),
            ),
            (
                "dependencies",
                json!({ "dependencies": { "a": "npm:evil@1" } }),
                json!({ "dependencies": { "a": "1" } }),
            ),
            (
                "dependencies",
                json!({ "dependencies": { "a": "1" }, "optionalDependencies": { "a": "1" } }),
                json!({ "dependencies": { "a": "1" } }),
            ),
            ("optionalDependencies", json!({ "optionalDependencies": { "a": "1" } }), json!({})),
            ("peerDependencies", json!({ "peerDependencies": { "a": "1" } }), json!({})),
            (
                "peerDependenciesMeta",
                json!({ "peerDependenciesMeta": { "a": { "optional": true } } }),
                json!({}),
            ),
            (
                "bundleDependencies",
                json!({ "dependencies": { "a": "1" }, "bundleDependencies": ["a"] }),
                json!({ "dependencies": { "a": "1" } }),
            ),
            ("os", json!({ "os": ["linux"] }), json!({})),
            ("cpu", json!({}), json!({ "cpu": ["x64"] })),
        ] {
            let error = compare(described, archived.clone()).unwrap_err();
            match error {
                BundleError::ManifestConfusion { field: got, .. } => assert_eq!(got, field, "{archived}"),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn both_values_are_shown() {
        let error = compare(json!({}), json!({ "dependencies": { "evil": "1" } })).unwrap_err().to_string();
        assert!(error.contains(r#"{"evil":"1"}"#) && error.contains("{}"), "{error}");
        let long: Map<String, Value> = (0..500).map(|i| (format!("ä{i}"), json!("1"))).collect();
        let error = compare(json!({}), json!({ "dependencies": long })).unwrap_err().to_string();
        assert!(error.len() < 2000, "{error}");
    }
}
