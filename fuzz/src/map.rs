//! How a map is kept (SPEC §8.7).

use cidery_protocol::map::{MapKey, MapPage, ReadPath};

/// A key, the depth of a page, and any bytes as that page.
pub fn page(data: &[u8]) {
    let Some((key, [depth, bytes @ ..])) = data.split_first_chunk::<32>() else { return };
    let Ok(page) = MapPage::decode(*depth, bytes) else { return };
    assert_eq!(page.encode(*depth).as_deref(), Ok(bytes));
    let (key, root) = (MapKey::from_bytes(*key), page.hash());
    let mut path = ReadPath::new(key, root);
    if path.wants() != Some(root) || path.take(bytes).is_err() || path.wants().is_some() {
        return; // it is the empty map, or no page at the top, or leads to another one
    }
    let (value, path) = path.finish();
    assert_eq!(path.leads(&key, value, &root), Ok(()), "what is read is shown");
    if value.is_some() {
        assert!(path.leads(&key, None, &root).is_err(), "and not the contrary");
    }
}
