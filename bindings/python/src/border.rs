//! What passes from Rust to Python besides values: refusals, and never a panic.

use std::{
    cell::Cell,
    error::Error,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
};

use cidery_protocol::Code;
use cidery_verifier::{Part, ReplayError, VerifyError};
use pyo3::prelude::*;

pyo3::import_exception!(cidery_verifier.error, CideryError);

thread_local! {
    /// What the last panic of this thread said.
    static PANIC: Cell<Option<String>> = const { Cell::new(None) };
}

/// A refusal, as Python is told of it.
pub(crate) struct Refused {
    code: Code,
    message: String,
    at: Option<usize>,
}

/// Runs a call into the verifier, and lets other Python threads run meanwhile.
///
/// # Errors
/// A refusal as `CideryError` with its code; a panic, which is a defect of ours and never a verdict, with the code
/// `internal`. The next call finds a sound module.
pub(crate) fn guarded<T: Send>(
    py: Python<'_>,
    call: impl FnOnce() -> Result<T, Refused> + Send,
) -> PyResult<T> {
    match py.detach(|| panic::catch_unwind(AssertUnwindSafe(call))) {
        Ok(outcome) => outcome.map_err(PyErr::from),
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

/// The refusal of an argument that is not of its grammar.
pub(crate) fn malformed(source: cidery_protocol::Error) -> Refused {
    VerifyError::Refused { part: Part::Request, source }.into()
}

impl Refused {
    /// The error's message with those of its sources.
    fn new(code: Code, error: &dyn Error, at: Option<usize>) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Refused { code, message, at }
    }
}

impl From<VerifyError> for Refused {
    fn from(error: VerifyError) -> Self {
        Refused::new(error.code(), &error, None)
    }
}

impl From<ReplayError> for Refused {
    fn from(error: ReplayError) -> Self {
        Refused::new(error.code(), &error, Some(error.at))
    }
}

impl From<Refused> for PyErr {
    fn from(Refused { code, message, at }: Refused) -> Self {
        CideryError::new_err((code.as_str(), message, None::<&str>, at))
    }
}

fn described(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    match panic.location() {
        Some(at) => format!("{message} ({at})"),
        None => message.to_owned(),
    }
}
