//! What the project's own files become. Nothing here may ask the network.

mod support;

use cidery_bundler::{Bundle, BundleError, ModuleKind};
use support::{Project, main_code};

async fn bundle(files: &[(&str, &str)]) -> Result<Bundle, BundleError> {
    Project::new(None, files).bundle().await
}

fn paths(bundle: &Bundle) -> Vec<(&str, ModuleKind)> {
    bundle.modules.iter().map(|module| (module.path.as_str(), module.kind)).collect()
}

#[tokio::test]
async fn typescript_alone_needs_no_network() {
    let bundle = bundle(&[
        (
            "src/index.ts",
            "import { hi } from './hi.js'; export default { fetch: (): Response => new Response(hi) };",
        ),
        ("src/hi.ts", "export enum Word { Hi = 'hi there' }\nexport const hi: string = Word.Hi;"),
    ])
    .await
    .unwrap();
    assert_eq!(paths(&bundle), [("index.js", ModuleKind::Esm)]);
    assert!(main_code(&bundle).contains("hi there"));
    assert_eq!(bundle.source_maps[0].module, "index.js");
    assert_eq!(
        bundle.tool,
        format!("cidery-bundler {} rolldown {}", env!("CARGO_PKG_VERSION"), locked("rolldown"))
    );
}

/// The version of a crate in the project's `Cargo.lock`.
fn locked(name: &str) -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = std::fs::read_to_string(file).unwrap();
    let (_, entry) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \"")).unwrap();
    entry.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn wasm_text_and_data_stay_modules_and_json_goes_in() {
    let files = [
        ("index.js", "import w from './a.wasm'; import t from './t.txt'; import d from './d/x y.bin';
                      import { k } from './j.json'; import unused from './u.txt'; export default [w, t, d, k];"),
        ("a.wasm", "\0asm\x01\0\0\0"),
        ("t.txt", "text"),
        ("u.txt", "unused"),
        ("d/x y.bin", "data"),
        ("j.json", r#"{"k": "from json"}"#),
    ];
    let bundle = bundle(&files).await.unwrap();
    let kinds: Vec<_> = bundle.modules.iter().map(|module| module.kind).collect();
    assert_eq!(kinds[..2], [ModuleKind::Wasm, ModuleKind::Esm], "{:?}", paths(&bundle));
    let code = main_code(&bundle);
    assert!(code.contains("from json"));
    for module in &bundle.modules {
        assert!(
            module.path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@+~-/".contains(&b)),
            "{}",
            module.path
        );
        assert!(
            module.path == bundle.main || code.contains(&format!("\"./{}\"", module.path)),
            "{}",
            module.path
        );
    }
}

#[tokio::test]
async fn a_dynamic_import_is_a_module_of_its_own() {
    let bundle = bundle(&[
        ("index.js", "export default { fetch: async () => (await import('./[odd] näme.js')).default };"),
        ("[odd] näme.js", "export default 'late';"),
    ])
    .await
    .unwrap();
    let other = bundle.modules.iter().find(|module| module.path != bundle.main).unwrap();
    assert!(other.path.starts_with("_odd__n_me-") && other.path.ends_with(".js"), "{}", other.path);
    assert!(main_code(&bundle).contains(&format!("./{}", other.path)));
    assert_eq!(bundle.modules.len(), 2);
}

#[tokio::test]
async fn built_in_modules_are_named_and_become_static_imports() {
    let bundle = bundle(&[
        (
            "index.js",
            "import { join } from 'path'; import { WorkerEntrypoint } from 'cloudflare:workers';
                      import util from './util.cjs'; export class E extends WorkerEntrypoint {}
                      export default [join('a', 'b'), util];",
        ),
        (
            "util.cjs",
            "const { inspect } = require('util'); const fs = require('node:fs');
                      module.exports = [inspect, fs];",
        ),
    ])
    .await
    .unwrap();
    assert_eq!(bundle.node_builtins, ["node:fs", "node:path", "node:util"]);
    let code = main_code(&bundle);
    assert!(code.contains("\"cloudflare:workers\"") && !code.contains("Dynamic require"), "{code}");
}

#[tokio::test]
async fn an_import_that_leads_nowhere_names_its_importer() {
    for (specifier, hint) in [
        ("./absent", "tried"),
        ("absent/sub", "`absent` is not among the dependencies of package.json"),
        ("../../outside.js", "tried"),
        ("https://127.0.0.1/x.js", "not fetched from the web"),
    ] {
        let code = format!("import '{specifier}';");
        let error = bundle(&[("src/index.js", &code)]).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, BundleError::UnresolvedImport { .. }), "{error:?}");
        assert!(text.contains(&format!("`{specifier}`, imported by app/src/index.js")), "{text}");
        assert!(text.contains(hint), "{text}");
    }
}

#[tokio::test]
async fn a_missing_export_or_a_syntax_error_is_an_error() {
    let wrong = [
        "import { absent } from './a.js'; export default absent;",
        "import * as a from './a.js'; export default a.absent;",
        "export default (;",
    ];
    for code in wrong {
        let error = bundle(&[("index.js", code), ("a.js", "export const a = 1;")]).await.unwrap_err();
        assert!(matches!(error, BundleError::Code { .. }), "{error:?}");
        assert!(error.to_string().contains("app/index.js") || error.to_string().contains("a.js"), "{error}");
    }
}

#[tokio::test]
async fn text_must_be_text() {
    let project = Project::new(None, &[("index.js", "import t from './t.txt'; export default t;")]);
    for bytes in [&b"\xef\xbb\xbfmark"[..], &b"\xff\xfe"[..]] {
        project.write("t.txt", bytes);
        let result = project.bundle().await;
        assert!(matches!(result, Err(BundleError::NotText { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn a_link_out_of_the_folder_is_refused() {
    let project = Project::new(None, &[("index.js", "import t from './t.txt'; export default t;")]);
    std::fs::write(project.folder().join("../secret.txt"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret.txt", project.folder().join("t.txt")).unwrap();
    let result = project.bundle().await;
    assert!(matches!(result, Err(BundleError::OutsideFolder { .. })), "{result:?}");
}

#[tokio::test]
async fn the_development_branch_is_left_out() {
    let code = "export default process.env.NODE_ENV === 'production' ? 'right' : 'wrong';";
    let code = main_code(&bundle(&[("index.js", code)]).await.unwrap());
    assert!(code.contains("right") && !code.contains("wrong"), "{code}");
}
