//! Who may sign for a package: keys that are added, lost, stolen and passed on.

mod support;

use serde_json::{Value, json};
use support::Home;
use support::world::{World, code};

/// The sentences that were said of a record.
fn said(answer: &Value) -> String {
    let records = answer["records"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let does = records.iter().flat_map(|record| record["does"].as_array().unwrap());
    does.map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

fn info(world: &World) -> Value {
    let (exit, info) = world.by(&Home::new(), &["info", "@acme/hello"]);
    assert_eq!(exit, Some(0), "{info}");
    info
}

#[test]
fn t11_keys_and_threshold_are_those_of_the_newest_rekey() {
    let (world, _) = World::published();
    let (one, two) = (world.own_key(), world.key("two"));
    let unchanged = world.own(&["keys", "rotate", "@acme/hello", "--add", &one.public]);
    assert_eq!(code(&unchanged), (Some(2), "usage"), "{}", unchanged.1);

    let rotated = world.must(&["keys", "rotate", "@acme/hello", "--add", &two.public, "--threshold", "2"]);
    assert_eq!((&rotated["kind"], &rotated["sequence"]), (&json!("rekey"), &json!(2)));
    let said = said(&rotated);
    assert!(said.contains(&format!("{} may sign, which could not before", two.public)), "{said}");
    assert!(said.contains("2 keys must sign where it was 1"), "{said}");

    let alone = world.release("1.1.0", &[]);
    assert_eq!(code(&alone), (Some(1), "record.threshold"), "{}", alone.1);
    assert!(alone.1["error"]["hint"].as_str().is_some_and(|hint| hint.contains(&two.public)), "{}", alone.1);
    let twice = world.release("1.1.0", &["--key", &one.file, "--key", &one.file]);
    assert_eq!(code(&twice), (Some(1), "record.threshold"), "a key counts once");
    let both = world.release("1.1.0", &["--key", &one.file, "--key", &two.file]);
    assert_eq!(both.0, Some(0), "{}", both.1);

    let removed = world.own(&[
        "keys",
        "rotate",
        "@acme/hello",
        "--remove",
        &one.public,
        "--threshold",
        "1",
        "--key",
        &one.file,
        "--key",
        &two.file,
    ]);
    assert_eq!(removed.0, Some(0), "{}", removed.1);
    assert_eq!(code(&world.release("1.2.0", &["--key", &one.file])), (Some(1), "envelope.signature"));
    assert_eq!(world.release("1.2.0", &["--key", &two.file]).0, Some(0));
    // What was signed before stays, for whoever pins the beginning alone.
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        let (exit, verified) = world.verify(&Home::new(), &format!("@acme/hello@{version}"));
        assert_eq!(exit, Some(0), "{verified}");
    }
}

#[test]
fn t07_what_a_stolen_key_signed_becomes_void_and_versions_stay_taken() {
    let (world, _) = World::published();
    let (own, thief, new) = (world.own_key(), world.key("thief"), world.key("new"));
    world.must(&["keys", "rotate", "@acme/hello", "--add", &thief.public]);
    let reader = Home::new();
    assert_eq!(world.verify(&reader, "@acme/hello@*").1["version"], "1.0.0");
    assert_eq!(world.release("9.0.0", &["--key", &thief.file]).0, Some(0), "the thief runs ahead");
    world.must(&["channel", "set", "@acme/hello:stable", "9.0.0", "--key", &thief.file]);
    assert_eq!(world.verify(&reader, "@acme/hello@*").1["version"], "9.0.0");

    let revoke = [
        "keys",
        "revoke",
        "@acme/hello",
        &thief.public,
        "--add",
        &new.public,
        "--next-version-floor",
        "9.0.1",
    ];
    let asked = world.own(&revoke);
    assert_eq!(code(&asked), (Some(2), "usage"), "it cannot be undone, and nobody is there: {}", asked.1);
    let revoked = world.must(&[&revoke[..], &["--yes"]].concat());
    let says = said(&revoked);
    assert!(says.contains("void for ever: 9.0.0 (record 3), the channel `stable` (record 4)"), "{says}");
    let void = json!([{ "version": "9.0.0", "sequence": 3 }, { "channel": "stable", "sequence": 4 }]);
    assert_eq!(revoked["records"][0]["void"], void);
    assert!(
        says.contains(&format!("what {} signed counts for nothing from the record 3 on", thief.public)),
        "{says}"
    );

    let info = info(&world);
    assert_eq!(info["releases"][0]["void"], Value::Null);
    assert_eq!(info["releases"][1]["void"], revoked["record"], "{info}");
    for reference in ["@acme/hello@9.0.0", "@acme/hello@^9"] {
        assert_eq!(code(&world.verify(&reader, reference)), (Some(1), "release.void"), "{reference}");
    }
    assert_eq!(world.verify(&reader, "@acme/hello@*").1["version"], "1.0.0");
    assert_eq!(code(&world.release("9.0.1", &["--key", &thief.file])), (Some(1), "envelope.signature"));
    assert_eq!(code(&world.release("1.0.1", &["--key", &own.file])), (Some(1), "record.floor"));
    assert_eq!(code(&world.release("9.0.0", &["--key", &own.file])), (Some(1), "release.void"));
    assert_eq!(world.release("9.0.1", &["--key", &new.file]).0, Some(0));
    assert_eq!(world.verify(&reader, "@acme/hello@*").1["version"], "9.0.1");
}

#[test]
fn what_revocation_spares_is_said_by_a_sequence() {
    let (world, _) = World::published();
    let (own, new) = (world.own_key(), world.key("new"));
    assert_eq!(world.release("1.1.0", &[]).0, Some(0));
    let only = world.own(&["keys", "revoke", "@acme/hello", &own.public, "--yes"]);
    assert_eq!(code(&only), (Some(2), "usage"), "nobody would be left: {}", only.1);
    // All that people see before they are asked.
    let asked = world.text(
        &world.publisher,
        &["keys", "revoke", "@acme/hello", &own.public, "--add", &new.public, "--from-sequence", "2"],
    );
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        asked.stderr.replace(&own.public, "OLD").replace(&new.public, "NEW"),
        "record 3 of the package, rekey:\n  \
         NEW may sign, which could not before\n  \
         OLD may not sign any more\n  \
         from then on, this key may sign for the package: NEW\n  \
         there are no recovery keys: where they are lost or stolen, so is the package\n  \
         what OLD signed counts for nothing from the record 2 on\n  \
         void for ever: 1.1.0 (record 2)\n\
         error: cannot revoke keys of `@acme/hello` (usage)\n  \
         cause: this cannot be undone, and nobody is there to be asked\n\
         hint: nothing was signed; `--yes` signs without asking\n"
    );
    let revoked = world.must(&[
        "keys",
        "revoke",
        "@acme/hello",
        &own.public,
        "--add",
        &new.public,
        "--from-sequence",
        "2",
        "--yes",
    ]);
    assert!(said(&revoked).contains("void for ever: 1.1.0 (record 2)"), "{revoked}");
    let reader = Home::new();
    assert_eq!(world.verify(&reader, "@acme/hello@*").1["version"], "1.0.0");
    // Nothing stands by a key that never signed alone, and nobody is asked.
    let unused = world.must(&["keys", "revoke", "@acme/hello", &world.key("x").public, "--key", &new.file]);
    assert!(said(&unused).contains("nothing of what was published becomes void"), "{unused}");
}

