//! Registries that are slow, broken, full or closed, and a cache that others use, too.

mod support;

use std::time::{Duration, Instant};

use cidery_bundler::{BundleError, Options};
use serde_json::json;
use support::{Asked, Fault, Project, Registry, files};

/// A package whose archive is large enough to be cut.
fn large(registry: &mut Registry, name: &str) -> usize {
    // Text that does not become short.
    let text: String =
        (0..4000_u64).map(|i| format!("{:x}\n", i.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let code = format!("export default `{text}`;");
    registry.publish(
        json!({ "name": name, "version": "1.0.0", "type": "module", "main": "index.js" }),
        &[("index.js", &code)],
    );
    code.len()
}

fn depending(registry: &Registry) -> Project {
    Project::depending(registry, json!({ "leaf": "1" }), "export { default } from 'leaf';")
}

const ARCHIVE: &str = "/leaf/-/1.0.0.tgz";

#[tokio::test]
async fn a_registry_that_is_full_is_asked_again_when_it_says() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    registry.faults("/leaf", vec![Fault::Status(429, "retry-after: 1\r\n"), Fault::Status(502, "")]);
    let start = Instant::now();
    depending(&registry).bundle().await.unwrap();
    assert!(start.elapsed() > Duration::from_secs(1), "{:?}", start.elapsed());
    let statuses: Vec<_> = registry.take_log().into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [429, 502, 200, 200]);
}

#[tokio::test]
async fn a_registry_that_stays_broken_is_given_up_and_named() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    registry.fail(ARCHIVE, 99);
    let error = depending(&registry).bundle().await.unwrap_err();
    let shown = error.to_string();
    assert!(matches!(error, BundleError::Fetch { .. }), "{error:?}");
    assert!(shown.contains("leaf@1.0.0") && shown.contains("503") && shown.contains("5 attempts"), "{shown}");
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    registry.faults(ARCHIVE, vec![Fault::Cut(1000), Fault::Cut(2000), Fault::Drip(8000)]);
    registry.faults("/leaf", vec![Fault::Cut(10)]);
    depending(&registry).bundle().await.unwrap();
    let archive: Vec<Asked> =
        registry.take_asked().into_iter().filter(|asked| asked.path == ARCHIVE).collect();
    let seen: Vec<_> = archive.iter().map(|asked| (asked.status, asked.from)).collect();
    assert_eq!(seen, [(200, 0), (206, 1000), (206, 3000)]);
}

#[tokio::test]
async fn what_a_killed_run_left_is_continued_or_thrown_away() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    let project = depending(&registry);
    project.bundle().await.unwrap();
    let archive = files(&project.cache().join("archives")).pop().unwrap();
    let bytes = std::fs::read(&archive).unwrap();
    for (left, expected) in
        [(bytes[..1000].to_vec(), vec![(206, 1000)]), (vec![0; 1000], vec![(206, 1000), (200, 0)])]
    {
        std::fs::remove_file(&archive).unwrap();
        std::fs::write(archive.with_extension("part"), left).unwrap();
        registry.take_asked();
        project.bundle().await.unwrap();
        let asked = registry.take_asked().into_iter().filter(|asked| asked.path == ARCHIVE);
        assert_eq!(asked.map(|asked| (asked.status, asked.from)).collect::<Vec<_>>(), expected);
        assert_eq!(files(&project.cache().join("archives")), std::slice::from_ref(&archive));
    }
}

#[tokio::test]
async fn t36_a_token_opens_a_registry_and_is_never_shown() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    registry.demand("hunter2");
    let project = depending(&registry);
    let error = project.bundle().await.unwrap_err();
    assert!(error.to_string().contains("401") && error.to_string().contains("no credentials"), "{error}");

    let host = registry.url().trim_start_matches("http:").to_owned();
    project.write(".npmrc", format!("{host}:_authToken=wrong-hunter3\n").as_bytes());
    let error = project.bundle().await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("401") && !shown.contains("hunter"), "{shown}");

    project.write(".npmrc", format!("{host}:_authToken=hunter2\n").as_bytes());
    project.bundle().await.unwrap();
    for file in files(&project.cache()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "{}", file.display());
    }
}

