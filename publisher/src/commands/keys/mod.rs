//! `cidery keys`: made, listed, taken over, and shown to others by their public half.

mod export;
mod import;
mod list;

use std::fmt;
use std::path::{Path, PathBuf};

use cidery_keys::{Passphrase, SecretKey, Signer, keyfile};
use cidery_protocol::PublicKey;
use serde::Serialize;

use super::Context;
use crate::args::{Keys, Lock};
use crate::failure::Failure;
use crate::output::Outcome;
use crate::signing;
use crate::text::Text;

/// A key in a new file, as far as anybody may see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    public_key: Text<PublicKey>,
    file: PathBuf,
    encrypted: bool,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", *self.public_key)
    }
}

pub(super) fn keys(context: &Context, args: Keys) -> Result<Outcome, Failure> {
    match args {
        Keys::New { out, lock } => {
            let file = out.unwrap_or_else(|| context.folders.key_file());
            let passphrase = lock.passphrase_for(None)?;
            let key = SecretKey::generate()?.with_comment("cidery");
            Ok(write(context, &file, &key, passphrase.as_ref())?.into())
        }
        Keys::List => Ok(list::list(context).into()),
        Keys::Export(args) => export::export(context, args),
        Keys::Import(args) => Ok(import::import(context, args)?.into()),
    }
}

/// Writes a key into a new file, and says what that means.
fn write(
    context: &Context,
    file: &Path,
    key: &SecretKey,
    passphrase: Option<&Passphrase>,
) -> Result<Written, Failure> {
    let who = match passphrase {
        Some(passphrase) => {
            keyfile::create_locked(file, key, passphrase)?;
            "whoever has this file and its passphrase"
        }
        None => {
            keyfile::create(file, key)?;
            "whoever has this file"
        }
    };
    context.output.progress(format_args!("wrote {}: {who} can publish as you", file.display()));
    let (public_key, encrypted) = (Text(key.public_key()), passphrase.is_some());
    Ok(Written { public_key, file: file.to_owned(), encrypted })
}

impl Lock {
    /// The passphrase of a new file: the one that the key was behind, or a new one where that was asked for.
    fn passphrase_for(&self, known: Option<Passphrase>) -> Result<Option<Passphrase>, Failure> {
        match known {
            None if self.encrypt || self.passphrase.passphrase_file.is_some() => {
                signing::choose(&self.passphrase).map(Some)
            }
            known => Ok(known),
        }
    }
}
