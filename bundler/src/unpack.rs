//! npm package archives: gzip, tar, one leading folder. Unpacked into memory, refused where they are not safe.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

use crate::BundleError;

/// Bounds that hold while the archive streams, before memory is taken.
const ENTRY_LIMIT: usize = 100_000;
const BYTE_LIMIT: u64 = 512 << 20;
const PATH_LIMIT: usize = 1024;

/// The files of one package by their path, which has `/` between its segments.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Unpacks a package archive, without its leading folder (`package/`, as npm packs).
///
/// Refused are links, devices, absolute paths, `..`, backslashes, control characters, paths that differ only in
/// case or that are both a file and a folder, and more than 100,000 entries or 512 MiB.
pub(crate) fn unpack(package: &str, archive: impl Read) -> Result<Files, BundleError> {
    unpack_within(package, archive, ENTRY_LIMIT, BYTE_LIMIT)
}

fn unpack_within(
    package: &str,
    archive: impl Read,
    entry_limit: usize,
    byte_limit: u64,
) -> Result<Files, BundleError> {
    let refuse = |reason: String| BundleError::Archive { package: package.to_owned(), reason };
    let broken = |error: std::io::Error| refuse(error.to_string());
    let too_large =
        |limit, unit| BundleError::TooLarge { what: format!("the archive of {package}"), limit, unit };

    // The limited reader also bounds what the tar reader itself skips or buffers (long names, extended headers).
    let tar_limit = byte_limit + entry_limit as u64 * 1024;
    let mut tar = Archive::new(GzDecoder::new(archive).take(tar_limit));
    let (mut files, mut folded, mut left) = (Files::new(), BTreeSet::new(), byte_limit);
    for (count, entry) in tar.entries().map_err(broken)?.enumerate() {
        if count >= entry_limit {
            return Err(too_large(entry_limit as u64, "entries"));
        }
        let entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        let raw = entry.path_bytes().into_owned();
        let shown = String::from_utf8_lossy(&raw).into_owned();
        match kind {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            other => return Err(refuse(format!("`{shown}` is {other:?}, wanted a file"))),
        }
        let Some(path) = safe_path(&raw) else {
            return Err(refuse(format!("`{shown}` is not a path within the package")));
        };
        if entry.size() > left {
            return Err(too_large(byte_limit, "bytes"));
        }
        let mut bytes = Vec::new();
        entry.take(left + 1).read_to_end(&mut bytes).map_err(broken)?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| too_large(byte_limit, "bytes"))?;

        // Some tools pack a file twice; the same bytes twice do no harm.
        if files.get(&path) == Some(&bytes) {
            continue;
        }
        if !folded.insert(path.to_lowercase()) {
            return Err(refuse(format!("`{path}` occurs twice, or differs from another path only in case")));
        }
        files.insert(path, bytes);
    }
    let is_folder = |path: &String| {
        let prefix = format!("{path}/");
        files.range(prefix.clone()..).next().is_some_and(|(next, _)| next.starts_with(&prefix))
    };
    match files.keys().find(|path| is_folder(path)) {
        Some(path) => Err(refuse(format!("`{path}` is both a file and a folder"))),
        None => Ok(files),
    }
}

/// The path without its first segment, if it is one that stays where it is put.
fn safe_path(raw: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(raw).ok().filter(|path| path.len() <= PATH_LIMIT)?;
    if path.starts_with('/') || path.contains('\\') || path.chars().any(char::is_control) {
        return None;
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    // A drive letter would make the path absolute elsewhere.
    if segments.len() < 2 || segments.contains(&"..") || segments[0].ends_with(':') {
        return None;
    }
    Some(segments[1..].join("/"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn header(path: &str, size: usize, kind: EntryType) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        // Written raw: the safe setter refuses what these tests need.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(size as u64);
        header.set_mode(0o644);
        header.set_entry_type(kind);
        header.set_cksum();
        header
    }

    fn pack(entries: &[(&str, &[u8], EntryType)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
        for (path, bytes, kind) in entries {
            tar.append(&header(path, bytes.len(), *kind), *bytes).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn file<'a>(path: &'a str, bytes: &'a [u8]) -> (&'a str, &'a [u8], EntryType) {
        (path, bytes, EntryType::Regular)
    }

    #[test]
    fn drops_the_leading_folder() {
        let archive = pack(&[
            ("package/", b"", EntryType::Directory),
            file("package/package.json", b"{}"),
            file("package/./lib/a.js", b"a"),
            file("package/lib/a.js", b"a"),
        ]);
        let files = unpack("p@1.0.0", &archive[..]).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["lib/a.js", "package.json"]);
    }

    #[test]
    fn refuses_what_is_not_safe() {
        let bad: [&[(&str, &[u8], EntryType)]; 11] = [
            &[file("package/../../x", b"")],
            &[file("../x", b"")],
            &[file("/etc/passwd", b"")],
            &[file("package\\x", b"")],
            &[file("C:/x", b"")],
            &[file("package/a\nb", b"")],
            &[file("x", b"")],
            &[("package/l", b"", EntryType::Symlink)],
            &[("package/l", b"", EntryType::Link)],
            &[file("package/a.js", b"1"), file("package/A.js", b"2")],
            &[file("package/a", b"1"), file("package/a/b", b"2")],
        ];
        for entries in bad {
            let result = unpack("p@1.0.0", &pack(entries)[..]);
            assert!(matches!(result, Err(BundleError::Archive { .. })), "{entries:?}: {result:?}");
        }
    }

    #[test]
    fn refuses_bombs() {
        let zeros = vec![0; 1 << 20];
        let large = pack(&[file("package/a", &zeros), file("package/b", &zeros)]);
        assert!(large.len() < 8192, "the archive itself is small: {}", large.len());
        let result = unpack_within("p@1.0.0", &large[..], 10, (1 << 20) + 1);
        assert!(matches!(result, Err(BundleError::TooLarge { unit: "bytes", .. })), "{result:?}");

        let names: Vec<String> = (0..20).map(|i| format!("package/{i}")).collect();
        let many: Vec<_> = names.iter().map(|name| file(name, b"")).collect();
        let result = unpack_within("p@1.0.0", &pack(&many)[..], 10, 1 << 20);
        assert!(matches!(result, Err(BundleError::TooLarge { unit: "entries", .. })), "{result:?}");
    }

    #[test]
    fn refuses_a_header_that_lies_about_its_size() {
        let mut tar = Vec::new();
        tar.extend_from_slice(header("package/a", 1 << 40, EntryType::Regular).as_bytes());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&tar).unwrap();
        let result = unpack("p@1.0.0", &gzip.finish().unwrap()[..]);
        assert!(matches!(result, Err(BundleError::TooLarge { .. })), "{result:?}");
    }

    #[test]
    fn refuses_a_truncated_archive() {
        let archive = pack(&[file("package/a.js", &[7; 4096])]);
        assert!(unpack("p@1.0.0", &archive[..archive.len() / 2]).is_err());
    }
}
