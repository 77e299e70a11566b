//! What is different on the edge: built-in modules of the runtime, and files that stay modules of their own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cidery_protocol::manifest::ModuleKind;
use nodejs_built_in_modules::is_nodejs_builtin_module;
use rolldown_common::{ImportKind, ModuleType, ResolvedExternal};
use rolldown_fs::OxcResolverFileSystem as _;
use rolldown_plugin::{
    HookLoadArgs, HookLoadOutput, HookLoadReturn, HookResolveIdArgs, HookResolveIdOutput,
    HookResolveIdReturn, HookUsage, Plugin, PluginContext, SharedLoadPluginContext,
};
use rolldown_resolver::Resolver;
use sha2::{Digest as _, Sha256};

use super::Tree;
use crate::integrity::hex;
use crate::module_id::{leading, segment, shown};
use crate::{BundleError, Module};

/// The runtime's own modules.
const RUNTIME_SCHEMES: [&str; 3] = ["node:", "cloudflare:", "workerd:"];

/// A module through which CommonJS code gets at an external one: `require` becomes a static import.
const REQUIRED: &str = "\0required:";

/// A file that stays a module of its own.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) module: Module,
    /// The virtual id of the file.
    pub(super) origin: String,
}

#[derive(Debug)]
pub(super) struct EdgePlugin {
    tree: Tree,
    resolver: Arc<Resolver<Tree>>,
    assets: Mutex<BTreeMap<String, Asset>>,
    failure: Mutex<Option<BundleError>>,
}

impl EdgePlugin {
    pub(super) fn new(tree: Tree, resolver: Arc<Resolver<Tree>>) -> Self {
        Self { tree, resolver, assets: Mutex::default(), failure: Mutex::default() }
    }

    pub(super) fn take_failure(&self) -> Option<BundleError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn take_assets(&self) -> Vec<Asset> {
        let assets = std::mem::take(&mut *self.assets.lock().unwrap_or_else(PoisonError::into_inner));
        assets.into_values().collect()
    }

    /// The external module that a specifier stands for, if it does.
    fn external(&self, args: &HookResolveIdArgs<'_>) -> Result<Option<String>, BundleError> {
        let importer = args.importer.unwrap_or_default();
        if importer.starts_with(REQUIRED)
            || RUNTIME_SCHEMES.iter().any(|scheme| args.specifier.starts_with(scheme))
        {
            return Ok(Some(args.specifier.to_owned()));
        }
        if args.specifier.starts_with("https:") || args.specifier.starts_with("http:") {
            return Err(BundleError::UnresolvedImport {
                specifier: args.specifier.to_owned(),
                importer: shown(importer).to_owned(),
                reason: "modules are not fetched from the web".to_owned(),
            });
        }
        // An installed package goes before a built-in module of its name, as bundlers for browsers have it.
        if is_nodejs_builtin_module(args.specifier)
            && !self.tree.declares(importer, leading(args.specifier).0)
        {
            return Ok(Some(format!("node:{}", args.specifier)));
        }
        self.asset(args)
    }

    fn asset(&self, args: &HookResolveIdArgs<'_>) -> Result<Option<String>, BundleError> {
        let path = args.specifier.split(['?', '#']).next().unwrap_or_default();
        // Most imports have no such extension: resolve only those that have, and those that may map to one.
        if kind_of(path).is_none() && !path.starts_with('#') {
            return Ok(None);
        }
        let importer = args.importer.map(Path::new);
        let Ok(found) = self.resolver.resolve(importer, args.specifier, args.kind, false) else {
            return Ok(None);
        };
        let id = found.path.split(['?', '#']).next().unwrap_or_default();
        let Some((kind, extension)) = kind_of(id) else { return Ok(None) };
        let bytes = self.tree.read(Path::new(id)).map_err(BundleError::io(shown(id)))?;
        let byte_order_mark = bytes.starts_with(b"\xef\xbb\xbf");
        if kind.is_text() && (byte_order_mark || std::str::from_utf8(&bytes).is_err()) {
            return Err(BundleError::NotText { path: shown(id).to_owned() });
        }
        let stem = Path::new(id).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let hash = &hex(&Sha256::digest(&bytes))[..16];
        let path = format!("{}-{hash}.{extension}", segment(stem));
        let external = format!("./{path}");
        let asset = Asset { module: Module { path, kind, bytes }, origin: id.to_owned() };
        let mut assets = self.assets.lock().unwrap_or_else(PoisonError::into_inner);
        // Of equal files the first id counts, whichever thread comes first.
        match assets.get_mut(&external) {
            Some(known) if known.origin > asset.origin => known.origin = asset.origin,
            Some(_) => {}
            None => {
                assets.insert(external.clone(), asset);
            }
        }
        Ok(Some(external))
    }
}

/// Which files stay modules of their own: the rules that Workers have by default.
fn kind_of(path: &str) -> Option<(ModuleKind, &str)> {
    let (_, extension) = path.rsplit_once('.')?;
    let kind = match extension {
        "wasm" => ModuleKind::Wasm,
        "txt" | "html" | "sql" => ModuleKind::Text,
        "bin" => ModuleKind::Data,
        _ => return None,
    };
    Some((kind, extension))
}

impl Plugin for EdgePlugin {
    fn name(&self) -> Cow<'static, str> {
        "cidery:edge".into()
    }

    fn register_hook_usage(&self) -> HookUsage {
        HookUsage::ResolveId | HookUsage::Load
    }

    async fn resolve_id(&self, _: &PluginContext, args: &HookResolveIdArgs<'_>) -> HookResolveIdReturn {
        let external = self.external(args).map_err(|error| {
            let shown = anyhow::Error::msg(error.to_string());
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            shown
        })?;
        Ok(external.map(|id| {
            if args.kind == ImportKind::Require {
                return HookResolveIdOutput::from_id(format!("{REQUIRED}{id}"));
            }
            HookResolveIdOutput {
                id: id.into(),
                external: Some(ResolvedExternal::Bool(true)),
                ..Default::default()
            }
        }))
    }

    async fn load(&self, _: SharedLoadPluginContext, args: &HookLoadArgs<'_>) -> HookLoadReturn {
        let Some(id) = args.id.strip_prefix(REQUIRED) else { return Ok(None) };
        // `node:` modules and files have a default export; the runtime's others only named ones.
        let value = if id.starts_with("node:") || id.starts_with("./") { "m.default" } else { "{ ...m }" };
        let code = format!("import * as m from {};module.exports = {value};", serde_json::to_string(id)?);
        Ok(Some(HookLoadOutput {
            code: code.into(),
            module_type: Some(ModuleType::Js),
            ..Default::default()
        }))
    }
}
