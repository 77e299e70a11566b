//! Signed notes (SPEC §7, C2SP signed-note): text, a blank line, and a line for each signature.
//!
//! A note says who claims to have signed it and no more. What trusts one asks [`Note::claims`] and checks them all.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{Error, PublicKey, error::quote, limits};

/// What begins a signature line: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// What a key signs in a note, as the byte that goes into its id: one key in two roles has two ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `0x01`: ed25519 over the note's text.
    Ed25519,
    /// `0x04`: ed25519 over a time and the note's text, C2SP tlog-cosignature.
    Cosignature,
}

/// The id of a key in signature lines: the first bytes of SHA-256(name ‖ `0A` ‖ type ‖ key).
///
/// It is a hint which key to try, not an identity: anyone can make a key with the same id.
pub fn key_id(name: &str, key_type: KeyType, key: &PublicKey) -> [u8; 4] {
    let type_byte = match key_type {
        KeyType::Ed25519 => 0x01,
        KeyType::Cosignature => 0x04,
    };
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', type_byte])
        .chain_update(key.as_bytes())
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// One signature line, unverified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: [u8; 4],
    bytes: Vec<u8>,
}

impl NoteSignature {
    /// A line by the key of this name and id.
    ///
    /// # Errors
    /// [`Error::Log`] where the name is empty or holds white space, control characters or `+`, or `bytes` are none.
    pub fn new(name: &str, key_id: [u8; 4], bytes: Vec<u8>) -> Result<Self, Error> {
        if name.is_empty() || name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control()) {
            return Err(malformed(format!("`{}` is no name of a key", quote(name))));
        }
        if bytes.is_empty() {
            return Err(malformed("a signature without bytes"));
        }
        Ok(NoteSignature { name: name.to_owned(), key_id, bytes })
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key, see [`key_id`].
    pub fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// The signature, in the form of the key's type.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads what stands in a line between its dash and its newline.
    fn parse(line: &str) -> Result<Self, Error> {
        let (name, encoded) =
            line.split_once(' ').ok_or_else(|| malformed("a signature line without a key name"))?;
        let bytes =
            STANDARD.decode(encoded).map_err(|_| malformed("a signature line is not in canonical base64"))?;
        let (key_id, bytes) =
            bytes.split_first_chunk().ok_or_else(|| malformed("a signature is shorter than a key id"))?;
        NoteSignature::new(name, *key_id, bytes.to_vec())
    }
}

/// A text with signature lines, unverified.
///
/// ```
/// use cidery_protocol::log::Note;
/// let bytes = "the text\n\n\u{2014} example.com/key AAAAAQEC\n".as_bytes();
/// let note = Note::parse(bytes)?;
/// assert_eq!((note.text(), note.signatures()[0].name()), ("the text\n", "example.com/key"));
/// assert_eq!(note.to_bytes(), bytes);
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note of ready signatures.
    ///
    /// # Errors
    /// [`Error::Log`] where the text does not end in a newline or holds another control character, or there is no
    /// signature; [`Error::Limit`] past [`limits::CHECKPOINT_SIGNATURES`] or [`limits::CHECKPOINT_BYTES`].
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, Error> {
        if !text.ends_with('\n') {
            return Err(malformed("the text does not end in a newline"));
        }
        if text.contains(|c: char| c < ' ' && c != '\n') {
            return Err(malformed("the text holds a control character"));
        }
        if signatures.is_empty() {
            return Err(malformed("no signature"));
        }
        check_limit("signatures of a note", signatures.len(), limits::CHECKPOINT_SIGNATURES)?;
        let note = Note { text, signatures };
        check_limit("bytes of a note", note.to_bytes().len(), limits::CHECKPOINT_BYTES)?;
        Ok(note)
    }

    /// Reads exactly what [`Note::to_bytes`] writes.
    ///
    /// # Errors
    /// As [`Note::new`], and [`Error::Log`] where the bytes are not UTF-8 in the format of a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        check_limit("bytes of a note", bytes.len(), limits::CHECKPOINT_BYTES)?;
        let note = str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        // The text may hold blank lines itself; the last one ends it.
        let blank = note.rfind("\n\n").ok_or_else(|| malformed("no blank line after the text"))?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        let lines =
            lines.strip_suffix('\n').ok_or_else(|| malformed("the last signature line has no newline"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            check_limit("signatures of a note", signatures.len() + 1, limits::CHECKPOINT_SIGNATURES)?;
            let line =
                line.strip_prefix(DASH).ok_or_else(|| malformed("not a signature line below the text"))?;
            signatures.push(NoteSignature::parse(line)?);
        }
        Note::new(text.to_owned(), signatures)
    }

    /// The note's one form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut note = format!("{}\n", self.text);
        for signature in &self.signatures {
            let encoded = STANDARD.encode([&signature.key_id[..], &signature.bytes].concat());
            writeln!(note, "{DASH}{} {encoded}", signature.name).expect("a string takes any text");
        }
        note.into_bytes()
    }

    /// What the signatures cover, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in their order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The signatures that claim to be of the key with this name and id. One that does not verify spoils the note:
    /// it is either damaged, or made so that two readers see two things.
    pub fn claims(&self, name: &str, key_id: [u8; 4]) -> impl Iterator<Item = &[u8]> {
        self.signatures
            .iter()
            .filter(move |signature| signature.name == name && signature.key_id == key_id)
            .map(NoteSignature::bytes)
    }
}

fn malformed(reason: impl Into<String>) -> Error {
    Error::Log { what: "note", reason: reason.into() }
}

fn check_limit(what: &'static str, got: usize, limit: usize) -> Result<(), Error> {
    if got <= limit { Ok(()) } else { Err(Error::Limit { what, got: got as u64, limit: limit as u64 }) }
}
