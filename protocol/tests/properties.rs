//! Properties of the forms that codecs.rs does not have, of what is generated rather than altered, and of every single bit.
mod support;

use cidery_protocol::{
    log::{Checkpoint, SignedCheckpoint, leaf_hash, log_signature_message},
    manifest::*,
    *,
};
use ed25519_dalek::Signer;
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_bytes::ByteBuf;
use support::{
    any::{actions, manifests},
    near::{flipped, near, near_text},
    *,
};

/// An `init` and the release after it, under the key of seed 1.
fn signed() -> (Envelope, Authority, Envelope) {
    let state = begin(&[&key(1)], 1);
    let release = sign(release_body("1.0.0", &state), &[&key(1)]);
    (sign(init_body(&[&key(1)], 1), &[&key(1)]), state.authority, release)
}

/// CIDv1, the codec, BLAKE3-256, 32 bytes (SPEC §2).
fn bytes_of(cid: Cid) -> Vec<u8> {
    let codec = match cid.codec() {
        Codec::Raw => 0x55,
        Codec::DagCbor => 0x71,
    };
    [&[0x01, codec, 0x1e, 0x20], &cid.digest()[..]].concat()
}

fn a_checkpoint() -> SignedCheckpoint {
    let origin = "log.example".parse().expect("an origin");
    let checkpoint = Checkpoint { origin, size: 7, root: leaf_hash(b"any") };
    let signature = key(2).sign(&log_signature_message(&checkpoint)).to_bytes();
    SignedCheckpoint::assemble(&checkpoint, &public(&key(2)), Signature::from_bytes(signature))
        .expect("a checkpoint")
}

