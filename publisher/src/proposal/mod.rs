//! Records that are to be signed, with all that is needed to judge and to send them.
//!
//! ```text
//!  a command ── Proposal::new ──┐                    ┌── sign ──┐
//!  a file ───── file::read ─────┴──► Proposal ───────┤          ├──► complete ──► submit ──► the log
//!                                    │  says, quorums └── merge ─┘
//!                                    └──► file::write
//! ```
//!
//! A proposal comes from a file that anybody may have written, too: it can only be made where all its parts belong together,
//! and where each signature in it is valid and by a key that counts.

pub(crate) mod file;
mod quorum;
mod words;

use std::collections::BTreeMap;

use cidery_keys::{Signer, sign_envelope};
use cidery_protocol::manifest::Manifest;
use cidery_protocol::{
    Action, Authority, Cid, Envelope, Error, Origin, PackageName, PackageState, Powers, Provenance,
    PublicKey, Record, RecordBody, Signatories, SignedRecord,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

pub(crate) use self::quorum::Quorum;
pub(crate) use self::words::{kind, percent, voided};
use crate::failure::Failure;
use crate::history::History;
use crate::text::Text;

/// Records of a publish request (SPEC §11.3).
const RECORDS: usize = 16;

/// Records of one package, in their order, that are signed and logged together.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    /// The signed records from the package's `init` to the authority that they stand under; none where they begin the package.
    chain: Vec<Vec<u8>>,
    authority: Option<Authority>,
    records: Vec<Record>,
    envelopes: Vec<Envelope>,
    manifest: Option<Manifest>,
    /// Every blob that the records name: modules, source maps and statements.
    blobs: BTreeMap<Cid, Vec<u8>>,
}

/// A record of a proposal, as far as there is something to say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Said {
    kind: &'static str,
    sequence: u64,
    record: Text<Cid>,
    /// What it does, a sentence each.
    does: Vec<String>,
    signatures: Vec<Quorum>,
}

impl Said {
    /// The publisher keys that signed it.
    pub(crate) fn publishers(&self) -> Vec<PublicKey> {
        self.signatures.first().into_iter().flat_map(|quorum| quorum.signed.iter().map(|key| key.0)).collect()
    }

    /// It, for people: what it does, and where it is asked for, who has signed.
    pub(crate) fn text(&self, with_signatures: bool) -> String {
        let mut text = format!("record {} of the package, {}:", self.sequence, self.kind);
        for line in &self.does {
            text.push_str(&format!("\n  {line}"));
        }
        for quorum in self.signatures.iter().filter(|_| with_signatures) {
            text.push_str(&format!("\n  signatures: {}", quorum.says()));
        }
        text
    }
}

impl Proposal {
    /// Takes records on top of a package's history; where there is none, they begin the package.
    ///
    /// # Errors
    /// The parts do not belong together.
    pub(crate) fn new(
        history: Option<&History>,
        records: Vec<Record>,
        manifest: Option<Manifest>,
        blobs: BTreeMap<Cid, Vec<u8>>,
    ) -> Result<Self, Failure> {
        let (chain, authority) = match history {
            Some(history) => (history.chain(), Some(history.state.authority.clone())),
            None => (Vec::new(), None),
        };
        let envelope = |record: &Record| Envelope::new(record.payload_type(), record.bytes().to_vec());
        let envelopes = records.iter().map(envelope).collect();
        let proposal = Proposal { chain, authority, records, envelopes, manifest, blobs };
        proposal.check()?;
        Ok(proposal)
    }

    /// The package.
    pub(crate) fn package(&self) -> &PackageName {
        &self.last().body().package
    }

    /// The log that the records are for.
    pub(crate) fn origin(&self) -> &Origin {
        &self.last().body().origin
    }

    /// The record that the package begins with.
    pub(crate) fn init(&self) -> Option<Cid> {
        match self.chain.first() {
            Some(init) => SignedRecord::claim(init).ok().map(|init| init.cid()),
            None => self.records.first().map(Record::cid),
        }
    }

    /// The last record: the one that the others are for.
    pub(crate) fn last(&self) -> &Record {
        // `check` refuses a proposal without records.
        &self.records[self.records.len() - 1]
    }

