//! The records of a release: it, and before the first one the `init` that says who may sign (SPEC §6).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cidery_protocol::{
    Action, Cid, Error, NpmSource, Origin, PackageName, PackageState, Provenance, Record, RecordBody, Release,
    Version, limits,
};

use super::powers::{self, Beginning};
use crate::failure::Failure;
use crate::history::History;
use crate::package::Made;
use crate::proposal::{self, Proposal};

/// A release on its way.
pub(super) struct Draft<'d> {
    pub(super) origin: &'d Origin,
    pub(super) package: &'d PackageName,
    pub(super) version: &'d Version,
    pub(super) made: &'d Made,
    /// The npm package that it was made from.
    pub(super) npm: Option<&'d NpmSource>,
    pub(super) statements: &'d [Vec<u8>],
}

impl Draft<'_> {
    /// The release on top of a package's history; none where it is there.
    pub(super) fn follow(
        &self,
        history: &History,
        begin: &Beginning<'_>,
    ) -> Result<Option<Proposal>, Failure> {
        if !begin.args.is_empty() {
            return Err(powers::too_late("the package exists"));
        }
        if self.is_published(&history.state)? {
            return Ok(None);
        }
        let release = proposal::next(&history.state, self.release())?;
        self.propose(Some(history), vec![release]).map(Some)
    }

    /// The release on top of an `init`.
    pub(super) fn begin(&self, begin: &Beginning<'_>) -> Result<Proposal, Failure> {
        let record = |sequence, before: Option<Cid>, action| {
            let (origin, package) = (self.origin.clone(), self.package.clone());
            Record::encode(RecordBody { origin, package, sequence, prev: before, authority: before, action })
        };
        let init = record(0, None, Action::Init(begin.powers()?))?;
        let release = record(1, Some(init.cid()), self.release())?;
        self.propose(None, vec![init, release])
    }

    fn release(&self) -> Action {
        Action::Release(Release {
            version: self.version.clone(),
            manifest: self.made.manifest.cid(),
            build: self.made.build.clone(),
            npm: self.npm.cloned(),
            provenance: self.provenance().into_values().map(|(statement, _)| statement).collect(),
        })
    }

    /// The statements about the code, by CID.
    fn provenance(&self) -> BTreeMap<Cid, (Provenance, &[u8])> {
        let statements = self.statements.iter().map(|bytes| {
            let statement = proposal::statement(&self.made.manifest, bytes);
            (statement.cid, (statement, bytes.as_slice()))
        });
        statements.collect()
    }

    fn propose(&self, history: Option<&History>, records: Vec<Record>) -> Result<Proposal, Failure> {
        let mut blobs = self.made.blobs.clone();
        blobs.extend(self.provenance().into_iter().map(|(cid, (_, bytes))| (cid, bytes.to_vec())));
        Proposal::new(history, records, Some(self.made.manifest.clone()), blobs)
    }

    fn is_published(&self, state: &PackageState) -> Result<bool, Failure> {
        let version = self.version;
        let Some(taken) = state.releases.get(version) else { return Ok(false) };
        let (got, by) = (self.made.manifest.cid(), taken.manifest);
        match taken.void {
            None if got == by => Ok(true),
            Some(by) if got == taken.manifest => Err(Error::Void { version: version.to_string(), by }.into()),
            _ => Err(Failure::VersionTaken {
                package: self.package.clone(),
                version: version.to_string(),
                got,
                by,
            }),
        }
    }
}

/// Reads a statement, of at most 1 MiB.
pub(super) fn read_statement(file: &Path) -> Result<Vec<u8>, Failure> {
    let length = fs::metadata(file).map_err(Failure::file("read", file))?.len();
    if length > limits::ATTESTATION_BYTES {
        let limit = limits::ATTESTATION_BYTES;
        return Err(Error::Limit { what: "bytes of an attestation", got: length, limit }.into());
    }
    fs::read(file).map_err(Failure::file("read", file))
}