fn a_resolution() -> Vec<u8> {
    let [receipt, head] = [b"receipt", &b"head"[..]].map(|bytes| ByteBuf::from(bytes.to_vec()));
    Resolution { format: ResolutionFormat::V1, receipt, head }.encode().expect("in bounds")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_keeps_the_rules_of_manifests_is_read_as_it_was_written(body in manifests()) {
        let Ok(manifest) = Manifest::encode(body.clone()) else {
            // Paths collide in ways that only the rules themselves tell.
            return Err(TestCaseError::reject("paths collide"));
        };
        prop_assert_eq!(manifest.body(), &body);
        prop_assert_eq!(Manifest::decode(manifest.bytes()), Ok(manifest.clone()));
        prop_assert_eq!(Manifest::verify(manifest.cid(), manifest.bytes()), Ok(manifest));
    }

    #[test]
    fn names_of_the_grammar_are_names(
        scope in "[a-z0-9][a-z0-9-]{0,40}", name in "[a-z0-9]([a-z0-9._-]{0,40}[a-z0-9_-])?",
        origin in "[a-z0-9][a-z0-9._-]{0,20}(/[a-z0-9][a-z0-9._-]{0,20}){0,3}",
    ) {
        let text = format!("@{scope}/{name}");
        let package: PackageName = text.parse().expect("of the grammar");
        prop_assert_eq!((package.scope(), package.name(), package.to_string()), (&*scope, &*name, text));
        let parsed: Origin = origin.parse().expect("of the grammar");
        prop_assert_eq!(parsed.to_string(), origin);
    }

    #[test]
    fn versions_are_ranges_of_themselves(
        core in (0..30_u64, any::<u32>(), 0..=(1_u64 << 53) - 1),
        prerelease in proptest::option::of("(0|[1-9][0-9]{0,3}|[0-9]{0,2}[a-z-][a-z0-9-]{0,4})(\\.(0|[1-9][0-9]{0,3}|[a-z-]{1,3})){0,2}"),
        other in (0..30_u64, any::<u32>(), 0..1_000_u64),
    ) {
        let plain = |(major, minor, patch): (u64, u32, u64)| format!("{major}.{minor}.{patch}");
        let text = prerelease.map_or(plain(core), |prerelease| format!("{}-{prerelease}", plain(core)));
        let version: Version = text.parse().expect("of the grammar");
        let other: Version = plain(other).parse().expect("of the grammar");
        let range: Range = text.parse().expect("a version is a range");
        prop_assert_eq!(version.to_string(), text);
        prop_assert!(range.contains(&version));
        prop_assert_eq!(range.contains(&other), version == other);
    }

    #[test]
    fn keys_and_cids_have_one_text(seed in any::<u8>(), content in vec(any::<u8>(), 0..40), raw in any::<bool>()) {
        let key = public(&key(seed));
        prop_assert_eq!(key.to_string().parse(), Ok(key));
        let cid = Cid::of(if raw { Codec::Raw } else { Codec::DagCbor }, &content);
        prop_assert_eq!(cid.to_string().parse(), Ok(cid));
        prop_assert_eq!(Cid::try_from(&bytes_of(cid)[..]), Ok(cid));
    }

    #[test]
    fn t19_texts_that_are_nearly_right(
        name in near_text("@npm/hono__node-server"), version in near_text("10.20.30-rc.1.x-7"),
        range in near_text("^1.2.3-rc.1 || >=2 <3.x"), origin in near_text("registry.example/log/2026"),
        key in near_text(public(&key(1)).to_string()), cid in near_text(Cid::of(Codec::Raw, b"x").to_string()),
    ) {
        if let Ok(parsed) = name.parse::<PackageName>() { prop_assert_eq!(parsed.to_string(), name) }
        if let Ok(parsed) = version.parse::<Version>() { prop_assert_eq!(parsed.to_string(), version) }
        if let Ok(parsed) = range.parse::<Range>() { prop_assert_eq!(parsed.to_string(), range) }
        if let Ok(parsed) = origin.parse::<Origin>() { prop_assert_eq!(parsed.to_string(), origin) }
        if let Ok(parsed) = key.parse::<PublicKey>() { prop_assert_eq!(parsed.to_string(), key) }
        if let Ok(parsed) = cid.parse::<Cid>() { prop_assert_eq!(parsed.to_string(), cid) }
    }

    #[test]
    fn t20_cids_as_bytes(bytes in near(bytes_of(Cid::of(Codec::DagCbor, b"x")))) {
        if let Ok(cid) = Cid::try_from(&bytes[..]) { prop_assert_eq!(bytes_of(cid), bytes) }
    }

    #[test]
    fn t19_resolutions_and_checkpoints(resolution in near(a_resolution()), note in near(a_checkpoint().to_bytes())) {
        if let Ok(object) = Resolution::decode(&resolution) { prop_assert_eq!(object.encode(), Ok(resolution)) }
        if let Ok(object) = SignedCheckpoint::parse(&note) { prop_assert_eq!(object.to_bytes(), note) }
    }

    #[test]
    fn t19_envelopes(
        json in near(signed().2.to_json().into_bytes()), payload_type in ".{0,20}",
        payload in vec(any::<u8>(), 0..100), signatures in vec(any::<[u8; 32]>(), 0..3),
    ) {
        if let Ok(envelope) = Envelope::from_json(&json) {
            prop_assert_eq!(Envelope::from_json(envelope.to_json().as_bytes()), Ok(envelope));
        }
        let mut envelope = Envelope::new(&payload_type, payload);
        for half in signatures {
            envelope.push(Signature::from_bytes([half, half].concat().try_into().expect("64 bytes")));
        }
        prop_assert_eq!(Envelope::from_json(envelope.to_json().as_bytes()), Ok(envelope));
    }

    #[test]
    fn t19_entries(altered in near(entry_of_release())) {
        let (_, authority, _) = signed();
        if let Ok((opened, time)) = SignedRecord::from_entry(&altered, Some(&authority)) {
            prop_assert_eq!(&opened.entry(time), &Ok(altered.clone()));
            // A signature by a stranger's key counts for nothing, and takes nobody's place. The time is the log's to say.
            let same = opened.entry(TIME) == Ok(entry_of_release());
            prop_assert!(same || opened.signers().is_empty());
        }
    }

    #[test]
    fn t19_signed_records(altered in near(signed_release())) {
        let (_, authority, _) = signed();
        if let Ok(opened) = SignedRecord::decode(&altered, Some(&authority)) {
            prop_assert_eq!(&opened.encode(), &Ok(altered.clone()));
            prop_assert!(altered == signed_release() || opened.signers().is_empty());
        }
    }

    #[test]
    fn t19_records_of_every_kind(action in actions(), changed in any::<Index>(), bit in 0..8_u8) {
        let state = begin(&[&key(1)], 1);
        let body = match action {
            Action::Init(powers) => RecordBody { action: Action::Init(powers), ..init_body(&[&key(1)], 1) },
            action => next(&state, action),
        };
        let record = Record::encode(body.clone()).expect("it keeps the rules");
        prop_assert_eq!(record.body(), &body);
        prop_assert_eq!(Record::decode(record.payload_type(), record.bytes()), Ok(record.clone()));
        let mut altered = record.bytes().to_vec();
        altered[changed.index(record.bytes().len())] ^= 1 << bit;
        if let Ok(other) = Record::decode(record.payload_type(), &altered) {
            prop_assert_ne!(other.cid(), record.cid());
            prop_assert_eq!(Record::encode(other.body().clone()), Ok(other));
        }
    }

    #[test]
    fn t19_pages_of_a_package(page in near(a_page())) {
        if let Ok(object) = PackageLog::decode(&page) { prop_assert_eq!(object.encode(), Ok(page)) }
    }
}

