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
        self.cosigned(cosigner, key)?.ok_or_else(|| self.no_timestamp(cosigner))
    }

    /// The same of a cosigner who need not be there, such as a witness; none where it is not.
    ///
    /// # Errors
    /// [`Error::LogTimestamp`] where there is a cosignature that does not verify.
    pub fn cosigned(&self, cosigner: &str, key: &PublicKey) -> Result<Option<u64>, Error> {
        let refused = || self.no_timestamp(cosigner);
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
        Ok(newest)
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
        let line = self.cosignature(cosigner, key, time, signature)?;
        let mut signatures = self.note.signatures().to_vec();
        signatures.retain(|old| (old.name(), old.key_id()) != (line.name(), line.key_id()));
        signatures.push(line);
        Ok(SignedCheckpoint { note: Note::new(self.note.text().to_owned(), signatures)? })
    }

    /// That signature as a line of its own, which is what a witness answers.
    ///
    /// # Errors
    /// [`Error::LogTimestamp`] where the signature is not the key's, [`Error::Log`] where the name is none of a key.
    pub fn cosignature(
        &self,
        cosigner: &str,
        key: &PublicKey,
        time: u64,
        signature: Signature,
    ) -> Result<NoteSignature, Error> {
        let bytes = [&time.to_be_bytes()[..], signature.as_bytes()].concat();
        let line = NoteSignature::new(cosigner, key_id(cosigner, KeyType::Cosignature, key), bytes)?;
        let alone = SignedCheckpoint { note: Note::new(self.note.text().to_owned(), vec![line.clone()])? };
        alone.timestamp(cosigner, key)?;
        Ok(line)
    }

    fn no_timestamp(&self, cosigner: &str) -> Error {
        Error::LogTimestamp { origin: quote(self.first_line()), cosigner: quote(cosigner) }
    }

    fn first_line(&self) -> &str {
        self.note.text().split('\n').next().unwrap_or_default()
    }
}

