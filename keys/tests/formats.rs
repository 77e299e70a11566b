//! Keys as text from elsewhere: PKCS#8 of OpenSSL and of RFC 8410, and what a variable of a CI service does to text.
#![cfg(feature = "files")]

use cidery_keys::{KeyError, Passphrase, SecretKey, Signer, StoredKey};
use cidery_protocol::Code;

/// `openssl genpkey -algorithm ed25519`, version 3.0.
const OPENSSL: &str = include_str!("data/openssl_ed25519.pem");
/// RFC 8410 §10.3, without and with the public key.
const RFC_8410: [&str; 2] = [include_str!("data/rfc8410_v1.pem"), include_str!("data/rfc8410_v2.pem")];
/// What OpenSSL says of them: `openssl pkey -pubout -outform DER | tail -c 32`.
const OPENSSL_PUBLIC: &str = "1c17978539cde341f6cbeef96549255ddf2ec40f8dbed99727730a57644b7617";
const RFC_8410_PUBLIC: &str = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

fn parse(text: &str) -> Result<StoredKey, KeyError> {
    StoredKey::parse(text.as_bytes())
}

fn public_of(text: &str) -> String {
    let key = parse(text).expect("a key");
    assert!(matches!(key, StoredKey::Open(_)));
    key.public_key().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn pkcs8_is_read() {
    assert_eq!(public_of(OPENSSL), OPENSSL_PUBLIC);
    for text in RFC_8410 {
        assert_eq!(public_of(text), RFC_8410_PUBLIC);
    }
}

#[test]
fn pkcs8_with_the_public_half_of_another_key_is_refused() {
    // The last of the three lines of base64 holds the end of the public key.
    let other = RFC_8410[1].replace("rXAxZuE=", "rXAxZuI=");
    assert_ne!(other, RFC_8410[1]);
    assert!(matches!(parse(&other), Err(KeyError::Malformed { wanted: "a PKCS#8", .. })));
}

#[test]
fn what_is_no_ed25519_key_without_passphrase_is_refused_by_name() {
    for (text, object) in [
        (include_str!("data/openssl_p256.pem"), "1.2.840.10045.2.1"),
        (include_str!("data/openssl_x25519.pem"), "1.3.101.110"),
    ] {
        match parse(text) {
            Err(KeyError::Algorithm { got }) => assert!(got.contains(object), "{got}"),
            other => panic!("{other:?}"),
        }
    }
    let error = parse(include_str!("data/openssl_ed25519_encrypted.pem")).expect_err("a passphrase");
    assert!(matches!(error, KeyError::EncryptedPkcs8), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("openssl pkey")));
    for text in ["", "hunter2", "-----BEGIN", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
    {
        let error = parse(text).expect_err("no secret key");
        assert_eq!(error.code(), Code::KeyMalformed);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn what_stands_around_a_key_does_not_matter() {
    let key = SecretKey::from_seed(&[7; 32]).with_comment("ours");
    let openssh = key.to_openssh().expect("text");
    let windows = openssh.replace('\n', "\r\n");
    for text in [openssh.as_str(), OPENSSL, &windows] {
        let wanted = parse(text).expect("a key").public_key();
        let around =
            [text.trim().to_owned(), format!("\n  {text}\n\n"), format!("Bag Attributes\n{text}{OPENSSL}")];
        for text in around {
            assert_eq!(parse(&text).expect("a key").public_key(), wanted, "{}", text.len());
        }
    }
}

#[test]
fn t36_no_error_and_no_debug_holds_the_secret() {
    let passphrase = Passphrase::from_line(b"hunter2").expect("a passphrase");
    let key = SecretKey::from_seed(&[7; 32]);
    let locked = key.to_locked_openssh(&passphrase).expect("text");
    let open = key.to_openssh().expect("text");
    for text in [locked.as_str(), open.as_str(), OPENSSL, RFC_8410[1]] {
        let lines: Vec<&str> =
            text.lines().filter(|line| line.len() > 16 && !line.starts_with('-')).collect();
        assert!(!lines.is_empty());
        let cut = lines.iter().map(|line| text.replacen(&line[1..9], "", 1));
        let broken = cut.chain([text.replace("PRIVATE", "SECRET"), text[..text.len() / 2].to_owned()]);
        let mut shown = vec![format!("{:?}", parse(text).expect("a key"))];
        for text in broken {
            let error = parse(&text).expect_err("a broken key");
            shown.push(format!("{error} {error:?} {:?}", error.hint()));
        }
        if let Ok(StoredKey::Locked(locked)) = parse(text) {
            let wrong = Passphrase::from_line(b"hunter3").expect("a passphrase");
            let error = locked.unlock(&wrong).expect_err("another passphrase");
            shown.push(format!("{error} {error:?} {passphrase:?} {wrong:?}"));
        }
        for shown in shown {
            assert!(lines.iter().all(|line| !shown.contains(line)) && !shown.contains("hunter"), "{shown}");
            assert!(!shown.contains("7, 7, 7") && !shown.contains("070707"), "{shown}");
        }
    }
}

#[test]
fn altered_locked_text_never_gives_another_key() {
    let passphrase = Passphrase::from_line(b"hunter2").expect("a passphrase");
    let key = SecretKey::from_seed(&[7; 32]);
    let text = key.to_locked_openssh(&passphrase).expect("text");
    for at in 0..text.len() {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1;
        // What is in the clear; opening each would take half a minute.
        if let Ok(StoredKey::Locked(read)) = StoredKey::parse(&bytes)
            && at % 50 == 0
            && let Ok(read) = read.unlock(&passphrase)
        {
            assert_eq!(read.public_key(), key.public_key(), "{at}");
        }
    }
}

#[test]
fn an_endless_passphrase_is_refused_before_it_is_tried() {
    let passphrase = Passphrase::from_line(b"hunter2").expect("a passphrase");
    let text = SecretKey::from_seed(&[7; 32]).to_locked_openssh(&passphrase).expect("text");
    // The upper three of the four bytes of the rounds, which stand behind what is always the same and the salt.
    let (before, rest) = text.split_at("-----BEGIN OPENSSH PRIVATE KEY-----\n".len() + 71 + 14);
    let endless = format!("{before}{}", rest.replacen("AAAA", "////", 1));
    assert!(rest.starts_with("AAAA"), "{text:?}");
    let error = parse(&endless).expect_err("rounds for years");
    assert!(error.to_string().contains("takes 4294967064 rounds"), "{error}");
    assert_eq!(error.code(), Code::KeyMalformed);
}
