//! `cidery lock`: releases are verified, and which they are is written down.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::Context;
use super::verify::Verdict;
use crate::args;
use crate::failure::Failure;
use crate::lock::Lock;
use crate::reference::{self, Reference};
use crate::release::{self, Modules};
use crate::trust::Trust;

/// What was put into the lock.
#[derive(Serialize)]
pub(super) struct Locked {
    file: PathBuf,
    locked: Vec<Verdict>,
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in &self.locked {
            let release = verdict.verified().release();
            writeln!(
                f,
                "locked {} {}\n  manifest   {}",
                release.package(),
                release.version(),
                release.manifest_cid()
            )?;
        }
        write!(f, "  written to {}", self.file.display())
    }
}

pub(super) async fn lock(context: &Context, args: &args::Locking) -> Result<Locked, Failure> {
    let mut lock = Lock::read_or_begin(&args.out)?;
    let trust = Trust::open(&args.trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let registry = context.registry()?;
    let mut locked = Vec::new();
    for text in &args.references {
        let asked = reference::named(text)?;
        let reference = Reference::Named(asked.clone());
        let found = release::obtain(&registry, &trust, &reference, Modules::Wanted, &context.output).await?;
        lock.hold(asked, found.verified.release());
        locked.push(Verdict::of(found));
    }
    // All of them, or nothing.
    lock.write()?;
    Ok(Locked { file: args.out.clone(), locked })
}
