//! Packages that stay packages of their own: what the project's modules import of them is not in the bundle.

use std::collections::{BTreeMap, BTreeSet};

use oxc::allocator::Allocator;
use oxc::parser::Parser;
use oxc::span::SourceType;

use super::edge::unresolved;
use crate::module_id::{leading, package_folder};
use crate::{BundleError, Link};

/// Exports that an error lists.
const SHOWN: usize = 20;

/// The links of a project.
#[derive(Debug, Default)]
pub(super) struct Links {
    links: BTreeMap<String, Link>,
    /// The specifiers of modules that export a default alone: those that were CommonJS.
    default_only: BTreeSet<String>,
}

impl Links {
    pub(super) fn new(links: &BTreeMap<String, Link>) -> Self {
        let modules = links.values().flat_map(|link| link.modules.values());
        let default_only = modules.filter(|module| exports_default_alone(&module.code));
        Self {
            links: links.clone(),
            default_only: default_only.map(|module| module.specifier.clone()).collect(),
        }
    }

    /// The link that a specifier names, and by which specifier its module is imported; none where it names no link, or
    /// where it is not the project's own module that asks.
    ///
    /// # Errors
    ///
    /// [`BundleError::UnresolvedImport`] where the package does not export it.
    pub(super) fn find(&self, importer: &str, specifier: &str) -> Result<Option<(&str, &str)>, BundleError> {
        let (name, rest) = leading(specifier);
        let Some((name, link)) = self.links.get_key_value(name) else { return Ok(None) };
        if package_folder(importer).is_some() {
            return Ok(None);
        }
        let export = if rest.is_empty() { ".".to_owned() } else { format!("./{rest}") };
        let Some(module) = link.modules.get(&export) else {
            let there: Vec<&str> = link.modules.keys().map(String::as_str).take(SHOWN).collect();
            let reason =
                format!("`{name}` is linked and has no export `{export}`: it has {}", there.join(", "));
            return Err(unresolved(importer, specifier, &reason));
        };
        Ok(Some((name, &module.specifier)))
    }

    /// Whether a linked module exports a default and nothing else.
    pub(super) fn is_default_alone(&self, specifier: &str) -> bool {
        self.default_only.contains(specifier)
    }
}

/// Text and data have a default export, too.
fn exports_default_alone(code: &[u8]) -> bool {
    let Ok(code) = std::str::from_utf8(code) else { return true };
    let allocator = Allocator::default();
    let record = Parser::new(&allocator, code, SourceType::mjs()).parse().module_record;
    record.star_export_entries.is_empty() && record.exported_bindings.keys().all(|name| name == "default")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_was_common_js() {
        for code in ["export default require_x();", "var a=1;export{a as default};", "{\"json\": 1}"] {
            assert!(exports_default_alone(code.as_bytes()), "{code}");
        }
        for code in ["export const a = 1;", "export{a as default,b as c};", "export * from './a.js';"] {
            assert!(!exports_default_alone(code.as_bytes()), "{code}");
        }
    }
}
