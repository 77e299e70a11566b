//! Which policies are valid, by the parser and by `policy.schema.json`. They agree on every shape; what a schema cannot say is
//! listed here.
#![allow(missing_docs)]

mod support;

use boon::{Compiler, SchemaIndex, Schemas};
use cidery_protocol::{Cid, Codec, limits};
use cidery_verifier::{LogTrust, TrustPolicy, VerifyError};
use serde_json::{Value, json};
use support::{
    log::public,
    plan::{COSIGNER, LOG, NEXT, ORIGIN, PUBLISHER, RECOVERY, SECOND, WITNESS, WITNESS_TOO},
    vector,
};

/// The parser and the schema.
struct Judges {
    schemas: Schemas,
    policy: SchemaIndex,
}

impl Judges {
    fn new() -> Self {
        let schema = serde_json::from_str(include_str!("../policy.schema.json")).expect("JSON");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("policy.schema.json", schema).expect("a schema");
        let policy = compiler.compile("policy.schema.json", &mut schemas).expect("a schema of its dialect");
        Judges { schemas, policy }
    }

    fn schema_takes(&self, policy: &Value) -> bool {
        self.schemas.validate(policy, self.policy).is_ok()
    }

    /// Refused by the parser; and by the schema where it is one of its shapes.
    fn refuse(&self, policy: &Value, shape: bool) {
        assert_eq!(
            parse(policy).err().map(|error| error.code().as_str()),
            Some("policy.invalid"),
            "{policy}"
        );
        assert_eq!(!self.schema_takes(policy), shape, "what the schema says of {policy}");
    }
}

fn parse(policy: &Value) -> Result<TrustPolicy, VerifyError> {
    TrustPolicy::from_json(policy.to_string().as_bytes())
}

fn key(seed: u8) -> Value {
    json!(public(seed).to_string())
}

fn cid(codec: Codec) -> Value {
    json!(Cid::of(codec, b"").to_string())
}

/// A policy with every field.
fn whole() -> Value {
    let witness = |name: &str, seed| json!({ "name": name, "key": key(seed) });
    json!({
        "$schema": "policy.schema.json",
        "origins": { ORIGIN: {
            "logKeys": [key(LOG), key(NEXT)], "cosigner": key(COSIGNER),
            "witnesses": [witness("witness.example/1", WITNESS), witness("!#~", WITNESS_TOO)], "quorum": 2,
            "maxAge": 1, "offlineGrace": 4_294_967_295_u32,
        } },
        "packages": {
            "@acme/*": {
                "origin": ORIGIN, "keys": [key(PUBLISHER), key(SECOND)], "threshold": 2, "init": cid(Codec::DagCbor),
                "recovery": { "keys": [key(RECOVERY)], "threshold": 1 },
                "channels": ["stable", "next-2"], "minAge": 3_600, "yanked": ["low", "critical"], "provenance": true,
                "egress": ["api.example.com", "localhost:65535"], "revocation": "unchecked",
            },
            "@acme/hello_2.js": { "origin": ORIGIN, "init": cid(Codec::DagCbor) },
            "@corp/tools": { "origin": ORIGIN, "recovery": { "keys": [key(RECOVERY)] } },
        },
    })
}

/// The whole policy with the value at a JSON pointer replaced, or put there.
fn with(at: &str, value: Value) -> Value {
    let mut policy = whole();
    let (parent, name) = at.rsplit_once('/').expect("a pointer");
    let name = name.replace("~1", "/");
    match policy.pointer_mut(parent).unwrap_or_else(|| panic!("nothing is at {parent}")) {
        Value::Object(map) => drop(map.insert(name, value)),
        Value::Array(list) => list[name.parse::<usize>().expect("an index")] = value,
        _ => panic!("nothing can be at {at}"),
    }
    policy
}

/// The same without it.
fn without(at: &str) -> Value {
    let mut policy = whole();
    let (parent, name) = at.rsplit_once('/').expect("a pointer");
    let parent = policy.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    assert!(parent.remove(&name.replace("~1", "/")).is_some(), "nothing is at {at}");
    policy
}

const RULE: &str = "/packages/@acme~1*";
const TRUST: &str = "/origins/log.example";

#[test]
fn the_exact_name_wins_over_the_scope() {
    let policy = parse(&whole()).expect("a policy");
    let pattern =
        |name: &str| policy.rule(&name.parse().expect("a name")).map(|rule| rule.pattern().to_owned());
    assert_eq!(pattern("@acme/a").as_deref(), Some("@acme/*"));
    assert_eq!(pattern("@acme/hello_2.js").as_deref(), Some("@acme/hello_2.js"));
    assert_eq!(pattern("@acm/a"), None);
    assert_eq!(pattern("@corp/other"), None);
}

