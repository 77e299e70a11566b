//! Archives that somebody may send, made by hand: no tool packs most of them.

use std::io::Write as _;

use flate2::{Compression, GzBuilder};

/// What stands in a tar header.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: u8,
    pub(crate) content: Vec<u8>,
    /// The field of the size, where it is not that of the content.
    pub(crate) size: Option<[u8; 12]>,
    pub(crate) link: Vec<u8>,
    /// Added to the right checksum.
    pub(crate) wrong: u32,
}

pub(crate) fn entry(name: impl AsRef<[u8]>, kind: u8, content: impl AsRef<[u8]>) -> Entry {
    let (name, content) = (name.as_ref().to_vec(), content.as_ref().to_vec());
    Entry { name, kind, content, size: None, link: Vec::new(), wrong: 0 }
}

pub(crate) fn file(name: impl AsRef<[u8]>, content: &str) -> Entry {
    entry(name, b'0', content)
}

pub(crate) fn link(kind: u8, name: &str, target: &str) -> Entry {
    Entry { link: target.into(), ..entry(name, kind, "") }
}

/// An extended header of one line a pair.
pub(crate) fn pax(kind: u8, pairs: &[(&str, &str)]) -> Entry {
    let line = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        // The length counts its own digits.
        let length =
            (1..).map(|digits| rest.len() + digits).find(|all| all.to_string().len() + rest.len() == *all);
        format!("{}{rest}", length.unwrap())
    };
    entry("pax", kind, pairs.iter().map(line).collect::<String>())
}

/// GNU's entry for the long name of the next one.
pub(crate) fn long_name(name: &str) -> Entry {
    entry("././@LongLink", b'L', format!("{name}\0"))
}

impl Entry {
    fn bytes(&self) -> Vec<u8> {
        let mut header = [0; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.name);
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, &self.size.unwrap_or_else(|| octal(self.content.len() as u64)));
        put(136, &octal(0));
        put(148, b"        ");
        put(156, &[self.kind]);
        put(157, &self.link);
        put(257, if self.kind == b'S' { b"ustar  \0" } else { b"ustar\x0000" });
        if self.kind == b'S' {
            // GNU's field for the size with its holes.
            header[483..495].copy_from_slice(&octal(self.content.len() as u64));
        }
        let sum = header.iter().map(|&byte| u32::from(byte)).sum::<u32>() + self.wrong;
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut bytes = [&header[..], &self.content].concat();
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

fn octal(number: u64) -> [u8; 12] {
    format!("{number:011o}\0").into_bytes().try_into().unwrap()
}

/// A tar archive without its end.
pub(crate) fn open_tar(entries: &[Entry]) -> Vec<u8> {
    entries.iter().flat_map(Entry::bytes).collect()
}

pub(crate) fn tar(entries: &[Entry]) -> Vec<u8> {
    [open_tar(entries), vec![0; 1024]].concat()
}

/// One member, the same whenever and wherever it is made.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

pub(crate) fn pack(entries: &[Entry]) -> Vec<u8> {
    gzip(&tar(entries))
}
