//! What is asked for (SPEC §10.2).

use std::{fmt, str::FromStr};

use cidery_protocol::{Cid, Codec, PackageName, Range, Version};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Part, VerifyError};

/// A package, and which of its releases.
///
/// ```
/// use cidery_verifier::{Request, Wanted};
/// let request: Request = "@acme/hello@^1.2".parse()?;
/// assert_eq!(request.package.as_str(), "@acme/hello");
/// assert!(matches!(request.wanted, Wanted::Range(_)));
/// let request: Request = "@acme/hello@1.2.0".parse()?;
/// assert!(matches!(request.wanted, Wanted::Version(_)));
/// # Ok::<(), cidery_verifier::VerifyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    /// The package.
    pub package: PackageName,
    /// Which release.
    pub wanted: Wanted,
}

/// Which release of a package.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// One in the range; which of them is the registry's choice.
    Range(Range),
    /// This version.
    Version(Version),
    /// This version with exactly this code: an entry of a lock.
    Locked {
        /// The version.
        version: Version,
        /// The CID of its manifest.
        manifest: Cid,
    },
}

/// The JSON form: `package`, and either `range`, or `version`, or `version` and `manifest`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    package: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
}

impl Request {
    /// Reads `{ "package", "range" }`, `{ "package", "version" }` or `{ "package", "version", "manifest" }`.
    ///
    /// # Errors
    /// [`VerifyError::Request`], or `name.malformed`, `range.malformed`, `version.malformed`, `cid.malformed`.
    pub fn from_json(json: &[u8]) -> Result<Self, VerifyError> {
        let shape = |reason: String| VerifyError::Request { reason };
        let json: Json = serde_json::from_slice(json).map_err(|error| shape(error.to_string()))?;
        let package = json.package.parse().map_err(Part::Request.refuse())?;
        let wanted = match (json.range, json.version, json.manifest) {
            (Some(range), None, None) => Wanted::Range(range.parse().map_err(Part::Request.refuse())?),
            (None, Some(version), None) => Wanted::Version(version.parse().map_err(Part::Request.refuse())?),
            (None, Some(version), Some(manifest)) => Wanted::Locked {
                version: version.parse().map_err(Part::Request.refuse())?,
                manifest: manifest
                    .parse()
                    .and_then(|cid: Cid| cid.expect(Codec::DagCbor))
                    .map_err(Part::Request.refuse())?,
            },
            _ => return Err(shape("wanted a range, or a version, or a version and a manifest".into())),
        };
        Ok(Request { package, wanted })
    }

    /// # Errors
    /// [`VerifyError::Unsatisfied`].
    pub(crate) fn satisfied_by(&self, version: &Version, manifest: Cid) -> Result<(), VerifyError> {
        let satisfied = match &self.wanted {
            Wanted::Range(range) => range.contains(version),
            Wanted::Version(wanted) => wanted == version,
            Wanted::Locked { version: wanted, manifest: pinned } => wanted == version && *pinned == manifest,
        };
        if satisfied {
            return Ok(());
        }
        let got = match &self.wanted {
            Wanted::Locked { .. } => format!("{version} with the manifest {manifest}"),
            _ => version.to_string(),
        };
        Err(VerifyError::Unsatisfied { got, wanted: self.wanted.to_string() })
    }
}

impl Serialize for Request {
    /// The form that [`Request::from_json`] reads.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let package = self.package.to_string();
        let mut json = Json { package, range: None, version: None, manifest: None };
        match &self.wanted {
            Wanted::Range(range) => json.range = Some(range.as_str().to_owned()),
            Wanted::Version(version) => json.version = Some(version.to_string()),
            Wanted::Locked { version, manifest } => {
                json.version = Some(version.to_string());
                json.manifest = Some(manifest.to_string());
            }
        }
        json.serialize(serializer)
    }
}

impl FromStr for Request {
    type Err = VerifyError;

    /// Reads `@scope/name@version` or `@scope/name@range`; without a range, any release but pre-releases.
    fn from_str(text: &str) -> Result<Self, VerifyError> {
        let name_end = text.get(1..).and_then(|rest| rest.find('@')).map_or(text.len(), |at| at + 1);
        let package = text[..name_end].parse().map_err(Part::Request.refuse())?;
        let wanted = text[name_end..].strip_prefix('@').unwrap_or("*");
        let wanted = match wanted.parse::<Version>() {
            Ok(version) => Wanted::Version(version),
            Err(_) => Wanted::Range(wanted.parse().map_err(Part::Request.refuse())?),
        };
        Ok(Request { package, wanted })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.wanted {
            Wanted::Range(range) => write!(f, "{}@{range}", self.package),
            Wanted::Version(version) | Wanted::Locked { version, .. } => {
                write!(f, "{}@{version}", self.package)
            }
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Range(range) => write!(f, "a version in `{range}`"),
            Wanted::Version(version) => write!(f, "{version}"),
            Wanted::Locked { version, manifest } => write!(f, "{version} with the manifest {manifest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<&'static str> {
        text.parse::<Request>().err().map(|error| error.code().as_str())
    }

    #[test]
    fn a_reference_names_a_package_and_a_version_or_range() {
        for (text, shown) in [
            ("@acme/hello", "@acme/hello@*"),
            ("@acme/hello@^1", "@acme/hello@^1"),
            ("@acme/hello@1.0.0-rc.1", "@acme/hello@1.0.0-rc.1"),
            ("@acme/hello@1.x || 3", "@acme/hello@1.x || 3"),
        ] {
            assert_eq!(text.parse::<Request>().map(|request| request.to_string()), Ok(shown.to_owned()));
        }
    }

    #[test]
    fn t3_other_references_are_refused() {
        for text in ["", "@", "@@", "hello", "@acme", "@Acme/hello@1", "é@1", "@é/x@1"] {
            assert_eq!(code(text), Some("name.malformed"), "{text}");
        }
        for text in ["@acme/hello@latest", "@acme/hello@1@2", "@acme/hello@\u{2}"] {
            assert_eq!(code(text), Some("range.malformed"), "{text}");
        }
    }

    #[test]
    fn json_says_one_thing() {
        let cid = Cid::of(Codec::DagCbor, b"");
        let read = |json: String| {
            Request::from_json(json.as_bytes())
                .is_ok_and(|request| serde_json::to_string(&request).unwrap() == json)
        };
        assert!(read(r#"{"package":"@a/b","range":"^1"}"#.into()));
        assert!(read(format!(r#"{{"package":"@a/b","version":"1.0.0","manifest":"{cid}"}}"#)));
        assert!(!read(format!(r#"{{"package":"@a/b","range":"^1","manifest":"{cid}"}}"#)));
        assert!(!read(r#"{"package":"@a/b"}"#.into()));
        assert!(!read(r#"{"package":"@a/b","range":"^1","tag":"x"}"#.into()));
        let blob = Cid::of(Codec::Raw, b"");
        assert!(!read(format!(r#"{{"package":"@a/b","version":"1.0.0","manifest":"{blob}"}}"#)));
    }
}
