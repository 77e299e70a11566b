//! What cannot be undone is asked about before it is signed.

use std::io::{self, BufRead, IsTerminal};

use cidery_protocol::{Action, PackageState, Rekey};

use crate::failure::Failure;
use crate::output::Output;
use crate::proposal::{Proposal, voided};

/// Whether a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirm {
    /// What is done can be done otherwise later.
    Unneeded,
    /// It was said on the command line.
    Given,
    /// A person must say so now.
    Wanted,
}

impl Confirm {
    /// As `--yes` says.
    pub(crate) fn unless(yes: bool) -> Self {
        if yes { Confirm::Given } else { Confirm::Wanted }
    }

    /// Asks, where the proposal makes something void or gives the package away.
    ///
    /// # Errors
    /// [`Failure::Usage`] where the answer is no, or nobody is there to be asked.
    pub(crate) fn ask(
        self,
        output: &Output,
        proposal: &Proposal,
        state: Option<&PackageState>,
    ) -> Result<(), Failure> {
        if self != Confirm::Wanted || !is_final(proposal, state) {
            return Ok(());
        }
        let refused = |reason: &str| Failure::Usage {
            reason: reason.to_owned(),
            hint: Some("nothing was signed; `--yes` signs without asking".to_owned()),
        };
        if !io::stdin().is_terminal() {
            return Err(refused("this cannot be undone, and nobody is there to be asked"));
        }
        output.note("this cannot be undone; sign it? [y/N]");
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        match read.map(|_| answer.trim()) {
            Ok("y" | "yes") => Ok(()),
            _ => Err(refused("the answer was not yes")),
        }
    }
}

fn is_final(proposal: &Proposal, state: Option<&PackageState>) -> bool {
    match (&proposal.last().body().action, state) {
        (Action::Transfer(_), _) => true,
        (Action::Rekey(Rekey { void, .. }), Some(state)) => !voided(void, state).is_empty(),
        _ => false,
    }
}
