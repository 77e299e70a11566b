//! npm package archives: gzip, tar, one leading folder. Unpacked into memory, refused where they are not safe.
//!
//! Nothing is ever written to a disk under a name from an archive. What is refused all the same is what another tool
//! would read, or put, otherwise: the files that are bundled are to be those that everybody sees.

mod path;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, Read, Result as IoResult, Take};

use flate2::bufread::GzDecoder;
use tar::{Archive, Entry, EntryType, PaxExtensions};

use self::path::{folded, segments};
use crate::BundleError;

/// Bounds that hold while the archive streams, before memory is taken.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    entries: usize,
    /// Of all files together.
    bytes: u64,
    /// So many bytes may come out of each that goes in, and `free` ones more.
    ratio: u64,
    free: u64,
}

/// Of 460 packages that people use, none unfolds to more than 15 times its length.
const BOUNDS: Bounds = Bounds { entries: 100_000, bytes: 512 << 20, ratio: 200, free: 16 << 20 };

impl Bounds {
    /// How much an archive may unfold to, with the headers of its entries.
    fn unfolded(self, archive: &[u8]) -> u64 {
        let by_ratio = (archive.len() as u64).saturating_mul(self.ratio).saturating_add(self.free);
        by_ratio.min(self.bytes + self.entries as u64 * 1024)
    }
}

/// The files of one package by their path, which has `/` between its segments.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The files of an npm package's archive by their path, without its leading folder (`package/`, as npm packs).
/// `package` is its name in errors.
///
/// 1. It is one gzip member of a tar archive, with right checksums, and nothing but zeros after it.
/// 2. Entries are files and folders; links, devices and sparse files are none.
/// 3. Paths are relative, of at most 1,024 bytes of UTF-8, without `..`, backslashes, control characters and drives.
/// 4. No two paths are the same to a file system that folds case or Unicode's forms, unless the bytes are the same, and
///    none is both a file and a folder.
/// 5. At most 100,000 entries, 512 MiB, and 200 times the archive's length beside 16 MiB.
///
/// # Errors
///
/// [`BundleError::Archive`] or [`BundleError::TooLarge`] for whatever is otherwise.
///
/// ```
/// let refused = cidery_bundler::unpack("leaf@1.0.0", b"no archive").unwrap_err();
/// assert!(refused.to_string().starts_with("the archive of leaf@1.0.0 is refused: "));
/// ```
pub fn unpack(package: &str, archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    unpack_within(package, archive, BOUNDS)
}

