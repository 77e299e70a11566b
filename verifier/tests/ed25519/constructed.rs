//! Cases made here: every encoding of the points of small order in both places, points of mixed order, and the forms that
//! keys and signatures must not have. Wherever it can, the signature satisfies the equation, so that only one fault is left.

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
};

use super::{
    case::{Case, Source, from_hex},
    points::{challenge, join, plus_order, point},
};

const MESSAGE: &[u8] = b"cidery";

/// All points of small order in all their encodings.
const SMALL: [(&str, &str); 14] = [
    ("0100000000000000000000000000000000000000000000000000000000000000", "the identity"),
    ("0100000000000000000000000000000000000000000000000000000000000080", "the identity, x being minus zero"),
    ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "the identity, y being p + 1"),
    (
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "the identity, x being minus zero and y p + 1",
    ),
    ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "the point of order 2"),
    (
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "the point of order 2, x being minus zero",
    ),
    ("0000000000000000000000000000000000000000000000000000000000000000", "a point of order 4"),
    ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "a point of order 4, y being p"),
    ("0000000000000000000000000000000000000000000000000000000000000080", "the other point of order 4"),
    (
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "the other point of order 4, y being p",
    ),
    ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "the first point of order 8"),
    ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "the second point of order 8"),
    ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "the third point of order 8"),
    ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "the fourth point of order 8"),
];

/// What signs: the secret scalar and that of the nonce, any two.
fn secrets() -> (Scalar, Scalar) {
    (Scalar::from_bytes_mod_order([0x5a; 32]), Scalar::from_bytes_mod_order([0xc3; 32]))
}

pub(crate) fn sources() -> Vec<Source> {
    [("small_order", small_order()), ("mixed_order", mixed_order()), ("forms", forms())]
        .map(|(file, cases)| Source {
            file: format!("T17_{file}"),
            source: "Made by Cidery's own tests.".to_owned(),
            cases,
        })
        .into()
}

/// With the cofactor every one of these holds.
fn small_order() -> Vec<Case> {
    let (secret, nonce) = secrets();
    let key = (ED25519_BASEPOINT_POINT * secret).compress().to_bytes();
    let r = (ED25519_BASEPOINT_POINT * nonce).compress().to_bytes();
    let encodings: Vec<([u8; 32], &str)> =
        SMALL.map(|(hex, about)| (from_hex(hex).try_into().expect("32 bytes"), about)).into();
    for (bytes, about) in &encodings {
        assert!(point(*bytes).is_some_and(|point| point.is_small_order()), "{about}");
    }
    let keys = encodings.iter().enumerate().map(|(at, (bytes, about))| {
        let signature = join(r, nonce.to_bytes());
        Case::new(&format!("small_key_{at:02}"), &format!("A is {about}"), bytes, MESSAGE, &signature)
    });
    let nonces = encodings.iter().enumerate().map(|(at, (bytes, about))| {
        let s = challenge(bytes, &key, MESSAGE) * secret;
        let signature = join(*bytes, s.to_bytes());
        Case::new(&format!("small_r_{at:02}"), &format!("R is {about}"), &key, MESSAGE, &signature)
    });
    keys.chain(nonces).collect()
}

