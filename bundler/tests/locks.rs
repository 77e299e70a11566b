//! Lock files that npm, pnpm and bun wrote themselves, and what they install of them.

mod support;

use std::collections::BTreeSet;

use cidery_bundler::BundleError;
use serde_json::json;
use support::tools::{Tool, installed};
use support::{Project, Registry};

fn package(registry: &mut Registry, name: &str, version: &str, more: serde_json::Value) {
    let mut manifest = json!({ "name": name, "version": version, "main": "index.js" });
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    registry.publish(manifest, &[("index.js", &format!("module.exports = '{name} {version}';"))]);
}

fn registry() -> Registry {
    let mut registry = Registry::start();
    for version in ["1.0.0", "1.2.0", "2.0.0", "3.0.0"] {
        package(&mut registry, "leaf", version, json!({}));
    }
    package(&mut registry, "@s/mid", "1.1.0", json!({ "dependencies": { "leaf": "^1.0.0" } }));
    package(&mut registry, "deep", "1.0.0", json!({ "dependencies": { "@s/mid": "*", "leaf": "~2.0.0" } }));
    package(&mut registry, "native", "1.0.0", json!({ "os": ["linux"] }));
    package(&mut registry, "fallback", "1.0.0", json!({ "dependencies": { "leaf": "1.0.0" } }));
    package(
        &mut registry,
        "host",
        "1.0.0",
        json!({ "optionalDependencies": { "native": "1", "fallback": "1" },
                "peerDependencies": { "leaf": ">=2", "absent": "1" },
                "peerDependenciesMeta": { "absent": { "optional": true } } }),
    );
    package(&mut registry, "cycle-a", "1.0.0", json!({ "dependencies": { "cycle-b": "1" } }));
    package(&mut registry, "cycle-b", "1.0.0", json!({ "dependencies": { "cycle-a": "1" } }));
    package(&mut registry, "tool", "1.0.0", json!({ "dependencies": { "only-tool": "1" } }));
    package(&mut registry, "only-tool", "1.0.0", json!({}));
    registry.tag("leaf", "next", "3.0.0");
    registry.tag("leaf", "latest", "2.0.0");
    registry.publish(
        json!({ "name": "carrier", "version": "1.0.0", "main": "index.js", "dependencies": { "inner": "1" },
                "bundleDependencies": ["inner"] }),
        &[
            ("index.js", "module.exports = require('inner');"),
            ("node_modules/inner/package.json", r#"{ "name": "inner", "version": "1.0.0" }"#),
            ("node_modules/inner/index.js", "module.exports = 'carried inner';"),
        ],
    );
    package(&mut registry, "inner", "1.0.0", json!({}));
    registry
}

fn project(registry: &Registry, tool: Tool) -> Project {
    let root = json!({
        "name": "root", "version": "1.0.0", "private": true, "workspaces": ["packages/*"],
        "dependencies": { "@w/member": tool.member(), "deep": "1", "host": "^1.0.0", "leaf": "^2.0.0",
                          "old": "npm:leaf@1.0.0", "edge": "npm:leaf@next", "cycle-a": "*", "carrier": "1",
                          "local": "file:./local" },
        "optionalDependencies": { "native": "1" },
        "devDependencies": { "tool": "1" },
    });
    let member = json!({ "name": "@w/member", "version": "1.0.0", "main": "index.js",
                         "dependencies": { "leaf": "~1.2.0" }, "devDependencies": { "tool": "1" } });
    let local = json!({ "name": "local", "version": "1.0.0", "main": "index.js", "dependencies": { "leaf": "1.0.0" } });
    let project = Project::new(
        Some(registry),
        &[
            ("package.json", &root.to_string()),
            ("packages/member/package.json", &member.to_string()),
            ("packages/member/index.js", "module.exports = 'member with ' + require('leaf');"),
            ("local/package.json", &local.to_string()),
            ("local/index.js", "module.exports = 'local with ' + require('leaf');"),
            (
                "index.js",
                "import member from '@w/member'; import local from 'local'; import carrier from 'carrier';
                 import leaf from 'leaf'; import edge from 'edge';
                 export default [member, local, carrier, leaf, edge];",
            ),
        ],
    );
    if tool == Tool::Pnpm {
        project.write("pnpm-workspace.yaml", b"packages:\n  - packages/*\n");
    }
    project
}

/// Packages of a registry that would be fetched.
async fn archives(project: &Project, at: &str) -> BTreeSet<String> {
    let packages =
        cidery_bundler::packages(&project.folder().join(at), &project.options(), &()).await.unwrap();
    let archives = packages.into_iter().filter(|package| package.integrity.is_some());
    archives.map(|package| format!("{}@{}", package.name, package.version)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_each_tool_locks_is_what_is_taken() {
    for tool in Tool::ALL {
        let mut registry = registry();
        let project = project(&registry, tool);
        tool.lock(&project.folder(), &registry);
        // Newer ones that every range would take, but not the lock.
        for version in ["1.2.9", "1.9.0", "2.0.9", "2.9.0", "3.9.0"] {
            package(&mut registry, "leaf", version, json!({}));
        }
        registry.tag("leaf", "next", "3.9.0");
        package(&mut registry, "@s/mid", "1.9.0", json!({}));

        let ours = archives(&project, "").await;
        let member = archives(&project, "packages/member").await;
        assert_eq!(member, BTreeSet::from(["leaf@1.2.0".to_owned()]), "{tool:?}");
        registry.take_log();
        let bundle = project.bundle().await.unwrap();
        // What is locked is compared with what the registry says of it: after the archives, and of nothing else.
        let asked: Vec<_> = registry.take_log().into_iter().map(|(path, _)| path).collect();
        let compared = asked.iter().skip_while(|path| path.ends_with(".tgz"));
        for path in compared {
            assert!(ours.iter().any(|id| id.starts_with(&format!("{}@", &path[1..]))), "{path} was resolved");
        }
        let code = support::main_code(&bundle);
        for part in ["leaf 1.0.0", "leaf 1.2.0", "leaf 2.0.0", "leaf 3.0.0", "carried inner"] {
            assert!(code.contains(part), "{tool:?} lacks {part}: {code}");
        }

        tool.install(&project.folder(), &registry);
        // A native binary is of no use on the edge, a folder is no archive, and `inner` is in an archive.
        let left_out = ["native@1.0.0", "local@1.0.0", "inner@1.0.0", "@w/member@1.0.0"];
        let mut theirs = installed(&project.folder());
        theirs.retain(|id| !left_out.contains(&id.as_str()));
        assert_eq!(ours, theirs, "{tool:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_does_not_fit_any_more_is_refused() {
    for tool in Tool::ALL {
        let registry = registry();
        let project = project(&registry, tool);
        tool.lock(&project.folder(), &registry);
        for (dependency, spec) in [("leaf", "^3.0.0"), ("@s/mid", "npm:leaf@9"), ("other", "1")] {
            let mut package: serde_json::Value =
                serde_json::from_slice(&std::fs::read(project.folder().join("package.json")).unwrap())
                    .unwrap();
            let before = package.to_string();
            package["dependencies"][dependency] = json!(spec);
            project.write("package.json", package.to_string().as_bytes());
            let error = project.packages().await.unwrap_err();
            assert!(
                matches!(&error, BundleError::LockOutOfStep { file, .. } if *file == tool.lock_file()),
                "{tool:?} {dependency}: {error:?}"
            );
            project.write("package.json", before.as_bytes());
        }
        // A range that the locked version is still in does no harm.
        let text = std::fs::read_to_string(project.folder().join("package.json")).unwrap();
        project.write("package.json", text.replace("^2.0.0", ">=2.0.0").as_bytes());
        project.packages().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_digest_in_any_lock_is_refused() {
    for tool in Tool::ALL {
        let registry = registry();
        let project = project(&registry, tool);
        tool.lock(&project.folder(), &registry);
        let path = project.folder().join(tool.lock_file());
        let text = std::fs::read_to_string(&path).unwrap();
        let other = support::integrity(b"other");
        let mut changed = String::new();
        for (at, part) in text.split("sha512-").enumerate() {
            // Base64 of 64 bytes.
            if at == 0 { changed.push_str(part) } else { changed.extend([other.as_str(), &part[88..]]) }
        }
        std::fs::write(&path, changed).unwrap();
        let error = project.bundle().await.unwrap_err();
        assert!(matches!(error, BundleError::IntegrityMismatch { .. }), "{tool:?}: {error:?}");
        std::fs::write(&path, text.replace("sha512-", "sha1-")).unwrap();
        let error = project.bundle().await.unwrap_err();
        assert!(matches!(error, BundleError::WeakIntegrity { .. }), "{tool:?}: {error:?}");
    }
}

#[tokio::test]
async fn other_lock_files_are_refused_with_the_command_that_converts_them() {
    let registry = registry();
    for (file, text, command) in [
        ("yarn.lock", "# yarn lockfile v1\n", "pnpm import"),
        ("bun.lockb", "#!/usr/bin/env bun\n", "--save-text-lockfile"),
        ("package-lock.json", r#"{ "lockfileVersion": 1 }"#, "npm install --package-lock-only"),
        ("pnpm-lock.yaml", "lockfileVersion: '6.0'\n", "pnpm install --lockfile-only"),
        ("bun.lock", "{ \"lockfileVersion\": 9, }", "bun install --lockfile-only"),
    ] {
        let project = Project::depending(&registry, json!({ "leaf": "1" }), "");
        project.write(file, text.as_bytes());
        let error = project.packages().await.unwrap_err();
        assert!(
            matches!(&error, BundleError::UnsupportedLock { file: got, .. } if *got == file),
            "{error:?}"
        );
        assert!(error.to_string().contains(command), "{error}");
    }
    let project = Project::depending(&registry, json!({ "leaf": "1" }), "");
    project.write("package-lock.json", br#"{ "lockfileVersion": 3 }"#);
    project.write("pnpm-lock.yaml", b"lockfileVersion: '9.0'\n");
    assert!(matches!(project.packages().await, Err(BundleError::TwoLocks { .. })));
}
