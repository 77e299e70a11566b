//! Properties: any input is refused or gives the same bytes again, and no input makes anything panic.
mod support;

use cidery_protocol::{manifest::Manifest, *};
use proptest::prelude::*;
use support::{near::near, *};

fn a_release() -> Record {
    Record::encode(release_body("1.0.0", &begin(&[&key(1)], 1))).expect("a record")
}

fn a_receipt() -> Receipt {
    Receipt {
        format: ReceiptFormat::V1,
        chain: vec![serde_bytes::ByteBuf::from(b"init".to_vec())],
        record: serde_bytes::ByteBuf::from(b"release".to_vec()),
        index: 300,
        checkpoint: serde_bytes::ByteBuf::from(b"checkpoint".to_vec()),
        inclusion: vec![log::leaf_hash(b"a"), log::leaf_hash(b"b")].into(),
    }
}

fn a_head() -> Head {
    Head {
        format: HeadFormat::V1,
        checkpoint: serde_bytes::ByteBuf::from(b"checkpoint".to_vec()),
        join: Join::Consistency(vec![log::leaf_hash(b"a")].into()),
        standing: Some(a_standing()),
        since: Some(Since { size: 7, consistency: vec![].into() }),
    }
}

fn a_standing() -> Standing {
    let state = begin(&[&key(1)], 1);
    Standing {
        map: MapProof {
            entry: serde_bytes::ByteBuf::from(MapEntry::new(map::empty_map(), 7).encode().expect("valid")),
            inclusion: vec![log::leaf_hash(b"c")].into(),
            path: map::MapPath::default(),
        },
        state: serde_bytes::ByteBuf::from(state.object().encode().expect("valid")),
        versions: ShownLeaves::of(&state.version_leaves(), &[]).expect("valid"),
        channels: None,
        chain: vec![],
        yank: None,
        channel: None,
    }
}

