//! Who may begin a package in a scope: the configuration's word (SPEC §11.3).

use std::collections::BTreeMap;

use cidery_protocol::{Action, Powers, PublicKey, Record, RecordBody};

use crate::Error;

/// Who may begin packages. Once a package exists, only its own keys have a say.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum ScopePolicy {
    /// Anybody, in any scope.
    Open,
    /// In each scope that is listed, without its `@`: whoever signs with one of its keys. Nobody in other scopes.
    Listed(BTreeMap<String, Vec<PublicKey>>),
    /// Nobody.
    #[default]
    Closed,
}

impl ScopePolicy {
    /// Whether a package may begin in `scope` with an `init` that these keys signed.
    pub fn allows(&self, scope: &str, signers: &[PublicKey]) -> bool {
        match self {
            ScopePolicy::Open => true,
            ScopePolicy::Closed => false,
            ScopePolicy::Listed(scopes) => {
                scopes.get(scope).is_some_and(|keys| signers.iter().any(|key| keys.contains(key)))
            }
        }
    }

    /// Refuses an `init` that may not begin its package whoever signed it, since only its own keys may.
    ///
    /// # Errors
    /// `scope.denied`.
    pub(crate) fn check(&self, record: &Record) -> Result<(), Error> {
        match &record.body().action {
            Action::Init(powers) => {
                self.check_signers(record.body(), &keys(powers).copied().collect::<Vec<_>>())
            }
            _ => Ok(()),
        }
    }

    /// Refuses an `init` that these keys signed, and none that may begin a package in its scope.
    ///
    /// # Errors
    /// `scope.denied`.
    pub(crate) fn check_signers(&self, init: &RecordBody, signers: &[PublicKey]) -> Result<(), Error> {
        let scope = init.package.scope();
        if self.allows(scope, signers) { Ok(()) } else { Err(Error::Scope { scope: scope.to_owned() }) }
    }
}

/// The keys that these powers name, those of recovery, too.
pub(crate) fn keys(powers: &Powers) -> impl Iterator<Item = &PublicKey> {
    powers.keys.iter().chain(powers.recovery.iter().flat_map(|recovery| &recovery.keys))
}
