//! SPEC.md and the code say the same: its codes, its limits, and the literal example of every object.
//!
//! `UPDATE_SPEC=1 cargo test -p cidery-protocol --test spec` writes the examples anew.
mod support;

use std::{collections::BTreeMap, fmt::Write};

use cidery_protocol::{
    log::{
        self, Checkpoint, Hash, Node, SignedCheckpoint, consistency_proof, inclusion_proof, leaf_hash,
        log_signature_message, node_hash, right_siblings,
    },
    manifest::*,
    map::{MapKey, MapLeaf, MapPage, MapPath, ReadPath},
    *,
};
use ed25519_dalek::Signer;
use ipld_core::ipld::Ipld;
use serde_bytes::{ByteArray, ByteBuf};
use sha2::Digest;
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
        (
            "manifest",
            vec![
                limits::MANIFEST_BYTES >> 20,
                limits::MANIFEST_MODULES,
                limits::MANIFEST_EXPORTS,
                limits::CLOSURE_PACKAGES,
            ],
        ),
        ("closure of a manifest", vec![limits::CLOSURE_PACKAGES]),
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
        (
            "witnesses of a registry; their answers",
            vec![limits::WITNESSES, limits::WITNESS_SECONDS as usize, limits::WITNESS_BYTES >> 10],
        ),
        ("proof", vec![limits::PROOF_HASHES]),
        (
            "chain of authority; its end for recovery keys",
            vec![limits::CHAIN_RECORDS, limits::CHAIN_RECOVERY],
        ),
        (
            "channels of a package, with those that name nothing; their names, targets, buckets",
            vec![
                limits::CHANNELS,
                limits::CHANNEL_NAMES,
                limits::CHANNEL_CHARS,
                limits::CHANNEL_TARGETS,
                limits::BUCKETS as usize,
            ],
        ),
        ("releases of a package; those that are not void", vec![limits::RELEASES, limits::RELEASES_STANDING]),
        ("text for people", vec![limits::TEXT_BYTES]),
        ("receipt, head, resolution, proof of a package", vec![limits::RECEIPT_BYTES >> 20]),
        ("path in the map", vec![MapKey::BITS]),
        ("state of a package, a leaf in it", vec![limits::STATE_BYTES >> 10]),
        ("a delay's end in the log", vec![limits::SETTLE_SECONDS as usize]),
        ("policy", vec![limits::POLICY_BYTES >> 20]),
        ("page of a package's log", vec![limits::RECEIPT_BYTES >> 20, limits::PACKAGE_LOG_ENTRIES]),
        ("publish request", vec![limits::PUBLISH_BYTES >> 20, limits::PUBLISH_SIGNATURES]),
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

