//! Signatures over the release.

use cidery_protocol::{Code, pae};
use ipld_core::ipld::Ipld;

use crate::support::{
    ipld::{at, list, signature},
    log::{public, sign},
    plan::{INIT_TYPE, PUBLISHER, RELEASE_TYPE, SECOND},
    signatures::{with_large_s, with_small_order_r},
    vector::{Vector, refused, unchanged},
};

/// Signatures over the release.
pub fn signatures() -> Vec<Vector> {
    vec![
        refused(
            "T18_signed_under_another_type",
            Code::EnvelopeSignature,
            "The signature is over the same payload as a record of another kind.",
            |plan| plan.release.signed_type = Some(INIT_TYPE),
            unchanged,
        ),
        refused(
            "T13_signature_altered",
            Code::EnvelopeSignature,
            "A bit of the signature is another one.",
            |plan| plan.release.edit_entry(|entry| resign(entry, |_, sig| sig[40] ^= 1)),
            unchanged,
        ),
        refused(
            "T33_one_signature_of_two_invalid",
            Code::EnvelopeSignature,
            "The threshold is met, and another signature by a key of the authority is invalid.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND], 1);
                plan.release.edit_entry(|entry| {
                    let second = Ipld::Bytes(public(SECOND).as_bytes().to_vec());
                    for signed in list(entry, "signatures") {
                        if *at(signed, "key") == second {
                            *at(signed, "sig") = Ipld::Bytes(vec![1; 64]);
                        }
                    }
                });
            },
            unchanged,
        ),
        refused(
            "T17_s_above_the_order",
            Code::EnvelopeSignature,
            "The signature's S is the right one plus the group's order.",
            |plan| {
                plan.release
                    .edit_entry(|entry| resign(entry, |message, sig| *sig = with_large_s(PUBLISHER, message)))
            },
            unchanged,
        ),
        refused(
            "T17_small_order_r",
            Code::EnvelopeSignature,
            "The signature satisfies the equation, with the identity as its R.",
            |plan| {
                plan.release.edit_entry(|entry| {
                    resign(entry, |message, sig| *sig = with_small_order_r(PUBLISHER, message))
                });
            },
            unchanged,
        ),
        refused(
            "T17_short_signature",
            Code::CborMalformed,
            "The signature has 63 bytes.",
            |plan| {
                plan.release.edit_entry(|entry| {
                    let key = *public(PUBLISHER).as_bytes();
                    *list(entry, "signatures") = vec![signature(&key, &[0; 63])];
                });
            },
            unchanged,
        ),
    ]
}

/// Replaces the signature of the release's log entry.
fn resign(entry: &mut Ipld, change: impl FnOnce(&[u8], &mut [u8; 64])) {
    let Ipld::Bytes(payload) = at(entry, "payload").clone() else { panic!("no payload") };
    let message = pae(RELEASE_TYPE, &payload);
    let mut sig = sign(PUBLISHER, &message);
    change(&message, &mut sig);
    *list(entry, "signatures") = vec![signature(public(PUBLISHER).as_bytes(), &sig)];
}
