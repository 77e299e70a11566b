//! A witness: its name, its key, the logs it watches, and what it remembers of them.

use std::{collections::BTreeMap, fmt, path::Path};

use cidery_keys::{Signer, cosignature};
use cidery_protocol::{
    Origin, PublicKey,
    log::{KeyType, NoteSignature, SignedCheckpoint, verifier_key},
};
use sha2::{Digest, Sha256};

use crate::{Logs, Request, WitnessError, WitnessName, data::Data, decide};

/// Cosigns for the logs it watches. What it remembers outlives it, in its data folder, which is its own for as long as it lives.
pub struct Witness {
    data: Data,
    /// The logs, by the SHA-256 of the origin, which is where monitors ask.
    places: BTreeMap<String, Origin>,
}

impl Witness {
    /// The witness of a data folder, which is made where there is none, and is this one's alone. What is not given here is
    /// what `config.toml` says, or what it was: see [`Config`](crate::Config).
    ///
    /// # Errors
    /// What is in the way: all those of [`WitnessError`] that are about a folder, a name, logs or keys.
    pub fn open(
        folder: &Path,
        name: Option<WitnessName>,
        signer: Option<Box<dyn Signer>>,
        logs: Logs,
    ) -> Result<Self, WitnessError> {
        let data = Data::open(folder, name, signer, logs)?;
        let places = data.logs.keys().map(|origin| (place(origin), origin.clone())).collect();
        Ok(Witness { data, places })
    }

    /// Answers `add-checkpoint`: the line with the cosignature, or the refusal. `now` is in seconds since 1970. The steps, with
    /// the numbers that `http` gives them:
    ///
    /// - (1) The body is one, and within its bounds.
    /// - (2) Its checkpoint is of a log that is watched,
    /// - (3) and signed by it. Lines of other keys are not looked at.
    /// - (4) to (8) What [`decide`] says.
    /// - (9) No other request is between the look at what was cosigned last and the record of what is cosigned now, and the
    ///   record is on the disk before
    /// - (10) the signature is made.
    ///
    /// Killed at any point, it may have recorded a tree that it did not sign, and never signed one that it did not record.
    ///
    /// # Errors
    /// [`WitnessError::Large`], [`WitnessError::Request`], [`WitnessError::Checkpoint`]; [`WitnessError::UnknownLog`];
    /// [`WitnessError::Unsigned`]; those of [`decide`]; [`WitnessError::Store`]; [`WitnessError::Key`].
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Result<NoteSignature, WitnessError> {
        // (1)
        let request = Request::parse(body)?;
        // (2) (3)
        let submission = request.verify(self.logs())?;
        // (9)
        self.data.store.advance(
            &submission,
            // (4) to (8)
            |latest| decide(&submission, latest, now),
            // (10)
            |time| self.cosign(submission.signed(), time),
        )
    }

    /// The newest checkpoint that was cosigned of the log at this place, see [`place`], with the log's signatures and the cosignature.
    pub(crate) fn newest(&self, place: &str) -> Result<Vec<u8>, WitnessError> {
        let origin = self.places.get(place).ok_or(WitnessError::UnknownLog)?;
        let latest = self.data.store.latest(origin)?.ok_or(WitnessError::UnknownLog)?;
        let signed = SignedCheckpoint::parse(&latest.note).map_err(WitnessError::Checkpoint)?;
        // The same signature again: ed25519 has one for a key, a tree and a time.
        let line = self.cosign(&signed, latest.time)?;
        Ok([&latest.note[..], format!("{line}\n").as_bytes()].concat())
    }

    fn cosign(&self, signed: &SignedCheckpoint, time: u64) -> Result<NoteSignature, WitnessError> {
        Ok(cosignature(signed, self.name().as_str(), &*self.data.signer, time)?)
    }

    /// Its name.
    pub fn name(&self) -> &WitnessName {
        &self.data.name
    }

    /// Its key.
    pub fn key(&self) -> PublicKey {
        self.data.signer.public_key()
    }

    /// Name and key as C2SP writes them, for the configuration of other programs.
    pub fn verifier_key(&self) -> String {
        verifier_key(self.name().as_str(), KeyType::Cosignature, &self.key())
    }

    /// The logs that it watches.
    pub fn logs(&self) -> &Logs {
        &self.data.logs
    }

    /// The folder of its data.
    pub fn data(&self) -> &Path {
        &self.data.folder
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness")
            .field("name", self.name())
            .field("logs", self.logs())
            .finish_non_exhaustive()
    }
}

/// Where monitors ask for a log: the SHA-256 of its origin, in hexadecimal.
fn place(origin: &Origin) -> String {
    Sha256::digest(origin.as_str()).iter().map(|byte| format!("{byte:02x}")).collect()
}
