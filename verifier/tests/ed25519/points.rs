//! The arithmetic of RFC 8032 in the open, for signatures that no signer makes.

use curve25519_dalek::{EdwardsPoint, Scalar, edwards::CompressedEdwardsY};
use sha2::{Digest, Sha512};

/// The group's order L, little-endian.
pub(crate) const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Any point that the bytes may stand for, whether or not they are its canonical encoding.
pub(crate) fn point(bytes: [u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(bytes).decompress()
}

/// `k`: the hash of R, A and the message, as they are encoded, modulo L.
pub(crate) fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// R ‖ S.
pub(crate) fn join(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    signature
}

/// `s + L` as a number of 32 bytes; `times` of L where it is more than one.
pub(crate) fn plus_order(s: [u8; 32], times: u8) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0;
    for (at, byte) in sum.iter_mut().enumerate() {
        let digit = u16::from(s[at]) + u16::from(ORDER[at]) * u16::from(times) + carry;
        *byte = digit as u8;
        carry = digit >> 8;
    }
    assert_eq!(carry, 0, "it fits 32 bytes");
    sum
}
