//! The record in the log: steps (6) and (7) of SPEC §10.4.

use cidery_protocol::{
    Head, Join, Receipt,
    log::{
        Checkpoint, SignedCheckpoint, leaf_hash, verify_consistency, verify_inclusion, with_right_siblings,
    },
};

use super::head::same_tree;
use crate::{Check, Part, Rule, VerifyError, trace::Trace};

/// Steps (6) and (7): the record is under the receipt's checkpoint, and under the head.
pub(super) fn joined(
    receipt: &Receipt,
    head: &Head,
    tree: &Checkpoint,
    rule: &Rule,
    trace: &mut Trace,
) -> Result<(), VerifyError> {
    // (6) the receipt's checkpoint is the log's, and covers the record
    trace.at(Check::ReceiptSignature, || format!("`{}`", rule.origin()));
    let signed = SignedCheckpoint::parse(&receipt.checkpoint).map_err(Part::Receipt.refuse())?;
    let first = signed.verify_log(rule.origin(), rule.log().log_keys()).map_err(Part::Receipt.refuse())?;
    let (index, leaf) = (receipt.index, leaf_hash(&receipt.record));
    trace.at(Check::Inclusion, || format!("entry {index} of {}", first.size));
    verify_inclusion(index, first.size, leaf, &receipt.inclusion, &first.root)
        .map_err(Part::Receipt.refuse())?;

    // (7) and so does the head
    trace.at(Check::Join, || {
        let how = match head.join {
            Join::Inclusion(_) => "the record's inclusion",
            Join::Consistency(_) => "consistency of the receipt's tree",
        };
        format!("{how}, {} entries then and {} now", first.size, tree.size)
    });
    if tree.size < first.size {
        return Err(VerifyError::Unproven { head: tree.size, earlier: first.size });
    }
    same_tree(tree, first.size, first.root)?;
    let joined = match &head.join {
        // What is to the left of the record is the same in both trees.
        Join::Inclusion(right) => {
            with_right_siblings(index, first.size, &receipt.inclusion, tree.size, right)
                .and_then(|proof| verify_inclusion(index, tree.size, leaf, &proof, &tree.root))
        }
        Join::Consistency(proof) => verify_consistency(first.size, tree.size, &first.root, &tree.root, proof),
    };
    joined.map_err(Part::Head.refuse())
}
