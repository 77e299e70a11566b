//! What a policy says about a log (SPEC §10.1).

use cidery_protocol::{PublicKey, limits};

use super::{LogDocument, distinct, invalid, keys, parse};
use crate::VerifyError;

/// How old a head may be where a policy says nothing, seconds.
const MAX_AGE: u32 = 86_400;

/// Characters of a witness's name.
const WITNESS_CHARS: usize = 128;

/// Whom to believe about a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTrust {
    log_keys: Vec<PublicKey>,
    cosigner: PublicKey,
    witnesses: Vec<Witness>,
    quorum: u32,
    max_age: u32,
    offline_grace: u32,
}

/// Somebody who watches a log and cosigns its checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The name under which it cosigns.
    pub name: String,
    /// Its key.
    pub key: PublicKey,
}

impl LogTrust {
    pub(super) fn new(at: &str, document: &LogDocument) -> Result<Self, VerifyError> {
        let log_keys = keys(&format!("{at}.logKeys"), &document.log_keys)?;
        let cosigner = parse(&format!("{at}.cosigner"), &document.cosigner)?;
        let witnesses = witnesses(&format!("{at}.witnesses"), document)?;
        let quorum = document.quorum.unwrap_or(0);
        if quorum as usize > witnesses.len() {
            let reason = format!("{quorum} of {} witnesses", witnesses.len());
            return Err(invalid(format!("{at}.quorum"), reason));
        }
        let max_age = document.max_age.unwrap_or(MAX_AGE);
        if max_age == 0 {
            return Err(invalid(format!("{at}.maxAge"), "no head is 0 seconds old"));
        }
        let offline_grace = document.offline_grace.unwrap_or(0);
        Ok(LogTrust { log_keys, cosigner, witnesses, quorum, max_age, offline_grace })
    }

    /// The keys of which one signs the log's checkpoints.
    pub fn log_keys(&self) -> &[PublicKey] {
        &self.log_keys
    }

    /// The key that says when a checkpoint was the newest.
    pub fn cosigner(&self) -> &PublicKey {
        &self.cosigner
    }

    /// Those who watch the log, each name and each key once.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// How many of them must have cosigned a head.
    pub fn quorum(&self) -> u64 {
        self.quorum.into()
    }

    /// How old a head may be, seconds.
    pub fn max_age(&self) -> u64 {
        self.max_age.into()
    }

    /// How long a verdict is good beyond that where no registry is reached, seconds.
    pub fn offline_grace(&self) -> u64 {
        self.offline_grace.into()
    }
}

fn witnesses(at: &str, document: &LogDocument) -> Result<Vec<Witness>, VerifyError> {
    let (got, most) = (document.witnesses.len(), limits::CHECKPOINT_SIGNATURES);
    if got > most {
        return Err(invalid(at, format!("{got} witnesses, at most {most} allowed")));
    }
    let read = document.witnesses.iter().map(|witness| {
        let name = witness.name.clone();
        let allowed = name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+');
        if !allowed || !(1..=WITNESS_CHARS).contains(&name.len()) {
            let reason = format!(
                "{name:?} is not 1 to {WITNESS_CHARS} printable ASCII characters without spaces and +"
            );
            return Err(invalid(at, reason));
        }
        Ok(Witness { name, key: parse(at, &witness.key)? })
    });
    let witnesses = read.collect::<Result<Vec<_>, _>>()?;
    distinct(at, "a name", witnesses.iter().map(|witness| &witness.name))?;
    distinct(at, "a key", witnesses.iter().map(|witness| &witness.key))?;
    Ok(witnesses)
}