    /// All of them, in their order.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The envelopes, as they are posted.
    pub(crate) fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }

    /// The code of the release among the records.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// A blob that the records name.
    pub(crate) fn blob(&self, cid: &Cid) -> Option<&[u8]> {
        self.blobs.get(cid).map(Vec::as_slice)
    }

    /// Signs with each key that counts and has not signed.
    ///
    /// # Errors
    /// [`Failure::KeyNotAuthorised`] for a key that counts for none of the records, [`Failure::Key`].
    pub(crate) fn sign(&mut self, keys: &[Box<dyn Signer>]) -> Result<(), Failure> {
        for key in keys {
            let public = key.public_key();
            let mut counts = false;
            for at in 0..self.records.len() {
                let quorums = self.quorums(at)?;
                counts |= quorums.iter().any(|quorum| quorum.keys.contains(&Text(public)));
                if quorums.iter().any(|quorum| quorum.silent().any(|silent| silent == public)) {
                    sign_envelope(&mut self.envelopes[at], key.as_ref())?;
                }
            }
            if !counts {
                return Err(Failure::KeyNotAuthorised {
                    package: self.package().clone(),
                    got: Box::new(public),
                });
            }
        }
        Ok(())
    }

    /// Takes over the signatures of another proposal of the same records.
    ///
    /// # Errors
    /// `envelope.malformed` where the records are others.
    pub(crate) fn merge(&mut self, other: &Proposal) -> Result<(), Failure> {
        if self.envelopes.len() != other.envelopes.len() {
            let reason = "the other file holds other records".to_owned();
            return Err(Error::Envelope { reason }.into());
        }
        for (ours, theirs) in self.envelopes.iter_mut().zip(&other.envelopes) {
            ours.merge(theirs)?;
        }
        self.check()
    }

    /// Whether each record has the signatures that it wants.
    ///
    /// # Errors
    /// `record.threshold`, with the keys that are missing.
    pub(crate) fn complete(&self) -> Result<(), Failure> {
        for at in 0..self.records.len() {
            for quorum in self.quorums(at)? {
                if !quorum.is_met() {
                    let missing = quorum.silent().collect();
                    let (got, wanted) = (quorum.signed.len(), quorum.wanted);
                    return Err(Failure::Unsigned { kind: self.kind(at), got, wanted, missing });
                }
            }
        }
        Ok(())
    }

    /// What each record does, and who has signed it; with a state before, also what becomes void.
    ///
    /// # Errors
    /// `envelope.signature`.
    pub(crate) fn says(&self, state: Option<&PackageState>) -> Result<Vec<Said>, Failure> {
        let said = |(at, record): (usize, &Record)| {
            let body = record.body();
            let before = self.authority.as_ref().map(|authority| &authority.powers);
            let mut does = words::does(body, before, self.manifest.as_ref());
            if let Some(state) = state {
                does.extend(words::voids(body, state));
                if let (Some(pending), Action::Rekey(_) | Action::Transfer(_)) =
                    (&state.pending, &body.action)
                {
                    let record = pending.authority.cid;
                    does.push(format!("the rekey {record}, which waits, never takes effect"));
                }
            }
            let (kind, sequence, record) = (self.kind(at), body.sequence, Text(record.cid()));
            Ok(Said { kind, sequence, record, does, signatures: self.quorums(at)? })
        };
        self.records.iter().enumerate().map(said).collect()
    }

    fn kind(&self, at: usize) -> &'static str {
        kind(&self.records[at].body().action)
    }

    /// Whose signatures a record wants and has.
    fn quorums(&self, at: usize) -> Result<Vec<Quorum>, Failure> {
        let record = &self.records[at];
        let authority = self.authority_of(at);
        let signed = SignedRecord::from_envelope(&self.envelopes[at], authority.as_ref())?;
        let powers = match (&record.body().action, &authority) {
            (Action::Init(powers), _) => powers,
            (_, Some(authority)) => &authority.powers,
            (_, None) => return Err(broken("a record stands under no authority")),
        };
        Ok(Quorum::all(record.body(), powers, signed.signers()))
    }

    /// The authority that a record stands under; of one that follows an `init` here it is that one's, signed or not.
    fn authority_of(&self, at: usize) -> Option<Authority> {
        let first = self.records.first()?;
        match &first.body().action {
            Action::Init(_) if at == 0 => None,
            Action::Init(powers) => Some(begun_by(first, powers)),
            _ => self.authority.clone(),
        }
    }

    /// All that a registry, or somebody who signs, relies on: the parts belong together, and no signature is a false one.
    fn check(&self) -> Result<(), Failure> {
        let many = self.records.len();
        if many > RECORDS {
            let (got, limit) = (many as u64, RECORDS as u64);
            return Err(Error::Limit { what: "records of a proposal", got, limit }.into());
        }
        let Some(first) = self.records.first() else { return Err(broken("there is no record")) };
        self.check_start(first)?;
        for (at, pair) in self.records.windows(2).enumerate() {
            self.check_link(at + 1, &pair[0], &pair[1])?;
        }
        for at in 0..many {
            self.quorums(at)?;
        }
        self.check_content()
    }

    /// The first record stands under the authority that the chain leads to.
    fn check_start(&self, first: &Record) -> Result<(), Failure> {
        let body = first.body();
        match (&body.action, &self.authority) {
            (Action::Init(_), None) => Ok(()),
            (Action::Init(_), Some(_)) => Err(broken("an init begins a package that exists")),
            (_, None) => Err(broken("nothing shows who may sign")),
            (_, Some(authority))
                if (&authority.origin, &authority.package) != (&body.origin, &body.package) =>
            {
                Err(broken("the record is of another package than those who may sign"))
            }
            (_, Some(authority)) if body.authority != Some(authority.cid) => {
                let got = body.authority.map_or("none".to_owned(), |cid| cid.to_string());
                Err(Error::RecordAuthority { got, wanted: authority.cid.to_string() }.into())
            }
            _ => Ok(()),
        }
    }

    /// Each record is the next one of the same package, under the same authority.
    fn check_link(&self, at: usize, before: &Record, record: &Record) -> Result<(), Failure> {
        let (before_body, body) = (before.body(), record.body());
        if matches!(before_body.action, Action::Rekey(_) | Action::Transfer(_)) {
            return Err(broken("after a record that says who may sign there is another one"));
        }
        let follows = body.prev == Some(before.cid())
            && body.sequence == before_body.sequence + 1
            && (&body.origin, &body.package) == (&before_body.origin, &before_body.package)
            && body.authority == self.authority_of(at).map(|authority| authority.cid);
        if follows { Ok(()) } else { Err(broken("the records do not follow each other")) }
    }

    /// The manifest is the release's, statements are about it, and the blobs are those that are named.
    fn check_content(&self) -> Result<(), Failure> {
        let mut named = BTreeMap::new();
        let mut releases = 0;
        for record in &self.records {
            let statements: &[Provenance] = match &record.body().action {
                Action::Release(release) => {
                    releases += 1;
                    let Some(manifest) = self.manifest.as_ref().filter(|m| m.cid() == release.manifest)
                    else {
                        return Err(broken("the manifest is not the release's"));
                    };
                    named.extend(manifest.body().blobs());
                    let subject = sha256(manifest.bytes());
                    if release.provenance.iter().any(|statement| *statement.subject != subject) {
                        return Err(broken("an attestation is about other code"));
                    }
                    &release.provenance
                }
                Action::Attest(attest) => std::slice::from_ref(&attest.statement),
                _ => &[],
            };
            named.extend(statements.iter().map(|statement| (statement.cid, statement.size)));
        }
        if releases > 1 || (releases == 0 && self.manifest.is_some()) {
            return Err(broken("wanted one release with its manifest, or neither"));
        }
        let there: BTreeMap<Cid, u64> =
            self.blobs.iter().map(|(cid, bytes)| (*cid, bytes.len() as u64)).collect();
        if there == named { Ok(()) } else { Err(broken("the blobs are not those that the records name")) }
    }
}

