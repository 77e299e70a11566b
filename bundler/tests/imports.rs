//! npm packages as packages of their own, and packages that stay outside of a bundle.

mod support;

use std::collections::BTreeMap;

use cidery_bundler::{Bundle, BundleError, Import, Imported, Link, LinkedModule, Options, import};
use serde_json::{Value, json};
use support::workerd::run;
use support::{Project, Registry, main_code};

async fn imported(registry: &Registry, name: &str, more: &[&str]) -> Result<Imported, BundleError> {
    let cache = tempfile::tempdir().unwrap();
    let url = Some(registry.url().to_owned());
    let options = Options { registry: url, minify: false, ..Options::new(cache.path()) };
    let more = more.iter().map(ToString::to_string).collect();
    let wanted = Import { name: name.to_owned(), range: "*".to_owned(), locked: None, more };
    import(&wanted, &options, &()).await
}

/// The value of what a package exports by a name.
fn value(bundle: &Bundle, name: &str) -> Value {
    let main = bundle.exports.get(name).unwrap_or(&bundle.main).clone();
    run(&Bundle { main, ..bundle.clone() })
}

fn names(imported: &Imported) -> Vec<&str> {
    imported.bundle.exports.keys().map(String::as_str).collect()
}

fn skipped(imported: &Imported) -> Vec<&str> {
    imported.skipped.iter().map(|skipped| skipped.name.as_str()).collect()
}

#[tokio::test]
async fn each_export_is_an_entry_and_what_they_share_is_there_once() {
    let mut registry = Registry::start();
    registry.publish(
        json!({ "name": "shared", "version": "1.0.0", "type": "module", "main": "index.js" }),
        &[("index.js", "export default 'the shared text';")],
    );
    let announced = registry.publish(
        json!({ "name": "@s/lib", "version": "2.1.0", "type": "module", "dependencies": { "shared": "^1" },
                "exports": {
                    ".": { "types": "./index.d.ts", "workerd": "./edge.js", "default": "./node.js" },
                    "./old": { "require": "./old.cjs", "default": "./old.cjs" },
                    "./parts/*": "./parts/*.js",
                    "./parts/internal": null,
                    "./style.css": "./style.css",
                    "./types": { "types": "./index.d.ts" },
                    "./package.json": "./package.json" } }),
        &[
            ("edge.js", "import shared from 'shared'; export default 'edge with ' + shared;"),
            ("node.js", "import fs from 'node:fs'; export default fs;"),
            ("old.cjs", "exports.old = true; exports.shared = require('shared').default;"),
            ("parts/a.js", "import shared from 'shared'; export default 'a with ' + shared;"),
            ("parts/b/c.js", "export default 'c';"),
            ("parts/internal.js", "export default 'no';"),
            ("index.d.ts", "export default 1;"),
            ("style.css", "a {}"),
        ],
    );
    let imported = imported(&registry, "@s/lib", &[]).await.unwrap();
    let package = &imported.package;
    assert_eq!((package.name.as_str(), package.version.as_str()), ("@s/lib", "2.1.0"));
    assert_eq!(package.integrity, announced);
    assert_eq!(names(&imported), [".", "./old", "./parts/a", "./parts/b/c"]);
    assert_eq!(skipped(&imported), ["./parts/internal", "./style.css", "./types"]);

    let bundle = &imported.bundle;
    assert_eq!(bundle.exports["."], bundle.main);
    let holding = |text: &str| {
        let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(text);
        bundle.modules.iter().filter(|module| holds(&module.bytes)).count()
    };
    assert_eq!(holding("the shared text"), 1);
    assert_eq!(value(bundle, "."), "edge with the shared text");
    assert_eq!(value(bundle, "./old"), json!({ "old": true, "shared": "the shared text" }));
    assert_eq!(value(bundle, "./parts/a"), "a with the shared text");
    assert_eq!(value(bundle, "./parts/b/c"), "c");
    assert!(bundle.node_builtins.is_empty(), "{:?}", bundle.node_builtins);
}

#[tokio::test]
async fn without_exports_it_is_the_package_and_what_is_named() {
    let mut registry = Registry::start();
    registry.publish(
        json!({ "name": "plain", "version": "1.0.0", "main": "lib" }),
        &[
            ("lib/index.js", "module.exports = require('./add')(1, 2);"),
            ("lib/add.js", "module.exports = (a, b) => a + b;"),
            ("two.js", "exports.two = require('./lib/add')(1, 1);"),
        ],
    );
    let alone = imported(&registry, "plain", &[]).await.unwrap();
    assert_eq!((names(&alone), alone.bundle.modules.len()), (vec![], 1));
    assert_eq!(value(&alone.bundle, "."), 3);

    let with = imported(&registry, "plain", &["./two"]).await.unwrap();
    assert_eq!(names(&with), [".", "./two"]);
    assert_eq!(value(&with.bundle, "./two"), json!({ "two": 2 }));
    let refused = imported(&registry, "plain", &["./three"]).await.unwrap_err();
    assert!(matches!(&refused, BundleError::NoExport { import, .. } if import == "./three"), "{refused}");
}

