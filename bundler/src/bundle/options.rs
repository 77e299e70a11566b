//! rolldown's options: each whose default depends on the machine is set.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use rolldown::{
    AttachDebugInfo, BundlerOptions, BundlerTransformOptions, ChunkFilenamesOutputOption, CommentsOptions,
    ExperimentalOptions, HashCharacters, OutputFormat, Platform, PreserveEntrySignatures, RawMinifyOptions,
    ResolveOptions, SanitizeFilename, SourceMapPathTransform, SourceMapType, TsConfig,
};
use rolldown_common::merge_tsconfig;

use super::resolvers::Resolvers;
use super::{MAIN, Settings};
use crate::module_id::{APP, segment, shown};

/// Where the modules would be written: it decides how source maps name their sources.
const OUT: &str = "/p/out";
/// Without a platform, nothing is resolved but by the rules that are given.
pub(super) const RESOLUTION_PLATFORM: Platform = Platform::Neutral;

type Later<T> = Pin<Box<dyn Future<Output = anyhow::Result<T>> + Send>>;

/// How modules are found. `import` or `require`, and `default`, always hold.
pub(super) fn resolution(conditions: &[String]) -> ResolveOptions {
    let browser = conditions.iter().any(|condition| condition == "browser").then(|| "browser".to_owned());
    let fields = ["module", "main"].map(str::to_owned);
    ResolveOptions {
        condition_names: Some(conditions.to_vec()),
        main_fields: Some(browser.clone().into_iter().chain(fields).collect()),
        alias_fields: Some(browser.into_iter().map(|field| vec![field]).collect()),
        ..Default::default()
    }
}

/// Everything else.
pub(super) fn bundler(settings: &Settings, resolvers: &Resolvers) -> BundlerOptions {
    let source = |source: &str, _: &str| {
        let source = shown(source.trim_start_matches("../")).to_owned();
        Box::pin(async move { Ok(source) }) as Later<String>
    };
    // The main module has a fixed name; a Worker of its own is named for its content, like a chunk.
    let main = settings.entries.first().cloned().unwrap_or_default();
    let file_name = move |chunk: &rolldown_common::RollupPreRenderedChunk| {
        let is_main = chunk.facade_module_id.as_ref().is_some_and(|id| id.as_str() == main);
        let name = if is_main { MAIN } else { "[name]-[hash].js" };
        Box::pin(async move { Ok(name.to_owned()) }) as Later<String>
    };
    BundlerOptions {
        input: Some(settings.entries.iter().cloned().map(Into::into).collect()),
        cwd: Some(APP.into()),
        dir: Some(OUT.to_owned()),
        // Of the output; `node` would begin each module with something that ends in workerd.
        platform: Some(Platform::Browser),
        format: Some(OutputFormat::Esm),
        resolve: Some(resolution(&settings.conditions)),
        tsconfig: Some(TsConfig::Auto(false)),
        transform: resolvers.tsconfig.as_ref().map(|tsconfig| {
            // What it warns of is a conflict with options that are not set here.
            merge_tsconfig(BundlerTransformOptions::default(), tsconfig, false).0
        }),
        define: Some(
            [("process.env.NODE_ENV", "'production'"), ("global", "globalThis")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
        ),
        minify: Some(RawMinifyOptions::Bool(settings.minify)),
        comments: Some(CommentsOptions { legal: true, annotation: false, jsdoc: false }),
        experimental: Some(ExperimentalOptions {
            attach_debug_info: Some(AttachDebugInfo::None),
            ..Default::default()
        }),
        // What the entry exports is what the runtime sees: nothing may be added.
        preserve_entry_signatures: Some(PreserveEntrySignatures::Strict),
        entry_filenames: Some(ChunkFilenamesOutputOption::Fn(Arc::new(file_name))),
        chunk_filenames: Some("[name]-[hash].js".to_owned().into()),
        hash_characters: Some(HashCharacters::Hex),
        sanitize_filename: Some(SanitizeFilename::Fn(Arc::new(|name: &str| {
            let name = neutral(name);
            Box::pin(async move { Ok(name) }) as Later<String>
        }))),
        sourcemap: Some(SourceMapType::Hidden),
        sourcemap_path_transform: Some(SourceMapPathTransform::new(Arc::new(source))),
        ..Default::default()
    }
}

/// One path segment that stands for a file, or for the name of a chunk.
pub(super) fn neutral(name: &str) -> String {
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str());
    segment(stem.unwrap_or(name))
}
