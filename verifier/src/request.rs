//! What is asked for (SPEC §10.2).

use std::{fmt, str::FromStr};

use cidery_protocol::{ChannelName, Cid, Codec, Error, PackageName, Range, ReleaseRef, Version, limits};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Part, VerifyError, json};

/// A package, and which of its releases.
///
/// ```
/// use cidery_verifier::{Request, Wanted};
/// let request: Request = "@acme/hello@^1.2".parse()?;
/// assert_eq!(request.package.as_str(), "@acme/hello");
/// assert!(matches!(request.wanted, Wanted::Range(_)));
/// let request: Request = "@acme/hello@1.2.0".parse()?;
/// assert!(matches!(request.wanted, Wanted::Version(_)));
/// let request: Request = "@acme/hello:stable".parse()?;
/// assert!(matches!(request.wanted, Wanted::Channel { bucket: 0, .. }));
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
    /// The newest in the range that is offered.
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
    /// The one that a channel names for a bucket.
    Channel {
        /// The channel.
        channel: ChannelName,
        /// Which of the 10,000 parts of those who ask, from 0: see [`bucket`].
        bucket: u64,
    },
}

/// The JSON form: `package`, and either `range`, or `version`, or `version` and `manifest`, or `channel` and perhaps `bucket`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    package: String,
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    bucket: Option<u64>,
}

/// The bucket of a channel for a user, whatever text it is that tells users apart: always the same one for the same user, and
/// another one in another channel (SPEC §10.2).
///
/// ```
/// use cidery_verifier::bucket;
/// let (package, stable) = ("@acme/hello".parse()?, "stable".parse()?);
/// assert_eq!(bucket(&package, &stable, "user 1"), bucket(&package, &stable, "user 1"));
/// assert!(bucket(&package, &stable, "user 2") < 10_000);
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
pub fn bucket(package: &PackageName, channel: &ChannelName, user: &str) -> u64 {
    let list = ("cidery-bucket-v1", package, channel, user);
    let bytes = serde_ipld_dagcbor::to_vec(&list).expect("texts have a canonical form");
    let hash = blake3::hash(&bytes);
    let first = hash.as_bytes().first_chunk().expect("a hash has 32 bytes");
    u64::from_be_bytes(*first) % limits::BUCKETS
}

impl Request {
    /// Reads one of the forms of SPEC §10.2: `{ "package", "range" }`, `{ "package", "version" }`,
    /// `{ "package", "version", "manifest" }` or `{ "package", "channel", "bucket" }`.
    ///
    /// # Errors
    /// [`VerifyError::Request`], or the code of the text that is not of its grammar, such as `range.malformed`.
    pub fn from_json(json: &[u8]) -> Result<Self, VerifyError> {
        let shape = |reason: String| VerifyError::Request { reason };
        let json: Json = json::read(json).map_err(|error| shape(error.to_string()))?;
        let package = parse(&json.package)?;
        let wanted = match (json.range, json.version, json.manifest, json.channel, json.bucket) {
            (Some(range), None, None, None, None) => Wanted::Range(parse(&range)?),
            (None, Some(version), None, None, None) => Wanted::Version(parse(&version)?),
            (None, Some(version), Some(manifest), None, None) => {
                let version = parse(&version)?;
                let manifest = parse::<Cid>(&manifest)?.expect(Codec::DagCbor);
                Wanted::Locked { version, manifest: manifest.map_err(Part::Request.refuse())? }
            }
            (None, None, None, Some(channel), bucket) => {
                let bucket = bucket.unwrap_or(0);
                if bucket >= limits::BUCKETS {
                    return Err(shape(format!(
                        "the bucket {bucket}, the last one is {}",
                        limits::BUCKETS - 1
                    )));
                }
                Wanted::Channel { channel: parse(&channel)?, bucket }
            }
            _ => {
                let wanted = "wanted a range, or a version, or a version and a manifest, or a channel";
                return Err(shape(wanted.to_owned()));
            }
        };
        Ok(Request { package, wanted })
    }

    /// The channel that is asked for, where one is.
    pub fn channel(&self) -> Option<&ChannelName> {
        match &self.wanted {
            Wanted::Channel { channel, .. } => Some(channel),
            _ => None,
        }
    }

    /// Whether it is an entry of a lock.
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self.wanted, Wanted::Locked { .. })
    }

    /// Whether the release is the one, where `meant` is what the channel names for the bucket.
    ///
    /// # Errors
    /// [`VerifyError::Unsatisfied`].
    pub(crate) fn satisfied_by(
        &self,
        release: &ReleaseRef,
        code: Cid,
        meant: Option<&ReleaseRef>,
    ) -> Result<(), VerifyError> {
        let version = &release.version;
        let satisfied = match &self.wanted {
            Wanted::Range(range) => range.contains(version),
            Wanted::Version(wanted) => wanted == version,
            Wanted::Locked { version: wanted, manifest } => wanted == version && *manifest == code,
            Wanted::Channel { .. } => meant == Some(release),
        };
        if satisfied {
            return Ok(());
        }
        let got = match &self.wanted {
            Wanted::Locked { .. } => format!("{version} with the manifest {code}"),
            _ => version.to_string(),
        };
        let wanted = match (&self.wanted, meant) {
            (Wanted::Channel { .. }, Some(meant)) => format!("{}: {}", self.wanted, meant.version),
            (Wanted::Channel { .. }, None) => format!("{}, which names none", self.wanted),
            _ => self.wanted.to_string(),
        };
        Err(VerifyError::Unsatisfied { got, wanted })
    }
}