#[tokio::test]
async fn what_cannot_be_bundled_is_left_out_unless_it_is_the_package_itself() {
    let mut registry = Registry::start();
    let exports = json!({ ".": "./index.js", "./a": "./a.js", "./adapter": "./adapter.js", "./z": "./z.js" });
    let files = [
        ("index.js", "export default 'index';"),
        ("a.js", "export default 'a';"),
        ("adapter.js", "export { default } from 'not-installed';"),
        ("z.js", "export default 'z';"),
    ];
    registry.publish(
        json!({ "name": "adapted", "version": "1.0.0", "type": "module", "exports": exports }),
        &files,
    );
    let imported_one = imported(&registry, "adapted", &[]).await.unwrap();
    assert_eq!(names(&imported_one), [".", "./a", "./z"]);
    assert_eq!(skipped(&imported_one), ["./adapter"]);
    assert!(imported_one.skipped[0].reason.contains("not-installed"), "{:?}", imported_one.skipped);

    registry.publish(
        json!({ "name": "broken", "version": "1.0.0", "type": "module",
                "exports": { ".": "./adapter.js", "./a": "./a.js" } }),
        &files,
    );
    let refused = imported(&registry, "broken", &[]).await.unwrap_err();
    assert!(matches!(refused, BundleError::UnresolvedImport { .. }), "{refused}");

    registry.publish(
        json!({ "name": "only-parts", "version": "1.0.0", "type": "module", "exports": { "./a": "./a.js" } }),
        &files,
    );
    let parts = imported(&registry, "only-parts", &[]).await.unwrap();
    assert_eq!((names(&parts), value(&parts.bundle, "./a")), (vec!["./a"], json!("a")));

    registry.publish(
        json!({ "name": "types", "version": "1.0.0", "types": "index.d.ts" }),
        &[("index.d.ts", "")],
    );
    let refused = imported(&registry, "types", &[]).await.unwrap_err();
    assert!(matches!(&refused, BundleError::NoExport { import, .. } if import == "."), "{refused}");
}

#[tokio::test]
async fn a_lock_says_which_versions_are_taken() {
    let mut registry = Registry::start();
    let plain = |version: &str| json!({ "name": "leaf", "version": version, "main": "index.js" });
    let locked = registry.publish(plain("1.0.0"), &[("index.js", "module.exports = 'locked';")]);
    registry.publish(plain("1.1.0"), &[("index.js", "module.exports = 'newer';")]);
    let project = Project::depending(&registry, json!({ "leaf": "^1" }), "");
    let leaf = json!({ "version": "1.0.0", "integrity": locked,
                       "resolved": format!("{}leaf/-/1.0.0.tgz", registry.url()) });
    let lock = json!({ "lockfileVersion": 3, "packages": { "node_modules/leaf": leaf } });
    project.write("package-lock.json", lock.to_string().as_bytes());
    let wanted = |name: &str, range: &str| Import {
        name: name.to_owned(),
        range: range.to_owned(),
        locked: Some(project.folder()),
        more: Vec::new(),
    };
    let found = import(&wanted("leaf", "^1"), &project.options(), &()).await.unwrap();
    assert_eq!((found.package.version.as_str(), value(&found.bundle, ".")), ("1.0.0", json!("locked")));
    for (name, range) in [("leaf", "^1.1"), ("other", "*")] {
        let refused = import(&wanted(name, range), &project.options(), &()).await.unwrap_err();
        assert!(matches!(refused, BundleError::LockOutOfStep { .. }), "{refused}");
    }
}

#[tokio::test]
async fn what_is_linked_stays_outside() {
    let code = "import { a } from '@acme/util'; import old, { named } from 'old'; import { b } from '@acme/util/sub';
                export default [a, b, old, named, () => import('@acme/util/sub')];";
    let project = Project::new(None, &[("index.js", code)]);
    let module = |path: &str, code: &str| LinkedModule {
        specifier: format!("../{path}"),
        code: code.as_bytes().to_vec(),
    };
    let util = BTreeMap::from([
        (".".to_owned(), module("bafyutil/index.js", "export const a = 1;")),
        ("./sub".to_owned(), module("bafyutil/sub-1.js", "export const b = 2;")),
    ]);
    let old = BTreeMap::from([(".".to_owned(), module("bafyold/index.js", "export default x();"))]);
    let unused = Link { modules: util.clone() };
    let links = BTreeMap::from([
        ("@acme/util".to_owned(), Link { modules: util }),
        ("old".to_owned(), Link { modules: old }),
        ("unused".to_owned(), unused),
    ]);
    let bundle = project.bundle_with(|options| options.links.clone_from(&links)).await.unwrap();
    assert_eq!(bundle.linked.keys().collect::<Vec<_>>(), ["@acme/util", "old"]);
    assert_eq!(bundle.linked["@acme/util"].len(), 2);
    let code = main_code(&bundle);
    for import in ["\"../bafyutil/index.js\"", "\"../bafyutil/sub-1.js\"", "\"../bafyold/index.js\""] {
        assert!(code.contains(import), "{import} in {code}");
    }

    project.write("index.js", b"import '@acme/util/none';");
    let refused = project.bundle_with(|options| options.links = links).await.unwrap_err();
    assert!(
        matches!(&refused, BundleError::UnresolvedImport { reason, .. } if reason.contains("./sub")),
        "{refused}"
    );
}
