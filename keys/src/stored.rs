//! A key's text as it is stored: in OpenSSH's format or in PKCS#8, open or behind a passphrase.

use std::fmt;

use cidery_protocol::PublicKey;
use ed25519_dalek::{
    SigningKey,
    pkcs8::{self, DecodePrivateKey, spki},
};
use ssh_key::{Kdf, PrivateKey};
use zeroize::Zeroizing;

use crate::{
    KeyError, Passphrase, SecretKey,
    secret::{OPENSSH, TEXT_BYTES, ed25519_of},
};

/// Rounds of bcrypt that are waited for, some ten seconds; OpenSSH's tools ask for 24 unless told otherwise.
const BCRYPT_ROUNDS: u32 = 1024;

/// A key that was read and may still be behind a passphrase.
#[derive(Debug)]
pub enum StoredKey {
    /// One that can sign.
    Open(SecretKey),
    /// One that asks for a passphrase first.
    Locked(LockedKey),
}

impl StoredKey {
    /// Reads PEM text of an OpenSSH private key, or of a PKCS#8 private key without a passphrase (RFC 5958, RFC 8410).
    ///
    /// What stands before and after it does not matter.
    ///
    /// # Errors
    /// [`KeyError::Large`], [`KeyError::Algorithm`], [`KeyError::EncryptedPkcs8`], and [`KeyError::Malformed`] also where
    /// a public key in the text is not that of the secret.
    pub fn parse(text: &[u8]) -> Result<Self, KeyError> {
        if text.len() > TEXT_BYTES {
            return Err(KeyError::Large { limit: TEXT_BYTES });
        }
        match pem(text) {
            Some((b"OPENSSH PRIVATE KEY", text)) => StoredKey::from_openssh(text),
            Some((b"PRIVATE KEY", text)) => from_pkcs8(text).map(StoredKey::Open),
            Some((b"ENCRYPTED PRIVATE KEY", _)) => Err(KeyError::EncryptedPkcs8),
            _ => {
                let reason = "no such key is in it".to_owned();
                Err(KeyError::Malformed { wanted: "an OpenSSH or PKCS#8", reason })
            }
        }
    }

    fn from_openssh(text: &[u8]) -> Result<Self, KeyError> {
        let file = PrivateKey::from_openssh(text).map_err(KeyError::openssh)?;
        if file.is_encrypted() {
            LockedKey::of(file).map(StoredKey::Locked)
        } else {
            SecretKey::of(&file).map(StoredKey::Open)
        }
    }

    /// The public half. Of a locked key it is what the file claims: unlocking checks it.
    pub fn public_key(&self) -> PublicKey {
        match self {
            StoredKey::Open(key) => crate::Signer::public_key(key),
            StoredKey::Locked(key) => key.public_key(),
        }
    }

    /// What its owner calls it; nothing for a locked key, whose comment is locked, too.
    pub fn comment(&self) -> &str {
        match self {
            StoredKey::Open(key) => key.comment(),
            StoredKey::Locked(_) => "",
        }
    }
}

/// An OpenSSH private key behind a passphrase.
pub struct LockedKey {
    file: PrivateKey,
    public: PublicKey,
}

impl LockedKey {
    fn of(file: PrivateKey) -> Result<Self, KeyError> {
        let malformed = |reason| KeyError::Malformed { wanted: OPENSSH, reason };
        let claimed = ed25519_of(&file)?;
        if let Kdf::Bcrypt { rounds, .. } = file.kdf()
            && *rounds > BCRYPT_ROUNDS
        {
            return Err(malformed(format!("its passphrase takes {rounds} rounds, at most {BCRYPT_ROUNDS}")));
        }
        let public = PublicKey::from_bytes(claimed).map_err(|error| malformed(error.to_string()))?;
        Ok(LockedKey { file, public })
    }

    /// The public half, as the file claims it.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Opens it; with the rounds that OpenSSH's tools ask for, it takes some tenths of a second.
    ///
    /// # Errors
    /// [`KeyError::Passphrase`] for another one, and [`KeyError::Malformed`] where what it locks is not the key that the
    /// file claims.
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<SecretKey, KeyError> {
        let file = self.file.decrypt(passphrase.as_bytes()).map_err(|error| match error {
            ssh_key::Error::Crypto => KeyError::Passphrase,
            error => KeyError::openssh(error),
        })?;
        SecretKey::of(&file)
    }
}

impl fmt::Debug for LockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockedKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl SecretKey {
    /// Writes an OpenSSH private key file's text behind a passphrase, as `ssh-keygen` does: AES-256 in counter mode,
    /// bcrypt with 24 rounds.
    ///
    /// # Errors
    /// [`KeyError::Randomness`], and [`KeyError::Malformed`] where the comment is too long for the format.
    pub fn to_locked_openssh(&self, passphrase: &Passphrase) -> Result<Zeroizing<String>, KeyError> {
        const ROUNDS: u32 = 24;
        let (mut salt, mut check) = (vec![0; 16], [0; 4]);
        getrandom::fill(&mut salt)?;
        getrandom::fill(&mut check)?;
        let kdf = Kdf::Bcrypt { salt, rounds: ROUNDS };
        let (cipher, check) = (ssh_key::Cipher::Aes256Ctr, u32::from_be_bytes(check));
        self.to_file()
            .and_then(|file| file.encrypt_with(cipher, kdf, check, passphrase.as_bytes()))
            .and_then(|file| file.to_openssh(ssh_key::LineEnding::LF))
            .map_err(KeyError::openssh)
    }
}

/// The label of the first PEM text, and that text from its first to its last line.
fn pem(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let find = |text: &[u8], part: &[u8]| text.windows(part.len()).position(|window| window == part);
    let (_, text) = text.split_at_checked(find(text, b"-----BEGIN ")?)?;
    let (_, label) = text.split_at_checked(b"-----BEGIN ".len())?;
    let (label, _) = label.split_at_checked(find(label, b"-----")?)?;
    let end = [b"-----END ", label, b"-----"].concat();
    let (text, _) = text.split_at_checked(find(text, &end)? + end.len())?;
    Some((label, text))
}

fn from_pkcs8(text: &[u8]) -> Result<SecretKey, KeyError> {
    let malformed = |reason: String| KeyError::Malformed { wanted: "a PKCS#8", reason };
    let text = std::str::from_utf8(text).map_err(|_| malformed("it is not text".to_owned()))?;
    let key = SigningKey::from_pkcs8_pem(text).map_err(|error| match error {
        pkcs8::Error::PublicKey(spki::Error::OidUnknown { oid }) => {
            KeyError::Algorithm { got: format!("with the object identifier {oid}") }
        }
        error => malformed(error.to_string()),
    })?;
    Ok(SecretKey::from_seed(key.as_bytes()))
}
