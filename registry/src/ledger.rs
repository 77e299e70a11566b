//! What the sequencer knows, in SQL: the log's entries and hashes, its records, and the blobs that were admitted. What it knows of
//! packages is in `packages`, and the map over them in `map`.

use cidery_protocol::{
    Cid, PackageName, PackageState, SignedRecord,
    log::{self, Hash, Node, leaf_hash},
};
use serde_bytes::ByteBuf;

use crate::{
    BlobFacts, Error, Sql, StoreError, Value, map, packages, pending,
    rows::{Row, blob, integer, text},
    witnessed,
};

/// The tables. Each statement stands alone, and each may be run again.
const SCHEMA: &[&str] = &[
    // `covered` is the size of the first checkpoint that covers the entry.
    "CREATE TABLE IF NOT EXISTS entries (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL, time INTEGER NOT NULL, \
     covered INTEGER NOT NULL) STRICT",
    // Hashes of complete subtrees: they never change.
    "CREATE TABLE IF NOT EXISTS nodes (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, \
     PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID",
    // `authority` is the record under which this one stands; an init has none.
    "CREATE TABLE IF NOT EXISTS records (idx INTEGER PRIMARY KEY, cid TEXT NOT NULL UNIQUE, package TEXT NOT NULL, \
     sequence INTEGER NOT NULL, authority TEXT, UNIQUE (package, sequence)) STRICT",
    "CREATE TABLE IF NOT EXISTS blobs (cid TEXT PRIMARY KEY, size INTEGER NOT NULL, text INTEGER NOT NULL, \
     sha256 BLOB NOT NULL) STRICT",
    "INSERT INTO meta (key, value) VALUES ('finished', 0) ON CONFLICT DO NOTHING",
];

/// The table that says how to read the others.
const META: &str = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT";

/// The tables' version. A ledger of another one is left alone.
const VERSION: u64 = 3;

/// Records that [`Ledger::records_from`] gives, where there are as many.
pub(crate) const RECORDS_AT_ONCE: usize = 256;

/// The ledger over a host's SQL.
#[derive(Debug)]
pub(crate) struct Ledger<S> {
    pub(crate) sql: S,
}

/// A record that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) record: Cid,
    pub(crate) package: PackageName,
    pub(crate) sequence: u64,
    /// The record under which it stands.
    pub(crate) authority: Option<Cid>,
    pub(crate) index: u64,
}

/// A record that may be appended, when, and what it changes of its package.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) record: SignedRecord,
    pub(crate) time: u64,
    pub(crate) change: PackageState,
}

impl Step {
    /// The step that `record` is, logged at `time`, on top of `state`, which becomes the one after it.
    ///
    /// # Errors
    /// As [`PackageState::apply`].
    pub(crate) fn apply(
        state: &mut Option<PackageState>,
        record: SignedRecord,
        time: u64,
    ) -> Result<Self, Error> {
        let changed = PackageState::apply(state, &record, time)?;
        let change = state.as_ref().map(|state| packages::part(state, &changed));
        let change = change.ok_or_else(|| Error::internal("a record was applied and has left no package"))?;
        Ok(Step { record, time, change })
    }
}

const LOGGED: &str = "SELECT cid, package, sequence, authority, idx FROM records";

impl<S: Sql> Ledger<S> {
    pub(crate) fn open(sql: S) -> Result<Self, Error> {
        sql.exec(META, &[])?;
        let is_new = "INSERT INTO meta (key, value) VALUES ('schema', ?1) ON CONFLICT DO NOTHING";
        sql.exec(is_new, &[integer(VERSION)])?;
        let ledger = Ledger { sql };
        let version = ledger.meta("schema")?;
        if version != VERSION {
            let reason = format!("its tables have version {version}, wanted {VERSION}");
            return Err(StoreError::new("open the ledger", reason).into());
        }
        let tables = [SCHEMA, packages::SCHEMA, map::SCHEMA, pending::SCHEMA, witnessed::SCHEMA];
        for statement in tables.into_iter().flatten() {
            ledger.sql.exec(statement, &[])?;
        }
        Ok(ledger)
    }

