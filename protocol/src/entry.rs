//! Records with their signatures (SPEC §6.8), reached only through their verification, and the log's entries (§7.1, §7.2).

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    Action, Authority, Envelope, Error, PublicKey, Record, Rekey, Signatories, Signature, canonical, limits,
    log::Hash, pae,
};

/// A record whose signatures are valid, with the distinct keys that made them.
///
/// The keys are those of the authority before it, or, for an `init`, its own: they show that whoever began the package
/// holds them. A `transfer` is signed by the new keys, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRecord {
    record: Record,
    signatures: Vec<EntrySignature>,
    signers: Vec<PublicKey>,
}

/// SPEC §6.8.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    #[serde(rename = "type")]
    payload_type: String,
    payload: ByteBuf,
    signatures: Vec<EntrySignature>,
}

/// What an entry of the log holds, whose signatures are not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// A signed record, and when it was logged, in seconds since 1970: what it claims to be. See
    /// [`SignedRecord::from_entry`].
    Record(Box<Record>, u64),
    /// The map over the entries before.
    Map(MapEntry),
}

/// The log's word about all packages (SPEC §7.2): the last entry of each checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapEntry {
    kind: MapKind,
    /// The root of the [map](crate::map) over the states that the entries before it come to, as they are at `time`.
    pub root: Hash,
    /// When it was logged, seconds since 1970.
    pub time: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MapKind {
    Map,
}

/// The kind alone, whatever else is there.
#[derive(Deserialize)]
struct Kind {
    kind: String,
}

/// SPEC §7.1.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: EntryKind,
    time: u64,
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntrySignature {
    key: PublicKey,
    sig: Signature,
}

impl LogEntry {
    /// Reads an entry of the log.
    ///
    /// # Errors
    /// [`Error::Cbor`] or [`Error::Limit`] where the bytes are none, and as [`Record::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        canonical::within("log entry", limits::ENTRY_BYTES, bytes.len())?;
        match serde_ipld_dagcbor::from_slice::<Kind>(bytes) {
            Ok(Kind { kind }) if kind == "map" => Ok(LogEntry::Map(MapEntry::decode(bytes)?)),
            _ => SignedRecord::claim_of_entry(bytes)
                .map(|(record, time)| LogEntry::Record(Box::new(record), time)),
        }
    }
}

impl MapEntry {
    /// An entry of a log that takes it at `time`, in seconds since 1970.
    pub const fn new(root: Hash, time: u64) -> Self {
        MapEntry { kind: MapKind::Map, root, time }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// [`Error::Cbor`] where the time is over its bound.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        in_bounds(self.time)?;
        canonical::encode("log entry", self)
    }

    /// Reads the canonical bytes.
    ///
    /// # Errors
    /// [`Error::Cbor`] or [`Error::Limit`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let entry: Self = canonical::decode("log entry", limits::ENTRY_BYTES, bytes)?;
        in_bounds(entry.time)?;
        Ok(entry)
    }
}

impl SignedRecord {
    /// Opens an envelope, as a registry does: a signature by any other key is refused, and a second one by a key.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Record`] where there is no authority yet and the record is no `init`, or what
    /// [`Record::decode`] says.
    pub fn from_envelope(envelope: &Envelope, authority: Option<&Authority>) -> Result<Self, Error> {
        let record = Record::decode(envelope.payload_type(), envelope.payload())?;
        let signed = envelope.signers(authorised(&record, authority)?)?;
        let signers = signed.iter().map(|(key, _)| *key).collect();
        let signatures = signed.into_iter().map(|(key, sig)| EntrySignature { key, sig }).collect();
        Ok(SignedRecord { record, signatures, signers })
    }

    /// Reads the canonical bytes of SPEC §6.8. Signatures by other keys count for nothing; each one by a key of the
    /// authority must be valid.
    ///
    /// # Errors
    /// As [`SignedRecord::from_envelope`], and [`Error::Cbor`] or [`Error::Limit`] where the bytes are no signed record.
    pub fn decode(bytes: &[u8], authority: Option<&Authority>) -> Result<Self, Error> {
        Signed::decode(bytes)?.open(authority)
    }

    /// Opens an entry of the log, and says when it was logged, in seconds since 1970.
    ///
    /// # Errors
    /// As [`SignedRecord::decode`].
    pub fn from_entry(bytes: &[u8], authority: Option<&Authority>) -> Result<(Self, u64), Error> {
        let (signed, time) = Entry::decode(bytes)?;
        Ok((signed.open(authority)?, time))
    }

    /// What a signed record claims to hold, as [`Envelope::claim`] for envelopes: it tells whose authority to ask.
    ///
    /// # Errors
    /// [`Error::Cbor`] or [`Error::Limit`] where the bytes are no signed record, and as [`Record::decode`].
    pub fn claim(bytes: &[u8]) -> Result<Record, Error> {
        Signed::decode(bytes)?.claim()
    }

