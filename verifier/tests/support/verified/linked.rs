//! Packages that link others, and let others link them: step (15).

use cidery_protocol::{Cid, Codec};
use ipld_core::ipld::Ipld;

use crate::support::{
    ipld::{at, link, list, map, text},
    vector::{Vector, accepted, unchanged},
};

pub fn vectors() -> Vec<Vector> {
    vec![
        accepted(
            "ok_imports",
            "The manifest links two packages: whoever loads it verifies them by themselves.",
            |plan| {
                plan.manifest = Some(|manifest| {
                    let import = |name: &str| {
                        let manifest = link(Cid::of(Codec::DagCbor, name.as_bytes()));
                        map([("name", text(name)), ("version", text("1.0.0")), ("manifest", manifest)])
                    };
                    list(manifest, "imports").extend(["@acme/lib", "@acme/util"].map(import));
                });
            },
            unchanged,
        ),
        accepted(
            "ok_exports",
            "The manifest names the modules that others may import.",
            |plan| {
                plan.manifest = Some(|manifest| {
                    let export = |name: &str| map([("name", text(name)), ("module", text("index.js"))]);
                    *at(manifest, "exports") = Ipld::List([".", "./lib/a.js"].map(export).to_vec());
                });
            },
            unchanged,
        ),
    ]
}
