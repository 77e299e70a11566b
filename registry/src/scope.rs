//! Who may begin a package in a scope: the configuration's word (SPEC §11.3).

use std::collections::BTreeMap;

use cidery_protocol::PublicKey;

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
}
