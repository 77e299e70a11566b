//! SPEC §6: envelopes, records, and what may follow what.
mod support;

use cidery_protocol::*;
use support::*;

fn code<T>(result: Result<T, Error>) -> Option<Code> {
    result.err().map(|error| error.code())
}

#[test]
fn a_package_begins_and_grows() {
    let alice = key(1);
    let state = begin(&[&alice], 1);
    assert_eq!((state.sequence, state.newest), (0, state.authority.cid));
    let state = follow(&state, release_body("1.0.0", &state), &[&alice]).expect("a release");
    let state = follow(&state, release_body("1.1.0", &state), &[&alice]).expect("another");
    assert_eq!(state.sequence, 2);
    assert_eq!(state.releases.len(), 2);
}

#[test]
fn rule_0_a_package_begins_once() {
    let alice = key(1);
    let state = begin(&[&alice], 1);
    assert_eq!(code(follow(&state, init_body(&[&key(2)], 1), &[&key(2)])), Some(Code::RecordInitTaken));
    let first = sign(release_body("1.0.0", &state), &[&alice]);
    assert_eq!(
        code(SignedRecord::from_envelope(&first, None)),
        Some(Code::RecordInvalid),
        "a release without an init"
    );
}

#[test]
fn t21_a_record_is_for_one_log_and_one_package() {
    let alice = key(1);
    let state = begin(&[&alice], 1);
    let changed = |change: fn(&mut RecordBody)| {
        let mut body = release_body("1.0.0", &state);
        change(&mut body);
        code(follow(&state, body, &[&alice]))
    };
    assert_eq!(
        changed(|body| body.origin = "other.example".parse().expect("an origin")),
        Some(Code::RecordOrigin)
    );
    assert_eq!(
        changed(|body| body.package = "@acme/other".parse().expect("a name")),
        Some(Code::RecordPackage)
    );
    assert_eq!(changed(|body| body.sequence = 2), Some(Code::RecordSequence));
    assert_eq!(changed(|body| body.prev = Some(Cid::of(Codec::DagCbor, b"x"))), Some(Code::RecordSequence));
    assert_eq!(
        changed(|body| body.authority = Some(Cid::of(Codec::DagCbor, b"x"))),
        Some(Code::RecordAuthority)
    );
}

#[test]
fn t08_a_version_is_taken_for_ever() {
    let alice = key(1);
    let state = begin(&[&alice], 1);
    let state = follow(&state, release_body("1.0.0", &state), &[&alice]).expect("a release");
    assert_eq!(
        code(follow(&state, release_body("1.0.0", &state), &[&alice])),
        Some(Code::RecordVersionTaken)
    );
}

#[test]
fn t11_thresholds_count_distinct_keys() {
    let (alice, bob, eve) = (key(1), key(2), key(3));
    let state = begin(&[&alice, &bob], 2);
    let attempt = |keys: &[&ed25519_dalek::SigningKey]| follow(&state, release_body("1.0.0", &state), keys);
    assert_eq!(code(attempt(&[&alice])), Some(Code::RecordThreshold));
    assert_eq!(code(attempt(&[&alice, &alice])), Some(Code::EnvelopeSignature), "signed twice");
    assert_eq!(
        code(attempt(&[&alice, &bob, &alice])),
        Some(Code::EnvelopeSignature),
        "and one of them twice"
    );
    assert_eq!(code(attempt(&[])), Some(Code::RecordThreshold));
    assert_eq!(
        code(attempt(&[&alice, &bob, &eve])),
        Some(Code::EnvelopeSignature),
        "T33: a stranger's signature"
    );
    assert!(attempt(&[&bob, &alice]).is_ok());
    let unsigned =
        SignedRecord::from_envelope(&sign(init_body(&[&alice, &bob], 2), &[&alice]), None).expect("valid");
    assert_eq!(code(applied(None, &unsigned, TIME)), Some(Code::RecordThreshold), "an init by one of two");
}

