//! From a source folder to modules that run on the edge.
//!
//! ```text
//!  package.json ─┬─ lock file → lock ──────────┐
//!                └─ registry → resolve ────────┤
//!                                              ▼
//!                        graph (name, version, SHA-512, who depends on whom)
//!                                              │ fetch: checked, cached under the hash
//!                                              │ checks: registry's signatures, description = archive
//!                                              ▼
//!  source folder ────────────────→ tree: /p/app/…, /p/npm/<name>@<version>/…
//!                                              │ bundle (rolldown)
//!                                              ▼
//!                                  Bundle: modules, source maps, what went in
//! ```
//!
//! The same folder gives the same bytes: wherever it lies, whenever and with however many threads it is bundled.
//! Without a lock file the registry decides which versions are the newest; [`Bundle::lock`] tells two outcomes apart.
//!
//! This crate knows nothing of Cidery's signatures, of content ids, nor of the registry that the modules will go to. It runs
//! no code of the packages: there are no install scripts.

mod bundle;
mod cache;
mod checks;
mod error;
mod fetch;
mod graph;
mod http;
mod import;
mod imported_by;
mod integrity;
mod lock;
mod module_id;
mod network;
mod npmrc;
mod package_files;
mod package_json;
mod project;
mod resolve;
mod semver;
mod settings;
mod unpack;
mod weight;
mod workspace;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

pub use cidery_protocol::manifest::ModuleKind;

use self::cache::Cache;
pub use self::checks::{Attested, Checked};
use self::checks::{Description, Verdicts};
pub use self::error::BundleError;
use self::fetch::Fetcher;
use self::graph::{Graph, Package};
pub use self::import::{Import, Imported, Skipped, import};
pub use self::imported_by::imported_by;
pub use self::package_files::package_files;
use self::package_json::PackageJson;
use self::project::Project;
use self::settings::Settings;
pub use self::unpack::unpack;
pub use self::weight::{FileWeight, Origins, Weight};
use self::workspace::Workspace;

/// How to bundle.
#[derive(Debug, Clone)]
pub struct Options {
    /// The entry module, relative to the folder; without it `package.json` says, or the usual places are tried.
    pub entry: Option<String>,
    /// Where fetched packages are kept; any number of processes may share it.
    pub cache_dir: PathBuf,
    /// The npm registry; without it `npm_config_registry` and `.npmrc` say.
    pub registry: Option<String>,
    /// Whether nothing may be asked of the network: what is not in the cache is an error. npm's setting `offline` says
    /// so, too.
    pub offline: bool,
    /// How many threads may work; without it as many as there are cores. The output does not depend on it.
    pub threads: Option<usize>,
    /// Whether names and white space are shortened.
    pub minify: bool,
    /// The conditions that hold in `exports` and `imports` maps, beside `import` or `require` and `default`. With
    /// `browser`, the `browser` field of packages counts, too.
    pub conditions: Vec<String>,
    /// The runtime's compatibility date, `YYYY-MM-DD`: it decides which of Node's modules there are. Without it, all
    /// that there are by now.
    pub compatibility_date: Option<String>,
    /// Packages that another module stands for, by their names.
    pub replace: BTreeMap<String, Replacement>,
    /// Packages of the registry that the modules will go to: what the project's own modules import of them stays outside.
    /// By the names that they have in the code.
    pub links: BTreeMap<String, Link>,
    /// Before when packages must have been published, as their registry says: younger versions are not resolved, and
    /// refused where a lock file or an exact version asks for them.
    pub published_before: Option<SystemTime>,
    /// Whose attestations are verified, where registries offer any.
    pub attested: Attested,
}

/// A package that stays a package of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// What can be imported of it, by the names in its `exports`: `.`, `./x`.
    pub modules: BTreeMap<String, LinkedModule>,
}

/// A module of a linked package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedModule {
    /// How a module at the top of the project's own output imports it: `../bafyr4i…/index.js`.
    pub specifier: String,
    /// Its content. One that exports a default and nothing else is taken for CommonJS.
    pub code: Vec<u8>,
}

