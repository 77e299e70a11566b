//! Without a lock file: what npm itself would install.

mod support;

use std::collections::BTreeSet;

use cidery_bundler::BundleError;
use serde_json::{Value, json};
use support::tools::{Tool, installed};
use support::{Project, Registry, main_code};

fn package(registry: &mut Registry, name: &str, version: &str, more: Value) {
    let mut manifest = json!({ "name": name, "version": version, "main": "index.js" });
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    registry.publish(manifest, &[("index.js", &format!("module.exports = '{name} {version}';"))]);
}

/// Checks that we resolve as npm does, and says to what.
async fn as_npm(registry: &Registry, manifest: Value) -> BTreeSet<String> {
    let project = Project::new(Some(registry), &[("package.json", &manifest.to_string())]);
    let ours: BTreeSet<String> = project.packages().await.unwrap().into_iter().collect();
    Tool::Npm.resolve(&project.folder(), registry);
    assert_eq!(ours, installed(&project.folder()), "{manifest}");
    ours
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_ranges_and_deprecation_decide_as_in_npm() {
    let mut registry = Registry::start();
    for (version, deprecated) in
        [("1.0.0", ""), ("1.1.0", "broken"), ("2.0.0", ""), ("2.1.0", "broken"), ("3.0.0-rc.1", "")]
    {
        let more = if deprecated.is_empty() { json!({}) } else { json!({ "deprecated": deprecated }) };
        package(&mut registry, "leaf", version, more);
    }
    registry.tag("leaf", "latest", "2.0.0");
    registry.tag("leaf", "next", "3.0.0-rc.1");
    registry.tag("leaf", "old", "1.1.0");
    for (range, expected) in [
        ("*", "leaf@2.0.0"),
        ("", "leaf@2.0.0"),
        ("latest", "leaf@2.0.0"),
        ("next", "leaf@3.0.0-rc.1"),
        ("old", "leaf@1.1.0"),
        ("^1.0.0", "leaf@1.0.0"),
        ("1.1.0", "leaf@1.1.0"),
        (">=1.1.0 <2", "leaf@1.1.0"),
        (">2.0.0", "leaf@2.1.0"),
        (">=3.0.0-rc.0", "leaf@3.0.0-rc.1"),
        ("1 || 2", "leaf@2.0.0"),
        ("1 - 1.0.5", "leaf@1.0.0"),
    ] {
        let got = as_npm(&registry, json!({ "dependencies": { "leaf": range } })).await;
        assert_eq!(got, set(&[expected]), "{range}");
    }
    // As github-slugger 1.1.2 has it: npm leaves the word out that it can't read.
    package(&mut registry, "slip", "1.0.0", json!({ "dependencies": { "leaf": "^>=1.0.0 <=1.0.5" } }));
    let got = as_npm(&registry, json!({ "dependencies": { "slip": "1" } })).await;
    assert_eq!(got, set(&["leaf@1.0.0", "slip@1.0.0"]));
    package(&mut registry, "all-old", "1.0.0", json!({ "deprecated": "all" }));
    package(&mut registry, "all-old", "1.2.0", json!({ "deprecated": "all" }));
    assert_eq!(
        as_npm(&registry, json!({ "dependencies": { "all-old": "1" } })).await,
        set(&["all-old@1.2.0"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn overrides_count_at_the_top_and_below() {
    let mut registry = Registry::start();
    for version in ["1.0.0", "1.5.0", "2.0.0"] {
        package(&mut registry, "leaf", version, json!({}));
    }
    package(&mut registry, "mid", "1.0.0", json!({ "dependencies": { "leaf": "^1.0.0" } }));
    package(&mut registry, "top", "1.0.0", json!({ "dependencies": { "mid": "1", "leaf": "^1.0.0" } }));
    for (overrides, expected) in [
        (json!({}), vec!["leaf@1.5.0"]),
        (json!({ "leaf": "1.0.0" }), vec!["leaf@1.0.0"]),
        (json!({ "mid": { "leaf": "2.0.0" } }), vec!["leaf@1.5.0", "leaf@2.0.0"]),
        (json!({ "leaf@^1": "2.0.0" }), vec!["leaf@2.0.0"]),
        (json!({ "leaf": "npm:other@1" }), vec!["other@1.0.0"]),
    ] {
        package(&mut registry, "other", "1.0.0", json!({}));
        let manifest = json!({ "dependencies": { "top": "1" }, "overrides": overrides });
        let expected: BTreeSet<String> =
            expected.into_iter().chain(["mid@1.0.0", "top@1.0.0"]).map(str::to_owned).collect();
        assert_eq!(as_npm(&registry, manifest).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_are_installed_shared_and_optional_as_in_npm() {
    let mut registry = Registry::start();
    for version in ["17.0.0", "18.0.0", "19.0.0"] {
        package(&mut registry, "react", version, json!({}));
    }
    package(&mut registry, "dom", "18.0.0", json!({ "peerDependencies": { "react": "^18.0.0" } }));
    package(
        &mut registry,
        "ui",
        "1.0.0",
        json!({ "peerDependencies": { "react": ">=17", "types": "1" },
                "peerDependenciesMeta": { "types": { "optional": true } } }),
    );
    package(&mut registry, "types", "1.0.0", json!({}));
    let react18 = ["dom@18.0.0", "react@18.0.0", "ui@1.0.0"];
    for (dependencies, expected) in [
        (json!({ "ui": "1" }), set(&["react@19.0.0", "ui@1.0.0"])),
        (json!({ "ui": "1", "dom": "18" }), set(&react18)),
        (json!({ "ui": "1", "dom": "18", "react": "18" }), set(&react18)),
        (
            json!({ "ui": "1", "types": "1", "react": "17" }),
            set(&["react@17.0.0", "types@1.0.0", "ui@1.0.0"]),
        ),
    ] {
        assert_eq!(as_npm(&registry, json!({ "dependencies": dependencies })).await, expected);
    }
    let own = json!({ "dependencies": { "ui": "1" }, "peerDependencies": { "react": "17", "types": "1" },
                      "peerDependenciesMeta": { "types": { "optional": true } } });
    assert_eq!(as_npm(&registry, own).await, set(&["react@17.0.0", "ui@1.0.0"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_dependency_that_cannot_be_had_is_left_out() {
    let mut registry = Registry::start();
    package(&mut registry, "leaf", "1.0.0", json!({}));
    package(&mut registry, "wants-gone", "1.0.0", json!({ "dependencies": { "gone": "1" } }));
    for optional in [
        json!({ "gone": "1" }),
        json!({ "leaf": "9" }),
        json!({ "leaf": "no-such-tag" }),
        json!({ "wants-gone": "1" }),
    ] {
        package(
            &mut registry,
            "host",
            "1.0.0",
            json!({ "dependencies": optional, "optionalDependencies": optional }),
        );
        let got = as_npm(&registry, json!({ "dependencies": { "host": "1" } })).await;
        assert_eq!(got, set(&["host@1.0.0"]));
        let manifest = json!({ "dependencies": { "leaf": "1" }, "optionalDependencies": { "gone": "1" } });
        assert_eq!(as_npm(&registry, manifest).await, set(&["leaf@1.0.0"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_folders_and_bundled_packages_need_no_lock() {
    let mut registry = Registry::start();
    for version in ["1.0.0", "2.0.0"] {
        package(&mut registry, "leaf", version, json!({}));
    }
    package(&mut registry, "uses-member", "1.0.0", json!({ "dependencies": { "@w/member": "1" } }));
    registry.publish(
        json!({ "name": "carrier", "version": "1.0.0", "main": "index.js", "dependencies": { "inner": "1" },
                "bundledDependencies": ["inner"] }),
        &[
            ("index.js", "module.exports = require('inner');"),
            ("node_modules/inner/package.json", r#"{ "name": "inner", "version": "1.0.0" }"#),
            ("node_modules/inner/index.js", "module.exports = 'carried';"),
        ],
    );
    let root = json!({ "workspaces": ["packages/*"],
        "dependencies": { "@w/member": "^1.0.0", "leaf": "2", "carrier": "1", "uses-member": "1" } });
    let member = json!({ "name": "@w/member", "version": "1.3.0", "type": "module", "exports": "./src/index.ts",
        "dependencies": { "leaf": "1", "sub": "file:../../elsewhere" } });
    let sub = json!({ "name": "other-name", "type": "module", "main": "m.js", "dependencies": { "leaf": "1.0.0" } });
    let code = "import member from '@w/member'; import leaf from 'leaf'; import carried from 'carrier';
                export default [member, leaf, carried];";
    let project = Project::new(
        Some(&registry),
        &[
            ("package.json", &root.to_string()),
            ("packages/member/package.json", &member.to_string()),
            (
                "packages/member/src/index.ts",
                "import sub from 'sub'; const a: string = 'member'; export default a + sub;",
            ),
            ("elsewhere/package.json", &sub.to_string()),
            ("elsewhere/m.js", "import leaf from 'leaf'; export default 'sub ' + leaf;"),
            ("index.js", code),
        ],
    );
    let expected = [
        "@w/member@1.3.0",
        "carrier@1.0.0",
        "leaf@1.0.0",
        "leaf@2.0.0",
        "other-name@0.0.0",
        "uses-member@1.0.0",
    ];
    assert_eq!(project.packages().await.unwrap(), expected);
    assert!(
        registry.take_log().iter().all(|(path, _)| !path.contains("@w/")),
        "a private name was asked for"
    );
    let bundle = project.bundle().await.unwrap();
    let code = main_code(&bundle);
    for part in ["member", "sub ", "leaf 1.0.0", "leaf 2.0.0", "carried"] {
        assert!(code.contains(part), "{part}: {code}");
    }
    let folders: Vec<_> = bundle.bundled.iter().filter(|package| package.integrity.is_none()).collect();
    assert_eq!(
        folders.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(),
        ["@w/member", "other-name"]
    );
    for map in &bundle.source_maps {
        assert!(!String::from_utf8_lossy(&map.bytes).contains("elsewhere"), "a path of the machine");
    }
}

#[tokio::test]
async fn errors_say_who_wants_what_and_what_there_is() {
    let mut registry = Registry::start();
    package(&mut registry, "leaf", "1.0.0", json!({}));
    package(&mut registry, "leaf", "1.1.0", json!({}));
    package(&mut registry, "mid", "1.0.0", json!({ "dependencies": { "leaf": "^7.0.0" } }));
    package(&mut registry, "top", "2.0.0", json!({ "dependencies": { "mid": "*" } }));
    package(&mut registry, "git", "1.0.0", json!({ "dependencies": { "x": "github:a/b" } }));
    package(&mut registry, "lost", "1.0.0", json!({ "dependencies": { "absent": "*" } }));
    for (dependencies, parts) in [
        (
            json!({ "top": "2" }),
            vec!["`leaf`", "^7.0.0", "app > top@2.0.0 > mid@1.0.0", "1.1.0", "latest 1.1.0"],
        ),
        (json!({ "leaf": "^3" }), vec!["`leaf`", "^3", "app wants", "2 versions", "1.1.0, 1.0.0"]),
        (json!({ "lost": "1" }), vec!["absent", "app > lost@1.0.0"]),
        (json!({ "git": "1" }), vec!["app > git@1.0.0 > x", "github:a/b"]),
        (json!({ "x": "git+https://h/r" }), vec!["`x`", "git+https://h/r"]),
    ] {
        let manifest = json!({ "name": "app", "dependencies": dependencies });
        let project = Project::new(Some(&registry), &[("package.json", &manifest.to_string())]);
        let error = project.packages().await.unwrap_err();
        let shown = error.to_string();
        assert!(
            matches!(
                error,
                BundleError::NoVersion { .. }
                    | BundleError::NoPackage { .. }
                    | BundleError::UnsupportedDependency { .. }
            ),
            "{error:?}"
        );
        for part in parts {
            assert!(shown.contains(part), "{part} is not in: {shown}");
        }
    }
}
