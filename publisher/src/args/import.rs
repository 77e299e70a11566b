//! The arguments of `cidery import`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use cidery_protocol::PackageName;
use clap::Args;

use super::{Begin, Npm, Recording};
use crate::seconds::Seconds;

/// `cidery import`
#[derive(Debug, Args)]
pub(crate) struct ImportNpm {
    /// `npm:NAME`, `npm:NAME@RANGE`, `npm:NAME@VERSION` or `npm:NAME@TAG`.
    #[arg(value_name = "PACKAGE", required_unless_present = "from", conflicts_with = "from")]
    pub(crate) package: Option<NpmReference>,
    /// The name to publish it under. Default: in the scope @npm, `hono` is `@npm/hono` and `@hono/node-server` is
    /// `@npm/hono__node-server`.
    #[arg(long = "as", value_name = "NAME", conflicts_with = "from")]
    pub(crate) name: Option<PackageName>,
    /// A name to import it by, beside those of its `exports`: `./x` for `NAME/x`; may be given several times.
    #[arg(long = "entry", value_name = "NAME", value_parser = entry, conflicts_with = "from")]
    pub(crate) entries: Vec<String>,
    /// Take the versions, its own and those of what it depends on, from the lock file in this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    pub(crate) locked: Option<PathBuf>,
    /// Import all packages of a list: one a line, as above, with `--as` and `--entry` at need; `#` begins a comment.
    ///
    /// What is published already stays as it is, so that the same command again does only what is left.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// How many packages of the list are imported at once.
    #[arg(long, value_name = "N", default_value = "2", requires = "from")]
    pub(crate) jobs: NonZeroUsize,
    /// How long one package of the list may take.
    #[arg(long, value_name = "TIME", default_value = "10m", requires = "from")]
    pub(crate) timeout: Seconds,
    /// Sign and publish nothing: say what would be.
    #[arg(long, conflicts_with = "unsigned_out")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) npm: Npm,
    #[command(flatten)]
    pub(crate) recording: Recording,
    #[command(flatten)]
    pub(crate) begin: Begin,
}

/// An npm package, and which of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NpmReference {
    /// Its npm name.
    pub(crate) name: String,
    /// A version, a range or a tag.
    pub(crate) range: String,
}

impl FromStr for NpmReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || "wanted `npm:NAME`, `npm:NAME@RANGE`, `npm:NAME@VERSION` or `npm:NAME@TAG`".to_owned();
        let package = text.strip_prefix("npm:").ok_or_else(wanted)?;
        let scope = usize::from(package.starts_with('@'));
        let (name, range) = match package[scope..].split_once('@') {
            Some((name, range)) => (&package[..scope + name.len()], range),
            None => (package, "latest"),
        };
        let (name, range) = (name.to_owned(), range.trim().to_owned());
        if name.is_empty() || range.is_empty() { Err(wanted()) } else { Ok(NpmReference { name, range }) }
    }
}

impl std::fmt::Display for NpmReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "npm:{}@{}", self.name, self.range)
    }
}

impl ImportNpm {
    pub(super) fn attempt(&self) -> String {
        match (&self.package, &self.from) {
            (Some(package), _) => format!("import `{package}`"),
            (None, Some(file)) => format!("import what `{}` lists", file.display()),
            (None, None) => "import".to_owned(),
        }
    }
}

/// `./x`, also written `x`.
fn entry(text: &str) -> Result<String, String> {
    match text.strip_prefix("./").unwrap_or(text) {
        "" | "." => Err("wanted a name such as `./x`".to_owned()),
        path => Ok(format!("./{path}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_npm_s() {
        for (text, name, range) in [
            ("npm:hono", "hono", "latest"),
            ("npm:hono@^4", "hono", "^4"),
            ("npm:@hono/node-server@1 || 2", "@hono/node-server", "1 || 2"),
            ("npm:@hono/node-server", "@hono/node-server", "latest"),
        ] {
            let expected = NpmReference { name: name.to_owned(), range: range.to_owned() };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["hono", "npm:", "npm:@", "npm:hono@", "jsr:hono"] {
            assert!(text.parse::<NpmReference>().is_err(), "{text}");
        }
        assert_eq!(entry("get").as_deref(), Ok("./get"));
        assert_eq!(entry("./fp/get").as_deref(), Ok("./fp/get"));
    }
}
