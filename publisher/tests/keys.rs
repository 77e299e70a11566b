//! Keys wherever they are: in files with and without a passphrase, in the real ssh-agent, in `CIDERY_KEY`.
#![cfg(unix)]

#[path = "../../keys/tests/support/openssh.rs"]
#[allow(dead_code, unreachable_pub)]
mod openssh;
mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use openssh::{RunningAgent, ssh_keygen};
use rustix::termios::LocalModes;
use serde_json::{Value, json};
use support::{Home, Served, arg, ran, write_private};

const PASSPHRASE: &str = "correct horse battery";
const CODE: &str = "export default { fetch: () => new Response('hello') };";
/// `openssl genpkey -algorithm ed25519`, and the same behind a passphrase.
const PKCS8: &str = include_str!("../../keys/tests/data/openssl_ed25519.pem");
const PKCS8_ENCRYPTED: &str = include_str!("../../keys/tests/data/openssl_ed25519_encrypted.pem");

fn code(answer: &(Option<i32>, Value)) -> (Option<i32>, &str) {
    (answer.0, answer.1["error"]["code"].as_str().unwrap_or("none"))
}

#[test]
fn keys_go_to_and_from_openssh() {
    let home = Home::new();
    let theirs = home.path("theirs");
    ssh_keygen(&["-q", "-t", "ed25519", "-N", PASSPHRASE, "-C", "me@example"], &theirs);
    let line = fs::read_to_string(home.path("theirs.pub")).unwrap();
    let password = home.path("passphrase");
    write_private(&password, &format!("{PASSPHRASE}\n"));

    // A locked file shows its public half without its passphrase.
    let shown = home.run(&["keys", "export", arg(&theirs), "--openssh"]);
    assert_eq!((shown.code, shown.stdout.trim()), (Some(0), line.trim().trim_end_matches(" me@example")));
    let imported = home.run(&["keys", "import", arg(&theirs), "--passphrase-file", arg(&password)]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let ours = home.path("config/id_ed25519");
    assert_eq!(ssh_keygen(&["-y", "-P", PASSPHRASE], &ours).trim(), line.trim(), "the passphrase stays");

    let open = home.path("open");
    fs::copy(&ours, &open).unwrap();
    ssh_keygen(&["-q", "-p", "-P", PASSPHRASE, "-N", ""], &open);
    let shown = home.run(&["keys", "export", arg(&open), "--openssh"]);
    assert_eq!(shown.stdout, line);
    assert_eq!(home.run(&["keys", "show", arg(&open)]).stdout, imported.stdout);

    // The secret gets out only into a new file, behind a passphrase.
    let out = home.path("out/key");
    let refused = home.run(&["keys", "export", arg(&open), "--secret-out", arg(&out)]);
    assert!(refused.stderr.contains("no terminal to ask"), "{refused:?}");
    assert!(refused.code == Some(3) && !out.exists());
    let export = ["keys", "export", arg(&open), "--secret-out", arg(&out)];
    let exported = home.run_with(&export, &[("CIDERY_KEY_PASSPHRASE", PASSPHRASE)]);
    assert_eq!((exported.code, &exported.stdout), (Some(0), &imported.stdout), "{exported:?}");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(ssh_keygen(&["-y", "-P", PASSPHRASE], &out).trim(), line.trim());
    let again = home.json_with(&export, &[("CIDERY_KEY_PASSPHRASE", PASSPHRASE)]);
    assert_eq!(code(&again), (Some(3), "key.unusable"), "a file is never overwritten");
}

#[test]
fn pkcs8_is_imported() {
    let home = Home::new();
    let (pem, encrypted) = (home.path("key.pem"), home.path("encrypted.pem"));
    write_private(&pem, PKCS8);
    write_private(&encrypted, PKCS8_ENCRYPTED);
    let import = ["keys", "import", arg(&pem), "--comment", "from OpenSSL"];
    let imported = home.json(&import);
    assert_eq!((imported.0, &imported.1["encrypted"]), (Some(0), &json!(false)), "{imported:?}");
    let line = ssh_keygen(&["-y"], &home.path("config/id_ed25519"));
    let (exit, shown) = home.json(&["keys", "export"]);
    assert_eq!((exit, shown["openssh"].as_str()), (Some(0), Some(line.trim())));
    assert_eq!((&shown["publicKey"], &shown["comment"]), (&imported.1["publicKey"], &json!("from OpenSSL")));

    let refused = home.json(&["keys", "import", arg(&encrypted)]);
    assert_eq!(code(&refused), (Some(3), "key.unusable"));
    assert!(refused.1["error"]["hint"].as_str().unwrap().contains("openssl pkey -in FILE"), "{refused:?}");

    // What `openssl pkey -in FILE | cidery keys import -` hands over.
    let piped = home.path("piped");
    let mut command = home.command(&["keys", "import", "-", "--out", arg(&piped), "--encrypt"]);
    command.env("CIDERY_KEY_PASSPHRASE", PASSPHRASE).stdin(fs::File::open(&pem).unwrap());
    assert_eq!(ran(command).code, Some(0));
    assert_eq!(
        ssh_keygen(&["-y", "-P", PASSPHRASE], &piped).trim(),
        line.trim_end_matches(" from OpenSSL\n")
    );
}

#[test]
fn all_keys_are_listed() {
    let home = Home::new();
    assert_eq!(home.json(&["keys", "list"]), (Some(0), json!({ "keys": [], "refused": [] })));
    let agent = RunningAgent::start();
    agent.hold("other", "ecdsa");
    let held = agent.hold("held", "ed25519");
    assert_eq!(home.run(&["keys", "new"]).code, Some(0));
    let locked = home.path("config/locked");
    ssh_keygen(&["-q", "-t", "ed25519", "-N", PASSPHRASE], &locked);
    fs::copy(&locked, home.path("config/open")).unwrap();
    fs::set_permissions(home.path("config/open"), fs::Permissions::from_mode(0o644)).unwrap();
    let socket = agent.socket();

    let (exit, listed) = home.json_with(&["keys", "list"], &[("SSH_AUTH_SOCK", arg(&socket))]);
    assert_eq!(exit, Some(0), "{listed}");
    let default = home.path("config/id_ed25519");
    let of = |place: &str| home.run(&["keys", "show", place]).stdout.trim().to_owned();
    let in_agent = format!("agent:{}", of(arg(&held)));
    let entry = |key: &str, source: &str, comment: Value, encrypted: bool, is_default: bool| {
        let public = if source == "agent" { of(arg(&held)) } else { of(key) };
        json!({ "publicKey": public, "source": source, "key": key, "comment": comment, "encrypted": encrypted,
                "default": is_default })
    };
    assert_eq!(
        listed["keys"],
        json!([
            entry(arg(&default), "file", json!("cidery"), false, true),
            entry(arg(&locked), "file", Value::Null, true, false),
            entry(&in_agent, "agent", json!("held"), false, false),
        ])
    );
    assert_eq!(
        (listed["refused"].as_array().map(Vec::len), &listed["refused"][0]["code"]),
        (Some(1), &json!("key.unusable"))
    );

    let (_, listed) =
        home.json_with(&["keys", "list"], &[("CIDERY_KEY", PKCS8), ("SSH_AUTH_SOCK", "/nowhere")]);
    let first = &listed["keys"][0];
    assert_eq!(
        (&first["source"], &first["default"], &first["key"]),
        (&json!("environment"), &json!(true), &Value::Null)
    );
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(3));
    assert!(listed.to_string().contains("/nowhere"), "{listed}");
}