#[test]
fn t11_recovery_keys_take_a_stolen_package_back_after_their_delay() {
    let world = World::new();
    let (own, thief, recovery) = (world.own_key(), world.key("thief"), world.key("recovery"));
    let begin = [
        "--recovery",
        &recovery.public,
        "--recovery-delay",
        "8s",
        "--key",
        &own.file,
        "--key",
        &recovery.file,
    ];
    let begun = world.release("1.0.0", &begin);
    assert_eq!(begun.0, Some(0), "{}", begun.1);
    assert!(
        said(&begun.1).contains("where they are lost or stolen, this key can name others, after 8 seconds"),
        "{}",
        begun.1
    );
    let pinned = Home::new();
    world.policy(&pinned, "@acme/*", json!({ "recovery": { "keys": [recovery.public] } }));
    assert_eq!(world.verify(&pinned, "@acme/hello@^1").0, Some(0), "the init is signed by the recovery key");

    // The thief has the publisher key: takes the package over, but cannot touch the recovery keys.
    let taken =
        world.own(&["keys", "rotate", "@acme/hello", "--add", &thief.public, "--remove", &own.public]);
    assert_eq!(taken.0, Some(0), "{}", taken.1);
    let touched = world.own(&["keys", "rotate", "@acme/hello", "--no-recovery", "--key", &thief.file]);
    assert_eq!(code(&touched), (Some(1), "record.recovery"), "{}", touched.1);
    assert_eq!(world.release("1.1.0", &["--key", &thief.file]).0, Some(0));

    let new = world.key("new");
    let back = [
        "keys",
        "revoke",
        "@acme/hello",
        &thief.public,
        "--add",
        &new.public,
        "--by-recovery",
        "--key",
        &recovery.file,
        "--yes",
    ];
    let by_thief = world.own(&[&back[..8], &[&thief.file, "--yes"]].concat());
    assert_eq!(code(&by_thief), (Some(1), "envelope.signature"), "{}", by_thief.1);
    let recovered = world.must(&back);
    let says = said(&recovered);
    assert!(says.contains("it takes effect 8 seconds after it is logged"), "{says}");
    assert!(says.contains("void for ever: 1.1.0 (record 3)"), "{says}");
    assert_eq!(info(&world)["pending"]["record"], recovered["record"]);
    assert_eq!(
        code(&world.release("1.2.0", &["--key", &new.file])),
        (Some(1), "envelope.signature"),
        "not yet"
    );

    let effective = (0..300).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        info(&world)["pending"].is_null()
    });
    assert!(effective.is_some());
    assert_eq!(world.release("1.2.0", &["--key", &new.file]).0, Some(0));
    assert_eq!(code(&world.verify(&pinned, "@acme/hello@1.1.0")), (Some(1), "release.void"));
    assert_eq!(world.verify(&pinned, "@acme/hello@^1").1["version"], "1.2.0");
}

