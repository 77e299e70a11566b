//! What JavaScript asks for by itself: the first way to each handle, and what needs none.

use cidery_protocol::Resolution;
use cidery_verifier::{Part, Request, VerifyError};
use wasm_bindgen::prelude::*;

use crate::{
    Policy, Proof, Seen,
    error::{malformed, not_replayed, refused},
};

/// Reads `@scope/name@range` or `@scope/name:channel` into the JSON form of a request (SPEC §10.2).
///
/// # Errors
/// `name.malformed`, `range.malformed`, `channel.malformed`.
#[wasm_bindgen(js_name = parseReference)]
pub fn parse_reference(text: &str) -> Result<String, JsValue> {
    let request: Request = text.parse().map_err(refused)?;
    Ok(serde_json::to_string(&request).unwrap_or_default())
}

/// The bucket of a channel for a user (SPEC §10.2).
///
/// # Errors
/// `name.malformed`, `channel.malformed`.
#[wasm_bindgen(js_name = bucketOf)]
pub fn bucket_of(package: &str, channel: &str, user: &str) -> Result<f64, JsValue> {
    let package = package.parse().map_err(malformed)?;
    let channel = channel.parse().map_err(malformed)?;
    Ok(cidery_verifier::bucket(&package, &channel, user) as f64)
}

/// Steps (1) to (14) of SPEC §10.4 over a resolution's bytes, which `seen` remembers in the same step.
///
/// # Errors
/// The first step that fails; nothing is remembered then.
#[wasm_bindgen]
pub fn prove(
    policy: &Policy,
    request: &str,
    resolution: &[u8],
    seen: &mut Seen,
    now: f64,
) -> Result<Proof, JsValue> {
    let resolution = Resolution::decode(resolution)
        .map_err(|source| refused(VerifyError::Refused { part: Part::Resolution, source }))?;
    prove_receipt(policy, request, &resolution.receipt, &resolution.head, seen, now)
}

/// The same over the bytes of a receipt and of a head.
///
/// # Errors
/// The first step that fails; nothing is remembered then.
#[wasm_bindgen(js_name = proveReceipt)]
pub fn prove_receipt(
    policy: &Policy,
    request: &str,
    receipt: &[u8],
    head: &[u8],
    seen: &mut Seen,
    now: f64,
) -> Result<Proof, JsValue> {
    let request = Request::from_json(request.as_bytes()).map_err(refused)?;
    let proven = cidery_verifier::prove(&request, receipt, head, &policy.0, &seen.0, now as u64);
    let proven = proven.map_err(refused)?;
    seen.0.advance(&proven);
    Ok(Proof(proven))
}

/// What the log says of a package by a proof (SPEC §10.8), as JSON, which `seen` remembers in the same step.
///
/// # Errors
/// The first step that fails, and nothing is remembered then; `name.malformed`.
#[wasm_bindgen(js_name = verifyPackageProof)]
pub fn verify_package_proof(
    policy: &Policy,
    package: &str,
    proof: &[u8],
    seen: &mut Seen,
    now: f64,
) -> Result<String, JsValue> {
    let package = package.parse().map_err(malformed)?;
    let proven = cidery_verifier::verify_package_proof(&package, proof, &policy.0, &seen.0, now as u64);
    let proven = proven.map_err(refused)?;
    seen.0.advance(&proven);
    Ok(serde_json::to_string(&proven).unwrap_or_default())
}

/// What each rule of SPEC §10.4 looked at and said, as JSON; nothing is remembered.
///
/// # Errors
/// Those of a request that is none.
#[wasm_bindgen]
pub fn explain(
    policy: &Policy,
    request: &str,
    receipt: &[u8],
    head: &[u8],
    manifest: Option<Vec<u8>>,
    seen: &Seen,
    now: f64,
) -> Result<String, JsValue> {
    let request = Request::from_json(request.as_bytes()).map_err(refused)?;
    let manifest = manifest.as_deref();
    let explanation =
        cidery_verifier::explain(&request, receipt, head, manifest, &policy.0, &seen.0, now as u64);
    Ok(serde_json::to_string(&explanation).unwrap_or_default())
}

/// The state of a package after the entries of its log (SPEC §6.4), as JSON: at once, or as it is at `time`. The entries lie in
/// `bytes` one after another, each as long as `lengths` says.
///
/// # Errors
/// The first entry that is refused, with its place.
#[wasm_bindgen]
pub fn replay(bytes: &[u8], lengths: &[u32], time: Option<f64>) -> Result<String, JsValue> {
    let mut rest = bytes;
    let entries: Vec<_> = lengths.iter().map(|length| taken(&mut rest, *length as usize)).collect();
    let history = cidery_verifier::replay(&entries).map_err(not_replayed)?;
    let history = match time {
        Some(time) => history.at(time as u64),
        None => history,
    };
    Ok(serde_json::to_string(&history).unwrap_or_default())
}

/// Whether a signature is right, strictly and without a policy (SPEC §4.1, §4.2).
///
/// # Errors
/// `key.malformed`, `envelope.signature`.
#[wasm_bindgen(js_name = verifySignature)]
pub fn verify_signature(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), JsValue> {
    cidery_verifier::verify_signature(public_key, message, signature).map_err(refused)
}

/// The next `length` bytes, or all that are left.
fn taken<'b>(rest: &mut &'b [u8], length: usize) -> &'b [u8] {
    let (next, after) = rest.split_at(length.min(rest.len()));
    *rest = after;
    next
}
