//! What the tests of key files and of agents have in common.

#![allow(dead_code, unreachable_pub)] // Each test binary takes what it needs.

pub mod openssh;

use ssh_key::PublicKey;

/// The key in a line `ssh-ed25519 AAAA… comment`, and its comment.
pub fn public_half(line: &str) -> ([u8; 32], String) {
    let key = PublicKey::from_openssh(line.trim_end()).expect("a public key");
    (key.key_data().ed25519().expect("an ed25519 key").0, key.comment().to_owned())
}
