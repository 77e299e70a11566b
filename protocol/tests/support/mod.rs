//! Makes objects for the tests of this folder; keys are known to everybody.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod any;
pub mod near;

use cidery_protocol::{manifest::*, *};
use ed25519_dalek::{Signer, SigningKey};

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes()).expect("a public key")
}

pub fn manifest_body() -> ManifestBody {
    ManifestBody {
        format: ManifestFormat::V1,
        main: "index.js".into(),
        exports: None,
        modules: vec![
            Module::describe("data/words.txt", ModuleKind::Text, b"one two"),
            Module::describe("index.js", ModuleKind::Esm, b"export default {}"),
        ],
        compatibility: Compatibility { date: "2026-11-01".into(), flags: vec!["nodejs_compat".into()] },
        needs: Needs {
            egress: vec!["api.example.com".into(), "localhost:8080".into()],
            bindings: vec!["CACHE".into()],
            limits: NeedLimits { cpu_ms: Some(50), subrequests: None },
        },
        imports: vec![],
        bundled: vec![Bundled {
            name: "hono".into(),
            version: "4.0.0".into(),
            integrity: Some("sha512-AAAA".into()),
        }],
        source_maps: vec![SourceMap { module: "index.js".into(), cid: Cid::of(Codec::Raw, b"{}"), size: 2 }],
    }
}

pub fn init_body(keys: &[&SigningKey], threshold: u64) -> RecordBody {
    RecordBody {
        origin: "log.example".parse().expect("an origin"),
        package: "@acme/hello".parse().expect("a name"),
        sequence: 0,
        prev: None,
        authority: None,
        action: Action::Init(powers(keys, threshold)),
    }
}

/// The next record of a package.
pub fn next(state: &PackageState, action: Action) -> RecordBody {
    RecordBody {
        origin: state.authority.origin.clone(),
        package: state.authority.package.clone(),
        sequence: state.sequence + 1,
        prev: Some(state.newest),
        authority: Some(state.authority.cid),
        action,
    }
}

pub fn release_body(version: &str, state: &PackageState) -> RecordBody {
    let release = Release {
        version: version.parse().expect("a version"),
        manifest: Cid::of(Codec::DagCbor, version.as_bytes()),
        build: Build { tool: "by hand".into(), lock: None },
        npm: None,
        provenance: vec![],
    };
    next(state, Action::Release(release))
}

/// A release that is there.
pub fn reference(version: &str, state: &PackageState) -> ReleaseRef {
    let version: Version = version.parse().expect("a version");
    let record = state.releases.get(&version).expect("it is there").record;
    ReleaseRef { version, record }
}

pub fn powers(keys: &[&SigningKey], threshold: u64) -> Powers {
    let mut keys: Vec<PublicKey> = keys.iter().map(|key| public(key)).collect();
    keys.sort();
    Powers { keys, threshold, floors: Floors::default(), recovery: None }
}

pub fn sign(body: RecordBody, keys: &[&SigningKey]) -> Envelope {
    let record = Record::encode(body).expect("a record");
    let mut envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
    for key in keys {
        envelope.push(Signature::from_bytes(key.sign(&envelope.signing_bytes()).to_bytes()));
    }
    envelope
}

/// When the first record of a test is logged.
pub const TIME: u64 = 1_790_000_000;

pub fn begin(keys: &[&SigningKey], threshold: u64) -> PackageState {
    begin_with(init_body(keys, threshold), keys)
}

pub fn begin_with(init: RecordBody, keys: &[&SigningKey]) -> PackageState {
    let signed = SignedRecord::from_envelope(&sign(init, keys), None).expect("signed");
    applied(None, &signed, TIME).expect("a state")
}

/// The state after `signed`. What it changed is told, and nothing is where it is refused.
pub fn applied(
    before: Option<&PackageState>,
    signed: &SignedRecord,
    time: u64,
) -> Result<PackageState, Error> {
    let mut state = before.cloned();
    match PackageState::apply(&mut state, signed, time) {
        Err(error) => {
            assert_eq!(state.as_ref(), before, "what is refused changes nothing");
            Err(error)
        }
        Ok(changed) => {
            let after = state.expect("a package has begun");
            if let Some(before) = before {
                assert_eq!(changed, difference(before, &after));
            }
            Ok(after)
        }
    }
}

/// The releases and channels that are not what they were.
fn difference(before: &PackageState, after: &PackageState) -> Changed {
    let releases = after.releases.iter().filter(|(version, is)| before.releases.get(*version) != Some(*is));
    let channels = after.channels.iter().filter(|(name, is)| before.channels.get(*name) != Some(*is));
    Changed {
        releases: releases.map(|(version, _)| version.clone()).collect(),
        channels: channels.map(|(name, _)| name.clone()).collect(),
    }
}

/// Opens the record as a registry does that logs it at `time`, and applies it.
pub fn follow_at(
    state: &PackageState,
    body: RecordBody,
    keys: &[&SigningKey],
    time: u64,
) -> Result<PackageState, Error> {
    let authority = state.at(time).authority;
    let signed = SignedRecord::from_envelope(&sign(body, keys), Some(&authority))?;
    applied(Some(state), &signed, time)
}

pub fn follow(state: &PackageState, body: RecordBody, keys: &[&SigningKey]) -> Result<PackageState, Error> {
    follow_at(state, body, keys, TIME)
}
