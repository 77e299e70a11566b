//! Publishes that wait for blobs, in the ledger: which package's, until when, and what is expected of each blob.

use std::collections::BTreeMap;

use cidery_protocol::{Cid, PackageName, Record, RecordBody};
use serde_bytes::ByteArray;

use crate::{
    Error, Expectation, Sql,
    ledger::Ledger,
    rows::{Row, blob, integer, text},
};

/// The tables, as the ledger's own.
pub(crate) const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS publishes (release TEXT PRIMARY KEY, package TEXT NOT NULL, sequence INTEGER NOT NULL, \
     expires INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS publishes_by_package ON publishes (package, expires)",
    "CREATE INDEX IF NOT EXISTS publishes_by_expiry ON publishes (expires)",
    // `sha256` holds each that is stated, one after the other.
    "CREATE TABLE IF NOT EXISTS expected (release TEXT NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL, \
     text INTEGER NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (release, blob)) STRICT, WITHOUT ROWID",
];

impl<S: Sql> Ledger<S> {
    /// How many other publishes of the package wait.
    pub(crate) fn rivals_of(&self, record: &Record, now: u64) -> Result<usize, Error> {
        let count = "SELECT COUNT(*) FROM publishes WHERE package = ?1 AND release <> ?2 AND expires > ?3";
        let params = [text(&record.body().package), text(record.cid()), integer(now)];
        Ok(self.one(self.sql.exec(count, &params)?)?.integer()? as usize)
    }

    /// Remembers a release and the blobs that it lacks until `expires`, and forgets those that have expired.
    pub(crate) fn add_pending(
        &self,
        record: &Record,
        missing: &BTreeMap<Cid, &Expectation>,
        now: u64,
        expires: u64,
    ) -> Result<(), Error> {
        self.transaction(|| {
            self.forget("expires <= ?1", &[integer(now)])?;
            let RecordBody { package, sequence, .. } = record.body();
            let insert = "INSERT INTO publishes (release, package, sequence, expires) VALUES (?1, ?2, ?3, ?4) \
                          ON CONFLICT (release) DO UPDATE SET expires = ?4";
            let values = [text(record.cid()), text(package), integer(*sequence), integer(expires)];
            self.sql.exec(insert, &values)?;
            let insert = "INSERT INTO expected (release, blob, size, text, sha256) VALUES (?1, ?2, ?3, ?4, ?5) \
                          ON CONFLICT DO NOTHING";
            for (cid, Expectation { size, text: is_text, sha256 }) in missing {
                let sha256: Vec<u8> = sha256.iter().flat_map(|sha256| sha256.iter().copied()).collect();
                let is_text = integer((*is_text).into());
                let values = [text(record.cid()), text(cid), integer(*size), is_text, blob(&sha256)];
                self.sql.exec(insert, &values)?;
            }
            Ok(())
        })
    }

    /// What a release that waits says of a blob that it lacks.
    pub(crate) fn expectation(
        &self,
        release: &Cid,
        cid: &Cid,
        now: u64,
    ) -> Result<Option<Expectation>, Error> {
        let select = "SELECT size, text, sha256 FROM expected JOIN publishes USING (release) \
                      WHERE release = ?1 AND blob = ?2 AND expires > ?3";
        let params = [text(release), text(cid), integer(now)];
        let Some(row) = self.sql.exec(select, &params)?.pop() else { return Ok(None) };
        let mut row = Row::from(row);
        let (size, text) = (row.integer()?, row.integer()? == 1);
        let sha256 = row.blob()?.as_chunks::<32>().0.iter().map(|sha256| ByteArray::new(*sha256)).collect();
        Ok(Some(Expectation { size, text, sha256 }))
    }

    /// Forgets a release that waits.
    pub(crate) fn forget_pending(&self, release: &Cid) -> Result<(), Error> {
        self.transaction(|| self.forget("release = ?1", &[text(release)]))
    }

    /// Forgets those that waited for a place in the package's log that is taken now, inside of a transaction.
    pub(crate) fn forget_outdone(&self, package: &PackageName, sequence: u64) -> Result<(), Error> {
        self.forget("package = ?1 AND sequence <= ?2", &[text(package), integer(sequence)])
    }

    fn forget(&self, which: &str, params: &[crate::Value]) -> Result<(), Error> {
        let expected =
            format!("DELETE FROM expected WHERE release IN (SELECT release FROM publishes WHERE {which})");
        self.sql.exec(&expected, params)?;
        self.sql.exec(&format!("DELETE FROM publishes WHERE {which}"), params)?;
        Ok(())
    }
}
