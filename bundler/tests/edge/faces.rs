//! Which of its faces a package shows, and what may stand for it.

use cidery_bundler::{BundleError, Replacement};
use serde_json::json;

use crate::support::Project;
use crate::support::workerd::run;
use crate::{USE, package, value_of};

#[tokio::test]
async fn browser_maps_replace_and_turn_off() {
    let fields = json!({ "main": "./lib", "browser": { "./lib/streams": false, "./lib/node.js": "./lib/web.js", "fs": false, "util": "./lib/util.js" } });
    let files = [
        (
            "lib/index.js",
            "module.exports = [require('./streams'), require('./node'), require('fs'), require('util'), typeof require('path').join];",
        ),
        ("lib/streams.js", "throw new Error('streams');"),
        ("lib/node.js", "module.exports = 'node';"),
        ("lib/web.js", "module.exports = 'web';"),
        ("lib/util.js", "module.exports = 'own util';"),
    ];
    assert_eq!(value_of(fields.clone(), &files, USE).await, json!([{}, "web", {}, "own util", "function"]));

    // Without the condition, the map is not looked at.
    let registry = package(
        fields,
        &[files[0], ("lib/streams.js", "module.exports = 's';"), files[2], files[3], files[4]],
    );
    let project = Project::depending(&registry, json!({ "pkg": "1" }), USE);
    let bundle =
        project.bundle_with(|options| options.conditions = vec!["workerd".to_owned()]).await.unwrap();
    let value = run(&bundle);
    assert_eq!((&value[0], &value[1]), (&json!("s"), &json!("node")));
}

#[tokio::test]
async fn with_the_modules_of_nodejs_packages_show_no_face_for_browsers() {
    let fields = json!({ "main": "./node.js", "browser": "./web.js", "dependencies": { "both": "1" } });
    let files = [
        ("node.js", "module.exports = [require('os').EOL, require('both'), typeof process.versions.node];"),
        ("web.js", "module.exports = 'web';"),
    ];
    let mut registry = package(fields, &files);
    let exports = json!({ "browser": "./web.js", "default": "./node.js" });
    registry.publish(
        json!({ "name": "both", "version": "1.0.0", "exports": exports }),
        &[("web.js", "module.exports = 'both, web';"), ("node.js", "module.exports = 'both, node';")],
    );
    let project = Project::depending(&registry, json!({ "pkg": "1" }), USE);
    assert_eq!(run(&project.bundle().await.unwrap()), json!("web"));
    let bundle = project.bundle_with(|options| *options = options.clone().with_nodejs()).await.unwrap();
    assert_eq!(run(&bundle), json!(["\n", "both, node", "string"]));
}

#[tokio::test]
async fn a_package_finds_itself_by_its_name() {
    // The inner `package.json` has no `exports`: not as the package that it is in, but as one that is installed.
    let files = [
        ("index.js", "module.exports = require('./inner/index.js');"),
        ("inner/package.json", "{ \"type\": \"commonjs\" }"),
        ("inner/index.js", "module.exports = [require('pkg/word'), require('@scope/own/word')];"),
        ("word.js", "module.exports = 'word';"),
    ];
    let exports = json!({ ".": "./index.js", "./word": "./word.js" });
    let mut registry =
        package(json!({ "exports": exports.clone(), "dependencies": { "@scope/own": "1" } }), &files);
    let own = json!({ "name": "@scope/own", "version": "1.0.0", "exports": exports });
    registry.publish(
        own,
        &[
            ("word.js", "module.exports = require('./inner/index.js');"),
            files[1],
            ("inner/index.js", "module.exports = require('@scope/own');"),
            ("index.js", "module.exports = 'scoped';"),
        ],
    );
    let project = Project::depending(&registry, json!({ "pkg": "1" }), USE);
    assert_eq!(run(&project.bundle().await.unwrap()), json!(["word", "scoped"]));
}

#[tokio::test]
async fn conditions_are_taken_in_the_package_s_order() {
    let fields = json!({ "exports": {
        ".": { "node": "./no.js", "deno": "./no.js", "worker": "./worker.js", "workerd": "./no.js", "default": "./no.js" },
        "./both": { "import": "./both.mjs", "require": "./both.cjs" },
        "./new": { "tried": "./tried.js", "default": "./no.js" } },
        "imports": { "#own": { "workerd": "./own.js" }, "#crypto": { "node": "./no.js", "default": "crypto" } } });
    let files = [
        (
            "worker.js",
            "module.exports = ['worker', require('#own'), typeof require('#crypto').createHash, require('./both.cjs')];",
        ),
        ("own.js", "module.exports = 'own';"),
        ("both.mjs", "export default 'imported';"),
        ("both.cjs", "module.exports = 'required';"),
        ("tried.js", "module.exports = 'tried';"),
        ("no.js", "module.exports = 'no';"),
    ];
    let program = "import pkg from 'pkg'; import both from 'pkg/both'; import tried from 'pkg/new'; export default [pkg, both, tried];";
    let registry = package(fields, &files);
    let project = Project::depending(&registry, json!({ "pkg": "1" }), program);
    let bundle = project.bundle_with(|options| options.conditions.push("tried".to_owned())).await.unwrap();
    assert_eq!(run(&bundle), json!([["worker", "own", "function", "required"], "imported", "tried"]));
}