impl Serialize for Request {
    /// The form that [`Request::from_json`] reads.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = Json { package: self.package.to_string(), ..Json::default() };
        match &self.wanted {
            Wanted::Range(range) => json.range = Some(range.as_str().to_owned()),
            Wanted::Version(version) => json.version = Some(version.to_string()),
            Wanted::Locked { version, manifest } => {
                json.version = Some(version.to_string());
                json.manifest = Some(manifest.to_string());
            }
            Wanted::Channel { channel, bucket } => {
                json.channel = Some(channel.to_string());
                json.bucket = Some(*bucket);
            }
        }
        json.serialize(serializer)
    }
}

impl FromStr for Request {
    type Err = VerifyError;

    /// Reads `@scope/name@version`, `@scope/name@range` or `@scope/name:channel`; with the name alone, any release but
    /// pre-releases.
    fn from_str(text: &str) -> Result<Self, VerifyError> {
        let name_end = text.get(1..).and_then(|rest| rest.find(['@', ':'])).map_or(text.len(), |at| at + 1);
        let (package, rest) = text.split_at(name_end);
        let package = parse(package)?;
        let wanted = match (rest.strip_prefix(':'), rest.strip_prefix('@').unwrap_or("*")) {
            (Some(channel), _) => Wanted::Channel { channel: parse(channel)?, bucket: 0 },
            (None, wanted) => match wanted.parse::<Version>() {
                Ok(version) => Wanted::Version(version),
                Err(_) => Wanted::Range(parse(wanted)?),
            },
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
            Wanted::Channel { channel, .. } => write!(f, "{}:{channel}", self.package),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Range(range) => write!(f, "a version in `{range}`"),
            Wanted::Version(version) => write!(f, "{version}"),
            Wanted::Locked { version, manifest } => write!(f, "{version} with the manifest {manifest}"),
            Wanted::Channel { channel, bucket } => {
                write!(f, "the release of the channel `{channel}` for the bucket {bucket}")
            }
        }
    }
}

fn parse<T: FromStr<Err = Error>>(text: &str) -> Result<T, VerifyError> {
    text.parse().map_err(Part::Request.refuse())
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
            ("@acme/hello:next-2", "@acme/hello:next-2"),
        ] {
            assert_eq!(text.parse::<Request>().map(|request| request.to_string()), Ok(shown.to_owned()));
        }
    }

    #[test]
    fn t3_other_references_are_refused() {
        for text in ["", "@", "@@", "hello", "@acme", "@Acme/hello@1", "é@1", "@é/x@1"] {
            assert_eq!(code(text), Some("name.malformed"), "{text}");
        }
        for text in ["@acme/hello@latest", "@acme/hello@1@2", "@acme/hello@\u{2}", "@acme/hello@1:stable"] {
            assert_eq!(code(text), Some("range.malformed"), "{text}");
        }
        for text in ["@acme/hello:", "@acme/hello:Stable", "@acme/hello:stable@1", "@acme/hello:1"] {
            assert_eq!(code(text), Some("channel.malformed"), "{text}");
        }
    }

    #[test]
    fn json_says_one_thing() {
        let cid = Cid::of(Codec::DagCbor, b"");
        let read = |json: String| {
            Request::from_json(json.as_bytes())
                .is_ok_and(|request| serde_json::to_string(&request).is_ok_and(|again| again == json))
        };
        assert!(read(r#"{"package":"@a/b","range":"^1"}"#.into()));
        assert!(read(format!(r#"{{"package":"@a/b","version":"1.0.0","manifest":"{cid}"}}"#)));
        assert!(!read(format!(r#"{{"package":"@a/b","range":"^1","manifest":"{cid}"}}"#)));
        assert!(!read(r#"{"package":"@a/b"}"#.into()));
        assert!(!read(r#"{"package":"@a/b","range":"^1","tag":"x"}"#.into()));
        let blob = Cid::of(Codec::Raw, b"");
        assert!(!read(format!(r#"{{"package":"@a/b","version":"1.0.0","manifest":"{blob}"}}"#)));
        assert!(Request::from_json(br#"{"package":"@a/b","channel":"stable"}"#).is_ok());
        assert!(read(r#"{"package":"@a/b","channel":"stable","bucket":9999}"#.into()));
        for other in [
            r#"{"package":"@a/b","channel":"stable","bucket":10000}"#,
            r#"{"package":"@a/b","channel":"stable","bucket":-1}"#,
            r#"{"package":"@a/b","channel":"stable","version":"1.0.0"}"#,
            r#"{"package":"@a/b","range":"^1","bucket":1}"#,
            r#"{"package":"@a/b","range":"^1","version":null}"#,
            r#"{"package":"@a/b","range":"^1","range":"^1"}"#,
            r#"["@a/b","^1",null,null,null,null]"#,
        ] {
            assert!(!read(other.into()), "{other}");
        }
    }

    #[test]
    fn buckets_are_spread_evenly() {
        let (package, channel) = ("@a/b".parse().expect("a name"), "stable".parse().expect("a channel"));
        let mut tenths = [0; 10];
        for user in 0..10_000 {
            tenths[bucket(&package, &channel, &user.to_string()) as usize / 1_000] += 1;
        }
        assert!(tenths.iter().all(|count| (900..1_100).contains(count)), "{tenths:?}");
        let other = "next".parse().expect("a channel");
        assert_ne!(bucket(&package, &channel, "user"), bucket(&package, &other, "user"));
    }
}
