//! The DSSE envelope in which records travel (SPEC §6.1): a payload, its type, and signatures over both.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{Error, PublicKey, Record, Signature, canonical, limits};

/// The bytes that a signature covers: DSSE's pre-authentication encoding of the type and the payload.
///
/// ```
/// use cidery_protocol::pae;
/// assert_eq!(pae("http://example.com/HelloWorld", b"hello world"), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
/// ```
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// A record on its way to a registry. It gives nothing but what can be checked: its content is reached through
/// [`SignedRecord`](crate::SignedRecord).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<JsonSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonSignature {
    #[serde(default, skip_serializing)]
    #[allow(dead_code)] // DSSE's hint; anybody can write it, so nobody reads it.
    keyid: Option<String>,
    sig: String,
}

impl Envelope {
    /// An envelope without signatures.
    pub fn new(payload_type: &str, payload: Vec<u8>) -> Self {
        Envelope { payload_type: payload_type.to_owned(), payload, signatures: Vec::new() }
    }

    /// What is to be signed.
    pub fn signing_bytes(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// The signatures, of which nothing is known yet.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature over [`Envelope::signing_bytes`].
    pub fn push(&mut self, signature: Signature) {
        self.signatures.push(signature);
    }

    /// Takes over the signatures of another envelope of the same payload, each once: whoever signs need not sit together.
    ///
    /// # Errors
    /// [`Error::Envelope`] where the payload is another one, [`Error::Limit`].
    pub fn merge(&mut self, other: &Envelope) -> Result<(), Error> {
        if (&self.payload_type, &self.payload) != (&other.payload_type, &other.payload) {
            return Err(Error::Envelope { reason: "the other envelope has another payload".to_owned() });
        }
        let mut signatures = self.signatures.clone();
        signatures.extend(other.signatures.iter().filter(|new| !self.signatures.contains(new)));
        canonical::within("signatures of an envelope", limits::SIGNATURES, signatures.len())?;
        self.signatures = signatures;
        Ok(())
    }

    /// Reads DSSE's JSON form.
    ///
    /// # Errors
    /// [`Error::Limit`] or [`Error::Envelope`].
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        canonical::within("bytes of an envelope", limits::ENVELOPE_BYTES, json.len())?;
        let refused = |reason: String| Error::Envelope { reason };
        let json: Json = serde_json::from_slice(json).map_err(|error| refused(error.to_string()))?;
        canonical::within("signatures of an envelope", limits::SIGNATURES, json.signatures.len())?;
        let bytes = |field: &str, text: &str| {
            STANDARD.decode(text).map_err(|error| refused(format!("{field} is not base64: {error}")))
        };
        let signatures = json.signatures.iter().map(|signature| {
            let bytes = <[u8; 64]>::try_from(bytes("a signature", &signature.sig)?)
                .map_err(|bytes| refused(format!("a signature has {} bytes, wanted 64", bytes.len())))?;
            Ok(Signature::from_bytes(bytes))
        });
        Ok(Envelope {
            signatures: signatures.collect::<Result<_, Error>>()?,
            payload: bytes("the payload", &json.payload)?,
            payload_type: json.payload_type,
        })
    }

    /// Writes DSSE's JSON form.
    pub fn to_json(&self) -> String {
        let signature =
            |signature: &Signature| JsonSignature { keyid: None, sig: STANDARD.encode(signature.as_bytes()) };
        let json = Json {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        serde_json::to_string(&json).unwrap_or_default()
    }

    /// What the envelope claims to hold: a well-formed record that perhaps nobody signed. It tells whose authority to ask;
    /// what it says counts only once [`SignedRecord::from_envelope`](crate::SignedRecord::from_envelope) has agreed.
    ///
    /// # Errors
    /// As [`Record::decode`].
    pub fn claim(&self) -> Result<Record, Error> {
        Record::decode(&self.payload_type, &self.payload)
    }

    pub(crate) fn payload_type(&self) -> &str {
        &self.payload_type
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Each signature with the one of `keys` that made it, sorted by key.
    ///
    /// An envelope does not say which key made which signature. Each is tried with the keys that have not signed yet, so that
    /// 32 signatures by 32 keys cost 528 verifications at most.
    ///
    /// # Errors
    /// [`Error::Signature`] where a signature is by none of `keys`, or the second one by a key.
    pub(crate) fn signers(&self, mut keys: Vec<PublicKey>) -> Result<Vec<(PublicKey, Signature)>, Error> {
        // A key may stand in two lists: those of a `transfer` share whoever stays.
        keys.sort();
        keys.dedup();
        let message = self.signing_bytes();
        let mut signers = Vec::with_capacity(self.signatures.len());
        for (index, signature) in self.signatures.iter().enumerate() {
            let reason =
                "is not a valid signature by a key that may sign this record and has not signed it before";
            let refused = || Error::Signature { what: "the envelope", index, reason };
            let at = keys.iter().position(|key| key.verifies(&message, signature)).ok_or_else(refused)?;
            signers.push((keys.remove(at), *signature));
        }
        signers.sort_by_key(|(key, _)| *key);
        Ok(signers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn t11_signatures_of_equal_payloads_come_together_each_once() {
        let envelope = |payload: &[u8], signatures: std::ops::Range<u8>| {
            let mut envelope = Envelope::new("application/x", payload.to_vec());
            signatures.for_each(|byte| envelope.push(Signature::from_bytes([byte; 64])));
            envelope
        };
        let mut merged = envelope(b"a", 0..2);
        assert_eq!(merged.merge(&envelope(b"a", 1..4)), Ok(()));
        assert_eq!(merged, envelope(b"a", 0..4));
        let code = |result: Result<(), Error>| result.map_err(|error| error.code());
        assert_eq!(code(merged.merge(&envelope(b"b", 0..1))), Err(Code::EnvelopeMalformed));
        assert_eq!(
            code(merged.merge(&Envelope::new("application/y", b"a".to_vec()))),
            Err(Code::EnvelopeMalformed)
        );
        assert_eq!(code(merged.merge(&envelope(b"a", 0..33))), Err(Code::LimitExceeded));
        assert_eq!(merged, envelope(b"a", 0..4), "what is refused changes nothing");
    }
}
