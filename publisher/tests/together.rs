//! Several people sign one record, and no server is between them.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::world::{CODE, Key, World, code};
use support::{Home, arg, write};

/// Two of three keys, and a release that is to be signed.
struct Team {
    world: World,
    keys: [Key; 3],
    file: String,
}

impl Team {
    fn new() -> Self {
        let world = World::new();
        let keys = ["one", "two", "three"].map(|name| world.key(name));
        let file = arg(&world.publisher.path("release.json")).to_owned();
        let dir = world.publisher.package("@acme/hello", "1.0.0", CODE);
        let [one, two, three] = &keys;
        let written = world.must(&[
            "publish",
            arg(&dir),
            "--unsigned-out",
            &file,
            "--publisher",
            &one.public,
            "--publisher",
            &two.public,
            "--publisher",
            &three.public,
            "--threshold",
            "2",
        ]);
        assert_eq!(written["file"], file, "{written}");
        Team { world, keys, file }
    }

    fn read(&self) -> Value {
        serde_json::from_slice(&fs::read(&self.file).unwrap()).unwrap()
    }

    /// Signs a file that begins the package.
    fn sign(&self, file: &str, key: &Key) -> (Option<i32>, Value) {
        self.world.publisher.json(&["sign", file, "--key", &key.file, "--yes"])
    }

    fn send(&self, files: &[&str]) -> (Option<i32>, Value) {
        let files: Vec<&str> = files.iter().flat_map(|file| ["--envelope", file]).collect();
        self.world.own(&[&["publish"], files.as_slice()].concat())
    }
}

#[test]
fn t11_two_of_three_publish_through_files() {
    let team = Team::new();
    let Team { world, keys: [one, two, three], file } = &team;
    let none = team.send(&[file]);
    assert_eq!(code(&none), (Some(1), "record.threshold"), "{}", none.1);

    // Each signs a copy, on a machine that knows neither the registry nor the others.
    let other = world.publisher.path("other.json");
    fs::copy(file, &other).unwrap();
    let (exit, first) = team.sign(file, one);
    assert_eq!((exit, &first["complete"]), (Some(0), &json!(false)), "{first}");
    assert_eq!(first["records"][1]["kind"], "release");
    assert_eq!(first["records"][1]["signatures"][0]["signed"], json!([one.public]));
    assert_eq!(first["code"]["modules"][0]["path"], "index.js");
    let again = team.sign(file, one);
    assert_eq!(again.1["records"], first["records"], "a key signs once");
    let short = team.send(&[file]);
    assert_eq!(code(&short), (Some(1), "record.threshold"));
    let hint = short.1["error"]["hint"].as_str().unwrap();
    assert!(
        hint.contains(&two.public) && hint.contains(&three.public) && !hint.contains(&one.public),
        "{hint}"
    );
    assert_eq!(team.sign(arg(&other), two).0, Some(0));

    let (exit, published) = team.send(&[file, arg(&other)]);
    assert_eq!((exit, &published["version"]), (Some(0), &json!("1.0.0")), "{published}");
    let (exit, verified) = world.verify(&Home::new(), "@acme/hello@^1");
    assert_eq!((exit, verified["signers"].as_array().map(Vec::len)), (Some(0), Some(2)), "{verified}");

    // The same goes for what is not a release.
    let yank = arg(&world.publisher.path("yank.json")).to_owned();
    world.must(&[
        "yank",
        "@acme/hello@1.0.0",
        "--severity",
        "low",
        "--reason",
        "deprecated",
        "--unsigned-out",
        &yank,
    ]);
    for key in [two, three] {
        assert_eq!(world.publisher.json(&["sign", &yank, "--key", &key.file]).0, Some(0));
    }
    let (exit, yanked) = team.send(&[&yank]);
    assert_eq!((exit, &yanked["kind"]), (Some(0), &json!("yank")), "{yanked}");
    let late = team.send(&[&yank]);
    assert_eq!(late.0, Some(0), "what is in the log already is not refused: {}", late.1);
}

