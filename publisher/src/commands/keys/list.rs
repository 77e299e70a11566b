//! `cidery keys list`: every key that can be named, and why others can't be.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use cidery_protocol::PublicKey;
use serde::Serialize;

use super::Context;
use crate::failure::Failure;
use crate::output;
use crate::signing::{self, KeyPlace};
use crate::text::Text;

/// How a key file begins.
const BEGIN: &[u8] = b"-----BEGIN OPENSSH PRIVATE KEY-----";

/// All keys, those that sign by default first.
#[derive(Default, Serialize)]
pub(super) struct Listed {
    keys: Vec<Entry>,
    refused: Vec<Refused>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    public_key: Text<PublicKey>,
    /// `file`, `agent` or `environment`.
    source: &'static str,
    /// What `--key` takes; nothing for the one in the environment, which is named by naming no other.
    key: Option<String>,
    /// Nothing where the comment is locked or empty.
    comment: Option<String>,
    /// Whether a passphrase is asked for; an agent has asked before.
    encrypted: bool,
    /// Whether it signs where no key is named.
    default: bool,
}

/// A place where a key is that can't be used.
#[derive(Serialize)]
struct Refused {
    key: String,
    code: &'static str,
    message: String,
    hint: Option<String>,
}

pub(super) fn list(context: &Context) -> Listed {
    let mut listed = Listed::default();
    let default = KeyPlace::default(&context.folders);
    if default == KeyPlace::Variable {
        listed.add(&default, &default);
    }
    for file in key_files(&context.folders.config) {
        listed.add(&KeyPlace::File(file), &default);
    }
    if let Some(agent) = signing::agent() {
        match agent.keys() {
            Ok(keys) => {
                for key in keys {
                    let place = KeyPlace::Agent(Some(key.public_key));
                    listed.keys.push(Entry::new(&place, key.public_key, &key.comment, &default));
                }
            }
            Err(error) => listed.refuse(&KeyPlace::Agent(None), &Failure::Key(error)),
        }
    }
    listed.keys.sort_by_key(|entry| !entry.default);
    listed
}

impl Listed {
    fn add(&mut self, place: &KeyPlace, default: &KeyPlace) {
        match place.find() {
            Ok(key) => {
                let mut entry = Entry::new(place, key.public_key(), key.comment(), default);
                entry.encrypted = key.is_locked();
                self.keys.push(entry);
            }
            Err(failure) => self.refuse(place, &failure),
        }
    }

    fn refuse(&mut self, place: &KeyPlace, failure: &Failure) {
        self.refused.push(Refused {
            key: place.to_string(),
            code: failure.code().as_str(),
            message: output::message(failure),
            hint: failure.hint(),
        });
    }
}

impl Entry {
    fn new(place: &KeyPlace, public_key: PublicKey, comment: &str, default: &KeyPlace) -> Self {
        let (source, key) = match place {
            KeyPlace::File(file) => ("file", Some(file.display().to_string())),
            KeyPlace::Agent(_) => ("agent", Some(format!("agent:{public_key}"))),
            KeyPlace::Variable => ("environment", None),
        };
        Entry {
            public_key: Text(public_key),
            source,
            key,
            comment: (!comment.is_empty()).then(|| comment.to_owned()),
            encrypted: false,
            default: place == default,
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys.is_empty() && self.refused.is_empty() {
            return write!(f, "no keys; `cidery keys new` makes one");
        }
        for entry in &self.keys {
            write!(f, "{}  {}", *entry.public_key, entry.key.as_deref().unwrap_or("CIDERY_KEY"))?;
            let notes = [(entry.default, "default"), (entry.encrypted, "encrypted")];
            for (_, note) in notes.iter().filter(|(holds, _)| *holds) {
                write!(f, "  [{note}]")?;
            }
            writeln!(
                f,
                "{}",
                entry.comment.as_ref().map_or(String::new(), |comment| format!("  {comment}"))
            )?;
        }
        for refused in &self.refused {
            writeln!(f, "refused ({}): {}", refused.code, refused.message)?;
            if let Some(hint) = &refused.hint {
                writeln!(f, "  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

/// The OpenSSH private keys in a folder, by name; none where there is no folder.
fn key_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| is_key_file(path)).collect();
    files.sort();
    files
}

fn is_key_file(path: &Path) -> bool {
    // Sockets and pipes are not waited for.
    if !fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return false;
    }
    let mut begin = Vec::with_capacity(BEGIN.len());
    let read = File::open(path).and_then(|file| file.take(BEGIN.len() as u64).read_to_end(&mut begin));
    read.is_ok() && begin == BEGIN
}
