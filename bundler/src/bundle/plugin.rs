//! The edge as a plugin of rolldown.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use cidery_protocol::manifest::ModuleKind;
use rolldown_common::side_effects::HookSideEffects;
use rolldown_common::{EmittedChunk, ImportKind, ModuleType, ResolvedExternal};
use rolldown_ecmascript::WithMutFields;
use rolldown_fs::OxcResolverFileSystem as _;
use rolldown_plugin::{
    HookBuildEndArgs, HookBuildStartArgs, HookLoadArgs, HookLoadOutput, HookLoadReturn, HookNoopReturn,
    HookResolveIdArgs, HookResolveIdOutput, HookResolveIdReturn, HookTransformAstArgs,
    HookTransformAstReturn, HookUsage, Plugin, PluginContext, SharedLoadPluginContext,
};

use super::decorators::has_decorators;
use super::edge::{Edge, Meaning, unresolved};
use super::made::Made;
use super::resolvers::Entry;
use super::rewrite::{self, Surroundings};
use super::{builtins, json, replacements, wasm};
use crate::BundleError;
use crate::module_id::{MADE, package_folder, shown};

/// rolldown's view of an [`Edge`].
#[derive(Debug)]
pub(super) struct EdgePlugin {
    pub(super) edge: Arc<Edge>,
    /// rolldown's name for the entry of each Worker's script.
    workers: Mutex<BTreeMap<String, String>>,
}

impl EdgePlugin {
    pub(super) fn new(edge: Arc<Edge>) -> Self {
        Self { edge, workers: Mutex::default() }
    }

    /// Keeps an error as it is, and gives rolldown its text.
    fn failed(&self, error: BundleError) -> anyhow::Error {
        let shown = anyhow!("{error}");
        self.edge.fail(error);
        shown
    }

    /// The code of a module that the bundler makes.
    fn code(&self, made: Made<'_>) -> Result<String, BundleError> {
        let file = |path: &str| {
            let id = format!("/{path}");
            let bytes = self.edge.tree.read(Path::new(&id)).map_err(BundleError::io(shown(&id)))?;
            Ok((id, bytes))
        };
        let text = |text: &str| serde_json::Value::from(text).to_string();
        Ok(match made {
            Made::Required(id) => {
                // `node:` modules and files have a default export; the runtime's others only named ones.
                let default =
                    id.starts_with("node:") || id.starts_with("./") || self.edge.links.is_default_alone(id);
                let value = if default { "m.default" } else { "{ ...m }" };
                format!("import * as m from {};module.exports = {value};", text(id))
            }
            Made::Lacking(name) => builtins::stub(name),
            Made::Absent(specifier) => builtins::absent(specifier),
            Made::Reviewed(name) => {
                replacements::reviewed(name).map(|entry| entry.code).unwrap_or_default().to_owned()
            }
            Made::Instance(path) => {
                let (id, bytes) = file(path)?;
                let interface = self.edge.interface(&id, &bytes);
                interface.instance(&self.edge.assets.keep(&id, ModuleKind::Wasm, bytes)?)
            }
            Made::Binary(asset) => wasm::stand_in(&format!("./{asset}"), &Made::WebAssembly.id()),
            Made::Json(path) => {
                let (id, bytes) = file(path)?;
                let value: serde_json::Value = serde_json::from_slice(&bytes)
                    .map_err(|error| BundleError::invalid(shown(&id), error))?;
                let asset = text(&self.edge.assets.keep(&id, ModuleKind::Json, bytes)?);
                let names = value.as_object().into_iter().flat_map(|object| object.keys());
                let exports = names.filter(|name| *name != "default").enumerate().map(|(at, name)| {
                    let name = text(name);
                    format!("const e{at} = /* @__PURE__ */ (() => json[{name}])();\nexport {{ e{at} as {name} }};\n")
                });
                format!("import json from {asset};\nexport default json;\n{}", exports.collect::<String>())
            }
            Made::WebAssembly => wasm::SHIM.to_owned(),
            Made::Files => wasm::files(&Made::WebAssembly.id()),
        })
    }
}

