//! What the platform could not do: told to the operator whole, to clients by its name.

use cidery_registry::StoreError;
use worker::console_error;

/// That `action`, such as "write `log/checkpoint`", failed.
pub(crate) fn cannot(action: impl Into<String>, error: &worker::Error) -> StoreError {
    let action = action.into();
    console_error!("cannot {action}: {error}");
    StoreError::new(action, error.to_string())
}
