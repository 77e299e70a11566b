//! `cidery keys`: new ones, and the public half of those that exist.

use std::fmt;
use std::io;
use std::path::PathBuf;

use cidery_keys::{KeyError, SecretKey, Signer, keyfile};
use cidery_protocol::PublicKey;
use serde::Serialize;

use super::Context;
use crate::args::Keys;
use crate::failure::Failure;
use crate::output::Outcome;
use crate::text::Text;

/// A key, as far as anybody may see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    public_key: Text<PublicKey>,
    file: PathBuf,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", *self.public_key)
    }
}

pub(super) fn keys(context: &Context, args: Keys) -> Result<Outcome, Failure> {
    let (key, file) = match args {
        Keys::New { out } => {
            let file = out.unwrap_or_else(|| context.folders.key_file());
            let key = SecretKey::generate()?.with_comment("cidery");
            keyfile::create(&file, &key)?;
            context
                .output
                .progress(format_args!("wrote {}: whoever has this file can publish as you", file.display()));
            (key, file)
        }
        Keys::Show { file: Some(file) } => (keyfile::read(&file)?, file),
        Keys::Show { file: None } => (read_default(context)?, context.folders.key_file()),
    };
    Ok(Shown { public_key: Text(key.public_key()), file }.into())
}

/// Reads the key that counts where no other is named.
pub(super) fn read_default(context: &Context) -> Result<SecretKey, Failure> {
    let file = context.folders.key_file();
    keyfile::read(&file).map_err(|error| match error {
        KeyError::File { source, .. } if source.kind() == io::ErrorKind::NotFound => Failure::Environment {
            what: format!("no key is at `{}`", file.display()),
            hint: Some("`cidery keys new` makes one; a key elsewhere can be named".to_owned()),
        },
        error => Failure::Key(error),
    })
}
