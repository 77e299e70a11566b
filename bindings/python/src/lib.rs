//! The verifier for Python, as the module `cidery_verifier._native`. It converts and delegates; every rule is in
//! `cidery-verifier`.
//!
//! ```text
//!  Python                        here                    cidery-verifier
//!  policy, request (JSON text) ▶ Policy, prove ────────▶ TrustPolicy, prove
//!  bytes                       ▶ Proof.verify, check ──▶ with_manifest, BlobCheck
//!  log entries                 ▶ replay ───────────────▶ replay
//!  CideryError                 ◀ code and message ◀───── VerifyError, ReplayError, or a panic
//! ```
//!
//! What people import is the package around it, in `python/cidery_verifier`: documents travel as JSON texts and become typed
//! objects there, and only immutable `bytes` come here. Every call goes through [`border::guarded`], which lets other Python
//! threads run meanwhile and stops panics.

mod border;
mod functions;
mod handles;

#[pyo3::pymodule]
mod _native {
    use pyo3::prelude::*;

    #[cfg(feature = "defect")]
    #[pymodule_export]
    use crate::border::defect;
    #[pymodule_export]
    use crate::functions::{
        bucket_of, explain, parse_reference, prove, prove_receipt, replay, verify_package_proof,
        verify_signature,
    };
    #[pymodule_export]
    use crate::handles::{Check, Policy, Proof, Seen, Verdict};

    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::border::keep_panics();
        Ok(())
    }
}
