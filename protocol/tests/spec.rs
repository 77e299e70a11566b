//! SPEC.md and the code say the same: its codes, its limits, and the literal example of every object.
//!
//! `UPDATE_SPEC=1 cargo test -p cidery-protocol --test spec` writes the examples anew.
mod support;

use std::fmt::Write;

use cidery_protocol::{
    log::{Checkpoint, SignedCheckpoint, inclusion_proof, leaf_hash, log_signature_message, node_hash},
    manifest::*,
    *,
};
use ed25519_dalek::Signer;
use ipld_core::ipld::Ipld;
use serde_bytes::{ByteArray, ByteBuf};
use support::*;

const BEGIN: &str = "<!-- examples: written by protocol/tests/spec.rs -->\n";
const END: &str = "<!-- end of examples -->";

fn spec() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../SPEC.md")).expect("SPEC.md is there")
}

fn section<'s>(spec: &'s str, heading: &str) -> &'s str {
    let start = spec.find(heading).unwrap_or_else(|| panic!("SPEC.md has no {heading}"));
    let rest = &spec[start + heading.len()..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

#[test]
fn the_table_of_codes_is_the_one_of_the_code() {
    let spec = spec();
    let listed: Vec<&str> = section(&spec, "\n## 13. Error codes")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, known);
}

#[test]
fn the_limits_are_those_of_the_code() {
    let spec = spec();
    let table = section(&spec, "\n## 12. Limits");
    let rows = [
        (
            "package name, version, range, origin",
            vec![limits::NAME_CHARS, limits::VERSION_CHARS, limits::RANGE_CHARS, limits::ORIGIN_CHARS],
        ),
        ("manifest", vec![limits::MANIFEST_BYTES >> 20, limits::MANIFEST_MODULES]),
        (
            "blob; all modules of a manifest, and all its source maps",
            vec![(limits::BLOB_BYTES >> 20) as usize, (limits::CODE_BYTES >> 20) as usize],
        ),
        ("module path", vec![limits::PATH_CHARS]),
        ("envelope", vec![limits::ENVELOPE_BYTES >> 10, limits::SIGNATURES]),
        ("keys of an authority", vec![limits::KEYS]),
        ("log entry", vec![limits::ENTRY_BYTES, limits::SIGNATURES]),
        ("attestations of a release", vec![limits::ATTESTATIONS, (limits::ATTESTATION_BYTES >> 20) as usize]),
        (
            "bundled packages; hosts, bindings, flags each",
            vec![limits::MANIFEST_BUNDLED, limits::MANIFEST_WORDS],
        ),
        ("checkpoint", vec![limits::CHECKPOINT_BYTES >> 10, limits::CHECKPOINT_SIGNATURES]),
        ("proof", vec![limits::PROOF_HASHES]),
        ("chain of authority", vec![limits::CHAIN_RECORDS]),
        ("receipt, head, resolution", vec![limits::RECEIPT_BYTES >> 20]),
        ("publish request", vec![limits::PUBLISH_BYTES >> 20]),
        ("publishes pending", vec![limits::PENDING_PUBLISHES, limits::PENDING_SECONDS as usize]),
        ("clock ahead", vec![limits::CLOCK_AHEAD_SECONDS as usize]),
    ];
    let listed = table.lines().filter(|line| line.starts_with("| ")).count() - 1;
    assert_eq!(rows.len(), listed, "every row of SPEC §12 is compared");
    for (row, values) in rows {
        let prefix = format!("| {row} | ");
        let line = table.lines().find_map(|line| line.strip_prefix(prefix.as_str()));
        let line = line.unwrap_or_else(|| panic!("SPEC §12 has no row for {row}"));
        let numbers = line.replace(',', "\u{0}").replace("\u{0} ", " ").replace('\u{0}', "");
        let numbers: Vec<usize> =
            numbers.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
        assert_eq!(numbers, values, "{row}");
    }
}

