//! SPEC §5: each rule of a manifest, broken once.
mod support;

use cidery_protocol::{Cid, Code, Codec, Error, manifest::*};
use support::manifest_body;

#[track_caller]
fn refused(wanted: Code, change: impl FnOnce(&mut ManifestBody)) {
    let mut body = manifest_body();
    change(&mut body);
    assert_eq!(Manifest::encode(body.clone()).map_err(|error| error.code()), Err(wanted));
    // The same through the door that attackers use.
    let bytes = serde_ipld_dagcbor::to_vec(&body).expect("encodes");
    assert_eq!(Manifest::decode(&bytes).map_err(|error| error.code()), Err(wanted));
}

#[test]
fn a_manifest_is_its_bytes() {
    let manifest = Manifest::encode(manifest_body()).expect("valid");
    assert_eq!(Manifest::decode(manifest.bytes()), Ok(manifest.clone()));
    assert_eq!(Manifest::verify(manifest.cid(), manifest.bytes()), Ok(manifest.clone()));
    let other = Cid::of(Codec::DagCbor, b"other");
    assert!(matches!(Manifest::verify(other, manifest.bytes()), Err(Error::Digest { .. })));
    let blob = Cid::of(Codec::Raw, manifest.bytes());
    assert_eq!(
        Manifest::verify(blob, manifest.bytes()).map_err(|error| error.code()),
        Err(Code::CidMalformed)
    );
}

#[test]
fn rule_1_modules() {
    refused(Code::ManifestInvalid, |body| body.modules.clear());
    refused(Code::ManifestPath, |body| body.modules.reverse());
    refused(Code::ManifestPath, |body| body.modules[1].path = "../index.js".into());
    refused(Code::LimitExceeded, |body| body.modules = vec![body.modules[0].clone(); 1_001]);
}

#[test]
fn rule_2_main() {
    refused(Code::ManifestInvalid, |body| body.main = "other.js".into());
    refused(Code::ManifestInvalid, |body| body.main = "data/words.txt".into());
}

#[test]
fn rule_3_blobs() {
    refused(Code::CidMalformed, |body| body.modules[0].cid = Cid::of(Codec::DagCbor, b"one two"));
    refused(Code::CidMalformed, |body| body.source_maps[0].cid = Cid::of(Codec::DagCbor, b"{}"));
    refused(Code::LimitExceeded, |body| body.modules[0].size = (64 << 20) + 1);
    refused(Code::LimitExceeded, |body| body.modules[0].size = 64 << 20);
    refused(Code::ManifestInvalid, |body| body.source_maps[0].cid = body.modules[0].cid);
    refused(Code::LimitExceeded, |body| {
        let map = |module: &str| SourceMap {
            module: module.into(),
            cid: Cid::of(Codec::Raw, module.as_bytes()),
            size: 40 << 20,
        };
        body.source_maps = vec![map("data/words.txt"), map("index.js")];
    });
}

#[test]
fn rule_4_source_maps() {
    refused(Code::ManifestInvalid, |body| body.source_maps[0].module = "none.js".into());
    refused(Code::ManifestInvalid, |body| body.source_maps.push(body.source_maps[0].clone()));
}

#[test]
fn rule_5_compatibility() {
    for date in [
        "",
        "2026-1-01",
        "2026-13-01",
        "2026-00-01",
        "2026-01-32",
        "2026-02-29",
        "2026-04-31",
        "today",
        "2026/01/01",
    ] {
        refused(Code::ManifestInvalid, |body| body.compatibility.date = date.into());
    }
    refused(Code::ManifestInvalid, |body| body.compatibility.flags = vec!["b".into(), "a".into()]);
    refused(Code::ManifestInvalid, |body| body.compatibility.flags = vec!["No-Flag".into()]);
}

#[test]
fn rule_6_needs() {
    for host in
        ["", "*.example.com", "Example.com", "a..b", "-a.b", "a:0", "a:080", "a:70000", "a b", "http://a"]
    {
        refused(Code::ManifestInvalid, |body| body.needs.egress = vec![host.into()]);
    }
    refused(Code::ManifestInvalid, |body| body.needs.egress.reverse());
    refused(Code::LimitExceeded, |body| body.needs.egress = (0..257).map(|at| format!("h{at:03}")).collect());
    for name in ["", "1A", "A-B", "é"] {
        refused(Code::ManifestInvalid, |body| body.needs.bindings = vec![name.into()]);
    }
}

