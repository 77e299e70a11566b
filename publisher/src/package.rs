//! A package folder: what `cidery.toml` says of it, and what the bundler makes of it.
//!
//! ```text
//!  cidery.toml ──► Package ──┐
//!  sources ──► Bundle ───────┴──► Made: the manifest, and the blobs that it names
//! ```

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cidery_bundler::{Attested, Bundle, BundledPackage, Options, Replacement};
use cidery_protocol::manifest::{
    Bundled, Compatibility, Export, Manifest, ManifestBody, ManifestFormat, Module, NeedLimits, Needs,
    SourceMap,
};
use cidery_protocol::{Build, Cid, Codec, PackageName, Version};
use cidery_verifier::Request;
use serde::{Deserialize, Deserializer, de};

use crate::args;
use crate::commands::Context;
use crate::failure::Failure;
use crate::links::Links;
use crate::output::Output;
use crate::reference::Reference;
use crate::seconds::Seconds;

/// The file in a package folder that says what npm's `package.json` has no words for.
pub(crate) const FILE: &str = "cidery.toml";
/// Bytes of it that are read.
const FILE_BYTES: u64 = 1 << 20;
/// The flag without which a runtime has none of Node's modules.
pub(crate) const NODE_FLAG: &str = "nodejs_compat";

/// `cidery.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    /// `@scope/name`.
    pub(crate) name: PackageName,
    /// The version that is published next.
    pub(crate) version: Version,
    /// The entry module, relative to the folder; without it `package.json` says.
    entry: Option<String>,
    compatibility: CompatibilityTable,
    #[serde(default)]
    needs: NeedsTable,
    #[serde(default, rename = "bundle")]
    conditions: BundleTable,
    #[serde(default)]
    npm: NpmTable,
    /// Packages that another module stands for.
    #[serde(default)]
    replace: BTreeMap<String, Replace>,
    /// Packages that are linked, by the names that they have in the code.
    #[serde(default)]
    imports: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompatibilityTable {
    date: String,
    #[serde(default)]
    flags: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NeedsTable {
    egress: Vec<String>,
    bindings: Vec<String>,
    limits: NeedLimits,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BundleTable {
    /// What holds in `exports` maps, beside what always does.
    conditions: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct NpmTable {
    /// Younger versions are not taken.
    #[serde(deserialize_with = "duration")]
    min_age: Option<Seconds>,
    provenance: ProvenanceOf,
}

/// Whose provenance is verified, where it is offered.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ProvenanceOf {
    #[default]
    Direct,
    All,
}

impl From<ProvenanceOf> for Attested {
    fn from(of: ProvenanceOf) -> Self {
        match of {
            ProvenanceOf::Direct => Attested::Direct,
            ProvenanceOf::All => Attested::All,
        }
    }
}

fn duration<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Seconds>, D::Error> {
    String::deserialize(input)?.parse().map(Some).map_err(de::Error::custom)
}

/// What stands for a package.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "wanted true, for the module of the reviewed table, or the path of a file")]
enum Replace {
    Reviewed(bool),
    Local(String),
}

/// A package's code, named by its content.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// The code's identity.
    pub(crate) manifest: Manifest,
    /// Every blob that it names: modules and source maps.
    pub(crate) blobs: BTreeMap<Cid, Vec<u8>>,
    /// How it was made, for the release's record.
    pub(crate) build: Build,
}

impl Package {
    /// Reads a folder's `cidery.toml`.
    ///
    /// # Errors
    /// [`Failure::File`] where there is none, [`Failure::Config`] where it breaks its format.
    pub(crate) fn read(dir: &Path) -> Result<Self, Failure> {
        let file = dir.join(FILE);
        let invalid = |reason: String| Failure::Config { file: file.clone(), reason };
        let length = fs::metadata(&file).map_err(Failure::file("read", &file))?.len();
        if length > FILE_BYTES {
            return Err(invalid(format!("it has {length} bytes, at most {FILE_BYTES} allowed")));
        }
        let text = fs::read_to_string(&file).map_err(Failure::file("read", &file))?;
        toml::from_str(&text).map_err(|error| invalid(error.to_string().trim_end().to_owned()))
    }

    /// A package that has no folder.
    pub(crate) fn without_folder(
        name: PackageName,
        version: Version,
        date: String,
        flags: Vec<String>,
    ) -> Self {
        Package {
            name,
            version,
            entry: None,
            compatibility: CompatibilityTable { date, flags },
            needs: NeedsTable::default(),
            conditions: BundleTable::default(),
            replace: BTreeMap::new(),
            npm: NpmTable::default(),
            imports: BTreeMap::new(),
        }
    }

    /// The packages that it links: `"@acme/util" = "^1"`, or under another name `util = "@acme/util@^1"`.
    ///
    /// # Errors
    /// [`Failure::Usage`] where one is neither.
    pub(crate) fn imports(&self) -> Result<BTreeMap<String, Request>, Failure> {
        let read = |(name, wanted): (&String, &String)| {
            let text = if wanted.starts_with('@') { wanted.clone() } else { format!("{name}@{wanted}") };
            match text.parse() {
                Ok(Reference::Named(request)) => Ok((name.clone(), request)),
                _ => Err(Failure::Usage {
                    reason: format!("`{name} = \"{wanted}\"` under [imports] in {FILE} names no release"),
                    hint: Some(
                        "wanted `\"@scope/name\" = \"^1\"`, or `name = \"@scope/name@^1\"`".to_owned(),
                    ),
                }),
            }
        };
        self.imports.iter().map(read).collect()
    }

    /// Bundles the folder, and names what came out.
    ///
    /// # Errors
    /// What the bundler says, or the rule of SPEC §5 that the outcome breaks.
    pub(crate) async fn make(
        &self,
        dir: &Path,
        options: &Options,
        links: &Links,
        output: &Output,
    ) -> Result<Made, Failure> {
        self.name_content(self.bundle(dir, options, links, output).await?, links)
    }

    /// Bundles the folder; what `npm` says goes before what the file does.
    ///
    /// # Errors
    /// What the bundler says.
    pub(crate) async fn bundle(
        &self,
        dir: &Path,
        options: &Options,
        links: &Links,
        output: &Output,
    ) -> Result<Bundle, Failure> {
        let mut options = options.clone();
        options.links = links.for_bundler();
        options.entry.clone_from(&self.entry);
        options.compatibility_date = Some(self.compatibility.date.clone());
        options.replace = self.replacements();
        options.attested = self.npm.provenance.into();
        options.published_before = options.published_before.or(self.npm.min_age.and_then(before));
        if self.compatibility.flags.iter().any(|flag| flag == NODE_FLAG) {
            options = options.with_nodejs();
        }
        if let Some(conditions) = &self.conditions.conditions {
            options.conditions.clone_from(conditions);
        }
        let bundle = cidery_bundler::bundle(dir, &options, output).await?;
        for warning in &bundle.warnings {
            output.note(format_args!("warning: {warning}"));
        }
        for name in links.unused(&bundle.linked) {
            output.note(format_args!("warning: nothing imports `{name}`, which is left out of the manifest"));
        }
        Ok(bundle)
    }

    /// `false` is for a package that is not to be replaced.
    fn replacements(&self) -> BTreeMap<String, Replacement> {
        let replacement = |replace: &Replace| match replace {
            Replace::Reviewed(wanted) => wanted.then_some(Replacement::Reviewed),
            Replace::Local(path) => Some(Replacement::Local(path.clone())),
        };
        self.replace
            .iter()
            .filter_map(|(name, replace)| Some((name.clone(), replacement(replace)?)))
            .collect()
    }

    /// Names what the bundler made.
    ///
    /// # Errors
    /// The rule of SPEC §5 that it breaks.
    pub(crate) fn name_content(&self, bundle: Bundle, links: &Links) -> Result<Made, Failure> {
        let flags = sorted(&self.compatibility.flags);
        links.check(&bundle.linked, &flags)?;
        if let Some(builtin) = bundle.node_builtins.first()
            && !flags.iter().any(|flag| flag == NODE_FLAG)
        {
            return Err(Failure::Usage {
                reason: format!(
                    "the code imports `{builtin}`, which the runtime has only with `{NODE_FLAG}`"
                ),
                hint: Some(format!("put flags = [\"{NODE_FLAG}\"] under [compatibility] in {FILE}")),
            });
        }
        let lock = (!bundle.bundled.is_empty()).then(|| serde_bytes::ByteArray::new(bundle.lock));
        let build = Build { tool: bundle.tool, lock };
        let mut modules: Vec<Module> = bundle
            .modules
            .iter()
            .map(|module| Module::describe(&module.path, module.kind, &module.bytes))
            .collect();
        modules.sort_by(|a, b| a.path.cmp(&b.path));
        let maps = bundle.source_maps.iter().map(|map| SourceMap {
            module: map.module.clone(),
            cid: Cid::of(Codec::Raw, &map.bytes),
            size: map.bytes.len() as u64,
        });
        let manifest = Manifest::encode(ManifestBody {
            format: ManifestFormat::V1,
            main: bundle.main,
            exports: exports(bundle.exports),
            modules,
            compatibility: Compatibility { date: self.compatibility.date.clone(), flags },
            needs: Needs {
                egress: sorted(&self.needs.egress),
                bindings: sorted(&self.needs.bindings),
                limits: self.needs.limits,
            },
            imports: links.imports(&bundle.linked),
            bundled: bundle.bundled.into_iter().map(bundled).collect(),
            source_maps: maps.collect(),
        })?;
        let contents = bundle.modules.into_iter().map(|module| module.bytes);
        let contents = contents.chain(bundle.source_maps.into_iter().map(|map| map.bytes));
        let blobs = contents.map(|bytes| (Cid::of(Codec::Raw, &bytes), bytes)).collect();
        Ok(Made { manifest, blobs, build })
    }
}

/// How everything is bundled.
///
/// # Errors
/// [`Failure::Usage`] where the environment says something else than a number of threads.
pub(crate) fn options(context: &Context, args: &args::Npm) -> Result<Options, Failure> {
    let cache = context.folders.cache.join("npm");
    let published_before = args.min_age.and_then(before);
    Ok(Options { threads: threads()?, offline: args.offline, published_before, ..Options::new(cache) })
}

/// The time that was so long ago.
fn before(Seconds(age): Seconds) -> Option<SystemTime> {
    SystemTime::now().checked_sub(Duration::from_secs(age))
}

/// `CIDERY_THREADS`, for machines that are shared: the outcome does not depend on it.
fn threads() -> Result<Option<usize>, Failure> {
    let Some(text) = env::var_os("CIDERY_THREADS").filter(|text| !text.is_empty()) else { return Ok(None) };
    let number =
        text.to_str().and_then(|text| text.parse().ok()).filter(|number| (1..=1024).contains(number));
    number.map(Some).ok_or_else(|| Failure::Usage {
        reason: "CIDERY_THREADS is not a number from 1 to 1024".to_owned(),
        hint: None,
    })
}

/// None where there is nothing to import but the main module.
fn exports(exports: BTreeMap<String, String>) -> Option<Vec<Export>> {
    let exports: Vec<Export> = exports.into_iter().map(|(name, module)| Export { name, module }).collect();
    (!exports.is_empty()).then_some(exports)
}

fn bundled(package: BundledPackage) -> Bundled {
    let BundledPackage { name, version, integrity } = package;
    Bundled { name, version, integrity }
}

/// In the order of SPEC §5.2, whatever the order in the file.
fn sorted(list: &[String]) -> Vec<String> {
    list.iter().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use cidery_bundler::Origins;

    use super::*;

    fn read(text: &str) -> Result<Package, Failure> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), text).unwrap();
        Package::read(dir.path())
    }

    const SMALL: &str = "name = \"@acme/a\"\nversion = \"1.0.0\"\n[compatibility]\ndate = \"2026-11-01\"\n";

    #[test]
    fn reads_what_is_needed_and_refuses_what_is_unknown() {
        assert_eq!(read(SMALL).unwrap().name.as_str(), "@acme/a");
        for text in [
            &SMALL.replace("acme", "Acme"),
            &SMALL.replace("1.0.0", "1.0"),
            &format!("{SMALL}flag = []\n"),
            &format!("licence = \"MIT\"\n{SMALL}"),
            "name = \"@acme/a\"\n",
        ] {
            assert!(matches!(read(text), Err(Failure::Config { .. })), "{text}");
        }
    }

    #[test]
    fn replacements_are_those_of_the_table_or_files() {
        let text = format!("{SMALL}[replace]\nuuid = true\nleft-pad = false\nother = \"./other.ts\"\n");
        let expected = [
            ("other".to_owned(), Replacement::Local("./other.ts".to_owned())),
            ("uuid".to_owned(), Replacement::Reviewed),
        ];
        assert_eq!(read(&text).unwrap().replacements(), expected.into());
        assert!(matches!(read(&format!("{SMALL}[replace]\nuuid = 1\n")), Err(Failure::Config { .. })));
    }

    #[test]
    fn npm_packages_have_an_age_and_provenance() {
        let package = read(&format!("{SMALL}[npm]\nmin-age = \"3d\"\nprovenance = \"all\"\n")).unwrap();
        assert_eq!(package.npm.min_age, Some(Seconds(259_200)));
        assert_eq!(Attested::from(package.npm.provenance), Attested::All);
        assert_eq!(Attested::from(read(SMALL).unwrap().npm.provenance), Attested::Direct);
        for line in ["min-age = 3", "min-age = \"3\"", "provenance = \"some\"", "age = \"3d\""] {
            assert!(
                matches!(read(&format!("{SMALL}[npm]\n{line}\n")), Err(Failure::Config { .. })),
                "{line}"
            );
        }
    }

    fn bundle(node_builtins: &[&str]) -> Bundle {
        let module = |path: &str, bytes: &[u8]| cidery_bundler::Module {
            path: path.to_owned(),
            kind: cidery_bundler::ModuleKind::Esm,
            bytes: bytes.to_vec(),
        };
        Bundle {
            main: "index.js".to_owned(),
            exports: BTreeMap::new(),
            modules: vec![module("index.js", b"export default {}"), module("a.js", b"export {}")],
            source_maps: Vec::new(),
            bundled: Vec::new(),
            linked: Default::default(),
            direct: Vec::new(),
            lock: [0; 32],
            node_builtins: node_builtins.iter().map(ToString::to_string).collect(),
            warnings: Vec::new(),
            origins: Origins::default(),
            tool: "tool 1".to_owned(),
        }
    }

    #[test]
    fn a_manifest_names_every_blob_and_keeps_spec_s_order() {
        let package = read(&format!("{SMALL}flags = [\"b\", \"a\", \"b\"]\n")).unwrap();
        let made = package.name_content(bundle(&[]), &Links::default()).unwrap();
        assert_eq!(made.manifest.body().compatibility.flags, ["a", "b"]);
        assert_eq!(
            made.manifest.body().blobs().into_keys().collect::<Vec<_>>(),
            made.blobs.into_keys().collect::<Vec<_>>()
        );
        assert_eq!(made.build.lock, None);
    }

    #[test]
    fn nodes_modules_want_their_flag() {
        let refused = read(SMALL).unwrap().name_content(bundle(&["node:fs"]), &Links::default()).unwrap_err();
        assert!(refused.to_string().contains("node:fs"), "{refused}");
        let package = read(&format!("{SMALL}flags = [\"nodejs_compat\"]\n")).unwrap();
        assert!(package.name_content(bundle(&["node:fs"]), &Links::default()).is_ok());
    }
}
