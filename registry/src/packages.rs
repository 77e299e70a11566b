//! What the ledger knows of packages: the state of each as [`PackageState`] left it, in one row for the package and one for each
//! release and channel, so that a record writes only what it changes. There is no rule here.

use std::collections::BTreeMap;

use cidery_protocol::{Changed, Cid, PackageName, PackageState, Version, limits};

use crate::{
    Error, Sql, Value,
    ledger::Ledger,
    map::SOME,
    rows::{Row, integer, object, text},
};

/// The tables, as the ledger's own.
pub(crate) const SCHEMA: &[&str] = &[
    // `state` is the package's without its releases and channels, `due` is when its pending authority takes effect. `object` is
    // the state as the last map entry has it, `value` its CID, and `covered` the size of the first checkpoint that has it so:
    // only between the records of a group and its map entry, the three are those of before.
    "CREATE TABLE IF NOT EXISTS packages (name TEXT PRIMARY KEY, state BLOB NOT NULL, due INTEGER, \
     value TEXT, object BLOB, covered INTEGER) STRICT",
    "CREATE INDEX IF NOT EXISTS packages_by_due ON packages (due) WHERE due IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS packages_by_size ON packages (covered, name)",
    "CREATE TABLE IF NOT EXISTS releases (record TEXT PRIMARY KEY, package TEXT NOT NULL, version TEXT NOT NULL, \
     manifest TEXT NOT NULL, idx INTEGER NOT NULL, state BLOB NOT NULL, UNIQUE (package, version)) STRICT",
    "CREATE INDEX IF NOT EXISTS releases_by_manifest ON releases (manifest, idx)",
    "CREATE TABLE IF NOT EXISTS channels (package TEXT NOT NULL, name TEXT NOT NULL, state BLOB NOT NULL, \
     PRIMARY KEY (package, name)) STRICT, WITHOUT ROWID",
];

/// A release that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Released {
    pub(crate) package: PackageName,
    pub(crate) version: Version,
    pub(crate) manifest: Cid,
}

/// A package's state as the map names it.
pub(crate) struct Mapped {
    pub(crate) package: PackageName,
    /// Its CID.
    pub(crate) value: Cid,
    /// The bytes of its `StateObject`.
    pub(crate) object: Vec<u8>,
    /// What [`Ledger::mapped_after`] goes on from.
    pub(crate) after: (u64, String),
}

/// The state, with those of its releases and channels alone that were changed.
pub(crate) fn part(state: &PackageState, changed: &Changed) -> PackageState {
    let PackageState { init, authority, pending, sequence, newest, releases, channels } = state;
    let releases = releases.iter().filter(|(version, _)| changed.releases.contains(*version));
    let channels = channels.iter().filter(|(name, _)| changed.channels.contains(*name));
    PackageState {
        init: *init,
        authority: authority.clone(),
        pending: pending.clone(),
        sequence: *sequence,
        newest: *newest,
        releases: releases.map(|(version, release)| (version.clone(), release.clone())).collect(),
        channels: channels.map(|(name, channel)| (name.clone(), channel.clone())).collect(),
    }
}

impl<S: Sql> Ledger<S> {
    /// A package as the last entry that changed it left it: what waits may hold by now, see [`PackageState::at`].
    pub(crate) fn package(&self, name: &PackageName) -> Result<Option<PackageState>, Error> {
        let rows = self.sql.exec("SELECT state FROM packages WHERE name = ?1", &[text(name)])?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let mut state: PackageState = Row::from(row).object()?;
        let select = "SELECT version, state FROM releases WHERE package = ?1";
        for row in self.sql.exec(select, &[text(name)])? {
            let mut row = Row::from(row);
            state.releases.insert(row.parse()?, row.object()?);
        }
        for row in self.sql.exec("SELECT name, state FROM channels WHERE package = ?1", &[text(name)])? {
            let mut row = Row::from(row);
            state.channels.insert(row.parse()?, row.object()?);
        }
        Ok(Some(state))
    }

    /// The packages whose pending authority holds at a time.
    pub(crate) fn due(&self, time: u64) -> Result<Vec<PackageName>, Error> {
        let rows = self.sql.exec("SELECT name FROM packages WHERE due <= ?1", &[integer(time)])?;
        rows.into_iter().map(|row| Row::from(row).parse()).collect()
    }

