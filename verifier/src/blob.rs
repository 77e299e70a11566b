//! Checking a module while it arrives (SPEC §5.3, §10.5).

use cidery_protocol::{Cid, Codec, Error};

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
    text: Option<Text>,
}

impl BlobCheck {
    pub(crate) fn new(path: &str, cid: Cid, size: u64, is_text: bool) -> Self {
        let text = is_text.then(Text::default);
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
        match self.text.and_then(Text::fault) {
            Some(reason) => Err(Part::Blob.refuse()(Error::ModuleEncoding { path: self.path, reason })),
            None => Ok(()),
        }
    }

    fn other_size(&self) -> VerifyError {
        let (path, got, wanted) = (self.path.clone(), self.got, self.size);
        Part::Blob.refuse()(Error::ModuleSize { path, got, wanted })
    }
}

/// UTF-8 without a byte order mark, checked in chunks that may end inside of a character.
#[derive(Clone, Debug, Default)]
struct Text {
    /// The first bytes, at most three: where a byte order mark would be.
    start: Vec<u8>,
    /// A character whose end has not come yet, at most three bytes.
    open: Vec<u8>,
    malformed: bool,
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

impl Text {
    fn update(&mut self, mut chunk: &[u8]) {
        let missing = BYTE_ORDER_MARK.len() - self.start.len();
        self.start.extend_from_slice(&chunk[..missing.min(chunk.len())]);
        // A character that an earlier chunk began is completed byte by byte.
        while !self.open.is_empty()
            && !self.malformed
            && let Some((byte, rest)) = chunk.split_first()
        {
            self.open.push(*byte);
            chunk = rest;
            match std::str::from_utf8(&self.open) {
                Ok(_) => self.open.clear(),
                Err(error) => self.malformed = error.error_len().is_some(),
            }
        }
        if self.malformed {
            return;
        }
        if let Err(error) = std::str::from_utf8(chunk) {
            match error.error_len() {
                Some(_) => self.malformed = true,
                None => self.open.extend_from_slice(&chunk[error.valid_up_to()..]),
            }
        }
    }

    fn fault(self) -> Option<&'static str> {
        if self.start == BYTE_ORDER_MARK {
            Some("begins with a byte order mark")
        } else if self.malformed || !self.open.is_empty() {
            Some("is not UTF-8")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(chunks: &[&[u8]]) -> Option<&'static str> {
        let mut text = Text::default();
        chunks.iter().for_each(|chunk| text.update(chunk));
        text.fault()
    }

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

    #[test]
    fn t29_byte_order_marks_are_found_across_chunks() {
        let mark = Some("begins with a byte order mark");
        assert_eq!(fault(&[b"\xef\xbb\xbfa"]), mark);
        assert_eq!(fault(&[b"\xef", b"", b"\xbb", b"\xbfa"]), mark);
        assert_eq!(fault(&[b"a\xef\xbb\xbf"]), None);
        assert_eq!(fault(&[b"\xef\xbb"]), Some("is not UTF-8"));
        assert_eq!(fault(&[]), None);
    }

    proptest! {
        #[test]
        fn chunks_say_what_the_whole_says(bytes in proptest::collection::vec(prop_oneof![Just(0xef), Just(0xbb), Just(0xbf), Just(0xf0), Just(0x9f), Just(0x80), Just(0xc3), Just(b'a'), any::<u8>()], 0..24), cut in 1usize..6) {
            let whole = match std::str::from_utf8(&bytes) {
                _ if bytes.starts_with(&BYTE_ORDER_MARK) => Some("begins with a byte order mark"),
                Err(_) => Some("is not UTF-8"),
                Ok(_) => None,
            };
            let chunks: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(fault(&chunks), whole);
        }
    }
}
