//! The verifier for JavaScript runtimes, as one wasm module. It converts and delegates; every rule is in `cidery-verifier`.
//!
//! ```text
//!  JavaScript                 here                    cidery-verifier
//!  policy, request (JSON) ──▶ Policy, prove ────────▶ TrustPolicy, prove
//!  bytes                  ──▶ Proof.verify, check ──▶ with_manifest, BlobCheck
//!  CideryError            ◀── code and message ◀───── VerifyError
//! ```
//!
//! What JavaScript sees is made nicer by `verifier.js`, which is the only one that imports these names: plain values travel
//! as JSON texts, and numbers are seconds or bytes below 2^53.

mod error;
mod handles;

pub use handles::{Check, Policy, Proof, Seen, Verdict, parse_reference, prove, prove_receipt};
