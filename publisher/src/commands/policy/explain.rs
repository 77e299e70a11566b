//! `cidery policy explain`: each step of a verification, what it looked at, and its verdict.

use std::fmt;

use cidery_verifier::{ExplainedStep, Request, StepVerdict, Wanted};
use serde::Serialize;

use crate::args;
use crate::commands::{Context, Done};
use crate::failure::Failure;
use crate::output::Outcome;
use crate::reference::Reference;
use crate::release;
use crate::text::Text;
use crate::trust::Trust;

/// The steps of SPEC §10.4 and §10.5.
#[derive(Serialize)]
struct Explained {
    request: Text<Request>,
    /// Which policy was asked.
    policy: String,
    allowed: bool,
    steps: Vec<ExplainedStep>,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} under {}", *self.request, self.policy)?;
        for ExplainedStep { step, rule, looked_at, verdict } in &self.steps {
            let said = match verdict {
                StepVerdict::Passed => "ok     ",
                StepVerdict::Refused { .. } => "REFUSED",
                StepVerdict::NotReached => "-      ",
            };
            write!(f, "\n{said} {step:<9} {rule}")?;
            if let Some(looked_at) = looked_at {
                write!(f, "\n                  {looked_at}")?;
            }
            if let StepVerdict::Refused { code, message } = verdict {
                write!(f, "\n                  {code}: {message}")?;
            }
        }
        write!(f, "\n{}", if self.allowed { "allowed" } else { "refused" })
    }
}

pub(in crate::commands) async fn explain(
    context: &Context,
    text: &str,
    choice: &args::Choice,
    args: &args::Trust,
) -> Result<Done, Failure> {
    let reference = Reference::read(text, choice)?;
    let trust = Trust::open(args, Some(".".as_ref()), &context.folders, &context.output)?;
    let registry = context.registry()?;
    let request = match reference {
        Reference::Named(request) => request,
        Reference::Held(held) => match trust.allows(&held.asked)? {
            true => held.release,
            false => held.asked,
        },
        Reference::Manifest(manifest) => {
            let listed = registry.releases(manifest).await?.releases;
            let allowed = |name| trust.origin(name).is_ok_and(|origin| origin.is_some());
            let release = listed.iter().find(|release| allowed(&release.package)).or(listed.first());
            let release = release.ok_or(Failure::NoRelease { manifest, listed: 0 })?;
            let wanted = Wanted::Locked { version: release.version.clone(), manifest };
            Request { package: release.package.clone(), wanted }
        }
    };
    let (explanation, verified) = release::explain(&registry, &trust, &request).await?;
    let mut steps = explanation.steps;
    if let Some(verified) = &verified {
        steps.push(modules(
            release::check_modules(&registry, verified).await,
            verified.manifest().body().modules.len(),
        ));
    }
    let allowed = steps.iter().all(|step| step.verdict == StepVerdict::Passed);
    let explained = Explained { request: Text(request), policy: trust.to_string(), allowed, steps };
    let outcome = Outcome::from(explained);
    Ok(if allowed { Done::Outcome(outcome) } else { Done::Refused(outcome) })
}

/// The modules, which are judged after the release.
fn modules(checked: Result<(), Failure>, count: usize) -> ExplainedStep {
    let verdict = match checked {
        Ok(()) => StepVerdict::Passed,
        Err(failure) => {
            let causes =
                std::iter::successors(Some(&failure as &dyn std::error::Error), |cause| cause.source());
            let message = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            StepVerdict::Refused { code: failure.code(), message }
        }
    };
    ExplainedStep {
        step: "10.5",
        rule: "each module is what the manifest says",
        looked_at: Some(format!("{count} modules: length, BLAKE3, encoding, SHA-256")),
        verdict,
    }
}
