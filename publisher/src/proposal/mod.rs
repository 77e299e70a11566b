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

mod check;
mod file;
mod quorum;
mod said;
mod words;

use std::collections::BTreeMap;

use cidery_keys::{Signer, sign_envelope};
use cidery_protocol::manifest::Manifest;
use cidery_protocol::{
    Action, Authority, Cid, Envelope, Error, Origin, PackageName, PackageState, Powers, Provenance, Record,
    RecordBody, Signatories, SignedRecord,
};
use sha2::{Digest, Sha256};

pub(crate) use self::quorum::Quorum;
pub(crate) use self::said::Said;
pub(crate) use self::words::{Voided, kind, percent, voided};
use crate::failure::Failure;
use crate::history::History;
use crate::text::Text;

/// Records of a publish request (SPEC §11.3).
const RECORDS: usize = 16;

/// Records of one package, in their order, that are signed and logged together.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    init: Cid,
    /// The signed records from the package's `init` to the authority that they stand under; none where they begin the package.
    chain: Vec<Vec<u8>>,
    authority: Option<Authority>,
    records: Vec<Record>,
    envelopes: Vec<Envelope>,
    manifest: Option<Manifest>,
    /// Every blob that the records name: modules, source maps and statements.
    blobs: BTreeMap<Cid, Vec<u8>>,
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
        let init = match history {
            Some(history) => history.state.init,
            None => begins(&records)?,
        };
        let proposal = Proposal { init, chain, authority, records, envelopes, manifest, blobs };
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
    pub(crate) fn init(&self) -> Cid {
        self.init
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

/// The record that a package begins with, where these begin it.
fn begins(records: &[Record]) -> Result<Cid, Failure> {
    records.first().map(Record::cid).ok_or_else(|| broken("there is no record"))
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
