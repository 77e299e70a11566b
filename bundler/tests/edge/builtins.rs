//! Node's built-in modules, and what a package asks for and can do without.

use serde_json::json;

use crate::support::Project;
use crate::support::workerd::{run, run_at};
use crate::{USE, package, value_of};

#[tokio::test]
async fn built_ins_are_required_with_and_without_their_scheme() {
    let code = "const { inspect } = require('util'); const EventEmitter = require('events');
                const path = require('node:path'); const { Buffer } = require('buffer');
                module.exports = [inspect({ a: 1 }), typeof EventEmitter, path.join('a', 'b'), Buffer.from('x').length];";
    let value = value_of(json!({}), &[("index.js", code)], USE).await;
    assert_eq!(value, json!(["{ a: 1 }", "function", "a/b", 1]));
}

#[tokio::test]
async fn a_built_in_that_is_lacking_throws_where_it_is_used() {
    let code = "const v8 = require('v8'); const { isatty, ReadStream } = require('tty');
                class Terminal extends ReadStream {}
                let used; try { v8.getHeapStatistics() } catch (error) { used = [error.code, error.message] }
                module.exports = [isatty(1), typeof Terminal, used];";
    let esm = "import { isatty } from 'node:tty'; import * as v8 from 'v8'; export const esm = [isatty(1), typeof v8.serialize];";
    let registry = package(
        json!({ "exports": { ".": "./index.js", "./esm": "./esm.mjs" } }),
        &[("index.js", code), ("esm.mjs", esm)],
    );
    let program = "import pkg from 'pkg'; import { esm } from 'pkg/esm'; export default [...pkg, ...esm];";
    let project = Project::depending(&registry, json!({ "pkg": "1" }), program);
    let date = "2026-01-01";
    let bundle =
        project.bundle_with(|options| options.compatibility_date = Some(date.to_owned())).await.unwrap();
    let value = run_at(&bundle, date);
    assert_eq!(
        (&value[0], &value[1], &value[3], &value[4]),
        (&json!(false), &json!("function"), &json!(false), &json!("function"))
    );
    assert_eq!(value[2][0], "ERR_METHOD_NOT_IMPLEMENTED");
    assert!(value[2][1].as_str().unwrap().contains("v8.getHeapStatistics is not there"), "{value}");
    assert_eq!(bundle.warnings.len(), 4, "{:?}", bundle.warnings);
    assert!(
        bundle.warnings[0].contains("workerd lacks `node:tty` before the compatibility date 2026-03-17"),
        "{:?}",
        bundle.warnings
    );

    // Where it is there, it is taken.
    let bundle = project.bundle().await.unwrap();
    assert_eq!(
        (bundle.node_builtins.as_slice(), bundle.warnings.len()),
        (&["node:tty".to_owned(), "node:v8".to_owned()][..], 0)
    );
    run(&bundle);

    // The project's own code is told at once.
    let project = Project::new(None, &[("index.js", "import 'node:sea';")]);
    let error = project.bundle().await.unwrap_err();
    assert!(error.to_string().contains("`node:sea`, imported by app/index.js: workerd lacks"), "{error}");
}

/// The days on which workerd's built-in modules became more, and those before them.
const DATES: [&str; 18] = [
    "2024-09-23",
    "2025-08-14",
    "2025-08-15",
    "2025-08-31",
    "2025-09-01",
    "2025-09-14",
    "2025-09-15",
    "2025-09-20",
    "2025-09-21",
    "2025-09-30",
    "2025-10-01",
    "2025-12-03",
    "2025-12-04",
    "2026-01-28",
    "2026-01-29",
    "2026-03-16",
    "2026-03-17",
    "2026-10-01",
];

