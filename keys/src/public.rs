//! A public key as OpenSSH writes it.

use cidery_protocol::PublicKey;
use ssh_key::public::{Ed25519PublicKey, KeyData};

use crate::{KeyError, secret::printable};

/// The line `ssh-ed25519 AAAA… comment` of a `.pub` or `authorized_keys` file, for tools that know nothing of `z6Mk…`.
///
/// ```
/// # use cidery_keys::{SecretKey, Signer, openssh_line};
/// let key = SecretKey::from_seed(&[7; 32]);
/// let line = openssh_line(&key.public_key(), "release key")?;
/// assert!(line.starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI") && line.ends_with(" release key"));
/// # Ok::<(), cidery_keys::KeyError>(())
/// ```
///
/// # Errors
/// [`KeyError::Malformed`] where the comment is too long for the format.
pub fn openssh_line(key: &PublicKey, comment: &str) -> Result<String, KeyError> {
    let data = KeyData::Ed25519(Ed25519PublicKey(*key.as_bytes()));
    ssh_key::PublicKey::new(data, printable(comment)).to_openssh().map_err(KeyError::openssh)
}