#[test]
fn rule_7_bundled() {
    refused(Code::ManifestInvalid, |body| body.bundled.push(body.bundled[0].clone()));
    refused(Code::ManifestInvalid, |body| body.bundled[0].version = String::new());
    refused(Code::ManifestInvalid, |body| body.bundled[0].name = "with space".into());
}

#[test]
fn rule_8_imports() {
    let import = |name: &str| Import {
        name: name.parse().expect("a name"),
        version: "1.0.0".parse().expect("a version"),
        manifest: Cid::of(Codec::DagCbor, b"other"),
    };
    let imports = |names: &[&str]| names.iter().map(|name| import(name)).collect::<Vec<_>>();
    for names in [["@acme/b", "@acme/a"], ["@acme/a", "@acme/a"]] {
        refused(Code::ManifestImports, |body| body.imports = imports(&names));
    }
    refused(Code::CidMalformed, |body| {
        body.imports = vec![Import { manifest: Cid::of(Codec::Raw, b"other"), ..import("@acme/a") }];
    });
    refused(Code::LimitExceeded, |body| {
        body.imports = (0..65).map(|at| import(&format!("@acme/a{at:02}"))).collect();
    });
    let body = ManifestBody { imports: imports(&["@acme/a", "@acme/b"]), ..manifest_body() };
    let manifest = Manifest::encode(body).expect("valid");
    assert_eq!(Manifest::decode(manifest.bytes()), Ok(manifest));
}

#[test]
fn rule_9_exports() {
    let named = |name: &str| Export { name: name.into(), module: "index.js".into() };
    let exports = |names: &[&str]| Some(names.iter().map(|name| named(name)).collect::<Vec<_>>());
    for names in [
        &[][..],
        &["."],
        &["./a", "."],
        &["./a", "./a"],
        &["a"],
        &["./"],
        &["./../a"],
        &["./a b"],
        &["./a/"],
        &[""],
    ] {
        refused(Code::ManifestInvalid, |body| body.exports = exports(names));
    }
    refused(Code::ManifestInvalid, |body| {
        body.exports = Some(vec![Export { name: "./a".into(), module: "none.js".into() }]);
    });
    let many: Vec<Export> = (0..1_001).map(|at| named(&format!("./{at:04}"))).collect();
    refused(Code::LimitExceeded, |body| body.exports = Some(many));
    let body = ManifestBody { exports: exports(&[".", "./a", "./lib/b.js"]), ..manifest_body() };
    let manifest = Manifest::encode(body).expect("valid");
    assert_eq!(Manifest::decode(manifest.bytes()), Ok(manifest.clone()));
    assert_eq!(manifest.body().export("./a"), Some("index.js"));
    assert_eq!(manifest.body().export("./b"), None);
    assert_eq!(manifest_body().export("."), Some("index.js"));
    assert_eq!(manifest_body().export("./a"), None);
}

#[test]
fn t19_only_the_canonical_form_is_read() {
    let bytes = Manifest::encode(manifest_body()).expect("valid").bytes().to_vec();
    let code = |bytes: &[u8]| Manifest::decode(bytes).map_err(|error| error.code()).err();
    assert_eq!(code(&[&bytes[..], &[0]].concat()), Some(Code::CborMalformed), "a trailing byte");
    assert_eq!(code(&bytes[..bytes.len() - 1]), Some(Code::CborMalformed), "one byte short");
    assert_eq!(code(&[]), Some(Code::CborMalformed));
    // The map's head in a longer form than needed: a8 -> b8 08.
    assert_eq!(bytes[0], 0xa8);
    assert_eq!(code(&[&[0xb8, 0x08], &bytes[1..]].concat()), Some(Code::CborMalformed), "a long length");
    assert_eq!(code(&vec![0; (1 << 20) + 1]), Some(Code::LimitExceeded));
}
