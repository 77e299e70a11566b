//! Key files, and what OpenSSH's own `ssh-keygen` makes of them.
#![cfg(all(unix, feature = "files"))]

mod support;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use cidery_keys::{KeyError, Passphrase, SecretKey, Signer, StoredKey, keyfile};
use cidery_protocol::Code;
use support::{openssh::ssh_keygen, public_half};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::from_line(text.as_bytes()).expect("a passphrase")
}

#[test]
fn openssh_reads_our_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new/folder/key");
    let key = SecretKey::generate().expect("randomness").with_comment("release key");
    keyfile::create(&path, &key).expect("a new file");
    let (public, comment) = public_half(&ssh_keygen(&["-y"], &path));
    assert_eq!((public, comment.as_str()), (*key.public_key().as_bytes(), "release key"));
    let read = keyfile::read(&path).expect("our own file");
    assert_eq!((read.public_key(), read.comment()), (key.public_key(), "release key"));
}

#[test]
fn we_read_files_of_openssh() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    ssh_keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "somebody@example"], &path);
    let key = keyfile::read(&path).expect("a key file");
    let line = fs::read_to_string(path.with_extension("pub")).expect("its public half");
    assert_eq!((*key.public_key().as_bytes(), key.comment().to_owned()), public_half(&line));
    let signature = key.sign(b"message").expect("a signature");
    assert!(key.public_key().verifies(b"message", &signature));
}

#[test]
fn openssh_opens_our_locked_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    let key = SecretKey::generate().expect("randomness").with_comment("release key");
    keyfile::create_locked(&path, &key, &passphrase("correct horse")).expect("a new file");
    assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o7777, 0o600);
    let (public, comment) = public_half(&ssh_keygen(&["-y", "-P", "correct horse"], &path));
    assert_eq!((public, comment.as_str()), (*key.public_key().as_bytes(), "release key"));
    // Its own tool takes the passphrase away.
    ssh_keygen(&["-q", "-p", "-P", "correct horse", "-N", ""], &path);
    assert_eq!(keyfile::read(&path).expect("an open key").public_key(), key.public_key());
}

#[test]
fn we_open_locked_files_of_openssh() {
    let folder = tempfile::tempdir().expect("a folder");
    for cipher in ["aes256-ctr", "aes128-cbc", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"] {
        let path = folder.path().join(cipher);
        ssh_keygen(
            &[
                "-q",
                "-t",
                "ed25519",
                "-N",
                "correct horse",
                "-a",
                "2",
                "-Z",
                cipher,
                "-C",
                "somebody@example",
            ],
            &path,
        );
        let StoredKey::Locked(locked) = keyfile::open(&path).expect("a key file") else {
            panic!("{cipher}: it is behind a passphrase")
        };
        let key = locked.unlock(&passphrase("correct horse")).expect("the right passphrase");
        let line = fs::read_to_string(path.with_extension("pub"))
            .or_else(|_| fs::read_to_string(folder.path().join(format!("{cipher}.pub"))))
            .expect("its public half");
        assert_eq!((*key.public_key().as_bytes(), key.comment().to_owned()), public_half(&line), "{cipher}");
        assert_eq!(locked.public_key(), key.public_key());
        let error = locked.unlock(&passphrase("correct hors")).expect_err("another passphrase");
        assert!(matches!(error, KeyError::Passphrase), "{cipher}: {error}");
        assert_eq!(error.code(), Code::KeyUnusable);
    }
}

#[test]
fn other_keys_of_openssh_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let encrypted = folder.path().join("encrypted");
    ssh_keygen(&["-q", "-t", "ed25519", "-N", "correct horse", "-a", "1"], &encrypted);
    let error = keyfile::read(&encrypted).expect_err("a passphrase");
    assert!(matches!(error, KeyError::Encrypted), "{error}");
    assert_eq!(error.code(), Code::KeyUnusable);
    assert!(error.hint().is_some());
    for (algorithm, passphrase) in [("ecdsa", ""), ("rsa", ""), ("ecdsa", "correct horse")] {
        let path = folder.path().join(format!("{algorithm} {}", passphrase.len()));
        ssh_keygen(&["-q", "-t", algorithm, "-N", passphrase, "-a", "1"], &path);
        let error = keyfile::read(&path).expect_err("another algorithm");
        assert_eq!(error.code(), Code::KeyMalformed);
        assert!(error.to_string().contains("algorithm"), "{error}");
    }
}

#[test]
fn t36_files_are_made_for_their_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys/key");
    keyfile::create(&path, &SecretKey::from_seed(&[1; 32])).expect("a new file");
    assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o7777, 0o600);
    let parent = path.parent().expect("a folder");
    assert_eq!(fs::metadata(parent).expect("a folder").mode() & 0o7777, 0o700);
    assert_eq!(fs::read_dir(parent).expect("a folder").count(), 1, "nothing else is left there");
}

#[test]
fn t36_files_that_others_can_reach_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    keyfile::create(&path, &SecretKey::from_seed(&[1; 32])).expect("a new file");
    for mode in [0o640, 0o604, 0o620, 0o610, 0o644, 0o666, 0o677] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");
        let error = keyfile::read(&path).expect_err("others can reach it");
        assert!(matches!(error, KeyError::Exposed { mode: got, .. } if got == mode), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("chmod 600")));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("our own file");
    assert!(keyfile::read(&path).is_ok());
}

#[test]
fn a_file_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    let first = SecretKey::from_seed(&[1; 32]);
    keyfile::create(&path, &first).expect("a new file");
    let error = keyfile::create(&path, &SecretKey::from_seed(&[2; 32])).expect_err("the name is taken");
    assert!(matches!(error, KeyError::Exists { .. }), "{error}");
    assert_eq!(keyfile::read(&path).expect("the first key").public_key(), first.public_key());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left there");

    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).expect("a link");
    assert!(matches!(keyfile::create(&link, &first), Err(KeyError::Exists { .. })));
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = keyfile::read(&folder.path().join("absent")).expect_err("no such file");
    assert!(matches!(error, KeyError::File { action: "read", .. }), "{error}");
    assert!(std::error::Error::source(&error).is_some());

    let large = folder.path().join("large");
    fs::write(&large, vec![b'-'; 1 << 20]).expect("a file");
    fs::set_permissions(&large, fs::Permissions::from_mode(0o600)).expect("our own file");
    assert!(matches!(keyfile::read(&large), Err(KeyError::Large { .. })));

    let file = folder.path().join("file");
    fs::write(&file, "not a folder").expect("a file");
    let error = keyfile::create(&file.join("key"), &SecretKey::from_seed(&[1; 32])).expect_err("no folder");
    assert!(matches!(error, KeyError::File { action: "create", .. }), "{error}");
}
