//! Names: of packages, of their channels, and of logs (SPEC §3). Their grammars are ASCII, so that no two names look alike.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Error, error::quote, grammar::is_word, limits};

/// The name of a package: `@scope/name`, lower-case ASCII.
///
/// ```
/// use cidery_protocol::PackageName;
/// let name: PackageName = "@acme/hello".parse()?;
/// assert_eq!((name.scope(), name.name()), ("acme", "hello"));
/// assert!("@acme/Hello".parse::<PackageName>().is_err());
/// assert!("hello".parse::<PackageName>().is_err());
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PackageName(String);

impl PackageName {
    /// The scope, without its `@`.
    pub fn scope(&self) -> &str {
        self.0[1..].split_once('/').map_or("", |(scope, _)| scope)
    }

    /// The part after the scope.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }

    /// `@scope/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PackageName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason| Error::Name { got: quote(text), reason };
        if text.len() > limits::NAME_CHARS {
            return Err(refused("longer than 214 characters"));
        }
        let (scope, name) = text
            .strip_prefix('@')
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| refused("wanted `@scope/name`"))?;
        let word = |part: &str, more: &[u8]| {
            let allowed =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte);
            let first = part.bytes().next();
            first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                && part.bytes().all(allowed)
        };
        if !word(scope, b"-") {
            return Err(refused("a scope is a-z, 0-9 and -, and begins with a letter or digit"));
        }
        if !word(name, b"-._") {
            return Err(refused("a name is a-z, 0-9 and - . _, and begins with a letter or digit"));
        }
        if name.ends_with('.') {
            return Err(refused("a name does not end with a dot"));
        }
        Ok(PackageName(text.to_owned()))
    }
}

/// The origin of a log: its name in checkpoints, records and policies. It is an identity and never the address from
/// which the log is read, so that mirrors and proxies work.
///
/// ```
/// use cidery_protocol::Origin;
/// assert!("registry.example/log".parse::<Origin>().is_ok());
/// assert!("two words".parse::<Origin>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Origin(String);

impl Origin {
    /// The origin as it stands in the first line of a checkpoint.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under which the log's operator cosigns: `<origin>/cosigner`.
    pub fn cosigner(&self) -> String {
        format!("{}/cosigner", self.0)
    }
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason| Error::Origin { got: quote(text), reason };
        if text.len() > limits::ORIGIN_CHARS {
            return Err(refused("longer than 128 characters"));
        }
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let segment = |part: &str| {
            part.bytes().next().is_some_and(alphanumeric)
                && part.bytes().all(|byte| alphanumeric(byte) || b"-._".contains(&byte))
        };
        if !text.split('/').all(segment) {
            return Err(refused(
                "wanted segments of a-z, 0-9 and - . _ that begin with a letter or digit, separated by /",
            ));
        }
        Ok(Origin(text.to_owned()))
    }
}

/// The name of a package's channel, such as `stable`.
///
/// ```
/// use cidery_protocol::ChannelName;
/// assert!("stable".parse::<ChannelName>().is_ok());
/// assert!("Stable".parse::<ChannelName>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ChannelName(String);

impl ChannelName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChannelName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins || !is_word(text, 1..=limits::CHANNEL_CHARS, b"-") {
            let reason = "wanted 1 to 64 of a-z, 0-9 and -, beginning with a letter";
            return Err(Error::Channel { got: quote(text), reason });
        }
        Ok(ChannelName(text.to_owned()))
    }
}

macro_rules! text_form {
    ($type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = Error;
            fn try_from(text: String) -> Result<Self, Error> {
                text.parse()
            }
        }
    };
}

text_form!(PackageName);
text_form!(Origin);
text_form!(ChannelName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t03_look_alikes_are_no_names() {
        for text in [
            "@acme/\u{212a}elvin",
            "@acme/caf\u{e9}",
            "@acme/cafe\u{301}",
            "@acme/a\u{200d}b",
            "@acme/\u{202e}a",
            "@Acme/hello",
            "@acme/Hello",
            "@acme/hello ",
            " @acme/hello",
            "@acme/..",
            "@acme/.a",
            "@acme/_a",
            "@acme/a/b",
            "@acme/",
            "@/a",
            "@acme",
            "acme/a",
            "@a.b/c",
            "@-a/b",
            "@acme/a.",
            "@acme/a%2fb",
            "",
        ] {
            assert!(text.parse::<PackageName>().is_err(), "{text:?} passed");
        }
        for text in ["@a/b", "@npm/hono__node-server", "@npm/lodash.merge", "@acme/a--b", "@0/0"] {
            assert_eq!(text.parse::<PackageName>().map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn t27_long_text_is_refused_before_it_is_read() {
        let long = format!("@acme/{}", "a".repeat(1 << 20));
        let refused = long.parse::<PackageName>().expect_err("a megabyte is no name");
        assert!(refused.to_string().len() < 300);
    }

    #[test]
    fn origins_hold_no_space_and_no_plus() {
        for text in ["", "a b", "a+b", "A", "a//b", "/a", "a/", "a\n", "ä", "../a", "https://a"] {
            assert!(text.parse::<Origin>().is_err(), "{text:?} passed");
        }
        assert_eq!(
            "log.example/2026".parse::<Origin>().map(|origin| origin.cosigner()),
            Ok("log.example/2026/cosigner".into())
        );
    }
}
