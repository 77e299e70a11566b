//! Who else cosigns the head (SPEC §7.7): the witnesses that an operator names, and the seam to their HTTP.

use std::{collections::BTreeSet, future::Future};

use bytes::Bytes;
use cidery_protocol::{PublicKey, limits::WITNESSES};

use crate::{Error, StoreError};

/// Characters of a witness's name.
const NAME_CHARS: usize = 128;
/// Characters of a witness's address.
const URL_CHARS: usize = 512;

/// A witness as the operator names it.
///
/// ```
/// use cidery_registry::Witness;
/// let key = "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX".parse().expect("a key");
/// let witness = Witness::new("witness.example/w1", "https://witness.example/", key)?;
/// assert_eq!(witness.url(), "https://witness.example/add-checkpoint");
/// # Ok::<(), cidery_registry::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    name: String,
    url: String,
    key: PublicKey,
}

impl Witness {
    /// The witness of this name and key. `prefix` is what C2SP calls its submission prefix: an address by http or https, with no
    /// query, which may end in a slash.
    ///
    /// # Errors
    /// [`Error::Witnesses`] where name or address are not of their form.
    pub fn new(name: &str, prefix: &str, key: PublicKey) -> Result<Self, Error> {
        let graphic =
            |text: &str, but: &[u8]| text.bytes().all(|byte| byte.is_ascii_graphic() && !but.contains(&byte));
        if !(1..=NAME_CHARS).contains(&name.len()) || !graphic(name, b"+") {
            return Err(Error::witnesses(format!(
                "{name:?} is not 1 to {NAME_CHARS} printable ASCII characters without spaces and +"
            )));
        }
        let host = prefix.strip_prefix("https://").or_else(|| prefix.strip_prefix("http://"));
        let is_address = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'));
        if !is_address || prefix.len() > URL_CHARS || !graphic(prefix, b"?#@\\") {
            return Err(Error::witnesses(format!(
                "`{name}` is at {prefix:?}, wanted an http or https address of at most {URL_CHARS} characters without user, query and fragment"
            )));
        }
        let url = format!("{}/add-checkpoint", prefix.trim_end_matches('/'));
        Ok(Witness { name: name.to_owned(), url, key })
    }

    /// Its name, which its cosignatures carry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is asked.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its key.
    pub fn key(&self) -> PublicKey {
        self.key
    }
}

/// The witnesses of a registry: at most 16, each name and each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witnesses(Vec<Witness>);

impl Witnesses {
    /// These witnesses, or none.
    ///
    /// # Errors
    /// [`Error::Witnesses`] where there are too many or two have one name, [`Error::OneKey`] where two have one key.
    pub fn new(witnesses: Vec<Witness>) -> Result<Self, Error> {
        if witnesses.len() > WITNESSES {
            return Err(Error::witnesses(format!("{} of them, wanted at most {WITNESSES}", witnesses.len())));
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = witnesses.iter().find(|witness| !names.insert(witness.name())) {
            return Err(Error::witnesses(format!("`{}` is there twice", twice.name)));
        }
        for (at, witness) in witnesses.iter().enumerate() {
            if let Some(other) = witnesses[..at].iter().find(|other| other.key == witness.key) {
                let holders = [other, witness].map(|witness| format!("the witness `{}`", witness.name));
                return Err(Error::OneKey { holders, key: witness.key.to_string() });
            }
        }
        Ok(Witnesses(witnesses))
    }

    /// In the order in which they were named.
    pub fn iter(&self) -> std::slice::Iter<'_, Witness> {
        self.0.iter()
    }

    pub(crate) fn into_inner(self) -> Vec<Witness> {
        self.0
    }
}

/// The way to witnesses. It goes to the addresses of the configuration and to no others: what a client sends is never an
/// address.
pub trait WitnessClient: Send + Sync {
    /// Posts `body` to `url` and gives the answer, whatever its status. Redirects are answers, and not followed. An answer that
    /// takes longer than [`WITNESS_SECONDS`], or is longer than [`WITNESS_BYTES`], is an error.
    ///
    /// [`WITNESS_SECONDS`]: cidery_protocol::limits::WITNESS_SECONDS
    /// [`WITNESS_BYTES`]: cidery_protocol::limits::WITNESS_BYTES
    fn post(&self, url: &str, body: Bytes) -> impl Future<Output = Result<WitnessAnswer, StoreError>> + Send;
}

/// What a witness answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessAnswer {
    /// HTTP's status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 2] = [
        "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX",
        "z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH",
    ];

    fn witness(name: &str, url: &str, key: usize) -> Result<Witness, Error> {
        Witness::new(name, url, KEYS[key].parse().expect("a key"))
    }

    #[test]
    fn t26_addresses_are_http_and_nothing_hides_in_them() {
        for (prefix, url) in [
            ("https://w.example", "https://w.example/add-checkpoint"),
            ("https://w.example/", "https://w.example/add-checkpoint"),
            ("http://127.0.0.1:8080/a/b", "http://127.0.0.1:8080/a/b/add-checkpoint"),
        ] {
            assert_eq!(witness("w", prefix, 0).expect(prefix).url(), url);
        }
        for prefix in [
            "",
            "w.example",
            "ftp://w.example",
            "file:///etc/passwd",
            "https://",
            "https:///path",
            "https://user@w.example",
            "https://w.example/?a=b",
            "https://w.example/#a",
            "https://w.example\\@other.example",
            "https://w.example/ x",
            "https://w.example/\r\nhost: other",
            "HTTPS://w.example",
            &format!("https://{}", "a".repeat(URL_CHARS)),
        ] {
            assert!(matches!(witness("w", prefix, 0), Err(Error::Witnesses { .. })), "{prefix:?}");
        }
        for name in ["", "a b", "a+b", "ä", "a\n", &"a".repeat(NAME_CHARS + 1)] {
            assert!(
                matches!(witness(name, "https://w.example", 0), Err(Error::Witnesses { .. })),
                "{name:?}"
            );
        }
    }

    #[test]
    fn each_name_and_each_key_is_one_witness() {
        let make = |name: &str, key| witness(name, "https://w.example", key).expect("a witness");
        assert!(Witnesses::new(vec![make("a", 0), make("b", 1)]).is_ok());
        assert!(matches!(Witnesses::new(vec![make("a", 0), make("a", 1)]), Err(Error::Witnesses { .. })));
        assert!(matches!(Witnesses::new(vec![make("a", 0), make("b", 0)]), Err(Error::OneKey { .. })));
        let many = |count: usize| (0..count).map(|at| make(&at.to_string(), 0)).collect::<Vec<_>>();
        assert!(matches!(Witnesses::new(many(WITNESSES + 1)), Err(Error::Witnesses { .. })));
    }
}