#[test]
fn the_examples_are_what_the_code_makes() {
    let spec = spec();
    let start = spec.find(BEGIN).expect("SPEC.md has a place for examples") + BEGIN.len();
    let end = spec.find(END).expect("the place has an end");
    let made = examples();
    if std::env::var_os("UPDATE_SPEC").is_some() {
        let whole = format!("{}{made}{}", &spec[..start], &spec[end..]);
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../SPEC.md"), whole)
            .expect("SPEC.md is writable");
        return;
    }
    assert_eq!(&spec[start..end], made, "run it again with UPDATE_SPEC=1 where the change is meant");
}

/// One package, one release, one log with three entries, all from known keys.
fn examples() -> String {
    let (publisher, log_key, cosigner) = (key(1), key(2), key(3));
    let code = b"export default { fetch: () => new Response(\"hello\") };\n";
    let mut text = String::new();
    let mut out =
        |title: &str, body: String| writeln!(text, "### {title}\n\n{body}").expect("a String takes it");

    let seeds = [("publisher", &publisher), ("log", &log_key), ("cosigner", &cosigner)];
    let rows: String = seeds
        .iter()
        .enumerate()
        .map(|(at, (role, key))| {
            let public = public(key);
            format!("| {role} | `{:02x}` × 32 | `{}` | `{public}` |\n", at + 1, hex(public.as_bytes()))
        })
        .collect();
    out("15.1 Keys", format!("| role | secret seed | public key | text |\n|---|---|---|---|\n{rows}"));

    let blob = Cid::of(Codec::Raw, code);
    out(
        "15.2 Blob",
        format!(
            "```js\n{}```\n\nCID `{blob}`, binary `{}`.\n",
            String::from_utf8_lossy(code),
            hex(&cid_bytes(blob))
        ),
    );

    let manifest = Manifest::encode(ManifestBody {
        format: ManifestFormat::V1,
        main: "index.js".into(),
        modules: vec![Module::describe("index.js", ModuleKind::Esm, code)],
        compatibility: Compatibility { date: "2026-11-01".into(), flags: vec!["nodejs_compat".into()] },
        needs: Needs { egress: vec!["api.example.com".into()], ..Needs::default() },
        imports: vec![],
        bundled: vec![],
        source_maps: vec![],
    })
    .expect("a manifest");
    out("15.3 Manifest", object(manifest.bytes(), Some(manifest.cid())));

    let init = sign(init_body(&[&publisher], 1), &[&publisher]);
    let init_signed = SignedRecord::from_envelope(&init, None).expect("signed");
    let state = PackageState::apply(None, &init_signed).expect("a state");
    out("15.4 Record: init", object(init_signed.record().bytes(), Some(state.newest)));

    let mut body = release_body("1.0.0", &state);
    if let Action::Release(release) = &mut body.action {
        release.manifest = manifest.cid();
        release.build = Build { tool: "cidery-bundler 0.1.0".into(), lock: Some(ByteArray::new([0xab; 32])) };
    }
    let release = sign(body, &[&publisher]);
    let signed = SignedRecord::from_envelope(&release, Some(&state.authority)).expect("signed");
    out("15.5 Record: release", object(signed.record().bytes(), Some(signed.record().cid())));

    let pae = release.signing_bytes();
    out("15.6 Envelope", format!("```json\n{}\n```\n\nSigned: `{}`\n", release.to_json(), hex(&pae)));
    out("15.7 Log entry", object(signed.entry(), None));

    let leaves = [leaf_hash(init_signed.entry()), leaf_hash(signed.entry()), leaf_hash(b"another entry")];
    let roots =
        [node_hash(&leaves[0], &leaves[1]), node_hash(&node_hash(&leaves[0], &leaves[1]), &leaves[2])];
    let checkpoint = |size: u64, root| {
        let checkpoint = Checkpoint { origin: state.authority.origin.clone(), size, root };
        let signature = log_key.sign(&log_signature_message(&checkpoint)).to_bytes();
        SignedCheckpoint::assemble(&checkpoint, &public(&log_key), Signature::from_bytes(signature))
            .expect("a checkpoint")
    };
    let (first, second) = (checkpoint(2, roots[0]), checkpoint(3, roots[1]));
    let time = 1_790_000_000;
    let signature = Signature::from_bytes(cosigner.sign(&second.cosignature_message(time)).to_bytes());
    let name = state.authority.origin.cosigner();
    let second = second.with_cosignature(&name, &public(&cosigner), time, signature).expect("a cosignature");
    let note = |note: &SignedCheckpoint| format!("```\n{}```\n", String::from_utf8_lossy(&note.to_bytes()));
    out("15.8 Checkpoint of size 2, as in the receipt", note(&first));
    out("15.9 Checkpoint of size 3, cosigned at 1790000000, as in the head", note(&second));

    let proof = |size| {
        inclusion_proof(1, size, |node| {
            Ok::<_, Error>(if node.level == 0 { leaves[node.index as usize] } else { roots[0] })
        })
        .expect("a proof")
    };
    let receipt = Receipt {
        format: ReceiptFormat::V1,
        chain: vec![ByteBuf::from(init_signed.entry())],
        release: ByteBuf::from(signed.entry()),
        index: 1,
        checkpoint: ByteBuf::from(first.to_bytes()),
        inclusion: proof(2),
    };
    let receipt = receipt.encode().expect("a receipt");
    out("15.10 Receipt", object(&receipt, None));
    let head = Head {
        format: HeadFormat::V1,
        checkpoint: ByteBuf::from(second.to_bytes()),
        join: Join::Inclusion(proof(3)),
        since: None,
    };
    let head = head.encode().expect("a head");
    out("15.11 Head", object(&head, None));
    let resolution = Resolution {
        format: ResolutionFormat::V1,
        receipt: ByteBuf::from(receipt),
        head: ByteBuf::from(head),
    };
    let bytes = resolution.encode().expect("a resolution");
    out(
        "15.12 Resolution",
        format!("`{{ format, receipt, head }}` of the two above, {} bytes.\n", bytes.len()),
    );
    text
}