#[test]
fn t34_a_key_signs_once_in_an_envelope() {
    let keys: Vec<_> = (1..=16).map(key).collect();
    let keys: Vec<_> = keys.iter().collect();
    let state = begin(&keys, 1);
    let last = *keys.iter().max_by_key(|key| public(key)).expect("a key");
    assert_eq!(
        code(follow(&state, release_body("1.0.0", &state), &[last; 32])),
        Some(Code::EnvelopeSignature)
    );
    assert_eq!(code(follow(&state, release_body("1.0.0", &state), &keys)), None, "all of them once");
    // Who stays is in both lists of a transfer, and signs once.
    let transfer = Transfer { to: powers(&keys, 1), next_version_floor: None };
    let transfer = || next(&state, Action::Transfer(transfer.clone()));
    assert_eq!(code(follow(&state, transfer(), &keys)), None);
    let twice: Vec<_> = keys.iter().chain(&keys).copied().collect();
    assert_eq!(code(follow(&state, transfer(), &twice)), Some(Code::EnvelopeSignature));
}

#[test]
fn t12_a_release_below_its_floor_is_refused() {
    let alice = key(1);
    let mut body = init_body(&[&alice], 1);
    if let Action::Init(init) = &mut body.action {
        init.floors.provenance = true;
    }
    let init = SignedRecord::from_envelope(&sign(body, &[&alice]), None).expect("signed");
    let state = applied(None, &init, TIME).expect("a state");
    assert_eq!(code(follow(&state, release_body("1.0.0", &state), &[&alice])), Some(Code::RecordFloor));
    let mut release = release_body("1.0.0", &state);
    if let Action::Release(action) = &mut release.action {
        let cid = Cid::of(Codec::Raw, b"attestation");
        action.provenance.push(Provenance { cid, size: 11, subject: serde_bytes::ByteArray::new([7; 32]) });
    }
    assert!(follow(&state, release, &[&alice]).is_ok());
}

#[test]
fn t18_a_signature_is_for_one_payload_type() {
    let alice = key(1);
    let state = begin(&[&alice], 1);
    let body = release_body("1.0.0", &state);
    let record = Record::encode(body.clone()).expect("a record");
    let json = sign(body, &[&alice]).to_json().replace("release.v1", "init.v1");
    let swapped = Envelope::from_json(json.as_bytes()).expect("still an envelope");
    assert!(SignedRecord::from_envelope(&swapped, Some(&state.authority)).is_err());
    assert_eq!(
        code(Record::decode("application/vnd.cidery.init.v1+cbor", record.bytes())),
        Some(Code::CborMalformed)
    );
    assert_eq!(code(Record::decode("text/plain", record.bytes())), Some(Code::EnvelopeType));
}

#[test]
fn entries_hold_what_was_signed_and_by_whom() {
    let (alice, bob) = (key(1), key(2));
    let state = begin(&[&alice, &bob], 2);
    let envelope = sign(release_body("1.0.0", &state), &[&bob, &alice]);
    let signed = SignedRecord::from_envelope(&envelope, Some(&state.authority)).expect("signed");
    assert_eq!(signed.signers().len(), 2);
    assert!(signed.signers().is_sorted());
    let entry = signed.entry(TIME).expect("an entry");
    assert_eq!(SignedRecord::from_entry(&entry, Some(&state.authority)), Ok((signed.clone(), TIME)));
    assert_eq!(code(signed.entry(u64::MAX)), Some(Code::CborMalformed));
    let whole = signed.encode().expect("bytes");
    assert_eq!(SignedRecord::decode(&whole, Some(&state.authority)), Ok(signed));
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let opened = SignedRecord::decode(&bytes, Some(&state.authority));
            let allowed = opened.and_then(|signed| state.authority.allows(&signed));
            assert!(allowed.is_err(), "byte {at}, bit {bit} changed and it passed");
        }
    }
}

#[test]
fn envelopes_are_strict() {
    let alice = key(1);
    let json = sign(init_body(&[&alice], 1), &[&alice]).to_json();
    let read = |text: &str| code(Envelope::from_json(text.as_bytes()));
    assert_eq!(read(&json), None);
    assert_eq!(read(&json.replace("{\"sig\"", "{\"keyid\":\"anything\",\"sig\"")), None, "keyid is ignored");
    assert_eq!(read(&json.replace("\"payload\":", "\"more\":1,\"payload\":")), Some(Code::EnvelopeMalformed));
    assert_eq!(
        read(&json.replacen("\"payload\":", "\"payload\":\"\",\"payload\":", 1)),
        Some(Code::EnvelopeMalformed)
    );
    assert_eq!(read(&format!("{json} x")), Some(Code::EnvelopeMalformed));
    assert_eq!(read(&json.replace("==\"}", "=\"}")), Some(Code::EnvelopeMalformed), "padding");
    assert_eq!(read(&" ".repeat(8 * 1024 + 1)), Some(Code::LimitExceeded));
    assert_eq!(read(""), Some(Code::EnvelopeMalformed));
}

