//! The manifest: what a package's code is (SPEC §5). It holds neither the package's name nor its version: the same code
//! has the same CID whoever publishes it.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

use crate::{
    Cid, Codec, Error, PackageName, Version, canonical, error::quote, grammar::is_word, limits, path,
};

const WHAT: &str = "manifest";

/// A valid manifest, with the bytes that it came in and their CID.
///
/// ```
/// use cidery_protocol::{Cid, Codec, manifest::*};
/// let code = b"export default { fetch() { return new Response('hello') } }";
/// let manifest = Manifest::encode(ManifestBody {
///     format: ManifestFormat::V1,
///     main: "index.js".into(),
///     exports: None,
///     modules: vec![Module::describe("index.js", ModuleKind::Esm, code)],
///     compatibility: Compatibility { date: "2026-11-01".into(), flags: vec![] },
///     needs: Needs::default(),
///     imports: vec![],
///     bundled: vec![],
///     source_maps: vec![],
/// })?;
/// assert_eq!(Manifest::decode(manifest.bytes())?, manifest);
/// assert_eq!(manifest.cid(), Cid::of(Codec::DagCbor, manifest.bytes()));
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    cid: Cid,
    bytes: Vec<u8>,
    body: ManifestBody,
}

impl Manifest {
    /// Encodes `body`, which must keep every rule of SPEC §5.2.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn encode(body: ManifestBody) -> Result<Self, Error> {
        body.validate()?;
        let bytes = canonical::encode(WHAT, &body)?;
        canonical::within(WHAT, limits::MANIFEST_BYTES, bytes.len())?;
        Ok(Manifest { cid: Cid::of(Codec::DagCbor, &bytes), bytes, body })
    }

    /// Decodes the bytes of a manifest, whatever their CID.
    ///
    /// # Errors
    /// [`Error::Limit`], [`Error::Cbor`], or the rule of SPEC §5.2 that is broken.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let body: ManifestBody = canonical::decode(WHAT, limits::MANIFEST_BYTES, bytes)?;
        body.validate()?;
        Ok(Manifest { cid: Cid::of(Codec::DagCbor, bytes), bytes: bytes.to_vec(), body })
    }

    /// Checks `bytes` against `cid`, then decodes them.
    ///
    /// # Errors
    /// As [`Manifest::decode`], and [`Error::Digest`] or [`Error::Cid`].
    pub fn verify(cid: Cid, bytes: &[u8]) -> Result<Self, Error> {
        canonical::within(WHAT, limits::MANIFEST_BYTES, bytes.len())?;
        cid.expect(Codec::DagCbor)?.check(bytes)?;
        Manifest::decode(bytes)
    }

    /// The code's identity.
    pub fn cid(&self) -> Cid {
        self.cid
    }

    /// The canonical bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the manifest says.
    pub fn body(&self) -> &ManifestBody {
        &self.body
    }
}

/// The content of a manifest. Only a [`Manifest`] is known to keep the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestBody {
    /// The layout.
    pub format: ManifestFormat,
    /// Path of the module that the isolate starts with; of kind `esm`.
    pub main: String,
    /// What packages that link this one may import, sorted by name (SPEC §5.6); without it, `main` as `.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exports: Option<Vec<Export>>,
    /// The modules, sorted by the bytes of their paths.
    pub modules: Vec<Module>,
    /// What the code expects of the runtime.
    pub compatibility: Compatibility,
    /// What the code asks for; a policy may grant less and never more.
    pub needs: Needs,
    /// Linked packages, sorted by name (SPEC §5.7).
    pub imports: Vec<Import>,
    /// npm packages whose code went into the modules, sorted by name and version.
    pub bundled: Vec<Bundled>,
    /// Source maps, sorted by module.
    #[serde(rename = "sourceMaps")]
    pub source_maps: Vec<SourceMap>,
}

/// A module that packages which link this one may import.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// `.` for the package itself, or `./x` for `x` in it.
    pub name: String,
    /// The module's path.
    pub module: String,
}

/// The layout of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ManifestFormat {
    /// SPEC §5.
    #[serde(rename = "cidery-manifest-v1")]
    V1,
}

/// One module of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its name in the isolate, relative: `lib/index.js`.
    pub path: String,
    /// How the runtime takes its bytes.
    pub kind: ModuleKind,
    /// The CID of its bytes.
    pub cid: Cid,
    /// The number of its bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, for tools that have no BLAKE3.
    pub sha256: ByteArray<32>,
}

impl Module {
    /// The entry for a module with these bytes.
    pub fn describe(path: &str, kind: ModuleKind, bytes: &[u8]) -> Self {
        use sha2::Digest;
        Module {
            path: path.to_owned(),
            kind,
            cid: Cid::of(Codec::Raw, bytes),
            size: bytes.len() as u64,
            sha256: ByteArray::new(sha2::Sha256::digest(bytes).into()),
        }
    }
}

