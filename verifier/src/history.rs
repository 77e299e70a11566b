//! A package's whole log, replayed (SPEC §6.4, §11.6): what the package is by its signed records alone.

use cidery_protocol::{Code, Error, PackageState, PackageSummary};
use serde::{Serialize, Serializer};

/// A package after all its records so far. In JSON it is what SPEC §11.2 says, without `index`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    state: PackageState,
}

/// A record that may not follow those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {at} of the package's log was refused")]
pub struct ReplayError {
    /// Its place among the entries, from 0.
    pub at: usize,
    /// The rule that is broken.
    pub source: Error,
}

/// Applies the log entries of one package, from its first one on. Signatures, thresholds, order and every other rule of SPEC
/// §6.4 are checked; that the entries are in the log, and that none is withheld at the end, is not shown by them.
///
/// # Errors
/// The first entry that is refused. Where there are none, `record.invalid`: a package begins with its `init`.
///
/// ```
/// use cidery_verifier::replay;
/// assert_eq!(replay(&[]).map_err(|error| error.code().as_str()), Err("record.invalid"));
/// ```
pub fn replay(entries: &[&[u8]]) -> Result<History, ReplayError> {
    let mut state = None;
    for (at, entry) in entries.iter().enumerate() {
        PackageState::replay(&mut state, entry).map_err(|source| ReplayError { at, source })?;
    }
    match state {
        Some(state) => Ok(History { state }),
        None => {
            let reason = "the package has no records, wanted its init".to_owned();
            Err(ReplayError { at: 0, source: Error::Record { reason } })
        }
    }
}

impl History {
    /// The state after the newest record.
    pub fn state(&self) -> &PackageState {
        &self.state
    }

    /// The history as it is at `time`, seconds since 1970, where nothing was logged since: what waits takes effect by itself.
    #[must_use]
    pub fn at(&self, time: u64) -> Self {
        History { state: self.state.at(time) }
    }
}

impl Serialize for History {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PackageSummary::from(&self.state).serialize(serializer)
    }
}

impl ReplayError {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        self.source.code()
    }
}
