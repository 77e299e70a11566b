//! The lie in the map: its entries are logged, and its maps know nothing of them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cidery_registry::{Error, Sql, StoreError, Value};
use cidery_registry_server::Sqlite;

/// How the sequencer asks which packages have changed, for the next map.
const CHANGED: &str = "SELECT package FROM records WHERE idx >= ?1";

/// The sequencer's ledger, in memory.
pub(crate) struct Ledger {
    pub(crate) sqlite: Sqlite,
    /// Whether it says that nothing has changed, whatever has.
    pub(crate) holds: Arc<AtomicBool>,
}

impl Sql for Ledger {
    fn exec(&self, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        if sql == CHANGED && self.holds.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        self.sqlite.exec(sql, params)
    }

    fn transaction<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.sqlite.transaction(work)
    }
}