/// What stands for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// The module of the reviewed table.
    Reviewed,
    /// A file of the project, by its path in it.
    Local(String),
}

impl Options {
    /// The usual options, with a folder for the cache.
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            entry: None,
            cache_dir: cache_dir.into(),
            registry: None,
            offline: false,
            threads: None,
            minify: true,
            conditions: ["workerd", "worker", "browser"].map(str::to_owned).to_vec(),
            compatibility_date: None,
            replace: BTreeMap::new(),
            links: BTreeMap::new(),
            published_before: None,
            attested: Attested::default(),
        }
    }

    /// For a runtime with Node's built-in modules, as Workers have them with `nodejs_compat`: packages show the faces that
    /// they have for Node, and not those for browsers, which say what to do without these modules.
    pub fn with_nodejs(mut self) -> Self {
        self.conditions.retain(|condition| condition != "browser");
        self
    }
}

/// Told how far bundling has come. `()` ignores it.
pub trait Progress: Send + Sync {
    /// While dependencies are resolved: so many packages have been looked up in a registry.
    fn described(&self, packages: usize) {
        let _ = packages;
    }
    /// The dependencies are known: so many packages.
    fn resolved(&self, packages: usize) {
        let _ = packages;
    }
    /// `done` of `total` packages are in the cache.
    fn fetched(&self, done: usize, total: usize) {
        let _ = (done, total);
    }
    /// What registries say of packages is compared with their archives, and their signatures are verified.
    fn checked(&self, checked: Checked) {
        let _ = checked;
    }
    /// Everything is there; the modules are being made.
    fn bundling(&self) {}
}

impl Progress for () {}

/// What a folder was made into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The path of the main module.
    pub main: String,
    /// The paths of the modules that other packages may import, by the names that npm's `exports` gives them (`.`,
    /// `./cors`); empty where it is the main one alone.
    pub exports: BTreeMap<String, String>,
    /// All modules, sorted by path.
    pub modules: Vec<Module>,
    /// The source maps, sorted by the path of their module.
    pub source_maps: Vec<SourceMap>,
    /// The packages whose code went in, sorted.
    pub bundled: Vec<BundledPackage>,
    /// Those of [`Options::links`] that the modules import, with the specifiers by which they do.
    pub linked: BTreeMap<String, BTreeSet<String>>,
    /// The packages of registries that the folder's own `package.json` asks for, sorted by alias.
    pub direct: Vec<DirectDependency>,
    /// SHA-256 of what the dependencies were resolved to: one line `name@version integrity` a package, sorted.
    pub lock: [u8; 32],
    /// The built-in modules of Node.js that the modules import (`node:fs`), sorted: they need `nodejs_compat`.
    pub node_builtins: Vec<String>,
    /// What is worth a word, and no reason to fail: what a package asks for and can do without, sorted.
    pub warnings: Vec<String>,
    /// Where the modules are from: [`Bundle::weights`] needs it.
    pub origins: Origins,
    /// The names and versions of the tools that made the modules, and with which settings.
    pub tool: String,
}

/// A module that the runtime loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// A relative path of letters, digits and `._@+~-`, by which other modules import it.
    pub path: String,
    /// How the runtime reads it.
    pub kind: ModuleKind,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A source map, version 3; its sources are `app/…`, `npm/<name>@<version>/…`, and `cidery/…` for what the bundler adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceMap {
    /// The path of the module that it belongs to.
    pub module: String,
    /// JSON.
    pub bytes: Vec<u8>,
}

/// An npm package whose code is in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BundledPackage {
    /// Its name in the registry.
    pub name: String,
    /// Its exact version; with `+replaced` at its end where another module stands for it.
    pub version: String,
    /// The SHA-512 of its archive, or of the module that stands for it, as npm writes it: `sha512-<base64>`.
    /// None for a folder: a member of the workspace, or a `file:` dependency.
    pub integrity: Option<String>,
}

