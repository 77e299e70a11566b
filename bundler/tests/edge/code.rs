//! What becomes of code: places, TypeScript, stacks, what is unused.

use cidery_bundler::BundleError;
use serde_json::{Value, json};

use crate::support::workerd::run;
use crate::support::{Project, Registry, main_code};
use crate::{USE, value_of};

#[tokio::test]
async fn places_are_neutral() {
    let files = [
        (
            "index.js",
            "module.exports = [__filename, __dirname, { __dirname }, require('./esm.mjs').default, typeof global, process.env.NODE_ENV];",
        ),
        (
            "esm.mjs",
            "import { fileURLToPath } from 'node:url'; export default [import.meta.url, fileURLToPath(new URL('.', import.meta.url)), import.meta.dirname, import.meta.filename];",
        ),
    ];
    let value = value_of(json!({}), &files, USE).await;
    let folder = "/npm/pkg@1.0.0";
    assert_eq!(
        value,
        json!([
            format!("{folder}/index.js"), folder, { "__dirname": folder },
            [format!("file://{folder}/esm.mjs"), format!("{folder}/"), folder, format!("{folder}/esm.mjs")],
            "object", "production"
        ])
    );
}

#[tokio::test]
async fn what_asks_for_style_sheets_hears_that_there_are_none() {
    let program = "export default await import('data:text/css,p{}', { with: { type: 'css' } }).then(() => 'yes', ({ code }) => code);";
    let project = Project::new(None, &[("index.js", program)]);
    assert_eq!(run(&project.bundle().await.unwrap()), json!("MODULE_NOT_FOUND"));
}

