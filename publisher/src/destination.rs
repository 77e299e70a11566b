//! Where a record goes: a package in the log that is known, or remembered from now on.

use cidery_protocol::{Cid, PackageName};

use crate::client::Registry;
use crate::client::wire::Log;
use crate::commands::Context;
use crate::failure::Failure;
use crate::history::History;
use crate::trust::Trust;

/// A package of a registry, for whoever signs for it.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) registry: Registry,
    pub(crate) log: Log,
    pub(crate) package: PackageName,
    pub(crate) trust: Trust,
    /// The record that the package is known to begin with.
    known_init: Option<Cid>,
}

impl Destination {
    /// Asks the registry for its log, which must be the known one of the package.
    ///
    /// # Errors
    /// What [`Trust::log_to_sign_for`] says.
    pub(crate) async fn open(
        context: &Context,
        trust: Trust,
        package: &PackageName,
    ) -> Result<Self, Failure> {
        let registry = context.registry()?;
        let (log, notes) = trust.log_to_sign_for(&registry, package).await?;
        notes.into_iter().for_each(|note| context.output.note(note));
        let known_init = trust.init(package)?;
        Ok(Destination { registry, log, package: package.clone(), trust, known_init })
    }

    /// The package by its records, which begin as they are known to and are not older than what was seen; none where there
    /// is no such package.
    ///
    /// # Errors
    /// As [`History::read`], `policy.origin`, `policy.init` or `log.rollback`.
    pub(crate) async fn history(&self) -> Result<Option<History>, Failure> {
        let Some(history) = History::read(&self.registry, &self.package).await? else { return Ok(None) };
        let origin = &history.state.authority.origin;
        if *origin != self.log.origin {
            return Err(Failure::OtherOrigin { got: origin.clone(), wanted: Some(self.log.origin.clone()) });
        }
        self.begins_with(history.state.init)?;
        self.trust.not_older(&self.log.origin, &self.package, history.state.sequence)?;
        Ok(Some(history))
    }

    /// The package, which must be there.
    ///
    /// # Errors
    /// As [`Destination::history`], or `not_found`.
    pub(crate) async fn existing(&self) -> Result<History, Failure> {
        self.history().await?.ok_or_else(|| Failure::unknown_package(&self.package))
    }

    /// Refuses another beginning than the known one.
    ///
    /// # Errors
    /// `policy.init`.
    pub(crate) fn begins_with(&self, init: Cid) -> Result<(), Failure> {
        match self.known_init.filter(|wanted| *wanted != init) {
            Some(wanted) => Err(Failure::OtherInit { package: self.package.clone(), got: init, wanted }),
            None => Ok(()),
        }
    }

    /// Remembers where one's own package begins; what is trusted from now on is said in lines for people.
    ///
    /// # Errors
    /// As [`Trust::settle`].
    pub(crate) fn remember(&self, init: Cid) -> Result<Vec<String>, Failure> {
        self.trust.remember_own(&self.log, &self.package, init)
    }
}