/// A package of an npm registry that a project depends on itself, and what was verified of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirectDependency {
    /// The name that the project imports it by.
    pub alias: String,
    /// Its name in the registry.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// The SHA-512 of its archive, as npm writes it: `sha512-<base64>`.
    pub integrity: String,
    /// What else the registry said of it and was verified, sorted: the words of `npm.checked` (SPEC §6.2). Empty
    /// where nothing was offered; what was offered and is wrong is an error.
    pub checked: Vec<String>,
}

impl From<&Package> for BundledPackage {
    fn from(package: &Package) -> Self {
        let (name, version) = (package.name.clone(), package.version.clone());
        Self { name, version, integrity: package.integrity().map(|integrity| integrity.to_string()) }
    }
}

/// Makes modules of the package in `dir`.
///
/// 1. The dependencies are taken from `package-lock.json` (versions 2 and 3), `pnpm-lock.yaml` (9.0) or `bun.lock`
///    exactly as they are locked; where there is none, they are resolved as npm does. In a workspace, its lock file
///    counts. Development dependencies are left out.
/// 2. Their archives are fetched into the cache, each checked against its SHA-512. Once for each archive, the signatures
///    of its registry are verified, where it offers any, and its `package.json` must agree with what the registry says.
/// 3. The entry and all it imports become one module, with further ones for dynamic imports, and for `.wasm`,
///    `.txt`, `.html`, `.sql` and `.bin` files. Without dependencies, nothing is asked of the network.
///
/// # Errors
///
/// [`BundleError`] says which package, file or import is at fault.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let (folder, cache) = (dir.path().join("hello"), dir.path().join("cache"));
/// # std::fs::create_dir(&folder)?;
/// std::fs::write(folder.join("index.ts"), "export default { fetch: (): Response => new Response('hi') };")?;
/// let bundle = cidery_bundler::bundle(&folder, &cidery_bundler::Options::new(cache), &()).await?;
/// assert_eq!(bundle.main, "index.js");
/// assert!(bundle.bundled.is_empty());
/// # Ok(())
/// # }
/// ```
pub async fn bundle(dir: &Path, options: &Options, progress: &dyn Progress) -> Result<Bundle, BundleError> {
    let project = Project::open(dir)?;
    let package = project.package_json()?;
    let entry = project.entry(options.entry.as_deref(), &package)?;
    let cache = Cache::new(&options.cache_dir);
    let (graph, verdicts) = dependencies(&project, package, options, progress).await?;
    let (lock, direct) = (graph.lock(), direct(&graph, &verdicts));

    progress.bundling();
    let tree = bundle::Tree::new(project, graph, cache);
    let settings = settings(options, vec![format!("{}/{entry}", module_id::APP)]);
    let bundled = blocking(move || bundle::bundle(&tree, &settings)).await?;
    Ok(Bundle::new(bundled, direct, lock, options))
}

/// What decides the output, beside the tree.
fn settings(options: &Options, entries: Vec<String>) -> bundle::Settings {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    bundle::Settings {
        entries,
        threads: options.threads.unwrap_or(cores).max(1),
        minify: options.minify,
        conditions: options.conditions.clone(),
        date: options.compatibility_date.clone().unwrap_or_else(|| "9999-12-31".to_owned()),
        replace: options.replace.clone(),
        links: options.links.clone(),
    }
}

impl Bundle {
    fn new(
        bundled: bundle::Bundled,
        direct: Vec<DirectDependency>,
        lock: [u8; 32],
        options: &Options,
    ) -> Self {
        Self {
            main: bundled.main,
            exports: BTreeMap::new(),
            modules: bundled.modules,
            source_maps: bundled.source_maps,
            bundled: bundled.packages,
            linked: bundled.linked,
            direct,
            lock,
            node_builtins: bundled.node_builtins,
            warnings: bundled.warnings,
            origins: bundled.origins,
            tool: tool(options, bundled.tsconfig.as_deref()),
        }
    }
}

