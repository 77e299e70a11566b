//! One entry.

use super::*;

pub(super) fn vectors() -> Vec<Vector> {
    let whole = honest();
    let mut headless = whole.clone();
    headless.log.entries.pop();
    let mut broken = whole.clone();
    broken.log.append(b"not an entry".to_vec());
    broken.map(LOGGED + 25 * HOUR);
    let one = |whole: &Whole, index| {
        let (checkpoint, mut entries) = under(whole, whole.log.size(), &[index]);
        (checkpoint, entries.remove(0))
    };
    let head = |(checkpoint, entry)| EvidenceKind::Head { checkpoint, entry };
    let entry = |(checkpoint, entry)| EvidenceKind::Entry { checkpoint, entry };
    let last = whole.log.size() - 1;
    vec![
        shows("head", "log.map", "The checkpoint ends with a record.", head(one(&headless, last - 1))),
        refused(
            "head_before_the_last",
            "log.unproven",
            "The entry is not the last one.",
            head(one(&whole, last - 1)),
        ),
        refused("head_with_its_map", "log.unproven", "The last entry is a map.", head(one(&whole, last))),
        shows("T19_entry", "cbor.malformed", "An entry that is none.", entry(one(&broken, last + 1))),
        refused("entry_well_formed", "log.unproven", "The entry is a record.", entry(one(&broken, 0))),
        refused("entry_elsewhere", "log.proof", "The entry is not where it is said to be.", {
            let (checkpoint, shown) = one(&broken, last + 1);
            entry((checkpoint, ShownEntry { index: 3, ..shown }))
        }),
    ]
}