/// One file of a package archive, without holding the others; none where it is not there. Entries are refused as by
/// [`unpack`].
pub(crate) fn file(package: &str, archive: &[u8], wanted: &str) -> Result<Option<Vec<u8>>, BundleError> {
    let mut found: Option<Vec<u8>> = None;
    walk(package, archive, BOUNDS, |path, entry| {
        if path != wanted {
            return std::io::copy(entry, &mut std::io::sink()).map(|_| ());
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        match found.replace(bytes) {
            Some(before) if Some(&before) != found.as_ref() => Err(twice(&path)),
            _ => Ok(()),
        }
    })?;
    Ok(found)
}

fn unpack_within(package: &str, archive: &[u8], bounds: Bounds) -> Result<Files, BundleError> {
    let (mut files, mut taken) = (Files::new(), BTreeSet::new());
    walk(package, archive, bounds, |path, entry| {
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        // Some tools pack a file twice; the same bytes twice do no harm.
        if files.get(&path) == Some(&bytes) {
            return Ok(());
        }
        if !taken.insert(folded(&path)) {
            return Err(twice(&path));
        }
        files.insert(path, bytes);
        Ok(())
    })?;
    let is_folder = |path: &String| {
        let prefix = format!("{path}/");
        taken.range(prefix.clone()..).next().is_some_and(|next| next.starts_with(&prefix))
    };
    match taken.iter().find(|path| is_folder(path)) {
        Some(path) => Err(refused(package, format!("`{path}` is both a file and a folder"))),
        None => Ok(files),
    }
}

/// Shows each file of an archive to `visit`, which reads all of it, in the order in which they are packed.
fn walk(
    package: &str,
    archive: &[u8],
    bounds: Bounds,
    mut visit: impl FnMut(String, &mut dyn Read) -> IoResult<()>,
) -> Result<(), BundleError> {
    let too_large =
        |limit, unit| BundleError::TooLarge { what: format!("the archive of {package}"), limit, unit };
    // The limited reader also bounds what the tar reader itself skips or buffers (long names, extended headers).
    let unfolded = bounds.unfolded(archive);
    let mut reader = GzDecoder::new(archive).take(unfolded);
    let result = each(&mut reader, bounds, &mut visit).and_then(|()| end(&mut reader));
    match result {
        Ok(()) => Ok(()),
        Err(_) if reader.limit() == 0 => Err(too_large(unfolded, "bytes")),
        Err(Refusal::TooLarge(limit, unit)) => Err(too_large(limit, unit)),
        Err(Refusal::Entry(reason)) => Err(refused(package, reason)),
        Err(Refusal::Broken(error)) => Err(refused(package, error.to_string())),
    }
}

/// Why an archive is refused.
enum Refusal {
    TooLarge(u64, &'static str),
    Entry(String),
    Broken(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

fn each(
    reader: &mut impl Read,
    bounds: Bounds,
    visit: &mut impl FnMut(String, &mut dyn Read) -> IoResult<()>,
) -> Result<(), Refusal> {
    let mut left = bounds.bytes;
    for (count, entry) in Archive::new(reader).entries()?.enumerate() {
        if count >= bounds.entries {
            return Err(Refusal::TooLarge(bounds.entries as u64, "entries"));
        }
        let mut entry = entry?;
        let raw = entry.path_bytes().into_owned();
        let Some(path) = place(&mut entry, &raw).map_err(|what| named(&raw, what))? else { continue };
        if entry.size() > left {
            return Err(Refusal::TooLarge(bounds.bytes, "bytes"));
        }
        let size = entry.size();
        let mut counted = entry.take(size);
        visit(path, &mut counted)?;
        if counted.limit() > 0 {
            return Err(named(&raw, "is cut off".to_owned()));
        }
        left -= size;
    }
    Ok(())
}

/// The path of a file without the first segment; none for a folder.
fn place(entry: &mut Entry<'_, impl Read>, raw: &[u8]) -> Result<Option<String>, String> {
    let kind = entry.header().entry_type();
    if kind == EntryType::XGlobalHeader {
        return global(entry).map(|()| None);
    }
    let is_file = match kind {
        // Old tools, and npm after them, tell folders by the slash.
        EntryType::Regular | EntryType::Continuous => !raw.ends_with(b"/"),
        EntryType::Directory => false,
        other => return Err(format!("is {other:?}, wanted a file")),
    };
    let extensions = entry.pax_extensions().map_err(|error| error.to_string())?;
    if extensions
        .is_some_and(|list| keys(list).any(|key| key.is_none_or(|key| key.starts_with("GNU.sparse"))))
    {
        return Err("is GNUSparse, wanted a file".to_owned());
    }
    let outside = || "is not a path within the package".to_owned();
    let segments = segments(raw).ok_or_else(outside)?;
    match segments.split_first() {
        _ if !is_file => Ok(None),
        Some((_, rest)) if !rest.is_empty() => Ok(Some(rest.join("/"))),
        _ => Err(outside()),
    }
}

/// Lets a header for all entries through that says nothing of their paths, sizes and links: not all tools heed it.
fn global(entry: &mut Entry<'_, impl Read>) -> Result<(), String> {
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let harmless =
        |key: Option<&str>| matches!(key, Some("comment" | "mtime" | "atime" | "ctime" | "charset"));
    if keys(PaxExtensions::new(&bytes)).all(harmless) {
        return Ok(());
    }
    Err("is a header that changes all entries, wanted files".to_owned())
}

/// The keys of an extended header; none for one that can't be read.
fn keys<'a>(list: PaxExtensions<'a>) -> impl Iterator<Item = Option<&'a str>> {
    list.map(|extension| extension.ok().and_then(|extension| extension.key().ok()))
}

/// What comes after the last entry: zeros, the checksum of gzip, and no more.
fn end(reader: &mut Take<GzDecoder<&[u8]>>) -> Result<(), Refusal> {
    let mut block = [0; 4096];
    loop {
        match reader.read(&mut block)? {
            0 => break,
            read if block[..read].iter().any(|&byte| byte != 0) => {
                return Err(Refusal::Entry("it has data after its end".to_owned()));
            }
            _ => {}
        }
    }
    if reader.limit() == 0 {
        return Err(Refusal::Entry("it does not end".to_owned()));
    }
    if reader.get_ref().get_ref().iter().any(|&byte| byte != 0) {
        return Err(Refusal::Entry("it has data after its gzip member".to_owned()));
    }
    Ok(())
}

fn named(raw: &[u8], what: String) -> Refusal {
    Refusal::Entry(format!("`{}` {what}", String::from_utf8_lossy(raw).escape_debug()))
}

fn refused(package: &str, reason: String) -> BundleError {
    BundleError::Archive { package: package.to_owned(), reason }
}

fn twice(path: &str) -> Error {
    Error::other(format!(
        "`{path}` occurs twice, or differs from another path only in case or Unicode's form"
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn pack(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
        for (path, bytes) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, path, *bytes).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn within(bounds: Bounds, archive: &[u8]) -> Result<Files, BundleError> {
        unpack_within("p@1.0.0", archive, bounds)
    }

    fn unit(result: Result<Files, BundleError>) -> &'static str {
        match result {
            Err(BundleError::TooLarge { unit, .. }) => unit,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn t16_every_bound_holds() {
        let zeros = vec![0; 1 << 20];
        let large = pack(&[("package/a", &zeros), ("package/b", &zeros)]);
        assert!(large.len() < 8192, "the archive itself is small: {}", large.len());
        assert_eq!(unit(within(Bounds { bytes: (1 << 20) + 1, ..BOUNDS }, &large)), "bytes");
        assert_eq!(unit(within(Bounds { ratio: 10, free: 1 << 20, ..BOUNDS }, &large)), "bytes");
        assert_eq!(unit(within(Bounds { entries: 1, ..BOUNDS }, &large)), "entries");
        assert_eq!(within(BOUNDS, &large).unwrap().len(), 2);
    }

    #[test]
    fn t16_what_the_tar_reader_skips_and_buffers_is_bounded_too() {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(EntryType::GNULongName);
        header.set_size(1 << 40);
        header.set_cksum();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(header.as_bytes()).unwrap();
        gzip.write_all(&vec![b'a'; 3 << 20]).unwrap();
        let archive = gzip.finish().unwrap();
        assert_eq!(unit(within(Bounds { ratio: 1, free: 1 << 20, ..BOUNDS }, &archive)), "bytes");
    }

    #[test]
    fn one_file_is_found_without_the_others() {
        let archive =
            pack(&[("package/a", b"1"), ("package/package.json", b"{}"), ("package/x/package.json", b"2")]);
        assert_eq!(file("p@1.0.0", &archive, "package.json").unwrap().as_deref(), Some(&b"{}"[..]));
        assert_eq!(file("p@1.0.0", &archive, "b").unwrap(), None);
        let twice = pack(&[("package/package.json", b"{}"), ("other/package.json", b"{ }")]);
        assert!(matches!(file("p@1.0.0", &twice, "package.json"), Err(BundleError::Archive { .. })));
    }
}
