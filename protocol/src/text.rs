//! Text as SPEC §5.3 wants it: UTF-8 without a byte order mark, judged while it arrives.

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// The judgement over bytes that come in chunks, which may end inside of a character. Nothing is kept but six bytes.
///
/// ```
/// use cidery_protocol::TextCheck;
/// let mut text = TextCheck::default();
/// text.update(b"caf\xc3");
/// text.update(b"\xa9");
/// assert_eq!(text.fault(), None);
/// text.update(b"\xff");
/// assert_eq!(text.fault(), Some("is not UTF-8"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TextCheck {
    /// The first bytes, at most three: where a byte order mark would be.
    start: Vec<u8>,
    /// A character whose end has not come yet, at most three bytes.
    open: Vec<u8>,
    malformed: bool,
}

impl TextCheck {
    /// Takes the next bytes.
    pub fn update(&mut self, mut chunk: &[u8]) {
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
        // Most code is ASCII, which is told apart faster than UTF-8 is checked.
        if self.malformed || chunk.is_ascii() {
            return;
        }
        if let Err(error) = std::str::from_utf8(chunk) {
            match error.error_len() {
                Some(_) => self.malformed = true,
                None => self.open.extend_from_slice(&chunk[error.valid_up_to()..]),
            }
        }
    }

    /// What is wrong with the bytes so far, if they were all.
    pub fn fault(&self) -> Option<&'static str> {
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
        let mut text = TextCheck::default();
        chunks.iter().for_each(|chunk| text.update(chunk));
        text.fault()
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
        fn t29_chunks_say_what_the_whole_says(
            bytes in proptest::collection::vec(
                prop_oneof![Just(0xef), Just(0xbb), Just(0xbf), Just(0xf0), Just(0x9f), Just(0x80), Just(0xc3), Just(b'a'), any::<u8>()],
                0..24,
            ),
            cut in 1usize..6,
        ) {
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
