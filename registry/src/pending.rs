//! Publishes that wait for blobs, in the ledger: which package's, until when, and what is expected of each blob.

use std::collections::BTreeMap;

use cidery_protocol::{Cid, PackageName};
use serde_bytes::ByteArray;

use crate::{
    Error, Expectation, Sql,
    ledger::Ledger,
    rows::{Row, blob, integer, text},
};

/// The tables, as the ledger's own. `record` is the last one of the publish, `sequence` the place of its first one.
pub(crate) const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS publishes (record TEXT PRIMARY KEY, package TEXT NOT NULL, sequence INTEGER NOT NULL, \
     expires INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS publishes_by_package ON publishes (package, expires)",
    "CREATE INDEX IF NOT EXISTS publishes_by_expiry ON publishes (expires)",
    // `sha256` holds each that is stated, one after the other.
    "CREATE TABLE IF NOT EXISTS expected (record TEXT NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL, \
     text INTEGER NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (record, blob)) STRICT, WITHOUT ROWID",
];

/// A publish that waits for blobs.
pub(crate) struct Pending<'p> {
    /// The last of its records.
    pub(crate) record: Cid,
    pub(crate) package: &'p PackageName,
    /// The place in the package's log that its first new record would take.
    pub(crate) sequence: u64,
    pub(crate) missing: &'p BTreeMap<Cid, &'p Expectation>,
    /// Until when it waits, seconds since 1970.
    pub(crate) expires: u64,
}

impl<S: Sql> Ledger<S> {
    /// How many other publishes of the package wait: all for one place, since those that have lost theirs are forgotten.
    pub(crate) fn rivals_of(&self, package: &PackageName, record: &Cid, now: u64) -> Result<usize, Error> {
        let count = "SELECT COUNT(*) FROM publishes WHERE package = ?1 AND record <> ?2 AND expires > ?3";
        let params = [text(package), text(record), integer(now)];
        Ok(self.one(self.sql.exec(count, &params)?)?.integer()? as usize)
    }

    /// Remembers a publish until it expires, and forgets those that have.
    pub(crate) fn add_pending(&self, pending: &Pending<'_>, now: u64) -> Result<(), Error> {
        let Pending { record, package, sequence, missing, expires } = pending;
        self.transaction(|| {
            self.forget("expires <= ?1", &[integer(now)])?;
            let insert = "INSERT INTO publishes (record, package, sequence, expires) VALUES (?1, ?2, ?3, ?4) \
                          ON CONFLICT (record) DO UPDATE SET sequence = ?3, expires = ?4";
            let values = [text(record), text(package), integer(*sequence), integer(*expires)];
            self.sql.exec(insert, &values)?;
            let insert = "INSERT INTO expected (record, blob, size, text, sha256) VALUES (?1, ?2, ?3, ?4, ?5) \
                          ON CONFLICT DO NOTHING";
            for (cid, Expectation { size, text: is_text, sha256 }) in *missing {
                let sha256: Vec<u8> = sha256.iter().flat_map(|sha256| sha256.iter().copied()).collect();
                let is_text = integer((*is_text).into());
                self.sql.exec(insert, &[text(record), text(cid), integer(*size), is_text, blob(&sha256)])?;
            }
            Ok(())
        })
    }

    /// What a publish that waits says of a blob that it lacks.
    pub(crate) fn expectation(
        &self,
        record: &Cid,
        cid: &Cid,
        now: u64,
    ) -> Result<Option<Expectation>, Error> {
        let select = "SELECT size, text, sha256 FROM expected JOIN publishes USING (record) \
                      WHERE record = ?1 AND blob = ?2 AND expires > ?3";
        let params = [text(record), text(cid), integer(now)];
        let Some(row) = self.sql.exec(select, &params)?.pop() else { return Ok(None) };
        let mut row = Row::from(row);
        let (size, text) = (row.integer()?, row.integer()? == 1);
        let sha256 = row.blob()?.as_chunks::<32>().0.iter().map(|sha256| ByteArray::new(*sha256)).collect();
        Ok(Some(Expectation { size, text, sha256 }))
    }

    /// Forgets a publish that waits.
    pub(crate) fn forget_pending(&self, record: &Cid) -> Result<(), Error> {
        self.transaction(|| self.forget("record = ?1", &[text(record)]))
    }

    /// Forgets those that waited for a place in the package's log that is taken now, inside of a transaction.
    pub(crate) fn forget_outdone(&self, package: &PackageName, sequence: u64) -> Result<(), Error> {
        self.forget("package = ?1 AND sequence <= ?2", &[text(package), integer(sequence)])
    }

    fn forget(&self, which: &str, params: &[crate::Value]) -> Result<(), Error> {
        let expected =
            format!("DELETE FROM expected WHERE record IN (SELECT record FROM publishes WHERE {which})");
        self.sql.exec(&expected, params)?;
        self.sql.exec(&format!("DELETE FROM publishes WHERE {which}"), params)?;
        Ok(())
    }
}
