//! Refusals as JavaScript errors with a code.

use std::error::Error;

use cidery_protocol::Code;
use cidery_verifier::{Part, ReplayError, VerifyError};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../error.js")]
extern "C" {
    #[wasm_bindgen(js_name = CideryError)]
    type CideryError;

    #[wasm_bindgen(constructor, js_class = "CideryError")]
    fn new(code: &str, message: &str) -> CideryError;

    #[wasm_bindgen(method, setter)]
    fn set_at(this: &CideryError, at: u32);
}

/// The error's code, and its message with those of its sources.
pub(crate) fn refused(error: VerifyError) -> JsValue {
    thrown(error.code(), &error).into()
}

/// The same for an argument that is not of its grammar.
pub(crate) fn malformed(source: cidery_protocol::Error) -> JsValue {
    refused(VerifyError::Refused { part: Part::Request, source })
}

/// The same with the place of the entry.
pub(crate) fn not_replayed(error: ReplayError) -> JsValue {
    let thrown = thrown(error.code(), &error);
    thrown.set_at(u32::try_from(error.at).unwrap_or(u32::MAX));
    thrown.into()
}

fn thrown(code: Code, error: &dyn Error) -> CideryError {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    CideryError::new(code.as_str(), &message)
}