/// One package with a record of every kind, in one log, all from known keys.
fn examples() -> String {
    let code = b"export default { fetch: () => new Response(\"hello\") };\n";
    let mut text = String::new();
    let mut number = 0;
    let mut out = |title: &str, body: String| {
        number += 1;
        writeln!(text, "### 15.{number} {title}\n\n{body}").expect("a String takes it");
    };

    let roles = ["publisher", "log", "cosigner", "recovery", "publisher", "publisher", "publisher"];
    let rows: String = roles
        .iter()
        .zip(1..)
        .map(|(role, seed)| {
            let public = public(&key(seed));
            format!("| {role} | `{seed:02x}` × 32 | `{}` | `{public}` |\n", hex(public.as_bytes()))
        })
        .collect();
    out("Keys", format!("| role | secret seed | public key | text |\n|---|---|---|---|\n{rows}"));

    let blob = Cid::of(Codec::Raw, code);
    let (source, binary) = (String::from_utf8_lossy(code), hex(&cid_bytes(blob)));
    out("Blob", format!("```js\n{source}```\n\nCID `{blob}`, binary `{binary}`.\n"));

    let manifest = Manifest::encode(ManifestBody {
        format: ManifestFormat::V1,
        main: "index.js".into(),
        exports: None,
        modules: vec![Module::describe("index.js", ModuleKind::Esm, code)],
        compatibility: Compatibility { date: "2026-11-01".into(), flags: vec!["nodejs_compat".into()] },
        needs: Needs { egress: vec!["api.example.com".into()], ..Needs::default() },
        imports: vec![],
        bundled: vec![],
        source_maps: vec![],
    })
    .expect("a manifest");
    out("Manifest", object(manifest.bytes(), Some(manifest.cid())));

    // The package's log, a record a second.
    let mut story = Story::begin();
    let statement = |text: &[u8], manifest: &[u8]| Provenance {
        cid: Cid::of(Codec::Raw, text),
        size: text.len() as u64,
        subject: ByteArray::new(sha2::Sha256::digest(manifest).into()),
    };
    let mut body = release_body("1.0.0", story.state());
    if let Action::Release(release) = &mut body.action {
        release.manifest = manifest.cid();
        release.build = Build { tool: "cidery-bundler 0.1.0".into(), lock: Some(ByteArray::new([0xab; 32])) };
        release.provenance = vec![statement(b"{}", manifest.bytes())];
    }
    let release = story.add(body, &[1]);
    story.close_group(TIME + 2);
    let of = reference("1.0.0", story.state());
    let attest = Attest {
        release: of.clone(),
        predicate: "https://example.com/reviewed/v1".into(),
        statement: statement(b"reviewed", manifest.bytes()),
    };
    story.add(next(story.state(), Action::Attest(attest)), &[1]);
    let targets = vec![Target { release: of.clone(), weight: 10_000 }];
    let channel = Channel { name: "stable".parse().expect("a channel"), targets };
    story.add(next(story.state(), Action::Channel(channel)), &[1]);
    let yank = Yank {
        release: of,
        severity: Severity::High,
        reason: Reason::Security,
        text: Some("It answers everybody.".into()),
        replacement: Some("1.0.1".parse().expect("a version")),
    };
    story.add(next(story.state(), Action::Yank(yank)), &[1]);
    let recovery = story.state().authority.powers.recovery.clone();
    let rekey = |by, keys: &[u8], void: &[Void]| {
        let keys: Vec<_> = keys.iter().map(|seed| key(*seed)).collect();
        let to = powers(&keys.iter().collect::<Vec<_>>(), keys.len() as u64);
        let to = Powers { recovery: recovery.clone(), ..to };
        let next_version_floor = Some("1.0.1".parse().expect("a version"));
        Rekey { by, to, void: void.to_vec(), next_version_floor }
    };
    let stolen = Void { key: public(&key(1)), from_sequence: 4 };
    let rekeyed = rekey(Signatories::Publishers, &[5], &[stolen]);
    story.add(next(story.state(), Action::Rekey(rekeyed)), &[1]);
    let Rekey { to, .. } = rekey(Signatories::Publishers, &[5, 6], &[]);
    let transfer = Transfer { to, next_version_floor: None };
    story.add(next(story.state(), Action::Transfer(transfer)), &[5, 6]);
    let recovered = rekey(Signatories::Recovery, &[6, 7], &[]);
    story.add(next(story.state(), Action::Rekey(recovered)), &[4]);

    let titles =
        ["init", "release", "attest", "channel", "yank", "rekey", "transfer", "rekey by recovery keys"];
    assert_eq!(titles.len(), story.records.len());
    for (title, signed) in titles.iter().zip(&story.records) {
        let record = signed.record();
        out(&format!("Record: {title}"), object(record.bytes(), Some(record.cid())));
    }
    let pae = release.signing_bytes();
    out(
        "Envelope of the release",
        format!("```json\n{}\n```\n\nSigned: `{}`\n", release.to_json(), hex(&pae)),
    );
    out("Signed record: release", object(&story.signed(1), None));
    let other = story.begin_other();
    let settled = TIME + 7200;
    story.close_group(settled);

    let titles = [
        "init",
        "release",
        "map",
        "attest",
        "channel",
        "yank",
        "rekey",
        "transfer",
        "rekey by recovery keys",
    ];
    for (title, entry) in titles.iter().chain(&["init of another package", "map"]).zip(&story.log) {
        out(&format!("Log entry: {title}"), object(entry, None));
    }

    let note = |note: &SignedCheckpoint| format!("```\n{}```\n", String::from_utf8_lossy(&note.to_bytes()));
    let all = story.log.len() as u64;
    let (first, second) = (story.checkpoint(3), story.checkpoint(all));
    let signature = Signature::from_bytes(key(3).sign(&second.cosignature_message(settled)).to_bytes());
    let name = story.state().authority.origin.cosigner();
    let second = second.with_cosignature(&name, &public(&key(3)), settled, signature).expect("a cosignature");
    out("Checkpoint of size 3, as in the receipt", note(&first));
    out(&format!("Checkpoint of size {all}, cosigned at {settled}, as in the head"), note(&second));

    let state = story.state().at(settled);
    let (versions, channels) = (state.version_leaves(), state.channel_leaves());
    let object_of = state.object().encode().expect("a state");
    out("State of the package", object(&object_of, Some(Cid::of(Codec::DagCbor, &object_of))));
    out("Page of the map", object(&story.pages[&vec![]].encode(0).expect("a page"), None));

    let signed = |at: usize| ByteBuf::from(story.signed(at));
    let inclusion = story.inclusion(1, all);
    let receipt = Receipt {
        format: ReceiptFormat::V1,
        chain: vec![signed(0)],
        record: ByteBuf::from(story.log[1].clone()),
        index: 1,
        checkpoint: ByteBuf::from(first.to_bytes()),
        inclusion: story.inclusion(1, 3).into(),
    };
    let receipt = receipt.encode().expect("a receipt");
    out("Receipt of the release", object(&receipt, None));
    let map = |name: &PackageName| MapProof {
        entry: ByteBuf::from(story.log[all as usize - 1].clone()),
        inclusion: story.inclusion(all - 1, all).into(),
        path: story.path(name),
    };
    let head = Head {
        format: HeadFormat::V1,
        checkpoint: ByteBuf::from(second.to_bytes()),
        join: Join::Inclusion(right_siblings(1, all, &inclusion).into()),
        standing: Some(Standing {
            map: map(&state.authority.package),
            state: ByteBuf::from(object_of.clone()),
            versions: ShownLeaves::of(&versions, &[0]).expect("leaves"),
            channels: Some(ShownLeaves::of(&channels, &[0]).expect("leaves")),
            chain: vec![signed(5), signed(6), signed(7)],
            yank: Some(signed(4)),
            channel: Some(signed(3)),
        }),
        since: Some(Since { size: 3, consistency: story.consistency(3, all).into() }),
    };
    let head = head.encode().expect("a head");
    out("Head, for the channel `stable` and a client that has seen 3 entries", object(&head, None));
    let resolution = Resolution {
        format: ResolutionFormat::V1,
        receipt: ByteBuf::from(receipt),
        head: ByteBuf::from(head),
    };
    let bytes = resolution.encode().expect("a resolution");
    out("Resolution", format!("`{{ format, receipt, head }}` of the two above, {} bytes.\n", bytes.len()));
    let proof = |name: &PackageName, state: Option<&[u8]>| {
        let proof = PackageProof {
            format: PackageProofFormat::V1,
            checkpoint: ByteBuf::from(second.to_bytes()),
            map: Some(map(name)),
            state: state.map(ByteBuf::from),
            since: None,
        };
        object(&proof.encode().expect("a proof"), None)
    };
    out("Proof of a package", proof(&other, Some(&story.other())));
    out("Proof that there is no `@acme/none`", proof(&"@acme/none".parse().expect("a name"), None));
    text
}