    /// The same for an entry of the log, and when it claims to be logged, in seconds since 1970.
    ///
    /// # Errors
    /// As [`SignedRecord::claim`].
    pub fn claim_of_entry(bytes: &[u8]) -> Result<(Record, u64), Error> {
        let (signed, time) = Entry::decode(bytes)?;
        Ok((signed.claim()?, time))
    }

    /// The bytes of the signed record (SPEC §6.8) that an entry of the log holds beside its time. Nothing is verified.
    ///
    /// # Errors
    /// [`Error::Cbor`] or [`Error::Limit`] where the bytes are no entry.
    pub fn bytes_in_entry(bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let (signed, _) = Entry::decode(bytes)?;
        bounded("signed record", canonical::encode("signed record", &signed)?)
    }

    /// What was signed.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The distinct authorised keys that signed, sorted.
    pub fn signers(&self) -> &[PublicKey] {
        &self.signers
    }

    /// The canonical bytes of the signed record (SPEC §6.8).
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let signed = self.signed();
        bounded("signed record", canonical::encode("signed record", &signed)?)
    }

    /// The canonical bytes of the entry (SPEC §7.1) of a log that takes it at `time`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn entry(&self, time: u64) -> Result<Vec<u8>, Error> {
        let Signed { payload_type, payload, signatures } = self.signed();
        let entry =
            Entry { kind: EntryKind::Record, time: in_bounds(time)?, payload_type, payload, signatures };
        bounded("log entry", canonical::encode("log entry", &entry)?)
    }

    fn signed(&self) -> Signed {
        Signed {
            payload_type: self.record.payload_type().to_owned(),
            payload: ByteBuf::from(self.record.bytes()),
            signatures: self.signatures.clone(),
        }
    }
}

impl Signed {
    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        canonical::decode("signed record", limits::ENTRY_BYTES, bytes)
    }

    fn claim(&self) -> Result<Record, Error> {
        Record::decode(&self.payload_type, &self.payload)
    }

    fn open(self, authority: Option<&Authority>) -> Result<SignedRecord, Error> {
        canonical::within("signatures of a record", limits::SIGNATURES, self.signatures.len())?;
        if !self.signatures.is_sorted_by(|a, b| a.key < b.key) {
            let reason = "the signatures are not sorted by key, or a key is there twice".to_owned();
            return Err(Error::Cbor { what: "signed record", reason });
        }
        let record = self.claim()?;
        let keys = authorised(&record, authority)?;
        let message = pae(&self.payload_type, &self.payload);
        let mut signers = Vec::new();
        for (index, EntrySignature { key, sig }) in self.signatures.iter().enumerate() {
            if !keys.contains(key) {
                continue;
            }
            if !key.verifies(&message, sig) {
                return Err(Error::Signature { what: "the record", index, reason: "is not valid" });
            }
            signers.push(*key);
        }
        Ok(SignedRecord { record, signatures: self.signatures, signers })
    }
}

impl Entry {
    fn decode(bytes: &[u8]) -> Result<(Signed, u64), Error> {
        let Entry { time, payload_type, payload, signatures, .. } =
            canonical::decode("log entry", limits::ENTRY_BYTES, bytes)?;
        Ok((Signed { payload_type, payload, signatures }, in_bounds(time)?))
    }
}

/// The keys whose signatures count for a record (SPEC §6.5).
fn authorised(record: &Record, authority: Option<&Authority>) -> Result<Vec<PublicKey>, Error> {
    let body = record.body();
    let powers = match (&body.action, authority) {
        (Action::Init(powers), _) => powers,
        (_, Some(authority)) => &authority.powers,
        (_, None) => {
            let reason = format!("`{}` has no init, and this record is none", body.package);
            return Err(Error::Record { reason });
        }
    };
    let recovery = || powers.recovery.iter().flat_map(|recovery| &recovery.keys);
    Ok(match &body.action {
        Action::Init(_) => powers.keys.iter().chain(recovery()).copied().collect(),
        Action::Rekey(Rekey { by: Signatories::Recovery, .. }) => recovery().copied().collect(),
        Action::Transfer(transfer) => powers.keys.iter().chain(&transfer.to.keys).copied().collect(),
        _ => powers.keys.clone(),
    })
}

fn bounded(what: &'static str, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    canonical::within(what, limits::ENTRY_BYTES, bytes.len())?;
    Ok(bytes)
}

fn in_bounds(time: u64) -> Result<u64, Error> {
    if time > limits::TREE_SIZE {
        let reason = "the time is over 2^53 - 1".to_owned();
        return Err(Error::Cbor { what: "log entry", reason });
    }
    Ok(time)
}
