//! Writes inputs to begin with into `corpus/`: the fixture's objects and those of `tests/vectors/verify` and `tests/vectors/package`, right and wrong.
//!
//! `cargo run --example seeds` in this folder, then `cargo xtask fuzz --minimize`.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use cidery_fuzz::Fixture;
use cidery_protocol::{
    Cid, Codec, Envelope, Head, PackageProof, Receipt, Resolution, ResolutionFormat, SignedRecord, Standing,
    log::encode_bundle, map::MapKey,
};
use serde_bytes::ByteBuf;
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    from_fixture()?;
    from_texts()?;
    of_each("../tests/vectors/verify", from_vector)?;
    of_each("../tests/vectors/package", |vector| package(&bytes(vector, "proof")?))
}

/// For every vector of a folder.
fn of_each(folder: &str, take: impl Fn(&Value) -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    for file in fs::read_dir(project(folder))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            take(&serde_json::from_slice(&fs::read(path)?)?)?;
        }
    }
    Ok(())
}

fn from_fixture() -> Result<(), Box<dyn Error>> {
    let fixture = Fixture::get();
    seed("manifest", fixture.manifest.bytes())?;
    for envelope in &fixture.envelopes {
        seed("envelope", envelope.to_json().as_bytes())?;
    }
    seed("entry", &fixture.map_entry)?;
    for proof in &fixture.proofs {
        package(&proof.encode()?)?;
    }
    let key = MapKey::of(&fixture.authority.package);
    for (key, depth) in [(key.as_bytes(), 0), (key.as_bytes(), 1), (&[0; 32], 0)] {
        let page = fixture.page.encode(depth)?;
        seed("page", &[key, &[depth][..], &page].concat())?;
    }
    resolution(&fixture.resolution)
}

/// A proof of a package, and the state in it.
fn package(bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    seed("proof", bytes)?;
    if let Ok(proof) = PackageProof::decode(bytes) {
        seed("checkpoint", &proof.checkpoint)?;
        proof.map.map_or(Ok(()), |map| seed("entry", &map.entry))?;
        proof.state.map_or(Ok(()), |state| seed("proof", &state))?;
    }
    Ok(())
}

fn bytes(vector: &Value, part: &str) -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(vector[part].as_str().unwrap_or_default())
}

fn from_texts() -> Result<(), Box<dyn Error>> {
    let key = Fixture::get().log_key.to_string();
    let cid = Fixture::get().manifest.cid().to_string();
    let blob = Cid::of(Codec::Raw, b"").to_string();
    let locked = format!("@acme/hello@1.0.0#{cid}");
    for text in [
        "@acme/hello",
        "@npm/hono__node-server",
        "@a/b.c_d-e",
        "@Acme/hello",
        "@acme/h\u{e9}llo",
        "registry.example/log",
        "log.example",
        "tile/0/000",
        "tile/1/x001/234.p/7",
        "tile/entries/x001/x234/067.p/255",
        "tile/63/000.p/1",
        "@acme/hello@^1",
        "@acme/hello@1.0.0",
        &locked,
        &key,
        &cid,
        &blob,
    ] {
        seed("names", text.as_bytes())?;
    }
    for text in [
        "^1.2 || 3\n1.2.0\n1.9.9\n2.0.0\n3.0.0",
        "*\n1.0.0-rc.1\n0.0.1",
        ">=1.0.0-rc.1 <2\n1.0.0-rc.2\n1.0.0",
        "1.2 - 2.3\n1.2.0\n2.3.9",
        "~1.2.3\n1.2.3\n1.3.0",
        "1.x\n1.0.0",
        "latest",
        "=1.0.0\n1.0.0",
        "<0.0.0-0\n0.0.0",
        "^0.0.9007199254740991\n0.0.9007199254740991",
        "1.0.0+build\n1.0.0",
        "01.0.0",
    ] {
        seed("ranges", text.as_bytes())?;
    }
    Ok(())
}

fn from_vector(vector: &Value) -> Result<(), Box<dyn Error>> {
    for part in ["policy", "seen", "request"] {
        seed("policy", &serde_json::to_vec(&vector[part])?)?;
    }
    let bytes = |part| bytes(vector, part);
    seed("manifest", &bytes("manifest")?)?;
    let (receipt, head) = (ByteBuf::from(bytes("receipt")?), ByteBuf::from(bytes("head")?));
    resolution(&Resolution { format: ResolutionFormat::V1, receipt, head })
}

/// A resolution, and everything in it that can be reached.
fn resolution(resolution: &Resolution) -> Result<(), Box<dyn Error>> {
    for bytes in [&resolution.encode()?, &*resolution.receipt, &*resolution.head] {
        seed("receipt", bytes)?;
    }
    let mut records = Vec::new();
    if let Ok(head) = Head::decode(&resolution.head) {
        seed("checkpoint", &head.checkpoint)?;
        if let Some(Standing { map, state, chain, yank, channel, .. }) = head.standing {
            seed("entry", &map.entry)?;
            seed("proof", &state)?;
            records.extend(chain.into_iter().chain(yank).chain(channel));
        }
    }
    if let Ok(receipt) = Receipt::decode(&resolution.receipt) {
        seed("checkpoint", &receipt.checkpoint)?;
        seed("checkpoint", &encode_bundle(&[&receipt.record])?)?;
        seed("entry", &receipt.record)?;
        records.extend(receipt.chain);
        records.extend(SignedRecord::bytes_in_entry(&receipt.record).ok().map(ByteBuf::from));
    }
    for signed in records {
        seed("entry", &signed)?;
        if let Ok(record) = SignedRecord::claim(&signed) {
            let line = format!("{}\n", record.payload_type());
            seed("record", &[line.as_bytes(), record.bytes()].concat())?;
            let envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
            seed("envelope", envelope.to_json().as_bytes())?;
        }
    }
    Ok(())
}

/// One input, named for its content.
fn seed(target: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = project("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(&Cid::of(Codec::Raw, bytes).to_string()[7..23]), bytes)?;
    Ok(())
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
