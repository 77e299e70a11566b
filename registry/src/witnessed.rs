//! What the ledger knows of witnesses: up to which size each has cosigned the log. What it has forgotten, or remembers wrongly
//! after a backup, the witness says.

use crate::{
    Error, Sql,
    ledger::Ledger,
    rows::{Row, integer, text},
};

/// The table.
pub(crate) const SCHEMA: &[&str] =
    &["CREATE TABLE IF NOT EXISTS witnesses (name TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT"];

impl<S: Sql> Ledger<S> {
    /// The size of the newest checkpoint that the witness of this name has cosigned; 0 where none is known.
    pub(crate) fn witnessed(&self, name: &str) -> Result<u64, Error> {
        let rows = self.sql.exec("SELECT size FROM witnesses WHERE name = ?1", &[text(name)])?;
        rows.into_iter().next().map_or(Ok(0), |row| Row::from(row).integer())
    }

    pub(crate) fn set_witnessed(&self, name: &str, size: u64) -> Result<(), Error> {
        let upsert =
            "INSERT INTO witnesses (name, size) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET size = ?2";
        self.sql.exec(upsert, &[text(name), integer(size)])?;
        Ok(())
    }
}
