//! [`Sql`] over the SQLite of a Durable Object.

use cidery_registry::{Error, Sql, StoreError, Value};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{SqlStorage, SqlStorageValue, Storage, send::SendWrapper};

use crate::failure::cannot;

#[wasm_bindgen]
extern "C" {
    /// A Durable Object's storage, for the one method of it that `worker` does not bind.
    type TransactionalStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &TransactionalStorage,
        work: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;
}

/// A Durable Object's database.
pub(crate) struct ObjectSql {
    sql: SqlStorage,
    storage: SendWrapper<TransactionalStorage>,
}

impl ObjectSql {
    /// The database of the object whose storage this is.
    pub(crate) fn new(storage: &Storage) -> Self {
        let raw: &JsValue = storage.as_raw().as_ref();
        ObjectSql { sql: storage.sql(), storage: SendWrapper(raw.clone().unchecked_into()) }
    }
}

impl Sql for ObjectSql {
    fn exec(&self, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        let failed = |error| cannot(format!("run `{sql}`"), &error);
        let params = params.iter().map(bind).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        self.sql
            .exec(sql, params)
            .map_err(failed)?
            .raw()
            .map(|row| row?.into_iter().map(read).collect::<Result<_, _>>())
            .collect::<Result<_, _>>()
            .map_err(failed)
    }

    /// A transaction is rolled back where its closure throws, and only there: a statement that fails ends nothing by itself.
    fn transaction<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let mut work = Some(work);
        let mut outcome = None;
        let ended = self.storage.transaction_sync(&mut || {
            let work = work.take().ok_or("a transaction runs once")?;
            match outcome.insert(work()) {
                Ok(_) => Ok(JsValue::UNDEFINED),
                Err(_) => Err("rolled back".into()),
            }
        });
        match (outcome, ended) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(_)) => Ok(value),
            (_, Err(thrown)) => Err(cannot("commit a transaction", &thrown.into()).into()),
            (None, Ok(_)) => Err(cannot("commit a transaction", &"its work was not run".into()).into()),
        }
    }
}

/// JavaScript's numbers hold integers up to 2^53 exactly; larger ones would be rounded without a word.
fn bind(value: &Value) -> Result<SqlStorageValue, worker::Error> {
    Ok(match value {
        Value::Null => SqlStorageValue::Null,
        Value::Integer(number) => SqlStorageValue::try_from_i64(*number)?,
        Value::Text(text) => SqlStorageValue::String(text.clone()),
        Value::Blob(bytes) => SqlStorageValue::Blob(bytes.clone()),
    })
}

fn read(value: SqlStorageValue) -> Result<Value, worker::Error> {
    Ok(match value {
        SqlStorageValue::Null => Value::Null,
        SqlStorageValue::Integer(number) => Value::Integer(number),
        SqlStorageValue::String(text) => Value::Text(text),
        SqlStorageValue::Blob(bytes) => Value::Blob(bytes),
        other @ (SqlStorageValue::Boolean(_) | SqlStorageValue::Float(_)) => {
            return Err(format!("{other:?} is no value of a STRICT table's types").into());
        }
    })
}
