//! Public keys and signatures: ed25519, always checked strictly (SPEC §4).

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Multicodec `ed25519-pub` as a varint, before the key's bytes in its text form.
const MULTICODEC_ED25519: [u8; 2] = [0xed, 0x01];
/// `z` and 47 characters of base58btc: 34 bytes that begin with `ed 01` never take another length.
const TEXT_CHARS: usize = 48;

/// An ed25519 public key: 32 canonical bytes of a point that is not of small order.
///
/// Its text form is the multibase multikey `z6Mk…`.
///
/// ```
/// use cidery_protocol::PublicKey;
/// let key: PublicKey = "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw".parse()?;
/// assert_eq!(key.to_string(), "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "serde_bytes::ByteArray<32>", try_from = "serde_bytes::ByteArray<32>")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// # Errors
    /// [`Error::Key`] where the bytes are not the canonical encoding of a point, or the point is of small order.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, Error> {
        let key = VerifyingKey::from_bytes(&bytes)
            .map_err(|_| Error::Key { reason: "not a point of the curve" })?;
        if key.is_weak() {
            return Err(Error::Key { reason: "a point of small order" });
        }
        if key.to_edwards().compress().to_bytes() != bytes {
            return Err(Error::Key { reason: "not the canonical encoding of its point" });
        }
        Ok(PublicKey(key))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether `signature` over `message` is this key's, by RFC 8032 with the strict checks of SPEC §4:
    /// S below the group's order, canonical R, neither A nor R of small order, no cofactor.
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    /// By the 32 bytes: the order in which records and entries hold keys.
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 34];
        bytes[..2].copy_from_slice(&MULTICODEC_ED25519);
        bytes[2..].copy_from_slice(self.as_bytes());
        f.write_str(&multibase::encode(multibase::Base::Base58Btc, bytes))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() != TEXT_CHARS || !text.starts_with('z') {
            return Err(Error::Key { reason: "the text form is `z6Mk…`, 48 characters" });
        }
        let (_, bytes) = multibase::decode(text).map_err(|_| Error::Key { reason: "not base58btc" })?;
        match bytes.strip_prefix(&MULTICODEC_ED25519).map(<[u8; 32]>::try_from) {
            Some(Ok(key)) => PublicKey::from_bytes(key),
            _ => Err(Error::Key { reason: "not the multicodec ed25519-pub with 32 bytes" }),
        }
    }
}

impl From<PublicKey> for serde_bytes::ByteArray<32> {
    fn from(key: PublicKey) -> Self {
        serde_bytes::ByteArray::new(*key.as_bytes())
    }
}

impl TryFrom<serde_bytes::ByteArray<32>> for PublicKey {
    type Error = Error;
    fn try_from(bytes: serde_bytes::ByteArray<32>) -> Result<Self, Error> {
        PublicKey::from_bytes(bytes.into_array())
    }
}

/// An ed25519 signature: 64 bytes, R then S, that mean nothing until a key [verifies](PublicKey::verifies) them.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "serde_bytes::ByteArray<64>", from = "serde_bytes::ByteArray<64>")]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes any 64 bytes.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Signature(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

impl From<Signature> for serde_bytes::ByteArray<64> {
    fn from(signature: Signature) -> Self {
        serde_bytes::ByteArray::new(signature.0)
    }
}

impl From<serde_bytes::ByteArray<64>> for Signature {
    fn from(bytes: serde_bytes::ByteArray<64>) -> Self {
        Signature(bytes.into_array())
    }
}
