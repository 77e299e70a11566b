//! What the sequencer knows, in SQL: the log's entries and hashes, each package's state, and the blobs that were admitted.
//! It keeps no rule of its own: [`PackageState`] is rebuilt from rows and asked.

use cidery_protocol::{
    Action, Authority, Cid, PackageName, PackageState, ReleaseState, SignedRecord, Version,
    log::{self, Hash, Node, leaf_hash},
};

use crate::{
    BlobFacts, Error, Sql, Value, pending,
    rows::{Row, blob, integer, text},
};

/// The tables. Each statement stands alone, and each may be run again.
const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
    // `covered` is the size of the first checkpoint that covers the entry.
    "CREATE TABLE IF NOT EXISTS entries (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL, covered INTEGER NOT NULL) STRICT",
    // Hashes of complete subtrees: they never change.
    "CREATE TABLE IF NOT EXISTS nodes (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, \
     PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID",
    // `authority` is the index of the entry that says who has the say.
    "CREATE TABLE IF NOT EXISTS packages (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, newest TEXT NOT NULL, \
     init TEXT NOT NULL, authority INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS releases (record TEXT PRIMARY KEY, package TEXT NOT NULL, version TEXT NOT NULL, \
     manifest TEXT NOT NULL, idx INTEGER NOT NULL UNIQUE, sequence INTEGER NOT NULL, UNIQUE (package, version)) STRICT",
    "CREATE INDEX IF NOT EXISTS releases_by_manifest ON releases (manifest, idx)",
    "CREATE TABLE IF NOT EXISTS blobs (cid TEXT PRIMARY KEY, size INTEGER NOT NULL, text INTEGER NOT NULL, \
     sha256 BLOB NOT NULL) STRICT",
    "INSERT INTO meta (key, value) VALUES ('schema', 1) ON CONFLICT DO NOTHING",
    "INSERT INTO meta (key, value) VALUES ('finished', 0) ON CONFLICT DO NOTHING",
];

/// The tables' version, which an older program refuses to touch where it is newer.
const VERSION: u64 = 1;

/// The ledger over a host's SQL.
#[derive(Debug)]
pub(crate) struct Ledger<S> {
    pub(crate) sql: S,
}

/// A release that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) package: PackageName,
    pub(crate) version: Version,
    pub(crate) record: Cid,
    pub(crate) manifest: Cid,
    pub(crate) index: u64,
    pub(crate) sequence: u64,
}

/// A package: its state, and the record that began it.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) state: PackageState,
    pub(crate) init: Cid,
}

/// A record that may be appended, with the state of its package after it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) record: SignedRecord,
    pub(crate) after: PackageState,
}

const LOGGED: &str = "SELECT package, version, record, manifest, idx, sequence FROM releases";

impl<S: Sql> Ledger<S> {
    pub(crate) fn open(sql: S) -> Result<Self, Error> {
        for statement in SCHEMA.iter().chain(pending::SCHEMA) {
            sql.exec(statement, &[])?;
        }
        let ledger = Ledger { sql };
        match ledger.meta("schema")? {
            VERSION => Ok(ledger),
            newer => {
                Err(Error::internal(format!("the ledger's tables have version {newer}, wanted {VERSION}")))
            }
        }
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
        self.sql.exec("UPDATE meta SET value = ?1 WHERE key = 'finished'", &[integer(size)])?;
        Ok(())
    }

