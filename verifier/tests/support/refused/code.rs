//! Manifest and modules: step (15), and SPEC §10.5.

use cidery_protocol::{Cid, Code, Codec};
use ipld_core::ipld::Ipld;

use crate::support::{
    ipld::{at, link, list, map, text},
    plan::Plan,
    vector::{Vector, refused, same, unchanged},
};

/// Step (15).
pub fn manifests() -> Vec<Vector> {
    vec![
        refused(
            "T13_manifest_altered",
            Code::CidMismatch,
            "A byte of the manifest is another one.",
            same,
            |case, _| {
                let at = position(&case.manifest, b"2026-10-01");
                case.manifest[at + 9] = b'2';
            },
        ),
        refused(
            "T09_module_kind_changed",
            Code::CidMismatch,
            "A module is of another kind than was signed.",
            same,
            |case, _| {
                let at = position(&case.manifest, b"esm");
                case.manifest[at] = b'c';
                case.manifest[at + 1] = b'j';
                case.manifest[at + 2] = b's';
            },
        ),
        confused("T09_bundled_changed", "Another dependency is listed than was signed.", |manifest| {
            list(manifest, "bundled").push(map([("name", text("left-pad")), ("version", text("1.0.0"))]));
        }),
        confused("T09_needs_changed", "More rights are asked for than was signed.", |manifest| {
            list(manifest, "needs.egress").push(text("evil.example"));
        }),
        confused("T09_compatibility_changed", "Another compatibility date than was signed.", |manifest| {
            *at(manifest, "compatibility.date") = text("2020-01-01");
        }),
        confused("T09_module_changed", "A module is named by another CID than was signed.", |manifest| {
            *at(manifest, "modules.0.cid") = link(Cid::of(Codec::Raw, b"other code"));
        }),
        refused(
            "T14_sha256_empty",
            Code::CborMalformed,
            "The SHA-256 of a module has no bytes.",
            |plan| plan.manifest = Some(|manifest| *at(manifest, "modules.0.sha256") = Ipld::Bytes(vec![])),
            unchanged,
        ),
        refused(
            "T14_sha256_short",
            Code::CborMalformed,
            "The SHA-256 of a module has 31 bytes.",
            |plan| {
                plan.manifest = Some(|manifest| *at(manifest, "modules.0.sha256") = Ipld::Bytes(vec![0; 31]))
            },
            unchanged,
        ),
        refused(
            "T14_sha256_undefined",
            Code::CborMalformed,
            "The SHA-256 of a module is null.",
            |plan| plan.manifest = Some(|manifest| *at(manifest, "modules.0.sha256") = Ipld::Null),
            unchanged,
        ),
        refused(
            "T06_manifest_of_another_release",
            Code::CidMismatch,
            "A whole, right manifest of other code.",
            same,
            |case, _| {
                let modules = vec![("index.js", "esm", b"export default {};\n".to_vec())];
                let other = Plan { modules, ..Plan::default() };
                case.manifest = other.build().manifest;
            },
        ),
        refused(
            "T15_path_with_dots",
            Code::ManifestPath,
            "A correctly signed manifest lists a module path with `..`.",
            |plan| plan.modules.insert(0, ("../evil.js", "esm", b"export {};\n".to_vec())),
            unchanged,
        ),
        refused(
            "T15_absolute_path",
            Code::ManifestPath,
            "A correctly signed manifest lists an absolute path.",
            |plan| plan.modules.insert(0, ("/evil.js", "esm", b"export {};\n".to_vec())),
            unchanged,
        ),
        refused(
            "T15_paths_that_differ_in_case",
            Code::ManifestPath,
            "Two paths are one where case is folded.",
            |plan| plan.modules.insert(0, ("Index.js", "esm", b"export {};\n".to_vec())),
            unchanged,
        ),
        refused(
            "manifest_without_main",
            Code::ManifestInvalid,
            "The main module is not listed.",
            |plan| plan.manifest = Some(|manifest| *at(manifest, "main") = text("main.js")),
            unchanged,
        ),
        refused(
            "manifest_imports_twice",
            Code::ManifestImports,
            "The manifest links a package twice.",
            |plan| {
                plan.manifest = Some(|manifest| {
                    let import = map([
                        ("name", text("@acme/lib")),
                        ("version", text("1.0.0")),
                        ("manifest", link(Cid::of(Codec::DagCbor, b"lib"))),
                    ]);
                    list(manifest, "imports").extend([import.clone(), import]);
                });
            },
            unchanged,
        ),
        refused(
            "T19_manifest_unsorted",
            Code::CborMalformed,
            "The manifest's keys are in another order, and were signed so.",
            |plan| plan.manifest_bytes = Some(unsorted),
            unchanged,
        ),
        refused(
            "T20_object_for_a_module",
            Code::CidMalformed,
            "A module is named by the CID of an object.",
            |plan| {
                plan.manifest =
                    Some(|manifest| *at(manifest, "modules.0.cid") = link(Cid::of(Codec::DagCbor, b"code")));
            },
            unchanged,
        ),
        refused(
            "T20_module_by_sha256",
            Code::CborMalformed,
            "A module is named by a CID of another hash.",
            |plan| {
                plan.manifest = Some(|manifest| {
                    let other = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
                    *at(manifest, "modules.0.cid") = Ipld::Link(other.parse().expect("a CID of SHA-256"));
                });
            },
            unchanged,
        ),
        refused(
            "T16_modules_too_large",
            Code::LimitExceeded,
            "A module says to have more than 64 MiB.",
            |plan| {
                plan.manifest =
                    Some(|manifest| *at(manifest, "modules.0.size") = Ipld::Integer((64 << 20) + 1));
            },
            unchanged,
        ),
    ]
}

