//! What stands literally in the texts of C2SP, each test named after its document. More of it is beside the code: the note and
//! its verifier keys in `log/note.rs`, the signed message in `log/checkpoint.rs`, the tree of 70,000 entries in `log/tile.rs`;
//! `add-checkpoint` is in the witness and in the registry.
//!
//! The examples name no public keys, so their signatures are read and not verified.

use cidery_protocol::{
    Error, Origin, PublicKey,
    log::{KeyType, Node, Note, NoteSignature, SignedCheckpoint, Tile, cosignature_message, key_id},
};
use proptest::prelude::*;

/// The example of tlog-checkpoint; tlog-cosignature and tlog-witness go on from it.
const CHECKPOINT: &str = "example.com/behind-the-sofa\n\
    20852163\n\
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
    \n\
    \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
/// The line that tlog-cosignature has below it.
const COSIGNATURE: &str = "\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
const WITNESS: &str = "witness.example.com/w1";

fn some_key() -> PublicKey {
    "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX".parse().expect("a key")
}

#[test]
fn signed_note_sixteen_signatures_are_accepted_also_where_they_are_large() {
    // ML-DSA-44 is the only one for checkpoints yet: a key id, a time, and 2,420 bytes.
    let large = (0_u8..16).map(|at| {
        NoteSignature::new(&format!("witness-{at}.example.com/cosigner"), [at; 4], vec![at; 8 + 2420])
    });
    let signed = Note::parse(CHECKPOINT.as_bytes()).expect("a note");
    let mut lines = signed.signatures().to_vec();
    lines.extend(large.map(|line| line.expect("a line")));
    let note = Note::new(signed.text().to_owned(), lines).expect("a note");
    assert_eq!(Note::parse(&note.to_bytes()), Ok(note));
}

#[test]
fn signed_note_a_signature_counts_by_name_and_id_together() {
    let (key, other) = (some_key(), "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd");
    let other: PublicKey = other.parse().expect("a key");
    let id = key_id(WITNESS, KeyType::Cosignature, &key);
    assert_ne!(id, key_id(WITNESS, KeyType::Ed25519, &key), "one key in two roles has two ids");
    assert_ne!(id, key_id(WITNESS, KeyType::Cosignature, &other));
    // Lines that share the name or the id with a known key, but not both, are ignored, whatever is in them.
    for (name, id) in [(WITNESS, [9; 4]), ("witness.example.com/w2", id)] {
        let line = NoteSignature::new(name, id, vec![0; 72]).expect("a line");
        let signed = format!("{CHECKPOINT}{line}\n");
        let signed = SignedCheckpoint::parse(signed.as_bytes()).expect("a note");
        assert_eq!(signed.cosigned(WITNESS, &key), Ok(None));
    }
    let line = NoteSignature::new(WITNESS, id, vec![0; 72]).expect("a line");
    let signed = SignedCheckpoint::parse(format!("{CHECKPOINT}{line}\n").as_bytes()).expect("a note");
    assert!(
        matches!(signed.cosigned(WITNESS, &key), Err(Error::LogTimestamp { .. })),
        "both: it must verify"
    );
}

#[test]
fn tlog_checkpoint_the_example_is_read() {
    let note = Note::parse(CHECKPOINT.as_bytes()).expect("a note");
    let [line] = note.signatures() else { panic!("{:?}", note.signatures()) };
    assert_eq!(line.name(), "example.com/behind-the-sofa");
    assert_eq!((line.key_id(), line.bytes().len()), ([0x03, 0x3d, 0xe0, 0xae], 64));
    assert_eq!(note.to_bytes(), CHECKPOINT.as_bytes());

    let signed = SignedCheckpoint::parse(CHECKPOINT.as_bytes()).expect("a note");
    let origin: Origin = "example.com/behind-the-sofa".parse().expect("an origin");
    let by_another = signed.verify_log(&origin, &[some_key()]);
    assert!(matches!(by_another, Err(Error::LogSignature { .. })), "{by_another:?}");
}

#[test]
fn tlog_cosignature_the_example_is_read() {
    let bytes = format!("{CHECKPOINT}{COSIGNATURE}");
    let note = Note::parse(bytes.as_bytes()).expect("a note");
    let [_, line] = note.signatures() else { panic!("{:?}", note.signatures()) };
    assert_eq!((line.name(), line.key_id()), (WITNESS, [0x8d, 0x66, 0xcf, 0x3f]));
    let (time, signature) = line.bytes().split_first_chunk().expect("a time");
    // The time is the one in the message that the text shows.
    let time = u64::from_be_bytes(*time);
    let message = cosignature_message(note.text(), time);
    let shown = "cosignature/v1\n\
        time 1679315147\n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!((message.as_slice(), signature.len()), (shown.as_bytes(), 64));
    assert_eq!(format!("{line}\n"), COSIGNATURE);
    // The line of an unknown witness changes nothing.
    let signed = SignedCheckpoint::parse(bytes.as_bytes()).expect("a note");
    assert_eq!(signed.cosigned(WITNESS, &some_key()), Ok(None));
}

#[test]
fn tlog_tiles_a_tile_of_256_entries_is_hashed_into_the_level_above_and_no_smaller_one() {
    let level_1 = |size| Tile::holding(Node { level: 8, index: 0 }, size).map(|tile| tile.path());
    assert!(level_1(255).is_err());
    assert_eq!(level_1(256), Ok("tile/1/000.p/1".into()));
    assert_eq!(level_1(70_000), Ok("tile/1/000".into()));
}

proptest! {
    /// "The partial tile at level l for a tree of size s has floor(s / 256**l) mod 256 entries."
    #[test]
    fn tlog_tiles_partial_tiles_are_as_wide_as_the_formula_says(size in 1_u64..1 << 40) {
        for level in 0_u8..6 {
            let hashes = size / 256_u64.pow(level.into());
            let Some(last) = hashes.checked_sub(1) else { continue };
            let tile = Tile::holding(Node { level: 8 * level, index: last }, size)?;
            let wanted = (hashes % 256) as u16;
            prop_assert_eq!(tile.width(), if wanted == 0 { 256 } else { wanted });
            prop_assert_eq!(tile.path().contains(".p/"), wanted != 0);
        }
    }
}