#[tokio::test]
async fn a_created_require_is_the_bundler_s() {
    let files = [
        ("index.mjs", "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
                       const other = createRequire(import.meta.url);
                       export default [require('./data.json').k, other('./old.cjs'), typeof require('util').inspect, typeof require];"),
        ("data.json", r#"{ "k": "data" }"#),
        ("old.cjs", "module.exports = 'old';"),
    ];
    assert_eq!(
        value_of(json!({ "exports": "./index.mjs" }), &files, USE).await,
        json!(["data", "old", "function", "function"])
    );
}

#[tokio::test]
async fn tsconfig_says_how_typescript_is_read() {
    let files = [
        ("tsconfig.json", "{ // comments are allowed\n \"extends\": \"./base\", \"compilerOptions\": { \"paths\": { \"@lib/*\": [\"./src/lib/*\"] }, \"jsx\": \"react-jsx\", \"jsxImportSource\": \"@lib/jsx\" } }"),
        ("base.json", "{ \"compilerOptions\": { \"experimentalDecorators\": true, \"emitDecoratorMetadata\": true } }"),
        ("src/index.tsx", "import { name } from '@lib/name'; const seen: string[] = [];
                           const mark = (label: string) => (_: unknown, key: string) => { seen.push(label + key) };
                           class A { @mark('m:') method() {} }
                           export default [name, seen, <p id={name}/>];"),
        ("src/lib/name.ts", "export const name: string = 'aliased';"),
        ("src/lib/jsx/jsx-runtime.ts", "export const jsx = (type: string, props: object) => ({ type, props });"),
    ];
    let bundle = Project::new(None, &files).bundle().await.unwrap();
    assert!(bundle.tool.contains(" tsconfig "), "{}", bundle.tool);
    assert_eq!(run(&bundle), json!(["aliased", ["m:method"], { "type": "p", "props": { "id": "aliased" } }]));

    let modern =
        [("index.ts", "const mark = (..._: unknown[]) => {}; export default class { @mark method() {} }")];
    let error = Project::new(None, &modern).bundle().await.unwrap_err();
    assert!(error.to_string().contains("app/index.ts has decorators"), "{error}");

    let broken = [("tsconfig.json", "{ no }"), ("index.ts", "")];
    let error = Project::new(None, &broken).bundle().await.unwrap_err();
    assert!(matches!(error, BundleError::InvalidFile { .. }), "{error:?}");
}

#[tokio::test]
async fn stacks_of_minified_code_lead_back_to_the_sources() {
    let files = [
        (
            "src/index.ts",
            "import { outer } from './deep';\nexport default () => { try { return outer(1) } catch (error) { return (error as Error).stack } };",
        ),
        (
            "src/deep.ts",
            "interface Unused { a: 1 }\n\nfunction inner(value: number): never {\n  throw new Error('deep ' + value);\n}\n\nexport const outer = (value: number) => [inner(value), inner(value + 1)];",
        ),
    ];
    let bundle = Project::new(None, &files).bundle_with(|options| options.minify = true).await.unwrap();
    assert!(!main_code(&bundle).contains("value"), "it is minified");
    let stack = run(&bundle);
    let stack = stack.as_str().unwrap();
    let map = oxc_sourcemap::SourceMap::from_json_string(
        std::str::from_utf8(&bundle.source_maps[0].bytes).unwrap(),
    )
    .unwrap();
    let table = map.generate_lookup_table();
    let places: Vec<(String, u32)> = stack
        .lines()
        .filter_map(|line| line.split_once("index.js:").map(|(_, place)| place.trim_end_matches(')')))
        .filter_map(|place| {
            let (line, column) = place.split_once(':')?;
            let (line, column): (u32, u32) = (line.parse().ok()?, column.parse().ok()?);
            let token = map.lookup_source_view_token(&table, line - 1, column - 1)?;
            Some((token.get_source()?.to_owned(), token.get_src_line() + 1))
        })
        .collect();
    assert_eq!(places[0], ("app/src/deep.ts".to_owned(), 4), "{stack}");
    assert!(places.contains(&("app/src/index.ts".to_owned(), 2)), "{stack}");
}

#[tokio::test]
async fn unused_exports_go_across_the_borders_of_packages_and_weights_say_what_is_left() {
    let mut registry = Registry::start();
    let fields = |name: &str, dependencies: Value| json!({ "name": name, "version": "1.0.0", "type": "module", "sideEffects": false, "exports": "./index.js", "dependencies": dependencies });
    registry.publish(
        fields("low", json!({})),
        &[("index.js", "export function used(list) { return [...list, 'what is used']; } export const unused = 'what is not';")],
    );
    registry.publish(
        fields("high", json!({ "low": "1" })),
        &[("index.js", "export { used, unused } from 'low'; export const own = 'also unused';")],
    );
    registry.publish(fields("idle", json!({})), &[("index.js", "export const idle = 'idle';")]);
    let program = "import { used } from 'high'; import { idle } from 'idle'; export default used(['first']);";
    let project = Project::depending(&registry, json!({ "high": "1", "idle": "1" }), program);
    let bundle = project.bundle_with(|options| options.minify = true).await.unwrap();
    let code = main_code(&bundle);
    assert!(
        code.contains("what is used")
            && !code.contains("what is not")
            && !code.contains("unused")
            && !code.contains("idle"),
        "{code}"
    );
    let weights = bundle.weights();
    let bytes: u64 = bundle.modules.iter().map(|module| module.bytes.len() as u64).sum();
    assert_eq!(weights.iter().map(|weight| weight.bytes).sum::<u64>(), bytes);
    let low = weights.iter().find(|weight| weight.part == "npm/low@1.0.0").unwrap();
    // What stands between them only hands it on.
    assert_eq!(low.wanted_by, ["npm/high@1.0.0"]);
    assert!(low.bytes >= 14 && !weights.iter().any(|weight| weight.part.contains("idle")), "{weights:?}");
}

#[tokio::test]
async fn json_weighs_what_it_weighs() {
    let text = json!({ "list": (0..1000).collect::<Vec<u32>>(), "more": "x".repeat(500) }).to_string();
    let files = [
        ("index.js", "import { list } from './named.json'; import all from './whole.json'; const required = require('./required.json');
                      export default [list.length, all.more.length, required.list.length];"),
        ("named.json", &text),
        ("whole.json", &text),
        ("required.json", &text),
    ];
    let bundle = Project::new(None, &files).bundle_with(|options| options.minify = true).await.unwrap();
    assert_eq!(run(&bundle), json!([1000, 500, 1000]));
    let weights = bundle.weights();
    let of = |path: &str| weights[0].files.iter().find(|file| file.path == path).map_or(0, |file| file.bytes);
    let weights = [of("index.js"), of("named.json"), of("whole.json"), of("required.json")];
    // Of the second, only what is used is there.
    assert!(matches!(weights, [..300, 3000..4000, 500..600, 3500..5000]), "{weights:?}");
}
