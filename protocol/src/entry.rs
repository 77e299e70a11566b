//! Entries of the log (SPEC §7.1): records with their signatures, reached only through their verification.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{Action, Authority, Envelope, Error, PublicKey, Record, Signature, canonical, limits, pae};

/// A record whose signatures are valid, together with the entry under which it is, or will be, in the log.
///
/// The keys are those of the authority before it, or, for an `init`, its own: they show that whoever began the package
/// holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRecord {
    record: Record,
    signers: Vec<PublicKey>,
    entry: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: EntryKind,
    #[serde(rename = "type")]
    payload_type: String,
    payload: ByteBuf,
    signatures: Vec<EntrySignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EntryKind {
    Record,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntrySignature {
    key: PublicKey,
    sig: Signature,
}

impl SignedRecord {
    /// Opens an envelope, as a registry does: a signature by any other key is refused.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Record`] where there is no authority yet and the record is no `init`, or what
    /// [`Record::decode`] says.
    pub fn from_envelope(envelope: &Envelope, authority: Option<&Authority>) -> Result<Self, Error> {
        let record = Record::decode(envelope.payload_type(), envelope.payload())?;
        let signatures = envelope.signers(authorised(&record, authority)?)?;
        let signers = signatures.iter().map(|(key, _)| *key).collect();
        let entry = Entry {
            kind: EntryKind::Record,
            payload_type: record.payload_type().to_owned(),
            payload: ByteBuf::from(record.bytes()),
            signatures: signatures.into_iter().map(|(key, sig)| EntrySignature { key, sig }).collect(),
        };
        let entry = canonical::encode("log entry", &entry)?;
        canonical::within("log entry", limits::ENTRY_BYTES, entry.len())?;
        Ok(SignedRecord { record, signers, entry })
    }

    /// What an entry of the log claims to hold, as [`Envelope::claim`] for envelopes: it tells whose authority to ask.
    ///
    /// # Errors
    /// [`Error::Cbor`] or [`Error::Limit`] where the bytes are no entry, and as [`Record::decode`].
    pub fn claim(entry: &[u8]) -> Result<Record, Error> {
        let entry: Entry = canonical::decode("log entry", limits::ENTRY_BYTES, entry)?;
        Record::decode(&entry.payload_type, &entry.payload)
    }

    /// Opens an entry of the log. Signatures by other keys count for nothing; each one by a key of the authority must be
    /// valid.
    ///
    /// # Errors
    /// As [`SignedRecord::from_envelope`], and [`Error::Cbor`] or [`Error::Limit`] where the bytes are no entry.
    pub fn from_entry(bytes: &[u8], authority: Option<&Authority>) -> Result<Self, Error> {
        let entry: Entry = canonical::decode("log entry", limits::ENTRY_BYTES, bytes)?;
        canonical::within("signatures of a log entry", limits::SIGNATURES, entry.signatures.len())?;
        if !entry.signatures.is_sorted_by(|a, b| a.key < b.key) {
            let reason = "the signatures are not sorted by key, or a key is there twice".to_owned();
            return Err(Error::Cbor { what: "log entry", reason });
        }
        let record = Record::decode(&entry.payload_type, &entry.payload)?;
        let keys = authorised(&record, authority)?;
        let message = pae(&entry.payload_type, &entry.payload);
        let mut signers = Vec::new();
        for (index, EntrySignature { key, sig }) in entry.signatures.iter().enumerate() {
            if !keys.contains(key) {
                continue;
            }
            if !key.verifies(&message, sig) {
                return Err(Error::Signature { what: "the log entry", index, reason: "is not valid" });
            }
            signers.push(*key);
        }
        Ok(SignedRecord { record, signers, entry: bytes.to_vec() })
    }

    /// What was signed.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The distinct authorised keys that signed, sorted.
    pub fn signers(&self) -> &[PublicKey] {
        &self.signers
    }

    /// The canonical bytes of the log entry (SPEC §7.1).
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }
}

/// The keys whose signatures a record needs.
fn authorised<'k>(record: &'k Record, authority: Option<&'k Authority>) -> Result<&'k [PublicKey], Error> {
    match (&record.body().action, authority) {
        (Action::Init(init), _) => Ok(&init.keys),
        (_, Some(authority)) => Ok(&authority.keys),
        (_, None) => {
            let name = &record.body().package;
            Err(Error::Record { reason: format!("`{name}` has no init, and this record is none") })
        }
    }
}