#[test]
fn rules_of_one_record() {
    let alice = key(1);
    let init = |change: fn(&mut Powers)| {
        let mut body = init_body(&[&key(1), &key(2)], 1);
        if let Action::Init(action) = &mut body.action {
            change(action);
        }
        code(Record::encode(body))
    };
    assert_eq!(init(|_| {}), None);
    assert_eq!(init(|init| init.keys.reverse()), Some(Code::RecordInvalid));
    assert_eq!(init(|init| init.keys.push(init.keys[1])), Some(Code::RecordInvalid));
    assert_eq!(init(|init| init.keys.clear()), Some(Code::RecordInvalid));
    assert_eq!(init(|init| init.threshold = 0), Some(Code::RecordInvalid));
    assert_eq!(init(|init| init.threshold = 3), Some(Code::RecordInvalid));
    assert_eq!(init(|init| init.keys = vec![init.keys[0]; 17]), Some(Code::LimitExceeded));
    let recovery = |keys, threshold| Some(Recovery { keys, threshold, delay: 0 });
    let mut body = init_body(&[&alice], 1);
    for (keys, wanted) in [(vec![public(&alice)], Some(Code::RecordInvalid)), (vec![public(&key(9))], None)] {
        if let Action::Init(action) = &mut body.action {
            action.recovery = recovery(keys, 1);
        }
        assert_eq!(code(Record::encode(body.clone())), wanted);
    }
    let state = begin(&[&alice], 1);
    let release = |change: &dyn Fn(&mut RecordBody, &mut Release)| {
        let mut body = release_body("1.0.0", &state);
        let Action::Release(mut action) = body.action.clone() else { unreachable!() };
        change(&mut body, &mut action);
        code(Record::encode(RecordBody { action: Action::Release(action), ..body }))
    };
    assert_eq!(release(&|_, _| {}), None);
    assert_eq!(release(&|body, _| body.sequence = 0), Some(Code::RecordInvalid));
    assert_eq!(release(&|body, _| body.prev = None), Some(Code::RecordInvalid));
    assert_eq!(release(&|body, _| body.authority = None), Some(Code::RecordInvalid));
    assert_eq!(release(&|body, _| body.prev = Some(Cid::of(Codec::Raw, b""))), Some(Code::CidMalformed));
    assert_eq!(release(&|_, action| action.manifest = Cid::of(Codec::Raw, b"")), Some(Code::CidMalformed));
    assert_eq!(release(&|_, action| action.build.tool = "\u{7}".into()), Some(Code::RecordInvalid));
    assert_eq!(release(&|_, action| action.build.tool = String::new()), Some(Code::RecordInvalid));
}

#[test]
fn t01_names_in_the_scope_npm_stand_for_their_npm_package() {
    let npm = |name: &str| NpmSource {
        name: name.into(),
        version: "1.0.0".into(),
        integrity: "sha512-AA==".into(),
        checked: vec![],
    };
    let state = begin(&[&key(1)], 1);
    let release = |package: &str, npm: Option<NpmSource>| {
        let mut body = release_body("1.0.0", &state);
        body.package = package.parse().expect("a name");
        if let Action::Release(action) = &mut body.action {
            action.npm = npm;
        }
        code(Record::encode(body))
    };
    assert_eq!(release("@npm/hono", Some(npm("hono"))), None);
    assert_eq!(release("@npm/hono__node-server", Some(npm("@hono/node-server"))), None);
    assert_eq!(release("@npm/hono", Some(npm("zod"))), Some(Code::RecordInvalid));
    assert_eq!(release("@npm/hono", None), Some(Code::RecordInvalid));
    assert_eq!(release("@npm/a__b", Some(npm("a__b"))), Some(Code::RecordInvalid));
    for name in ["@a_/b", "@a/_b", "a___b", "@a__b/c", "@a/b__c", "a/b", "@a/b/c"] {
        assert_eq!(npm(name).package(), None, "{name}: two npm names would be one package, or it is no name");
    }
    assert_eq!(release("@acme/hono", Some(npm("hono"))), None);
}
