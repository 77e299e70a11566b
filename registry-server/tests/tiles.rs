//! The log as a reader of nothing but its static files sees it (SPEC §11.7).

mod support;

use bytes::Bytes;
use cidery_keys::Signer;
use cidery_protocol::log::{
    Bundle, Hash, Node, SignedCheckpoint, Tile, decode_bundle, leaf_hash, root, written_tiles,
};
use cidery_registry::{Blobs, layout, memory::Memory};
use support::{
    Pack, TestRegistry,
    ask::{commit, fresh},
    key, origin,
};

async fn read(registry: &TestRegistry<Memory>, path: &str) -> (u16, Bytes) {
    let answer = registry.call("GET", &format!("/v1/{path}"), b"").await;
    (answer.status, answer.stream.unwrap_or_default())
}

#[tokio::test]
async fn every_checkpoint_has_its_tiles_and_entries() {
    let (registry, _folder) = fresh();
    registry.sequencer.start().await.expect("a log");
    let mut package = Pack::new("@acme/hello", "export default 0;");
    commit(&registry, &package).await;
    for number in 1..=5 {
        package = package.next(&format!("1.{number}.0"), &format!("export default {number};"));
        commit(&registry, &package).await;
        let checkpoint = registry.call("GET", "/v1/checkpoint", b"").await;
        let checkpoint = SignedCheckpoint::parse(&checkpoint.bytes).expect("a note");
        let published = checkpoint.verify_log(&origin(), &[key(2).public_key()]).expect("signed");
        let bundle = Bundle::holding(published.size - 1, published.size).expect("a bundle");
        let (status, entries) = read(&registry, &bundle.path()).await;
        assert_eq!(status, 200, "{}", bundle.path());
        let entries = decode_bundle(&entries, bundle.width()).expect("entries");
        let mut tiles = Vec::new();
        for tile in written_tiles(0, published.size) {
            tiles.push((tile, read(&registry, &tile.path()).await.1));
        }
        let hash = |node: Node| -> Result<Hash, cidery_protocol::Error> {
            let wanted = Tile::holding(node, published.size)?;
            let (tile, bytes) = tiles.iter().find(|(tile, _)| *tile == wanted).expect("a tile");
            tile.node(bytes, node)
        };
        assert_eq!(root(published.size, hash).expect("a root"), published.root);
        for (index, entry) in entries.iter().enumerate() {
            let leaf = hash(Node { level: 0, index: index as u64 }).expect("a leaf");
            assert_eq!(leaf, leaf_hash(entry));
        }
    }
    // Those of earlier checkpoints are still there.
    for size in (3..=13).step_by(2) {
        assert_eq!(read(&registry, &format!("tile/0/000.p/{size}")).await.0, 200, "{size}");
        assert_eq!(read(&registry, &format!("tile/entries/000.p/{size}")).await.0, 200, "{size}");
    }
}

#[tokio::test]
async fn what_no_checkpoint_covers_is_not_shown() {
    let (registry, _folder) = fresh();
    commit(&registry, &Pack::new("@acme/hello", "export default 1;")).await;
    // As a group leaves them that is being written, or never will be signed.
    for path in ["tile/0/000.p/4", "tile/1/000.p/1", "tile/entries/000.p/4", "tile/entries/000", "tile/0/000"]
    {
        registry.blobs.put(&layout::log(path), Bytes::from_static(b"not yet")).await.expect("it is stored");
        assert_eq!(read(&registry, path).await.0, 404, "{path}");
    }
    assert_eq!(read(&registry, "tile/0/000.p/3").await.0, 200);
}