    /// Runs `work` as one transaction.
    pub(crate) fn transaction<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.sql.transaction(work)
    }

    // --- the log ---

    /// The number of entries.
    pub(crate) fn size(&self) -> Result<u64, Error> {
        let rows = self.sql.exec("SELECT COALESCE(MAX(idx) + 1, 0) FROM entries", &[])?;
        self.one(rows)?.integer()
    }

    /// The time of the newest entry, 0 where there is none.
    pub(crate) fn newest_time(&self) -> Result<u64, Error> {
        let newest = "SELECT COALESCE((SELECT time FROM entries ORDER BY idx DESC LIMIT 1), 0)";
        self.one(self.sql.exec(newest, &[])?)?.integer()
    }

    /// The root of the first `size` entries.
    pub(crate) fn root(&self, size: u64) -> Result<Hash, Error> {
        log::root(size, |node| self.node(node))
    }

    pub(crate) fn node(&self, node: Node) -> Result<Hash, Error> {
        let at = [integer(u64::from(node.level)), integer(node.index)];
        let rows = self.sql.exec("SELECT hash FROM nodes WHERE level = ?1 AND idx = ?2", &at)?;
        self.one(rows)?.hash()
    }

    /// An entry, and the size of the first checkpoint that covers it.
    pub(crate) fn entry(&self, index: u64) -> Result<(Vec<u8>, u64), Error> {
        let rows = self.sql.exec("SELECT bytes, covered FROM entries WHERE idx = ?1", &[integer(index)])?;
        let mut row = self.one(rows)?;
        Ok((row.blob()?, row.integer()?))
    }

    /// The size up to which receipts and indexes have been written.
    pub(crate) fn finished(&self) -> Result<u64, Error> {
        self.meta("finished")
    }

    pub(crate) fn set_finished(&self, size: u64) -> Result<(), Error> {
        self.set_meta("finished", size)
    }

    /// Appends an entry, inside of a transaction, and gives its index. Its first checkpoint will have the size `covered`.
    pub(crate) fn append_entry(&self, entry: &[u8], time: u64, covered: u64) -> Result<u64, Error> {
        let index = self.size()?;
        let values = [integer(index), blob(entry), integer(time), integer(covered)];
        self.sql.exec("INSERT INTO entries (idx, bytes, time, covered) VALUES (?1, ?2, ?3, ?4)", &values)?;
        for (node, hash) in log::appended_nodes(index, leaf_hash(entry), |node| self.node(node))? {
            let values = [integer(u64::from(node.level)), integer(node.index), blob(hash.as_bytes())];
            self.sql.exec("INSERT INTO nodes (level, idx, hash) VALUES (?1, ?2, ?3)", &values)?;
        }
        Ok(index)
    }

    /// Appends a record, inside of a transaction, as [`Ledger::append_entry`].
    pub(crate) fn append(&self, step: &Step, covered: u64) -> Result<(), Error> {
        let index = self.append_entry(&step.record.entry(step.time)?, step.time, covered)?;
        let (record, body) = (step.record.record(), step.record.record().body());
        let values = [
            integer(index),
            text(record.cid()),
            text(&body.package),
            integer(body.sequence),
            body.authority.map_or(Value::Null, text),
        ];
        let insert = "INSERT INTO records (idx, cid, package, sequence, authority) \
                      VALUES (?1, ?2, ?3, ?4, ?5)";
        self.sql.exec(insert, &values)?;
        self.change_package(&body.package, &step.change, index)?;
        self.forget_outdone(&body.package, body.sequence)
    }

    // --- records ---

    pub(crate) fn record(&self, record: &Cid) -> Result<Option<Logged>, Error> {
        Ok(self.logged("WHERE cid = ?1", &[text(record)])?.pop())
    }

    /// The first [`RECORDS_AT_ONCE`] records from an index on, in the order of the log.
    pub(crate) fn records_from(&self, index: u64) -> Result<Vec<Logged>, Error> {
        let most = integer(RECORDS_AT_ONCE as u64);
        self.logged("WHERE idx >= ?1 ORDER BY idx LIMIT ?2", &[integer(index), most])
    }

    /// At most `most` records of a package, from a sequence on.
    pub(crate) fn records_of(&self, name: &PackageName, from: u64, most: u64) -> Result<Vec<Logged>, Error> {
        let which = "WHERE package = ?1 AND sequence >= ?2 ORDER BY sequence LIMIT ?3";
        self.logged(which, &[text(name), integer(from), integer(most)])
    }

    /// The signed records of a chain of authority, from the `init` to the record `last`.
    pub(crate) fn chain(&self, last: Option<Cid>) -> Result<Vec<ByteBuf>, Error> {
        let (mut chain, mut next) = (Vec::new(), last);
        while let Some(cid) = next {
            let logged = self.record(&cid)?;
            let logged =
                logged.ok_or_else(|| Error::internal(format!("the authority {cid} is not logged")))?;
            chain.push(ByteBuf::from(SignedRecord::bytes_in_entry(&self.entry(logged.index)?.0)?));
            next = logged.authority;
        }
        chain.reverse();
        Ok(chain)
    }

    fn logged(&self, which: &str, params: &[Value]) -> Result<Vec<Logged>, Error> {
        let rows = self.sql.exec(&format!("{LOGGED} {which}"), params)?;
        rows.into_iter()
            .map(|row| {
                let mut row = Row::from(row);
                Ok(Logged {
                    record: row.parse()?,
                    package: row.parse()?,
                    sequence: row.integer()?,
                    authority: row.parse_some()?,
                    index: row.integer()?,
                })
            })
            .collect()
    }

    // --- blobs ---

    pub(crate) fn blob(&self, cid: &Cid) -> Result<Option<BlobFacts>, Error> {
        let select = "SELECT size, text, sha256 FROM blobs WHERE cid = ?1";
        let Some(row) = self.sql.exec(select, &[text(cid)])?.pop() else { return Ok(None) };
        let mut row = Row::from(row);
        let (size, text) = (row.integer()?, row.integer()? == 1);
        Ok(Some(BlobFacts { size, text, sha256: row.bytes()? }))
    }

    pub(crate) fn add_blob(&self, cid: &Cid, facts: &BlobFacts) -> Result<(), Error> {
        let values = [text(cid), integer(facts.size), integer(facts.text.into()), blob(&*facts.sha256)];
        let insert =
            "INSERT INTO blobs (cid, size, text, sha256) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
        self.sql.exec(insert, &values)?;
        Ok(())
    }

    /// Forgets which blobs there are, so that each is asked for when it is needed again.
    pub(crate) fn forget_blobs(&self) -> Result<(), Error> {
        self.sql.exec("DELETE FROM blobs", &[])?;
        Ok(())
    }

    pub(crate) fn meta(&self, key: &str) -> Result<u64, Error> {
        let rows = self.sql.exec("SELECT value FROM meta WHERE key = ?1", &[text(key)])?;
        self.one(rows)?.integer()
    }

    pub(crate) fn set_meta(&self, key: &str, value: u64) -> Result<(), Error> {
        self.sql.exec("UPDATE meta SET value = ?2 WHERE key = ?1", &[text(key), integer(value)])?;
        Ok(())
    }

    pub(crate) fn one(&self, mut rows: Vec<Vec<Value>>) -> Result<Row, Error> {
        rows.pop()
            .map(Row::from)
            .ok_or_else(|| Error::internal("a row that the ledger must have is not there"))
    }
}
