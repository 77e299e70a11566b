//! Receipts, heads and code that must be accepted, although some of it looks unusual.

use cidery_protocol::Join;
use ipld_core::ipld::Ipld;
use serde_json::json;

use crate::support::{
    case::{MAX_AGE, head, since},
    ipld::{at, list, text},
    log::public,
    plan::{PUBLISHER, Plan, SECOND, STRANGER, THIRD, TIME},
    steps::statement,
    vector::{Vector, accepted, pin_init, same, unchanged},
};

pub fn vectors() -> Vec<Vector> {
    vec![
        accepted("ok_range", "The newest release of a range, under a head of the log.", same, unchanged),
        accepted("ok_version", "An exact version.", same, |case, built| case.version(built)),
        accepted("ok_lock", "A version with its manifest, as a lock has it.", same, |case, built| {
            case.lock(built);
        }),
        accepted(
            "ok_join_by_consistency",
            "The head continues the receipt's checkpoint.",
            same,
            |case, built| {
                case.head.join =
                    Join::Consistency(built.log.consistency(built.first, built.log.size()).into());
            },
        ),
        accepted("ok_head_of_the_receipt", "Nothing was logged since.", same, |case, built| {
            case.head = head(built, &built.map_then, &case.request);
            case.head.join = Join::Consistency(vec![].into());
        }),
        accepted("ok_seen_smaller", "The head continues the tree that was seen.", same, |case, built| {
            case.remember(3, built.log.root(3));
            case.head.since = since(built, 3);
        }),
        accepted("ok_seen_same", "The head is the tree that was seen.", same, |case, built| {
            case.remember(built.log.size(), built.log.root(built.log.size()));
        }),
        accepted(
            "ok_seen_same_package",
            "The state is of the release, which is the newest record that was seen.",
            same,
            |case, built| case.remember_package(built, 2),
        ),
        accepted("ok_head_at_its_age", "The head is exactly as old as is allowed.", same, |case, _| {
            case.now = TIME + MAX_AGE;
        }),
        accepted(
            "ok_head_a_minute_ahead",
            "The log's clock is ahead as far as is allowed.",
            same,
            |case, _| {
                case.now = TIME - 60;
            },
        ),
        accepted(
            "ok_threshold",
            "Two of three keys signed, and the policy wants two.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND, THIRD], 2);
                plan.init.signers = vec![PUBLISHER, SECOND];
                plan.release.signers = vec![PUBLISHER, THIRD];
            },
            |case, _| {
                let keys = [PUBLISHER, SECOND, THIRD].map(|seed| public(seed).to_string());
                case.rule()["keys"] = json!(keys);
                case.rule()["threshold"] = json!(2);
            },
        ),
        accepted("ok_pinned_init", "The package is pinned by its first record alone.", same, pin_init),
        accepted(
            "ok_egress",
            "Of the hosts that the code asks for, those are granted that the policy allows.",
            |plan| {
                plan.manifest = Some(|manifest| {
                    *list(manifest, "needs.egress") =
                        ["a.example", "b.example", "b.example:8443"].map(text).to_vec();
                });
            },
            |case, _| case.rule()["egress"] = json!(["b.example", "c.example"]),
        ),
        accepted(
            "ok_every_kind",
            "A module of each kind; wasm and data are any bytes, and a byte order mark inside of a text is text.",
            |plan| {
                let code =
                    b"import word from './word.txt'; export default { fetch: () => new Response(word) };\n";
                plan.modules = vec![
                    ("data.bin", "data", b"\xef\xbb\xbf\x80\xff\x00".to_vec()),
                    ("index.js", "esm", code.to_vec()),
                    ("lib/old.cjs", "cjs", b"module.exports = 1;\n".to_vec()),
                    ("list.json", "json", b"[1, 2]".to_vec()),
                    ("math.wasm", "wasm", b"\0asm\x01\0\0\0".to_vec()),
                    ("word.txt", "text", "caf\u{e9} \u{feff}\u{1f37a}".as_bytes().to_vec()),
                ];
            },
            unchanged,
        ),
        accepted(
            "T33_signature_by_a_stranger",
            "A signature by a key without a say counts for nothing, and does no harm.",
            |plan| plan.release.signers = vec![PUBLISHER, STRANGER],
            unchanged,
        ),
        accepted(
            "ok_provenance_floor_met",
            "A release with provenance under an authority that asks for it.",
            |plan| {
                provenance_floor(plan);
                plan.release.edit(|release| list(release, "body.provenance").push(statement()));
            },
            unchanged,
        ),
    ]
}

/// The package asks for provenance.
fn provenance_floor(plan: &mut Plan) {
    plan.init.edit(|init| *at(init, "body.floors.provenance") = Ipld::Bool(true));
}
