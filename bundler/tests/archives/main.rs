//! Hostile archives: each is refused for what is wrong with it, or read as everybody reads it (T15, T16).

mod cases;
mod make;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cidery_bundler::{BundleError, unpack};
use serde::{Deserialize, Serialize};

/// A file of the corpus.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    about: String,
    /// Base64.
    archive: String,
    expect: Expect,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Expect {
    Read { ok: Contents },
    Refused { code: String, reason: String },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    files: BTreeMap<String, String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/archives")
}

/// The archives as they are in the folder.
fn vectors() -> BTreeMap<String, Vector> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let vector: Vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(&*vector.name));
        (vector.name.clone(), vector)
    };
    files.filter(|path| path.extension().is_some_and(|ending| ending == "json")).map(read).collect()
}

#[test]
fn t15_t16_each_archive_of_the_corpus_meets_its_fate() {
    let vectors = vectors();
    assert!(vectors.len() > 50, "{} files", vectors.len());
    let mut failed = Vec::new();
    for (name, vector) in vectors {
        let archive = STANDARD.decode(&vector.archive).unwrap();
        let met = match (unpack("p@1.0.0", &archive), &vector.expect) {
            (Ok(files), Expect::Read { ok }) => {
                let text = |(path, bytes)| (path, String::from_utf8(bytes).unwrap());
                files.into_iter().map(text).collect::<BTreeMap<_, _>>() == ok.files
            }
            (Err(error), Expect::Refused { code, reason }) => {
                let shown = error.to_string();
                let is_clean = shown.contains("p@1.0.0") && !shown.chars().any(char::is_control);
                is_clean && shown.contains(reason) && code == "bundle.failed"
            }
            _ => false,
        };
        if !met {
            failed.push(format!("{name}: {:?}, wanted {:?}", unpack("p@1.0.0", &archive), vector.expect));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// `UPDATE_VECTORS=1` writes what this makes.
#[test]
fn the_corpus_is_what_its_generator_makes() {
    let made: BTreeMap<String, Vector> = cases::all()
        .into_iter()
        .map(|case| {
            let vector = Vector {
                name: case.name.to_owned(),
                about: case.about.to_owned(),
                archive: STANDARD.encode(&case.archive),
                expect: serde_json::from_value(case.expect).unwrap(),
            };
            (vector.name.clone(), vector)
        })
        .collect();
    assert_eq!(made.len(), cases::all().len(), "two have one name");
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        for name in vectors().keys() {
            fs::remove_file(folder().join(format!("{name}.json"))).unwrap();
        }
        for (name, vector) in &made {
            let text = serde_json::to_string_pretty(vector).unwrap() + "\n";
            fs::write(folder().join(format!("{name}.json")), text).unwrap();
        }
    }
    let there = vectors();
    assert_eq!(there.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    for (name, vector) in &made {
        assert_eq!(there[name], *vector, "{name}");
    }
}

/// What is too large for a file of its own.
#[test]
fn t16_bombs_are_refused_before_they_unfold() {
    let zeros = vec![0; 64 << 20];
    let bomb =
        make::gzip(&[make::open_tar(&[make::entry("package/a", b'0', &zeros)]), vec![0; 1024]].concat());
    assert!(bomb.len() < 100 << 10, "{} bytes", bomb.len());
    assert!(matches!(unpack("p@1.0.0", &bomb), Err(BundleError::TooLarge { unit: "bytes", .. })));

    // The same before an entry, where the reader of the archive would buffer it.
    let mut name = make::long_name("package/a");
    name.content = vec![b'a'; 64 << 20];
    let bomb = make::pack(&[name, make::file("package/b", "x")]);
    assert!(matches!(unpack("p@1.0.0", &bomb), Err(BundleError::TooLarge { unit: "bytes", .. })));

    let folder = make::open_tar(&[make::entry("package/", b'5', "")]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..1_000_000 {
        gzip.write_all(&folder).unwrap();
    }
    let error = unpack("p@1.0.0", &gzip.finish().unwrap()).unwrap_err();
    assert!(matches!(error, BundleError::TooLarge { .. }), "{error}");
}

/// Whatever bytes are changed, an archive is refused, or its files stay where they are put.
#[test]
fn t15_altered_archives_stay_within_the_package() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 16).unwrap()
    };
    let mut read = 0;
    for case in cases::all() {
        let mut plain = Vec::new();
        // Altered below gzip, whose checksum would hide all else.
        if std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&case.archive[..]), &mut plain)
            .is_err()
        {
            continue;
        }
        for _ in 0..100 {
            let mut altered = plain.clone();
            for _ in 0..=next() % 3 {
                // Mostly in headers.
                let at = next() % altered.len().clamp(1, 1024);
                if let Some(byte) = altered.get_mut(at) {
                    *byte = u8::try_from(next() % 256).unwrap();
                }
            }
            right_checksums(&mut altered);
            if let Ok(files) = unpack("p@1.0.0", &make::gzip(&altered)) {
                read += 1;
                for path in files.keys() {
                    assert!(!path.starts_with('/') && !path.contains('\\'), "{path:?}");
                    assert!(path.split('/').all(|segment| !matches!(segment, "" | "." | "..")), "{path:?}");
                    assert!(!path.chars().any(char::is_control), "{path:?}");
                }
            }
        }
    }
    assert!(read > 100, "only {read} were read at all");
}

/// Makes the checksum of every block right, as if it were a header, where it has the look of one.
fn right_checksums(tar: &mut [u8]) {
    for block in tar.chunks_exact_mut(512) {
        if block[257..262] == *b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}
