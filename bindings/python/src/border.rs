//! What passes from Rust to Python besides values: refusals, and never a panic.

use std::{
    cell::Cell,
    error::Error,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
};

use cidery_verifier::VerifyError;
use pyo3::prelude::*;

pyo3::import_exception!(cidery_verifier.error, CideryError);

thread_local! {
    /// What the last panic of this thread said.
    static PANIC: Cell<Option<String>> = const { Cell::new(None) };
}

/// Runs a call into the verifier, and lets other Python threads run meanwhile.
///
/// # Errors
/// A refusal as `CideryError` with its code; a panic, which is a defect of ours and never a verdict, with the code
/// `internal`. The next call finds a sound module.
pub(crate) fn guarded<T: Send>(
    py: Python<'_>,
    call: impl FnOnce() -> Result<T, VerifyError> + Send,
) -> PyResult<T> {
    match py.detach(|| panic::catch_unwind(AssertUnwindSafe(call))) {
        Ok(outcome) => outcome.map_err(|error| refused(&error)),
        Err(_) => {
            let panic = PANIC.take().unwrap_or_default();
            Err(CideryError::new_err(("internal", format!("the verifier failed: {panic}"))))
        }
    }
}

/// Has panics kept for the message of the error instead of written to stderr. The hook is this module's own: other extension
/// modules bring their own Rust library.
pub(crate) fn keep_panics() {
    panic::set_hook(Box::new(|panic| PANIC.set(Some(described(panic)))));
}

/// Panics, for the test of what becomes of that.
#[cfg(feature = "defect")]
#[pyfunction]
pub(crate) fn defect(py: Python<'_>, message: &str) -> PyResult<()> {
    guarded(py, || panic!("{message}"))
}

/// The error's code, and its message with those of its sources.
fn refused(error: &VerifyError) -> PyErr {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    CideryError::new_err((error.code().as_str(), message))
}

fn described(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    match panic.location() {
        Some(at) => format!("{message} ({at})"),
        None => message.to_owned(),
    }
}
