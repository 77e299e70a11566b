//! `examples/hello`, with its real dependencies.

use std::path::{Path, PathBuf};

use cidery_bundler::{Bundle, ModuleKind, Options, bundle};

fn hello() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hello")
}

/// Shared by all tests of this file, so that each package is fetched once.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn text(bundle: &Bundle) -> String {
    let main = bundle.modules.iter().find(|module| module.path == bundle.main).unwrap();
    assert_eq!(main.kind, ModuleKind::Esm);
    String::from_utf8(main.bytes.clone()).unwrap()
}

#[tokio::test]
async fn bundles_hono_and_zod_as_they_are_locked() {
    let bundle = bundle(&hello(), &Options::new(cache()), &()).await.unwrap();
    let names: Vec<_> = bundle.bundled.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["hono", "zod"]);
    let lock: serde_json::Value =
        serde_json::from_slice(&std::fs::read(hello().join("package-lock.json")).unwrap()).unwrap();
    for package in &bundle.bundled {
        let locked = &lock["packages"][format!("node_modules/{}", package.name)];
        assert_eq!(locked["version"], package.version.as_str());
        assert_eq!(locked["integrity"].as_str(), package.integrity.as_deref());
    }

    let code = text(&bundle);
    assert!(code.contains("cloudflare:workers"), "the runtime's own modules stay imports");
    assert!(code.contains("@acme/hello"));
    assert!(!code.contains("/p/"), "no virtual path is in the code");
    assert_eq!(bundle.node_builtins, Vec::<String>::new());

    let map: serde_json::Value = serde_json::from_slice(&bundle.source_maps[0].bytes).unwrap();
    let sources: Vec<&str> = map["sources"].as_array().unwrap().iter().filter_map(|s| s.as_str()).collect();
    assert!(sources.contains(&"app/src/index.ts"), "{sources:?}");
    assert!(sources.iter().all(|s| s.starts_with("app/") || s.starts_with("npm/")), "{sources:?}");
}

#[tokio::test]
async fn the_same_bytes_from_any_folder_with_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let first = bundle(&hello(), &Options::new(cache()), &()).await.unwrap();
    for (folder, threads) in [("plain", 1), ("with späces and ünïcode", 8), ("again", 2)] {
        let folder = dir.path().join(folder);
        copy(&hello(), &folder);
        let options = Options { threads: Some(threads), ..Options::new(cache()) };
        assert_eq!(bundle(&folder, &options, &()).await.unwrap(), first, "{threads} threads");
    }
}

#[tokio::test]
async fn resolving_without_a_lock_finds_what_npm_locked() {
    let dir = tempfile::tempdir().unwrap();
    copy(&hello(), dir.path());
    std::fs::remove_file(dir.path().join("package-lock.json")).unwrap();
    let locked = bundle(&hello(), &Options::new(cache()), &()).await.unwrap();
    assert_eq!(bundle(dir.path(), &Options::new(cache()), &()).await.unwrap(), locked);
}