/// A log of a package and one more, which grows by a record a second.
struct Story {
    log: Vec<Vec<u8>>,
    records: Vec<SignedRecord>,
    states: Vec<PackageState>,
    others: Vec<PackageState>,
    pages: BTreeMap<Vec<u8>, MapPage>,
}

impl Story {
    fn begin() -> Self {
        let mut body = init_body(&[&key(1)], 1);
        if let Action::Init(powers) = &mut body.action {
            powers.recovery = Some(Recovery { keys: vec![public(&key(4))], threshold: 1, delay: 3600 });
        }
        let mut story =
            Story { log: vec![], records: vec![], states: vec![], others: vec![], pages: BTreeMap::new() };
        story.add(body, &[1, 4]);
        story
    }

    fn state(&self) -> &PackageState {
        self.states.last().expect("the package has begun")
    }

    fn add(&mut self, body: RecordBody, seeds: &[u8]) -> Envelope {
        let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
        let envelope = sign(body, &keys.iter().collect::<Vec<_>>());
        let before = self.states.last();
        let authority = before.map(|state| &state.authority);
        let time = TIME + self.log.len() as u64;
        let signed = SignedRecord::from_envelope(&envelope, authority).expect("signed");
        let mut state = before.cloned();
        PackageState::apply(&mut state, &signed, time).expect("it may follow");
        self.states.extend(state);
        self.log.push(signed.entry(time).expect("an entry"));
        self.records.push(signed);
        envelope
    }