    /// The state of a package that the map names: its CID.
    pub(crate) fn mapped_state(&self, name: &PackageName) -> Result<Option<Cid>, Error> {
        let rows = self.sql.exec("SELECT value FROM packages WHERE name = ?1", &[text(name)])?;
        rows.into_iter().next().map_or(Ok(None), |row| Row::from(row).parse_some())
    }

    /// Some of the packages whose states are new in checkpoints of at least `after.0` entries, sorted: from a name on.
    pub(crate) fn mapped_after(&self, after: &(u64, String)) -> Result<Vec<Mapped>, Error> {
        let select = "SELECT name, value, object, covered FROM packages WHERE (covered, name) > (?1, ?2) \
                      ORDER BY covered, name LIMIT ?3";
        let rows = self.sql.exec(select, &[integer(after.0), text(&after.1), integer(SOME)])?;
        let mapped = |row| {
            let mut row = Row::from(row);
            let (package, value, object): (PackageName, _, _) = (row.parse()?, row.parse()?, row.blob()?);
            let after = (row.integer()?, package.to_string());
            Ok(Mapped { package, value, object, after })
        };
        rows.into_iter().map(mapped).collect()
    }

    /// Where each release of a package stands in the log.
    pub(crate) fn places(&self, name: &PackageName) -> Result<BTreeMap<Version, u64>, Error> {
        let rows = self.sql.exec("SELECT version, idx FROM releases WHERE package = ?1", &[text(name)])?;
        let place = |row| {
            let mut row = Row::from(row);
            Ok((row.parse()?, row.integer()?))
        };
        rows.into_iter().map(place).collect()
    }

    pub(crate) fn release(&self, record: &Cid) -> Result<Option<Released>, Error> {
        Ok(self.released("WHERE record = ?1", &[text(record)])?.pop())
    }

    /// The first releases that carry a manifest: at most 100.
    pub(crate) fn releases_with(&self, manifest: &Cid) -> Result<Vec<Released>, Error> {
        self.released("WHERE manifest = ?1 ORDER BY idx LIMIT 100", &[text(manifest)])
    }

    fn released(&self, which: &str, params: &[Value]) -> Result<Vec<Released>, Error> {
        let rows =
            self.sql.exec(&format!("SELECT package, version, manifest FROM releases {which}"), params)?;
        let released = |row| {
            let mut row = Row::from(row);
            Ok(Released { package: row.parse()?, version: row.parse()?, manifest: row.parse()? })
        };
        rows.into_iter().map(released).collect()
    }

    /// Takes over the [`part`] of a state that the entry at `index` makes, inside of a transaction. Releases keep the place that they
    /// have.
    pub(crate) fn change_package(
        &self,
        name: &PackageName,
        change: &PackageState,
        index: u64,
    ) -> Result<(), Error> {
        let PackageState { releases, channels, .. } = change;
        let upsert = "INSERT INTO packages (name, state, due) VALUES (?1, ?2, ?3) \
                      ON CONFLICT (name) DO UPDATE SET state = ?2, due = ?3";
        let rest = PackageState { releases: BTreeMap::new(), channels: BTreeMap::new(), ..change.clone() };
        // A delay may be longer than any time that an entry can have.
        let due =
            change.pending.as_ref().map(|pending| pending.from).filter(|from| *from <= limits::TREE_SIZE);
        let due = due.map_or(Value::Null, integer);
        self.sql.exec(upsert, &[text(name), object(&rest)?, due])?;
        let upsert = "INSERT INTO releases (record, package, version, manifest, idx, state) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (record) DO UPDATE SET state = ?6";
        for (version, release) in releases {
            let (record, manifest) = (text(release.record), text(release.manifest));
            let values = [record, text(name), text(version), manifest, integer(index), object(release)?];
            self.sql.exec(upsert, &values)?;
        }
        let upsert = "INSERT INTO channels (package, name, state) VALUES (?1, ?2, ?3) \
                      ON CONFLICT (package, name) DO UPDATE SET state = ?3";
        for (channel, state) in channels {
            self.sql.exec(upsert, &[text(name), text(channel), object(state)?])?;
        }
        Ok(())
    }
}
