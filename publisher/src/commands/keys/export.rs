//! `cidery keys export`: a key's public half for others, or all of it for another file.

use std::fmt;
use std::path::PathBuf;

use cidery_keys::openssh_line;
use cidery_protocol::PublicKey;
use serde::Serialize;

use super::{Context, write};
use crate::args::{Export, Lock};
use crate::failure::Failure;
use crate::output::Outcome;
use crate::signing::KeyPlace;
use crate::text::Text;

/// A key, as far as anybody may see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    public_key: Text<PublicKey>,
    openssh: String,
    comment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(skip)]
    as_openssh: bool,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.as_openssh { write!(f, "{}", self.openssh) } else { write!(f, "{}", *self.public_key) }
    }
}

pub(super) fn export(context: &Context, args: Export) -> Result<Outcome, Failure> {
    let place = args.key.unwrap_or_else(|| KeyPlace::default(&context.folders));
    let key = place.find()?;
    if let Some(out) = args.secret_out {
        let (key, passphrase) = key.into_secret(&place, &args.passphrase)?;
        let lock = Lock { encrypt: true, passphrase: args.passphrase };
        return Ok(write(context, &out, &key, lock.passphrase_for(passphrase)?.as_ref())?.into());
    }
    let (public_key, comment) = (key.public_key(), key.comment().to_owned());
    let openssh = openssh_line(&public_key, &comment)?;
    let file = match place {
        KeyPlace::File(file) => Some(file),
        KeyPlace::Agent(_) | KeyPlace::Variable => None,
    };
    Ok(Shown { public_key: Text(public_key), openssh, comment, file, as_openssh: args.openssh }.into())
}
