//! The commands against a registry that `cidery serve` runs: publish, verify, fetch, info, and what is trusted.

mod support;

use serde_json::{Value, json};
use support::world::{CODE, World, code, trust};
use support::{Home, Served, arg, ran, write};

#[test]
fn a_package_is_published_verified_fetched_and_shown() {
    let (world, release) = World::published();
    assert_eq!(release["unchanged"], false);
    let again = world.publish("1.0.0", CODE);
    assert_eq!(
        (again.0, &again.1["record"], &again.1["unchanged"]),
        (Some(0), &release["record"], &json!(true))
    );

    let stranger = Home::new();
    let first = stranger.run(&["verify", "@acme/hello@^1", "--registry", &world.served.url]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stdout.starts_with("verified @acme/hello 1.0.0\n"), "{first:?}");
    assert!(first.stderr.contains("trusting `@acme/hello` from now on"), "{first:?}");
    let second = stranger.run(&["verify", "@acme/hello@^1", "--registry", &world.served.url]);
    assert_eq!((second.code, second.stderr.as_str()), (Some(0), ""), "nothing new is trusted");

    let manifest = release["manifest"].as_str().unwrap();
    let (exit, by_cid) = world.verify(&stranger, manifest);
    assert_eq!((exit, &by_cid["package"]), (Some(0), &json!("@acme/hello")), "{by_cid}");

    // The verdict of SPEC §10.4, as every binding gives it, and what else there is to show.
    let fields = [
        "authority",
        "bundled",
        "egress",
        "graceUntil",
        "head",
        "index",
        "init",
        "manifest",
        "modules",
        "origin",
        "package",
        "provenance",
        "record",
        "revocation",
        "sequence",
        "signers",
        "time",
        "validUntil",
        "version",
    ];
    let shown: std::collections::BTreeSet<&str> =
        by_cid.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(shown, fields.into());
    let head = &by_cid["head"];
    assert!(head["size"].is_u64() && head["time"].is_u64(), "{head}");
    assert_eq!(head["root"].as_str().map(str::len), Some(64), "{head}");

    let out = stranger.path("fetched");
    let (exit, fetched) = world.by(&stranger, &["fetch", "@acme/hello@1.0.0", "--out", arg(&out)]);
    assert_eq!((exit, &fetched["manifest"]), (Some(0), &release["manifest"]), "{fetched}");
    assert!(out.join("manifest.cbor").is_file());
    let size = fetched["modules"][0]["size"].as_u64().unwrap();
    assert_eq!(std::fs::metadata(out.join("index.js")).unwrap().len(), size);

    let (exit, info) = world.by(&stranger, &["info", "@acme/hello"]);
    assert_eq!((exit, &info["init"]), (Some(0), &release["init"]), "{info}");
    assert_eq!(info["releases"][0]["version"], "1.0.0");
    assert_eq!(code(&world.by(&stranger, &["info", "@acme/other"])), (Some(1), "not_found"));
    assert_eq!(code(&world.verify(&stranger, "@acme/other@1")), (Some(1), "not_found"));
    assert_eq!(code(&world.verify(&stranger, "@acme/hello@^2")), (Some(1), "not_found"));
}

#[test]
fn versions_follow_and_none_is_taken_twice() {
    let (world, first) = World::published();
    let (exit, second) = world.publish("1.1.0", "export default { fetch: () => new Response('1.1') };");
    assert_eq!((exit, &second["init"]), (Some(0), &first["init"]), "{second}");
    let taken = world.publish("1.0.0", "export default { fetch: () => new Response('other') };");
    assert_eq!(code(&taken), (Some(1), "record.version_taken"));

    let stranger = Home::new();
    assert_eq!(world.verify(&stranger, "@acme/hello@^1").1["version"], "1.1.0");
    assert_eq!(
        world.verify(&stranger, "@acme/hello@1.0.0").1["version"],
        "1.0.0",
        "an older one may be asked for"
    );
}

