//! Signatures and keys that only a wrong verifier accepts (SPEC §4.2).

use curve25519_dalek::Scalar;
use sha2::{Digest, Sha512};

use super::log::{key, public, sign};

/// The identity: the simplest point of small order.
pub const IDENTITY: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    bytes
};

/// The group's order, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A signature that satisfies the equation, with the identity as R: `[S]B = R + [k]A`, so that S is `k·a`.
pub fn with_small_order_r(seed: u8, message: &[u8]) -> [u8; 64] {
    let secret = key(seed).to_scalar();
    let hash = Sha512::new()
        .chain_update(IDENTITY)
        .chain_update(public(seed).as_bytes())
        .chain_update(message)
        .finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    join(IDENTITY, (k * secret).to_bytes())
}

/// A right signature with the order added to its S: another one of the same message, for whoever does not look.
pub fn with_large_s(seed: u8, message: &[u8]) -> [u8; 64] {
    let signature = sign(seed, message);
    let (r, s) = signature.split_at(32);
    let mut sum = [0; 32];
    let mut carry = 0;
    for (at, byte) in sum.iter_mut().enumerate() {
        let digit = u16::from(s[at]) + u16::from(ORDER[at]) + carry;
        *byte = digit as u8;
        carry = digit >> 8;
    }
    join(r.try_into().expect("32 bytes"), sum)
}

fn join(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    signature
}