#[tokio::test]
async fn what_counts_as_lacking_is_what_workerd_lacks() {
    let names: Vec<String> = nodejs_built_in_modules::BUILTINS.iter().map(ToString::to_string).collect();
    let asks = format!(
        "const lacking = []; export default async () => {{
           for (const name of {names:?}) {{ try {{ await import('node:' + name) }} catch {{ lacking.push(name) }} }} return lacking; }};"
    );
    let asking = Project::new(None, &[("index.js", &asks)]).bundle().await.unwrap();
    let requires: Vec<String> = names.iter().map(|name| format!("() => require('{name}')")).collect();
    let registry =
        package(json!({}), &[("index.js", &format!("module.exports = [{}];", requires.join(", ")))]);
    let project = Project::depending(&registry, json!({ "pkg": "1" }), USE);
    for date in DATES {
        let bundle =
            project.bundle_with(|options| options.compatibility_date = Some(date.to_owned())).await.unwrap();
        let warned = |name: &&String| {
            bundle.warnings.iter().any(|warning| warning.contains(&format!("`node:{name}`")))
        };
        let told: Vec<&String> = names.iter().filter(warned).collect();
        assert_eq!(json!(told), run_at(&asking, date), "{date}");
    }
}

#[tokio::test]
async fn an_installed_package_goes_before_a_built_in() {
    let mut registry = package(
        json!({ "dependencies": { "events": "3", "punycode": "2" } }),
        &[(
            "index.js",
            "module.exports = [require('events'), require('punycode/'), typeof require('buffer').Buffer];",
        )],
    );
    for name in ["events", "punycode"] {
        let version = if name == "events" { "3.0.0" } else { "2.0.0" };
        registry.publish(
            json!({ "name": name, "version": version }),
            &[("index.js", &format!("module.exports = 'installed {name}';"))],
        );
    }
    let project = Project::depending(&registry, json!({ "pkg": "1" }), USE);
    assert_eq!(
        run(&project.bundle().await.unwrap()),
        json!(["installed events", "installed punycode", "function"])
    );
}

#[tokio::test]
async fn what_a_package_can_do_without_may_be_absent() {
    let fields = json!({ "peerDependencies": { "peer": "*" }, "peerDependenciesMeta": { "peer": { "optional": true } } });
    let files = [
        ("index.js", "exports.guarded = (() => { try { return require('never') } catch (error) { return 'guarded' } })();
                      exports.native = (() => { try { return require('./build/native.node') } catch (error) { return error.code } })();
                      exports.lazy = () => { try { return require('peer') } catch (error) { return error.code } };
                      exports.late = () => import('peer').catch((error) => error.code);"),
        ("build/native.node", "\u{7f}ELF"),
    ];
    let program = "import pkg from 'pkg'; export default async () => [pkg.guarded, pkg.native, pkg.lazy(), await pkg.late()];";
    assert_eq!(
        value_of(fields, &files, program).await,
        json!(["guarded", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND"])
    );
}

#[tokio::test]
async fn what_a_package_does_without_in_browsers_may_be_absent_elsewhere() {
    let registry = package(
        json!({ "browser": { "driver": false } }),
        &[("index.js", "module.exports = () => require('driver');")],
    );
    let program = "import load from 'pkg'; export default () => { try { return load() } catch (error) { return error.code } };";
    let project = Project::depending(&registry, json!({ "pkg": "1" }), program);
    let bundle = project.bundle_with(|options| *options = options.clone().with_nodejs()).await.unwrap();
    assert_eq!(run(&bundle), json!("MODULE_NOT_FOUND"));
}

#[tokio::test]
async fn features_of_nodejs_may_be_tested_for() {
    let code = "const major = process.versions.node.split('.')[0];
                module.exports = [Number(major) > 0, typeof process !== 'undefined' && !!process.versions?.node];";
    assert_eq!(value_of(json!({}), &[("index.js", code)], USE).await, json!([true, true]));

    // Whoever shows the face for browsers must not find Node.js: iconv-lite 0.4 calls what its map took away.
    let code = "const version = typeof process !== 'undefined' && process.versions && process.versions.node;
                if (version) require('./extend-node')();
                module.exports = [typeof version, process.versions?.node === undefined];";
    let files = [("index.js", code), ("extend-node.js", "module.exports = () => {};")];
    let fields = json!({ "browser": { "./extend-node": false } });
    assert_eq!(value_of(fields, &files, USE).await, json!(["undefined", true]));
}

#[tokio::test]
async fn code_from_strings_runs_while_a_module_starts() {
    let code = "module.exports = new Function('a', 'return a + 1')(1);";
    assert_eq!(value_of(json!({}), &[("index.js", code)], USE).await, json!(2));
}
