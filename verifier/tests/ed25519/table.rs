//! `docs/ed25519.md`: each case with its verdict and the reason for it.

use std::{fmt::Write, fs};

use super::case::{Source, project};

const PAGE: &str = "docs/ed25519.md";

const BEGIN: &str = "\
# What counts as an ed25519 signature

<!-- Made by `UPDATE_VECTORS=1 cargo test -p cidery-verifier --test ed25519`; a test compares. -->

Implementations of ed25519 disagree at the edges: on keys and nonces of small order, on second encodings of a point, on numbers above the group's
order, and on whether the equation is multiplied by the cofactor. Cidery has one answer, SPEC §4, and all of its verifiers give it:

1. The key is the canonical encoding of a point that is not of small order, else `key.malformed`.
2. The signature has 64 bytes, R ‖ S; S is below the group's order; R is the canonical encoding of a point that is not of small order, else
   `envelope.signature`.
3. `[S]B = R + [k]A`, without cofactor, where k hashes R, A and the message as they were received; else `envelope.signature`.

Points of mixed order, with a part of small order beside the large one, pass where the equation holds exactly. To refuse them would cost a
multiplication by the group's order for every signature, and gain nothing: only its owner can make such a key.

`why` is the first of these rules that decides. It is worked out by the test over the bare curve, not by the code that is tested, and the two must
agree. The cases with all their bytes are in [tests/vectors/ed25519](../tests/vectors/ed25519/README.md).
";

/// The page as it should be.
pub(crate) fn page(sources: &[Source]) -> String {
    let mut page = BEGIN.to_owned();
    for source in sources {
        let valid = source.cases.iter().filter(|case| case.expect == "valid").count();
        let (file, total) = (&source.file, source.cases.len());
        let link = format!("../tests/vectors/ed25519/{file}.json");
        let _ = write!(page, "\n## [{file}]({link})\n\n{} {valid} of {total} are valid.\n\n", source.source);
        page.push_str("| case | about | verdict | why |\n|---|---|---|---|\n");
        for case in &source.cases {
            let (name, about, why) = (&case.name, cell(&case.about), cell(&case.why));
            let _ = writeln!(page, "| {name} | {about} | `{}` | {why} |", case.expect);
        }
    }
    page
}

/// Text of others that cannot break the table.
fn cell(text: &str) -> String {
    text.replace('|', r"\|").replace('<', "&lt;").replace('\n', " ")
}

pub(crate) fn committed() -> String {
    fs::read_to_string(project(PAGE)).unwrap_or_default()
}

pub(crate) fn write(sources: &[Source]) {
    fs::write(project(PAGE), page(sources)).expect("it can be written");
}
