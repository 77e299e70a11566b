//! Packages from a registry: resolved, locked, fetched, checked.

mod support;

use cidery_bundler::BundleError;
use serde_json::json;
use support::{Project, Registry, files, integrity, main_code, pack};

fn simple(registry: &mut Registry, name: &str, version: &str, text: &str) -> String {
    let manifest = json!({ "name": name, "version": version, "main": "index.js", "type": "module" });
    registry.publish(manifest, &[("index.js", &format!("export default '{text}';"))])
}

#[tokio::test]
async fn nested_versions_and_aliases_each_get_their_own() {
    let mut registry = Registry::start();
    simple(&mut registry, "leaf", "1.0.0", "leaf one");
    simple(&mut registry, "leaf", "1.2.0", "leaf one two");
    simple(&mut registry, "leaf", "2.0.0", "leaf two");
    registry.publish(
        json!({ "name": "@scope/mid", "version": "1.0.0", "type": "module", "exports": { ".": "./mid.js" },
                "dependencies": { "leaf": "^1.1.0" } }),
        &[("mid.js", "import leaf from 'leaf'; export default 'mid with ' + leaf;")],
    );
    let project = Project::depending(
        &registry,
        json!({ "@scope/mid": "*", "leaf": "^2", "old": "npm:leaf@1.0.0" }),
        "import mid from '@scope/mid'; import leaf from 'leaf'; import old from 'old'; export default [mid, leaf, old];",
    );
    let bundle = project.bundle().await.unwrap();
    let packages: Vec<_> = bundle.bundled.iter().map(|p| format!("{}@{}", p.name, p.version)).collect();
    assert_eq!(packages, ["@scope/mid@1.0.0", "leaf@1.0.0", "leaf@1.2.0", "leaf@2.0.0"]);
}

#[tokio::test]
async fn a_lock_file_is_honoured_exactly() {
    let mut registry = Registry::start();
    let locked = simple(&mut registry, "leaf", "1.0.0", "the locked one");
    simple(&mut registry, "leaf", "1.9.0", "a newer one");
    let project =
        Project::depending(&registry, json!({ "leaf": "^1.0.0" }), "export { default } from 'leaf';");
    let newest = project.bundle().await.unwrap();
    assert_eq!(newest.bundled[0].version, "1.9.0");

    let lock = |integrity: &str| {
        let leaf = json!({ "version": "1.0.0", "integrity": integrity,
                           "resolved": format!("{}leaf/-/1.0.0.tgz", registry.url()) });
        json!({ "lockfileVersion": 3, "packages": { "node_modules/leaf": leaf } }).to_string()
    };
    project.write("package-lock.json", lock(&locked).as_bytes());
    registry.take_log();
    let bundle = project.bundle().await.unwrap();
    assert_eq!(bundle.bundled[0].version, "1.0.0");
    assert_eq!(bundle.bundled[0].integrity.as_ref(), Some(&locked));
    assert!(main_code(&bundle).contains("the locked one"));
    assert_ne!(bundle.lock, newest.lock);
    // The description is asked for to be compared with the archive, after it.
    let asked: Vec<_> = registry.take_log().into_iter().map(|(path, _)| path).collect();
    assert_eq!(asked, ["/leaf/-/1.0.0.tgz", "/leaf"], "nothing was resolved");

    project.write("package-lock.json", lock(&integrity(b"other")).as_bytes());
    let result = project.bundle().await;
    assert!(matches!(result, Err(BundleError::IntegrityMismatch { .. })), "{result:?}");
}

