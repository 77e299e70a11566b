//! What registries vouch for, and what they say otherwise than their archives.

mod support;

use std::sync::Mutex;

use cidery_bundler::{Attested, Bundle, BundleError, Checked, Options, Progress};
use serde_json::{Value, json};
use support::{KEYS, Project, Registry, Signer, files, pack};

const ARCHIVE: &str = "/leaf/-/1.0.0.tgz";

fn leaf(registry: &mut Registry) -> String {
    let manifest = json!({ "name": "leaf", "version": "1.0.0", "type": "module", "main": "index.js" });
    registry.publish(manifest, &[("index.js", "export default 1;")])
}

fn depending(registry: &Registry) -> Project {
    Project::depending(registry, json!({ "leaf": "1" }), "export { default } from 'leaf';")
}

fn signed() -> Registry {
    let mut registry = Registry::start();
    registry.sign(Signer::new("SHA256:one"));
    leaf(&mut registry);
    registry
}

fn checked(bundle: &Bundle) -> Vec<&str> {
    bundle.direct[0].checked.iter().map(String::as_str).collect()
}

/// Another way to describe the leaf.
async fn described(change: impl FnOnce(&mut Value)) -> Result<Bundle, BundleError> {
    let mut registry = signed();
    registry.describe("leaf", change);
    depending(&registry).bundle().await
}

#[tokio::test]
async fn a_registry_s_signature_is_verified_once_and_recorded() {
    let registry = signed();
    let project = depending(&registry);
    let bundle = project.bundle().await.unwrap();
    let [direct] = &bundle.direct[..] else { panic!("{:?}", bundle.direct) };
    assert_eq!(
        (direct.alias.as_str(), direct.name.as_str(), direct.version.as_str()),
        ("leaf", "leaf", "1.0.0")
    );
    assert_eq!(Some(&direct.integrity), bundle.bundled[0].integrity.as_ref());
    assert_eq!(direct.checked, ["registry-signature"]);
    let asked: Vec<_> = registry.take_log().into_iter().map(|(path, _)| path).collect();
    assert_eq!(asked, ["/leaf", ARCHIVE, KEYS]);

    // The second time nothing but the description is asked for, and offline nothing at all.
    assert_eq!(project.bundle().await.unwrap(), bundle);
    assert_eq!(registry.take_log(), [("/leaf".to_owned(), 304)]);
    let offline = Options { offline: true, ..project.options() };
    assert_eq!(cidery_bundler::bundle(&project.folder(), &offline, &()).await.unwrap(), bundle);
}

