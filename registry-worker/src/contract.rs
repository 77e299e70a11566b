//! The suite that every backend of `cidery-registry` passes, over R2 and a Durable Object's database. Tests call these two from a
//! Worker of their own.

use cidery_registry::contract;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, State, worker_sys::DurableObjectState};

use crate::{r2::R2, sql::ObjectSql};

/// Over the empty bucket of a Worker. Panics where R2 breaks a promise.
#[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures)]
pub async fn contract_blobs(env: Env) -> Result<(), String> {
    contract::blobs(&R2::new(&env).map_err(|error| error.to_string())?).await;
    Ok(())
}

/// Over the database of a Durable Object. Panics where it breaks a promise.
#[wasm_bindgen]
pub fn contract_sql(state: DurableObjectState) {
    contract::sql(&ObjectSql::new(&State::from(state).storage()));
}
