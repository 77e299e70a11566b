//! What the policy does not allow, and what was not asked for: steps (1) and (11).

use cidery_protocol::{Cid, Code, Codec};
use serde_bytes::ByteBuf;
use serde_json::json;

use super::prove_entry;
use crate::support::{
    log::public,
    plan::{LOG, STRANGER},
    signatures::IDENTITY,
    vector::{Vector, refused, same},
};

/// Step (1), and what a policy must not say.
pub fn policies() -> Vec<Vector> {
    vec![
        refused(
            "T01_package_outside_policy",
            Code::PolicyNoRule,
            "No rule of the policy is for the scope.",
            same,
            |case, _| {
                let rule = case.rule().take();
                case.policy["packages"] = json!({ "@acm/*": rule });
            },
        ),
        refused(
            "T18_key_in_two_roles",
            Code::PolicyInvalid,
            "The policy's publisher key is its log key.",
            same,
            |case, _| {
                case.rule()["keys"] = json!([public(LOG).to_string()]);
            },
        ),
        refused(
            "policy_unknown_field",
            Code::PolicyInvalid,
            "The policy holds a field that nobody knows.",
            same,
            |case, _| {
                case.rule()["allow"] = json!("all");
            },
        ),
        refused("policy_of_no_keys", Code::PolicyInvalid, "A rule pins nothing.", same, |case, _| {
            case.policy["packages"]["@acme/*"] = json!({ "origin": "log.example" });
        }),
        refused(
            "T17_small_order_policy_key",
            Code::PolicyInvalid,
            "The policy's key is the identity.",
            same,
            |case, _| {
                let bytes = [&[0xed, 0x01][..], &IDENTITY].concat();
                case.rule()["keys"] = json!([multibase::encode(multibase::Base::Base58Btc, bytes)]);
            },
        ),
    ]
}

/// What is asked for, and step (11).
pub fn requests() -> Vec<Vector> {
    vec![
        refused(
            "T03_upper_case_name",
            Code::NameMalformed,
            "The name asked for has an upper-case letter.",
            same,
            |case, _| {
                case.request["package"] = json!("@acme/Hello");
            },
        ),
        refused(
            "T03_kelvin_sign",
            Code::NameMalformed,
            "The name asked for has a Kelvin sign for its k.",
            same,
            |case, _| {
                case.request["package"] = json!("@acme/\u{212a}it");
            },
        ),
        refused("T08_tag_for_a_range", Code::RangeMalformed, "A tag is not a range.", same, |case, _| {
            case.request["range"] = json!("latest");
        }),
        refused(
            "request_of_two_kinds",
            Code::RequestMalformed,
            "The request has a range and a version.",
            same,
            |case, _| {
                case.request["version"] = json!("1.2.0");
            },
        ),
        refused(
            "T10_other_range",
            Code::RequestUnsatisfied,
            "1.2.0 is not in the range that was asked for.",
            same,
            |case, _| {
                case.request["range"] = json!("^1.3");
            },
        ),
        refused(
            "T10_other_version",
            Code::RequestUnsatisfied,
            "Another version was asked for.",
            same,
            |case, _| {
                case.request = json!({ "package": "@acme/hello", "version": "1.2.1" });
            },
        ),
        refused(
            "T10_other_code_than_locked",
            Code::RequestUnsatisfied,
            "The lock has another manifest for the version.",
            same,
            |case, _| {
                let cid = Cid::of(Codec::DagCbor, b"other code").to_string();
                case.request = json!({ "package": "@acme/hello", "version": "1.2.0", "manifest": cid });
            },
        ),
        refused(
            "T10_receipt_of_another_package",
            Code::RequestPackage,
            "A whole, right receipt of another package of the log.",
            same,
            |case, built| {
                let (init, index) = built.other.clone();
                case.rule()["keys"] = json!([public(STRANGER).to_string()]);
                case.receipt.chain = vec![ByteBuf::from(init)];
                prove_entry(case, built, index);
            },
        ),
    ]
}
