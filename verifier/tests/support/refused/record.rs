//! Records: steps (8) to (10).

use cidery_protocol::{Cid, Code, Codec};
use ipld_core::ipld::Ipld;
use serde_bytes::ByteBuf;
use serde_json::json;

use super::prove_entry;
use crate::support::{
    ipld::{at, link, list, powers, text},
    log::public,
    plan::{PUBLISHER, SECOND},
    signatures::IDENTITY,
    vector::{Vector, refused, same, unchanged},
};

/// Step (8).
pub fn authorities() -> Vec<Vector> {
    vec![
        refused(
            "T21_record_of_another_origin",
            Code::RecordOrigin,
            "The package's records are for another log, and were logged in this one.",
            |plan| {
                plan.init.edit(|init| *at(init, "origin") = text("other.example"));
                plan.release.edit(|release| *at(release, "origin") = text("other.example"));
            },
            unchanged,
        ),
        refused(
            "T01_another_init_than_pinned",
            Code::PolicyInit,
            "The policy pins another first record.",
            same,
            |case, _| {
                let init = Cid::of(Codec::DagCbor, b"another init").to_string();
                case.policy["packages"]["@acme/hello"] = json!({ "origin": "log.example", "init": init });
            },
        ),
        refused(
            "T12_no_authority",
            Code::LogMalformed,
            "The receipt has no chain of authority.",
            same,
            |case, _| {
                case.receipt.chain.clear();
            },
        ),
        refused(
            "T12_init_of_another_package",
            Code::RecordPackage,
            "The chain goes on with the init of another package.",
            same,
            |case, built| {
                case.receipt.chain.push(ByteBuf::from(built.other.records[0].signed.clone()));
            },
        ),
        refused(
            "T12_release_for_an_init",
            Code::RecordInvalid,
            "The chain begins with a release.",
            same,
            |case, built| {
                case.receipt.chain = vec![ByteBuf::from(built.package.records[1].signed.clone())];
            },
        ),
        refused(
            "T11_init_below_its_threshold",
            Code::RecordThreshold,
            "One of two required keys signed the init.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND], 2);
                plan.init.signers = vec![PUBLISHER];
            },
            unchanged,
        ),
        refused(
            "T11_threshold_without_keys",
            Code::RecordInvalid,
            "The init asks for more keys than it names.",
            |plan| plan.begin(powers(&[PUBLISHER], 2)),
            unchanged,
        ),
        refused(
            "T17_small_order_key",
            Code::CborMalformed,
            "A key of the init is the identity.",
            |plan| {
                plan.init.edit(|init| list(init, "body.keys").insert(0, Ipld::Bytes(IDENTITY.to_vec())));
            },
            unchanged,
        ),
    ]
}

/// Steps (9) and (10).
pub fn releases() -> Vec<Vector> {
    vec![
        refused(
            "T11_another_key_than_the_policys",
            Code::PolicyKey,
            "The release is signed, but not by a pinned key.",
            same,
            |case, _| {
                case.rule()["keys"] = json!([public(SECOND).to_string()]);
            },
        ),
        refused(
            "T11_too_few_pinned_keys",
            Code::PolicyKey,
            "The policy wants two of its keys.",
            same,
            |case, _| {
                case.rule()["keys"] = json!([public(PUBLISHER).to_string(), public(SECOND).to_string()]);
                case.rule()["threshold"] = json!(2);
            },
        ),
        refused(
            "T11_below_the_threshold",
            Code::RecordThreshold,
            "One of two required keys signed the release.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND], 2);
                plan.release.signers = vec![PUBLISHER];
            },
            unchanged,
        ),
        refused(
            "T11_unsigned",
            Code::RecordThreshold,
            "Nobody signed the release.",
            |plan| plan.release.signers = vec![],
            unchanged,
        ),
        refused(
            "T11_one_key_counted_twice",
            Code::CborMalformed,
            "One key signed twice where two are required.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND], 2);
                plan.release.signers = vec![PUBLISHER];
                plan.release.edit_entry(|entry| {
                    let signatures = list(entry, "signatures");
                    signatures.push(signatures[0].clone());
                });
            },
            unchanged,
        ),
        refused(
            "T06_authority_of_another_package",
            Code::RecordAuthority,
            "The release names another authority than the one of the chain.",
            |plan| {
                plan.release.edit(|release| {
                    *at(release, "authority") = link(Cid::of(Codec::DagCbor, b"another init"))
                });
            },
            unchanged,
        ),
        refused(
            "T21_release_of_another_origin",
            Code::RecordOrigin,
            "The release is for another log than its authority.",
            |plan| plan.release.edit(|release| *at(release, "origin") = text("other.example")),
            unchanged,
        ),
        refused(
            "T21_release_of_another_package",
            Code::RecordPackage,
            "The release is of another package than its authority.",
            |plan| plan.release.edit(|release| *at(release, "package") = text("@acme/other")),
            unchanged,
        ),
        refused(
            "T12_provenance_floor",
            Code::RecordFloor,
            "The authority asks for provenance, and the release has none.",
            |plan| plan.init.edit(|init| *at(init, "body.floors.provenance") = Ipld::Bool(true)),
            unchanged,
        ),
        refused(
            "T12_witness_floor",
            Code::RecordFloor,
            "The authority asks for a witness, and none can be counted.",
            |plan| plan.init.edit(|init| *at(init, "body.floors.witnesses") = Ipld::Integer(1)),
            unchanged,
        ),
        refused(
            "T21_init_for_a_release",
            Code::RequestUnsatisfied,
            "The receipt proves the init itself.",
            same,
            |case, built| {
                prove_entry(case, built, 1);
            },
        ),
        refused(
            "T19_record_unknown_field",
            Code::CborMalformed,
            "The record holds a field that nobody knows.",
            |plan| plan.release.edit(|release| *at(release, "channel") = text("stable")),
            unchanged,
        ),
        refused(
            "T19_record_null_field",
            Code::CborMalformed,
            "A field that is absent is given as null.",
            |plan| plan.release.edit(|release| *at(release, "body.npm") = Ipld::Null),
            unchanged,
        ),
        refused(
            "T19_record_float",
            Code::CborMalformed,
            "The sequence is a float.",
            |plan| plan.release.edit(|release| *at(release, "sequence") = Ipld::Float(2.0)),
            unchanged,
        ),
        refused(
            "T19_record_trailing_byte",
            Code::CborMalformed,
            "A byte follows the record, and was signed with it.",
            |plan| plan.release.bytes = Some(|bytes| [bytes, vec![0]].concat()),
            unchanged,
        ),
        refused(
            "T19_version_not_canonical",
            Code::CborMalformed,
            "The version has a leading zero.",
            |plan| plan.release.edit(|release| *at(release, "body.version") = text("1.02.0")),
            unchanged,
        ),
        refused(
            "T20_blob_for_a_manifest",
            Code::CidMalformed,
            "The release names its manifest by the CID of a blob.",
            |plan| {
                plan.release
                    .edit(|release| *at(release, "body.manifest") = link(Cid::of(Codec::Raw, b"a manifest")));
            },
            unchanged,
        ),
        refused(
            "T18_kind_of_another_type",
            Code::EnvelopeType,
            "The record calls itself a release, and its payload type an init.",
            |plan| plan.init.edit(|init| *at(init, "kind") = text("release")),
            unchanged,
        ),
        refused(
            "T18_payload_of_an_unknown_type",
            Code::EnvelopeType,
            "The payload type is none of the protocol's.",
            |plan| plan.release.payload_type = Some("application/octet-stream"),
            unchanged,
        ),
    ]
}