fn a_page() -> Vec<u8> {
    let entries = vec![ByteBuf::from(entry_of_release())];
    PackageLog { format: PackageLogFormat::V1, from: 1, size: 2, entries }.encode().expect("in bounds")
}

fn signed_release() -> Vec<u8> {
    let (_, authority, release) = signed();
    let signed = SignedRecord::from_envelope(&release, Some(&authority)).expect("signed");
    signed.encode().expect("in bounds")
}

fn entry_of_release() -> Vec<u8> {
    let (_, authority, release) = signed();
    let signed = SignedRecord::from_envelope(&release, Some(&authority)).expect("signed");
    signed.entry(TIME).expect("in bounds")
}

#[test]
fn t13_every_bit_of_a_manifest_counts() {
    let manifest = Manifest::encode(manifest_body()).expect("a manifest");
    for altered in flipped(manifest.bytes()) {
        assert!(Manifest::verify(manifest.cid(), &altered).is_err(), "{altered:02x?}");
    }
}

#[test]
fn t13_every_bit_of_an_envelope_counts() {
    let (init, authority, release) = signed();
    for (envelope, authority) in [(init, None), (release, Some(&authority))] {
        assert!(SignedRecord::from_envelope(&envelope, authority).is_ok());
        for altered in flipped(envelope.to_json().as_bytes()) {
            let opened =
                Envelope::from_json(&altered).and_then(|it| SignedRecord::from_envelope(&it, authority));
            assert!(opened.is_err(), "{}", String::from_utf8_lossy(&altered));
        }
    }
}

#[test]
fn t13_every_bit_of_a_signed_record_counts() {
    let state = begin(&[&key(1)], 1);
    for altered in flipped(&signed_release()) {
        // With another key in it, the record is of nobody whom the authority knows.
        let opened = SignedRecord::decode(&altered, Some(&state.authority));
        let applied = opened.and_then(|signed| applied(Some(&state), &signed, TIME));
        assert!(applied.is_err(), "{altered:02x?}");
    }
}

#[test]
fn t13_every_bit_of_an_entry_is_a_bit_of_its_leaf() {
    let leaf = leaf_hash(&entry_of_release());
    assert!(flipped(&entry_of_release()).all(|altered| leaf_hash(&altered) != leaf));
}

#[test]
fn t13_every_bit_of_a_checkpoint_counts() {
    let (origin, log_key) = ("log.example".parse().expect("an origin"), public(&key(2)));
    let note = a_checkpoint().to_bytes();
    for altered in flipped(&note) {
        let opened = SignedCheckpoint::parse(&altered).and_then(|note| note.verify_log(&origin, &[log_key]));
        assert!(opened.is_err(), "{}", String::from_utf8_lossy(&altered));
    }
}
