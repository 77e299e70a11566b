//! The verifier for JavaScript runtimes, as one wasm module. It converts and delegates; every rule is in `cidery-verifier`.
//!
//! ```text
//!  JavaScript                 here                    cidery-verifier
//!  policy, request (JSON) ──▶ Policy, prove ────────▶ TrustPolicy, prove
//!  bytes                  ──▶ Proof.verify, check ──▶ with_manifest, BlobCheck
//!  CideryError            ◀── code and message ◀───── VerifyError
//!  Error                  ◀── message ◀────────────── a panic
//! ```
//!
//! What JavaScript sees is made nicer by `verifier.js`, which is the only one that calls these names: plain values travel
//! as JSON texts, and numbers are seconds or bytes below 2^53. `instance.js` gives an instance up after anything that is
//! not a [`VerifyError`], for its memory may be half changed then.

mod error;
mod handles;

use wasm_bindgen::prelude::*;

pub use handles::{Check, Policy, Proof, Seen, Verdict, parse_reference, prove, prove_receipt};

/// Makes a panic say why: without unwinding, all that JavaScript would see of it is `unreachable`.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}

/// The package's version, so that JavaScript of another version can tell.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Whether a signature is right, strictly and without a policy (SPEC §4.1, §4.2).
///
/// # Errors
/// `key.malformed`, `envelope.signature`.
#[wasm_bindgen(js_name = verifySignature)]
pub fn verify_signature(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), JsValue> {
    cidery_verifier::verify_signature(public_key, message, signature).map_err(error::refused)
}
