//! What a log serves (SPEC §7, §8).

use cidery_protocol::log::{SignedCheckpoint, decode_bundle, encode_bundle};

use crate::Fixture;

/// Any bytes as a checkpoint, and as an entry bundle.
pub fn checkpoint(data: &[u8]) {
    for width in [1, 2, 256] {
        if let Ok(entries) = decode_bundle(data, width) {
            assert_eq!(entries.len(), usize::from(width));
            assert_eq!(encode_bundle(&entries).as_deref(), Ok(data));
        }
    }
    let Ok(signed) = SignedCheckpoint::parse(data) else { return };
    assert_eq!(signed.to_bytes(), data);
    let fixture = Fixture::get();
    if let Ok(checkpoint) = signed.verify_log(&fixture.tree.origin, &[fixture.log_key]) {
        assert_eq!(checkpoint, fixture.tree, "only one was ever signed");
        assert!(data.starts_with(checkpoint.text().as_bytes()));
    }
    if let Ok(time) = signed.timestamp(&fixture.tree.origin.cosigner(), &fixture.cosigner) {
        assert_eq!(time, Fixture::TIME, "only one was ever signed");
        assert!(data.starts_with(fixture.tree.text().as_bytes()));
    }
}
