//! The bundling itself: the only folder that knows rolldown.
//!
//! rolldown sees a [`Tree`] without real paths, and has every option set whose default depends on the machine, so
//! that its output depends on the code alone.

mod diagnostics;
mod edge;
mod tree;

use std::collections::BTreeSet;
use std::sync::Arc;

use cidery_protocol::manifest::ModuleKind;
use rolldown::{
    AttachDebugInfo, BundleFactory, BundleFactoryOptions, BundleOutput, BundlerOptions, CommentsOptions,
    ExperimentalOptions, HashCharacters, OutputFormat, Platform, PreserveEntrySignatures, RawMinifyOptions,
    ResolveOptions, SanitizeFilename, SourceMapPathTransform, SourceMapType, TsConfig,
};
use rolldown_common::Output;
use rolldown_resolver::Resolver;

use self::edge::EdgePlugin;
pub(crate) use self::tree::Tree;
use crate::module_id::{APP, segment, shown};
use crate::{BundleError, BundledPackage, Module, SourceMap};

/// The version that is pinned in the workspace.
pub(crate) const ROLLDOWN: &str = "1.2.5";

const MAIN: &str = "index.js";
const OUT: &str = "/p/out";

/// What came out.
pub(crate) struct Bundled {
    pub(crate) main: String,
    pub(crate) modules: Vec<Module>,
    pub(crate) source_maps: Vec<SourceMap>,
    pub(crate) packages: Vec<BundledPackage>,
    pub(crate) node_builtins: Vec<String>,
}

/// Bundles the module at `entry` in the project. Runs on threads of its own, and takes the calling one.
pub(crate) fn bundle(tree: &Tree, entry: &str, threads: usize, minify: bool) -> Result<Bundled, BundleError> {
    let internal = |error: &dyn std::error::Error| BundleError::Internal { reason: error.to_string() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| internal(&e))?;
    pool.install(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .map_err(|error| internal(&error))?;
        runtime.block_on(run(tree, entry, minify))
    })
}

async fn run(tree: &Tree, entry: &str, minify: bool) -> Result<Bundled, BundleError> {
    let resolver = Arc::new(Resolver::new(
        tree.clone(),
        APP.into(),
        Platform::Browser,
        &TsConfig::Auto(false),
        conditions(),
    ));
    let plugin = Arc::new(EdgePlugin::new(tree.clone(), Arc::clone(&resolver)));
    let mut factory = BundleFactory::new(BundleFactoryOptions {
        bundler_options: options(entry, minify),
        plugins: vec![Arc::clone(&plugin) as _],
        session: None,
        disable_tracing_setup: true,
    })
    .map_err(|problems| diagnostics::error(problems.into_vec(), &resolver))?;
    let result = factory.create_bundle_with_fs(tree.clone(), Arc::clone(&resolver)).generate().await;
    // Behind what rolldown reports may be a file that could not be had.
    if let Some(failure) = tree.take_failure().or_else(|| plugin.take_failure()) {
        return Err(failure);
    }
    let output = result.map_err(|problems| diagnostics::error(problems.into_vec(), &resolver))?;
    collect(tree, &plugin, diagnostics::refuse_warnings(output, &resolver)?)
}

fn conditions() -> ResolveOptions {
    // With the platform's own: import or require, workerd, worker, browser, default.
    ResolveOptions {
        condition_names: Some(vec!["workerd".to_owned(), "worker".to_owned()]),
        ..Default::default()
    }
}

fn options(entry: &str, minify: bool) -> BundlerOptions {
    let neutral = |name: &str| {
        let name = segment(name);
        Box::pin(async move { Ok(name) }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
    };
    let source = |source: &str, _: &str| {
        let source = shown(source.trim_start_matches("../")).to_owned();
        Box::pin(async move { Ok(source) }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
    };
    BundlerOptions {
        input: Some(vec![format!("{APP}/{entry}").into()]),
        cwd: Some(APP.into()),
        // Where the modules would be written: it decides how source maps name their sources.
        dir: Some(OUT.to_owned()),
        platform: Some(Platform::Browser),
        format: Some(OutputFormat::Esm),
        resolve: Some(conditions()),
        tsconfig: Some(TsConfig::Auto(false)),
        define: Some([("process.env.NODE_ENV".to_owned(), "'production'".to_owned())].into_iter().collect()),
        minify: Some(RawMinifyOptions::Bool(minify)),
        comments: Some(CommentsOptions { legal: true, annotation: false, jsdoc: false }),
        experimental: Some(ExperimentalOptions {
            attach_debug_info: Some(AttachDebugInfo::None),
            ..Default::default()
        }),
        // What the entry exports is what the runtime sees: nothing may be added.
        preserve_entry_signatures: Some(PreserveEntrySignatures::Strict),
        entry_filenames: Some(MAIN.to_owned().into()),
        chunk_filenames: Some("[name]-[hash].js".to_owned().into()),
        hash_characters: Some(HashCharacters::Hex),
        sanitize_filename: Some(SanitizeFilename::Fn(Arc::new(neutral))),
        sourcemap: Some(SourceMapType::Hidden),
        sourcemap_path_transform: Some(SourceMapPathTransform::new(Arc::new(source))),
        ..Default::default()
    }
}

fn collect(tree: &Tree, plugin: &EdgePlugin, output: BundleOutput) -> Result<Bundled, BundleError> {
    let mut bundled = Bundled {
        main: MAIN.to_owned(),
        modules: Vec::new(),
        source_maps: Vec::new(),
        packages: Vec::new(),
        node_builtins: Vec::new(),
    };
    let (mut imports, mut origins) = (BTreeSet::new(), BTreeSet::new());
    for item in &output.assets {
        match item {
            Output::Chunk(chunk) => {
                imports.extend(chunk.imports.iter().chain(&chunk.dynamic_imports).map(|id| id.to_string()));
                let included = chunk.modules.keys.iter().zip(&chunk.modules.values);
                let included = included.filter(|(_, module)| module.rendered_length() > 0);
                origins.extend(included.map(|(id, _)| id.to_string()));
                bundled.modules.push(Module {
                    path: chunk.filename.to_string(),
                    kind: ModuleKind::Esm,
                    bytes: chunk.code.clone().into_bytes(),
                });
            }
            Output::Asset(asset) => {
                let module = asset.filename.strip_suffix(".map").ok_or_else(|| BundleError::Internal {
                    reason: format!("`{}` is an output of no known kind", asset.filename),
                })?;
                bundled
                    .source_maps
                    .push(SourceMap { module: module.to_owned(), bytes: asset.source.as_bytes().to_vec() });
            }
        }
    }
    for asset in plugin.take_assets() {
        if imports.contains(&format!("./{}", asset.module.path)) {
            origins.insert(asset.origin);
            bundled.modules.push(asset.module);
        }
    }
    bundled.modules.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    bundled.source_maps.sort_unstable_by(|a, b| a.module.cmp(&b.module));
    bundled.node_builtins = imports.into_iter().filter(|id| id.starts_with("node:")).collect();
    let packages: BTreeSet<BundledPackage> =
        origins.iter().filter_map(|id| tree.package(id)).map(BundledPackage::from).collect();
    bundled.packages = packages.into_iter().collect();
    Ok(bundled)
}
