//! An ed25519 secret key in memory, and its text form: OpenSSH's private key format.

use std::fmt;

use cidery_protocol::{PublicKey, Signature};
use ed25519_dalek::{Signer as _, SigningKey};
use ssh_key::{
    Algorithm, LineEnding, PrivateKey,
    private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData},
    public::Ed25519PublicKey,
};
use zeroize::Zeroizing;

use crate::{KeyError, Signer};

/// Bytes of a key's text that are read: a file holds about 400, and its comment.
pub(crate) const TEXT_BYTES: usize = 16 << 10;
/// What [`KeyError::Malformed`] wanted of an OpenSSH file.
pub(crate) const OPENSSH: &str = "an OpenSSH";

/// An ed25519 secret key. It is erased when dropped, and shows nothing but its public half.
///
/// ```
/// use cidery_keys::{SecretKey, Signer};
/// let key = SecretKey::from_seed(&[7; 32]).with_comment("release key");
/// let signature = key.sign(b"message")?;
/// assert!(key.public_key().verifies(b"message", &signature));
///
/// let read = SecretKey::from_openssh(key.to_openssh()?.as_bytes())?;
/// assert_eq!((read.public_key(), read.comment()), (key.public_key(), "release key"));
/// # Ok::<(), cidery_keys::KeyError>(())
/// ```
pub struct SecretKey {
    key: SigningKey,
    public: PublicKey,
    comment: String,
}

impl SecretKey {
    /// A new key, from the operating system's randomness.
    ///
    /// # Errors
    /// [`KeyError::Randomness`] where the system gives none.
    #[cfg(feature = "files")]
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed)?;
        Ok(SecretKey::from_seed(&seed))
    }

    /// The key of RFC 8032 whose secret is `seed`. For tests, and for seeds that are secrets themselves.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::from_bytes(key.verifying_key().to_bytes())
            .expect("a clamped multiple of the base point is a canonical point of large order");
        SecretKey { key, public, comment: String::new() }
    }

    /// Reads an OpenSSH private key file's text, of a key without a passphrase; `StoredKey` reads the others.
    ///
    /// # Errors
    /// [`KeyError::Encrypted`], [`KeyError::Algorithm`], [`KeyError::Large`], and [`KeyError::Malformed`] also where the
    /// public key in the text is not that of the secret.
    pub fn from_openssh(text: &[u8]) -> Result<Self, KeyError> {
        if text.len() > TEXT_BYTES {
            return Err(KeyError::Large { limit: TEXT_BYTES });
        }
        SecretKey::of(&PrivateKey::from_openssh(text).map_err(KeyError::openssh)?)
    }

    /// The key in a file that was read.
    pub(crate) fn of(file: &PrivateKey) -> Result<Self, KeyError> {
        let public = ed25519_of(file)?;
        let pair = match file.key_data() {
            KeypairData::Ed25519(pair) => pair,
            KeypairData::Encrypted(_) => return Err(KeyError::Encrypted),
            _ => return Err(algorithm(&file.algorithm())),
        };
        let key = SecretKey::from_seed(pair.private.as_ref());
        if pair.public.0 != *key.public.as_bytes() || public != pair.public.0 {
            let reason = "its public key is not that of its secret".to_owned();
            return Err(KeyError::Malformed { wanted: OPENSSH, reason });
        }
        Ok(key.with_comment(file.comment()))
    }

    /// Writes an OpenSSH private key file's text, without a passphrase. The text is erased when dropped.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] where the comment is too long for the format.
    pub fn to_openssh(&self) -> Result<Zeroizing<String>, KeyError> {
        self.to_file().and_then(|file| file.to_openssh(LineEnding::LF)).map_err(KeyError::openssh)
    }

    pub(crate) fn to_file(&self) -> Result<PrivateKey, ssh_key::Error> {
        let pair = Ed25519Keypair {
            public: Ed25519PublicKey(*self.public.as_bytes()),
            private: Ed25519PrivateKey::from_bytes(self.key.as_bytes()),
        };
        PrivateKey::new(KeypairData::Ed25519(pair), self.comment.as_str())
    }

    /// The same key under another comment. Control characters are left out, since comments are shown to people.
    pub fn with_comment(mut self, comment: &str) -> Self {
        self.comment = printable(comment);
        self
    }

    /// What its owner calls it.
    pub fn comment(&self) -> &str {
        &self.comment
    }
}