fn a_package_proof() -> PackageProof {
    PackageProof {
        format: PackageProofFormat::V1,
        checkpoint: serde_bytes::ByteBuf::from(b"checkpoint".to_vec()),
        map: Some(a_standing().map),
        state: Some(a_standing().state),
        since: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn t19_manifests(bytes in near(Manifest::encode(manifest_body()).expect("valid").bytes().to_vec())) {
        if let Ok(manifest) = Manifest::decode(&bytes) {
            let again = Manifest::encode(manifest.body().clone()).expect("what was read can be written");
            prop_assert_eq!(again.bytes(), &bytes[..]);
        }
    }

    #[test]
    fn t19_records(bytes in near(a_release().bytes().to_vec())) {
        if let Ok(record) = Record::decode(a_release().payload_type(), &bytes) {
            let again = Record::encode(record.body().clone()).expect("what was read can be written");
            prop_assert_eq!(again.bytes(), &bytes[..]);
        }
    }

    #[test]
    fn t19_receipts_and_heads(
        receipt in near(a_receipt().encode().expect("valid")),
        head in near(a_head().encode().expect("valid")),
        proof in near(a_package_proof().encode().expect("valid")),
    ) {
        if let Ok(object) = PackageProof::decode(&proof) {
            prop_assert_eq!(object.encode(), Ok(proof));
        }
        if let Ok(object) = Receipt::decode(&receipt) {
            prop_assert_eq!(object.encode(), Ok(receipt));
        }
        if let Ok(object) = Head::decode(&head) {
            prop_assert_eq!(object.encode(), Ok(head));
        }
    }

    #[test]
    fn t19_maps_and_states(
        entry in near(MapEntry::new(log::leaf_hash(b"a"), 7).encode().expect("valid")),
        state in near(begin(&[&key(1)], 1).object().encode().expect("valid")),
    ) {
        if let Ok(LogEntry::Map(object)) = LogEntry::decode(&entry) {
            prop_assert_eq!(object.encode(), Ok(entry));
        }
        if let Ok(object) = StateObject::decode(&state) {
            prop_assert_eq!(object.encode(), Ok(state));
        }
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Manifest::decode(&bytes).map(|manifest| assert_eq!(manifest.bytes(), &bytes[..]));
        let _ = Envelope::from_json(&bytes);
        let _ = SignedRecord::from_entry(&bytes, None);
        let _ = SignedRecord::decode(&bytes, None);
        let _ = Receipt::decode(&bytes);
        let _ = Resolution::decode(&bytes);
        let _ = PackageProof::decode(&bytes);
        let _ = LogEntry::decode(&bytes);
        let _ = map::MapPage::decode(0, &bytes).map(|page| assert_eq!(page.encode(0), Ok(bytes.clone())));
        let _ = log::SignedCheckpoint::parse(&bytes).map(|note| assert_eq!(note.to_bytes(), bytes));
        if let Ok(cid) = Cid::try_from(&bytes[..]) {
            prop_assert_eq!(cid.to_string().parse::<Cid>(), Ok(cid));
        }
    }

    #[test]
    fn any_text(text in ".{0,80}") {
        if let Ok(name) = text.parse::<PackageName>() { prop_assert_eq!(name.as_str(), &text) }
        if let Ok(version) = text.parse::<Version>() { prop_assert_eq!(version.to_string(), text.clone()) }
        if let Ok(range) = text.parse::<Range>() { prop_assert_eq!(range.as_str(), &text) }
        if let Ok(origin) = text.parse::<Origin>() { prop_assert_eq!(origin.as_str(), &text) }
        if let Ok(key) = text.parse::<PublicKey>() { prop_assert_eq!(key.to_string(), text.clone()) }
        if let Ok(cid) = text.parse::<Cid>() { prop_assert_eq!(cid.to_string(), text) }
    }
}

#[test]
fn t20_other_forms_of_a_cid_are_refused() {
    let cid = Cid::of(Codec::Raw, b"hello");
    let text = cid.to_string();
    for other in [
        text.to_uppercase(),
        text.replacen('b', "B", 1),
        format!("{text}="),
        format!("/ipfs/{text}"),
        // The last character holds two bits that stand for nothing.
        text[..58].to_owned() + "5",
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG".to_owned(),
        // sha2-256 in place of BLAKE3, and base58btc in place of base32.
        "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq".to_owned(),
        String::new(),
    ] {
        assert_eq!(other.parse::<Cid>().map_err(|error| error.code()), Err(Code::CidMalformed), "{other}");
    }
    let head = |bytes: &[u8]| [bytes, cid.digest()].concat();
    assert_eq!(Cid::try_from(&head(&[0x01, 0x55, 0x1e, 0x20])[..]), Ok(cid));
    for bytes in [
        head(&[0x01, 0xd5, 0x00, 0x1e, 0x20]),
        head(&[0x00, 0x55, 0x1e, 0x20]),
        head(&[0x01, 0x70, 0x1e, 0x20]),
        head(&[0x01, 0x55, 0x00, 0x20]),
        head(&[0x01, 0x55, 0x12, 0x20]),
        [&[0x01, 0x55, 0x1e, 0x1f][..], &cid.digest()[..31]].concat(),
        [&head(&[0x01, 0x55, 0x1e, 0x21])[..], &[0]].concat(),
        [&head(&[0x01, 0x55, 0x1e, 0x20])[..], &[0]].concat(),
    ] {
        assert_eq!(
            Cid::try_from(&bytes[..]).map_err(|error| error.code()),
            Err(Code::CidMalformed),
            "{bytes:02x?}"
        );
    }
}

#[test]
fn t17_weak_and_second_forms_of_keys_are_refused() {
    let hex = |text: &str| -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex"))
    };
    for bytes in [
        // The points of small order, then two encodings with y at or above the field's prime.
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        // Not on the curve.
        "0200000000000000000000000000000000000000000000000000000000000000",
    ] {
        assert_eq!(
            PublicKey::from_bytes(hex(bytes)).map_err(|error| error.code()),
            Err(Code::KeyMalformed),
            "{bytes}"
        );
    }
}

#[test]
fn codes_are_words_of_their_own() {
    let mut words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    words.sort_unstable();
    assert!(words.is_sorted_by(|a, b| a < b), "a word stands for two codes");
    assert!(Code::ALL.iter().all(|code| code.as_str().parse() == Ok(*code)));
    assert!("no.such_code".parse::<Code>().is_err());
}
