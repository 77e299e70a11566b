//! `cidery witness show`: what a witness remembers.

use std::fmt;
use std::path::PathBuf;

use cidery_protocol::log::{KeyType, verifier_key};
use cidery_protocol::{Origin, PublicKey};
use cidery_witness::{Contradiction, Report, Watched};
use serde::Serialize;

use super::super::Context;
use crate::args;
use crate::failure::Failure;
use crate::release::now;
use crate::seconds::Seconds;
use crate::text::Text;

/// A witness and its logs.
#[derive(Serialize)]
pub(in super::super) struct Shown {
    name: String,
    key: Text<PublicKey>,
    vkey: String,
    data: PathBuf,
    logs: Vec<Log>,
    contradictions: Vec<Caught>,
}

/// What was cosigned last of a log.
#[derive(Serialize)]
struct Log {
    origin: Origin,
    size: u64,
    root: String,
    time: u64,
    note: String,
}

/// Two notes that a log signed.
#[derive(Serialize)]
struct Caught {
    origin: Origin,
    size: u64,
    /// First the one that was cosigned.
    notes: [String; 2],
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        writeln!(f, "  key        {}", *self.key)?;
        writeln!(f, "  vkey       {}", self.vkey)?;
        write!(f, "  data       {}", self.data.display())?;
        for log in &self.logs {
            let age = Seconds(now().saturating_sub(log.time)).about();
            write!(f, "\n  log        {}: {} entries, cosigned {age} ago", log.origin, log.size)?;
        }
        for caught in &self.contradictions {
            let [ours, theirs] = &caught.notes;
            write!(
                f,
                "\nthe log `{}` signed two trees of {} entries:\n\n{ours}\n{theirs}",
                caught.origin, caught.size
            )?;
        }
        Ok(())
    }
}

impl From<Watched> for Log {
    fn from(Watched { origin, latest }: Watched) -> Self {
        let root = latest.root.to_string();
        Log { origin, size: latest.size, root, time: latest.time, note: text(&latest.note) }
    }
}

impl From<Contradiction> for Caught {
    fn from(Contradiction { origin, size, ours, theirs }: Contradiction) -> Self {
        Caught { origin, size, notes: [text(&ours), text(&theirs)] }
    }
}

pub(in super::super) fn show(context: &Context, args: &args::WitnessData) -> Result<Shown, Failure> {
    let data = args.data.clone().unwrap_or_else(|| context.folders.witness());
    let Report { name, key, logs, contradictions, .. } = Report::read(&data)?;
    Ok(Shown {
        vkey: verifier_key(name.as_str(), KeyType::Cosignature, &key),
        name: name.to_string(),
        key: Text(key),
        data,
        logs: logs.into_iter().map(Log::from).collect(),
        contradictions: contradictions.into_iter().map(Caught::from).collect(),
    })
}

/// Notes are UTF-8 (SPEC §7.3).
fn text(note: &[u8]) -> String {
    String::from_utf8_lossy(note).into_owned()
}
