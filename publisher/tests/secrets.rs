//! That no secret gets out: not in what is printed, not to other processes, and from no file that others can read.
#![cfg(unix)]

#[path = "../../keys/tests/support/openssh.rs"]
#[allow(dead_code, unreachable_pub)]
mod openssh;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use openssh::ssh_keygen;
use support::{Home, Served, arg, write};

const PASSPHRASE: &str = "correct horse battery";
const CODE: &str = "export default { fetch: () => new Response('hello') };";
/// `openssl genpkey -algorithm ed25519`.
const PKCS8: &str = include_str!("../../keys/tests/data/openssl_ed25519.pem");

/// What must be seen nowhere: the passphrase, and the lines of base64 that hold the secret.
fn secrets_of(texts: &[&str]) -> Vec<String> {
    let lines = texts.iter().flat_map(|text| text.lines());
    let lines = lines.filter(|line| line.len() > 16 && !line.starts_with('-'));
    lines.map(str::to_owned).chain([PASSPHRASE.to_owned()]).collect()
}

#[test]
fn t36_no_secret_is_in_any_output() {
    let home = Home::new();
    let (locked, open) = (home.path("locked"), home.path("open"));
    ssh_keygen(&["-q", "-t", "ed25519", "-N", PASSPHRASE], &locked);
    ssh_keygen(&["-q", "-t", "ed25519", "-N", ""], &open);
    let (locked_text, open_text) = (fs::read_to_string(&locked).unwrap(), fs::read_to_string(&open).unwrap());
    let secrets = secrets_of(&[&locked_text, &open_text, PKCS8]);
    let broken =
        [open_text.replace("OPENSSH", "CLOSED"), open_text[..200].to_owned(), PKCS8.replace('M', "N")];
    let dir = home.package("@acme/a", "1.0.0", CODE);
    let publish = ["publish", arg(&dir), "--registry", "http://127.0.0.1:1"];
    let mut outputs = Vec::new();
    for text in [&locked_text, &open_text, PKCS8].into_iter().chain(broken.iter().map(String::as_str)) {
        for passphrase in [PASSPHRASE, "correct horse", "", &PASSPHRASE.repeat(50)] {
            let variables = [("CIDERY_KEY", text), ("CIDERY_KEY_PASSPHRASE", passphrase)];
            outputs.push(home.run_with(&["keys", "list"], &variables));
            outputs.push(home.run_with(&["keys", "export", "--json"], &variables));
            outputs.push(home.run_with(&publish, &variables));
        }
        // A key in the wrong place: on the command line.
        for args in
            [&["keys", "import", text][..], &["publish", "--key", text], &[text, "--json"], &["keys", text]]
        {
            let refused = home.run(args);
            assert_eq!(refused.code, Some(2), "{refused:?}");
            outputs.push(refused);
        }
    }
    let exposed = home.path("exposed");
    write(&exposed, PASSPHRASE);
    outputs.push(home.run(&["keys", "import", arg(&locked), "--passphrase-file", arg(&exposed)]));
    assert!(outputs.last().is_some_and(|last| last.stderr.contains("open to others")));
    fs::set_permissions(&exposed, fs::Permissions::from_mode(0o600)).unwrap();
    outputs.push(home.run(&["keys", "import", arg(&exposed), "--json"]));
    for output in outputs {
        for secret in &secrets {
            assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{output:?}");
        }
    }
}

/// A program that takes workerd's place shows what every process that `cidery` starts gets, and what others see of both.
#[cfg(target_os = "linux")]
#[test]
fn t36_no_secret_is_handed_to_a_child_or_seen_in_the_process_list() {
    let (operator, home) = (Home::new(), Home::new());
    let served = Served::start(&operator);
    let agent = openssh::RunningAgent::start();
    let (socket, loader) = (agent.socket(), home.path("loader"));
    let variables = [
        ("CIDERY_KEY", PKCS8),
        ("CIDERY_KEY_PASSPHRASE", PASSPHRASE),
        ("SSH_AUTH_SOCK", arg(&socket)),
        ("CIDERY_REGISTRY", served.url.as_str()),
        ("CIDERY_LOADER_DIR", arg(&loader)),
    ];
    let dir = home.package("@acme/a", "1.0.0", CODE);
    let published = home.run_with(&["publish", arg(&dir)], &variables);
    assert_eq!(published.code, Some(0), "{published:?}");
    write(&loader.join("worker.js"), "");
    write(&loader.join("verifier.wasm"), "");
    let (program, seen) = (home.path("program"), home.path("seen"));
    write(
        &program,
        &format!("#!/bin/sh\ncat /proc/$$/environ /proc/$$/cmdline /proc/$PPID/cmdline > '{}'\n", arg(&seen)),
    );
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let variables = [&variables[..], &[("CIDERY_WORKERD", arg(&program))]].concat();
    let run = home.run_with(&["run", "@acme/a@1", "--listen", "127.0.0.1:0"], &variables);
    assert!(run.stderr.contains("workerd ended"), "{run:?}");
    let seen = String::from_utf8_lossy(&fs::read(&seen).unwrap()).into_owned();
    assert!(
        seen.contains("CIDERY_REGISTRY=") && seen.contains("--socket-addr") && seen.contains("@acme/a@1"),
        "{seen}"
    );
    for secret in secrets_of(&[PKCS8]).iter().map(String::as_str).chain(["CIDERY_KEY", "SSH_AUTH_SOCK"]) {
        assert!(!seen.contains(secret), "{seen}");
    }
}
