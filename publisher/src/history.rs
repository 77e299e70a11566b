//! A package's own log, fetched and replayed (SPEC §11.6): what the package is by signed records alone.
//!
//! Whoever has the records has every signature of them checked, and their order. That none of the newest is withheld they do
//! not show; what was seen before, and the registry's answer to what is signed on top of them, do.

use std::collections::BTreeMap;

use cidery_protocol::{Authority, Cid, PackageName, PackageState, SignedRecord};

use crate::client::Registry;
use crate::failure::Failure;
use crate::release;

/// Records of a package that are replayed: a registry that names more is given up.
const RECORDS: u64 = 1 << 20;

/// A package after all its records.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// What they make of it, by this machine's clock.
    pub(crate) state: PackageState,
    /// Each record that made an authority, with the authority before it.
    authorities: BTreeMap<Cid, (Option<Cid>, Vec<u8>)>,
}

impl History {
    /// Fetches all records and applies each; none where the registry does not know the package.
    ///
    /// # Errors
    /// The rule of SPEC §6.4 that a record breaks, `record.package`, or what the registry says.
    pub(crate) async fn read(registry: &Registry, package: &PackageName) -> Result<Option<Self>, Failure> {
        let mut replay = Replay::default();
        loop {
            let Some(page) = registry.package_log(package, replay.applied).await? else { return Ok(None) };
            let odd = |reason: String| registry.not_a_registry(reason);
            if page.from != replay.applied || (page.entries.is_empty() && page.size > replay.applied) {
                return Err(odd(format!("asked for the record {}, it gives others", replay.applied)));
            }
            if page.size > RECORDS {
                return Err(odd(format!("{} records of `{package}`, at most {RECORDS} allowed", page.size)));
            }
            for entry in &page.entries {
                replay.apply(entry)?;
            }
            if replay.applied >= page.size {
                break;
            }
        }
        let Some(state) = replay.state else { return Ok(None) };
        if state.authority.package != *package {
            let (got, wanted) = (state.authority.package.to_string(), package.to_string());
            return Err(cidery_protocol::Error::RecordPackage { got, wanted }.into());
        }
        Ok(Some(History { state: state.at(release::now()), authorities: replay.authorities }))
    }

    /// The record that a package begins with, by the registry's word; none where it does not know the package.
    ///
    /// # Errors
    /// The record is no `init`, or what the registry says.
    pub(crate) async fn beginning(
        registry: &Registry,
        package: &PackageName,
    ) -> Result<Option<Cid>, Failure> {
        let Some(page) = registry.package_log(package, 0).await? else { return Ok(None) };
        let first = page.entries.first().filter(|_| page.from == 0);
        let entry = first.ok_or_else(|| registry.not_a_registry("a package without records".to_owned()))?;
        let (init, _) = SignedRecord::from_entry(entry, None)?;
        Ok(Some(Authority::begin(&init)?.cid))
    }

    /// The signed records of the authorities, from the `init` to the one that holds, oldest first.
    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        let mut chain = Vec::new();
        let mut next = Some(self.state.authority.cid);
        while let Some((before, bytes)) = next.and_then(|cid| self.authorities.get(&cid)) {
            chain.push(bytes.clone());
            next = *before;
        }
        chain.reverse();
        chain
    }
}

#[derive(Default)]
struct Replay {
    state: Option<PackageState>,
    authorities: BTreeMap<Cid, (Option<Cid>, Vec<u8>)>,
    applied: u64,
}

impl Replay {
    fn apply(&mut self, entry: &[u8]) -> Result<(), Failure> {
        PackageState::replay(&mut self.state, entry)?;
        let Some(state) = &self.state else { return Ok(()) };
        let made = |cid: Cid| cid == state.newest;
        if made(state.authority.cid) || state.pending.as_ref().is_some_and(|next| made(next.authority.cid)) {
            let (record, _) = SignedRecord::claim_of_entry(entry)?;
            let link = (record.body().authority, SignedRecord::bytes_in_entry(entry)?);
            self.authorities.insert(state.newest, link);
        }
        self.applied = state.sequence + 1;
        Ok(())
    }
}
