//! The map in the ledger (SPEC §8.5): the pages as they are, by prefix, and of each package the state that the map names. A group
//! of records ends here, with the entry of kind `map` that holds its root.

use std::collections::{BTreeMap, BTreeSet};

use cidery_protocol::{
    Cid, Codec, MapEntry, PackageName, PackageState,
    log::Hash,
    map::{self, MapKey, MapPage, MapPages, empty_map},
};

use crate::{
    Error, Sql, Value, layout,
    ledger::{Ledger, Step},
    packages,
    rows::{Row, blob, integer, text},
};

/// The tables, as the ledger's own. `covered` is the size of the first checkpoint that has them so.
pub(crate) const SCHEMA: &[&str] = &[
    // `place` is the number of bytes of the page's prefix, and then the prefix.
    "CREATE TABLE IF NOT EXISTS map (place BLOB PRIMARY KEY, hash BLOB NOT NULL, page BLOB NOT NULL, \
     covered INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS map_by_size ON map (covered, place)",
    // Objects that no head needs from the checkpoint of the size `covered` on, and that are still stored.
    "CREATE TABLE IF NOT EXISTS replaced (key TEXT PRIMARY KEY, covered INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS replaced_by_size ON replaced (covered)",
    // The size of the log after its last map entry.
    "INSERT INTO meta (key, value) VALUES ('mapped', 0) ON CONFLICT DO NOTHING",
];

/// Pages, states and keys that are read at once.
pub(crate) const SOME: u64 = 64;

/// A page of the map.
pub(crate) struct Page {
    pub(crate) hash: Hash,
    pub(crate) bytes: Vec<u8>,
    /// What [`Ledger::pages_after`] goes on from.
    pub(crate) after: (u64, Vec<u8>),
}

impl<S: Sql> Ledger<S> {
    /// Appends a group: records at one time, and the map over what they come to. Where there are none, it is logged that a delay
    /// is over, and nothing where none is.
    pub(crate) fn append_group(&self, steps: &[&Step], time: u64) -> Result<(), Error> {
        self.transaction(|| {
            if steps.is_empty() && self.due(time)?.is_empty() {
                return Ok(());
            }
            let covered = self.size()? + steps.len() as u64 + 1;
            for step in steps {
                self.append(step, covered)?;
            }
            self.append_map(time, covered).map(drop)
        })
    }

    /// Ends a group, inside of a transaction, and gives the map's root. The order matters: what waited for this time is part of
    /// what the map says of it.
    pub(crate) fn append_map(&self, time: u64, covered: u64) -> Result<Hash, Error> {
        let (index, mapped) = (self.size()?, self.meta("mapped")?);
        // 1. what waited until now
        let due = self.due(time)?;
        for name in &due {
            let mut state = self.state_of(name)?;
            let changed = state.settle(time);
            self.change_package(name, &packages::part(&state, &changed), index)?;
        }
        // 2. the values
        let mut changed = self.packages_since(mapped)?;
        changed.extend(due);
        let values = changed.iter().map(|name| Ok((MapKey::of(name), self.set_value(name, covered)?)));
        let values = values.collect::<Result<BTreeMap<_, _>, Error>>()?;
        map::set_all(&mut Pages { ledger: self, covered }, &values)?;
        // 3. the entry
        let root = self.map_root()?;
        self.append_entry(&MapEntry::new(root, time).encode()?, time, covered)?;
        if mapped > 0 {
            self.note_replaced(&layout::map_entry(mapped), covered)?;
        }
        self.set_meta("mapped", index + 1)?;
        Ok(root)
    }

    /// The root of the map over the packages as the last map entry has them.
    pub(crate) fn map_root(&self) -> Result<Hash, Error> {
        Ok(self.page_hash(&[])?.unwrap_or(empty_map()))
    }

    /// Some of the pages that are new in checkpoints of at least `after.0` entries, sorted: from a place on.
    pub(crate) fn pages_after(&self, after: &(u64, Vec<u8>)) -> Result<Vec<Page>, Error> {
        let select = "SELECT hash, page, covered, place FROM map WHERE (covered, place) > (?1, ?2) \
                      ORDER BY covered, place LIMIT ?3";
        let rows = self.sql.exec(select, &[integer(after.0), blob(&after.1), integer(SOME)])?;
        let page = |row| {
            let mut row = Row::from(row);
            Ok(Page { hash: row.hash()?, bytes: row.blob()?, after: (row.integer()?, row.blob()?) })
        };
        rows.into_iter().map(page).collect()
    }