#[test]
fn the_publisher_keys_veto_what_stolen_recovery_keys_say() {
    let world = World::new();
    let (recovery, thief) = (world.key("recovery"), world.key("thief"));
    let begun = world.release("1.0.0", &["--recovery", &recovery.public, "--recovery-delay", "7d"]);
    assert_eq!(begun.0, Some(0), "{}", begun.1);
    let own = world.own_key();
    let stolen = world.must(&[
        "keys",
        "rotate",
        "@acme/hello",
        "--add",
        &thief.public,
        "--remove",
        &own.public,
        "--by-recovery",
        "--key",
        &recovery.file,
    ]);
    let veto = world.must(&["keys", "rotate", "@acme/hello", "--add", &world.key("two").public]);
    let says = said(&veto);
    let record = stolen["record"].as_str().unwrap();
    assert!(says.contains(&format!("the rekey {record}, which waits, never takes effect")), "{says}");
    assert!(info(&world)["pending"].is_null());
}

#[test]
fn t11_a_transfer_is_signed_by_the_old_threshold_and_by_every_new_key() {
    let (world, _) = World::published();
    let (own, heir, other) = (world.own_key(), world.key("heir"), world.key("other"));
    let transfer = |keys: &[&str]| {
        let keys: Vec<&str> = keys.iter().flat_map(|key| ["--key", key]).collect();
        let to = ["transfer", "@acme/hello", "--to", &heir.public, "--to", &other.public, "--yes"];
        world.own(&[&to[..], &keys].concat())
    };
    assert_eq!(code(&transfer(&[&own.file, &heir.file])), (Some(1), "record.threshold"));
    assert_eq!(code(&transfer(&[&heir.file, &other.file])), (Some(1), "record.threshold"));
    let (exit, given) = transfer(&[&own.file, &heir.file, &other.file]);
    assert_eq!((exit, &given["kind"]), (Some(0), &json!("transfer")), "{given}");
    assert!(said(&given).contains("the keys so far have no say any more"), "{given}");
    assert_eq!(code(&world.release("1.1.0", &[])), (Some(1), "envelope.signature"));
    assert_eq!(world.release("1.1.0", &["--key", &heir.file]).0, Some(0));
}

#[test]
fn t12_floors_are_set_by_the_beginning_and_lowered_by_a_rekey_alone() {
    let world = World::new();
    let statement = world.publisher.path("statement.json");
    support::write(&statement, "{}");
    let bare = world.release("1.0.0", &["--require-provenance"]);
    assert_eq!(code(&bare), (Some(1), "record.floor"), "{}", bare.1);
    let begun = world.release("1.0.0", &["--require-provenance", "--provenance", support::arg(&statement)]);
    assert_eq!(begun.0, Some(0), "{}", begun.1);
    let (exit, verified) = world.verify(&Home::new(), "@acme/hello@1.0.0");
    assert_eq!((exit, &verified["provenance"][0]["size"]), (Some(0), &json!(2)), "{verified}");
    assert_eq!(code(&world.release("1.1.0", &[])), (Some(1), "record.floor"));
    assert_eq!(
        code(&world.release("1.1.0", &["--threshold", "1"])),
        (Some(2), "usage"),
        "it is too late for that"
    );
    let lowered = world.must(&["keys", "rotate", "@acme/hello", "--no-require-provenance"]);
    assert!(said(&lowered).contains("releases need not name provenance any more"), "{lowered}");
    assert_eq!(world.release("1.1.0", &[]).0, Some(0));
}