/// SPEC §10.5.
pub fn modules() -> Vec<Vector> {
    let main = |bytes: &'static [u8]| move |plan: &mut Plan| plan.modules[0].2 = bytes.to_vec();
    vec![
        refused(
            "T13_module_altered",
            Code::CidMismatch,
            "A byte of the code is another one.",
            same,
            |case, _| {
                let at = position(&case.modules[0].1, b"hello");
                case.modules[0].1[at] = b'j';
            },
        ),
        refused(
            "T13_module_truncated",
            Code::ModuleSize,
            "The code lacks its last byte.",
            same,
            |case, _| {
                case.modules[0].1.pop();
            },
        ),
        refused("T13_module_overlong", Code::ModuleSize, "The code has one byte more.", same, |case, _| {
            case.modules[0].1.push(b'\n');
        }),
        refused("T13_module_empty", Code::ModuleSize, "The code is not there.", same, |case, _| {
            case.modules[0].1.clear()
        }),
        refused(
            "T29_byte_order_mark",
            Code::ModuleEncoding,
            "Correctly hashed code begins with a byte order mark.",
            main(b"\xef\xbb\xbfexport default {};\n"),
            unchanged,
        ),
        refused(
            "T29_lone_continuation_byte",
            Code::ModuleEncoding,
            "Correctly hashed code holds a continuation byte that continues nothing.",
            main(b"export default '\x80';\n"),
            unchanged,
        ),
        refused(
            "T29_overlong_encoding",
            Code::ModuleEncoding,
            "Correctly hashed code holds a slash in two bytes.",
            main(b"export default '\xc0\xaf';\n"),
            unchanged,
        ),
        refused(
            "T29_surrogate",
            Code::ModuleEncoding,
            "Correctly hashed code holds half of a surrogate pair.",
            main(b"export default '\xed\xa0\x80';\n"),
            unchanged,
        ),
        refused(
            "T29_unfinished_character",
            Code::ModuleEncoding,
            "Correctly hashed code ends inside of a character.",
            main(b"export default 1; // \xf0\x9f\x8d"),
            unchanged,
        ),
    ]
}

/// The same map with its first two entries exchanged.
fn unsorted(bytes: Vec<u8>) -> Vec<u8> {
    // `main` and `needs` come first: keys are sorted by length.
    let (needs, format) = (position(&bytes, b"\x65needs"), position(&bytes, b"\x66format"));
    [&bytes[..1], &bytes[needs..format], &bytes[1..needs], &bytes[format..]].concat()
}

fn position(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).expect("it is there")
}

/// A manifest that was changed after it was signed.
fn confused(name: &str, about: &str, change: fn(&mut Ipld)) -> Vector {
    refused(name, Code::CidMismatch, about, same, |case, _| {
        let other = Plan { manifest: Some(change), ..Plan::default() };
        case.manifest = other.build().manifest;
    })
}
