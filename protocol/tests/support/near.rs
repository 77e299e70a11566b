//! Inputs that get further than random ones: right ones with something changed.

use proptest::prelude::*;

/// Bytes that are nearly right: `valid` with a few of its bytes changed, some cut away and some added.
pub fn near(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (changes, any::<prop::sample::Index>(), 0..20_u8, proptest::collection::vec(any::<u8>(), 0..3)).prop_map(
        move |(changes, cut, shorten, tail)| {
            let mut bytes = valid.clone();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if shorten == 0 {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes.extend(tail);
            bytes
        },
    )
}

/// Text that is nearly right.
pub fn near_text(valid: impl Into<String>) -> impl Strategy<Value = String> {
    near(valid.into().into_bytes()).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// `bytes` with one bit changed, for every bit.
pub fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..8 * bytes.len()).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}
