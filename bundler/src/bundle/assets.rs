//! Files that stay modules of their own, named for their content.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cidery_protocol::manifest::ModuleKind;
use sha2::{Digest as _, Sha256};

use super::options::neutral;
use crate::integrity::hex;
use crate::module_id::shown;
use crate::{BundleError, Module};

/// A JSON file below this goes into the module that imports it.
const JSON_BYTES: usize = 32 << 10;

/// Those that were met. Only what the output imports counts in the end.
#[derive(Debug, Default)]
pub(super) struct Assets(Mutex<BTreeMap<String, Asset>>);

/// A file that stays a module of its own.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) module: Module,
    /// The virtual id of the file.
    pub(super) origin: String,
}

impl Assets {
    /// Keeps a file, and says by which specifier it is imported.
    ///
    /// # Errors
    /// Where it is to be text and is not.
    pub(super) fn keep(&self, origin: &str, kind: ModuleKind, bytes: Vec<u8>) -> Result<String, BundleError> {
        let byte_order_mark = bytes.starts_with(b"\xef\xbb\xbf");
        if kind.is_text() && (byte_order_mark || std::str::from_utf8(&bytes).is_err()) {
            return Err(BundleError::NotText { path: shown(origin).to_owned() });
        }
        let extension = match kind {
            ModuleKind::Wasm => "wasm",
            ModuleKind::Json => "json",
            _ => Path::new(origin).extension().and_then(|extension| extension.to_str()).unwrap_or("bin"),
        };
        let hash = &hex(&Sha256::digest(&bytes))[..16];
        let path = format!("{}-{hash}.{extension}", neutral(origin));
        let specifier = format!("./{path}");
        let asset = Asset { module: Module { path, kind, bytes }, origin: origin.to_owned() };
        let mut assets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of equal files the first id counts, whichever thread comes first.
        match assets.get_mut(&specifier) {
            Some(known) if known.origin > asset.origin => known.origin = asset.origin,
            Some(_) => {}
            None => {
                assets.insert(specifier.clone(), asset);
            }
        }
        Ok(specifier)
    }

    /// Whether it is the specifier of one of them.
    pub(super) fn hold(&self, specifier: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(specifier)
    }

    /// All of them, by their specifier.
    pub(super) fn take(&self) -> BTreeMap<String, Asset> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Which files stay modules of their own: the rules that Workers have by default, and large JSON.
pub(super) fn kind_of(path: &str, size: impl FnOnce() -> usize) -> Option<ModuleKind> {
    match path.rsplit_once('.')?.1 {
        "wasm" => Some(ModuleKind::Wasm),
        "txt" | "html" | "sql" => Some(ModuleKind::Text),
        "bin" => Some(ModuleKind::Data),
        "json" => (size() >= JSON_BYTES).then_some(ModuleKind::Json),
        _ => None,
    }
}
