//! What a registry says of a package and its versions.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use deno_npm::registry::NpmPackageInfo;
use deno_semver::Version;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::BundleError;

/// A package's description (npm's "packument"), read once and looked into where a version is checked.
#[derive(Debug, Clone)]
pub(crate) struct Description(Arc<NpmPackageInfo>);

/// What a registry says of one version, with the signatures that the solver has no use for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct VersionDescription {
    #[serde(default)]
    pub(crate) dist: Dist,
    /// All of it, as it would stand in `package.json`.
    #[serde(flatten)]
    pub(crate) manifest: serde_json::Map<String, serde_json::Value>,
}

/// A version's archive, and who vouches for it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Dist {
    #[serde(default)]
    pub(crate) integrity: Option<String>,
    #[serde(default)]
    pub(crate) signatures: Vec<Signature>,
    /// There are attestations.
    #[serde(default)]
    pub(crate) attestations: Option<serde::de::IgnoredAny>,
}

/// A registry's signature over `name@version:integrity`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Signature {
    pub(crate) keyid: String,
    /// ASN.1 DER in base64.
    pub(crate) sig: String,
}

/// The versions of a description, each left as text.
#[derive(Deserialize)]
struct Versions<'a> {
    #[serde(borrow)]
    versions: HashMap<Cow<'a, str>, &'a RawValue>,
}

impl From<Arc<NpmPackageInfo>> for Description {
    fn from(info: Arc<NpmPackageInfo>) -> Self {
        Self(info)
    }
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub(crate) fn parse(name: &str, bytes: Vec<u8>) -> Result<Self, BundleError> {
        let parsed = NpmPackageInfo::from_packument_bytes(bytes);
        parsed.map(|info| Self(Arc::new(info))).map_err(|error| invalid(name, error))
    }

    /// What it says of a version; none where it doesn't know it.
    pub(crate) fn version(
        &self,
        name: &str,
        version: &str,
    ) -> Result<Option<VersionDescription>, BundleError> {
        let Some(source) = self.0.lazy_packument_source_bytes() else { return Ok(None) };
        let all: Versions<'_> = serde_json::from_slice(source).map_err(|error| invalid(name, error))?;
        let wanted = Version::parse_from_npm(version).ok();
        let is_wanted = |text: &str| text == version || Version::parse_from_npm(text).ok() == wanted;
        let found = all.versions.get(version).or_else(|| {
            all.versions.iter().find(|(text, _)| wanted.is_some() && is_wanted(text)).map(|(_, found)| found)
        });
        let parse = |text: &&RawValue| serde_json::from_str(text.get());
        found.map(parse).transpose().map_err(|error| invalid(name, error))
    }

    /// When it says that a version was published; npm's short form doesn't.
    pub(crate) fn published(&self, version: &str) -> Option<SystemTime> {
        let version = Version::parse_from_npm(version).ok()?;
        self.0.time.get(&version).map(|&time| time.into())
    }
}

fn invalid(name: &str, reason: impl ToString) -> BundleError {
    BundleError::invalid(format!("the description of {name}"), reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_comes_with_its_signatures_and_its_time() {
        let text = br#"{"name":"a","time":{"1.0.0":"2026-01-02T03:04:05.678Z"},"versions":{
            "1.0.0":{"name":"a","version":"1.0.0","dist":{"integrity":"sha512-x","signatures":[{"keyid":"k","sig":"s"}]}},
            "2.0.0":{"name":"a","version":"2.0.0","dist":{}}}}"#;
        let description = Description::parse("a", text.to_vec()).unwrap();
        let version = description.version("a", "1.0.0").unwrap().unwrap();
        assert_eq!(version.dist.signatures, [Signature { keyid: "k".to_owned(), sig: "s".to_owned() }]);
        assert_eq!(version.manifest["version"], "1.0.0");
        assert!(description.published("1.0.0").is_some());
        assert!(description.version("a", "2.0.0").unwrap().unwrap().dist.signatures.is_empty());
        assert!(description.version("a", "3.0.0").unwrap().is_none());
        assert_eq!(description.published("2.0.0"), None);
    }
}
