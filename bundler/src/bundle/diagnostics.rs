//! What rolldown reports, as this crate's errors.

use std::path::Path;

use rolldown::BundleOutput;
use rolldown_common::ImportKind;
use rolldown_error::{BuildDiagnostic, EventKind};
use rolldown_resolver::{ResolveError, Resolver};

use super::Tree;
use crate::BundleError;
use crate::module_id::{leading, package_folder, shown};

/// The one error for a failed build: an import that leads nowhere before all others.
pub(super) fn error(problems: Vec<BuildDiagnostic>, resolver: &Resolver<Tree>) -> BundleError {
    let mut unresolved: Vec<(String, String)> = problems
        .iter()
        .filter(|problem| matches!(problem.kind(), EventKind::UnresolvedImport | EventKind::ResolveError))
        .filter_map(|problem| Some((problem.id()?, problem.exporter()?)))
        .collect();
    unresolved.sort_unstable();
    if let Some((importer, specifier)) = unresolved.into_iter().next() {
        let reason = reason(&importer, &specifier, resolver);
        return BundleError::UnresolvedImport { specifier, importer: shown(&importer).to_owned(), reason };
    }
    let mut reasons: Vec<String> = problems.iter().map(message).collect();
    reasons.sort_unstable();
    BundleError::Code { reasons }
}

/// Refuses an output that would fail when it runs, which rolldown only warns of.
pub(super) fn refuse_warnings(
    output: BundleOutput,
    resolver: &Resolver<Tree>,
) -> Result<BundleOutput, BundleError> {
    let BundleOutput { warnings, assets } = output;
    let (fatal, _): (Vec<_>, Vec<_>) = warnings.into_iter().partition(|warning| match warning.kind() {
        EventKind::UnresolvedImport => true,
        // In packages this is how features are probed for.
        EventKind::ImportIsUndefined => warning.id().is_some_and(|id| package_folder(&id).is_none()),
        _ => false,
    });
    if fatal.is_empty() {
        Ok(BundleOutput { warnings: Vec::new(), assets })
    } else {
        Err(error(fatal, resolver))
    }
}

/// Why an import was not found, and what was tried.
fn reason(importer: &str, specifier: &str, resolver: &Resolver<Tree>) -> String {
    let error = match resolver.resolve(Some(Path::new(importer)), specifier, ImportKind::Import, false) {
        Err(error) => error,
        Ok(found) => return format!("it is only found by `import`, at {}", shown(&found.path)),
    };
    let relative = specifier.starts_with(['.', '/', '#']);
    match error {
        ResolveError::NotFound(_) if relative => {
            "tried the path as it is, with .tsx, .ts, .jsx, .js and .json, and an index file in a folder of that name"
                .to_owned()
        }
        ResolveError::NotFound(_) => {
            let who = package_folder(importer).unwrap_or("package.json");
            format!("`{}` is not among the dependencies of {who}, nor installed above it", leading(specifier).0)
        }
        other => other.to_string().replace("/p/", ""),
    }
}

fn message(problem: &BuildDiagnostic) -> String {
    let diagnostic = problem.to_diagnostic();
    neutral(&diagnostic.convert_to_string(false)).trim().to_owned()
}

/// Virtual paths as people see them, also where they are shown relative to the folder that the process is in.
fn neutral(text: &str) -> String {
    let mut parts = text.split("/p/");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ways_up = clean.trim_end_matches(['.', '/']).len();
        clean.truncate(ways_up);
        clean.push_str(part);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_virtual_path_is_shown() {
        assert_eq!(neutral("╭─[ ../../../p/app/t.md:1:2 ]"), "╭─[ app/t.md:1:2 ]");
        assert_eq!(neutral("see /p/npm/a@1.0.0/i.js, in ../b"), "see npm/a@1.0.0/i.js, in ../b");
    }
}
