//! Texts of SPEC §2 to §4 and the paths of a log: each value has one form.

use std::{fmt::Display, str::FromStr};

use cidery_protocol::{
    ChannelName, Cid, Origin, PackageName, PublicKey, Range, Version, limits,
    log::{Bundle, Tile},
};

/// Any text as a package name, an origin, a CID, a key, a path of the log, and a reference.
pub fn names(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Some(name) = one_form::<PackageName>(text) {
        assert_eq!(format!("@{}/{}", name.scope(), name.name()), text);
        assert!(text.len() <= limits::NAME_CHARS);
        assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || b"@/-._0123456789".contains(&byte)));
        assert!(!text.contains("/.") && !text.contains("\\"));
    }
    if let Some(origin) = one_form::<Origin>(text) {
        assert!(origin.as_str().len() <= limits::ORIGIN_CHARS);
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+'), "it fits a note");
    }
    one_form::<ChannelName>(text);
    if let Some(cid) = one_form::<Cid>(text) {
        assert!(text.starts_with("bafkr4i") || text.starts_with("bafyr4i"));
        assert_eq!(cid.digest().len(), 32);
    }
    if let Some(key) = one_form::<PublicKey>(text) {
        assert_eq!(PublicKey::from_bytes(*key.as_bytes()), Ok(key));
    }
    if let Ok(tile) = Tile::parse(text) {
        assert_eq!(tile.path(), text);
    }
    if let Ok(bundle) = Bundle::parse(text) {
        assert_eq!(bundle.path(), text);
    }
    if let Ok(request) = text.parse::<cidery_verifier::Request>() {
        let again: cidery_verifier::Request = request.to_string().parse().expect("what is shown is read");
        assert_eq!(again.to_string(), request.to_string());
    }
}

/// The first line as a range, the others as versions to choose from.
pub fn ranges(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let range = one_form::<Range>(lines.next().unwrap_or_default());
    let versions: Vec<Version> = lines.filter_map(one_form::<Version>).collect();
    let Some(range) = range else { return };
    assert!(range.as_str().len() <= limits::RANGE_CHARS);
    let newest = range.newest(&versions);
    for version in &versions {
        let exact: Range = version.to_string().parse().expect("a version is a range");
        assert!(exact.contains(version));
        if range.contains(version) {
            assert!(newest.is_some_and(|newest| newest >= version));
        }
    }
    assert!(newest.is_none_or(|newest| range.contains(newest)));
}

/// What is read is shown as it was, and what is shown is read.
fn one_form<T: FromStr + Display>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    assert_eq!(value.to_string(), text);
    Some(value)
}
