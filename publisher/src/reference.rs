//! What a person asks for: `@scope/name@range`, `@scope/name@version`, or the CID of a manifest.

use std::fmt;
use std::str::FromStr;

use cidery_protocol::{Cid, Code, Codec};
use cidery_verifier::{Part, ProvenRelease, Request, VerifyError, Wanted};

use crate::failure::Failure;

const HINT: &str = "wanted `@scope/name@range`, `@scope/name@version`, or the CID of a manifest, `bafyr4i…`";

/// A release, by name or by content.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    /// By name.
    Named(Request),
    /// By the code itself, under whatever name.
    Manifest(Cid),
}

impl Reference {
    /// The request that a loader is to make again and again: what was asked for, and for a manifest the version that carries
    /// it, whose code cannot become another.
    pub(crate) fn to_request(&self, found: &ProvenRelease) -> Request {
        match self {
            Reference::Named(request) => request.clone(),
            Reference::Manifest(_) => {
                Request { package: found.package().clone(), wanted: Wanted::Version(found.version().clone()) }
            }
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
        if bare.rfind('@') == Some(0) {
            let package = bare.parse::<Request>().map_err(malformed)?.package;
            return Err(Failure::Usage {
                reason: format!("`{package}` names a package, and a release of it is wanted"),
                hint: Some(format!("`{package}@*` is the newest, `{package}@^1` the newest 1.x")),
            });
        }
        text.parse().map(Reference::Named).map_err(malformed)
    }
}

/// What is wrong with a name, in the words of the command line.
fn malformed(error: VerifyError) -> Failure {
    match error {
        VerifyError::Refused { part: Part::Request, source } => {
            let what = match source.code() {
                Code::NameMalformed => "the package's name",
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
            Reference::Named(request) => request.fmt(f),
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
        for text in ["@acme/hello@^1", "@acme/hello@1.2.3", "@acme/hello@>=1 <3 || 5", &cid] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
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
        assert_eq!(code("hello"), "cid.malformed");
        assert_eq!(code(&Cid::of(Codec::Raw, b"").to_string()), "cid.malformed");
        assert_eq!("hello".parse::<Reference>().unwrap_err().exit(), Exit::Usage);
    }
}
