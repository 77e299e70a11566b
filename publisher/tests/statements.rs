//! What is said about releases: yanks, channels, attestations.

mod support;

use serde_json::{Value, json};
use support::world::{World, code};
use support::{Home, arg, write};

#[test]
fn a_yanked_release_is_refused_by_range_and_shown_and_brought_back() {
    let (world, first) = World::published();
    assert_eq!(world.release("1.1.0", &[]).0, Some(0));
    let reader = Home::new();
    let yank = ["yank", "@acme/hello@1.1.0", "--severity", "high", "--reason", "security"];
    let yanked =
        world.must(&[&yank[..], &["--text", "It answers everybody.", "--replacement", "1.0.0"]].concat());
    assert_eq!((&yanked["kind"], &yanked["sequence"]), (&json!("yank"), &json!(3)));
    assert_eq!(
        world.verify(&reader, "@acme/hello@^1").1["version"],
        "1.0.0",
        "the next one that is not yanked"
    );
    for reference in ["@acme/hello@1.1.0", "@acme/hello@^1.1"] {
        assert_eq!(code(&world.verify(&reader, reference)), (Some(1), "release.yanked"), "{reference}");
    }
    let info = world.text(&reader, &["info", "@acme/hello"]);
    assert!(
        info.stdout.contains("yanked: high, security: It answers everybody.; use 1.0.0"),
        "{}",
        info.stdout
    );

    // Whoever tolerates it in a policy gets it, and by its code it can be had by anybody.
    world.policy(&reader, "@acme/hello", json!({ "init": first["init"], "yanked": ["low"] }));
    assert_eq!(world.verify(&reader, "@acme/hello@^1").1["version"], "1.0.0");
    world.policy(&reader, "@acme/hello", json!({ "init": first["init"], "yanked": ["low", "high"] }));
    let (exit, tolerated) = world.verify(&reader, "@acme/hello@^1");
    assert_eq!((exit, &tolerated["yanked"]["severity"]), (Some(0), &json!("high")), "{tolerated}");

    let stranger = Home::new();
    world.must(&["yank", "@acme/hello@1.1.0", "--undo"]);
    assert_eq!(world.verify(&stranger, "@acme/hello@^1").1["version"], "1.1.0");
    assert_eq!(code(&world.own(&["yank", "@acme/hello@1.1.0", "--undo"])), (Some(2), "usage"));
    let none = world.own(&["yank", "@acme/hello@2.0.0", "--severity", "low", "--reason", "other"]);
    assert_eq!(code(&none), (Some(1), "record.no_release"), "{}", none.1);
}

#[test]
fn a_channel_names_releases_for_parts_of_those_who_ask() {
    let (world, first) = World::published();
    assert_eq!(world.release("1.1.0", &[]).0, Some(0));
    let set = world.must(&["channel", "set", "@acme/hello:stable", "1.0.0"]);
    assert_eq!(set["records"][0]["does"][0], "lets `stable` name 1.0.0", "{set}");
    assert_eq!(code(&world.own(&["channel", "set", "@acme/hello:stable", "1.0.0"])), (Some(2), "usage"));

    let reader = Home::new();
    world.policy(&reader, "@acme/hello", json!({ "init": first["init"] }));
    let stable = |args: &[&str]| world.by(&reader, &[&["verify", "@acme/hello:stable"], args].concat());
    assert_eq!(code(&stable(&[])), (Some(1), "policy.channel"));
    world.policy(&reader, "@acme/hello", json!({ "init": first["init"], "channels": ["stable"] }));
    let (exit, verified) = stable(&[]);
    assert_eq!(
        (exit, &verified["channel"], &verified["version"]),
        (Some(0), &json!("stable"), &json!("1.0.0"))
    );

    world.must(&["channel", "set", "@acme/hello:stable", "1.0.0", "1.1.0=25%"]);
    let version = |bucket: &str| stable(&["--bucket", bucket]).1["version"].clone();
    assert_eq!(
        [version("0"), version("7499"), version("7500"), version("9999")],
        ["1.0.0", "1.0.0", "1.1.0", "1.1.0"]
    );
    let of = |user: &str| stable(&["--bucket-key", user]).1["version"].clone();
    let users: Vec<Value> = (0..12).map(|user| of(&format!("user {user}"))).collect();
    assert!(users.contains(&json!("1.0.0")) && users.contains(&json!("1.1.0")), "{users:?}");
    assert_eq!(of("user 1"), users[1], "always the same");

    let stranger = Home::new();
    let (exit, asked) = world.verify(&stranger, "@acme/hello:stable");
    assert_eq!(
        (exit, &asked["version"]),
        (Some(0), &json!("1.0.0")),
        "without a policy, who asks decides: {asked}"
    );
    let rule = &support::world::trust(&stranger)["packages"]["@acme/hello"];
    assert_eq!(rule["channels"], Value::Null, "and that is not written down");

    let list = world.text(&reader, &["channel", "list", "@acme/hello"]);
    assert_eq!(list.stdout, "stable     1.0.0 for 75 %, 1.1.0 for 25 %\n", "{list:?}");
    world.must(&["channel", "clear", "@acme/hello:stable"]);
    assert_eq!(code(&stable(&[])), (Some(1), "not_found"));
    let none = world.own(&["channel", "set", "@acme/hello:stable", "3.0.0"]);
    assert_eq!(code(&none), (Some(1), "record.no_release"), "{}", none.1);
}

