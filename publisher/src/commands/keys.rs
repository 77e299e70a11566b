//! `cidery keys`: new ones, and the public half of those that exist.

use std::fmt;
use std::path::PathBuf;

use cidery_keys::{SecretKey, Signer, keyfile};
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
        Keys::Show { file } => {
            let file = file.unwrap_or_else(|| context.folders.key_file());
            (keyfile::read(&file)?, file)
        }
    };
    Ok(Shown { public_key: Text(key.public_key()), file }.into())
}
