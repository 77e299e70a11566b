//! `cidery policy`: written, read aloud, and at work.

mod support;

use serde_json::{Value, json};
use support::world::{World, code};
use support::{Home, arg, write};

#[test]
fn a_policy_is_written_from_what_is_known_and_holds() {
    let (world, release) = World::published();
    let home = Home::new();
    let init = |args: &[&str]| world.by(&home, &[&["policy", "init"], args].concat());
    let (exit, said) = init(&["@acme/hello"]);
    assert_eq!(exit, Some(0), "{said}");
    let file = home.path("cidery.policy.json");
    let policy: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let origin = release["origin"].as_str().unwrap();
    assert_eq!(policy["packages"]["@acme/hello"], json!({ "origin": origin, "init": release["init"] }));
    assert_eq!(policy["origins"][origin], support::world::trust(&world.publisher)["origins"][origin]);
    let schema = home.path(policy["$schema"].as_str().unwrap());
    assert!(std::fs::read_to_string(schema).unwrap().contains("\"$schema\""), "editors find it");

    assert_eq!(code(&init(&["@acme/hello"])), (Some(2), "usage"), "nothing in it is changed");
    assert_eq!(code(&init(&["@acme/*"])), (Some(2), "usage"), "a scope has no beginning");
    let key = world.own_key().public;
    assert_eq!(init(&["@acme/*", "--pin", &key]).0, Some(0));
    let policy: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(policy["packages"]["@acme/*"]["keys"], json!([key]));
    let verified = world.text(&home, &["verify", "@acme/hello@^1"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.stderr.contains("the policy is `./cidery.policy.json`\n"), "{verified:?}");
    let quiet = world.text(&home, &["verify", "@acme/hello@^1", "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""));
    assert_eq!(code(&world.verify(&home, "@other/hello@^1")), (Some(1), "policy.no_rule"));

    let checked = home.run(&["policy", "check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    for line in [
        "cidery.policy.json is a valid policy",
        "that may be 1 day ago at most (maxAge)",
        "for `@acme/hello`:",
        "who may sign follows from there (init)",
        "the code has no network (egress)",
        "what no rule is for is not trusted",
    ] {
        assert!(checked.stdout.contains(line), "{line}: {}", checked.stdout);
    }
    write(&file, r#"{"origins":{},"packages":{},"trust":"all"}"#);
    assert_eq!(code(&home.json(&["policy", "check"])), (Some(2), "policy.invalid"));
    assert_eq!(
        code(&init(&["@acme/hello"])),
        (Some(2), "policy.invalid"),
        "what is broken is not written over"
    );
}

#[test]
fn each_step_is_explained_and_a_refusal_is_exit_1() {
    let (world, release) = World::published();
    let home = Home::new();
    let rule = |rule: Value| world.policy(&home, "@acme/hello", rule);
    rule(json!({ "init": release["init"] }));
    let explain = |reference: &str| world.by(&home, &["policy", "explain", reference]);
    let (exit, allowed) = explain("@acme/hello@^1");
    assert_eq!((exit, &allowed["allowed"]), (Some(0), &json!(true)), "{allowed}");
    let steps = allowed["steps"].as_array().unwrap();
    assert!(steps.len() > 30 && steps.iter().all(|step| step["verdict"] == "passed"), "{allowed}");
    assert_eq!(steps.last().unwrap()["step"], "10.5");

    rule(json!({ "init": release["init"], "minAge": 3600 }));
    let (exit, refused) = explain("@acme/hello@^1");
    assert_eq!((exit, &refused["allowed"]), (Some(1), &json!(false)), "{refused}");
    let of = |verdict: &str| {
        let steps = refused["steps"].as_array().unwrap();
        steps.iter().filter(|step| step["verdict"] == verdict).cloned().collect::<Vec<_>>()
    };
    assert_eq!(of("refused").len(), 1);
    assert_eq!(
        (&of("refused")[0]["code"], &of("refused")[0]["step"]),
        (&json!("policy.min_age"), &json!("10.4 (13)"))
    );
    assert!(!of("notReached").is_empty());
    assert_eq!(explain("@acme/hello:stable").1["steps"][1]["code"], "policy.channel");
    assert_eq!(explain("@other/hello@1").1["steps"][0]["code"], "policy.no_rule");
    let text = world.text(&home, &["policy", "explain", release["manifest"].as_str().unwrap()]);
    assert_eq!(text.code, Some(1));
    assert!(
        text.stdout.contains("REFUSED 10.4 (13)") && text.stdout.ends_with("\nrefused\n"),
        "{}",
        text.stdout
    );
    assert!(text.stdout.contains(arg(&home.path("config/policy.json"))), "{}", text.stdout);
    assert!(!home.path("config/seen.json").exists(), "an explanation is no verdict");
}
