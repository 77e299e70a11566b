//! What goes wrong with real packages when they leave Node.js, each in real workerd.

mod support;

use cidery_bundler::{Bundle, BundleError, ModuleKind, Replacement};
use serde_json::{Value, json};
use support::workerd::{run, run_at};
use support::{Project, Registry, main_code};

/// One package, `pkg`, with these files and fields of its `package.json`.
fn package(mut fields: Value, files: &[(&str, &str)]) -> Registry {
    let mut registry = Registry::start();
    fields["name"] = json!("pkg");
    fields["version"] = json!("1.0.0");
    registry.publish(fields, files);
    registry
}

/// What a program gives that uses `pkg`.
async fn value_of(fields: Value, files: &[(&str, &str)], program: &str) -> Value {
    let registry = package(fields, files);
    run(&Project::depending(&registry, json!({ "pkg": "1" }), program).bundle().await.unwrap())
}

const USE: &str = "import pkg from 'pkg'; export default pkg;";

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
async fn features_of_nodejs_may_be_tested_for() {
    let code = "const major = process.versions.node.split('.')[0];
                module.exports = [Number(major) > 0, typeof process !== 'undefined' && !!process.versions && !!process.versions.node];";
    assert_eq!(value_of(json!({}), &[("index.js", code)], USE).await, json!([true, true]));
}