#[tokio::test]
async fn where_nothing_is_offered_nothing_is_recorded() {
    let mut registry = Registry::start();
    leaf(&mut registry);
    assert!(checked(&depending(&registry).bundle().await.unwrap()).is_empty());
    assert!(!registry.take_log().iter().any(|(path, _)| path == KEYS), "there is nothing to check");

    // Signatures that a mirror hands on, without the keys.
    let registry = signed();
    for refusal in [404, 403, 405] {
        registry.faults(KEYS, vec![support::Fault::Status(refusal, "")]);
        assert!(checked(&depending(&registry).bundle().await.unwrap()).is_empty(), "{refusal}");
    }
    registry.replace(KEYS, br#"{"keys":[]}"#.to_vec());
    assert!(checked(&depending(&registry).bundle().await.unwrap()).is_empty());
    registry.replace(KEYS, b"<html>".to_vec());
    assert!(matches!(depending(&registry).bundle().await, Err(BundleError::InvalidFile { .. })));
}

#[tokio::test]
async fn a_signature_that_is_wrong_is_refused() {
    let other = Signer::new("SHA256:one");
    let error = described(|leaf| {
        let version = &mut leaf["versions"]["1.0.0"];
        let text = format!("leaf@1.0.0:{}", version["dist"]["integrity"].as_str().unwrap());
        version["dist"]["signatures"] = json!([other.sign(&text)]);
    });
    let error = error.await.unwrap_err();
    let shown = error.to_string();
    assert!(matches!(error, BundleError::WrongSignature { .. }), "{error:?}");
    assert!(shown.contains("leaf@1.0.0 has a wrong signature") && shown.contains("SHA256:one"), "{shown}");
}

#[tokio::test]
async fn every_signature_must_be_right() {
    let error = described(|leaf| {
        let signatures = leaf["versions"]["1.0.0"]["dist"]["signatures"].as_array_mut().unwrap();
        signatures.push(
            json!({ "keyid": "SHA256:one", "sig": signatures[0]["sig"].as_str().unwrap().replace('M', "N") }),
        );
    });
    assert!(matches!(error.await, Err(BundleError::WrongSignature { .. })));
}

#[tokio::test]
async fn a_key_that_is_not_offered_is_refused() {
    let error = described(|leaf| {
        leaf["versions"]["1.0.0"]["dist"]["signatures"][0]["keyid"] = json!("SHA256:two");
    });
    let shown = error.await.unwrap_err().to_string();
    assert!(shown.contains("`SHA256:two`, wanted one that its registry offers: `SHA256:one`"), "{shown}");
}

#[tokio::test]
async fn a_key_counts_for_what_was_published_before_it_expired() {
    for (published, long_only, is_right) in [
        ("2025-01-28T23:59:59Z", false, true),
        ("2025-01-29T00:00:00Z", false, false),
        // npm's short form has no times; the long one is asked for.
        ("2025-01-28T23:59:59Z", true, true),
        ("2025-01-29T00:00:00Z", true, false),
    ] {
        let mut registry = Registry::start();
        let signer = Signer::new("SHA256:old");
        let listed = signer.listed(json!("2025-01-29T00:00:00.000Z"));
        registry.sign(signer);
        registry.replace(KEYS, json!({ "keys": [listed] }).to_string().into_bytes());
        leaf(&mut registry);
        registry.describe("leaf", |leaf| {
            leaf["time"] = json!({ "1.0.0": published, "created": published });
        });
        if long_only {
            registry.hide_times("leaf");
        }
        let result = depending(&registry).bundle().await;
        match result {
            Ok(bundle) => assert!(is_right && checked(&bundle) == ["registry-signature"], "{published}"),
            Err(BundleError::ExpiredKey { .. }) => assert!(!is_right, "{published}"),
            Err(error) => panic!("{published}: {error}"),
        }
    }
}

#[tokio::test]
async fn what_is_locked_is_checked_too() {
    let mut registry = signed();
    let integrity = leaf(&mut registry);
    let url = registry.url().to_owned();
    let lock = |integrity: &str| {
        json!({ "lockfileVersion": 3, "packages": {
            "": { "dependencies": { "leaf": "1" } },
            "node_modules/leaf": {
                "version": "1.0.0", "integrity": integrity, "resolved": format!("{url}leaf/-/1.0.0.tgz") } } })
        .to_string()
    };
    let project = depending(&registry);
    project.write("package-lock.json", lock(&integrity).as_bytes());
    assert_eq!(checked(&project.bundle().await.unwrap()), ["registry-signature"]);
    registry.take_log();
    project.bundle().await.unwrap();
    assert_eq!(registry.take_log(), [], "what is locked and checked is not asked for");

    // Another archive than the one that the registry speaks of.
    let other = pack(&[("package/package.json", r#"{"name":"leaf","version":"1.0.0"}"#)]);
    registry.replace(ARCHIVE, other.clone());
    let project = depending(&registry);
    project.write("package-lock.json", lock(&support::integrity(&other)).as_bytes());
    assert!(matches!(project.bundle().await, Err(BundleError::IntegrityMismatch { .. })));

    // What the registry knows no more stays locked.
    let project = depending(&registry);
    registry.describe("leaf", |leaf| leaf["versions"] = json!({}));
    registry.replace(ARCHIVE, other.clone());
    project.write("package-lock.json", lock(&support::integrity(&other)).as_bytes());
    let result = project.bundle().await;
    assert!(
        matches!(result, Err(BundleError::UnresolvedImport { .. })),
        "it has no code, and is not refused: {result:?}"
    );
}

#[tokio::test]
async fn t9_a_description_that_differs_from_the_archive_is_refused() {
    for (field, value) in [
        ("dependencies", json!({ "evil": "1" })),
        ("peerDependencies", json!({ "evil": "*" })),
        ("optionalDependencies", json!({ "evil": "1" })),
        ("os", json!(["linux"])),
    ] {
        // The archive hides what the description has, and the other way round.
        for in_archive in [true, false] {
            let mut registry = Registry::start();
            registry.publish(json!({ "name": "evil", "version": "1.0.0" }), &[("index.js", "")]);
            let plain = json!({ "name": "leaf", "version": "1.0.0", "main": "index.js" });
            let mut more = plain.clone();
            more[field] = value.clone();
            let (described, archived) = if in_archive { (plain, more) } else { (more, plain) };
            let archive = pack(&[("package/package.json", &archived.to_string()), ("package/index.js", "")]);
            registry.publish_archive(described, archive);
            let error = depending(&registry).bundle().await.unwrap_err();
            assert!(
                matches!(&error, BundleError::ManifestConfusion { package, field: got, .. }
                    if package == "leaf@1.0.0" && *got == field),
                "{field}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn t9_an_archive_of_another_package_is_refused() {
    for (field, archived) in [
        ("name", r#"{"name":"other","version":"1.0.0"}"#),
        ("version", r#"{"name":"leaf","version":"0.9.0"}"#),
    ] {
        let mut registry = Registry::start();
        let archive = pack(&[("package/package.json", archived), ("package/index.js", "")]);
        registry.publish_archive(json!({ "name": "leaf", "version": "1.0.0" }), archive);
        let error = depending(&registry).bundle().await.unwrap_err();
        assert!(
            matches!(&error, BundleError::ManifestConfusion { field: got, .. } if *got == field),
            "{error}"
        );
    }
    let mut registry = Registry::start();
    registry
        .publish_archive(json!({ "name": "leaf", "version": "1.0.0" }), pack(&[("package/index.js", "")]));
    let error = depending(&registry).bundle().await.unwrap_err();
    assert!(
        matches!(&error, BundleError::InvalidFile { file, .. } if file.contains("leaf@1.0.0")),
        "{error}"
    );
}

#[tokio::test]
async fn what_was_refused_is_refused_again() {
    let mut registry = signed();
    registry.describe("leaf", |leaf| {
        leaf["versions"]["1.0.0"]["dist"]["signatures"][0]["keyid"] = json!("SHA256:two");
    });
    let project = depending(&registry);
    for _ in 0..2 {
        assert!(matches!(project.bundle().await, Err(BundleError::UnknownKey { .. })));
    }
}

#[tokio::test]
async fn a_verdict_that_was_altered_is_reached_anew() {
    let registry = signed();
    let project = depending(&registry);
    project.bundle().await.unwrap();
    for file in files(&project.cache()) {
        let text = std::fs::read(&file).unwrap();
        if text.windows(9).any(|part| part == b"\"checked\"") {
            std::fs::write(
                &file,
                String::from_utf8(text).unwrap().replace("registry-signature", "anything-else"),
            )
            .unwrap();
        }
    }
    assert_eq!(checked(&project.bundle().await.unwrap()), ["registry-signature"]);
}

/// A real bundle, of another package.
const BUNDLE: &str = include_str!("../../tests/vectors/attestations/sigstore-2.0.0-provenance.json");

#[tokio::test]
async fn t22_an_attestation_that_is_offered_must_be_about_the_package() {
    let mut registry = signed();
    let manifest = json!({ "name": "mid", "version": "1.0.0", "dependencies": { "leaf": "1" } });
    registry.publish(manifest, &[("index.js", "")]);
    let attested =
        |leaf: &mut Value| leaf["versions"]["1.0.0"]["dist"]["attestations"] = json!({ "url": "x" });
    registry.describe("leaf", attested);
    let path = "/-/npm/v1/attestations/leaf@1.0.0";
    // Where there is no list of them, none are offered.
    assert_eq!(checked(&depending(&registry).bundle().await.unwrap()), ["registry-signature"]);
    let bundle: Value = serde_json::from_str(BUNDLE).unwrap();
    let listed =
        json!({ "attestations": [{ "predicateType": "https://slsa.dev/provenance/v1", "bundle": bundle }] });
    registry.replace(path, listed.to_string().into_bytes());
    let error = depending(&registry).bundle().await.unwrap_err();
    assert!(
        matches!(&error, BundleError::Attestation { package, reason, .. }
            if package == "leaf@1.0.0" && reason.contains("about pkg:npm/sigstore@2.0.0")),
        "{error}"
    );

    // Of what others depend on, it is asked for where that is wanted.
    let project = Project::depending(&registry, json!({ "mid": "1" }), "import 'mid';");
    project.bundle().await.unwrap();
    registry.take_log();
    let all = project.bundle_with(|options| options.attested = Attested::All).await;
    assert!(matches!(all, Err(BundleError::Attestation { .. })), "{all:?}");
    assert!(registry.take_log().iter().any(|(asked, _)| asked == path));
}

fn aged() -> Registry {
    let mut registry = Registry::start();
    for version in ["1.0.0", "1.1.0"] {
        registry.publish(json!({ "name": "leaf", "version": version }), &[("index.js", "")]);
    }
    registry.describe("leaf", |leaf| {
        leaf["time"] = json!({ "1.0.0": "2026-01-01T00:00:00.000Z", "1.1.0": "2026-03-01T00:00:00.000Z" });
    });
    registry.hide_times("leaf");
    registry
}

/// A project that takes what was published before February.
async fn before_february(project: &Project) -> Result<Bundle, BundleError> {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_769_904_000);
    project.bundle_with(|options| options.published_before = Some(time)).await
}

#[tokio::test]
async fn young_versions_are_not_resolved() {
    let registry = aged();
    for range in ["1", "*", "latest"] {
        let project = Project::depending(&registry, json!({ "leaf": range }), "import 'leaf';");
        assert_eq!(project.bundle().await.unwrap().direct[0].version, "1.1.0", "{range}");
        let result = before_february(&project).await;
        assert_eq!(result.unwrap().direct[0].version, "1.0.0", "{range}");
    }
    let project = Project::depending(&registry, json!({ "leaf": "1.1.0" }), "import 'leaf';");
    let shown = before_february(&project).await.unwrap_err().to_string();
    let wanted = "leaf@1.1.0 was published at 2026-03-01T00:00:00Z, wanted before 2026-02-01T00:00:00Z";
    assert_eq!(shown, wanted);
}

#[tokio::test]
async fn a_young_version_that_is_locked_is_refused_and_so_is_one_of_no_age() {
    let mut registry = aged();
    let project = Project::depending(&registry, json!({ "leaf": "1" }), "import 'leaf';");
    let bundle = project.bundle().await.unwrap();
    let entry = json!({ "version": "1.1.0", "integrity": bundle.direct[0].integrity,
                        "resolved": format!("{}leaf/-/1.1.0.tgz", registry.url()) });
    let lock = json!({ "lockfileVersion": 3, "packages": { "node_modules/leaf": entry } });
    project.write("package-lock.json", lock.to_string().as_bytes());
    assert!(project.bundle().await.is_ok());
    for _ in 0..2 {
        let error = before_february(&project).await.unwrap_err();
        assert!(
            matches!(&error, BundleError::TooYoung { package, .. } if package == "leaf@1.1.0"),
            "{error}"
        );
    }
    registry.describe("leaf", |leaf| leaf["time"] = json!({}));
    let project = Project::depending(&registry, json!({ "leaf": "1" }), "import 'leaf';");
    let shown = before_february(&project).await.unwrap_err().to_string();
    assert!(shown.contains("at a time that its registry does not say"), "{shown}");
}

/// What was said last.
struct Last(Mutex<Option<Checked>>);

impl Progress for Last {
    fn checked(&self, checked: Checked) {
        *self.0.lock().unwrap() = Some(checked);
    }
}

#[tokio::test]
async fn progress_counts_what_is_signed() {
    let mut registry = signed();
    registry.publish(json!({ "name": "plain", "version": "1.0.0" }), &[("index.js", "")]);
    registry.describe("plain", |plain| plain["versions"]["1.0.0"]["dist"]["signatures"] = json!([]));
    let project = Project::depending(&registry, json!({ "leaf": "1", "plain": "1" }), "export default 1;");
    let last = Last(Mutex::default());
    cidery_bundler::bundle(&project.folder(), &project.options(), &last).await.unwrap();
    assert_eq!(last.0.into_inner().unwrap(), Some(Checked { done: 2, total: 2, signed: 1 }));
}

/// Whoever describes packages as npm's registry does, describes none of these otherwise than their archives.
#[tokio::test]
#[ignore = "asks a public registry for some hundred packages"]
async fn t9_what_people_use_is_not_refused() {
    for dependencies in [
        json!({ "express": "4", "hono": "*", "vite": "*", "astro": "*" }),
        json!({ "next": "*", "react": "*", "react-dom": "*", "@aws-sdk/client-s3": "*", "webpack": "*" }),
        json!({ "fsevents": "*", "eslint": "*", "jest": "*", "mongodb": "*", "npm": "*", "request": "*", "gulp": "3" }),
    ] {
        let package = json!({ "dependencies": dependencies }).to_string();
        let project = Project::new(None, &[("package.json", &package), ("index.js", "export default 1;")]);
        let last = Last(Mutex::default());
        let options = Options { registry: None, ..project.options() };
        let bundle = cidery_bundler::bundle(&project.folder(), &options, &last).await.unwrap();
        assert!(!bundle.direct.is_empty());
        let checked = last.0.into_inner().unwrap().unwrap();
        assert!(checked.done == checked.total && checked.total > 50, "{checked:?}");
        println!("{checked:?}");
    }
}
