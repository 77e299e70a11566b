//! What a data folder says of its witness, without being in its way.

use std::path::Path;

use cidery_protocol::{Origin, PublicKey};

use crate::{Contradiction, Latest, WitnessError, WitnessName, data};

/// A witness as its data folder shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub name: WitnessName,
    /// Its key.
    pub key: PublicKey,
    /// The logs that it has cosigned for.
    pub logs: Vec<Watched>,
    /// What it caught logs at.
    pub contradictions: Vec<Contradiction>,
}

/// A log, and what was cosigned last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The log.
    pub origin: Origin,
    /// What was cosigned last.
    pub latest: Latest,
}

impl Report {
    /// Reads a data folder, also while a witness uses it.
    ///
    /// # Errors
    /// [`WitnessError::NoWitness`], [`WitnessError::StateLost`], [`WitnessError::File`], [`WitnessError::Store`].
    pub fn read(folder: &Path) -> Result<Self, WitnessError> {
        let store = data::look(folder)?;
        let witness = store.witness()?;
        let (name, key) = witness.ok_or_else(|| WitnessError::NoWitness { path: folder.to_owned() })?;
        let logs = store.all()?.into_iter().map(|(origin, latest)| Watched { origin, latest }).collect();
        Ok(Report { name, key, logs, contradictions: store.contradictions()? })
    }
}