#[tokio::test]
async fn code_from_strings_runs_while_a_module_starts() {
    let code = "module.exports = new Function('a', 'return a + 1')(1);";
    assert_eq!(value_of(json!({}), &[("index.js", code)], USE).await, json!(2));
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
async fn workers_are_entries_named_for_their_content() {
    let files = [
        ("index.js", "import { shared } from './shared.js';
                      export const worker = () => new Worker(new URL('./w.ts', import.meta.url), { type: 'module' });
                      export const other = () => new SharedWorker(new URL('deep/w.js', import.meta.url));
                      export default shared;"),
        ("w.ts", "import { shared } from './shared.js'; const own: string = 'first worker ' + shared; postMessage(own); new Worker(new URL('./nested.js', import.meta.url));"),
        ("deep/w.js", "import { shared } from '../shared.js'; postMessage('second worker ' + shared);"),
        ("nested.js", "postMessage('nested');"),
        ("shared.js", "export const shared = 'shared';"),
    ];
    let project = Project::new(None, &files);
    let bundle = project.bundle().await.unwrap();
    let holding = |text: &str| {
        let holds = |module: &&cidery_bundler::Module| String::from_utf8_lossy(&module.bytes).contains(text);
        bundle.modules.iter().find(holds).unwrap_or_else(|| panic!("{text}: {bundle:?}")).path.clone()
    };
    let (first, second, nested) =
        (holding("first worker"), holding("second worker"), holding("postMessage(\"nested\")"));
    assert!(first.starts_with("w-") && second.starts_with("w-") && first != second, "{first} {second}");
    let code = main_code(&bundle);
    assert!(code.contains(&format!("\"{first}\"")) && code.contains(&format!("\"{second}\"")), "{code}");
    let module = bundle.modules.iter().find(|module| module.path == first).unwrap();
    assert!(String::from_utf8_lossy(&module.bytes).contains(&nested));
    assert_eq!(run(&bundle), json!("shared"));
    for threads in [1, 2, 8, 8, 8, 8] {
        assert_eq!(project.bundle_with(|options| options.threads = Some(threads)).await.unwrap(), bundle);
    }

    let project = Project::new(None, &[("index.js", "new Worker(new URL('./absent.js', import.meta.url));")]);
    let error = project.bundle().await.unwrap_err();
    assert!(matches!(error, BundleError::UnresolvedImport { .. }), "{error:?}");
}

/// `(module (import "./env.js" "add" (func (param i32) (result i32))) (func (export "run") (result i32) i32.const 41 call 0))`
const LINKED: &[u8] = b"\0asm\x01\0\0\0\x01\x0a\x02\x60\x01\x7f\x01\x7f\x60\0\x01\x7f\x02\x10\x01\x08./env.js\x03add\0\0\x03\x02\x01\x01\x07\x07\x01\x03run\0\x01\x0a\x08\x01\x06\0\x41\x29\x10\0\x0b";
/// The same without the import: `(func (export "run") (result i32) i32.const 42)`
const ALONE: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03run\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";

fn kinds(bundle: &Bundle, kind: ModuleKind) -> usize {
    bundle.modules.iter().filter(|module| module.kind == kind).count()
}

#[tokio::test]
async fn webassembly_is_imported_as_a_module_or_as_its_exports() {
    let project = Project::new(None, &[
        ("index.js", "import module from './alone.wasm'; import same from './alone.wasm?module'; import { run } from './linked.wasm';
                      import * as all from './linked.wasm'; const required = require('./alone.wasm');
                      const instance = new WebAssembly.Instance(module);
                      export default [instance.exports.run(), module === same, module === required, run(), all.run()];"),
        ("env.js", "export const add = (n) => n + 1;"),
    ]);
    project.write("alone.wasm", ALONE);
    project.write("linked.wasm", LINKED);
    let bundle = project.bundle().await.unwrap();
    assert_eq!(run(&bundle), json!([42, true, true, 42, 42]));
    assert_eq!(kinds(&bundle, ModuleKind::Wasm), 2);

    let project =
        Project::new(None, &[("index.js", "import { run } from './linked.wasm'; export default run();")]);
    project.write("linked.wasm", LINKED);
    assert!(project.bundle().await.is_err(), "what it imports is not there, so neither are its exports");
}

#[tokio::test]
async fn webassembly_beside_a_module_and_inside_of_one_is_found() {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD.encode(ALONE);
    let list = ALONE.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let program = format!(
        "const bytes = Uint8Array.from(atob('{base64}'), (c) => c.charCodeAt(0));
         const list = new Uint8Array([{list}]);
         const url = 'data:application/octet-stream;base64,{base64}';
         // As wasm-bindgen writes it for the web: before the first request, too.
         const beside = async (input = new URL('alone.wasm', import.meta.url)) => {{
           const response = await fetch(input);
           return typeof WebAssembly.instantiateStreaming === 'function'
             ? WebAssembly.instantiateStreaming(response) : WebAssembly.instantiate(await response.arrayBuffer());
         }};
         const before = (await beside()).instance.exports.run();
         export default async () => [
           before,
           (await WebAssembly.instantiate(bytes)).instance.exports.run(),
           new WebAssembly.Instance(new WebAssembly.Module(list)).exports.run(),
           (await WebAssembly.instantiate(await WebAssembly.compile(bytes.buffer))).exports.run(),
           (await WebAssembly.instantiateStreaming(fetch(url))).instance.exports.run(),
           WebAssembly.validate(bytes), new WebAssembly.Module(list) instanceof WebAssembly.Module,
           WebAssembly.Module.exports(new WebAssembly.Module(bytes))[0].name,
         ];"
    );
    let project = Project::new(None, &[("index.js", &program)]);
    project.write("alone.wasm", ALONE);
    let bundle = project.bundle().await.unwrap();
    assert_eq!(run(&bundle), json!([42, 42, 42, 42, 42, true, true, "run"]));
    assert!(kinds(&bundle, ModuleKind::Wasm) <= 2 && !main_code(&bundle).contains(&base64));

    // In a package the bytes may stand in another file than what compiles them.
    let files = [
        (
            "index.js",
            "const bytes = Buffer.from(require('./bytes'), 'base64'); module.exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.run();",
        ),
        ("bytes.js", &format!("module.exports = '{base64}';")),
    ];
    assert_eq!(value_of(json!({}), &files, USE).await, json!(42));
}

#[tokio::test]
async fn large_json_stays_a_module() {
    let numbers: Vec<u32> = (0..10_000).collect();
    let text = json!({ "numbers": numbers, "not a name": 1, "default": "d" }).to_string();
    let project = Project::new(None, &[
        ("index.js", "import all, { numbers } from './large.json'; import small from './small.json';
                      export default [numbers.length, all.default, all['not a name'], require('./large.json') === all, small];"),
        ("large.json", &text),
        ("small.json", "[1]"),
    ]);
    let bundle = project.bundle().await.unwrap();
    assert_eq!(run(&bundle), json!([10_000, "d", 1, true, [1]]));
    assert_eq!(kinds(&bundle, ModuleKind::Json), 1);
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
    assert_eq!(run(&bundle), json!(["aliased", ["m:method"], { "type": "p", "props": { "id": "aliased" } }]));

    let broken = [("tsconfig.json", "{ no }"), ("index.ts", "")];
    let error = Project::new(None, &broken).bundle().await.unwrap_err();
    assert!(matches!(error, BundleError::InvalidFile { .. }), "{error:?}");
}