#[test]
fn what_is_absent_is_little() {
    let policy = json!({
        "origins": { ORIGIN: { "logKeys": [key(LOG)], "cosigner": key(COSIGNER) } },
        "packages": { "@a/b": { "origin": ORIGIN, "init": cid(Codec::DagCbor) } },
    });
    let policy = parse(&policy).expect("a policy");
    let log = policy.log(&ORIGIN.parse().expect("an origin"));
    let numbers = |log: &LogTrust| (log.max_age(), log.offline_grace(), log.quorum(), log.witnesses().len());
    assert_eq!(log.map(numbers), Some((86_400, 0, 0, 0)));
    let rule = policy.rule(&"@a/b".parse().expect("a name")).expect("a rule");
    assert_eq!((rule.min_age(), rule.provenance(), rule.yanked().count()), (0, false, 0));
    assert!(!rule.allows_channel(&"stable".parse().expect("a channel")));
    assert_eq!(rule.grant(&["a.example".to_owned()]).count(), 0);
}

#[test]
fn right_policies_are_taken_by_both() {
    let judges = Judges::new();
    let policies = [
        whole(),
        json!({ "origins": {}, "packages": {} }),
        with("/packages/@acme~1*/threshold", json!(1)),
        with(&format!("{RULE}/yanked"), json!([])),
        with(&format!("{RULE}/egress"), json!([])),
        with(&format!("{TRUST}/quorum"), json!(0)),
    ];
    for policy in policies {
        assert_eq!(parse(&policy).err(), None, "{policy}");
        assert!(judges.schema_takes(&policy), "{policy}");
    }
    for (file, vector) in vector::committed() {
        if parse(&vector.policy).is_ok() {
            assert!(judges.schema_takes(&vector.policy), "{file}");
        }
    }
}

#[test]
fn other_shapes_are_refused_by_both() {
    let judges = Judges::new();
    let rule = |field: &str, value: Value| with(&format!("{RULE}/{field}"), value);
    let log = |field: &str, value: Value| with(&format!("{TRUST}/{field}"), value);
    let pattern = |name: &str| {
        with(&format!("/packages/{}", name.replace('/', "~1")), whole()["packages"]["@corp/tools"].clone())
    };
    let refused = [
        json!([]),
        json!({}),
        without("/origins"),
        without("/packages"),
        with("/trust", json!({})),
        with("/$schema", json!(1)),
        with("/origins/Log.example", whole()["origins"][ORIGIN].clone()),
        with("/origins/log.example~1", whole()["origins"][ORIGIN].clone()),
        pattern("*"),
        pattern("@*/*"),
        pattern("@acme/a*"),
        pattern("@acme"),
        pattern("@acme/"),
        pattern("@acme/A"),
        pattern("@acme/a."),
        pattern("@acme/\u{212a}it"),
        rule("origin", json!("two words")),
        rule("keys", json!([])),
        rule("keys", json!([key(PUBLISHER), key(PUBLISHER)])),
        rule("keys", json!(["z6Mk"])),
        rule("keys", json!(vec![key(PUBLISHER); 17])),
        rule("threshold", json!(0)),
        rule("threshold", json!("1")),
        rule("init", cid(Codec::Raw)),
        rule("recovery", json!({ "keys": [] })),
        rule("recovery", json!({ "keys": [key(RECOVERY)], "delay": 1 })),
        rule("recovery", json!([key(RECOVERY)])),
        rule("channels", json!(["Stable"])),
        rule("channels", json!([""])),
        rule("channels", json!("stable")),
        rule("minAge", json!(-1)),
        rule("minAge", json!(4_294_967_296_u64)),
        rule("yanked", json!(["none"])),
        rule("yanked", json!(["low", "severe"])),
        rule("yanked", json!([{ "low": null }])),
        rule("provenance", json!("yes")),
        rule("revocation", json!("none")),
        rule("revocation", json!(false)),
        rule("revocation", json!({ "proven": null })),
        rule("egress", json!(["*"])),
        rule("egress", json!(["https://a.example"])),
        rule("egress", json!(["a.example:0"])),
        rule("egress", json!(["a.example:65536"])),
        rule("trust", json!("all")),
        without("/packages/@acme~1*/origin"),
        without("/packages/@acme~1*/keys"),
        without("/packages/@corp~1tools/recovery"),
        log("logKeys", json!([])),
        log("logKeys", key(LOG)),
        log("cosigner", json!("")),
        log("witnesses", json!([{ "name": "a", "key": key(WITNESS), "url": "b" }])),
        log("witnesses", json!([{ "name": "a+b", "key": key(WITNESS) }])),
        log("witnesses", json!([{ "name": "a b", "key": key(WITNESS) }])),
        log("witnesses", json!([{ "name": "", "key": key(WITNESS) }])),
        log("witnesses", json!([{ "name": "a".repeat(129), "key": key(WITNESS) }])),
        log("quorum", json!(65)),
        log("quorum", json!(-1)),
        log("maxAge", json!(0)),
        log("maxAge", json!(1.5)),
        log("offlineGrace", json!(4_294_967_296_u64)),
        without("/origins/log.example/logKeys"),
        without("/origins/log.example/cosigner"),
    ];
    for policy in refused {
        judges.refuse(&policy, true);
    }
}

