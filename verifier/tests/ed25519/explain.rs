//! SPEC §4.1 and §4.2 once more, clause by clause over the bare curve, so that each verdict has its reason.

use curve25519_dalek::{EdwardsPoint, Scalar, constants::ED25519_BASEPOINT_POINT, traits::IsIdentity};

use super::points::{challenge, point};

const KEY: &str = "key.malformed";
const SIGNATURE: &str = "envelope.signature";

/// `valid` or the code of the refusal, and the first reason for it.
pub(crate) fn explain(key: &[u8], message: &[u8], signature: &[u8]) -> (&'static str, String) {
    let refuse_key = |why: String| (KEY, format!("the key {why}"));
    let Ok(key) = <[u8; 32]>::try_from(key) else {
        return refuse_key(format!("has {} bytes, not 32", key.len()));
    };
    let a = match strict_point(key) {
        Ok(a) => a,
        Err(why) => return refuse_key(why.to_owned()),
    };
    let refuse = |why: String| (SIGNATURE, why);
    let Ok(signature) = <[u8; 64]>::try_from(signature) else {
        return refuse(format!("the signature has {} bytes, not 64", signature.len()));
    };
    let half = |at| <[u8; 32]>::try_from(&signature[at..at + 32]).expect("32 bytes");
    let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(half(32))) else {
        return refuse("S is not below the group's order".to_owned());
    };
    let r = match strict_point(half(0)) {
        Ok(r) => r,
        Err(why) => return refuse(format!("R {why}")),
    };
    let difference = ED25519_BASEPOINT_POINT * s - r - a * challenge(&half(0), &key, message);
    if difference.is_small_order() && !difference.is_identity() {
        return refuse("[S]B = R + [k]A holds only with the cofactor".to_owned());
    }
    if !difference.is_identity() {
        return refuse("[S]B = R + [k]A does not hold".to_owned());
    }
    ("valid", format!("[S]B = R + [k]A holds{}", mixed(&a, &r)))
}

/// A point by its canonical encoding, and not of small order.
fn strict_point(bytes: [u8; 32]) -> Result<EdwardsPoint, &'static str> {
    let point = point(bytes).ok_or("is not a point of the curve")?;
    match (point.is_small_order(), point.compress().to_bytes() == bytes) {
        (false, true) => Ok(point),
        (false, false) => Err("is not the canonical encoding of its point"),
        (true, true) => Err("is a point of small order"),
        (true, false) => Err("is a point of small order, and not its canonical encoding"),
    }
}

/// Points with a part of small order are no fault where the parts cancel out.
fn mixed(a: &EdwardsPoint, r: &EdwardsPoint) -> &'static str {
    match (a.is_torsion_free(), r.is_torsion_free()) {
        (true, true) => "",
        (false, true) => "; the key is of mixed order, which is not looked at",
        (true, false) => "; R is of mixed order, which is not looked at",
        (false, false) => "; key and R are of mixed order, which is not looked at",
    }
}
