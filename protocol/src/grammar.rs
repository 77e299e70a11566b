//! What the small words inside of objects are made of.

use std::ops::RangeInclusive;

/// Whether `text` is a-z, 0-9 and the bytes of `more`, within `length`.
pub(crate) fn is_word(text: &str, length: RangeInclusive<usize>, more: &[u8]) -> bool {
    length.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte))
}
