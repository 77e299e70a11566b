//! The ledger's SQL, over SQLite in a file.

use std::path::Path;

use cidery_registry::{Error, Sql, StoreError, Value};
use parking_lot::ReentrantMutex;
use rusqlite::{
    Connection, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

/// A SQLite database. A transaction and the statements in it run on one thread, which alone holds the lock for so long.
#[derive(Debug)]
pub struct Sqlite {
    connection: ReentrantMutex<Connection>,
}

impl Sqlite {
    /// Opens a database, or makes it where there is none. What a statement or transaction wrote is on the disk when it returns.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let open = || {
            let connection = Connection::open(path)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.set_prepared_statement_cache_capacity(64);
            Ok::<_, rusqlite::Error>(connection)
        };
        let connection = open().map_err(|error| StoreError::new("open the ledger", error))?;
        Ok(Sqlite { connection: ReentrantMutex::new(connection) })
    }
}

impl Sql for Sqlite {
    fn exec(&self, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        let connection = self.connection.lock();
        let run = || {
            let mut statement = connection.prepare_cached(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query(params_from_iter(params.iter().map(bound)))?;
            let mut read = Vec::new();
            while let Some(row) = rows.next()? {
                read.push(
                    (0..columns).map(|at| Ok(value(row.get_ref(at)?))).collect::<rusqlite::Result<_>>()?,
                );
            }
            Ok::<_, rusqlite::Error>(read)
        };
        run().map_err(|error| StoreError::new("run a statement of the ledger", error))
    }

    fn transaction<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let _alone = self.connection.lock();
        self.exec("BEGIN IMMEDIATE", &[])?;
        let done = work().and_then(|value| {
            self.exec("COMMIT", &[])?;
            Ok(value)
        });
        if done.is_err() {
            // Some errors have rolled back already, and then this one says that nothing is open.
            let _ = self.exec("ROLLBACK", &[]);
        }
        done
    }
}

fn bound(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value {
        Value::Null => ValueRef::Null,
        Value::Integer(number) => ValueRef::Integer(*number),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
        Value::Blob(bytes) => ValueRef::Blob(bytes),
    })
}

/// No column of a STRICT table of the ledger holds a real number, so that one shows as what it rounds to.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Integer(number as i64),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_contract() {
        let folder = tempfile::tempdir().expect("a folder");
        let sqlite = Sqlite::open(&folder.path().join("ledger.db")).expect("a database");
        cidery_registry::contract::sql(&sqlite);
    }
}
