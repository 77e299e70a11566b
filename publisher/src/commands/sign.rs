//! `cidery sign`: shows what a file asks to be signed, and adds signatures to it; where it says who may sign, a person is
//! asked first. No registry is.

use std::fmt;
use std::path::{Path, PathBuf};

use cidery_protocol::{Cid, Origin, PackageName};
use serde::Serialize;

use super::Context;
use super::verify::ShownModule;
use crate::args;
use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::proposal::{Proposal, Said};
use crate::signing;
use crate::text::Text;
use crate::trust::Trust;

/// What the file holds by now.
#[derive(Serialize)]
pub(super) struct Signed {
    file: PathBuf,
    package: PackageName,
    origin: Origin,
    records: Vec<Said>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<ShownCode>,
    /// Whether nothing is missing any more.
    complete: bool,
    /// All that is signed, where it has not been said before.
    #[serde(skip)]
    shown: Option<String>,
}

/// The code of a release.
#[derive(Serialize)]
struct ShownCode {
    manifest: Text<Cid>,
    modules: Vec<ShownModule>,
}

impl Signed {
    fn of(file: &Path, proposal: &Proposal) -> Result<Self, Failure> {
        let code = proposal.manifest().map(|manifest| ShownCode {
            manifest: Text(manifest.cid()),
            modules: ShownModule::all(manifest.body()),
        });
        Ok(Signed {
            file: file.to_owned(),
            package: proposal.package().clone(),
            origin: proposal.origin().clone(),
            records: proposal.says(None)?,
            code,
            complete: proposal.complete().is_ok(),
            shown: None,
        })
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(shown) = &self.shown {
            writeln!(f, "{shown}")?;
        }
        for said in &self.records {
            writeln!(f, "{}", said.signatures())?;
        }
        let file = self.file.display();
        match self.complete {
            true => write!(f, "complete: `cidery publish --envelope {file}` sends it"),
            false => write!(f, "not complete: others sign it by `cidery sign {file}`"),
        }
    }
}

/// All that is signed.
fn show(proposal: &Proposal) -> Result<String, Failure> {
    let mut text = format!("{} in the log {}", proposal.package(), proposal.origin());
    for said in proposal.says(None)? {
        text.push_str(&format!("\n{}", said.text()));
    }
    if let Some(manifest) = proposal.manifest() {
        text.push_str(&format!("\nmodules of {}:", manifest.cid()));
        for module in ShownModule::all(manifest.body()) {
            text.push_str(&format!("\n  {module}"));
        }
    }
    Ok(text)
}

pub(super) fn sign(context: &Context, args: &args::Sign) -> Result<Signed, Failure> {
    let mut proposal = Proposal::read(&args.file)?;
    check(context, args, &proposal)?;
    let shown = show(&proposal)?;
    if args.show {
        return Ok(Signed { shown: Some(shown), ..Signed::of(&args.file, &proposal)? });
    }
    // Said, and asked, before a passphrase is.
    context.output.note(shown);
    Confirm::unless(args.yes).ask_of_others(&context.output, &proposal)?;
    let keys = signing::open(&context.folders, &args.signing)?;
    proposal.sign(&keys)?;
    proposal.replace(&args.file)?;
    Signed::of(&args.file, &proposal)
}

/// The file says itself who may sign. Where the package is known, it must be the same one.
fn check(context: &Context, args: &args::Sign, proposal: &Proposal) -> Result<(), Failure> {
    // The folder may have come with the file, and would vouch for it.
    let trust = args::Trust { policy: args.policy.clone(), trust_first: false };
    let trust = Trust::open(&trust, None, &context.folders, &context.output)?;
    let package = proposal.package();
    match (trust.origin(package)?, trust.init(package)?) {
        (Some(wanted), _) if wanted != *proposal.origin() => {
            Err(Failure::OtherOrigin { got: proposal.origin().clone(), wanted: Some(wanted) })
        }
        (_, Some(wanted)) if wanted != proposal.init() => {
            Err(Failure::OtherInit { package: package.clone(), got: proposal.init(), wanted })
        }
        (_, None) => {
            let line =
                format!("nothing is known of `{package}` here: who may sign for it is this file's word");
            context.output.progress(line);
            Ok(())
        }
        _ => Ok(()),
    }
}
