//! SHA-512 in npm's notation: the only integrity that is accepted.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};

use crate::BundleError;

/// The SHA-512 of a package archive, written `sha512-<base64>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Integrity([u8; 64]);

impl Integrity {
    /// Takes the SHA-512 out of a subresource integrity text, which may list several digests.
    pub(crate) fn parse(text: &str, package: &str) -> Result<Self, BundleError> {
        text.split_ascii_whitespace()
            .filter_map(|part| part.strip_prefix("sha512-"))
            // Options may follow after a question mark.
            .filter_map(|part| STANDARD.decode(part.split('?').next().unwrap_or(part)).ok())
            .find_map(|digest| digest.try_into().ok())
            .map(Self)
            .ok_or_else(|| BundleError::WeakIntegrity { package: package.to_owned(), got: text.to_owned() })
    }

    /// The digest of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha512::digest(bytes).into())
    }

    /// The digest of all that a reader gives, without holding it.
    pub(crate) fn of_reader(mut reader: impl Read) -> std::io::Result<Self> {
        let (mut hasher, mut buffer) = (Sha512::new(), vec![0; 64 << 10]);
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(Self(hasher.finalize().into())),
                read => hasher.update(&buffer[..read]),
            }
        }
    }

    /// Refuses another digest than this.
    pub(crate) fn expect(&self, got: &Self, package: &str) -> Result<(), BundleError> {
        if got == self {
            return Ok(());
        }
        Err(BundleError::IntegrityMismatch {
            package: package.to_owned(),
            got: got.to_string(),
            wanted: self.to_string(),
        })
    }

    /// The digest.
    pub(crate) fn bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// The digest in lower-case hexadecimal: a file name.
    pub(crate) fn hex(&self) -> String {
        hex(&self.0)
    }
}

impl std::fmt::Display for Integrity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sha512-{}", STANDARD.encode(self.0))
    }
}

impl std::fmt::Debug for Integrity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let integrity = Integrity::of(b"abc");
        assert_eq!(Integrity::parse(&integrity.to_string(), "p").unwrap(), integrity);
        let listed = format!("sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0= {integrity}?opt");
        assert_eq!(Integrity::parse(&listed, "p").unwrap(), integrity);
    }

    #[test]
    fn refuses_weak_and_broken_digests() {
        for text in ["", "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha512-", "sha512-!!", "sha512-YWJj", "md5-x"]
        {
            assert!(matches!(Integrity::parse(text, "p"), Err(BundleError::WeakIntegrity { .. })), "{text}");
        }
    }

    #[test]
    fn a_reader_gives_the_same_digest() {
        let bytes = vec![7; 200_000];
        assert_eq!(Integrity::of_reader(&bytes[..]).unwrap(), Integrity::of(&bytes));
    }

    #[test]
    fn names_both_digests() {
        let error = Integrity::of(b"abc").expect(&Integrity::of(b"abd"), "p@1.0.0").unwrap_err().to_string();
        assert!(error.contains(&Integrity::of(b"abc").to_string()), "{error}");
        assert!(error.contains(&Integrity::of(b"abd").to_string()), "{error}");
    }
}
