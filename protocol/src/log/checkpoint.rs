//! Checkpoints (SPEC §7, C2SP tlog-checkpoint): the log's size and root, signed by the log, timestamped by cosigners.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    merkle::{Hash, empty_root},
    note::{KeyType, Note, NoteSignature, key_id},
};
use crate::{Error, Origin, PublicKey, Signature, error::quote, limits};

/// Latest time of a cosignature: what a signed 64-bit number holds.
const TIME: u64 = i64::MAX as u64;

/// The state of a log: so many entries, under this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Entries in the tree.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
}

impl Checkpoint {
    /// The three lines that are signed: origin, decimal size, base64 root.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// Reads exactly what [`Checkpoint::text`] writes. Extension lines are refused.
    fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = text.strip_suffix('\n').unwrap_or_default().split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(malformed("wanted three lines: origin, size and root"));
        };
        let origin = origin.parse()?;
        let digits = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || (size.starts_with('0') && size != "0") {
            return Err(malformed("the size is not a decimal number without leading zeros"));
        }
        // More digits than fit are more entries than a tree has.
        let size = size.parse().unwrap_or(u64::MAX);
        if size > limits::TREE_SIZE {
            return Err(Error::Limit { what: "entries of a tree", got: size, limit: limits::TREE_SIZE });
        }
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Hash::from_bytes)
            .ok_or_else(|| malformed("the root is not 32 bytes in canonical base64"))?;
        if size == 0 && root != empty_root() {
            return Err(malformed("a tree without entries under another root than the empty tree's"));
        }
        Ok(Checkpoint { origin, size, root })
    }
}

/// What the log's key signs: the checkpoint's text.
pub fn log_signature_message(checkpoint: &Checkpoint) -> Vec<u8> {
    checkpoint.text().into_bytes()
}

/// What a cosigner signs: that the checkpoint of this `text` was the log's newest at `time`, in POSIX seconds.
pub fn cosignature_message(text: &str, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

/// A checkpoint as it is read and stored: unreachable until [`SignedCheckpoint::verify_log`] has spoken.
///
/// ```
/// use cidery_protocol::{Error, Origin, log::SignedCheckpoint};
/// let bytes = "other.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} x AAAAAQEC\n";
/// let signed = SignedCheckpoint::parse(bytes.as_bytes())?;
/// let origin: Origin = "registry.example/log".parse()?;
/// assert!(matches!(signed.verify_log(&origin, &[]), Err(Error::LogOrigin { .. })));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
}

impl SignedCheckpoint {
    /// Takes any note: whether its text is a checkpoint is judged after its signature.
    ///
    /// # Errors
    /// [`Error::Log`] and [`Error::Limit`] as [`Note::parse`] says.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Ok(SignedCheckpoint { note: Note::parse(bytes)? })
    }

    /// The note's bytes: those that were parsed.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }

    /// The checkpoint, if `origin` signed it with one of `log_keys`. The steps:
    ///
    /// 1. The first line is the origin that was asked for.
    /// 2. Each signature that claims one of the keys verifies, and there is at least one.
    /// 3. The text is a checkpoint of SPEC §7.
    ///
    /// # Errors
    /// [`Error::LogOrigin`], [`Error::LogSignature`], then [`Error::Log`] or [`Error::Limit`].
    pub fn verify_log(&self, origin: &Origin, log_keys: &[PublicKey]) -> Result<Checkpoint, Error> {
        let text = self.note.text();
        let first_line = self.first_line();
        if first_line != origin.as_str() {
            return Err(Error::LogOrigin { got: quote(first_line), wanted: origin.to_string() });
        }
        let unsigned = || Error::LogSignature { origin: origin.to_string() };
        let mut signed = false;
        for key in log_keys {
            for claim in self.note.claims(origin.as_str(), key_id(origin.as_str(), KeyType::Ed25519, key)) {
                let signature = claim.try_into().map(Signature::from_bytes).map_err(|_| unsigned())?;
                if !key.verifies(text.as_bytes(), &signature) {
                    return Err(unsigned());
                }
                signed = true;
            }
        }
        if signed { Checkpoint::parse(text) } else { Err(unsigned()) }
    }

    /// The newest time, in POSIX seconds, at which the cosigner of this name and key says to have seen the
    /// checkpoint. Each cosignature that claims the key must verify. The operator's own cosigner is
    /// [`Origin::cosigner`].
    ///
    /// # Errors
    /// [`Error::LogTimestamp`] where there is none, or one that does not verify.
    pub fn timestamp(&self, cosigner: &str, key: &PublicKey) -> Result<u64, Error> {
        let refused = || Error::LogTimestamp { origin: quote(self.first_line()), cosigner: quote(cosigner) };
        let mut newest = None;
        for claim in self.note.claims(cosigner, key_id(cosigner, KeyType::Cosignature, key)) {
            let (time, signature) = claim.split_first_chunk().ok_or_else(refused)?;
            let time = u64::from_be_bytes(*time);
            let signature = signature.try_into().map(Signature::from_bytes).map_err(|_| refused())?;
            if time > TIME || !key.verifies(&cosignature_message(self.note.text(), time), &signature) {
                return Err(refused());
            }
            newest = newest.max(Some(time));
        }
        newest.ok_or_else(refused)
    }

    /// What a cosigner signs to say at `time` that this is the log's newest checkpoint, see [`cosignature_message`].
    pub fn cosignature_message(&self, time: u64) -> Vec<u8> {
        cosignature_message(self.note.text(), time)
    }

    /// The note of a checkpoint and the log's signature over [`log_signature_message`].
    ///
    /// # Errors
    /// [`Error::LogSignature`] where the signature is not the key's; [`Error::Limit`] and [`Error::Log`] where the
    /// checkpoint could not be read again.
    pub fn assemble(
        checkpoint: &Checkpoint,
        log_key: &PublicKey,
        signature: Signature,
    ) -> Result<Self, Error> {
        let name = checkpoint.origin.as_str();
        let line =
            NoteSignature::new(name, key_id(name, KeyType::Ed25519, log_key), signature.as_bytes().to_vec())?;
        let signed = SignedCheckpoint { note: Note::new(checkpoint.text(), vec![line])? };
        signed.verify_log(&checkpoint.origin, &[*log_key])?;
        Ok(signed)
    }

    /// The same checkpoint with the signature of `key` over [`cosignature_message`] at `time`, in the place of
    /// earlier ones of this name and key.
    ///
    /// # Errors
    /// [`Error::LogTimestamp`] where the signature is not the key's; [`Error::Limit`] and [`Error::Log`] where the
    /// note would be one that is refused.
    pub fn with_cosignature(
        &self,
        cosigner: &str,
        key: &PublicKey,
        time: u64,
        signature: Signature,
    ) -> Result<Self, Error> {
        let key_id = key_id(cosigner, KeyType::Cosignature, key);
        let bytes = [&time.to_be_bytes()[..], signature.as_bytes()].concat();
        let mut signatures = self.note.signatures().to_vec();
        signatures.retain(|line| (line.name(), line.key_id()) != (cosigner, key_id));
        signatures.push(NoteSignature::new(cosigner, key_id, bytes)?);
        let signed = SignedCheckpoint { note: Note::new(self.note.text().to_owned(), signatures)? };
        signed.timestamp(cosigner, key)?;
        Ok(signed)
    }

    fn first_line(&self) -> &str {
        self.note.text().split('\n').next().unwrap_or_default()
    }
}

fn malformed(reason: &str) -> Error {
    Error::Log { what: "checkpoint", reason: reason.to_owned() }
}
