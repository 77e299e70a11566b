//! A publish request (SPEC §11.3): what can be judged without knowing the package, and then whether it may follow.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cidery_protocol::{
    Action, Attest, Authority, Cid, Envelope, Error as Refusal, Origin, PackageName, PackageState, Powers,
    PublicKey, Record, Rekey, Release, SignedRecord, Transfer, limits, manifest::Manifest,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{
    Error, Expectation,
    admission::statements,
    ledger::Step,
    scope::{self, ScopePolicy},
};

/// Records of a request.
const RECORDS: usize = 16;

/// What is to be published: well-formed, with the manifest that it names, and not yet anybody's word.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    records: Vec<(Envelope, Record)>,
    /// The last of the records: what the request is called by.
    pub(crate) record: Record,
    pub(crate) manifest: Option<Manifest>,
    /// What it says of each blob that it names.
    pub(crate) blobs: BTreeMap<Cid, Expectation>,
}

/// What a registry holds against records whatever their package says.
#[derive(Clone, Debug)]
pub(crate) struct House {
    pub(crate) origin: Origin,
    pub(crate) scopes: ScopePolicy,
    /// Keys of the log, its cosigner and its witnesses, which are no package's (SPEC §4.3).
    pub(crate) keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Json<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    manifest: Option<Cow<'a, str>>,
}

