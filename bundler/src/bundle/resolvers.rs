//! Node's resolution over the tree, bent as bundlers bend it: conditions, `browser` maps, `module` fields, and the
//! `paths` of the project's `tsconfig.json`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use oxc_resolver::{
    ResolveError, ResolveOptions, ResolverGeneric, TsConfig, TsconfigDiscovery, TsconfigOptions,
    TsconfigReferences,
};
use rolldown_common::ImportKind;
use rolldown_fs::FileSystem as _;
use rolldown_resolver::Resolver;
use sha2::{Digest as _, Sha256};

use super::{Tree, options};
use crate::BundleError;
use crate::integrity::hex;
use crate::module_id::APP;

/// What a specifier leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The virtual path, with the query.
    pub(super) path: String,
    /// The `package.json` that says how the file is to be read.
    pub(super) package_json: Option<String>,
}

/// The resolvers for each way that a module can be asked for. All of them share one cache.
#[derive(Debug)]
pub(super) struct Resolvers {
    /// For what rolldown resolves on its own.
    pub(super) rolldown: Arc<Resolver<Tree>>,
    /// The project's own modules may use the `paths` of its `tsconfig.json`.
    app: Ways,
    packages: Ways,
    pub(super) tsconfig: Option<Arc<TsConfig>>,
}

/// Which of a package's entries is taken where it has no `exports` map: the one for bundlers, or Node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Module,
    Main,
}

#[derive(Debug)]
struct Ways {
    import: ResolverGeneric<Tree>,
    import_main: ResolverGeneric<Tree>,
    require: ResolverGeneric<Tree>,
    require_module: ResolverGeneric<Tree>,
    /// `#names` may lead to built-in modules.
    internal_import: ResolverGeneric<Tree>,
    internal_require: ResolverGeneric<Tree>,
}

impl Resolvers {
    pub(super) fn new(tree: &Tree, conditions: &[String]) -> Result<Self, BundleError> {
        let rolldown = Arc::new(Resolver::new(
            tree.clone(),
            APP.into(),
            options::RESOLUTION_PLATFORM,
            &rolldown::TsConfig::Auto(false),
            options::resolution(conditions),
        ));
        let base = rolldown.clone_default_resolver();
        let file = Path::new(APP).join("tsconfig.json");
        let tsconfig = if tree.exists(&file) {
            let invalid = |error: ResolveError| {
                BundleError::invalid("tsconfig.json", error.to_string().replace("/p/", ""))
            };
            Some(base.resolve_tsconfig(&file).map_err(invalid)?)
        } else {
            None
        };
        let discovery = tsconfig.as_ref().map(|_| {
            let references = TsconfigReferences::Disabled;
            TsconfigDiscovery::Manual(TsconfigOptions { config_file: file, references })
        });
        Ok(Self { app: Ways::new(&base, discovery), packages: Ways::new(&base, None), rolldown, tsconfig })
    }

    /// A word for what `tsconfig.json`, and what it extends, say of the output.
    pub(super) fn tsconfig_digest(&self) -> Option<String> {
        let options = &self.tsconfig.as_ref()?.compiler_options;
        let jsx =
            (&options.jsx, &options.jsx_factory, &options.jsx_fragment_factory, &options.jsx_import_source);
        let decorators =
            (options.experimental_decorators, options.emit_decorator_metadata, options.strict_null_checks);
        let rest = (&options.target, options.verbatim_module_syntax, &options.paths, &options.base_url);
        let text = format!("{jsx:?} {decorators:?} {rest:?}");
        Some(hex(&Sha256::digest(text))[..16].to_owned())
    }

    /// Whether decorators are TypeScript's old ones, which become calls.
    pub(super) fn has_old_decorators(&self) -> bool {
        let options = self.tsconfig.as_ref().map(|tsconfig| &tsconfig.compiler_options);
        options.is_some_and(|options| options.experimental_decorators == Some(true))
    }

    /// Resolves for an importing module, or for none.
    pub(super) fn resolve(
        &self,
        importer: Option<&str>,
        specifier: &str,
        kind: ImportKind,
        entry: Entry,
    ) -> Result<Found, ResolveError> {
        let app = importer.is_some_and(|importer| importer.starts_with(APP));
        let ways = if app { &self.app } else { &self.packages };
        let resolver = match (kind, entry) {
            (ImportKind::Require, _) if specifier.starts_with('#') => &ways.internal_require,
            (ImportKind::Require, Entry::Main) => &ways.require,
            (ImportKind::Require, Entry::Module) => &ways.require_module,
            _ if specifier.starts_with('#') => &ways.internal_import,
            (_, Entry::Module) => &ways.import,
            (_, Entry::Main) => &ways.import_main,
        };
        let found = match importer {
            Some(importer) if importer.starts_with('/') => resolver.resolve_file(importer, specifier)?,
            _ => resolver.resolve(APP, specifier)?,
        };
        let text = |path: PathBuf| path.to_str().map(str::to_owned);
        let path = text(found.full_path()).ok_or_else(|| ResolveError::NotFound(specifier.to_owned()))?;
        let package_json = found.package_json().and_then(|file| text(file.realpath.clone()));
        Ok(Found { path, package_json })
    }
}

impl Ways {
    fn new(base: &ResolverGeneric<Tree>, tsconfig: Option<TsconfigDiscovery>) -> Self {
        let options = |first: &str, main_fields: [&str; 2], builtin_modules: bool| {
            let base = base.options().clone();
            let mut condition_names = vec![first.to_owned()];
            condition_names.extend(base.condition_names);
            // `browser` goes first, where it counts at all.
            let mut fields: Vec<String> =
                base.main_fields.into_iter().filter(|field| field == "browser").collect();
            fields.extend(main_fields.map(str::to_owned));
            ResolveOptions {
                condition_names,
                main_fields: fields,
                builtin_modules,
                tsconfig: tsconfig.clone(),
                ..base
            }
        };
        let way = |first, fields, builtin| base.clone_with_options(options(first, fields, builtin));
        let (module_first, main_first) = (["module", "main"], ["main", "module"]);
        Self {
            import: way("import", module_first, false),
            import_main: way("import", main_first, false),
            require: way("require", main_first, false),
            require_module: way("require", module_first, false),
            internal_import: way("import", module_first, true),
            internal_require: way("require", main_first, true),
        }
    }
}
