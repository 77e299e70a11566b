//! `cidery log head`: the newest head, verified, and what it continues.

use std::fmt;

use cidery_verifier::{VerifyError, verify_head};
use serde::Serialize;

use super::open;
use crate::args;
use crate::commands::Context;
use crate::failure::Failure;
use crate::release::{is_overtaken, now};
use crate::seconds::Seconds;
use crate::watch::{Head, Source};

/// How often another process that has seen a newer head may come in between.
const ATTEMPTS: usize = 8;

/// The head, and how far the log had been seen before.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    #[serde(flatten)]
    head: Head,
    /// The size that it continues; 0 where nothing had been seen.
    continues: u64,
}

pub(super) async fn head(context: &Context, args: &args::Trust) -> Result<Shown, Failure> {
    let (trust, registry) = (open(context, args)?, context.registry()?);
    let log = trust.log_served(&registry).await?;
    let source = Source::of(&registry);
    let mut attempt = 1;
    loop {
        let head = verify_head(&log.origin, &log.trust, &source.checkpoint().await?, now())?;
        let continues = trust.seen_size(&log.origin)?;
        let proof = match continues < head.size {
            true => source.consistency(continues, head.size).await?,
            false => Vec::new(),
        };
        let settled = trust.settle_log(&log, &head, |from| match from == continues {
            true => Ok(proof),
            false => Err(VerifyError::Unproven { head: head.size, earlier: from }.into()),
        });
        match settled {
            Ok(notes) => {
                notes.into_iter().for_each(|note| context.output.note(note));
                return Ok(Shown { head: Head::proven(&log.origin, &head), continues });
            }
            Err(failure) if is_overtaken(failure.code()) && attempt < ATTEMPTS => attempt += 1,
            Err(failure) => return Err(failure),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown { head, continues } = self;
        writeln!(f, "head of {}", head.origin)?;
        writeln!(f, "{head}")?;
        writeln!(f, "  age        {}", Seconds(now().saturating_sub(head.time)))?;
        match continues {
            0 => f.write_str("  continues  nothing: the log was not seen before"),
            size if *size == head.size => {
                f.write_str("  continues  the tree that was seen, which is the same")
            }
            size => write!(f, "  continues  the tree of {size} entries that was seen"),
        }
    }
}