#[test]
fn a_terminal_is_asked_and_shows_nothing() {
    let home = Home::new();
    let key = home.path("config/id_ed25519");
    let new = terminal(&home, &["keys", "new", "--encrypt"], &[PASSPHRASE, PASSPHRASE]);
    assert!(new.contains("new passphrase: ") && new.contains("the same again: "), "{new}");
    assert!(new.contains(ssh_keygen_public(&home, &key).trim()), "{new}");
    // A slip is forgiven, twice.
    let out = home.path("out");
    let export = ["keys", "export", "--secret-out", arg(&out)];
    let exported = terminal(&home, &export, &["correct", "horse", PASSPHRASE]);
    assert_eq!(exported.matches("passphrase of the key").count(), 3, "{exported}");
    assert!(out.exists(), "{exported}");
    let refused = terminal(&home, &["keys", "export", "--secret-out", "no"], &["a", "b", "c"]);
    assert!(
        refused.contains("the passphrase does not open the key") && !home.path("no").exists(),
        "{refused}"
    );
    let refused = terminal(&home, &["keys", "new", "--encrypt", "--out", "no"], &[PASSPHRASE, "another"]);
    assert!(refused.contains("are not the same") && !home.path("no").exists(), "{refused}");
    for shown in [new, exported, refused] {
        assert!(!shown.contains("horse") && !shown.contains("another"), "{shown}");
    }
}

fn ssh_keygen_public(home: &Home, file: &Path) -> String {
    ssh_keygen(&["-y", "-P", PASSPHRASE], file);
    home.run(&["keys", "show", arg(file)]).stdout
}