    fn begin_other(&mut self) -> PackageName {
        let mut body = init_body(&[&key(5)], 1);
        body.package = "@acme/other".parse().expect("a name");
        let signed = SignedRecord::from_envelope(&sign(body, &[&key(5)]), None).expect("signed");
        let (time, mut state) = (TIME + self.log.len() as u64, None);
        PackageState::apply(&mut state, &signed, time).expect("it may begin");
        self.log.push(signed.entry(time).expect("an entry"));
        self.others.extend(state);
        signed.record().body().package.clone()
    }

    fn other(&self) -> Vec<u8> {
        self.others[0].object().encode().expect("a state")
    }

    /// Logs the map over all packages at a time.
    fn close_group(&mut self, time: u64) {
        let mut root = map::empty_map();
        for state in self.states.last().into_iter().chain(&self.others) {
            let state = state.at(time);
            let key = MapKey::of(&state.authority.package);
            let value = state.object().cid().expect("a state");
            root = map::set(&mut self.pages, MapLeaf { key, value }).expect("pages in memory");
        }
        self.log.push(MapEntry::new(root, time).encode().expect("an entry"));
    }

    fn path(&self, name: &PackageName) -> MapPath {
        let mut path = ReadPath::new(MapKey::of(name), self.pages[&vec![]].hash());
        while let Some(wanted) = path.wants() {
            let page = self.pages.iter().find(|(_, page)| page.hash() == wanted);
            let (prefix, page) = page.expect("a page of the map");
            path.take(&page.encode(prefix.len() as u8).expect("a page")).expect("the wanted page");
        }
        path.finish().1
    }

    fn signed(&self, at: usize) -> Vec<u8> {
        self.records[at].encode().expect("bytes")
    }

    fn node(&self, node: Node) -> Hash {
        if node.level == 0 {
            return leaf_hash(&self.log[node.index as usize]);
        }
        let child = |right| self.node(Node { level: node.level - 1, index: 2 * node.index + right });
        node_hash(&child(0), &child(1))
    }

    fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let root = log::root(size, |node| Ok::<_, Error>(self.node(node))).expect("a root");
        let checkpoint = Checkpoint { origin: self.state().authority.origin.clone(), size, root };
        let signature = key(2).sign(&log_signature_message(&checkpoint)).to_bytes();
        SignedCheckpoint::assemble(&checkpoint, &public(&key(2)), Signature::from_bytes(signature))
            .expect("a checkpoint")
    }

    fn consistency(&self, from: u64, to: u64) -> Vec<Hash> {
        consistency_proof(from, to, |node| Ok::<_, Error>(self.node(node))).expect("a proof")
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion_proof(index, size, |node| Ok::<_, Error>(self.node(node))).expect("a proof")
    }
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
