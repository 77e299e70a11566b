//! Refusals as JavaScript errors with a code.

use std::error::Error;

use cidery_verifier::VerifyError;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../error.js")]
extern "C" {
    #[wasm_bindgen(js_name = CideryError)]
    type CideryError;

    #[wasm_bindgen(constructor, js_class = "CideryError")]
    fn new(code: &str, message: &str) -> CideryError;
}

/// The error's code, and its message with those of its sources.
pub(crate) fn refused(error: VerifyError) -> JsValue {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    CideryError::new(error.code().as_str(), &message).into()
}
