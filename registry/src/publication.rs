//! A publish request (SPEC §11.3): what can be judged without knowing the package, and then whether it may follow.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cidery_protocol::{
    Action, Authority, Cid, Envelope, Error as Refusal, Origin, PackageName, PackageState, PublicKey, Record,
    SignedRecord, limits, manifest::Manifest,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{Error, Expectation, ledger::Step, scope::ScopePolicy};

/// What is to be published: well-formed, with the manifest that it names, and not yet anybody's word.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    init: Option<(Envelope, Record)>,
    envelope: Envelope,
    record: Record,
    pub(crate) manifest: Manifest,
    /// What it says of each blob that it names.
    pub(crate) blobs: BTreeMap<Cid, Expectation>,
}

/// What a registry holds against records whatever their package says.
#[derive(Clone, Debug)]
pub(crate) struct House {
    pub(crate) origin: Origin,
    pub(crate) scopes: ScopePolicy,
    /// Keys of the log and its cosigner, which are nobody's publisher keys (SPEC §4.3).
    pub(crate) keys: [PublicKey; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Json<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
    #[serde(borrow)]
    manifest: std::borrow::Cow<'a, str>,
}

impl Publication {
    /// Reads a request's body. The steps:
    ///
    /// 1. It is within bounds, JSON of its shape, with one or two records.
    /// 2. Each is an envelope that claims to hold a record.
    /// 3. They are a release, or an init and a release.
    /// 4. The manifest has the CID that the release names, and is valid; attestations are of this manifest.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Error> {
        // (1)
        if body.len() > limits::PUBLISH_BYTES {
            let (got, limit) = (body.len() as u64, limits::PUBLISH_BYTES as u64);
            return Err(Refusal::Limit { what: "bytes of a publish request", got, limit }.into());
        }
        let json: Json<'_> =
            serde_json::from_slice(body).map_err(|error| Error::request(error.to_string()))?;
        if !(1..=2).contains(&json.records.len()) {
            return Err(Error::request(format!("{} records, wanted 1 or 2", json.records.len())));
        }
        let manifest = STANDARD
            .decode(json.manifest.as_bytes())
            .map_err(|error| Error::request(format!("the manifest is not base64: {error}")))?;
        // (2)
        let mut records = Vec::with_capacity(2);
        for raw in json.records {
            let envelope = Envelope::from_json(raw.get().as_bytes())?;
            let record = envelope.claim()?;
            records.push((envelope, record));
        }
        // (3)
        let shape = || Error::request("wanted a release, or an init and its first release, in this order");
        let (envelope, record) = records.pop().ok_or_else(shape)?;
        let Action::Release(release) = &record.body().action else { return Err(shape()) };
        let init = records.pop();
        if init.as_ref().is_some_and(|(_, record)| !matches!(record.body().action, Action::Init(_))) {
            return Err(shape());
        }
        // (4)
        let manifest = Manifest::verify(release.manifest, &manifest)?;
        let subject: [u8; 32] = Sha256::digest(manifest.bytes()).into();
        if release.provenance.iter().any(|provenance| *provenance.subject != subject) {
            let reason = "an attestation is not of the manifest that the release names".to_owned();
            return Err(Refusal::Record { reason }.into());
        }
        let blobs = Expectation::of(manifest.body(), release)?;
        Ok(Publication { init, envelope, record, manifest, blobs })
    }

    /// Checks the signatures that need nothing but the request: where it begins a package, its keys are in it.
    ///
    /// # Errors
    /// `envelope.signature` or `record.threshold`.
    pub(crate) fn check_beginning(&self) -> Result<(), Error> {
        if let Some((envelope, _)) = &self.init {
            let authority = Authority::begin(&SignedRecord::from_envelope(envelope, None)?)?;
            SignedRecord::from_envelope(&self.envelope, Some(&authority))?;
        }
        Ok(())
    }

    /// The release's record.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    pub(crate) fn cid(&self) -> Cid {
        self.record.cid()
    }

    pub(crate) fn package(&self) -> &PackageName {
        &self.record.body().package
    }

    /// Whether the request would begin a package with another record than `init`.
    pub(crate) fn begins_other_than(&self, init: &Cid) -> bool {
        self.init.as_ref().is_some_and(|(_, record)| record.cid() != *init)
    }

    /// The records that would be appended, with the state after each. `before` is the package's state and its `init`.
    /// An `init` that is the package's own already is left out. The steps:
    ///
    /// 1. The records are for this log.
    /// 2. The signatures are valid and by keys that have a say.
    /// 3. Who begins a package may do so in its scope, with keys that are not the log's own.
    /// 4. The state machine of SPEC §6.4 agrees.
    pub(crate) fn follow(
        &self,
        before: Option<(&PackageState, Cid)>,
        house: &House,
    ) -> Result<Vec<Step>, Error> {
        // (1)
        for record in self.init.iter().map(|(_, record)| record).chain([&self.record]) {
            let (got, wanted) = (&record.body().origin, &house.origin);
            if got != wanted {
                let (got, wanted) = (got.to_string(), wanted.to_string());
                return Err(Refusal::RecordOrigin { got, wanted }.into());
            }
        }
        let mut state = before.map(|(state, _)| state.clone());
        let mut steps = Vec::with_capacity(2);
        if let Some((envelope, record)) = &self.init
            && before.is_none_or(|(_, init)| init != record.cid())
        {
            // (2) and (4)
            let signed = SignedRecord::from_envelope(envelope, None)?;
            let after = PackageState::apply(state.as_ref(), &signed)?;
            // (3)
            house.welcomes(&signed)?;
            state = Some(after.clone());
            steps.push(Step { record: signed, after });
        }
        // (2) and (4)
        let authority = state.as_ref().map(|state| &state.authority);
        let signed = SignedRecord::from_envelope(&self.envelope, authority)?;
        let after = PackageState::apply(state.as_ref(), &signed)?;
        steps.push(Step { record: signed, after });
        Ok(steps)
    }
}

impl House {
    fn welcomes(&self, init: &SignedRecord) -> Result<(), Error> {
        let Action::Init(action) = &init.record().body().action else {
            return Err(Error::internal("a package that begins without an init"));
        };
        let recovery = action.recovery.iter().flat_map(|recovery| &recovery.keys);
        if action.keys.iter().chain(recovery).any(|key| self.keys.contains(key)) {
            let reason = "a key of the package is a key of the log (SPEC §4.3)".to_owned();
            return Err(Refusal::Record { reason }.into());
        }
        let scope = init.record().body().package.scope();
        if self.scopes.allows(scope, init.signers()) {
            Ok(())
        } else {
            Err(Error::Scope { scope: scope.to_owned() })
        }
    }
}
