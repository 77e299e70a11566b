//! The same packages give the same content ids, wherever, whenever and however they are bundled.
//!
//! `golden/` locks 40 popular packages. The content ids of ten of them are written down in `golden/cids.json`: where
//! one changes, an upgrade changed what everybody's bundles are. `CIDERY_WRITE_GOLDEN=1` writes them anew.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use cidery_bundler::{Bundle, Options};
use cidery_protocol::manifest::{
    Compatibility, Manifest, ManifestBody, ManifestFormat, Module, Needs, SourceMap,
};
use cidery_protocol::{Cid, Codec};
use serde_json::{Value, json};
use support::workerd::run;

/// Those whose content ids are written down.
const GOLDEN: [&str; 10] = [
    "@noble/hashes/sha2.js",
    "ajv",
    "express",
    "hono",
    "iconv-lite",
    "jose",
    "lodash-es",
    "marked",
    "uuid",
    "zod",
];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// What is imported of each locked package.
fn all_packages() -> Vec<String> {
    let text = std::fs::read(golden().join("package.json")).unwrap();
    let package: Value = serde_json::from_slice(&text).unwrap();
    let names = package["dependencies"].as_object().unwrap().keys();
    // These two have nothing at their top.
    names
        .map(|name| match name.as_str() {
            "@noble/hashes" => "@noble/hashes/sha2.js".to_owned(),
            "@noble/curves" => "@noble/curves/ed25519.js".to_owned(),
            name => name.to_owned(),
        })
        .collect()
}

/// A project in `folder` that imports one module of the locked packages.
fn write_project(folder: &Path, module: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(golden().join(file), folder.join(file)).unwrap();
    }
    let code = format!(
        "import * as all from '{module}'; export default {{ fetch: () => Response.json(Object.keys(all)) }};"
    );
    std::fs::write(folder.join("index.js"), code).unwrap();
}

async fn bundle(folder: &Path, threads: usize) -> Bundle {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm");
    let options = Options { threads: Some(threads), ..Options::new(cache) };
    cidery_bundler::bundle(folder, &options, &()).await.unwrap()
}

/// The content id of a manifest with all modules and source maps.
fn cid(bundle: &Bundle) -> String {
    let describe =
        |module: &cidery_bundler::Module| Module::describe(&module.path, module.kind, &module.bytes);
    let map = |map: &cidery_bundler::SourceMap| SourceMap {
        module: map.module.clone(),
        cid: Cid::of(Codec::Raw, &map.bytes),
        size: map.bytes.len() as u64,
    };
    let body = ManifestBody {
        format: ManifestFormat::V1,
        main: bundle.main.clone(),
        exports: None,
        modules: bundle.modules.iter().map(describe).collect(),
        compatibility: Compatibility { date: "2026-11-01".into(), flags: vec![] },
        needs: Needs::default(),
        imports: vec![],
        bundled: vec![],
        source_maps: bundle.source_maps.iter().map(map).collect(),
    };
    Manifest::encode(body).unwrap().cid().to_string()
}

/// Run by [`elsewhere`] in a process of its own: prints a content id for each module that is named.
#[tokio::test]
#[ignore = "other tests start it"]
async fn child() {
    let folder = PathBuf::from(std::env::var("CIDERY_TEST_FOLDER").unwrap());
    let threads = std::env::var("CIDERY_TEST_THREADS").unwrap().parse().unwrap();
    for module in std::env::var("CIDERY_TEST_MODULES").unwrap().split(' ') {
        write_project(&folder, module);
        for file in ["index.js", "package.json"] {
            let file = std::fs::File::options().append(true).open(folder.join(file)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        }
        println!("cid {module} {}", cid(&bundle(&folder, threads).await));
    }
}

/// The content ids that another process finds, in another folder and another environment.
fn elsewhere(modules: &[&str], folder: &Path, threads: usize) -> BTreeMap<String, String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("CIDERY_TEST_FOLDER", folder)
        .env("CIDERY_TEST_THREADS", threads.to_string())
        .env("CIDERY_TEST_MODULES", modules.join(" "))
        .envs([("TZ", "Pacific/Apia"), ("NODE_ENV", "development"), ("LANG", "tr_TR.UTF-8")])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let lines = text.lines().filter_map(|line| line.rsplit_once("cid ").map(|(_, rest)| rest));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(module, cid)| (module.to_owned(), cid.to_owned()))
        .collect()
}

#[tokio::test]
async fn ten_packages_have_the_content_ids_that_are_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let mut found = BTreeMap::new();
    for module in GOLDEN {
        let folder = dir.path().join("plain");
        write_project(&folder, module);
        found.insert(module.to_owned(), cid(&bundle(&folder, 2).await));
    }
    let file = golden().join("cids.json");
    if std::env::var_os("CIDERY_WRITE_GOLDEN").is_some() {
        std::fs::write(&file, format!("{:#}\n", json!(found))).unwrap();
    }
    let written: BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(found, written);
    assert_eq!(elsewhere(&GOLDEN, &dir.path().join("with späces and ünïcode"), 1), written);
}

#[tokio::test]
#[ignore = "takes minutes; `cargo xtask compat` runs it"]
async fn forty_packages_have_one_content_id_each() {
    let dir = tempfile::tempdir().unwrap();
    let modules = all_packages();
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    assert_eq!(modules.len(), 40);
    let mut found = BTreeMap::new();
    for module in &modules {
        for (folder, threads) in [("a", 1), ("b b", 2), ("ç", 8)] {
            let folder = dir.path().join(folder);
            write_project(&folder, module);
            let cid = cid(&bundle(&folder, threads).await);
            let first = found.entry((*module).to_owned()).or_insert_with(|| cid.clone());
            assert_eq!(*first, cid, "{module} with {threads} threads");
        }
    }
    assert_eq!(elsewhere(&modules, &dir.path().join("elsewhere"), 2), found);
}

#[tokio::test]
async fn express_starts_and_answers() {
    let dir = tempfile::tempdir().unwrap();
    write_project(dir.path(), "express");
    let code = "import express from 'express'; import { httpServerHandler } from 'cloudflare:node';
                const app = express();
                app.get('/', (request, response) => response.json({ path: request.path, agent: typeof request.get('host') }));
                app.listen(8080);
                export default httpServerHandler({ port: 8080 });";
    std::fs::write(dir.path().join("index.js"), code).unwrap();
    let bundle = bundle(dir.path(), 2).await;
    assert_eq!(run(&bundle), json!({ "path": "/", "agent": "string" }));
}