/// How a runtime takes a module's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModuleKind {
    /// An ECMAScript module.
    Esm,
    /// A CommonJS module.
    Cjs,
    /// A WebAssembly module.
    Wasm,
    /// A JSON document.
    Json,
    /// A string.
    Text,
    /// An ArrayBuffer.
    Data,
}

impl ModuleKind {
    /// Whether the bytes are text: UTF-8 without a byte order mark (SPEC §5.3).
    pub const fn is_text(self) -> bool {
        matches!(self, ModuleKind::Esm | ModuleKind::Cjs | ModuleKind::Json | ModuleKind::Text)
    }

    /// The word in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            ModuleKind::Esm => "esm",
            ModuleKind::Cjs => "cjs",
            ModuleKind::Wasm => "wasm",
            ModuleKind::Json => "json",
            ModuleKind::Text => "text",
            ModuleKind::Data => "data",
        }
    }
}

/// What the code expects of the runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compatibility {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Flags such as `nodejs_compat`, sorted.
    pub flags: Vec<String>,
}

/// The capabilities that the code asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Hosts that it wants to reach, `host` or `host:port`, sorted.
    pub egress: Vec<String>,
    /// Names of the bindings that it expects in `env`, sorted.
    pub bindings: Vec<String>,
    /// The limits that it can live with.
    pub limits: NeedLimits,
}

/// Limits of an isolate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedLimits {
    /// CPU time per request, milliseconds.
    #[serde(rename = "cpuMs", default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u32>,
    /// Requests to others per request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subrequests: Option<u32>,
}

/// A linked package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The package.
    pub name: PackageName,
    /// The version whose modules are imported.
    pub version: Version,
    /// Its manifest.
    pub manifest: Cid,
}

/// An npm package whose code is part of the modules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundled {
    /// Its npm name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The integrity of its tarball, `sha512-…`; absent for a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// The source map of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceMap {
    /// The module's path.
    pub module: String,
    /// The CID of the map's bytes.
    pub cid: Cid,
    /// The number of its bytes.
    pub size: u64,
}

impl ManifestBody {
    /// Every blob that the manifest names, each once, with its size: modules and source maps.
    pub fn blobs(&self) -> std::collections::BTreeMap<Cid, u64> {
        let maps = self.source_maps.iter().map(|map| (map.cid, map.size));
        self.modules.iter().map(|module| (module.cid, module.size)).chain(maps).collect()
    }

    /// The module at `path`.
    pub fn module(&self, path: &str) -> Option<&Module> {
        let at = self.modules.binary_search_by(|module| module.path.as_str().cmp(path)).ok()?;
        self.modules.get(at)
    }

    /// The path of the module that a package which links this one gets by a name of SPEC §5.6; none where there is none.
    pub fn export(&self, name: &str) -> Option<&str> {
        match &self.exports {
            Some(exports) => {
                exports.iter().find(|export| export.name == name).map(|export| export.module.as_str())
            }
            None => (name == ".").then_some(self.main.as_str()),
        }
    }