#[test]
fn only_keys_that_count_sign_a_file_and_it_says_what_it_is() {
    let team = Team::new();
    let stranger = team.world.key("stranger");
    let before = fs::read(&team.file).unwrap();
    let refused = team.sign(&team.file, &stranger);
    assert_eq!(code(&refused), (Some(1), "envelope.signature"), "{}", refused.1);
    let shown = team.world.publisher.run(&["sign", &team.file, "--show"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for part in [
        "begins `@acme/hello` in the log",
        "from then on, 2 of these 3 keys may sign for the package",
        "releases 1.0.0 with the code bafyr4i",
        "init: 0 of 3 publisher keys signed, 2 wanted; who can still sign: z6Mk",
        "index.js",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    assert_eq!(fs::read(&team.file).unwrap(), before);
    let exists = team.world.own(&[
        "publish",
        arg(&team.world.publisher.package("@acme/hello", "1.0.0", CODE)),
        "--unsigned-out",
        &team.file,
        "--publisher",
        &team.keys[0].public,
    ]);
    assert_eq!(code(&exists), (Some(3), "environment"), "nothing is overwritten: {}", exists.1);
}

#[test]
fn t18_a_file_whose_parts_do_not_belong_together_is_refused() {
    let team = Team::new();
    let [one, two, _] = &team.keys;
    for key in [one, two] {
        assert_eq!(team.sign(&team.file, key).0, Some(0));
    }
    let good = team.read();
    let swap = |json: &mut Value| {
        let signatures = json["envelopes"][0]["signatures"].clone();
        json["envelopes"][1]["signatures"] = signatures;
    };
    type Alter<'a> = &'a dyn Fn(&mut Value);
    let hostile: [(&str, &str, Alter<'_>); 14] = [
        ("another format", "usage", &|json| json["format"] = json!("cidery-envelopes-v2")),
        ("an unknown field", "usage", &|json| json["run"] = json!("rm")),
        ("no records", "record.invalid", &|json| json["envelopes"] = json!([])),
        ("17 records", "limit.exceeded", &|json| {
            json["envelopes"] = json!(vec![json["envelopes"][0].clone(); 17])
        }),
        ("too many blobs", "limit.exceeded", &|json| json["blobs"] = json!(vec![""; 3_000])),
        ("too long a chain", "limit.exceeded", &|json| json["chain"] = json!(vec![""; 300])),
        ("the release alone", "record.invalid", &|json| {
            json["envelopes"].as_array_mut().unwrap().remove(0);
        }),
        ("the init twice", "record.invalid", &|json| json["envelopes"][1] = json["envelopes"][0].clone()),
        ("signatures of the other record", "envelope.signature", &swap),
        ("an altered payload", "cbor.malformed", &|json| json["envelopes"][1]["payload"] = json!("AAAA")),
        ("no manifest", "record.invalid", &|json| drop(json.as_object_mut().unwrap().remove("manifest"))),
        ("a manifest that is none", "cbor.malformed", &|json| json["manifest"] = json!("AAAA")),
        ("another blob", "record.invalid", &|json| json["blobs"][0] = json!("AAAA")),
        ("a blob too much", "record.invalid", &|json| {
            json["blobs"].as_array_mut().unwrap().push(json!("AAAA"))
        }),
    ];
    let file = team.world.publisher.path("hostile.json");
    for (what, wanted, alter) in hostile {
        let mut json = good.clone();
        alter(&mut json);
        write(&file, &json.to_string());
        for answer in [team.send(&[arg(&file)]), team.sign(arg(&file), one)] {
            assert_eq!(answer.1["error"]["code"], wanted, "{what}: {}", answer.1);
        }
    }
    assert_eq!(team.send(&[&team.file]).0, Some(0));
}

#[test]
fn t01_a_file_of_another_log_or_beginning_is_neither_signed_nor_sent() {
    let team = Team::new();
    let [one, two, _] = &team.keys;
    let elsewhere = World::new();
    for key in [one, two] {
        assert_eq!(team.sign(&team.file, key).0, Some(0));
    }
    let refused = elsewhere.own(&["publish", "--envelope", &team.file]);
    assert_eq!(code(&refused), (Some(1), "policy.origin"), "{}", refused.1);
    // Somebody who knows the package by another beginning.
    let reader = &elsewhere.publisher;
    let log = support::world::trust(&team.world.publisher);
    let (origin, keys) = log["origins"].as_object().unwrap().iter().next().unwrap();
    let rule =
        json!({ "origin": origin, "init": "bafyr4ifnuryzkjvaranm4vue2cjxcuvqmz2nphfz7jpmcs5mkw6ffq6f74" });
    let policy = json!({ "origins": { origin: keys }, "packages": { "@acme/hello": rule } });
    write(&reader.path("config/policy.json"), &policy.to_string());
    let refused = reader.json(&["sign", &team.file, "--key", &one.file]);
    assert_eq!(code(&refused), (Some(1), "policy.init"), "{}", refused.1);
    // A policy that came along with the file does not vouch for it.
    let vouches = json!({ "origins": { origin: keys }, "packages": {} });
    write(&reader.path("cidery.policy.json"), &vouches.to_string());
    let refused = reader.json(&["sign", &team.file, "--key", &one.file]);
    assert_eq!(code(&refused), (Some(1), "policy.init"), "{}", refused.1);
    let named = reader.path("cidery.policy.json");
    let shown = reader.run(&["sign", &team.file, "--show", "--policy", arg(&named)]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
}

#[test]
fn what_says_who_may_sign_is_asked_about_whatever_the_file_is_called() {
    let (world, _) = World::published();
    let (own, heir) = (world.own_key(), world.key("heir"));
    let written = |name: &str, args: &[&str]| {
        let file = arg(&world.publisher.path(name)).to_owned();
        world.must(&[args, &["--unsigned-out", &file]].concat());
        file
    };
    let dir = world.publisher.package("@acme/other", "1.0.0", CODE);
    let begins = ["publish", arg(&dir), "--publisher", &own.public];
    let raises = ["keys", "rotate", "@acme/hello", "--add", &heir.public, "--threshold", "2"];
    let revokes = ["keys", "revoke", "@acme/hello", &own.public, "--add", &heir.public];
    let gives = ["transfer", "@acme/hello", "--to", &heir.public];
    for args in [&begins[..], &raises, &revokes, &gives] {
        let file = written(&format!("release-{}.json", args[1].replace('/', "-")), args);
        let before = fs::read(&file).unwrap();
        // Asked before a passphrase is: this key cannot even be found.
        let refused = world.publisher.json(&["sign", &file, "--key", "nowhere"]);
        assert_eq!(code(&refused), (Some(2), "usage"), "{args:?}: {}", refused.1);
        let quiet = world.publisher.run(&["sign", &file, "--quiet"]);
        assert!(quiet.stderr.contains("may sign for the package"), "{quiet:?}");
        assert_eq!((quiet.code, fs::read(&file).unwrap()), (Some(2), before), "{args:?}");
        let signed = world.publisher.json(&["sign", &file, "--yes"]);
        assert_eq!(signed.0, Some(0), "{args:?}: {}", signed.1);
        fs::remove_file(&file).unwrap();
    }
    let next = world.publisher.package("@acme/hello", "1.1.0", "export default {};");
    let statement = world.publisher.path("statement.json");
    write(&statement, "{}");
    let releases = ["publish", arg(&next)];
    let yanks = ["yank", "@acme/hello@1.0.0", "--severity", "low", "--reason", "other"];
    let names = ["channel", "set", "@acme/hello:stable", "1.0.0"];
    let states = ["attest", "@acme/hello@1.0.0", arg(&statement), "--predicate", "https://example.com/v1"];
    for (at, args) in [&releases[..], &yanks, &names, &states].into_iter().enumerate() {
        let file = written(&format!("{at}.json"), args);
        let signed = world.publisher.json(&["sign", &file]);
        assert_eq!((signed.0, &signed.1["complete"]), (Some(0), &json!(true)), "{args:?}: {}", signed.1);
    }
}

#[cfg(unix)]
#[test]
fn who_sits_at_a_terminal_is_asked_and_only_yes_is_yes() {
    use std::io::{Read, Write};

    let team = Team::new();
    let before = fs::read(&team.file).unwrap();
    for (answer, exit) in [("", 2), ("n", 2), ("sure", 2), ("y", 0)] {
        assert_eq!(fs::read(&team.file).unwrap(), before);
        let (mut pty, pts) = pty_process::blocking::open().unwrap();
        let args = ["sign", &team.file, "--key", &team.keys[0].file];
        let home = &team.world.publisher;
        let command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_cidery")).args(args);
        let command = command.current_dir(home.path("")).env("CIDERY_CONFIG", home.path("config"));
        pty.write_all(format!("{answer}\n").as_bytes()).unwrap();
        let mut child = command.spawn(pts).unwrap();
        let mut shown = Vec::new();
        // The end of a terminal is an error on Linux.
        let _ = pty.read_to_end(&mut shown);
        let shown = String::from_utf8_lossy(&shown);
        assert_eq!(child.wait().unwrap().code(), Some(exit), "{answer}: {shown}");
        assert!(shown.contains("this says who may sign for the package; sign it? [y/N]"), "{shown}");
    }
    assert_ne!(fs::read(&team.file).unwrap(), before);
}