#[test]
fn publishers_of_one_package_take_turns() {
    let world = World::new();
    let versions = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"];
    let exits = std::thread::scope(|scope| {
        let publish = |version| world.publish(version, &format!("export default {{ v: '{version}' }};"));
        let started = versions.map(|version| scope.spawn(move || publish(version)));
        started.map(|publisher| publisher.join().unwrap())
    });
    for (exit, answer) in &exits {
        assert_eq!(*exit, Some(0), "{answer}");
    }
    let info = world.by(&Home::new(), &["info", "@acme/hello"]).1;
    assert_eq!(info["sequence"], 4, "{info}");
}

#[test]
fn only_the_keys_of_the_package_sign_for_it() {
    let (world, _) = World::published();
    let thief = Home::new();
    thief.run(&["keys", "new"]);
    let dir = thief.package("@acme/hello", "2.0.0", CODE);
    let refused = world.by(&thief, &["publish", arg(&dir)]);
    assert_eq!(code(&refused), (Some(1), "envelope.signature"), "{}", refused.1);
}

#[test]
fn all_keys_of_the_first_release_are_wanted_afterwards() {
    let world = World::new();
    let home = &world.publisher;
    let (one, two) = (home.path("config/id_ed25519"), home.path("two"));
    home.run(&["keys", "new", "--out", arg(&two)]);
    let publish = |version: &str, keys: &[&str]| {
        let dir = home.package("@acme/both", version, CODE);
        let keys: Vec<&str> = keys.iter().flat_map(|key| ["--key", key]).collect();
        world.by(home, &[&["publish", arg(&dir)], keys.as_slice()].concat())
    };
    assert_eq!(publish("1.0.0", &[arg(&one), arg(&two)]).0, Some(0));
    let (exit, verified) = world.verify(&Home::new(), "@acme/both@1.0.0");
    assert_eq!((exit, verified["signers"].as_array().map(Vec::len)), (Some(0), Some(2)), "{verified}");
    assert_eq!(code(&publish("1.1.0", &[arg(&one)])), (Some(1), "record.threshold"));
    assert_eq!(publish("1.1.0", &[arg(&two), arg(&one)]).0, Some(0));
}

#[test]
fn t13_an_altered_module_is_refused_and_nothing_is_trusted_by_it() {
    let (world, _) = World::published();
    let reader = Home::new();
    let out = reader.path("out");
    assert_eq!(world.by(&reader, &["fetch", "@acme/hello@1.0.0", "--out", arg(&out)]).0, Some(0));
    let module = std::fs::read(out.join("index.js")).unwrap();
    let stored = world.served.files_of(&module);
    assert_eq!(stored.len(), 1, "the module is one file of the store");
    let mut altered = module;
    altered[0] ^= 1;
    std::fs::write(&stored[0], altered).unwrap();

    let stranger = Home::new();
    assert_eq!(code(&world.verify(&stranger, "@acme/hello@^1")), (Some(1), "cid.mismatch"));
    let other = stranger.path("other");
    let refused = world.by(&stranger, &["fetch", "@acme/hello@^1", "--out", arg(&other)]);
    assert_eq!(code(&refused), (Some(1), "cid.mismatch"));
    assert!(!other.exists());
    // A loader that cannot run: it never comes to that.
    write(&stranger.path("loader/worker.js"), "");
    write(&stranger.path("loader/verifier.wasm"), "");
    let mut run = stranger.command(&["run", "@acme/hello@^1", "--registry", &world.served.url, "--json"]);
    run.env("CIDERY_LOADER_DIR", stranger.path("loader"));
    let refused: Value = serde_json::from_str(&ran(run).stdout).unwrap();
    assert_eq!(refused["error"]["code"], "cid.mismatch", "{refused}");
    assert!(!stranger.path("config/trust.json").exists(), "nothing was written down");
}