#[test]
fn t22_an_attestation_is_about_the_code_of_its_release() {
    let (world, _) = World::published();
    let file = world.publisher.path("review.json");
    write(&file, r#"{"reviewed":true}"#);
    let attest =
        ["attest", "@acme/hello@1.0.0", arg(&file), "--predicate", "https://example.com/reviewed/v1"];
    let attested = world.must(&attest);
    assert_eq!((&attested["kind"], &attested["sequence"]), (&json!("attest"), &json!(2)));
    let does = attested["records"][0]["does"][0].as_str().unwrap();
    assert!(does.starts_with("states `https://example.com/reviewed/v1` about 1.0.0, in 17 bytes"), "{does}");
    write(&file, &" ".repeat((1 << 20) + 1));
    assert_eq!(code(&world.own(&attest)), (Some(1), "limit.exceeded"));
}

#[test]
fn t10_a_lock_holds_a_release_by_its_code() {
    let (world, first) = World::published();
    let reader = Home::new();
    let lock = reader.path("cidery.lock");
    let lock = arg(&lock);
    assert_eq!(code(&world.by(&reader, &["verify", "--lock", lock])), (Some(3), "environment"));
    let locked = world.by(&reader, &["lock", "@acme/hello@^1", "--out", lock]);
    assert_eq!(locked.0, Some(0), "{}", locked.1);
    let json: Value = serde_json::from_slice(&std::fs::read(lock).unwrap()).unwrap();
    let entry = json!({ "asked": "@acme/hello@^1", "version": "1.0.0", "manifest": first["manifest"] });
    assert_eq!(json, json!({ "format": "cidery-lock-v1", "packages": { "@acme/hello": entry } }));

    assert_eq!(world.release("1.1.0", &[]).0, Some(0));
    let (exit, all) = world.by(&reader, &["verify", "--lock", lock]);
    assert_eq!((exit, &all["verified"][0]["version"]), (Some(0), &json!("1.0.0")), "{all}");
    let by_range = |args: &[&str]| world.by(&reader, &[args, &["--lock", lock]].concat());
    assert_eq!(by_range(&["verify", "@acme/hello@^1"]).1["version"], "1.0.0", "and not the newest");
    assert_eq!(code(&by_range(&["verify", "@acme/hello@1.1.0"])), (Some(1), "request.unsatisfied"));
    assert_eq!(code(&by_range(&["verify", "@acme/other@1"])), (Some(1), "request.unsatisfied"));
    let out = reader.path("out");
    assert_eq!(by_range(&["fetch", "@acme/hello", "--out", arg(&out)]).1["version"], "1.0.0");

    // A yanked release is had by its lock all the same, and that is said.
    world.must(&["yank", "@acme/hello@1.0.0", "--severity", "low", "--reason", "deprecated"]);
    let (exit, yanked) = by_range(&["verify", "@acme/hello"]);
    assert_eq!((exit, &yanked["yanked"]["severity"]), (Some(0), &json!("low")), "{yanked}");

    // Other code under the version that is locked; and a genuine release of another package in its place.
    for (name, entry) in [
        (
            "@acme/hello",
            json!({
                "asked": "@acme/hello@*",
                "version": "1.0.0",
                "manifest": world.verify(&reader, "@acme/hello@1.1.0").1["manifest"],
            }),
        ),
        (
            "@acme/hello",
            json!({ "asked": "@acme/hello@*", "version": "1.1.0", "manifest": first["manifest"] }),
        ),
    ] {
        write(
            &reader.path("cidery.lock"),
            &json!({ "format": "cidery-lock-v1", "packages": { name: entry } }).to_string(),
        );
        assert_eq!(code(&world.by(&reader, &["verify", "--lock", lock])), (Some(1), "request.unsatisfied"));
    }
}

#[test]
fn t10_a_lock_passes_over_no_channel_of_the_policy() {
    let (world, first) = World::published();
    assert_eq!(world.release("1.1.0", &[]).0, Some(0));
    world.must(&["channel", "set", "@acme/hello:stable", "1.0.0"]);
    world.must(&["channel", "set", "@acme/hello:nightly", "1.1.0"]);
    let reader = Home::new();
    let file = reader.path("cidery.lock");
    let allow = |channels: Value| {
        world.policy(&reader, "@acme/hello", json!({ "init": first["init"], "channels": channels }));
    };
    let by = |args: &[&str]| world.by(&reader, &[args, &["--lock", arg(&file)]].concat());
    let lock = |reference: &str| world.by(&reader, &["lock", reference, "--out", arg(&file)]);

    allow(json!(["stable"]));
    assert_eq!(code(&lock("@acme/hello:nightly")), (Some(1), "policy.channel"));
    assert_eq!(lock("@acme/hello:stable").0, Some(0));
    world.must(&["channel", "set", "@acme/hello:stable", "1.1.0"]);
    assert_eq!(by(&["verify", "@acme/hello:stable"]).1["version"], "1.0.0", "what it named then");
    let other = by(&["verify", "@acme/hello:nightly"]);
    assert_eq!(code(&other), (Some(1), "request.unsatisfied"), "{}", other.1);
    let message = other.1["error"]["message"].as_str().unwrap();
    assert!(message.contains("holds 1.0.0, locked as `@acme/hello:stable`"), "{message}");

    // What was allowed when it was locked is not allowed for ever.
    allow(json!(["nightly"]));
    for args in [&["verify", "@acme/hello:stable"][..], &["verify"]] {
        assert_eq!(code(&by(args)), (Some(1), "policy.channel"), "{args:?}");
    }
    let explained = by(&["policy", "explain", "@acme/hello:stable"]);
    assert_eq!((explained.0, &explained.1["allowed"]), (Some(1), &json!(false)), "{}", explained.1);
    assert_eq!(by(&["verify", "@acme/hello@^1"]).1["version"], "1.0.0", "asked for as a version");
}
