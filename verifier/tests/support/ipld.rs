//! Objects without a schema: right ones, and wrong ones that a type would not hold.

use std::collections::BTreeMap;

use cidery_protocol::Cid;
use ipld_core::ipld::Ipld;

use super::log::public;

/// Canonical DAG-CBOR of anything, right or wrong.
pub fn cbor(value: &Ipld) -> Vec<u8> {
    serde_ipld_dagcbor::to_vec(value).expect("it has a form")
}

pub fn text(text: &str) -> Ipld {
    Ipld::String(text.to_owned())
}

pub fn link(cid: Cid) -> Ipld {
    Ipld::Link(cid.into())
}

pub fn number(number: u64) -> Ipld {
    Ipld::Integer(number.into())
}

pub fn map<const N: usize>(fields: [(&str, Ipld); N]) -> Ipld {
    Ipld::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>())
}

/// The public key of a seed.
pub fn key(seed: u8) -> Ipld {
    Ipld::Bytes(public(seed).as_bytes().to_vec())
}

/// The public keys of seeds, sorted.
pub fn keys(seeds: &[u8]) -> Ipld {
    let mut keys: Vec<_> = seeds.iter().map(|seed| *public(*seed).as_bytes()).collect();
    keys.sort();
    Ipld::List(keys.into_iter().map(|key| Ipld::Bytes(key.to_vec())).collect())
}

pub fn signature(key: &[u8], signature: &[u8]) -> Ipld {
    map([("key", Ipld::Bytes(key.to_vec())), ("sig", Ipld::Bytes(signature.to_vec()))])
}

/// The value at a path such as `body.keys.0`.
pub fn at<'v>(value: &'v mut Ipld, path: &str) -> &'v mut Ipld {
    path.split('.').fold(value, |value, part| match value {
        Ipld::Map(map) => map.entry(part.to_owned()).or_insert(Ipld::Null),
        Ipld::List(list) => &mut list[part.parse::<usize>().expect("an index")],
        _ => panic!("nothing is at {path}"),
    })
}

/// The list at a path.
pub fn list<'v>(value: &'v mut Ipld, path: &str) -> &'v mut Vec<Ipld> {
    match at(value, path) {
        Ipld::List(list) => list,
        _ => panic!("no list is at {path}"),
    }
}

/// What `init`, `rekey` and `transfer` hold.
pub fn powers(seeds: &[u8], threshold: u64) -> Ipld {
    let floors = map([("provenance", Ipld::Bool(false)), ("witnesses", number(0))]);
    map([("keys", keys(seeds)), ("threshold", number(threshold)), ("floors", floors)])
}

/// Powers with recovery keys.
pub fn with_recovery(mut powers: Ipld, seeds: &[u8], threshold: u64, delay: u64) -> Ipld {
    let recovery = map([("keys", keys(seeds)), ("threshold", number(threshold)), ("delay", number(delay))]);
    *at(&mut powers, "recovery") = recovery;
    powers
}
