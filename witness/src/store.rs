//! What a witness remembers, in SQLite: of each log the checkpoint that it cosigned last, and what contradicts it.
//!
//! A transaction that has ended is on the disk: database, journal and their folder are synced before `COMMIT` returns. So a
//! signature that is made after it never says more than what a start after a crash finds here. Between transactions, one file is all
//! of it: whoever copies or moves that takes nothing apart.

use std::path::Path;

use cidery_protocol::{Origin, PublicKey, log::Hash};
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::{Contradiction, Latest, Submission, WitnessError, WitnessName};

/// Contradictions that are kept of a log. One is proof enough.
const CONTRADICTIONS: u32 = 16;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS witness (
        id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, key BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS latest (
        origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, note BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS contradictions (
        number INTEGER PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT NULL, ours BLOB NOT NULL, theirs BLOB NOT NULL
    ) STRICT;
";

/// The database.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database, and makes it where there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, WitnessError> {
        let open = || {
            let connection = Connection::open(path)?;
            connection.pragma_update(None, "journal_mode", "DELETE")?;
            connection.pragma_update(None, "synchronous", "EXTRA")?;
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.execute_batch(SCHEMA)?;
            Ok(Store { connection: Mutex::new(connection) })
        };
        open().map_err(WitnessError::store("open the witness's state"))
    }

    /// Opens a database that is there, to look at it. Another process may be using it.
    pub(crate) fn read(path: &Path) -> Result<Self, WitnessError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = Connection::open_with_flags(path, flags);
        let connection = open.map_err(WitnessError::store("open the witness's state"))?;
        Ok(Store { connection: Mutex::new(connection) })
    }

    /// Whose state it is, once it was said.
    pub(crate) fn witness(&self) -> Result<Option<(WitnessName, PublicKey)>, WitnessError> {
        let read = |row: &Row<'_>| Ok((parsed::<WitnessName>(row, 0)?, key(row, 1)?));
        let connection = self.connection.lock();
        let found = connection.query_row("SELECT name, key FROM witness", [], read).optional();
        found.map_err(WitnessError::store("read whose state it is"))
    }

    /// Says whose state it is, for ever.
    pub(crate) fn belong(&self, name: &WitnessName, key: &PublicKey) -> Result<(), WitnessError> {
        let sql = "INSERT INTO witness (id, name, key) VALUES (1, ?1, ?2)";
        let done = self.connection.lock().execute(sql, params![name.as_str(), key.as_bytes()]);
        done.map(drop).map_err(WitnessError::store("write whose state it is"))
    }

    /// One step, alone: what is remembered of the submission's log is shown to `decide`, and where that gives a time, the
    /// submission is remembered in its place. Then, with that on the disk and before the next step, `sign` is given the
    /// time: signatures are made in the order in which trees were recorded.
    pub(crate) fn advance<T>(
        &self,
        submission: &Submission,
        decide: impl FnOnce(Option<&Latest>) -> Result<u64, WitnessError>,
        sign: impl FnOnce(u64) -> Result<T, WitnessError>,
    ) -> Result<T, WitnessError> {
        let mut connection = self.connection.lock();
        let failed = || WitnessError::store("record what is cosigned");
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
        let before = latest(&step, &submission.checkpoint().origin).map_err(failed())?;
        let mut decided = decide(before.as_ref());
        match &mut decided {
            Ok(time) => record(&step, submission, *time, before.as_ref()).map_err(failed())?,
            Err(WitnessError::Fork { contradiction, is_new, .. }) => {
                *is_new = keep(&step, contradiction).map_err(failed())?;
            }
            Err(_) => {}
        }
        step.commit().map_err(failed())?;
        sign(decided?)
    }

    /// What is remembered of a log.
    pub(crate) fn latest(&self, origin: &Origin) -> Result<Option<Latest>, WitnessError> {
        latest(&self.connection.lock(), origin).map_err(WitnessError::store("read what was cosigned"))
    }

    /// What is remembered of every log, in the order of their origins.
    pub(crate) fn all(&self) -> Result<Vec<(Origin, Latest)>, WitnessError> {
        let connection = self.connection.lock();
        let read = || {
            let sql = "SELECT size, root, time, note, origin FROM latest ORDER BY origin";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| Ok((parsed(row, 4)?, remembered(row)?)))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(WitnessError::store("read what was cosigned"))
    }

    /// What logs were caught at, in the order in which it was seen.
    pub(crate) fn contradictions(&self) -> Result<Vec<Contradiction>, WitnessError> {
        let connection = self.connection.lock();
        let read = || {
            let sql = "SELECT origin, size, ours, theirs FROM contradictions ORDER BY number";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let (ours, theirs) = (row.get(2)?, row.get(3)?);
                Ok(Contradiction { origin: parsed(row, 0)?, size: row.get(1)?, ours, theirs })
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(WitnessError::store("read the contradictions"))
    }
}

fn latest(connection: &Connection, origin: &Origin) -> rusqlite::Result<Option<Latest>> {
    let sql = "SELECT size, root, time, note FROM latest WHERE origin = ?1";
    connection.prepare_cached(sql)?.query_row([origin.as_str()], remembered).optional()
}

fn record(
    step: &Transaction<'_>,
    submission: &Submission,
    time: u64,
    before: Option<&Latest>,
) -> rusqlite::Result<()> {
    let checkpoint = submission.checkpoint();
    // The same tree in the same second is the same signature.
    if before.is_some_and(|before| (before.size, before.time) == (checkpoint.size, time)) {
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO latest (origin, size, root, time, note) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (origin, root, note) =
        (checkpoint.origin.as_str(), checkpoint.root.as_bytes(), submission.signed().to_bytes());
    step.prepare_cached(sql)?.execute(params![origin, checkpoint.size, root, time, note]).map(drop)
}

/// Keeps a contradiction, if it is new and there is room. Says whether it was kept.
fn keep(step: &Transaction<'_>, contradiction: &Contradiction) -> rusqlite::Result<bool> {
    let Contradiction { origin, size, ours, theirs } = contradiction;
    let known: u32 = step.query_row(
        "SELECT COUNT(*) FROM contradictions WHERE origin = ?1 AND size = ?2 AND theirs = ?3",
        params![origin.as_str(), size, theirs],
        |row| row.get(0),
    )?;
    let all: u32 =
        step.query_row("SELECT COUNT(*) FROM contradictions WHERE origin = ?1", [origin.as_str()], |row| {
            row.get(0)
        })?;
    if known > 0 || all >= CONTRADICTIONS {
        return Ok(false);
    }
    let sql = "INSERT INTO contradictions (origin, size, ours, theirs) VALUES (?1, ?2, ?3, ?4)";
    step.execute(sql, params![origin.as_str(), size, ours, theirs]).map(|_| true)
}

fn remembered(row: &Row<'_>) -> rusqlite::Result<Latest> {
    let root = Hash::from_bytes(row.get(1)?);
    Ok(Latest { size: row.get(0)?, root, time: row.get(2)?, note: row.get(3)? })
}

fn key(row: &Row<'_>, column: usize) -> rusqlite::Result<PublicKey> {
    let bytes: [u8; 32] = row.get(column)?;
    PublicKey::from_bytes(bytes).map_err(|error| unreadable(row, column, error))
}

fn parsed<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| unreadable(row, column, error))
}

fn unreadable(
    row: &Row<'_>,
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    let kind = row.get_ref(column).map_or(rusqlite::types::Type::Null, |value| value.data_type());
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}