#[tokio::test]
async fn a_package_that_is_imported_and_required_is_there_once() {
    let mut registry = package(
        json!({ "main": "main", "module": "module.js" }),
        &[
            ("main.js", "exports.state = {}; exports.face = 'main';"),
            ("module.js", "export const state = {}; export const face = 'module';"),
        ],
    );
    registry.publish(
        json!({ "name": "user", "version": "1.0.0", "dependencies": { "pkg": "1" } }),
        &[("index.js", "exports.state = require('pkg').state;")],
    );
    let both = "import { state, face } from 'pkg'; import user from 'user'; export default [face, user.state === state];";
    let project = Project::depending(&registry, json!({ "pkg": "1", "user": "1" }), both);
    assert_eq!(run(&project.bundle().await.unwrap()), json!(["main", true]));
    let alone = "import { face } from 'pkg'; export default face;";
    let project = Project::depending(&registry, json!({ "pkg": "1", "user": "1" }), alone);
    assert_eq!(run(&project.bundle().await.unwrap()), json!("module"));
}

#[tokio::test]
async fn sub_paths_without_an_exports_map_are_files() {
    let files = [
        ("lib/main.js", "module.exports = 'main';"),
        ("sub.js", "module.exports = 'sub';"),
        ("dir/index.js", "module.exports = 'dir';"),
        ("data.json", "{ \"k\": 'no' }"),
    ];
    let program = "import a from 'pkg'; import b from 'pkg/sub'; import c from 'pkg/sub.js'; import d from 'pkg/dir'; export default [a, b, c, d];";
    assert_eq!(
        value_of(json!({ "main": "lib/main" }), &files, program).await,
        json!(["main", "sub", "sub", "dir"])
    );
}

#[tokio::test]
async fn the_two_worlds_see_each_other_as_in_nodejs() {
    let files = [
        ("cjs.js", "exports.__esModule = true; exports.default = 'default'; exports.named = 'named';"),
        (
            "esm.mjs",
            "import cjs, { named } from './cjs.js'; import fn from './fn.js'; export default [cjs, named, fn()]; export const also = 1;",
        ),
        ("fn.js", "module.exports = () => 'called'; module.exports.prop = 1;"),
        ("index.js", "const esm = require('./esm.mjs'); module.exports = [esm.default, esm.also];"),
    ];
    let value = value_of(json!({}), &files, USE).await;
    assert_eq!(
        value,
        json!([[{ "default": "default", "named": "named", "__esModule": true }, "named", "called"], 1])
    );
}

#[tokio::test]
async fn a_declared_package_is_replaced_and_recorded() {
    let mut registry = package(
        json!({ "dependencies": { "left-pad": "1" } }),
        &[("index.js", "module.exports = require('left-pad')('x', 3);")],
    );
    for (name, version) in [("left-pad", "1.3.0"), ("other", "2.0.0")] {
        registry.publish(
            json!({ "name": name, "version": version }),
            &[("index.js", "module.exports = () => 'the original';")],
        );
    }
    let program = "import pkg from 'pkg'; import other from 'other'; export default [pkg, other()];";
    let project = Project::depending(&registry, json!({ "pkg": "1", "other": "2" }), program);
    project.write("other.ts", b"export default (): string => 'mine';");
    assert_eq!(run(&project.bundle().await.unwrap()), json!(["the original", "the original"]));
    let replace = |name: &str, replacement: Replacement| {
        let entry = (name.to_owned(), replacement);
        project.bundle_with(move |options| {
            options.replace.extend([entry, ("other".to_owned(), Replacement::Local("other.ts".to_owned()))])
        })
    };
    let bundle = replace("left-pad", Replacement::Reviewed).await.unwrap();
    assert_eq!(run(&bundle), json!(["  x", "mine"]));
    let recorded: Vec<_> = bundle.bundled.iter().map(|p| format!("{}@{}", p.name, p.version)).collect();
    assert_eq!(recorded, ["left-pad@1.3.0+replaced", "other@2.0.0+replaced", "pkg@1.0.0"]);
    assert!(bundle.bundled.iter().all(|package| package.integrity.as_ref().unwrap().starts_with("sha512-")));

    let error = replace("pkg", Replacement::Reviewed).await.unwrap_err();
    assert!(matches!(error, BundleError::NoReplacement { .. }), "{error:?}");
    let error = replace("left-pad", Replacement::Local("absent.js".to_owned())).await.unwrap_err();
    assert!(error.to_string().contains("wanted a file at absent.js"), "{error}");
}
