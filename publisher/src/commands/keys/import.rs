//! `cidery keys import`: a key from elsewhere, in a file of ours.

use std::io;
use std::path::Path;

use cidery_keys::keyfile;

use super::{Context, Written, write};
use crate::args::Import;
use crate::failure::Failure;
use crate::signing::KeyPlace;

pub(super) fn import(context: &Context, args: Import) -> Result<Written, Failure> {
    let place = KeyPlace::File(args.file);
    let found = match &place {
        KeyPlace::File(file) if file == Path::new("-") => {
            keyfile::open_from(io::stdin().lock(), file)?.into()
        }
        place => place.find()?,
    };
    let (mut key, passphrase) = found.into_secret(&place, &args.lock.passphrase)?;
    if let Some(comment) = &args.comment {
        key = key.with_comment(comment);
    }
    let passphrase = args.lock.passphrase_for(passphrase)?;
    let out = args.out.unwrap_or_else(|| context.folders.key_file());
    write(context, &out, &key, passphrase.as_ref())
}