    /// Appends a record, inside of a transaction. Its first checkpoint will have the size `covered`.
    pub(crate) fn append(&self, step: &Step, covered: u64) -> Result<u64, Error> {
        let (index, entry) = (self.size()?, step.record.entry());
        let values = [integer(index), blob(entry), integer(covered)];
        self.sql.exec("INSERT INTO entries (idx, bytes, covered) VALUES (?1, ?2, ?3)", &values)?;
        for (node, hash) in log::appended_nodes(index, leaf_hash(entry), |node| self.node(node))? {
            let values = [integer(u64::from(node.level)), integer(node.index), blob(hash.as_bytes())];
            self.sql.exec("INSERT INTO nodes (level, idx, hash) VALUES (?1, ?2, ?3)", &values)?;
        }
        let (record, after) = (step.record.record(), &step.after);
        let (name, body) = (text(&after.authority.package), record.body());
        if after.authority.cid == record.cid() {
            let values =
                [name, integer(after.sequence), text(after.newest), text(record.cid()), integer(index)];
            let begin =
                "INSERT INTO packages (name, sequence, newest, init, authority) VALUES (?1, ?2, ?3, ?4, ?5)";
            self.sql.exec(begin, &values)?;
            return Ok(index);
        }
        let values = [name.clone(), integer(after.sequence), text(after.newest)];
        self.sql.exec("UPDATE packages SET sequence = ?2, newest = ?3 WHERE name = ?1", &values)?;
        self.forget_outdone(&after.authority.package, after.sequence)?;
        if let Action::Release(release) = &body.action {
            let release_is = [
                text(record.cid()),
                name,
                text(&release.version),
                text(release.manifest),
                integer(index),
                integer(body.sequence),
            ];
            let insert = "INSERT INTO releases (record, package, version, manifest, idx, sequence) \
                          VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            self.sql.exec(insert, &release_is)?;
        }
        Ok(index)
    }

    // --- packages ---

    pub(crate) fn package(&self, name: &PackageName) -> Result<Option<Package>, Error> {
        let select = "SELECT sequence, newest, init, authority FROM packages WHERE name = ?1";
        let Some(row) = self.sql.exec(select, &[text(name)])?.pop() else { return Ok(None) };
        let mut row = Row::from(row);
        let (sequence, newest, init, at) = (row.integer()?, row.parse()?, row.parse()?, row.integer()?);
        let authority = Authority::begin(&SignedRecord::from_entry(&self.entry(at)?.0, None)?)?;
        let releases = self.releases_of(name)?.into_iter().map(|release| {
            (release.version, ReleaseState { record: release.record, manifest: release.manifest })
        });
        let state = PackageState { authority, sequence, newest, releases: releases.collect() };
        Ok(Some(Package { state, init }))
    }

    /// The entry of the package's authority.
    pub(crate) fn authority_of(&self, name: &PackageName) -> Result<Vec<u8>, Error> {
        let rows = self.sql.exec("SELECT authority FROM packages WHERE name = ?1", &[text(name)])?;
        Ok(self.entry(self.one(rows)?.integer()?)?.0)
    }

    /// A package's releases, in the order of the log.
    pub(crate) fn releases_of(&self, name: &PackageName) -> Result<Vec<Logged>, Error> {
        self.logged("WHERE package = ?1 ORDER BY idx", &[text(name)])
    }

    /// The first releases that carry a manifest: at most 100.
    pub(crate) fn releases_with(&self, manifest: &Cid) -> Result<Vec<Logged>, Error> {
        self.logged("WHERE manifest = ?1 ORDER BY idx LIMIT 100", &[text(manifest)])
    }

    pub(crate) fn release(&self, record: &Cid) -> Result<Option<Logged>, Error> {
        Ok(self.logged("WHERE record = ?1", &[text(record)])?.pop())
    }

    /// The first `most` releases from an index on, in the order of the log.
    pub(crate) fn releases_from(&self, index: u64) -> Result<Vec<Logged>, Error> {
        self.logged("WHERE idx >= ?1 ORDER BY idx LIMIT 256", &[integer(index)])
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

    // --- rows ---

    fn logged(&self, which: &str, params: &[Value]) -> Result<Vec<Logged>, Error> {
        let rows = self.sql.exec(&format!("{LOGGED} {which}"), params)?;
        rows.into_iter()
            .map(|row| {
                let mut row = Row::from(row);
                Ok(Logged {
                    package: row.parse()?,
                    version: row.parse()?,
                    record: row.parse()?,
                    manifest: row.parse()?,
                    index: row.integer()?,
                    sequence: row.integer()?,
                })
            })
            .collect()
    }

    fn meta(&self, key: &str) -> Result<u64, Error> {
        let rows = self.sql.exec("SELECT value FROM meta WHERE key = ?1", &[Value::Text(key.to_owned())])?;
        self.one(rows)?.integer()
    }

    pub(crate) fn one(&self, mut rows: Vec<Vec<Value>>) -> Result<Row, Error> {
        rows.pop()
            .map(Row::from)
            .ok_or_else(|| Error::internal("a row that the ledger must have is not there"))
    }
}