/// The npm packages that the one in `dir` depends on, sorted, each once: what [`bundle`] fetches before it begins.
///
/// # Errors
///
/// [`BundleError`] where a lock file cannot be honoured, or the dependencies have no solution.
pub async fn packages(
    dir: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<BundledPackage>, BundleError> {
    let project = Project::open(dir)?;
    let package = project.package_json()?;
    let resolved = resolved(&project, package, options, progress).await?;
    let mut packages: Vec<_> = resolved.graph.packages.iter().map(BundledPackage::from).collect();
    packages.dedup();
    Ok(packages)
}

/// The tools that made a bundle, and the settings that are not in the sources or not the usual ones.
fn tool(options: &Options, tsconfig: Option<&str>) -> String {
    let mut tool = format!("cidery-bundler {} rolldown {}", env!("CARGO_PKG_VERSION"), bundle::ROLLDOWN);
    if options.conditions != Options::new("").conditions {
        tool.push_str(&format!(" conditions {}", options.conditions.join(",")));
    }
    if let Some(tsconfig) = tsconfig {
        tool.push_str(&format!(" tsconfig {tsconfig}"));
    }
    tool
}

/// Resolves, fetches and checks what the project depends on.
async fn dependencies(
    project: &Project,
    package: PackageJson,
    options: &Options,
    progress: &dyn Progress,
) -> Result<(Graph, Verdicts), BundleError> {
    let Resolved { graph, fetcher, described } = resolved(project, package, options, progress).await?;
    let Some(fetcher) = fetcher else { return Ok((graph, Verdicts::default())) };
    fetcher.archives(&graph, progress).await?;
    let verdicts = checks::check(&fetcher, &graph, described, progress).await?;
    Ok((graph, verdicts))
}

fn direct(graph: &Graph, verdicts: &Verdicts) -> Vec<DirectDependency> {
    let dependency = |(alias, &index): (&String, &usize)| {
        let package = &graph.packages[index];
        Some(DirectDependency {
            alias: alias.clone(),
            name: package.name.clone(),
            version: package.version.clone(),
            integrity: package.integrity()?.to_string(),
            checked: verdicts.of(package),
        })
    };
    graph.root.iter().filter_map(dependency).collect()
}

/// What a project depends on.
#[derive(Default)]
struct Resolved {
    graph: Graph,
    /// What asks the registries; none where there is nothing to ask for.
    fetcher: Option<Arc<Fetcher>>,
    /// What registries have said of packages already.
    described: HashMap<String, Description>,
}

/// Reads the lock file, or asks the registries; none is asked where there are no dependencies.
async fn resolved(
    project: &Project,
    package: PackageJson,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Resolved, BundleError> {
    if package.wanted().is_empty() {
        progress.resolved(0);
        return Ok(Resolved::default());
    }
    let workspace = Workspace::find(project)?;
    let fetcher = Arc::new(Fetcher::new(&Settings::read(workspace.root.root())?, options)?);
    let (graph, described) = match lock::read(&workspace, &package, &fetcher.registries)? {
        Some(graph) => (graph, HashMap::new()),
        None => solved(workspace, project.clone(), package, Arc::clone(&fetcher), progress).await?,
    };
    progress.resolved(graph.packages.len());
    Ok(Resolved { graph, fetcher: Some(fetcher), described })
}

/// Resolves on a thread that the solver's futures stay on.
async fn solved(
    workspace: Workspace,
    project: Project,
    package: PackageJson,
    fetcher: Arc<Fetcher>,
    progress: &dyn Progress,
) -> Result<(Graph, HashMap<String, Description>), BundleError> {
    let (sender, mut counts) = tokio::sync::mpsc::unbounded_channel();
    let runtime = tokio::runtime::Handle::current();
    let work = blocking(move || {
        let described = move |count| {
            // Nobody listens any more once the caller has gone.
            let _ = sender.send(count);
        };
        runtime.block_on(resolve::resolve(&workspace, &project, &package, fetcher, described))
    });
    tokio::pin!(work);
    loop {
        tokio::select! {
            solved = &mut work => return solved,
            Some(count) = counts.recv() => progress.described(count),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BundleError> + Send + 'static,
) -> Result<T, BundleError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(BundleError::Internal { reason: error.to_string() }))
}
