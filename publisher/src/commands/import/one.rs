//! One package: resolved, bundled with all that it exports, signed and published.

use std::fmt;

use cidery_bundler::{Imported, Skipped};
use cidery_protocol::{Cid, NpmSource, PackageName, Version};
use serde::Serialize;

use crate::args;
use crate::commands::Context;
use crate::commands::draft::Draft;
use crate::commands::publish::{self, Published};
use crate::destination::Destination;
use crate::failure::Failure;
use crate::links::Links;
use crate::package::{self, Made, NODE_FLAG, Package};
use crate::reach;
use crate::text::Text;
use crate::trust::Trust;

/// The compatibility date of what is imported. An isolate has that of the package that it starts with, and who links an
/// imported package brings it along; this one says what it was bundled for.
const DATE: &str = "2026-10-01";

/// What came of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    #[serde(flatten)]
    outcome: Published,
    npm: Npm,
    exports: Vec<String>,
    skipped: Vec<Said>,
}

/// What would come of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Planned {
    package: PackageName,
    version: Version,
    manifest: Text<Cid>,
    npm: Npm,
    exports: Vec<String>,
    skipped: Vec<Said>,
}

/// Either.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Import {
    Done(Box<Shown>),
    Planned(Box<Planned>),
}

/// The npm package that was taken.
#[derive(Serialize)]
struct Npm {
    name: String,
    version: String,
    integrity: String,
    checked: Vec<String>,
}

/// A name that is left out.
#[derive(Serialize)]
struct Said {
    name: String,
    reason: String,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (npm, exports) = match self {
            Import::Done(shown) => {
                writeln!(f, "{}", shown.outcome)?;
                (&shown.npm, &shown.exports)
            }
            Import::Planned(planned) => {
                writeln!(f, "would publish {} {}", planned.package, planned.version)?;
                writeln!(f, "  manifest   {}", *planned.manifest)?;
                (&planned.npm, &planned.exports)
            }
        };
        let checked = if npm.checked.is_empty() { "integrity".to_owned() } else { npm.checked.join(", ") };
        writeln!(f, "  npm        {} {} ({checked})", npm.name, npm.version)?;
        match exports.as_slice() {
            [only] => write!(f, "  exports    {only}"),
            many => write!(f, "  exports    {} names", many.len()),
        }
    }
}

pub(super) async fn import(
    context: &Context,
    args: &args::ImportNpm,
    reference: &args::NpmReference,
) -> Result<Import, Failure> {
    let keys = if args.dry_run { Vec::new() } else { publish::read_keys(context, &args.recording)? };
    let to = if args.dry_run { None } else { Some(open(context, args)?) };
    let (imported, options) = bundled(context, args, reference).await?;
    let Imported { package, mut bundle, skipped } = imported;
    let npm = NpmSource {
        name: package.name,
        version: package.version,
        integrity: package.integrity,
        checked: package.checked,
    };
    let name = named(args, &npm)?;
    let version: Version = npm.version.parse()?;
    for Skipped { name, reason } in &skipped {
        context.output.note(format_args!("left out: `{name}`, since {reason}"));
    }
    for warning in &bundle.warnings {
        context.output.note(format_args!("warning: {warning}"));
    }
    let exports = exports(&bundle);
    narrow(&mut bundle);
    let flags = if bundle.node_builtins.is_empty() { Vec::new() } else { vec![NODE_FLAG.to_owned()] };
    let date = options.compatibility_date.unwrap_or_default();
    let made = Package::without_folder(name.clone(), version.clone(), date, flags)
        .name_content(bundle, &Links::default())?;
    let skipped = skipped.into_iter().map(|Skipped { name, reason }| Said { name, reason }).collect();
    let shown = shown(&npm);
    let Some(trust) = to else {
        let manifest = Text(made.manifest.cid());
        return Ok(Import::Planned(Box::new(Planned {
            package: name,
            version,
            manifest,
            npm: shown,
            exports,
            skipped,
        })));
    };
    let sending = Sending { name: &name, version: &version, made: &made, npm: &npm };
    let outcome = sending.send(context, args, trust, &keys).await?;
    Ok(Import::Done(Box::new(Shown { outcome, npm: shown, exports, skipped })))
}

fn open(context: &Context, args: &args::ImportNpm) -> Result<Trust, Failure> {
    context.registry()?;
    Trust::open(&args.recording.trust, Some(".".as_ref()), &context.folders, &context.output)
}

async fn bundled(
    context: &Context,
    args: &args::ImportNpm,
    reference: &args::NpmReference,
) -> Result<(Imported, cidery_bundler::Options), Failure> {
    let mut options = package::options(context, &args.npm)?.with_nodejs();
    options.compatibility_date = Some(DATE.to_owned());
    let wanted = cidery_bundler::Import {
        name: reference.name.clone(),
        range: reference.range.clone(),
        locked: args.locked.clone(),
        more: args.entries.clone(),
    };
    let imported = cidery_bundler::import(&wanted, &options, &context.output).await?;
    Ok((imported, options))
}

/// The names that others may import it by.
fn exports(bundle: &cidery_bundler::Bundle) -> Vec<String> {
    if bundle.exports.is_empty() { vec![".".to_owned()] } else { bundle.exports.keys().cloned().collect() }
}

/// Leaves of Node's modules those that the package itself reaches. Who links it is asked for what other exports need.
fn narrow(bundle: &mut cidery_bundler::Bundle) {
    let code_of = |path: &str| {
        let at = bundle.modules.binary_search_by(|module| module.path.as_str().cmp(path)).ok()?;
        bundle.modules.get(at).map(|module| module.bytes.as_slice())
    };
    let reached = reach::node_builtins([bundle.main.clone()], code_of);
    bundle.node_builtins.retain(|builtin| reached.contains(builtin));
}

/// What to publish it under.
fn named(args: &args::ImportNpm, npm: &NpmSource) -> Result<PackageName, Failure> {
    args.name.clone().or_else(|| npm.package()).ok_or_else(|| Failure::Usage {
        reason: format!("`{}` has no name in the scope @npm", npm.name),
        hint: Some("give it one in a scope of yours: `--as @scope/name`".to_owned()),
    })
}

fn shown(npm: &NpmSource) -> Npm {
    let NpmSource { name, version, integrity, checked } = npm.clone();
    Npm { name, version, integrity, checked }
}

/// A release on its way.
struct Sending<'s> {
    name: &'s PackageName,
    version: &'s Version,
    made: &'s Made,
    npm: &'s NpmSource,
}

impl Sending<'_> {
    async fn send(
        &self,
        context: &Context,
        args: &args::ImportNpm,
        trust: Trust,
        keys: &[Box<dyn cidery_keys::Signer>],
    ) -> Result<Published, Failure> {
        context.output.progress(format_args!("manifest {}", self.made.manifest.cid()));
        let to = Destination::open(context, trust, self.name).await?;
        let draft = Draft {
            origin: &to.log.origin,
            package: self.name,
            version: self.version,
            made: self.made,
            npm: Some(self.npm),
            statements: &[],
        };
        publish::release(context, &to, &args.recording, &args.begin, keys, &draft).await
    }
}