fn cid_bytes(cid: Cid) -> Vec<u8> {
    [&[0x01, if cid.codec() == Codec::Raw { 0x55 } else { 0x71 }, 0x1e, 0x20], &cid.digest()[..]].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn object(bytes: &[u8], cid: Option<Cid>) -> String {
    let value: Ipld = serde_ipld_dagcbor::from_slice(bytes).expect("DAG-CBOR");
    let mut text = String::from("```\n");
    diagnose(&value, 0, &mut text);
    let name = cid.map(|cid| format!("CID `{cid}`, ")).unwrap_or_default();
    let lines: Vec<String> = bytes.chunks(64).map(hex).collect();
    write!(text, "\n```\n\n{name}{} bytes:\n\n```\n{}\n```\n", bytes.len(), lines.join("\n"))
        .expect("a String takes it");
    text
}

/// RFC 8949's diagnostic notation, with CIDs as their text.
fn diagnose(value: &Ipld, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth + 1);
    match value {
        Ipld::Map(map) => {
            out.push_str("{\n");
            for (key, value) in map {
                out.push_str(&format!("{indent}{key:?}: "));
                diagnose(value, depth + 1, out);
                out.push_str(",\n");
            }
            out.push_str(&format!("{}}}", &indent[2..]));
        }
        Ipld::List(list) => {
            out.push('[');
            for (at, value) in list.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                diagnose(value, depth, out);
            }
            out.push(']');
        }
        Ipld::Bytes(bytes) if bytes.len() > 64 => out.push_str(&format!("h'…' ({} bytes)", bytes.len())),
        Ipld::Bytes(bytes) => out.push_str(&format!("h'{}'", hex(bytes))),
        Ipld::Link(cid) => out.push_str(&format!("42({cid})")),
        Ipld::String(text) => out.push_str(&format!("{text:?}")),
        Ipld::Integer(number) => out.push_str(&number.to_string()),
        Ipld::Bool(truth) => out.push_str(&truth.to_string()),
        Ipld::Null | Ipld::Float(_) => unreachable!("no object holds one"),
    }
}