/// Runs a command on a terminal of its own, where each question is answered; gives what the terminal showed.
fn terminal(home: &Home, args: &[&str], answers: &[&str]) -> String {
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    let mut command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_cidery")).args(args);
    command = command.current_dir(home.path("")).env("CIDERY_CONFIG", home.path("config"));
    for name in ["CIDERY_KEY", "CIDERY_KEY_PASSPHRASE", "SSH_AUTH_SOCK"] {
        command = command.env_remove(name);
    }
    let mut child = command.spawn(pts).unwrap();
    let (mut shown, mut answered) = (Vec::new(), 0);
    let mut part = [0; 1024];
    // The end of a terminal is an error on Linux, and no bytes elsewhere.
    while let Ok(length @ 1..) = pty.read(&mut part) {
        shown.extend_from_slice(&part[..length]);
        if !shown.ends_with(b": ") {
            continue;
        }
        match answers.get(answered) {
            Some(answer) if hides_what_is_typed(&pty) => {
                pty.write_all(format!("{answer}\n").as_bytes()).unwrap();
                answered += 1;
            }
            // One question too many, or one that shows its answer.
            _ => child.kill().unwrap(),
        }
    }
    child.wait().unwrap();
    assert_eq!(answered, answers.len(), "{}", String::from_utf8_lossy(&shown));
    String::from_utf8(shown).unwrap()
}

/// Waits until a terminal shows nothing any more: the question comes a moment before that.
fn hides_what_is_typed(pty: &pty_process::blocking::Pty) -> bool {
    let hides = || !rustix::termios::tcgetattr(pty).unwrap().local_modes.contains(LocalModes::ECHO);
    let began = Instant::now();
    while !hides() && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(1));
    }
    hides()
}

#[test]
fn releases_are_signed_by_whatever_holds_the_key() {
    let (operator, home) = (Home::new(), Home::new());
    let served = Served::start(&operator);
    let agent = RunningAgent::start();
    let held = agent.hold("held", "ed25519");
    let socket = agent.socket();
    let public = home.run(&["keys", "show", arg(&held)]).stdout.trim().to_owned();
    let file = home.path("second");
    ssh_keygen(&["-q", "-t", "ed25519", "-N", PASSPHRASE], &file);
    let second = home.run(&["keys", "show", arg(&file)]).stdout.trim().to_owned();
    let publish = |name: &str, version: &str, keys: &[&str], variables: &[(&str, &str)]| {
        let dir = home.package(name, version, CODE);
        let keys = keys.iter().flat_map(|key| ["--key", key]);
        let args: Vec<&str> =
            ["publish", arg(&dir), "--registry", &served.url].into_iter().chain(keys).collect();
        home.json_with(&args, variables)
    };
    let signers = |name: &str| {
        let stranger = Home::new();
        let verified = stranger.json(&["verify", name, "--registry", &served.url]);
        assert_eq!(verified.0, Some(0), "{verified:?}");
        verified.1["signers"].clone()
    };
    let in_agent = ("SSH_AUTH_SOCK", arg(&socket));

    // By the only key of the agent, then by the same one by name, then by its file.
    assert_eq!(publish("@acme/agent", "1.0.0", &["agent:"], &[in_agent]).0, Some(0));
    assert_eq!(signers("@acme/agent@1.0.0"), json!([public]));
    let named = format!("agent:{public}");
    assert_eq!(publish("@acme/agent", "1.1.0", &[&named], &[in_agent]).0, Some(0));
    assert_eq!(publish("@acme/agent", "1.2.0", &[arg(&held)], &[]).0, Some(0));
    let text = fs::read_to_string(&held).unwrap();
    assert_eq!(publish("@acme/agent", "1.3.0", &[], &[("CIDERY_KEY", &text)]).0, Some(0));
    assert_eq!(signers("@acme/agent@1.3.0"), json!([public]));

    // Two of two, of which one is behind a passphrase.
    let both = [in_agent, ("CIDERY_KEY_PASSPHRASE", PASSPHRASE)];
    let published = publish("@acme/both", "1.0.0", &["agent:", arg(&file)], &both);
    assert_eq!(published.0, Some(0), "{published:?}");
    let mut wanted = [public.as_str(), second.as_str()];
    let mut got: Vec<String> = serde_json::from_value(signers("@acme/both@1.0.0")).unwrap();
    wanted.sort_unstable();
    got.sort_unstable();
    assert_eq!(got, wanted);
    let one = publish("@acme/both", "1.1.0", &["agent:"], &both);
    assert_eq!(code(&one), (Some(1), "record.threshold"), "{one:?}");

    // In CI: a locked key and its passphrase in variables.
    let text = fs::read_to_string(&file).unwrap();
    let variables = [("CIDERY_KEY", text.as_str()), ("CIDERY_KEY_PASSPHRASE", PASSPHRASE)];
    assert_eq!(publish("@acme/ci", "1.0.0", &[], &variables).0, Some(0));
    let locked = publish("@acme/ci", "1.1.0", &[], &variables[..1]);
    assert_eq!(code(&locked), (Some(3), "key.unusable"));
    assert!(locked.1["error"]["message"].as_str().unwrap().contains("CIDERY_KEY"), "{locked:?}");

    let stranger = publish("@acme/agent", "1.4.0", &[&format!("agent:{second}")], &[in_agent]);
    assert_eq!(code(&stranger), (Some(3), "key.unusable"));
    assert_eq!(code(&publish("@acme/agent", "1.4.0", &["agent:"], &[])), (Some(3), "environment"));
}