    /// The numbers are those of SPEC §5.2.
    fn validate(&self) -> Result<(), Error> {
        // (1) between 1 and 1,000 modules, whose paths are allowed, sorted, and do not collide
        let count = self.modules.len();
        if count > limits::MANIFEST_MODULES {
            let limit = limits::MANIFEST_MODULES as u64;
            return Err(Error::Limit { what: "modules of a manifest", got: count as u64, limit });
        }
        path::check_all(self.modules.iter().map(|module| module.path.as_str()))?;
        // (2) `main` is one of them, of kind esm
        match self.module(&self.main) {
            Some(main) if main.kind == ModuleKind::Esm => {}
            Some(_) => return refused("the main module is not of kind esm"),
            None => return refused(format!("no module is at the main path `{}`", quote(&self.main))),
        }
        // (3) modules and maps are blobs of at most 64 MiB, the modules together too, and a CID has one size
        let mut sizes = std::collections::BTreeMap::new();
        let maps = self.source_maps.iter().map(|map| (map.cid, map.size));
        for (cid, size) in self.modules.iter().map(|module| (module.cid, module.size)).chain(maps) {
            cid.expect(Codec::Raw)?;
            if size > limits::BLOB_BYTES {
                return Err(Error::Limit { what: "bytes of a blob", got: size, limit: limits::BLOB_BYTES });
            }
            if *sizes.entry(cid).or_insert(size) != size {
                return refused(format!("two sizes are given for {cid}"));
            }
        }
        let total = self.modules.iter().fold(0, |sum: u64, module| sum.saturating_add(module.size));
        if total > limits::CODE_BYTES {
            return Err(Error::Limit { what: "bytes of all modules", got: total, limit: limits::CODE_BYTES });
        }
        let total = self.source_maps.iter().fold(0, |sum: u64, map| sum.saturating_add(map.size));
        if total > limits::CODE_BYTES {
            return Err(Error::Limit {
                what: "bytes of all source maps",
                got: total,
                limit: limits::CODE_BYTES,
            });
        }
        // (4) a map belongs to a module, and each module has at most one
        sorted("sourceMaps", &self.source_maps, |a, b| a.module < b.module)?;
        if let Some(map) = self.source_maps.iter().find(|map| self.module(&map.module).is_none()) {
            return refused(format!("a source map is for `{}`, which is no module", quote(&map.module)));
        }
        // (5) the compatibility date is a date, flags are words
        if !is_date(&self.compatibility.date) {
            return refused("the compatibility date is not YYYY-MM-DD");
        }
        let flags = &self.compatibility.flags;
        canonical::within("compatibility flags", limits::MANIFEST_WORDS, flags.len())?;
        sorted("compatibility flags", flags, |a, b| a < b)?;
        if !flags.iter().all(|flag| is_word(flag, 1..=64, b"_")) {
            return refused("a compatibility flag is a-z, 0-9 and _");
        }
        // (6) needs: hosts and names of bindings
        canonical::within("egress hosts", limits::MANIFEST_WORDS, self.needs.egress.len())?;
        canonical::within("bindings", limits::MANIFEST_WORDS, self.needs.bindings.len())?;
        sorted("egress hosts", &self.needs.egress, |a, b| a < b)?;
        if let Some(host) = self.needs.egress.iter().find(|host| !is_host(host)) {
            return refused(format!(
                "`{}` is not a host of a-z, 0-9, - and . with an optional port",
                quote(host)
            ));
        }
        sorted("bindings", &self.needs.bindings, |a, b| a < b)?;
        if let Some(name) = self.needs.bindings.iter().find(|name| !is_identifier(name)) {
            return refused(format!("`{}` is not the name of a binding", quote(name)));
        }
        // (7) what was bundled
        canonical::within("bundled packages", limits::MANIFEST_BUNDLED, self.bundled.len())?;
        sorted("bundled packages", &self.bundled, |a, b| a < b)?;
        let printable =
            |text: &str| (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        for package in &self.bundled {
            let integrity = package.integrity.as_deref().unwrap_or("none");
            if ![package.name.as_str(), &package.version, integrity].into_iter().all(printable) {
                return refused("a bundled package is given by 1 to 256 printable ASCII characters each");
            }
        }
        // (8) linked packages, each once
        canonical::within("imports", limits::CLOSURE_PACKAGES, self.imports.len())?;
        self.imports.iter().try_for_each(|import| import.manifest.expect(Codec::DagCbor).map(drop))?;
        if !self.imports.is_sorted_by(|a, b| a.name.as_str() < b.name.as_str()) {
            return Err(Error::Imports);
        }
        // (9) what others may import
        self.validate_exports()
    }

    fn validate_exports(&self) -> Result<(), Error> {
        let Some(exports) = &self.exports else { return Ok(()) };
        canonical::within("exports", limits::MANIFEST_EXPORTS, exports.len())?;
        sorted("exports", exports, |a, b| a.name < b.name)?;
        let is_name = |name: &str| name == "." || name.strip_prefix("./").is_some_and(path::is_allowed);
        if let Some(export) = exports.iter().find(|export| !is_name(&export.name)) {
            return refused(format!("`{}` is not the name of an export", quote(&export.name)));
        }
        if let Some(export) = exports.iter().find(|export| self.module(&export.module).is_none()) {
            return refused(format!("an export is `{}`, which is no module", quote(&export.module)));
        }
        match exports.as_slice() {
            [] => refused("exports are none, and not absent"),
            [only] if only.name == "." && only.module == self.main => {
                refused("exports are what they are without being there")
            }
            _ => Ok(()),
        }
    }
}

fn refused<T>(reason: impl Into<String>) -> Result<T, Error> {
    Err(Error::Manifest { reason: reason.into() })
}

/// Strictly ascending, therefore without duplicates.
fn sorted<T>(what: &str, list: &[T], before: impl Fn(&T, &T) -> bool) -> Result<(), Error> {
    if list.is_sorted_by(before) {
        Ok(())
    } else {
        refused(format!("{what} are not sorted, or one is there twice"))
    }
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok());
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
        && match (number(0..4), number(5..7), number(8..10)) {
            (Some(year), Some(month @ 1..=12), Some(day @ 1..)) => {
                let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
                day <= match month {
                    2 => 28 + u32::from(leap),
                    4 | 6 | 9 | 11 => 30,
                    _ => 31,
                }
            }
            _ => false,
        }
}

/// Whether `text` is a host as manifests and policies name it: `host` or `host:port`, lower case (SPEC §5.2).
pub fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let canonical_port = port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    let label =
        |label: &str| is_word(label, 1..=63, b"-") && !label.starts_with('-') && !label.ends_with('-');
    canonical_port && host.len() <= 253 && host.split('.').all(label)
}

fn is_identifier(text: &str) -> bool {
    let first = text.bytes().next();
    text.len() <= 64
        && first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
