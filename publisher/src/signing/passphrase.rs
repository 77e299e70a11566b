//! Passphrases: from a file, from a variable, or from the terminal, which does not show them.

use std::io::{self, IsTerminal};

use cidery_keys::{KeyError, LockedKey, Passphrase, SecretKey, keyfile};
use zeroize::Zeroizing;

use super::{KeyPlace, PASSPHRASE, variable};
use crate::args::PassphraseFrom;
use crate::failure::Failure;

/// How often a terminal is asked for the same passphrase.
const ATTEMPTS: usize = 3;

/// Opens a key, and gives the passphrase that did.
///
/// # Errors
/// [`Failure::KeyAt`] where the passphrase is another, [`Failure::PassphraseUnknown`].
pub(crate) fn unlock(
    locked: &LockedKey,
    place: &KeyPlace,
    from: &PassphraseFrom,
) -> Result<(SecretKey, Passphrase), Failure> {
    let mut attempts = ATTEMPTS;
    loop {
        let given = from.given()?;
        attempts = if given.is_some() { 1 } else { attempts };
        let passphrase = match given {
            Some(passphrase) => passphrase,
            None => {
                ask(&format!("passphrase of the key {place}: "), || format!("the key {place} is behind"))?
            }
        };
        match locked.unlock(&passphrase) {
            Ok(key) => return Ok((key, passphrase)),
            Err(KeyError::Passphrase) if attempts > 1 => attempts -= 1,
            Err(error) => return Err(place.failure(error)),
        }
    }
}

/// A passphrase for a new file; a terminal is asked twice.
///
/// # Errors
/// [`Failure::Usage`] where the two are not the same, [`Failure::PassphraseUnknown`].
pub(crate) fn choose(from: &PassphraseFrom) -> Result<Passphrase, Failure> {
    if let Some(passphrase) = from.given()? {
        return Ok(passphrase);
    }
    let purpose = || "the new file is to be behind".to_owned();
    let passphrase = ask("new passphrase: ", purpose)?;
    if ask("the same again: ", purpose)? == passphrase {
        return Ok(passphrase);
    }
    Err(Failure::Usage { reason: "the two passphrases are not the same".to_owned(), hint: None })
}

impl PassphraseFrom {
    /// The passphrase that needs nobody to be asked.
    fn given(&self) -> Result<Option<Passphrase>, Failure> {
        let line = match &self.passphrase_file {
            Some(file) => Some(keyfile::read_secret(file)?),
            None => variable(PASSPHRASE),
        };
        Ok(line.map(|line| Passphrase::from_line(&line)).transpose()?)
    }
}

/// Asks the terminal, where somebody sits at one: who reads standard error sees the question.
fn ask(question: &str, purpose: impl FnOnce() -> String) -> Result<Passphrase, Failure> {
    let answer = if io::stderr().is_terminal() { rpassword::prompt_password(question).ok() } else { None };
    let answer = answer.ok_or_else(|| Failure::PassphraseUnknown { purpose: purpose() })?;
    Ok(Passphrase::new(Zeroizing::new(answer))?)
}
