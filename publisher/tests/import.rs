//! `cidery import` against an npm registry on loopback, and a registry that `cidery serve` runs.

// The npm registry of the bundler's tests.
#[path = "../../bundler/tests/support/mod.rs"]
mod npm;
mod support;

use npm::Registry;
use serde_json::{Value, json};
use support::world::{World, code};
use support::{Home, Ran, arg, ran, write};

/// npm packages with one module each, and a registry to import them into.
struct Import {
    world: World,
    npm: Registry,
}

impl Import {
    fn new() -> Self {
        let mut npm = Registry::start();
        for (name, version, text) in [
            ("leaf", "1.0.0", "one"),
            ("leaf", "1.1.0", "one one"),
            ("@s/leaf", "2.0.0", "scoped"),
            ("Capital", "1.0.0", "capital"),
        ] {
            publish(&mut npm, json!({ "name": name, "version": version, "type": "module" }), text);
        }
        Import { world: World::new(), npm }
    }

    fn json(&self, args: &[&str]) -> (Option<i32>, Value) {
        let args = [&["import"], args, &["--registry", &self.world.served.url]].concat();
        self.world.publisher.json_with(&args, &[("npm_config_registry", self.npm.url())])
    }

    fn text(&self, args: &[&str]) -> Ran {
        let args = [&["import"], args, &["--registry", &self.world.served.url]].concat();
        let mut command = self.world.publisher.command(&args);
        command.env("npm_config_registry", self.npm.url());
        ran(command)
    }
}

fn publish(npm: &mut Registry, manifest: Value, text: &str) {
    npm.publish(manifest, &[("index.js", &format!("export default '{text}';"))]);
}

#[test]
fn an_npm_package_is_published_with_what_npm_said_of_it() {
    let import = Import::new();
    let (exit, planned) = import.json(&["npm:leaf@^1", "--dry-run"]);
    assert_eq!((exit, &planned["version"]), (Some(0), &json!("1.1.0")), "{planned}");
    let missing = import.world.by(&Home::new(), &["info", "@npm/leaf"]);
    assert_eq!(code(&missing), (Some(1), "not_found"), "a dry run publishes nothing");

    let (exit, imported) = import.json(&["npm:leaf@^1"]);
    assert_eq!(exit, Some(0), "{imported}");
    assert_eq!(imported["package"], "@npm/leaf");
    assert_eq!((&imported["version"], &imported["manifest"]), (&json!("1.1.0"), &planned["manifest"]));
    assert_eq!((&imported["npm"]["name"], &imported["exports"]), (&json!("leaf"), &json!(["."])));
    assert!(imported["npm"]["integrity"].as_str().unwrap().starts_with("sha512-"), "{imported}");

    let (exit, again) = import.json(&["npm:leaf"]);
    assert_eq!((exit, &again["unchanged"]), (Some(0), &json!(true)), "{again}");
    let (exit, older) = import.json(&["npm:leaf@1.0.0"]);
    assert_eq!((exit, &older["init"]), (Some(0), &imported["init"]), "{older}");
    let (exit, scoped) = import.json(&["npm:@s/leaf"]);
    assert_eq!((exit, &scoped["package"]), (Some(0), &json!("@npm/s__leaf")), "{scoped}");
    let verified = import.world.verify(&Home::new(), "@npm/leaf@^1");
    assert_eq!((verified.0, &verified.1["version"]), (Some(0), &json!("1.1.0")), "{}", verified.1);
}

#[test]
fn a_version_that_is_there_with_other_code_is_refused() {
    let mut import = Import::new();
    assert_eq!(import.json(&["npm:leaf@1.0.0"]).0, Some(0));
    // What npm never does.
    publish(&mut import.npm, json!({ "name": "leaf", "version": "1.0.0", "type": "module" }), "other");
    let refused = import.json(&["npm:leaf@1.0.0"]);
    assert_eq!(code(&refused), (Some(1), "record.version_taken"), "{}", refused.1);
}

#[test]
fn t3_names_that_npm_has_and_cidery_has_not_need_another() {
    let import = Import::new();
    let refused = import.json(&["npm:Capital"]);
    assert_eq!(code(&refused), (Some(2), "usage"), "{}", refused.1);
    assert!(refused.1["error"]["hint"].as_str().unwrap().contains("--as @scope/name"), "{}", refused.1);
    let (exit, named) = import.json(&["npm:Capital", "--as", "@acme/capital"]);
    assert_eq!((exit, &named["package"]), (Some(0), &json!("@acme/capital")), "{named}");
    // The scope @npm holds what its names say.
    let refused = import.json(&["npm:leaf", "--as", "@npm/other"]);
    assert_eq!(code(&refused), (Some(1), "record.invalid"), "{}", refused.1);
}

#[test]
fn a_list_goes_on_after_failures_and_again_does_what_is_left() {
    let mut import = Import::new();
    let list = import.world.publisher.path("list");
    let lines = ["# all of them", "npm:leaf@1.0.0", "npm:none", "npm:Capital --as @acme/capital # renamed"];
    write(&list, &lines.join("\n"));
    let first = import.text(&["--from", arg(&list), "--jobs", "3"]);
    assert_eq!(first.code, Some(1), "{first:?}");
    assert!(first.stdout.ends_with("2 imported, 1 failed\n"), "{first:?}");
    assert!(first.stdout.contains("there is no package `none`"), "{first:?}");

    publish(&mut import.npm, json!({ "name": "none", "version": "1.0.0", "type": "module" }), "some");
    let again = import.text(&["--from", arg(&list), "--json"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let said: Vec<Value> = again.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcome = |name: &str| {
        let said = said.iter().find(|said| said["import"].as_str().is_some_and(|import| import == name));
        said.map_or("none", |said| said["outcome"].as_str().unwrap())
    };
    assert_eq!(outcome("npm:leaf@1.0.0"), "unchanged");
    assert_eq!(outcome("npm:none@latest"), "imported");
    assert_eq!(outcome("npm:Capital@latest"), "unchanged");
    assert_eq!(said.last().unwrap(), &json!({ "imported": 1, "unchanged": 2, "planned": 0, "failed": 0 }));

    let late = import.text(&["--from", arg(&list), "--timeout", "0s"]);
    assert!(late.code == Some(1) && late.stdout.contains("took longer than 0 s"), "{late:?}");
}

#[test]
fn offline_asks_nobody() {
    let import = Import::new();
    let refused = import.json(&["npm:leaf", "--dry-run", "--offline"]);
    assert_eq!(code(&refused), (Some(3), "network.failed"), "{}", refused.1);
    assert_eq!(import.json(&["npm:leaf", "--dry-run"]).0, Some(0));
    import.npm.take_log();
    assert_eq!(import.json(&["npm:leaf", "--dry-run", "--offline"]).0, Some(0));
    assert_eq!(import.npm.take_log(), []);
}
