//! Packages as their publishers make them.

use cidery_keys::{SecretKey, Signer, sign_envelope};
use cidery_protocol::{
    Action, Attest, Build, Channel, Cid, Codec, Envelope, Floors, Powers, Provenance, PublicKey, Reason,
    Record, RecordBody, Rekey, Release, ReleaseRef, Severity, Signatories, Target, Void, Yank,
    manifest::{Compatibility, Manifest, ManifestBody, ManifestFormat, Module, ModuleKind, Needs},
};

use serde_bytes::ByteArray;
use sha2::{Digest, Sha256};

use super::{ORIGIN, key};

/// What one request publishes on top of what came before: a release, or other records of a package that has one.
#[derive(Clone)]
pub(crate) struct Pack {
    pub(crate) name: String,
    /// The newest release: its version, code, manifest and record.
    pub(crate) version: String,
    pub(crate) code: Vec<u8>,
    pub(crate) manifest: Manifest,
    pub(crate) release: Record,
    pub(crate) init: Record,
    /// The last record, and those of the request.
    pub(crate) record: Record,
    pub(crate) envelopes: Vec<Envelope>,
    /// Under which the next record stands.
    authority: Cid,
}

pub(crate) fn manifest_of(code: &[u8]) -> Manifest {
    Manifest::encode(ManifestBody {
        format: ManifestFormat::V1,
        main: "index.js".into(),
        exports: None,
        modules: vec![Module::describe("index.js", ModuleKind::Esm, code)],
        compatibility: Compatibility { date: "2026-11-01".into(), flags: vec![] },
        needs: Needs::default(),
        imports: vec![],
        bundled: vec![],
        source_maps: vec![],
    })
    .expect("a manifest")
}

pub(crate) fn sealed(record: &Record, keys: &[&SecretKey]) -> Envelope {
    let mut envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
    keys.iter().for_each(|key| sign_envelope(&mut envelope, *key).expect("a signature"));
    envelope
}

/// The powers of these keys, and a threshold.
pub(crate) fn powers(keys: &[&SecretKey], threshold: u64) -> Powers {
    let mut keys: Vec<PublicKey> = keys.iter().map(|key| key.public_key()).collect();
    keys.sort();
    Powers { keys, threshold, floors: Floors::default(), recovery: None }
}

/// A `rekey` by the publisher keys.
pub(crate) fn rekey(to: Powers, void: Vec<Void>) -> Action {
    Action::Rekey(Rekey { by: Signatories::Publishers, to, void, next_version_floor: None })
}

/// A `channel` that names releases, each with its weight.
pub(crate) fn channel(name: &str, targets: &[(&Pack, u64)]) -> Action {
    let target = |(package, weight): &(&Pack, u64)| Target { release: package.reference(), weight: *weight };
    let targets = targets.iter().map(target).collect();
    Action::Channel(Channel { name: name.parse().expect("a channel"), targets })
}

/// A `yank` of a release, or that it is taken back.
pub(crate) fn yank(package: &Pack, severity: Severity) -> Action {
    let reason = if severity == Severity::None { Reason::Restored } else { Reason::Broken };
    Action::Yank(Yank { release: package.reference(), severity, reason, text: None, replacement: None })
}

/// A statement about a release.
pub(crate) fn attest(package: &Pack, statement: &[u8]) -> Action {
    let subject = ByteArray::new(Sha256::digest(package.manifest.bytes()).into());
    let statement = Provenance { cid: Cid::of(Codec::Raw, statement), size: statement.len() as u64, subject };
    Action::Attest(Attest {
        release: package.reference(),
        predicate: "https://slsa.dev/provenance/v1".into(),
        statement,
    })
}

impl Pack {
    /// A package's first release.
    pub(crate) fn new(name: &str, code: &str) -> Self {
        Pack::by(name, code, &key(1), ORIGIN)
    }

    pub(crate) fn by(name: &str, code: &str, signer: &SecretKey, origin: &str) -> Self {
        Pack::begin(name, code, powers(&[signer], 1), &[signer], origin)
    }

    /// A package's first release under an `init` of its own.
    pub(crate) fn begin(
        name: &str,
        code: &str,
        powers: Powers,
        signers: &[&SecretKey],
        origin: &str,
    ) -> Self {
        let body = RecordBody {
            origin: origin.parse().expect("an origin"),
            package: name.parse().expect("a name"),
            sequence: 0,
            prev: None,
            authority: None,
            action: Action::Init(powers),
        };
        let init = Record::encode(body).expect("an init");
        let manifest = manifest_of(code.as_bytes());
        let begun = Pack {
            name: name.to_owned(),
            version: String::new(),
            code: Vec::new(),
            manifest,
            release: init.clone(),
            init: init.clone(),
            record: init.clone(),
            envelopes: vec![],
            authority: init.cid(),
        };
        let mut first = begun.release_by("1.0.0", code, signers);
        first.envelopes.insert(0, sealed(&init, signers));
        first
    }

    /// A release on top of this one.
    pub(crate) fn next(&self, version: &str, code: &str) -> Self {
        self.release_by(version, code, &[&key(1)])
    }

    pub(crate) fn release_by(&self, version: &str, code: &str, signers: &[&SecretKey]) -> Self {
        let manifest = manifest_of(code.as_bytes());
        let release = Release {
            version: version.parse().expect("a version"),
            manifest: manifest.cid(),
            build: Build { tool: "test".into(), lock: None },
            npm: None,
            provenance: vec![],
        };
        let next = self.then(Action::Release(release), signers);
        let (code, version) = (code.as_bytes().to_vec(), version.to_owned());
        Pack { version, code, manifest, release: next.record.clone(), ..next }
    }

    /// Any other record on top of this one.
    pub(crate) fn then(&self, action: Action, signers: &[&SecretKey]) -> Self {
        let is_authority = matches!(action, Action::Rekey(_) | Action::Transfer(_));
        let RecordBody { origin, package, sequence, .. } = self.record.body().clone();
        let record = Record::encode(RecordBody {
            origin,
            package,
            sequence: sequence + 1,
            prev: Some(self.record.cid()),
            authority: Some(self.authority),
            action,
        });
        let record = record.expect("a record");
        let authority = if is_authority { record.cid() } else { self.authority };
        Pack { envelopes: vec![sealed(&record, signers)], record, authority, ..self.clone() }
    }

    /// The same, with the next record standing under another authority.
    pub(crate) fn under(&self, authority: Cid) -> Self {
        Pack { authority, ..self.clone() }
    }

    /// The records of this request and of the one after it, in one.
    pub(crate) fn with(&self, next: Pack) -> Self {
        Pack { envelopes: [&self.envelopes[..], &next.envelopes[..]].concat(), ..next }
    }

    /// The CID of the release's record.
    pub(crate) fn release(&self) -> Cid {
        self.release.cid()
    }

    /// How other records refer to the release.
    pub(crate) fn reference(&self) -> ReleaseRef {
        ReleaseRef { version: self.version.parse().expect("a version"), record: self.release() }
    }

    pub(crate) fn request(&self) -> Vec<u8> {
        let has_release = self.envelopes.iter().any(|envelope| {
            envelope.claim().is_ok_and(|record| matches!(record.body().action, Action::Release(_)))
        });
        super::request(&self.envelopes, has_release.then_some(&self.manifest))
    }
}