/// The next record of a package.
///
/// # Errors
/// The rule of SPEC §6.3 that it breaks.
pub(crate) fn next(state: &PackageState, action: Action) -> Result<Record, Failure> {
    let Authority { cid, origin, package, .. } = &state.authority;
    Ok(Record::encode(RecordBody {
        origin: origin.clone(),
        package: package.clone(),
        sequence: state.sequence + 1,
        prev: Some(state.newest),
        authority: Some(*cid),
        action,
    })?)
}

/// A statement about the code of `manifest`.
pub(crate) fn statement(manifest: &Manifest, bytes: &[u8]) -> Provenance {
    Provenance {
        cid: Cid::of(cidery_protocol::Codec::Raw, bytes),
        size: bytes.len() as u64,
        subject: serde_bytes::ByteArray::new(sha256(manifest.bytes())),
    }
}

fn begun_by(init: &Record, powers: &Powers) -> Authority {
    let RecordBody { origin, package, .. } = init.body();
    Authority {
        cid: init.cid(),
        origin: origin.clone(),
        package: package.clone(),
        sequence: 0,
        by: Signatories::Publishers,
        delay: 0,
        position: 0,
        powers: powers.clone(),
        version_floor: None,
        void: Vec::new(),
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn broken(reason: &str) -> Failure {
    Error::Record { reason: reason.to_owned() }.into()
}
