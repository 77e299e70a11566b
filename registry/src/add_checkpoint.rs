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

    /// The checkpoint of C2SP's examples.
    const CHECKPOINT: &str = "example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn a_request_is_that_of_the_specification() {
        let note = b"log.example\n1\n...\n\n";
        let hash = Hash::from_bytes([0; 32]);
        let wanted = "old 20\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nlog.example\n1\n...\n\n";
        assert_eq!(request(20, &[hash], note), wanted.as_bytes());
        assert_eq!(request(0, &[], note), "old 0\n\nlog.example\n1\n...\n\n".as_bytes());
    }

    /// The example request in the text of C2SP tlog-witness, from its parts.
    #[test]
    fn tlog_witness_the_example_request_is_written() {
        let hashes = [
            "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
            "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
            "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
            "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
        ];
        let bytes = |line| STANDARD.decode(line).ok()?.try_into().ok();
        let proof: Vec<Hash> =
            hashes.iter().map(|line| Hash::from_bytes(bytes(line).expect("a hash"))).collect();
        let wanted = format!("old 20852014\n{}\n\n{CHECKPOINT}", hashes.join("\n"));
        assert_eq!(request(20_852_014, &proof, CHECKPOINT.as_bytes()), wanted);
    }

    /// The example answer in the same text: two lines of one name, one of another, of keys that are not said. Their times are
    /// mostly past what a cosignature may have, which is nobody's business as long as the keys are unknown.
    #[test]
    fn tlog_witness_the_example_answer_is_read_and_its_unknown_keys_are_ignored() {
        let lines = "\u{2014} witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==\n\
            \u{2014} witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==\n\
            \u{2014} witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==\n";
        let all = Note::parse(format!("{CHECKPOINT}{lines}").as_bytes()).expect("a note with them");
        let ids: Vec<_> = all.signatures()[1..].iter().map(|line| (line.name(), line.key_id())).collect();
        let wanted = [
            ("witness.example/w1", [0x08, 0xca, 0x7e, 0xe8]),
            ("witness.example/w1", [0x23, 0xba, 0xc4, 0xa6]),
            ("witness.example/w2", [0x01, 0x6b, 0xa2, 0xf1]),
        ];
        assert_eq!(ids, wanted);
        assert!(all.signatures()[1..].iter().all(|line| line.bytes().len() == 8 + 64));

        let key = "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX".parse().expect("a key");
        let witness = Witness::new("witness.example/w1", "https://witness.example", key).expect("a witness");
        let note = Note::parse(CHECKPOINT.as_bytes()).expect("a note");
        let answer = WitnessAnswer { status: 200, body: Bytes::from(lines) };
        let said = answered(&answer, &witness, &note, u64::MAX).expect_err("none is by this key");
        assert_eq!(said, "its answer is without a cosignature by its key");
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