#[tokio::test]
async fn a_changed_archive_is_refused_and_not_kept() {
    let mut registry = Registry::start();
    simple(&mut registry, "leaf", "1.0.0", "as announced");
    registry.replace("/leaf/-/1.0.0.tgz", pack(&[("package/index.js", "export default 'changed';")]));
    let project = Project::depending(&registry, json!({ "leaf": "1" }), "export { default } from 'leaf';");
    let result = project.bundle().await;
    assert!(matches!(result, Err(BundleError::IntegrityMismatch { .. })), "{result:?}");
    assert_eq!(files(&project.cache().join("archives")), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_damaged_cache_heals() {
    let mut registry = Registry::start();
    simple(&mut registry, "leaf", "1.0.0", "whole");
    let project = Project::depending(&registry, json!({ "leaf": "1" }), "export { default } from 'leaf';");
    let bundle = project.bundle().await.unwrap();
    for file in files(&project.cache()) {
        std::fs::write(file, "damaged").unwrap();
    }
    assert_eq!(project.bundle().await.unwrap(), bundle);
}

#[tokio::test]
async fn archives_that_are_not_safe_are_refused() {
    for (entry, other) in [("package/../../evil.js", "package/a"), ("package/A.js", "package/a.js")] {
        let mut registry = Registry::start();
        let manifest = json!({ "name": "evil", "version": "1.0.0" });
        let archive = pack(&[("package/package.json", &manifest.to_string()), (entry, "1"), (other, "2")]);
        registry.publish_archive(manifest, archive);
        let project = Project::depending(&registry, json!({ "evil": "1" }), "import 'evil';");
        let result = project.bundle().await;
        assert!(matches!(result, Err(BundleError::Archive { .. })), "{entry}: {result:?}");
    }
}

#[tokio::test]
async fn faults_are_retried_and_descriptions_are_revalidated() {
    let mut registry = Registry::start();
    simple(&mut registry, "leaf", "1.0.0", "late");
    registry.fail("/leaf", 2);
    registry.fail("/leaf/-/1.0.0.tgz", 1);
    let project = Project::depending(&registry, json!({ "leaf": "1" }), "export { default } from 'leaf';");
    let bundle = project.bundle().await.unwrap();
    let statuses: Vec<_> = registry.take_log().into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [503, 503, 200, 503, 200]);
    assert_eq!(project.bundle().await.unwrap(), bundle);
    assert_eq!(registry.take_log(), [("/leaf".to_owned(), 304)]);
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let registry = Registry::start();
    let project = Project::depending(&registry, json!({ "absent": "1" }), "import 'absent';");
    let error = project.bundle().await.unwrap_err();
    assert!(matches!(error, BundleError::NoPackage { .. }), "{error:?}");
    assert!(error.to_string().contains("absent"), "{error}");
}

#[tokio::test]
async fn optional_dependencies_may_be_absent_or_native() {
    let mut registry = Registry::start();
    registry.publish(json!({ "name": "native", "version": "1.0.0", "os": ["linux"] }), &[("index.js", "")]);
    simple(&mut registry, "leaf", "1.0.0", "leaf");
    registry.publish(
        json!({ "name": "host", "version": "1.0.0", "main": "index.js",
                "dependencies": { "leaf": "1", "gone": "1", "leaf-next": "npm:leaf@9", "native": "1" },
                "optionalDependencies": { "gone": "1", "leaf-next": "npm:leaf@9", "native": "1" } }),
        &[(
            "index.js",
            "let gone; try { gone = require('gone') } catch { gone = 'without' }
                        module.exports = gone;",
        )],
    );
    let project = Project::depending(&registry, json!({ "host": "1" }), "export { default } from 'host';");
    let bundle = project.bundle().await.unwrap();
    assert_eq!(bundle.bundled.len(), 1, "{:?}", bundle.bundled);
    assert!(registry.take_log().iter().all(|(path, _)| path != "/native/-/1.0.0.tgz"));
}

#[tokio::test]
async fn peer_dependencies_are_those_of_the_one_who_depends() {
    let mut registry = Registry::start();
    simple(&mut registry, "peer", "1.0.0", "peer one");
    simple(&mut registry, "peer", "2.0.0", "peer two");
    registry.publish(
        json!({ "name": "plugin", "version": "1.0.0", "type": "module", "main": "index.js",
                "peerDependencies": { "peer": "*" } }),
        &[("index.js", "import peer from 'peer'; export default 'plugin of ' + peer;")],
    );
    registry.publish(
        json!({ "name": "old", "version": "1.0.0", "type": "module", "main": "index.js",
                "dependencies": { "peer": "1", "plugin": "1" } }),
        &[("index.js", "export { default } from 'plugin';")],
    );
    let project = Project::depending(
        &registry,
        json!({ "old": "1", "peer": "2", "plugin": "1" }),
        "import old from 'old'; import plugin from 'plugin'; export default [old, plugin];",
    );
    let bundle = project.bundle().await.unwrap();
    let code = main_code(&bundle);
    assert!(code.contains("peer one") && code.contains("peer two"), "{code}");
    assert_eq!(code.matches("plugin of").count(), 2, "{code}");
}
