//! The bundling itself: the only folder that knows rolldown.
//!
//! ```text
//!  tree ─► edge: what each specifier stands for, by resolvers, builtins, replacements, assets
//!            │ plugin (rolldown's hooks) ─► rewrite: code that means a disk, or brings WebAssembly
//!            ▼
//!          rolldown, again while Workers, or packages with two faces, turn up ─► output ─► collect
//! ```
//!
//! rolldown sees a [`Tree`] without real paths, and has every option set whose default depends on the machine, so
//! that its output depends on the code alone.

mod assets;
mod builtins;
mod collect;
mod created_require;
mod decorators;
mod diagnostics;
mod edge;
mod exports;
mod facts;
mod json;
mod made;
mod options;
mod plugin;
mod replacements;
mod resolvers;
mod rewrite;
mod tree;
mod wasm;

use std::collections::BTreeMap;
use std::sync::Arc;

use rolldown::{BundleFactory, BundleFactoryOptions};

pub(crate) use self::collect::Bundled;
pub(crate) use self::exports::{Exports, exports};
use self::edge::{Edge, Known};
use self::plugin::EdgePlugin;
pub(crate) use self::tree::Tree;
use crate::{BundleError, Replacement};

/// The version that is pinned in the workspace.
pub(crate) const ROLLDOWN: &str = "1.2.5";

const MAIN: &str = "index.js";
/// Each round but the last finds something that was not known before it.
const ROUNDS: usize = 16;

/// What decides the output, beside the tree.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The virtual ids of the entry modules: the main one, and those that others may import.
    pub(crate) entries: Vec<String>,
    pub(crate) threads: usize,
    pub(crate) minify: bool,
    pub(crate) conditions: Vec<String>,
    /// The compatibility date.
    pub(crate) date: String,
    pub(crate) replace: BTreeMap<String, Replacement>,
}

/// Bundles the main module of the project. Runs on threads of its own, and waits for them.
///
/// Workers become entries, and entries must be known from the beginning; so must be which of its faces a package shows.
pub(crate) fn bundle(tree: &Tree, settings: &Settings) -> Result<Bundled, BundleError> {
    let internal = |error: &dyn std::error::Error| BundleError::Internal { reason: error.to_string() };
    let threads = settings.threads;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| internal(&e))?;
    let mut known = Known::default();
    for _ in 0..ROUNDS {
        // Between two rounds the pool is left alone: rolldown waits until it has dropped there what the first one held.
        let (bundled, next) = pool.install(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .enable_all()
                .build()
                .map_err(|error| internal(&error))?;
            runtime.block_on(round(tree, settings, known.clone()))
        })?;
        if next == known {
            return Ok(bundled);
        }
        known = next;
    }
    Err(BundleError::Internal { reason: format!("{ROUNDS} rounds were not enough") })
}

async fn round(tree: &Tree, settings: &Settings, known: Known) -> Result<(Bundled, Known), BundleError> {
    let edge = Arc::new(Edge::new(tree, settings, known)?);
    let resolver = &edge.resolvers.rolldown;
    let mut factory = BundleFactory::new(BundleFactoryOptions {
        bundler_options: options::bundler(settings, &edge.resolvers),
        plugins: vec![Arc::new(EdgePlugin::new(Arc::clone(&edge))) as _],
        session: None,
        disable_tracing_setup: true,
    })
    .map_err(|problems| diagnostics::error(problems.into_vec(), resolver))?;
    let result = factory.create_bundle_with_fs(tree.clone(), Arc::clone(resolver)).generate().await;
    // Behind what rolldown reports may be a file that could not be had.
    if let Some(failure) = edge.take_failure() {
        return Err(failure);
    }
    let output = result.map_err(|problems| diagnostics::error(problems.into_vec(), resolver))?;
    let output = diagnostics::refuse_warnings(output, resolver)?;
    let findings = edge.take_findings();
    let next = findings.known(&edge.known);
    Ok((collect::collect(&edge, findings, output)?, next))
}
