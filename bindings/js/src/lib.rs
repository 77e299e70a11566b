//! The verifier for JavaScript runtimes, as one wasm module. It converts and delegates; every rule is in `cidery-verifier`.
//!
//! ```text
//!  JavaScript                 here                    cidery-verifier
//!  policy, request (JSON) ──▶ Policy, prove ────────▶ TrustPolicy, prove
//!  bytes                  ──▶ Proof.verify, check ──▶ with_manifest, BlobCheck
//!  log entries            ──▶ replay ───────────────▶ replay
//!  CideryError            ◀── code and message ◀───── VerifyError, ReplayError
//!  Error                  ◀── message ◀────────────── a panic
//! ```
//!
//! What JavaScript sees is made nicer by `verifier.js`, which is the only one that calls these names: plain values travel
//! as JSON texts, and numbers are seconds or bytes below 2^53. `instance.js` gives an instance up after anything that is
//! not a refusal, for its memory may be half changed then.

mod error;
mod functions;
mod handles;

use wasm_bindgen::prelude::*;

pub use functions::{
    bucket_of, explain, parse_reference, prove, prove_receipt, replay, verify_package_proof, verify_signature,
};
pub use handles::{Check, Policy, Proof, Seen, Verdict};

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
