//! What a key file may be locked with.

use std::fmt;

use zeroize::Zeroizing;

use crate::KeyError;

/// Bytes of a passphrase: as many as OpenSSH's tools read.
const PASSPHRASE_BYTES: usize = 1024;

/// A passphrase. It is erased when dropped, and is never shown.
///
/// ```
/// use cidery_keys::{Passphrase, SecretKey, StoredKey};
/// let passphrase = Passphrase::new("correct horse".to_owned().into())?;
/// let text = SecretKey::from_seed(&[7; 32]).to_locked_openssh(&passphrase)?;
/// let StoredKey::Locked(locked) = StoredKey::parse(text.as_bytes())? else { panic!("it is locked") };
/// assert_eq!(locked.unlock(&passphrase)?.to_openssh()?.lines().count(), 7);
/// # Ok::<(), cidery_keys::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase of 1 to 1024 bytes.
    ///
    /// # Errors
    /// [`KeyError::PassphraseLength`].
    pub fn new(text: Zeroizing<String>) -> Result<Self, KeyError> {
        if text.is_empty() || text.len() > PASSPHRASE_BYTES {
            return Err(KeyError::PassphraseLength { got: text.len(), limit: PASSPHRASE_BYTES });
        }
        Ok(Passphrase(text))
    }

    /// Reads a text whose only line is the passphrase; the line's end does not belong to it.
    ///
    /// # Errors
    /// [`KeyError::PassphraseLength`], and [`KeyError::PassphraseText`] for more lines or other bytes than UTF-8.
    pub fn from_line(line: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(line).map_err(|_| KeyError::PassphraseText)?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.contains(['\n', '\r']) {
            return Err(KeyError::PassphraseText);
        }
        Passphrase::new(Zeroizing::new(text.to_owned()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Whether both are the same, for those who are asked twice.
impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Passphrase {}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passphrase").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t36_a_passphrase_is_not_shown() {
        let passphrase = Passphrase::from_line(b"hunter2\r\n").expect("a passphrase");
        assert_eq!(passphrase.as_bytes(), b"hunter2");
        assert_eq!(format!("{passphrase:?}"), "Passphrase { .. }");
        for line in [&b"hunter2\nhunter3\n"[..], b"hunter2\xff", &[b'h'; 1025]] {
            let error = Passphrase::from_line(line).expect_err("not one line of text");
            assert!(!format!("{error} {error:?}").contains("hunter"), "{error}");
        }
    }

    #[test]
    fn no_passphrase_is_empty() {
        for line in ["", "\n", "\r\n"] {
            assert!(matches!(
                Passphrase::from_line(line.as_bytes()),
                Err(KeyError::PassphraseLength { got: 0, limit: 1024 })
            ));
        }
    }
}
