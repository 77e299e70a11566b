//! Checking a module while it arrives (SPEC §5.3, §10.5).

use cidery_protocol::{Cid, Codec, Error, TextCheck};

use crate::{Part, VerifyError};

/// The check of one module or source map. Chunks go in as they come; nothing is kept of them but the hash.
///
/// The length is checked before more is hashed, so that an endless body costs no more than an honest one. Whoever uses the
/// bytes must use those that were checked: a buffer that others can write to has to be copied before.
///
/// [`Verified::check`](crate::Verified::check) makes one for each module.
#[derive(Clone, Debug)]
pub struct BlobCheck {
    path: String,
    cid: Cid,
    size: u64,
    got: u64,
    hasher: blake3::Hasher,
    text: Option<TextCheck>,
}

impl BlobCheck {
    pub(crate) fn new(path: &str, cid: Cid, size: u64, is_text: bool) -> Self {
        let text = is_text.then(TextCheck::default);
        BlobCheck { path: path.to_owned(), cid, size, got: 0, hasher: blake3::Hasher::new(), text }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `module.size` as soon as there are more than the manifest says; these bytes are not hashed any more.
    pub fn update(&mut self, chunk: &[u8]) -> Result<(), VerifyError> {
        self.got = self.got.saturating_add(chunk.len() as u64);
        if self.got > self.size {
            return Err(self.other_size());
        }
        self.hasher.update(chunk);
        if let Some(text) = &mut self.text {
            text.update(chunk);
        }
        Ok(())
    }

    /// Says whether the bytes were the ones. The steps of SPEC §10.5, in its order: length, hash, encoding.
    ///
    /// # Errors
    /// `module.size`, `cid.mismatch`, `module.encoding`.
    pub fn finish(self) -> Result<(), VerifyError> {
        if self.got != self.size {
            return Err(self.other_size());
        }
        let got = Cid::from_digest(Codec::Raw, *self.hasher.finalize().as_bytes());
        if got != self.cid {
            return Err(Part::Blob.refuse()(Error::Digest { got, wanted: self.cid }));
        }
        match self.text.as_ref().and_then(TextCheck::fault) {
            Some(reason) => Err(Part::Blob.refuse()(Error::ModuleEncoding { path: self.path, reason })),
            None => Ok(()),
        }
    }

    fn other_size(&self) -> VerifyError {
        let (path, got, wanted) = (self.path.clone(), self.got, self.size);
        Part::Blob.refuse()(Error::ModuleSize { path, got, wanted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(of: &[u8], declared: u64, bytes: &[u8]) -> Option<&'static str> {
        let mut check = BlobCheck::new("a.js", Cid::of(Codec::Raw, of), declared, true);
        let checked = bytes.chunks(7).try_for_each(|chunk| check.update(chunk)).and_then(|()| check.finish());
        checked.err().map(|error| error.code().as_str())
    }

    #[test]
    fn t13_length_then_hash_then_encoding() {
        let code_of = |bytes: &[u8]| code(b"hello world", 11, bytes);
        assert_eq!(code_of(b"hello world"), None);
        assert_eq!(code_of(b"hello worl"), Some("module.size"));
        assert_eq!(code_of(b"hello world!"), Some("module.size"));
        assert_eq!(code_of(b""), Some("module.size"));
        assert_eq!(code_of(b"hello worlD"), Some("cid.mismatch"));
        assert_eq!(code(b"\xff", 1, b"\xff"), Some("module.encoding"));
        assert_eq!(code(b"\xff", 1, b"\xfe"), Some("cid.mismatch"));
    }
}
