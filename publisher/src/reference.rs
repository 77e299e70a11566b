//! What a person asks for: `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, or the CID of a manifest.

use std::fmt;
use std::str::FromStr;

use cidery_protocol::{ChannelName, Cid, Code, Codec, PackageName, Version};
use cidery_verifier::{Part, ProvenRelease, Request, VerifyError, Wanted};

use crate::args;
use crate::failure::Failure;
use crate::lock::{Held, Lock};

const HINT: &str = "wanted `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, or the CID of a manifest, `bafyr4i…`";

/// A release, by name or by content.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    /// By name.
    Named(Request),
    /// By name, and a lock says which release it is.
    Held(Held),
    /// By the code itself, under whatever name.
    Manifest(Cid),
}

impl Reference {
    /// Reads it, and which release it is where it leaves a choice.
    ///
    /// # Errors
    /// [`Failure::Argument`], [`Failure::Usage`] where the choice does not go with it, or what is wrong with the lock.
    pub(crate) fn read(text: &str, choice: &args::Choice) -> Result<Self, Failure> {
        if let Some(file) = &choice.lock {
            return Lock::read(file)?.entry(named(text)?).map(Reference::Held);
        }
        let mut reference = text.parse()?;
        let channel = match &mut reference {
            Reference::Named(Request { package, wanted: Wanted::Channel { channel, bucket } }) => {
                Some((package, channel, bucket))
            }
            _ => None,
        };
        match (channel, choice.bucket, &choice.bucket_key) {
            (_, None, None) => {}
            (Some((_, _, bucket)), Some(chosen), _) => *bucket = chosen,
            (Some((package, channel, bucket)), None, Some(key)) => {
                *bucket = cidery_verifier::bucket(package, channel, key);
            }
            (None, ..) => {
                return Err(Failure::Usage {
                    reason: format!("`{text}` is no channel, and only channels have buckets"),
                    hint: None,
                });
            }
        }
        Ok(reference)
    }

    /// The request that a loader is to make again and again: what was asked for; and for a manifest the version that carries
    /// it, whose code cannot become another. For a channel it is the version that it names now: the loader Worker that this
    /// command brings serves one release for all who ask.
    pub(crate) fn to_request(&self, found: &ProvenRelease) -> Request {
        match self {
            Reference::Named(Request { wanted: Wanted::Channel { .. }, .. }) | Reference::Manifest(_) => {
                Request { package: found.package().clone(), wanted: Wanted::Version(found.version().clone()) }
            }
            Reference::Named(request) | Reference::Held(Held { release: request, .. }) => request.clone(),
        }
    }
}

impl FromStr for Reference {
    type Err = Failure;

    /// A name is read as [`Request`] reads it, but a release must be named: what it takes for `*` may have been forgotten.
    fn from_str(text: &str) -> Result<Self, Failure> {
        if !text.starts_with('@') {
            let cid = text.parse::<Cid>().and_then(|cid| cid.expect(Codec::DagCbor));
            let malformed = |source| Failure::Argument { what: "the manifest's CID", hint: HINT, source };
            return cid.map(Reference::Manifest).map_err(malformed);
        }
        let bare = text.strip_suffix('@').unwrap_or(text);
        if bare.rfind('@') == Some(0) && !bare.contains(':') {
            let package = bare.parse::<Request>().map_err(malformed)?.package;
            return Err(Failure::Usage {
                reason: format!("`{package}` names a package, and a release of it is wanted"),
                hint: Some(format!("`{package}@*` is the newest, `{package}@^1` the newest 1.x")),
            });
        }
        text.parse().map(Reference::Named).map_err(malformed)
    }
}

/// A package, with a range, version or channel of it or without one.
///
/// # Errors
/// [`Failure::Argument`].
pub(crate) fn named(text: &str) -> Result<Request, Failure> {
    text.parse().map_err(malformed)
}

/// A package alone.
///
/// # Errors
/// [`Failure::Argument`].
pub(crate) fn package(text: &str) -> Result<PackageName, Failure> {
    let malformed =
        |source| Failure::Argument { what: "the package's name", hint: "wanted `@scope/name`", source };
    text.parse().map_err(malformed)
}