fn malformed(reason: &str) -> Error {
    Error::Log { what: "checkpoint", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use proptest::prelude::*;

    use super::*;

    /// A checkpoint that a public log served, with the cosignatures of public witnesses and one line of a type
    /// that nothing here knows.
    const SERVED: &str = "arche2025h1.staging.ct.transparency.dev\n\
        1432088532\n\
        U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\
        \n\
        \u{2014} arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n\
        \u{2014} arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n\
        \u{2014} transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n\
        \u{2014} remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n";

    /// Type byte and key, as verifier keys hold them.
    fn public_key(encoded: &str) -> PublicKey {
        let bytes = STANDARD.decode(encoded).expect("base64");
        PublicKey::from_bytes(bytes[1..].try_into().expect("32 bytes")).expect("a key")
    }

    fn secret(seed: u8) -> (SigningKey, PublicKey) {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::from_bytes(key.verifying_key().to_bytes()).expect("a key");
        (key, public)
    }

    fn sign(key: &SigningKey, message: &[u8]) -> Signature {
        Signature::from_bytes(key.sign(message).to_bytes())
    }

    fn origin(text: &str) -> Origin {
        text.parse().expect("an origin")
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: origin("log.example"), size: 7, root: Hash::from_bytes([5; 32]) }
    }

    fn signed_by(seed: u8) -> SignedCheckpoint {
        let (key, public) = secret(seed);
        let signature = sign(&key, &log_signature_message(&checkpoint()));
        SignedCheckpoint::assemble(&checkpoint(), &public, signature).expect("a signed checkpoint")
    }

    fn cosigned(signed: &SignedCheckpoint, seed: u8, time: u64) -> SignedCheckpoint {
        let (key, public) = secret(seed);
        let signature = sign(&key, &signed.cosignature_message(time));
        signed
            .with_cosignature("log.example/cosigner", &public, time, signature)
            .expect("a cosigned checkpoint")
    }

    /// A note of this text, signed by the log's key with the seed 1.
    fn signed_text(text: &str) -> SignedCheckpoint {
        let (key, public) = secret(1);
        let id = key_id("log.example", KeyType::Ed25519, &public);
        let bytes = sign(&key, text.as_bytes()).as_bytes().to_vec();
        let line = NoteSignature::new("log.example", id, bytes).expect("a line");
        SignedCheckpoint { note: Note::new(text.to_owned(), vec![line]).expect("a note") }
    }

    #[test]
    fn a_served_checkpoint_verifies() {
        let signed = SignedCheckpoint::parse(SERVED.as_bytes()).expect("a note");
        assert_eq!(signed.to_bytes(), SERVED.as_bytes());
        let log = origin("arche2025h1.staging.ct.transparency.dev");
        let log_key = public_key("AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f");
        let checkpoint = signed.verify_log(&log, &[log_key]).expect("signed by the log");
        assert_eq!((&checkpoint.origin, checkpoint.size), (&log, 1_432_088_532));
        assert!(SERVED.starts_with(&checkpoint.text()));
        let remora = public_key("BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2");
        assert_eq!(signed.timestamp("remora.n621.de", &remora), Ok(0x6a12_2120));
        let garden = public_key("BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM");
        assert_eq!(signed.timestamp("transparency.dev/DEV:witness-little-garden", &garden), Ok(0x6a12_2120));
        assert!(signed.timestamp("remora.n621.de", &garden).is_err());
        assert!(matches!(signed.verify_log(&log, &[remora]), Err(Error::LogSignature { .. })));

        let larger = SERVED.replace("1432088532", "1432088533");
        let larger = SignedCheckpoint::parse(larger.as_bytes()).expect("a note");
        assert!(matches!(larger.verify_log(&log, &[log_key]), Err(Error::LogSignature { .. })));
        assert!(matches!(larger.timestamp("remora.n621.de", &remora), Err(Error::LogTimestamp { .. })));
    }

    /// The example in the text of C2SP tlog-cosignature.
    #[test]
    fn the_cosigned_message_is_that_of_the_specification() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(
            cosignature_message(text, 1_679_315_147),
            format!("cosignature/v1\ntime 1679315147\n{text}").into_bytes()
        );
        assert_eq!(Checkpoint::parse(text).map(|checkpoint| checkpoint.text()), Ok(text.to_owned()));
    }

    #[test]
    fn what_is_assembled_is_read() {
        let ((_, log_key), (_, cosigner)) = (secret(1), secret(2));
        let signed = cosigned(&signed_by(1), 2, 1_700_000_000);
        let read = SignedCheckpoint::parse(&signed.to_bytes()).expect("a note");
        assert_eq!(read, signed);
        let log = origin("log.example");
        assert_eq!(read.verify_log(&log, &[log_key]), Ok(checkpoint()));
        assert_eq!(read.verify_log(&log, &[cosigner, log_key]), Ok(checkpoint()));
        assert_eq!(read.timestamp(&log.cosigner(), &cosigner), Ok(1_700_000_000));

        let other = origin("log.example/2");
        let refused = Error::LogOrigin { got: "log.example".into(), wanted: "log.example/2".into() };
        assert_eq!(read.verify_log(&other, &[log_key]), Err(refused));
        assert!(matches!(read.verify_log(&log, &[]), Err(Error::LogSignature { .. })));
        assert!(matches!(read.timestamp("log.example", &cosigner), Err(Error::LogTimestamp { .. })));
    }

    #[test]
    fn a_newer_cosignature_takes_the_place_of_the_older() {
        let (_, cosigner) = secret(2);
        let twice = cosigned(&cosigned(&cosigned(&signed_by(1), 2, 10), 3, 15), 2, 20);
        assert_eq!(twice.note.signatures().len(), 3);
        assert_eq!(twice.timestamp("log.example/cosigner", &cosigner), Ok(20));
    }

    #[test]
    fn t18_log_and_cosigner_never_stand_in_for_one_another() {
        let (key, public) = secret(1);
        // One key in both roles: each role's signature is nothing in the other.
        let signed = signed_by(1);
        assert!(matches!(signed.timestamp("log.example", &public), Err(Error::LogTimestamp { .. })));
        let time_signature = sign(&key, &cosignature_message(&checkpoint().text(), 5));
        assert!(SignedCheckpoint::assemble(&checkpoint(), &public, time_signature).is_err());
        let log_signature = sign(&key, &log_signature_message(&checkpoint()));
        assert!(signed.with_cosignature("log.example/cosigner", &public, 5, log_signature).is_err());
        // The text that a cosigner signs is no checkpoint.
        let text = String::from_utf8(cosignature_message(&checkpoint().text(), 5)).expect("text");
        assert!(Checkpoint::parse(&text).is_err());
    }

    #[test]
    fn t33_each_signature_that_claims_the_key_must_verify() {
        let ((_, log_key), (_, cosigner)) = (secret(1), secret(2));
        let signed = cosigned(&signed_by(1), 2, 10);
        let lines = signed.note.signatures();
        let with = |line: NoteSignature, first: bool| {
            let mut lines = lines.to_vec();
            lines.insert(if first { 0 } else { lines.len() }, line);
            SignedCheckpoint { note: Note::new(checkpoint().text(), lines).expect("a note") }
        };
        let log = origin("log.example");
        for first in [true, false] {
            for bytes in [vec![1; 64], vec![1; 63], vec![1; 65], vec![1; 72]] {
                let forged =
                    NoteSignature::new("log.example", lines[0].key_id(), bytes.clone()).expect("a line");
                let read = with(forged, first).verify_log(&log, &[log_key]);
                assert!(matches!(read, Err(Error::LogSignature { .. })));
                let forged =
                    NoteSignature::new("log.example/cosigner", lines[1].key_id(), bytes).expect("a line");
                let time = with(forged, first).timestamp("log.example/cosigner", &cosigner);
                assert!(matches!(time, Err(Error::LogTimestamp { .. })));
            }
            let unknown = NoteSignature::new("log.example", [9; 4], vec![1; 64]).expect("a line");
            assert_eq!(with(unknown, first).verify_log(&log, &[log_key]), Ok(checkpoint()));
            assert!(with(lines[0].clone(), first).verify_log(&log, &[log_key]).is_ok());
        }
    }

    #[test]
    fn t19_signed_text_of_another_shape_is_refused() {
        let (_, log_key) = secret(1);
        let root = "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=";
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let verdict = |text: String| signed_text(&text).verify_log(&origin("log.example"), &[log_key]);
        assert!(verdict(format!("log.example\n5\n{root}\n")).is_ok());
        assert!(verdict(format!("log.example\n0\n{empty}\n")).is_ok());
        assert!(verdict(format!("log.example\n{}\n{root}\n", limits::TREE_SIZE)).is_ok());
        for text in [
            "log.example\n".to_owned(),
            "log.example\n5\n".to_owned(),
            format!("log.example\n5\n{root}\nextension\n"),
            format!("log.example\n5\n{root}\n\n"),
            format!("log.example\n\n5\n{root}\n"),
            format!("log.example\n05\n{root}\n"),
            format!("log.example\n00\n{empty}\n"),
            format!("log.example\n+5\n{root}\n"),
            format!("log.example\n-5\n{root}\n"),
            format!("log.example\n5 \n{root}\n"),
            format!("log.example\n0x5\n{root}\n"),
            format!("log.example\n٥\n{root}\n"),
            format!("log.example\n\n{root}\n"),
            format!("log.example\n0\n{root}\n"),
            format!("log.example\n5\n{}\n", &root[..43]),
            format!("log.example\n5\n{}p=\n", &root[..42]),
            "log.example\n5\nAAAA\n".to_owned(),
        ] {
            assert!(matches!(verdict(text.clone()), Err(Error::Log { .. })), "{text:?}");
        }
        for size in [(limits::TREE_SIZE + 1).to_string(), u64::MAX.to_string(), "9".repeat(99)] {
            let verdict = verdict(format!("log.example\n{size}\n{root}\n"));
            assert!(matches!(verdict, Err(Error::Limit { .. })), "{size}");
        }
    }

    #[test]
    fn a_time_past_the_signed_range_is_refused() {
        let (key, public) = secret(2);
        let signed = signed_by(1);
        let attempt = |time| {
            let signature = sign(&key, &signed.cosignature_message(time));
            signed.with_cosignature("log.example/cosigner", &public, time, signature)
        };
        assert!(attempt(TIME).is_ok());
        assert!(matches!(attempt(TIME + 1), Err(Error::LogTimestamp { .. })));
    }

    proptest! {
        #[test]
        fn a_flipped_bit_is_refused_or_in_a_line_nobody_asked_for(at: prop::sample::Index, bit in 0_u8..8) {
            let ((_, log_key), (_, cosigner)) = (secret(1), secret(2));
            let mut bytes = cosigned(&signed_by(1), 2, 10).to_bytes();
            let text_and_log = signed_by(1).to_bytes().len();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(signed) = SignedCheckpoint::parse(&bytes) {
                prop_assert_eq!(&signed.to_bytes(), &bytes);
                let checkpoint = signed.verify_log(&origin("log.example"), &[log_key]);
                prop_assert_eq!(checkpoint.is_ok(), at >= text_and_log);
                let timestamp = signed.timestamp("log.example/cosigner", &cosigner);
                let log_line = checkpoint_text_len()..text_and_log;
                prop_assert_eq!(timestamp.is_ok(), log_line.contains(&at));
            }
        }
    }

    fn checkpoint_text_len() -> usize {
        checkpoint().text().len()
    }
}