impl Publication {
    /// Reads a request's body. The steps:
    ///
    /// 1. It is within bounds, JSON of its shape, with 1 to 16 records.
    /// 2. Each is an envelope that claims to hold a record, with few enough signatures together, and all of one package.
    /// 3. At most one is a release; the manifest is there where one is, has the CID that it names, and is valid.
    /// 4. Its attestations, and statements about it, are of this manifest.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Error> {
        // (1)
        if body.len() > limits::PUBLISH_BYTES {
            let (got, limit) = (body.len() as u64, limits::PUBLISH_BYTES as u64);
            return Err(Refusal::Limit { what: "bytes of a publish request", got, limit }.into());
        }
        let json: Json<'_> =
            serde_json::from_slice(body).map_err(|error| Error::request(error.to_string()))?;
        if json.records.len() > RECORDS {
            let got = json.records.len();
            return Err(Error::request(format!("{got} records, wanted at most {RECORDS}")));
        }
        // (2)
        let mut records = Vec::with_capacity(json.records.len());
        for raw in json.records {
            let envelope = Envelope::from_json(raw.get().as_bytes())?;
            let record = envelope.claim()?;
            records.push((envelope, record));
        }
        let signatures = records.iter().map(|(envelope, _)| envelope.signatures().len()).sum::<usize>();
        if signatures > limits::PUBLISH_SIGNATURES {
            let (got, limit) = (signatures as u64, limits::PUBLISH_SIGNATURES as u64);
            return Err(Refusal::Limit { what: "signatures of a publish request", got, limit }.into());
        }
        let record = records.last().map(|(_, record)| record.clone());
        let record = record.ok_or_else(|| Error::request("wanted a record"))?;
        let wanted = &record.body().package;
        if let Some((_, other)) = records.iter().find(|(_, other)| other.body().package != *wanted) {
            let (got, wanted) = (other.body().package.to_string(), wanted.to_string());
            return Err(Refusal::RecordPackage { got, wanted }.into());
        }
        // (3)
        let mut publication = Publication { records, record, manifest: None, blobs: BTreeMap::new() };
        if publication.releases().count() > 1 {
            return Err(Error::request("wanted at most one release"));
        }
        publication.manifest = match (publication.release(), json.manifest) {
            (Some((_, release)), Some(text)) => {
                let bytes = STANDARD.decode(text.as_bytes());
                let bytes =
                    bytes.map_err(|error| Error::request(format!("the manifest is not base64: {error}")))?;
                Some(Manifest::verify(release.manifest, &bytes)?)
            }
            (None, None) => None,
            _ => return Err(Error::request("wanted a manifest where a release is, and nowhere else")),
        };
        // (4)
        if let (Some((cid, release)), Some(manifest)) = (publication.release(), &publication.manifest) {
            let about = publication.attests().filter(|attest| attest.release.record == cid);
            for statement in release.provenance.iter().chain(about.map(|attest| &attest.statement)) {
                is_about(manifest, &*statement.subject)?;
            }
        }
        let actions = publication.records.iter().map(|(_, record)| &record.body().action);
        let body = publication.manifest.as_ref().map(Manifest::body);
        publication.blobs = Expectation::of(body, actions.flat_map(statements))?;
        Ok(publication)
    }

    /// The record that begins a package, where the request does.
    pub(crate) fn beginning(&self) -> Option<&Record> {
        let (_, first) = self.records.first()?;
        matches!(first.body().action, Action::Init(_)).then_some(first)
    }

    /// Checks the signatures that need nothing but the request: where it begins a package, its keys are in it.
    ///
    /// # Errors
    /// `envelope.signature` or `record.threshold`.
    pub(crate) fn check_beginning(&self) -> Result<(), Error> {
        let Some(first) = self.beginning() else { return Ok(()) };
        let Some(((envelope, _), rest)) = self.records.split_first() else { return Ok(()) };
        let authority = Authority::begin(&SignedRecord::from_envelope(envelope, None)?)?;
        for (envelope, _) in rest.iter().filter(|(_, record)| record.body().authority == Some(first.cid())) {
            SignedRecord::from_envelope(envelope, Some(&authority))?;
        }
        Ok(())
    }

    pub(crate) fn cid(&self) -> Cid {
        self.record.cid()
    }

    pub(crate) fn package(&self) -> &PackageName {
        &self.record.body().package
    }

    /// The release among the records, with its record's CID.
    pub(crate) fn release(&self) -> Option<(Cid, &Release)> {
        self.releases().next()
    }

    /// The statements about releases that are not in this request.
    pub(crate) fn attests_of_others(&self) -> impl Iterator<Item = &Attest> {
        let own = self.release().map(|(cid, _)| cid);
        self.attests().filter(move |attest| Some(attest.release.record) != own)
    }

    /// How many of the records, from the first one on, are `known`: they are passed over.
    pub(crate) fn passed(&self, known: impl Fn(&Cid) -> Result<bool, Error>) -> Result<usize, Error> {
        for (at, (_, record)) in self.records.iter().enumerate() {
            if !known(&record.cid())? {
                return Ok(at);
            }
        }
        Ok(self.records.len())
    }

    /// The number of its records.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The place of a record in the package's log.
    pub(crate) fn sequence(&self, at: usize) -> u64 {
        self.records.get(at).map_or(0, |(_, record)| record.body().sequence)
    }

    /// The records from the one at `passed` on, as they would be appended on top of `state` at `time`, and the state after them.
    /// The steps:
    ///
    /// 1. The records are for this log, and an `init` has a key that may begin a package in its scope: else no signature counts.
    /// 2. The signatures are valid and by keys that have a say.
    /// 3. The state machine of SPEC §6.4 agrees.
    /// 4. Keys are not the log's own, and who begins a package may do so in its scope.
    pub(crate) fn follow(
        &self,
        passed: usize,
        mut state: Option<PackageState>,
        time: u64,
        house: &House,
    ) -> Result<(Vec<Step>, Option<PackageState>), Error> {
        // (1)
        let records = &self.records[passed..];
        if let Some((_, other)) = records.iter().find(|(_, record)| record.body().origin != house.origin) {
            let (got, wanted) = (other.body().origin.to_string(), house.origin.to_string());
            return Err(Refusal::RecordOrigin { got, wanted }.into());
        }
        for (_, record) in records {
            house.scopes.check(record)?;
        }
        let mut steps = Vec::with_capacity(records.len());
        for (envelope, _) in records {
            // (2)
            let authority = state.as_ref().map(|state| state.authority_at(time));
            let record = SignedRecord::from_envelope(envelope, authority)?;
            // (3)
            let step = Step::apply(&mut state, record, time)?;
            // (4)
            house.welcomes(&step.record)?;
            steps.push(step);
        }
        Ok((steps, state))
    }

    fn releases(&self) -> impl Iterator<Item = (Cid, &Release)> {
        self.records.iter().filter_map(|(_, record)| match &record.body().action {
            Action::Release(release) => Some((record.cid(), release)),
            _ => None,
        })
    }

    fn attests(&self) -> impl Iterator<Item = &Attest> {
        self.records.iter().filter_map(|(_, record)| match &record.body().action {
            Action::Attest(attest) => Some(attest),
            _ => None,
        })
    }
}

impl House {
    fn welcomes(&self, signed: &SignedRecord) -> Result<(), Error> {
        let body = signed.record().body();
        let Some(powers) = powers(&body.action) else { return Ok(()) };
        if scope::keys(powers).any(|key| self.keys.contains(key)) {
            let reason = "a key of the package is a key of the log or of a witness (SPEC §4.3)".to_owned();
            return Err(Refusal::Record { reason }.into());
        }
        match &body.action {
            Action::Init(_) => self.scopes.check_signers(body, signed.signers()),
            _ => Ok(()),
        }
    }
}

/// Whether `subject` is the SHA-256 of a manifest.
///
/// # Errors
/// `record.invalid`.
pub(crate) fn is_about(manifest: &Manifest, subject: &[u8]) -> Result<(), Refusal> {
    if Sha256::digest(manifest.bytes())[..] == *subject {
        return Ok(());
    }
    let reason = "a statement is not about the manifest of the release that it is said to be of".to_owned();
    Err(Refusal::Record { reason })
}

/// What a record says of who has the say.
fn powers(action: &Action) -> Option<&Powers> {
    match action {
        Action::Init(powers) => Some(powers),
        Action::Rekey(Rekey { to, .. }) | Action::Transfer(Transfer { to, .. }) => Some(to),
        _ => None,
    }
}
