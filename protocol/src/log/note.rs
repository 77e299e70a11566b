//! Signed notes (SPEC §7, C2SP signed-note): text, a blank line, and a line for each signature.
//!
//! A note says who claims to have signed it and no more. What trusts one asks [`Note::claims`] and checks them all.

use std::fmt::{self, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{Error, PublicKey, canonical::within, error::quote, limits};

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

impl KeyType {
    fn byte(self) -> u8 {
        match self {
            KeyType::Ed25519 => 0x01,
            KeyType::Cosignature => 0x04,
        }
    }
}

/// The id of a key in signature lines: the first bytes of SHA-256(name ‖ `0A` ‖ type ‖ key).
///
/// It is a hint which key to try, not an identity: anyone can make a key with the same id.
pub fn key_id(name: &str, key_type: KeyType, key: &PublicKey) -> [u8; 4] {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', key_type.byte()])
        .chain_update(key.as_bytes())
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// A public key as C2SP signed-note hands it to whoever verifies: `name+id+key`, the id in hexadecimal, type and key in
/// base64.
///
/// ```
/// use cidery_protocol::log::{KeyType, verifier_key};
/// let key = "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX".parse()?;
/// let text = verifier_key("witness.example/w1", KeyType::Cosignature, &key);
/// assert!(text.starts_with("witness.example/w1+"));
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
pub fn verifier_key(name: &str, key_type: KeyType, key: &PublicKey) -> String {
    let id = u32::from_be_bytes(key_id(name, key_type, key));
    format!("{name}+{id:08x}+{}", STANDARD.encode([&[key_type.byte()], &key.as_bytes()[..]].concat()))
}

/// One signature line, unverified. `Display` writes it, without its newline.
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

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([&self.key_id[..], &self.bytes].concat());
        write!(f, "{DASH}{} {encoded}", self.name)
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
        within("signatures of a note", limits::CHECKPOINT_SIGNATURES, signatures.len())?;
        let note = Note { text, signatures };
        within("bytes of a note", limits::CHECKPOINT_BYTES, note.to_bytes().len())?;
        Ok(note)
    }

    /// Reads exactly what [`Note::to_bytes`] writes.
    ///
    /// # Errors
    /// As [`Note::new`], and [`Error::Log`] where the bytes are not UTF-8 in the format of a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        within("bytes of a note", limits::CHECKPOINT_BYTES, bytes.len())?;
        let note = str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        // The text may hold blank lines itself; the last one ends it.
        let blank = note.rfind("\n\n").ok_or_else(|| malformed("no blank line after the text"))?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        let lines =
            lines.strip_suffix('\n').ok_or_else(|| malformed("the last signature line has no newline"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            within("signatures of a note", limits::CHECKPOINT_SIGNATURES, signatures.len() + 1)?;
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
            writeln!(note, "{signature}").expect("a string takes any text");
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the Go checksum database's note package.
    const PETER: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    /// Type byte and key, as verifier keys hold them.
    fn public_key(encoded: &str) -> PublicKey {
        let bytes = STANDARD.decode(encoded).expect("base64");
        PublicKey::from_bytes(bytes[1..].try_into().expect("32 bytes")).expect("a key")
    }

    #[test]
    fn keys_of_other_programs_have_their_ids() {
        let peter = public_key("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
        assert_eq!(key_id("PeterNeumann", KeyType::Ed25519, &peter), [0xc7, 0x4f, 0x20, 0xa3]);
        assert_eq!(
            verifier_key("PeterNeumann", KeyType::Ed25519, &peter),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        );
        let remora = public_key("BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2");
        assert_eq!(
            verifier_key("remora.n621.de", KeyType::Cosignature, &remora),
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
        );
    }

    #[test]
    fn a_note_of_another_program_is_read() {
        let note = Note::parse(PETER.as_bytes()).expect("a note");
        assert_eq!(note.to_bytes(), PETER.as_bytes());
        let key = public_key("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
        let id = key_id("PeterNeumann", KeyType::Ed25519, &key);
        let claims: Vec<_> = note.claims("PeterNeumann", id).collect();
        assert_eq!(claims.len(), 1);
        let signature = crate::Signature::from_bytes(claims[0].try_into().expect("64 bytes"));
        assert!(key.verifies(note.text().as_bytes(), &signature));
        assert_eq!(note.claims("PeterNeumann", [0; 4]).count() + note.claims("EnochRoot", id).count(), 0);
    }

    /// The example in the text of C2SP signed-note: its text holds a blank line.
    #[test]
    fn the_last_blank_line_ends_the_text() {
        let bytes = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
            \u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
        let note = Note::parse(bytes.as_bytes()).expect("a note");
        assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
        assert_eq!(note.signatures()[0].name(), "quasimodo.example/salvatore");
        assert_eq!(note.signatures()[0].key_id(), [0x36, 0x7b, 0xa0, 0x4b]);
        assert_eq!(note.to_bytes(), bytes.as_bytes());
    }

    #[test]
    fn t19_other_bytes_are_no_note() {
        for bytes in [
            "",
            "\n",
            "\n\n",
            "text\n",
            "text\n\n",
            "text\n\n\n",
            "\n\u{2014} a AAAAAQEC\n",
            "text\n\u{2014} a AAAAAQEC\n",
            "text\n\n\u{2014} a AAAAAQEC",
            "text\n\n\u{2014} a AAAAAQEC\n\n",
            "text\n\n\u{2014} a AAAAAQEC\n\ntext\n",
            "text\r\n\n\u{2014} a AAAAAQEC\n",
            "text\n\n\u{2014} a AAAAAQEC\r\n",
            "te\txt\n\n\u{2014} a AAAAAQEC\n",
            "te\0xt\n\n\u{2014} a AAAAAQEC\n",
            "text\n\n\u{2014}  AAAAAQEC\n",
            "text\n\n\u{2014} AAAAAQEC\n",
            "text\n\n\u{2014} a  AAAAAQEC\n",
            "text\n\n\u{2014} a AAAAAQEC \n",
            "text\n\n\u{2014} a+b AAAAAQEC\n",
            "text\n\n\u{2014} a\u{a0}b AAAAAQEC\n",
            "text\n\n\u{2014} a b AAAAAQEC\n",
            "text\n\n- a AAAAAQEC\n",
            "text\n\n\u{2013} a AAAAAQEC\n",
            "text\n\n\u{2014} a AAAAAQ==\n",
            "text\n\n\u{2014} a AAAA\n",
            "text\n\n\u{2014} a AAAAAQF=\n",
            "text\n\n\u{2014} a AAAAAQE\n",
            "text\n\n\u{2014} a AAAAAQ_C\n",
        ] {
            assert!(matches!(Note::parse(bytes.as_bytes()), Err(Error::Log { .. })), "{bytes:?}");
        }
        assert!(Note::parse(b"te\xffxt\n\n\xe2\x80\x94 a AAAAAQEC\n").is_err());
    }

    #[test]
    fn large_notes_are_refused() {
        let line = "\u{2014} a AAAAAQEC\n";
        let most = format!("text\n\n{}", line.repeat(limits::CHECKPOINT_SIGNATURES));
        assert!(Note::parse(most.as_bytes()).is_ok());
        let limit = |bytes: String| matches!(Note::parse(bytes.as_bytes()), Err(Error::Limit { .. }));
        assert!(limit(most + line));
        assert!(limit(format!("{}\n\n{line}", "a".repeat(limits::CHECKPOINT_BYTES))));
        // Two newlines, and a line of 15 bytes.
        let note = |letters| {
            let signature = NoteSignature::new("a", [0; 4], vec![1, 2])?;
            Note::new(format!("{}\n", "a".repeat(letters)), vec![signature])
        };
        assert!(note(limits::CHECKPOINT_BYTES - 17).is_ok());
        assert!(matches!(note(limits::CHECKPOINT_BYTES - 16), Err(Error::Limit { .. })));
    }

    proptest! {
        #[test]
        fn t19_bytes_are_refused_or_written_again(note in "(([a-b\u{2014} \r]{0,3}\n){0,4}(\u{2014} [a-b+]{0,2} [A-Ba/=]{0,8}\n){0,3}){0,2}") {
            if let Ok(parsed) = Note::parse(note.as_bytes()) {
                prop_assert_eq!(parsed.to_bytes(), note.as_bytes());
            }
        }

        #[test]
        fn what_is_written_is_read_back(text in "([ -~è]{0,9}\n){1,5}", name in "[a-z0-9./]{1,9}", bytes in proptest::collection::vec(any::<u8>(), 1..99)) {
            let note = Note::new(text, vec![NoteSignature::new(&name, [1, 2, 3, 4], bytes)?])?;
            prop_assert_eq!(Note::parse(&note.to_bytes()), Ok(note));
        }
    }
}
