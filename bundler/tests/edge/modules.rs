//! What becomes a module of its own: Workers, WebAssembly, large JSON.

use cidery_bundler::{Bundle, BundleError, ModuleKind};
use serde_json::json;

use crate::support::workerd::run;
use crate::support::{Project, main_code};
use crate::{USE, package, value_of};

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
         // As Emscripten does, and lets whoever calls it wait: nobody but the start may make it.
         const started = (async () => (await WebAssembly.instantiateStreaming(fetch(url))).instance.exports.run())();
         export default async () => [
           before, await started,
           (await WebAssembly.instantiate(bytes)).instance.exports.run(),
           new WebAssembly.Instance(new WebAssembly.Module(list)).exports.run(),
           (await WebAssembly.instantiate(await WebAssembly.compile(bytes.buffer))).exports.run(),
           (await WebAssembly.instantiateStreaming(fetch(url))).instance.exports.run(),
           new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from([...bytes, ...Array(5000).fill(0)]))).exports.run(),
           WebAssembly.validate(bytes), new WebAssembly.Module(list) instanceof WebAssembly.Module,
           WebAssembly.Module.exports(new WebAssembly.Module(bytes))[0].name,
         ];"
    );
    let project = Project::new(None, &[("index.js", &program)]);
    project.write("alone.wasm", ALONE);
    let bundle = project.bundle().await.unwrap();
    assert_eq!(run(&bundle), json!([42, 42, 42, 42, 42, 42, 42, true, true, "run"]));
    assert!(kinds(&bundle, ModuleKind::Wasm) <= 2 && !main_code(&bundle).contains(&base64));

    // In a package the bytes may stand in another file than what compiles them.
    let files = [
        (
            "index.js",
            "// In a module one would say import.meta.url.
             const bytes = Buffer.from(require('./bytes'), 'base64'); module.exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.run();",
        ),
        ("bytes.js", &format!("module.exports = '{base64}';")),
    ];
    assert_eq!(value_of(json!({}), &files, USE).await, json!(42));
}

#[tokio::test]
async fn webassembly_in_a_file_that_is_read_by_its_name_is_found() {
    let alone = std::str::from_utf8(ALONE).unwrap();
    let registry = package(
        json!({ "main": "lib/index.js" }),
        &[("lib/alone.wasm", alone), (
            "lib/index.js",
            "const fs = require('fs'); const path = require('path');
             const value = (bytes) => new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.run();
             const file = path.join(__dirname, 'alone.wasm');
             module.exports = async () => [
               value(fs.readFileSync(file)),
               await new Promise((resolve) => fs.readFile(file, null, (error, bytes) => resolve(error ?? value(bytes)))),
               value(await fs.promises.readFile(file)),
               (await WebAssembly.instantiateStreaming(fetch('https://nowhere.example/' + 'alone.wasm'))).instance.exports.run(),
               fs.existsSync(file), fs.existsSync('/none'), fs.readdirSync('/').length > 0,
             ];",
        )],
    );
    let project = Project::depending(&registry, json!({ "pkg": "1" }), USE);
    assert_eq!(run(&project.bundle().await.unwrap()), json!([42, 42, 42, 42, true, false, true]));
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
