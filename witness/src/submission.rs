//! What a log asks for: the body of `add-checkpoint`, first as text in bounds, then as a checkpoint that the log signed.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cidery_protocol::{
    Error, Origin, PublicKey, limits,
    log::{Checkpoint, Hash, KeyType, Note, SignedCheckpoint, key_id},
};

use crate::WitnessError;

/// Lines of a proof: a tree of the greatest size has no more levels.
const PROOF_LINES: usize = 63;

/// Bytes of a body: `old ` and the 16 digits of the greatest size, the lines of a proof with 44 characters each, a blank line,
/// and a note, 21 + 63 · 45 + 1 + 65,536.
pub const BODY_BYTES: usize = 21 + PROOF_LINES * 45 + 1 + limits::CHECKPOINT_BYTES;

/// The logs that a witness watches, and the keys that may have signed for each.
pub type Logs = BTreeMap<Origin, Vec<PublicKey>>;

/// What somebody asks, unverified: a size, hashes, and a note of anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
}

impl Request {
    /// Reads a body: the line `old <size>`, up to 63 lines with a hash each in base64, a blank line, and a note.
    ///
    /// # Errors
    /// [`WitnessError::Large`], [`WitnessError::Request`], [`WitnessError::Checkpoint`].
    pub fn parse(body: &[u8]) -> Result<Self, WitnessError> {
        if body.len() > BODY_BYTES {
            return Err(WitnessError::Large { limit: BODY_BYTES });
        }
        let refused = |reason: &str| WitnessError::Request { reason: reason.to_owned() };
        let blank = body.windows(2).position(|two| two == b"\n\n");
        let (head, note) = body.split_at(blank.ok_or_else(|| refused("no blank line before a checkpoint"))?);
        let head =
            str::from_utf8(head).map_err(|_| refused("the lines before the checkpoint are not text"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(size);
        let old =
            old.ok_or_else(|| refused("the first line is not `old` and a size without leading zeros"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_LINES {
                return Err(refused("a proof of more than 63 lines"));
            }
            proof.push(hash(line).ok_or_else(|| refused("a line of the proof is not 32 bytes in base64"))?);
        }
        let note = Note::parse(&note[2..]).map_err(WitnessError::Checkpoint)?;
        Ok(Request { old, proof, note })
    }

    /// The checkpoint, if one of these logs signed it. The lines of other keys are gone then: nothing looks at them.
    ///
    /// # Errors
    /// [`WitnessError::UnknownLog`], [`WitnessError::Unsigned`], [`WitnessError::Checkpoint`].
    pub fn verify(self, logs: &Logs) -> Result<Submission, WitnessError> {
        let first = self.note.text().lines().next().unwrap_or_default();
        let log = first.parse::<Origin>().ok().and_then(|origin| logs.get_key_value(&origin));
        let (origin, keys) = log.ok_or(WitnessError::UnknownLog)?;
        let unsigned = || WitnessError::Unsigned { origin: origin.clone() };
        let ids: Vec<_> = keys.iter().map(|key| key_id(origin.as_str(), KeyType::Ed25519, key)).collect();
        let mut lines = self.note.signatures().to_vec();
        lines.retain(|line| line.name() == origin.as_str() && ids.contains(&line.key_id()));
        let signed = Note::new(self.note.text().to_owned(), lines).map_err(|_| unsigned())?;
        let signed = SignedCheckpoint::parse(&signed.to_bytes()).map_err(WitnessError::Checkpoint)?;
        let checkpoint = signed.verify_log(origin, keys).map_err(|error| match error {
            Error::LogSignature { .. } => unsigned(),
            error => WitnessError::Checkpoint(error),
        })?;
        Ok(Submission { old: self.old, proof: self.proof, checkpoint, signed })
    }
}

/// A checkpoint that its log signed, and the proof that its tree continues one of `old` entries, which is not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    old: u64,
    proof: Vec<Hash>,
    checkpoint: Checkpoint,
    signed: SignedCheckpoint,
}

impl Submission {
    /// The size that the log takes for the one that was cosigned last.
    pub fn old(&self) -> u64 {
        self.old
    }

    /// The hashes that are to lead from there.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint with the log's signatures, and no others.
    pub fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }
}

fn size(digits: &str) -> Option<u64> {
    let is_plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    is_plain.then(|| digits.parse().ok())?
}

fn hash(line: &str) -> Option<Hash> {
    Some(Hash::from_bytes(STANDARD.decode(line).ok()?.try_into().ok()?))
}
