//! What signs, and the objects that it signs.

use cidery_protocol::{
    Envelope, PublicKey, Signature,
    log::{Checkpoint, NoteSignature, SignedCheckpoint, log_signature_message},
};

use crate::KeyError;

/// A secret key that can be used but not seen: in memory, or held by something else.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// The ed25519 signature of RFC 8032 over `message`.
    ///
    /// # Errors
    /// Where the key's holder cannot or will not sign.
    fn sign(&self, message: &[u8]) -> Result<Signature, KeyError>;
}

/// Adds the signer's signature to a record's envelope (SPEC §6).
///
/// # Errors
/// Those of the signer.
pub fn sign_envelope(envelope: &mut Envelope, signer: &dyn Signer) -> Result<(), KeyError> {
    envelope.push(signer.sign(&envelope.signing_bytes())?);
    Ok(())
}

/// Signs a checkpoint as its log (SPEC §7).
///
/// Whoever calls this answers for the log's promise: that the checkpoint continues every one signed before it.
///
/// # Errors
/// Those of the signer, and [`KeyError::Refused`] where the checkpoint is not one that could be read again.
pub fn sign_checkpoint(checkpoint: &Checkpoint, log: &dyn Signer) -> Result<SignedCheckpoint, KeyError> {
    let signature = log.sign(&log_signature_message(checkpoint))?;
    Ok(SignedCheckpoint::assemble(checkpoint, &log.public_key(), signature)?)
}

/// Adds to a checkpoint that it is the log's newest at `time`, in POSIX seconds, as the cosigner of this `name`
/// (SPEC §7). An earlier cosignature of the same name and key is replaced.
///
/// # Errors
/// Those of the signer, and [`KeyError::Refused`] where the name or the time is not one that could be read again.
pub fn cosign(
    checkpoint: &mut SignedCheckpoint,
    name: &str,
    cosigner: &dyn Signer,
    time: u64,
) -> Result<(), KeyError> {
    let signature = cosigner.sign(&checkpoint.cosignature_message(time))?;
    *checkpoint = checkpoint.with_cosignature(name, &cosigner.public_key(), time, signature)?;
    Ok(())
}

/// The line of that cosignature by itself, as a witness answers it.
///
/// Whoever calls this answers for the witness's promise: that the checkpoint continues every one that it cosigned before.
///
/// # Errors
/// As [`cosign`].
pub fn cosignature(
    checkpoint: &SignedCheckpoint,
    name: &str,
    cosigner: &dyn Signer,
    time: u64,
) -> Result<NoteSignature, KeyError> {
    let signature = cosigner.sign(&checkpoint.cosignature_message(time))?;
    Ok(checkpoint.cosignature(name, &cosigner.public_key(), time, signature)?)
}

#[cfg(test)]
mod tests {
    use cidery_protocol::{Code, Error, log::Hash, pae};

    use super::*;
    use crate::SecretKey;

    #[test]
    fn an_envelope_is_signed_over_type_and_payload() {
        let key = SecretKey::from_seed(&[1; 32]);
        let mut envelope = Envelope::new("application/x", b"payload".to_vec());
        sign_envelope(&mut envelope, &key).expect("a signature");
        let signature = key.sign(&pae("application/x", b"payload")).expect("a signature");
        let mut wanted = Envelope::new("application/x", b"payload".to_vec());
        wanted.push(signature);
        assert_eq!(envelope, wanted);
    }

    #[test]
    fn a_checkpoint_is_signed_and_cosigned() -> Result<(), KeyError> {
        let (log, cosigner) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let checkpoint =
            Checkpoint { origin: "log.example".parse()?, size: 7, root: Hash::from_bytes([5; 32]) };
        let mut signed = sign_checkpoint(&checkpoint, &log)?;
        let name = checkpoint.origin.cosigner();
        for time in [10, 20] {
            cosign(&mut signed, &name, &cosigner, time)?;
            let read = SignedCheckpoint::parse(&signed.to_bytes())?;
            assert_eq!(read.verify_log(&checkpoint.origin, &[log.public_key()])?, checkpoint);
            assert_eq!(read.timestamp(&name, &cosigner.public_key())?, time);
            let line = cosignature(&signed, &name, &cosigner, time)?;
            assert!(signed.to_bytes().ends_with(format!("\n{line}\n").as_bytes()));
        }
        let before = signed.clone();
        let refused = cosign(&mut signed, "two words", &cosigner, 30).expect_err("no name of a key");
        assert!(matches!(refused, KeyError::Refused(Error::Log { .. })));
        assert_eq!((refused.code(), signed), (Code::LogMalformed, before));
        Ok(())
    }
}