/// A key, an R, or both, with a part of small order: the equation without cofactor is all that decides.
fn mixed_order() -> Vec<Case> {
    let (secret, nonce) = secrets();
    let part = EIGHT_TORSION[1];
    let sign = |key_part: EdwardsPoint, r_part: EdwardsPoint, message: &[u8]| {
        let key = (ED25519_BASEPOINT_POINT * secret + key_part).compress().to_bytes();
        let r = (ED25519_BASEPOINT_POINT * nonce + r_part).compress().to_bytes();
        let k = challenge(&r, &key, message);
        (key, join(r, (nonce + k * secret).to_bytes()), r_part + key_part * k)
    };
    // Messages that are tried until the parts of small order cancel out, or until they do not.
    let find = |key_part, r_part, cancel: bool| {
        (0..=u8::MAX)
            .map(|number| vec![number])
            .find(|message| {
                let (.., rest) = sign(key_part, r_part, message);
                (rest == EIGHT_TORSION[0]) == cancel
            })
            .expect("one message in eight does")
    };
    let make = |name: &str, about: &str, key_part, r_part, cancel| {
        let message = find(key_part, r_part, cancel);
        let (key, signature, _) = sign(key_part, r_part, &message);
        Case::new(name, about, &key, &message, &signature)
    };
    let none = EIGHT_TORSION[0];
    vec![
        make("mixed_key_exact", "A has a part of order 8, which cancels out", part, none, true),
        make(
            "mixed_key_cofactor",
            "A has a part of order 8, which only the cofactor removes",
            part,
            none,
            false,
        ),
        make(
            "mixed_r_cofactor",
            "R has a part of order 8, which only the cofactor removes",
            none,
            part,
            false,
        ),
        make("mixed_both_exact", "A and R have parts of order 8, which cancel out", part, part, true),
        make(
            "mixed_both_cofactor",
            "A and R have parts of order 8, which do not cancel out",
            part,
            part,
            false,
        ),
    ]
}

/// A right signature, and what is refused before any arithmetic.
fn forms() -> Vec<Case> {
    let (secret, nonce) = secrets();
    let key = (ED25519_BASEPOINT_POINT * secret).compress().to_bytes();
    let r = (ED25519_BASEPOINT_POINT * nonce).compress().to_bytes();
    let s = (nonce + challenge(&r, &key, MESSAGE) * secret).to_bytes();
    let right = join(r, s);
    // y = 3 is a point of large order, p + 3 its second encoding; y = 2 is none.
    let large = [&[0xf0][..], &[0xff; 30], &[0x7f]].concat();
    assert!(point(large.clone().try_into().expect("32 bytes")).is_some_and(|point| !point.is_small_order()));
    let second: [u8; 32] = large.try_into().expect("32 bytes");
    let none: [u8; 32] = std::array::from_fn(|at| if at == 0 { 2 } else { 0 });
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();
    let with_s = |s| join(r, s);
    let altered = |half: usize| {
        let mut signature = right;
        signature[half * 32] ^= 1;
        signature
    };
    let zero = [0; 32];
    let case = |name, about, key: &[u8], signature: &[u8]| Case::new(name, about, key, MESSAGE, signature);
    vec![
        case("right", "A right signature", &key, &right),
        Case::new("another_message", "A right signature of another message", &key, b"cydery", &right),
        case("another_key", "A right signature by another key", &r, &right),
        case("r_altered", "One bit of R is another", &key, &altered(0)),
        case("s_altered", "One bit of S is another", &key, &altered(1)),
        case("s_plus_order", "The group's order is added to S", &key, &with_s(plus_order(s, 1))),
        case("s_plus_more", "S is so large that its highest bits show it", &key, &with_s(plus_order(s, 14))),
        case("s_is_the_order", "S is the group's order", &key, &with_s(plus_order(zero, 1))),
        case("zeros", "R and S are zeros", &key, &[0; 64]),
        case("key_second_encoding", "A point of large order, y being p + 3", &second, &right),
        case("r_second_encoding", "R is a point of large order, y being p + 3", &key, &join(second, s)),
        case("key_no_point", "No point has this y", &none, &right),
        case("r_no_point", "No point has this y", &key, &join(none, s)),
        case("key_empty", "No key", &[], &right),
        case("key_short", "A key without its last byte", &key[..31], &right),
        case("key_long", "A key and a zero", &longer(&key), &right),
        case("signature_empty", "No signature", &key, &[]),
        case("signature_short", "A signature without its last byte", &key, &right[..63]),
        case("signature_long", "A signature and a zero", &key, &longer(&right)),
        case("signature_half", "R alone", &key, &r),
    ]
}