impl Signer for SecretKey {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        Ok(Signature::from_bytes(self.key.sign(message).to_bytes()))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A comment without control characters and those that turn text around or are not seen, since comments are shown to people.
pub(crate) fn printable(comment: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    comment.chars().filter(|c| !hidden(*c)).collect()
}

/// The public key that a file claims, where it is one of ed25519.
pub(crate) fn ed25519_of(file: &PrivateKey) -> Result<[u8; 32], KeyError> {
    let public = file.public_key().key_data();
    public.ed25519().map(|key| key.0).ok_or_else(|| algorithm(&public.algorithm()))
}

fn algorithm(got: &Algorithm) -> KeyError {
    KeyError::Algorithm { got: got.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
        0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 8032 §7.1, test 1.
    #[test]
    fn a_seed_gives_the_key_of_rfc_8032() {
        let key = SecretKey::from_seed(&SEED);
        assert_eq!(
            hex(key.public_key().as_bytes()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        let signature = key.sign(b"").expect("a signature");
        assert!(
            hex(signature.as_bytes()).starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065")
        );
        assert!(key.public_key().verifies(b"", &signature));
    }

    #[test]
    fn t36_no_form_for_people_shows_the_secret() {
        let key = SecretKey::from_seed(&SEED).with_comment("a comment");
        let shown = [format!("{key:?}"), format!("{key:#?}")];
        let decimal = format!("{:?}", &SEED[..4]);
        for text in shown {
            assert!(text.contains(&key.public_key().to_string()), "{text}");
            assert!(
                !text.contains(&hex(&SEED)[..8]) && !text.contains(decimal.trim_matches(['[', ']'])),
                "{text}"
            );
        }
        let text = key.to_openssh().expect("text");
        for bytes in [&text.as_bytes()[..300], &text.as_bytes()[1..], &SEED[..], b""] {
            let error = SecretKey::from_openssh(bytes).expect_err("not a whole key");
            for shown in [error.to_string(), format!("{error:?}")] {
                let lines = text.lines().filter(|line| line.len() > 8 && !line.starts_with('-'));
                assert!(
                    lines.clone().count() > 3 && lines.clone().all(|line| !shown.contains(line)),
                    "{shown}"
                );
            }
        }
    }

    #[test]
    fn t36_a_comment_cannot_pass_for_another() {
        let hidden = "a\u{1b}[2J\u{202e}b\u{200b}\u{feff}c\n";
        assert_eq!(SecretKey::from_seed(&SEED).with_comment(hidden).comment(), "a[2Jbc");
    }

    #[test]
    fn altered_text_never_gives_another_key() {
        let key = SecretKey::from_seed(&SEED).with_comment("a comment");
        let text = key.to_openssh().expect("text");
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                if let Ok(read) = SecretKey::from_openssh(&bytes) {
                    assert_eq!(read.public_key(), key.public_key());
                }
            }
        }
    }

    #[test]
    fn a_key_with_the_public_half_of_another_is_refused() {
        let pair = |public: &[u8; 32]| Ed25519Keypair {
            public: Ed25519PublicKey(*public),
            private: Ed25519PrivateKey::from_bytes(&SEED),
        };
        let other = SecretKey::from_seed(&[1; 32]).public_key();
        let file = PrivateKey::new(KeypairData::Ed25519(pair(other.as_bytes())), "").expect("a file");
        let text = file.to_openssh(LineEnding::LF).expect("text");
        assert!(matches!(SecretKey::from_openssh(text.as_bytes()), Err(KeyError::Malformed { .. })));
    }

    #[test]
    fn long_text_is_refused_before_it_is_read() {
        let text = vec![b'-'; TEXT_BYTES + 1];
        assert!(matches!(SecretKey::from_openssh(&text), Err(KeyError::Large { .. })));
    }
}