#[test]
fn another_log_key_or_another_init_is_refused_later() {
    let (world, release) = World::published();
    let stranger = Home::new();
    assert_eq!(world.verify(&stranger, "@acme/hello@1.0.0").0, Some(0));
    let trusted = trust(&stranger);
    let file = stranger.path("config/trust.json");
    let origin = release["origin"].as_str().unwrap();

    let mut other_key = trusted.clone();
    other_key["origins"][origin]["logKeys"] = json!([release_signer(&world, &stranger)]);
    write(&file, &other_key.to_string());
    assert_eq!(code(&world.verify(&stranger, "@acme/hello@1.0.0")), (Some(1), "log.signature"));
    stranger.run(&["keys", "new"]);
    let dir = stranger.package("@other/thing", "1.0.0", CODE);
    assert_eq!(
        code(&world.by(&stranger, &["publish", arg(&dir)])),
        (Some(1), "log.signature"),
        "before it signs"
    );
    assert_eq!(code(&world.by(&stranger, &["info", "@other/thing"])), (Some(1), "not_found"));

    let mut other_init = trusted.clone();
    other_init["packages"]["@acme/hello"]["init"] = release["manifest"].clone();
    write(&file, &other_init.to_string());
    assert_eq!(code(&world.verify(&stranger, "@acme/hello@1.0.0")), (Some(1), "policy.init"));
    write(&file, "{");
    assert_eq!(
        code(&world.verify(&stranger, "@acme/hello@1.0.0")),
        (Some(2), "usage"),
        "not taken for empty"
    );
}

fn release_signer(world: &World, home: &Home) -> Value {
    world.by(home, &["info", "@acme/hello"]).1["authority"]["keys"][0].clone()
}

#[test]
fn t01_the_same_name_in_another_registry_is_another_package() {
    let (world, _) = World::published();
    let (elsewhere, _) = World::published();
    let stranger = Home::new();
    assert_eq!(world.verify(&stranger, "@acme/hello@1.0.0").0, Some(0));
    assert_eq!(code(&elsewhere.verify(&stranger, "@acme/hello@1.0.0")), (Some(1), "log.origin"));
    let dir = world.publisher.package("@acme/hello", "1.2.0", CODE);
    let refused = elsewhere.by(&world.publisher, &["publish", arg(&dir)]);
    assert_eq!(code(&refused), (Some(1), "policy.origin"), "{}", refused.1);
}

#[test]
fn t01_nothing_is_signed_for_another_log_than_the_one_of_the_scopes_rule() {
    let (world, _) = World::published();
    let (elsewhere, _) = World::published();
    let home = &world.publisher;
    let file = home.path("policy.json");
    let signer = release_signer(&world, home);
    let (here, there) = (trust(home), trust(&elsewhere.publisher));
    let origin = here["origins"].as_object().unwrap().keys().next().unwrap();
    let mut origins = here["origins"].clone();
    origins.as_object_mut().unwrap().extend(there["origins"].as_object().unwrap().clone());
    let write_policy = |rule: Value| {
        write(&file, &json!({ "origins": origins, "packages": { "@acme/*": rule } }).to_string());
    };
    let publish = |world: &World, version: &str| {
        let dir = home.package("@acme/new", version, CODE);
        world.by(home, &["publish", arg(&dir), "--policy", arg(&file)])
    };
    write_policy(json!({ "origin": origin, "keys": [signer] }));
    let refused = publish(&elsewhere, "1.0.0");
    assert_eq!(code(&refused), (Some(1), "policy.origin"), "{}", refused.1);
    assert_eq!(code(&elsewhere.by(home, &["info", "@acme/new"])), (Some(1), "not_found"), "nothing was sent");
    assert_eq!(publish(&world, "1.0.0").0, Some(0));
    // Another beginning than the one that the scope's rule pins.
    write_policy(json!({ "origin": origin, "init": here["packages"]["@acme/hello"]["init"] }));
    assert_eq!(code(&publish(&world, "1.1.0")), (Some(1), "policy.init"));
}