#[tokio::test]
async fn offline_works_from_the_cache_alone() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    let project = depending(&registry);
    let offline = Options { offline: true, ..project.options() };
    let error = cidery_bundler::bundle(&project.folder(), &offline, &()).await.unwrap_err();
    assert!(matches!(&error, BundleError::Offline { what } if what.contains("leaf")), "{error:?}");

    let online = project.bundle().await.unwrap();
    registry.take_log();
    assert_eq!(cidery_bundler::bundle(&project.folder(), &offline, &()).await.unwrap(), online);
    project.write(".npmrc", b"offline=true\n");
    assert_eq!(project.bundle().await.unwrap(), online);
    assert_eq!(registry.take_log(), []);
}

#[tokio::test]
async fn many_are_fetched_at_once_but_not_too_many() {
    let mut registry = Registry::start();
    let names: Vec<String> = (0..80).map(|i| format!("leaf{i}")).collect();
    for name in &names {
        registry.publish(
            json!({ "name": name, "version": "1.0.0", "main": "index.js" }),
            &[("index.js", &format!("exports.x = '{name}';"))],
        );
    }
    registry.delay(Duration::from_millis(30));
    let dependencies: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), json!("1"))).collect();
    Project::depending(&registry, dependencies.into(), "export default 1;").bundle().await.unwrap();
    let most = registry.most_under_way();
    assert!((16..=32).contains(&most), "{most} at once");
}

#[tokio::test]
async fn a_description_without_end_is_refused() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    registry.replace("/leaf", vec![b' '; (64 << 20) + 1]);
    let error = depending(&registry).bundle().await.unwrap_err();
    assert!(matches!(&error, BundleError::TooLarge { what, .. } if what.contains("leaf")), "{error:?}");
}

#[tokio::test]
async fn a_proxy_is_used_and_its_password_is_not_shown() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    let project = depending(&registry);
    let proxy = "http://user:hunter2@127.0.0.1:9/";
    project.write(".npmrc", format!("proxy={proxy}\nnoproxy=example.org\n").as_bytes());
    let error = project.bundle().await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(matches!(error, BundleError::Fetch { .. }) && !shown.contains("hunter2"), "{shown}");
    project.write(".npmrc", format!("proxy={proxy}\nnoproxy=127.0.0.1\n").as_bytes());
    project.bundle().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_none_is_refused() {
    let mut registry = Registry::start();
    large(&mut registry, "leaf");
    let project = depending(&registry);
    project.write(".npmrc", b"ca=nonsense\n");
    assert!(matches!(project.bundle().await, Err(BundleError::InvalidFile { .. })));
    project.write(".npmrc", b"cafile=/absent.pem\n");
    assert!(matches!(project.bundle().await, Err(BundleError::Io { .. })));
}

/// Run by the test below, as processes of their own.
#[tokio::test]
#[ignore = "a part of the next test"]
async fn bundle_for_another_process() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let options = Options {
        registry: Some(variable("CIDERY_TEST_REGISTRY")),
        ..Options::new(variable("CIDERY_TEST_CACHE"))
    };
    let folder = variable("CIDERY_TEST_FOLDER");
    cidery_bundler::bundle(folder.as_ref(), &options, &()).await.unwrap();
}

#[test]
fn processes_share_a_cache() {
    let mut registry = Registry::start();
    let names: Vec<String> = (0..20).map(|i| format!("leaf{i}")).collect();
    for name in &names {
        large(&mut registry, name);
    }
    registry.delay(Duration::from_millis(20));
    let dependencies: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), json!("1"))).collect();
    let project = Project::depending(&registry, dependencies.into(), "export default 1;");
    let start = || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "bundle_for_another_process", "--ignored"])
            .env("CIDERY_TEST_REGISTRY", registry.url())
            .env("CIDERY_TEST_CACHE", project.cache())
            .env("CIDERY_TEST_FOLDER", project.folder())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = (0..3).map(|_| start()).collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
    let archives = files(&project.cache().join("archives"));
    assert_eq!(archives.len(), names.len());
    assert!(
        archives.iter().all(|path| path.extension().is_some_and(|ending| ending == "tgz")),
        "{archives:?}"
    );
}
