//! What must be refused: each vector is right in all but one thing.

use serde_bytes::ByteBuf;

use super::{
    case::{Case, join},
    log::Log,
    plan::Built,
    vector::Vector,
};

mod asked;
mod chain;
mod code;
mod head;
mod leaves;
mod newest;
mod receipt;
mod record;
mod rule;
mod signature;
mod standing;
mod state;
mod succession;
mod void;
mod witness;

pub fn vectors() -> Vec<Vector> {
    [
        asked::policies(),
        asked::requests(),
        head::heads(),
        head::memories(),
        receipt::receipts(),
        record::authorities(),
        record::releases(),
        signature::signatures(),
        chain::chains(),
        succession::successors(),
        rule::releases(),
        witness::witnesses(),
        state::states(),
        standing::standings(),
        leaves::leaves(),
        void::voids_and_memories(),
        rule::policies(),
        rule::channels(),
        newest::newer(),
        code::manifests(),
        code::modules(),
    ]
    .concat()
}

/// The receipt and the head of another entry of the log.
fn prove_entry(case: &mut Case, built: &Built, index: u64) {
    case.receipt.record = ByteBuf::from(built.log.entries[index as usize].clone());
    case.receipt.index = index;
    case.receipt.inclusion = built.log.inclusion(index, built.first).into();
    case.head.join = join(built, index, built.log.size());
}

/// The log of an operator who tells others that the release is not there.
fn without_release(built: &Built) -> Log {
    let mut fork = built.log.clone();
    fork.entries[built.index as usize] = b"something else".to_vec();
    fork
}

fn note(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("a note is text")
}
