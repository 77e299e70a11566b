//! One signature by itself, without a policy: what every other check of a signature stands on.

use cidery_protocol::{Error, PublicKey, Signature};

use crate::{Part, VerifyError};

/// Whether `signature` (64 bytes, R then S) over `message` is that of `public_key` (32 bytes), strictly (SPEC §4.1, §4.2).
///
/// It says nothing of whether the key is to be trusted; [`verify`](crate::verify) does. All verifiers of Cidery give the same
/// answer, also where others differ: `docs/ed25519.md` lists such cases, each with its reason.
///
/// # Errors
/// [`VerifyError::Refused`] with the code `key.malformed` where the key is not the canonical encoding of a point that is not of
/// small order, else with `envelope.signature` where the signature is not valid; bytes of another length are refused alike.
///
/// ```
/// use cidery_verifier::verify_signature;
/// use ed25519_dalek::{Signer, SigningKey};
///
/// let key = SigningKey::from_bytes(&[7; 32]);
/// let (public_key, signature) = (key.verifying_key().to_bytes(), key.sign(b"hello").to_bytes());
/// verify_signature(&public_key, b"hello", &signature)?;
///
/// let code = |public_key: &[u8], message: &[u8]| {
///     verify_signature(public_key, message, &signature).unwrap_err().code().as_str()
/// };
/// assert_eq!(code(&public_key, b"hullo"), "envelope.signature");
/// assert_eq!(code(&[0; 32], b"hello"), "key.malformed");
/// # Ok::<(), cidery_verifier::VerifyError>(())
/// ```
pub fn verify_signature(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    check(public_key, message, signature).map_err(Part::Signature.refuse())
}

fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Error> {
    let public_key = public_key.try_into().map_err(|_| Error::Key { reason: "not 32 bytes" })?;
    let public_key = PublicKey::from_bytes(public_key)?;
    let refuse = |reason| Error::Signature { what: "the message", index: 0, reason };
    let signature = signature.try_into().map_err(|_| refuse("has not 64 bytes"))?;
    match public_key.verifies(message, &Signature::from_bytes(signature)) {
        true => Ok(()),
        false => Err(refuse("is not valid by this key")),
    }
}
