//! OpenSSH's own tools, which must be installed.

#![allow(dead_code, unreachable_pub)] // Each test binary takes what it needs.

use std::{path::Path, process::Command};

use ssh_key::PublicKey;

/// Runs `ssh-keygen`, and gives what it printed.
pub fn ssh_keygen(arguments: &[&str], path: &Path) -> String {
    let output = Command::new("ssh-keygen")
        .args(arguments)
        .arg("-f")
        .arg(path)
        .output()
        .expect("ssh-keygen is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The key in a line `ssh-ed25519 AAAA… comment`, and its comment.
pub fn public_half(line: &str) -> ([u8; 32], String) {
    let key = PublicKey::from_openssh(line.trim_end()).expect("a public key");
    (key.key_data().ed25519().expect("an ed25519 key").0, key.comment().to_owned())
}