/// One release by its version.
///
/// # Errors
/// [`Failure::Argument`], or [`Failure::Usage`] where it is anything else.
pub(crate) fn version(text: &str) -> Result<(PackageName, Version), Failure> {
    match named(text)? {
        Request { package, wanted: Wanted::Version(version) } => Ok((package, version)),
        _ => Err(Failure::Usage {
            reason: format!("`{text}` names no version"),
            hint: Some("wanted one release, `@scope/name@version`".to_owned()),
        }),
    }
}

/// A channel of a package.
///
/// # Errors
/// [`Failure::Argument`], or [`Failure::Usage`] where it is anything else.
pub(crate) fn channel(text: &str) -> Result<(PackageName, ChannelName), Failure> {
    match named(text)? {
        Request { package, wanted: Wanted::Channel { channel, .. } } => Ok((package, channel)),
        _ => Err(Failure::Usage {
            reason: format!("`{text}` names no channel"),
            hint: Some("wanted `@scope/name:channel`".to_owned()),
        }),
    }
}

/// What is wrong with a name, in the words of the command line.
fn malformed(error: VerifyError) -> Failure {
    match error {
        VerifyError::Refused { part: Part::Request, source } => {
            let what = match source.code() {
                Code::NameMalformed => "the package's name",
                Code::ChannelMalformed => "the channel's name",
                _ => "the range",
            };
            Failure::Argument { what, hint: HINT, source }
        }
        error => Failure::Verify(error),
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Named(request) | Reference::Held(Held { asked: request, .. }) => request.fmt(f),
            Reference::Manifest(cid) => cid.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    fn code(text: &str) -> &'static str {
        text.parse::<Reference>().expect_err(text).code().as_str()
    }

    #[test]
    fn reads_what_it_writes() {
        let cid = Cid::of(Codec::DagCbor, b"").to_string();
        for text in
            ["@acme/hello@^1", "@acme/hello@1.2.3", "@acme/hello@>=1 <3 || 5", "@acme/hello:stable", &cid]
        {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bucket_is_of_a_channel() {
        let read = |text: &str, bucket, key: Option<&str>| {
            let choice = args::Choice { bucket, bucket_key: key.map(str::to_owned), lock: None };
            Reference::read(text, &choice)
        };
        let bucket = |reference| match reference {
            Ok(Reference::Named(Request { wanted: Wanted::Channel { bucket, .. }, .. })) => Some(bucket),
            _ => None,
        };
        assert_eq!(bucket(read("@acme/hello:stable", None, None)), Some(0));
        assert_eq!(bucket(read("@acme/hello:stable", Some(9_999), None)), Some(9_999));
        let of = |user| bucket(read("@acme/hello:stable", None, Some(user)));
        assert_eq!(of("ada"), of("ada"));
        assert_ne!(of("ada"), of("grace"));
        assert!(matches!(read("@acme/hello@^1", Some(1), None), Err(Failure::Usage { .. })));
    }

    #[test]
    fn t03_says_what_is_wrong_with_each_part() {
        assert_eq!(code("@Acme/hello@1"), "name.malformed");
        assert_eq!(code("@acme/\u{212a}elvin@1"), "name.malformed");
        assert_eq!(code("@acme/hello@latest"), "range.malformed");
        assert_eq!(code("@acme/hello@1@2"), "range.malformed");
        for bare in ["@acme/hello", "@acme/hello@"] {
            assert_eq!(code(bare), "usage");
        }
        for nameless in ["@", "@@", "@@1", "@Acme/hello"] {
            assert_eq!(code(nameless), "name.malformed", "{nameless}");
        }
        for channel in ["@acme/hello:", "@acme/hello:Stable", "@acme/hello:stable@1"] {
            assert_eq!(code(channel), "channel.malformed", "{channel}");
        }
        assert_eq!(code("hello"), "cid.malformed");
        assert_eq!(code(&Cid::of(Codec::Raw, b"").to_string()), "cid.malformed");
        assert_eq!("hello".parse::<Reference>().unwrap_err().exit(), Exit::Usage);
    }
}