#[test]
fn a_policy_is_asked_before_anything_is_trusted() {
    let (world, release) = World::published();
    let home = Home::new();
    let signer = release_signer(&world, &home);
    let manifest = release["manifest"].as_str().unwrap();

    world.policy(&home, "@acme/*", json!({ "keys": [signer] }));
    assert_eq!(world.verify(&home, "@acme/hello@^1").0, Some(0));
    assert_eq!(world.verify(&home, manifest).1["version"], "1.0.0");
    let refused = world.verify(&home, "@other/hello@^1");
    assert_eq!(code(&refused), (Some(1), "policy.no_rule"));
    assert!(refused.1["error"]["hint"].is_string(), "{}", refused.1);

    world.policy(&home, "@other/*", json!({ "keys": [signer] }));
    assert_eq!(code(&world.verify(&home, manifest)), (Some(1), "policy.no_release"));

    home.run(&["keys", "new"]);
    let other_key = home.run(&["keys", "show"]).stdout.trim().to_owned();
    world.policy(&home, "@acme/*", json!({ "keys": [other_key] }));
    assert_eq!(code(&world.verify(&home, "@acme/hello@^1")), (Some(1), "policy.key"));
    assert!(!home.path("config/trust.json").exists());

    write(&home.path("config/policy.json"), "{\"origins\":{},\"packages\":{},\"trust\":\"all\"}");
    assert_eq!(code(&world.verify(&home, "@acme/hello@^1")), (Some(2), "policy.invalid"));
}

#[test]
fn t02_an_operator_says_in_config_toml_who_may_begin_packages() {
    let (operator, acme, other) = (Home::new(), Home::new(), Home::new());
    let config = operator.path("data/registry/config.toml");
    acme.run(&["keys", "new"]);
    other.run(&["keys", "new"]);
    let key = acme.run(&["keys", "show"]).stdout.trim().to_owned();
    write(&config, &format!("origin = \"registry.example/log\"\n[scopes]\nacme = [\"{key}\"]\n"));
    let served = Served::start(&operator);
    let publish = |home: &Home, name: &str| {
        let dir = home.package(name, "1.0.0", CODE);
        home.json(&["publish", arg(&dir), "--registry", &served.url])
    };
    let (exit, release) = publish(&acme, "@acme/hello");
    assert_eq!((exit, &release["origin"]), (Some(0), &json!("registry.example/log")), "{release}");
    assert_eq!(code(&publish(&other, "@acme/other")), (Some(1), "scope.denied"));
    assert_eq!(code(&publish(&acme, "@other/hello")), (Some(1), "scope.denied"));
    drop(served);
    write(&config, "scope = \"open\"\n");
    let refused = operator.json(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code(&refused), (Some(2), "usage"), "{}", refused.1);
    let message = refused.1["error"]["message"].as_str().unwrap();
    assert!(message.contains("config.toml") && message.contains("`scope`"), "{message}");
}

#[test]
fn in_ci_nothing_elsewhere_is_trusted_on_first_use() {
    let (world, _) = World::published();
    let home = Home::new();
    let in_ci = |args: &[&str]| {
        let mut command = home.command(&[args, &["--json"]].concat());
        command.env("CI", "true");
        serde_json::from_str::<Value>(&ran(command).stdout).unwrap()
    };
    // The name is reserved: whatever is asked there fails, and nothing is asked before trust is settled.
    let elsewhere = ["--registry", "https://registry.invalid"];
    let missing = in_ci(&[&["verify", "@acme/hello@^1"][..], &elsewhere].concat());
    assert_eq!(missing["error"]["code"], "policy.missing", "{missing}");
    // Nor is what an earlier run has written down.
    let known = trust(&world.publisher);
    write(&home.path("config/trust.json"), &known.to_string());
    let missing = in_ci(&[&["verify", "@acme/hello@^1"][..], &elsewhere].concat());
    assert_eq!(missing["error"]["code"], "policy.missing", "{missing}");
    home.run(&["keys", "new"]);
    let dir = home.package("@acme/hello", "1.0.1", CODE);
    let missing = in_ci(&[&["publish", arg(&dir)][..], &elsewhere].concat());
    assert_eq!(missing["error"]["code"], "policy.missing", "{missing}");
    let asked = in_ci(&[&["verify", "@acme/hello@^1", "--trust-first"][..], &elsewhere].concat());
    assert_eq!(asked["error"]["code"], "network.failed", "{asked}");
    let here = in_ci(&["verify", "@acme/hello@^1", "--registry", &world.served.url]);
    assert_eq!(here["version"], "1.0.0", "{here}");
}