    /// Objects that are still stored, and that no head of `size` entries or more needs: some of them.
    pub(crate) fn replaced(&self, size: u64) -> Result<Vec<String>, Error> {
        let select = "SELECT key FROM replaced WHERE covered <= ?1 LIMIT ?2";
        let rows = self.sql.exec(select, &[integer(size), integer(SOME)])?;
        rows.into_iter().map(|row| Row::from(row).parse()).collect()
    }

    /// Takes note that these objects are not stored any more.
    pub(crate) fn forget_replaced(&self, keys: &[String]) -> Result<(), Error> {
        self.transaction(|| {
            for key in keys {
                self.sql.exec("DELETE FROM replaced WHERE key = ?1", &[text(key)])?;
            }
            Ok(())
        })
    }

    /// Takes note that nobody needs an object from a checkpoint on. It never comes to be needed again: each later state of a
    /// package has a higher sequence, or waits for less.
    fn note_replaced(&self, key: &str, covered: u64) -> Result<(), Error> {
        let insert = "INSERT INTO replaced (key, covered) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.sql.exec(insert, &[text(key), integer(covered)])?;
        Ok(())
    }

    fn page_hash(&self, prefix: &[u8]) -> Result<Option<Hash>, Error> {
        let rows = self.sql.exec("SELECT hash FROM map WHERE place = ?1", &[place(prefix)?])?;
        rows.into_iter().next().map(|row| Row::from(row).hash()).transpose()
    }

    pub(crate) fn state_of(&self, name: &PackageName) -> Result<PackageState, Error> {
        let state = self.package(name)?;
        state.ok_or_else(|| Error::internal(format!("`{name}` has records and no state")))
    }

    /// The packages with records from the index on.
    fn packages_since(&self, index: u64) -> Result<BTreeSet<PackageName>, Error> {
        // Not DISTINCT, for which SQLite would read the index of all packages in its order.
        let rows = self.sql.exec("SELECT package FROM records WHERE idx >= ?1", &[integer(index)])?;
        rows.into_iter().map(|row| Row::from(row).parse()).collect()
    }

    /// Makes the package's state the one that the map names.
    fn set_value(&self, name: &PackageName, covered: u64) -> Result<Cid, Error> {
        let object = self.state_of(name)?.object().encode()?;
        let value = Cid::of(Codec::DagCbor, &object);
        if let Some(before) = self.mapped_state(name)?.filter(|before| *before != value) {
            self.note_replaced(&layout::package(name, &before), covered)?;
        }
        let update = "UPDATE packages SET value = ?2, object = ?3, covered = ?4 WHERE name = ?1";
        self.sql.exec(update, &[text(name), text(value), blob(&object), integer(covered)])?;
        Ok(value)
    }
}

/// The pages of the ledger, and the size of the first checkpoint that covers what is changed in them.
struct Pages<'l, S> {
    ledger: &'l Ledger<S>,
    covered: u64,
}

impl<S: Sql> MapPages for Pages<'_, S> {
    type Error = Error;

    fn page(&self, prefix: &[u8]) -> Result<Option<MapPage>, Error> {
        let rows = self.ledger.sql.exec("SELECT page FROM map WHERE place = ?1", &[place(prefix)?])?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        Ok(Some(MapPage::decode(depth(prefix)?, &Row::from(row).blob()?)?))
    }

    fn put(&mut self, prefix: &[u8], hash: Hash, page: &MapPage) -> Result<(), Error> {
        let Pages { ledger, covered } = *self;
        if let Some(before) = ledger.page_hash(prefix)?.filter(|before| *before != hash) {
            ledger.note_replaced(&layout::map_page(&before), covered)?;
        }
        let upsert = "INSERT INTO map (place, hash, page, covered) VALUES (?1, ?2, ?3, ?4) \
                      ON CONFLICT (place) DO UPDATE SET hash = ?2, page = ?3, covered = ?4";
        let bytes = page.encode(depth(prefix)?)?;
        let values = [place(prefix)?, blob(hash.as_bytes()), blob(&bytes), integer(covered)];
        ledger.sql.exec(upsert, &values)?;
        Ok(())
    }
}

fn place(prefix: &[u8]) -> Result<Value, Error> {
    Ok(blob(&[&[depth(prefix)?], prefix].concat()))
}

fn depth(prefix: &[u8]) -> Result<u8, Error> {
    u8::try_from(prefix.len()).map_err(|_| Error::internal("a prefix is longer than a key"))
}
