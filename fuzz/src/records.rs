//! Objects that are hashed and signed: manifests, records, envelopes and log entries (SPEC §5 to §7).

use cidery_protocol::{
    Cid, Codec, Envelope, LogEntry, MapEntry, Record, SignedRecord, limits,
    manifest::{Manifest, ModuleKind, is_host},
};

use crate::Fixture;

/// Any bytes as a manifest.
pub fn manifest(data: &[u8]) {
    let Ok(manifest) = Manifest::decode(data) else { return };
    assert_eq!(manifest.bytes(), data);
    assert_eq!(manifest.cid(), Cid::of(Codec::DagCbor, data));
    assert_eq!(Manifest::encode(manifest.body().clone()).as_ref(), Ok(&manifest));
    assert_eq!(Manifest::verify(manifest.cid(), data).as_ref(), Ok(&manifest));
    for altered in altered(data) {
        assert!(Manifest::verify(manifest.cid(), &altered).is_err());
    }

    let body = manifest.body();
    assert_eq!(body.module(&body.main).map(|main| main.kind), Some(ModuleKind::Esm));
    assert!(body.modules.len() <= limits::MANIFEST_MODULES);
    assert!(body.modules.iter().map(|module| module.size).sum::<u64>() <= limits::CODE_BYTES);
    for module in &body.modules {
        let odd = |part: &str| part.is_empty() || part == "." || part == "..";
        assert!(!module.path.split('/').any(odd), "{}", module.path);
        assert!(module.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b':'));
    }
    assert!(body.needs.egress.iter().all(|host| is_host(host)));
}

/// A payload type in the first line, a record after it.
pub fn record(data: &[u8]) {
    let Some(at) = data.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(payload_type) = str::from_utf8(&data[..at]) else { return };
    let payload = &data[at + 1..];
    if let Ok(record) = Record::decode(payload_type, payload) {
        assert_eq!(record.payload_type(), payload_type);
        well_formed(&record);
        assert_eq!(record.bytes(), payload);
    }
}

/// Any bytes as an entry of the log, and as a signed record, claimed and opened.
pub fn entry(data: &[u8]) {
    let claims = [SignedRecord::claim(data), SignedRecord::claim_of_entry(data).map(|(record, _)| record)];
    claims.iter().flatten().for_each(well_formed);
    if claims[1].is_ok() {
        let bytes = SignedRecord::bytes_in_entry(data).expect("it was an entry");
        assert_eq!(SignedRecord::claim(&bytes), claims[1]);
    }
    match LogEntry::decode(data) {
        Ok(LogEntry::Map(map)) => {
            assert_eq!(map.encode().as_deref(), Ok(data));
            assert!(claims[1].is_err(), "an entry is of one kind");
        }
        Ok(LogEntry::Record(record, _)) => assert_eq!(claims[1].as_ref(), Ok(&*record)),
        Err(_) => assert!(claims[1].is_err() && MapEntry::decode(data).is_err()),
    }
    let fixture = Fixture::get();
    for authority in [None, Some(&fixture.authority)] {
        if let Ok((signed, time)) = SignedRecord::from_entry(data, authority) {
            assert_eq!(signed.entry(time).as_deref(), Ok(data));
            fixture.signed(&signed);
        }
        if let Ok(signed) = SignedRecord::decode(data, authority) {
            assert_eq!(signed.encode().as_deref(), Ok(data));
            fixture.signed(&signed);
        }
    }
}

/// Any bytes as an envelope, claimed and opened.
pub fn envelope(data: &[u8]) {
    let Ok(envelope) = Envelope::from_json(data) else { return };
    let json = envelope.to_json();
    assert!(json.len() <= data.len(), "no form is shorter");
    assert_eq!(Envelope::from_json(json.as_bytes()).as_ref(), Ok(&envelope));
    if let Ok(record) = envelope.claim() {
        well_formed(&record);
    }
    let fixture = Fixture::get();
    for authority in [None, Some(&fixture.authority)] {
        if let Ok(signed) = SignedRecord::from_envelope(&envelope, authority) {
            // Many signatures may be more than an entry holds.
            if let Ok(entry) = signed.entry(Fixture::TIME) {
                let logged = SignedRecord::from_entry(&entry, authority);
                assert_eq!(
                    logged,
                    Ok((signed.clone(), Fixture::TIME)),
                    "what is admitted can be read from the log"
                );
            }
            assert!(signed.signers().is_sorted_by(|a, b| a < b));
            fixture.signed(&signed);
        }
    }
}

fn well_formed(record: &Record) {
    assert_eq!(Record::encode(record.body().clone()).as_ref(), Ok(record));
    assert_eq!(Record::decode(record.payload_type(), record.bytes()).as_ref(), Ok(record));
    assert_eq!(record.cid(), Cid::of(Codec::DagCbor, record.bytes()));
    let body = record.body();
    assert_eq!(body.sequence == 0, body.prev.is_none());
    assert_eq!(body.sequence == 0, body.authority.is_none());
}

/// The same bytes with one bit changed at the begin, in the middle and at the end.
fn altered(data: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    [0, data.len() / 2, data.len() - 1].into_iter().map(|at| {
        let mut altered = data.to_vec();
        altered[at] ^= 1 << (at % 8);
        altered
    })
}
