//! What a log and a witness say to each other: the messages of C2SP tlog-witness's `add-checkpoint`, from the log's side.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cidery_protocol::{
    Signature, limits,
    log::{Hash, KeyType, Note, SignedCheckpoint, key_id},
};

use crate::{Witness, WitnessAnswer};

/// A witness's word about one checkpoint, verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cosignature {
    /// When it says that it saw the checkpoint, seconds since 1970.
    pub(crate) time: u64,
    pub(crate) signature: Signature,
}

/// An answer that is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Cosigned(Cosignature),
    /// The size up to which the witness has cosigned this log, where that is not what was said to it.
    Elsewhere(u64),
}

/// The request to cosign `note`, which `proof` shows to be consistent with the tree of `old` entries.
pub(crate) fn request(old: u64, proof: &[Hash], note: &[u8]) -> Bytes {
    let mut text = format!("old {old}\n");
    for hash in proof {
        text.push_str(&STANDARD.encode(hash.as_bytes()));
        text.push('\n');
    }
    text.push('\n');
    [text.as_bytes(), note].concat().into()
}

/// Reads the answer of `witness` about `note`. Lines of other keys are passed over. `latest` is the time after which nobody
/// believes a cosignature.
///
/// # Errors
/// What is wrong with it, to be said after the witness's name.
pub(crate) fn answered(
    answer: &WitnessAnswer,
    witness: &Witness,
    note: &Note,
    latest: u64,
) -> Result<Answered, String> {
    match answer.status {
        200 => cosigned(&answer.body, witness, note, latest).map(Answered::Cosigned),
        409 => size(&answer.body).map(Answered::Elsewhere).ok_or_else(|| said(answer)),
        _ => Err(said(answer)),
    }
}

/// The newest of its cosignatures. The steps:
///
/// 1. The body is nothing but signature lines: put below the note's text, they are a note of the same text.
/// 2. Each line that claims the witness's key is a cosignature (type 0x04) of this text, and there is one.
/// 3. It is not from the future.
fn cosigned(body: &[u8], witness: &Witness, note: &Note, latest: u64) -> Result<Cosignature, String> {
    let no = |reason: &str| format!("its answer is {reason}");
    // (1)
    let bytes = [note.text().as_bytes(), b"\n", body].concat();
    let lines = Note::parse(&bytes).map_err(|error| no(&format!("no list of signature lines: {error}")))?;
    if lines.text() != note.text() {
        return Err(no("no list of signature lines: it holds a blank line"));
    }
    // (2)
    let (name, key) = (witness.name(), witness.key());
    let signed = SignedCheckpoint::parse(&bytes).map_err(|error| error.to_string())?;
    let time = signed.cosigned(name, &key).map_err(|_| no("not signed by its key over this checkpoint"))?;
    let time = time.ok_or_else(|| no("without a cosignature by its key"))?;
    let id = key_id(name, KeyType::Cosignature, &key);
    let signature = lines.claims(name, id).find_map(|claim| {
        let (at, signature) = claim.split_first_chunk()?;
        let signature: [u8; 64] = signature.try_into().ok()?;
        (u64::from_be_bytes(*at) == time).then(|| Signature::from_bytes(signature))
    });
    let signature = signature.ok_or_else(|| no("without a cosignature by its key"))?;
    // (3)
    if time > latest {
        return Err(no(&format!("from the future: {time}, wanted at most {latest}")));
    }
    Ok(Cosignature { time, signature })
}

/// A size in decimal, without leading zeros, and a newline.
fn size(body: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(body).ok()?.strip_suffix('\n')?;
    let size = digits.parse().ok().filter(|size| *size <= limits::TREE_SIZE)?;
    (digits == format!("{size}")).then_some(size)
}

/// An answer that is none of those that were asked for, with what of its body a terminal takes.
fn said(answer: &WitnessAnswer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let text: String = text.chars().take(100).filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    let text = text.trim();
    if text.is_empty() {
        format!("it answered {}", answer.status)
    } else {
        format!("it answered {}: {text}", answer.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_that_of_the_specification() {
        let note = b"log.example\n1\n...\n\n";
        let hash = Hash::from_bytes([0; 32]);
        let wanted = "old 20\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nlog.example\n1\n...\n\n";
        assert_eq!(request(20, &[hash], note), wanted.as_bytes());
        assert_eq!(request(0, &[], note), "old 0\n\nlog.example\n1\n...\n\n".as_bytes());
    }

    #[test]
    fn sizes_are_decimal_lines() {
        assert_eq!(size(b"0\n"), Some(0));
        assert_eq!(size(b"20852163\n"), Some(20_852_163));
        for text in
            ["", "\n", "1", "01\n", "+1\n", "-1\n", " 1\n", "1\n\n", "1\r\n", "9007199254740992\n", "x\n"]
        {
            assert_eq!(size(text.as_bytes()), None, "{text:?}");
        }
        let answer = |body: &'static [u8]| WitnessAnswer { status: 404, body: Bytes::from_static(body) };
        assert_eq!(said(&answer(b"unknown\x1b[31m log\n")), "it answered 404: unknown[31m log");
        assert_eq!(said(&answer(b"\xff\x00")), "it answered 404");
    }
}