impl Plugin for EdgePlugin {
    fn name(&self) -> Cow<'static, str> {
        "cidery:edge".into()
    }

    fn register_hook_usage(&self) -> HookUsage {
        HookUsage::BuildStart
            | HookUsage::ResolveId
            | HookUsage::Load
            | HookUsage::TransformAst
            | HookUsage::BuildEnd
    }

    /// The scripts of Workers become entries before anything else, always in the same order.
    async fn build_start(&self, context: &PluginContext, _: &HookBuildStartArgs<'_>) -> HookNoopReturn {
        for id in &self.edge.known.workers {
            let name = Some(shown(id).into());
            let reference =
                context.emit_chunk(EmittedChunk { name, id: id.clone(), ..Default::default() })?;
            let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
            workers.insert(id.clone(), reference.to_string());
        }
        Ok(())
    }

    async fn resolve_id(&self, _: &PluginContext, args: &HookResolveIdArgs<'_>) -> HookResolveIdReturn {
        let meaning = self
            .edge
            .meaning(args.importer, args.specifier, args.kind)
            .map_err(|error| self.failed(error))?;
        Ok(match meaning {
            Meaning::Unknown => None,
            Meaning::Module(found) => Some(HookResolveIdOutput {
                id: found.path.into(),
                package_json_path: found.package_json,
                ..Default::default()
            }),
            Meaning::External(id) if args.kind == ImportKind::Require => {
                Some(HookResolveIdOutput::from_id(Made::Required(&id).id()))
            }
            Meaning::External(id) => Some(HookResolveIdOutput {
                id: id.into(),
                external: Some(ResolvedExternal::Bool(true)),
                ..Default::default()
            }),
        })
    }

    async fn load(&self, _: SharedLoadPluginContext, args: &HookLoadArgs<'_>) -> HookLoadReturn {
        let Some(made) = Made::parse(args.id) else { return Ok(None) };
        let code = self.code(made).map_err(|error| self.failed(error))?;
        let pure = matches!(
            made,
            Made::Instance(_) | Made::Binary(_) | Made::Json(_) | Made::WebAssembly | Made::Files
        );
        Ok(Some(HookLoadOutput {
            code: code.into(),
            module_type: Some(ModuleType::Js),
            side_effects: pure.then_some(HookSideEffects::False),
            ..Default::default()
        }))
    }

    async fn transform_ast(
        &self,
        _: &PluginContext,
        args: HookTransformAstArgs<'_>,
    ) -> HookTransformAstReturn {
        let mut ast = args.ast;
        let is_code =
            matches!(args.module_type, ModuleType::Js | ModuleType::Jsx | ModuleType::Ts | ModuleType::Tsx);
        if *args.module_type == ModuleType::Json
            && let Ok(text) = self.edge.tree.read_to_string(Path::new(args.id))
            && let Some(placed) = json::placed(args.id, &text)
        {
            ast = placed;
        }
        // Packages in archives come compiled.
        let may_have_decorators = is_code && package_folder(args.id).is_none();
        if may_have_decorators && !self.edge.resolvers.has_old_decorators() && has_decorators(ast.program()) {
            let reason = "no runtime reads them yet; experimentalDecorators in tsconfig.json makes calls of the old kind";
            let reasons = vec![format!("{} has decorators: {reason}", shown(args.id))];
            return Err(self.failed(BundleError::Code { reasons }));
        }
        if is_code && !args.id.starts_with(MADE) && rewrite::concerns(ast.source()) {
            let source = ast.source().clone();
            let module =
                Module { plugin: self, id: args.id, brings_wasm: self.edge.brings_wasm(args.id, &source) };
            let path = format!("/{}", shown(args.id.split(['?', '#']).next().unwrap_or(args.id)));
            ast.program.with_mut(|WithMutFields { program, allocator, .. }| {
                rewrite::rewrite(program, allocator, &path, &module);
            });
        }
        Ok(ast)
    }

    async fn build_end(&self, context: &PluginContext, _: Option<&HookBuildEndArgs<'_>>) -> HookNoopReturn {
        let mut all = BTreeMap::new();
        for id in context.get_module_ids() {
            let Some(info) = context.get_module_info(&id) else { continue };
            let importers = info.importers.iter().chain(&info.dynamic_importers);
            all.insert(id.to_string(), importers.map(|id| id.to_string()).collect());
        }
        self.edge.note(|findings| findings.importers = all);
        Ok(())
    }
}

/// One module, as its code is changed.
struct Module<'a> {
    plugin: &'a EdgePlugin,
    id: &'a str,
    brings_wasm: bool,
}

impl Module<'_> {
    fn edge(&self) -> &Edge {
        &self.plugin.edge
    }

    /// The file at a URL relative to the module.
    fn beside(&self, specifier: &str) -> Option<String> {
        let specifier =
            if specifier.starts_with(['.', '/']) { specifier.to_owned() } else { format!("./{specifier}") };
        let found =
            self.edge().resolvers.resolve(Some(self.id), &specifier, ImportKind::Import, Entry::Module);
        found.ok().map(|found| found.path)
    }
}

impl Surroundings for Module<'_> {
    fn worker(&self, specifier: &str) -> Option<String> {
        let Some(script) = self.beside(specifier) else {
            if package_folder(self.id).is_none() {
                let reason = "tried the path of a Worker's script, relative to the module";
                self.edge().fail(unresolved(self.id, specifier, reason));
            }
            return None;
        };
        let workers = self.plugin.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let reference = workers.get(&script).cloned();
        drop(workers);
        self.edge().note(|findings| _ = findings.workers.insert(script));
        reference
    }

    fn wasm_file(&self, specifier: &str) -> Option<String> {
        let id = self.beside(specifier)?;
        let bytes = self.edge().tree.read(Path::new(&id)).ok()?;
        wasm::Interface::of(&bytes)?;
        self.edge().assets.keep(&id, ModuleKind::Wasm, bytes).ok()
    }

    fn wasm_bytes(&self, bytes: Vec<u8>) -> Option<String> {
        self.edge().assets.keep(self.id, ModuleKind::Wasm, bytes).ok()
    }

    fn stand_in(&self, asset: &str) -> String {
        Made::Binary(asset.trim_start_matches("./")).id()
    }

    fn shim(&self) -> Option<String> {
        self.brings_wasm.then(|| Made::WebAssembly.id())
    }

    fn is_for_browsers(&self) -> bool {
        self.edge().is_for_browsers(self.id)
    }

    fn can_require(&self, specifier: &str) -> bool {
        builtins::name(specifier).is_some()
            || self
                .edge()
                .resolvers
                .resolve(Some(self.id), specifier, ImportKind::Require, Entry::Main)
                .is_ok()
    }
}
