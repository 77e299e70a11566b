//! What the policy does not allow, and what was not asked for: steps (1) and (11).

use cidery_protocol::{Cid, Code, Codec};
use serde_bytes::ByteBuf;
use serde_json::json;

use super::prove_entry;
use crate::support::{
    log::public,
    plan::{LOG, PUBLISHER, STRANGER, WITNESS, WITNESS_TOO},
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
        refused(
            "T01_scope_in_another_log",
            Code::LogOrigin,
            "A genuine release of the package, in another log than the one that the scope belongs to.",
            same,
            |case, _| {
                let mut corp = case.log().clone();
                corp["maxAge"] = json!(60);
                case.policy["origins"]["corp.example"] = corp;
                case.rule()["origin"] = json!("corp.example");
            },
        ),
        refused(
            "T18_witness_key_of_a_publisher",
            Code::PolicyInvalid,
            "The policy's witness is its publisher.",
            same,
            |case, _| case.witnesses(&[PUBLISHER], 0),
        ),
        refused(
            "T18_recovery_key_of_a_publisher",
            Code::PolicyInvalid,
            "One rule's publisher key is another rule's recovery key.",
            same,
            |case, _| {
                let recovery = json!({ "keys": [public(PUBLISHER).to_string()] });
                case.policy["packages"]["@corp/*"] = json!({ "origin": "log.example", "recovery": recovery });
            },
        ),
        refused(
            "T23_quorum_of_more_than_there_are",
            Code::PolicyInvalid,
            "The policy wants more witnesses than it names.",
            same,
            |case, _| case.witnesses(&[WITNESS], 2),
        ),
        refused(
            "T23_one_witness_under_two_names",
            Code::PolicyInvalid,
            "The policy names one witness's key twice.",
            same,
            |case, _| {
                case.witnesses(&[WITNESS, WITNESS_TOO], 2);
                case.log()["witnesses"][1]["key"] = json!(public(WITNESS).to_string());
            },
        ),
        refused(
            "policy_tolerates_no_yank",
            Code::PolicyInvalid,
            "`none` is no severity that could be tolerated.",
            same,
            |case, _| case.rule()["yanked"] = json!(["none"]),
        ),
        refused("policy_null_field", Code::PolicyInvalid, "A field is null.", same, |case, _| {
            case.rule()["threshold"] = json!(null);
        }),
        refused(
            "T19_policy_list_for_an_object",
            Code::PolicyInvalid,
            "A rule is a list of its values.",
            same,
            |case, _| {
                let origin = case.log().clone();
                *case.log() = json!([origin["logKeys"], origin["cosigner"]]);
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

/// What is asked for, and step (14).
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
        refused(
            "T03_zero_width_joiner",
            Code::NameMalformed,
            "The name asked for holds a character that nobody sees.",
            same,
            |case, _| case.request["package"] = json!("@acme/hel\u{200d}lo"),
        ),
        refused(
            "T03_accent_apart",
            Code::NameMalformed,
            "The name asked for has an accent as a character of its own.",
            same,
            |case, _| case.request["package"] = json!("@acme/he\u{301}llo"),
        ),
        refused(
            "T03_right_to_left_mark",
            Code::NameMalformed,
            "The name asked for turns the text around.",
            same,
            |case, _| case.request["package"] = json!("@acme/\u{202e}hello"),
        ),
        refused(
            "T03_upper_case_channel",
            Code::ChannelMalformed,
            "The channel asked for has an upper-case letter.",
            same,
            |case, _| {
                case.rule()["channels"] = json!(["stable"]);
                case.request = json!({ "package": "@acme/hello", "channel": "Stable" });
            },
        ),
        refused(
            "request_bucket_past_the_last",
            Code::RequestMalformed,
            "There are 10,000 buckets, from 0.",
            same,
            |case, _| {
                case.rule()["channels"] = json!(["stable"]);
                case.request = json!({ "package": "@acme/hello", "channel": "stable", "bucket": 10_000 });
            },
        ),
        refused(
            "request_bucket_of_a_range",
            Code::RequestMalformed,
            "The request has a range and a bucket.",
            same,
            |case, _| case.request["bucket"] = json!(1),
        ),
        refused(
            "request_null_field",
            Code::RequestMalformed,
            "A field of the request is null.",
            same,
            |case, _| case.request["version"] = json!(null),
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
            "T10_lock_of_another_package",
            Code::RequestPackage,
            "Another package has the same code under the same version, and its receipt is given.",
            same,
            |case, built| {
                case.lock(built);
                case.rule()["keys"] = json!([public(STRANGER).to_string()]);
                case.receipt.chain = vec![ByteBuf::from(built.other.records[0].signed.clone())];
                prove_entry(case, built, built.other_index);
            },
        ),
        refused(
            "T10_lock_of_another_version",
            Code::RequestUnsatisfied,
            "The lock has the same code under another version.",
            same,
            |case, built| {
                case.lock(built);
                case.request["version"] = json!("1.2.1");
            },
        ),
        refused(
            "T10_receipt_of_another_package",
            Code::RequestPackage,
            "A whole, right receipt of another package of the log.",
            same,
            |case, built| {
                case.rule()["keys"] = json!([public(STRANGER).to_string()]);
                case.receipt.chain = vec![ByteBuf::from(built.other.records[0].signed.clone())];
                prove_entry(case, built, built.other_index);
            },
        ),
    ]
}