/// Whatever is changed of a whole policy: what the parser takes, the schema takes, and what the schema takes is refused for nothing
/// but its meaning.
#[test]
fn t19_no_other_value_is_taken_by_one_alone() {
    let judges = Judges::new();
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(1_u64 << 32),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([null]),
        json!(["x"]),
        json!({ "x": 1 }),
    ];
    let meanings = ["is not among the origins", "of 0 witnesses", "of 1 witnesses", "does not go with"];
    let mut judged = 0;
    for at in places(&whole(), String::new()) {
        for value in &values {
            let policy = with(&at, value.clone());
            judged += 1;
            match (parse(&policy), judges.schema_takes(&policy)) {
                (Ok(_), taken) => assert!(taken, "the schema refuses {at} = {value}"),
                (Err(_), false) => {}
                (Err(error), true) => {
                    let reason = error.to_string();
                    let meant = meanings.iter().any(|meaning| reason.contains(meaning));
                    assert!(meant, "the schema takes {at} = {value}: {reason}");
                }
            }
        }
    }
    assert!(judged > 500, "{judged} values");
}

/// The pointers to every value, and to one that is not there in each object.
fn places(value: &Value, at: String) -> Vec<String> {
    let below = |name: &str, value: &Value| {
        let at = format!("{at}/{}", name.replace('/', "~1"));
        [vec![at.clone()], places(value, at)].concat()
    };
    match value {
        Value::Object(map) => {
            let there = map.iter().flat_map(|(name, value)| below(name, value));
            there.chain([format!("{at}/else")]).collect()
        }
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(index, value)| below(&index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    }
}

/// Roles, counts, and whether text that looks like a key is a point: a schema cannot say these.
#[test]
fn what_a_schema_cannot_say_is_refused_by_the_parser() {
    let judges = Judges::new();
    let rule = |field: &str, value: Value| with(&format!("{RULE}/{field}"), value);
    let log = |field: &str, value: Value| with(&format!("{TRUST}/{field}"), value);
    let two = |first: Value, second: Value| json!([first, second]);
    let witness = |name: &str, seed| json!({ "name": name, "key": key(seed) });
    let refused = [
        // a key in two roles
        rule("keys", two(key(PUBLISHER), key(LOG))),
        rule("keys", two(key(PUBLISHER), key(COSIGNER))),
        rule("keys", two(key(PUBLISHER), key(WITNESS))),
        rule("keys", two(key(PUBLISHER), key(RECOVERY))),
        rule("recovery", json!({ "keys": [key(NEXT)] })),
        log("cosigner", key(LOG)),
        log("witnesses", json!([witness("a", WITNESS), witness("b", COSIGNER)])),
        // a threshold or quorum that cannot be met
        rule("threshold", json!(3)),
        rule("recovery", json!({ "keys": [key(RECOVERY)], "threshold": 2 })),
        log("quorum", json!(3)),
        without("/origins/log.example/witnesses"),
        // a witness under two names, and two under one
        log("witnesses", json!([witness("a", WITNESS), witness("b", WITNESS)])),
        log("witnesses", json!([witness("a", WITNESS), witness("a", WITNESS_TOO)])),
        // an origin that is not there
        rule("origin", json!("other.example")),
        // what looks like a key or a CID
        rule("keys", two(key(PUBLISHER), json!(format!("z6Mk{}", "1".repeat(44))))),
        rule("init", json!(format!("bafyr4i{}", "7".repeat(52)))),
        // a host that is long without its port
        rule("egress", json!([format!("{}.example", ["a"; 124].join("."))])),
        // an integer that is written as a fraction
        log("maxAge", json!(1.0)),
    ];
    for policy in refused {
        judges.refuse(&policy, false);
    }
    // a name that stands twice: a parsed value cannot hold it
    let twice = whole().to_string().replacen("\"@corp/tools\"", "\"@acme/*\"", 1);
    let error = TrustPolicy::from_json(twice.as_bytes()).expect_err("a name twice");
    assert!(error.to_string().contains("`@acme/*` is there twice"), "{error}");
}

#[test]
fn t16_a_large_policy_is_not_read() {
    let padded = |size: usize| {
        let policy = whole().to_string();
        " ".repeat(size - policy.len()) + &policy
    };
    assert!(TrustPolicy::from_json(padded(limits::POLICY_BYTES).as_bytes()).is_ok());
    let error = TrustPolicy::from_json(padded(limits::POLICY_BYTES + 1).as_bytes()).expect_err("too large");
    assert_eq!(error.code().as_str(), "limit.exceeded");
}
