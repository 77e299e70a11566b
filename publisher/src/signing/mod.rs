//! Who signs: the keys that a command is given, wherever they are.
//!
//! ```text
//!  --key FILE ──┐
//!  CIDERY_KEY ──┼─► KeyPlace ─► find ─► Key ─┬─ open, or behind a passphrase ─► Signer
//!  id_ed25519 ──┤                            └─ held by the ssh-agent ────────► Signer
//!  --key agent: ┘
//! ```

mod passphrase;

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use cidery_keys::{Agent, AgentSigner, KeyError, Passphrase, SecretKey, Signer, StoredKey, keyfile};
use cidery_protocol::PublicKey;
use zeroize::Zeroizing;

use crate::args::{PassphraseFrom, Signing};
use crate::failure::Failure;
use crate::folders::Folders;

pub(crate) use passphrase::{choose, unlock};

/// The text of a key that signs where no other is named.
const KEY: &str = "CIDERY_KEY";
/// What opens keys.
const PASSPHRASE: &str = "CIDERY_KEY_PASSPHRASE";
/// The socket of the ssh-agent.
const AGENT: &str = "SSH_AUTH_SOCK";
/// Variables that are read here and are nobody else's business: no child process gets them.
pub(crate) const SECRETS: [&str; 3] = [KEY, PASSPHRASE, AGENT];

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyPlace {
    /// In a key file.
    File(PathBuf),
    /// In the ssh-agent: this one, or the only one.
    Agent(Option<PublicKey>),
    /// In `CIDERY_KEY`.
    Variable,
}

impl KeyPlace {
    /// The key that counts where no other is named: `CIDERY_KEY`, else the file in the configuration folder.
    pub(crate) fn default(folders: &Folders) -> Self {
        if variable(KEY).is_some() { KeyPlace::Variable } else { KeyPlace::File(folders.key_file()) }
    }

    /// Looks the key up, without asking for a passphrase.
    ///
    /// # Errors
    /// [`Failure::Environment`] where there is none, [`Failure::KeyAt`].
    pub(crate) fn find(&self) -> Result<Key, Failure> {
        let missing = |what: String, hint: &str| Failure::Environment { what, hint: Some(hint.to_owned()) };
        let key = match self {
            KeyPlace::File(file) => match keyfile::open(file) {
                Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    let what = format!("no key is at {self}");
                    return Err(missing(what, "`cidery keys new` makes one; a key elsewhere can be named"));
                }
                stored => stored.map(Key::from),
            },
            KeyPlace::Variable => match variable(KEY) {
                Some(text) => StoredKey::parse(&text).map(Key::from),
                None => {
                    return Err(missing(format!("{KEY} is not set"), "it holds the text of a private key"));
                }
            },
            KeyPlace::Agent(key) => {
                let Some(agent) = agent() else {
                    let what = format!("no ssh-agent is known: {AGENT} is not set");
                    let hint = "`eval $(ssh-agent)` starts one, and `ssh-add FILE` gives it a key";
                    return Err(missing(what, hint));
                };
                let signer = key.as_ref().map_or_else(|| agent.only_signer(), |key| agent.signer(key));
                signer.map(Box::new).map(Key::Agent)
            }
        };
        key.map_err(|source| self.failure(source))
    }

    /// That the key here cannot be used.
    pub(crate) fn failure(&self, source: KeyError) -> Failure {
        Failure::KeyAt { place: self.to_string(), source }
    }
}

/// As in `--key`.
impl FromStr for KeyPlace {
    type Err = cidery_protocol::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("agent:") {
            None => Ok(KeyPlace::File(text.into())),
            Some("") => Ok(KeyPlace::Agent(None)),
            Some(key) => Ok(KeyPlace::Agent(Some(key.parse()?))),
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyPlace::File(file) => write!(f, "`{}`", file.display()),
            KeyPlace::Agent(None) => write!(f, "`agent:`"),
            KeyPlace::Agent(Some(key)) => write!(f, "`agent:{key}`"),
            KeyPlace::Variable => write!(f, "in {KEY}"),
        }
    }
}

/// A key that was found.
#[derive(Debug)]
pub(crate) enum Key {
    /// Read; perhaps behind a passphrase.
    Stored(Box<StoredKey>),
    /// Held by the ssh-agent.
    Agent(Box<AgentSigner>),
}

impl From<StoredKey> for Key {
    fn from(key: StoredKey) -> Self {
        Key::Stored(Box::new(key))
    }
}

impl Key {
    pub(crate) fn public_key(&self) -> PublicKey {
        match self {
            Key::Stored(key) => key.public_key(),
            Key::Agent(key) => key.public_key(),
        }
    }

    pub(crate) fn comment(&self) -> &str {
        match self {
            Key::Stored(key) => key.comment(),
            Key::Agent(key) => key.comment(),
        }
    }

    /// Whether a passphrase is asked for before it signs; an agent has asked before.
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self, Key::Stored(key) if matches!(**key, StoredKey::Locked(_)))
    }

    /// The key itself, and the passphrase that it was behind.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a key that an ssh-agent holds, and those of [`unlock`].
    pub(crate) fn into_secret(
        self,
        place: &KeyPlace,
        from: &PassphraseFrom,
    ) -> Result<(SecretKey, Option<Passphrase>), Failure> {
        match self {
            Key::Stored(key) => match *key {
                StoredKey::Open(key) => Ok((key, None)),
                StoredKey::Locked(locked) => {
                    unlock(&locked, place, from).map(|(key, passphrase)| (key, Some(passphrase)))
                }
            },
            Key::Agent(_) => Err(Failure::Usage {
                reason: "the ssh-agent gives no secret key out".to_owned(),
                hint: Some("name the file that `ssh-add` took the key from".to_owned()),
            }),
        }
    }

    fn into_signer(self, place: &KeyPlace, from: &PassphraseFrom) -> Result<Box<dyn Signer>, Failure> {
        match self {
            Key::Agent(signer) => Ok(signer),
            stored => Ok(Box::new(stored.into_secret(place, from)?.0)),
        }
    }
}

/// Opens all keys that were named, or the one that counts where none is.
///
/// # Errors
/// Those of [`KeyPlace::find`] and [`unlock`].
pub(crate) fn open(folders: &Folders, signing: &Signing) -> Result<Vec<Box<dyn Signer>>, Failure> {
    let default = [KeyPlace::default(folders)];
    let places = if signing.keys.is_empty() { &default } else { &*signing.keys };
    places.iter().map(|place| place.find()?.into_signer(place, &signing.passphrase)).collect()
}

/// Opens the key that was named, or else the one in `CIDERY_KEY`; none where there is neither. The user's own key is for
/// records, and stands in for no other.
///
/// # Errors
/// Those of [`KeyPlace::find`] and [`unlock`].
pub(crate) fn named(
    place: Option<&KeyPlace>,
    from: &PassphraseFrom,
) -> Result<Option<Box<dyn Signer>>, Failure> {
    let variable = variable(KEY).map(|_| &KeyPlace::Variable);
    place.or(variable).map(|place| place.find()?.into_signer(place, from)).transpose()
}

/// The ssh-agent, where one is named.
pub(crate) fn agent() -> Option<Agent> {
    env::var_os(AGENT).filter(|socket| !socket.is_empty()).map(Agent::at)
}

/// Refuses an argument that is the text of a key, which by then others may have read.
///
/// # Errors
/// [`Failure::Usage`], which does not repeat it.
pub(crate) fn refuse_secret(argument: &OsStr) -> Result<(), Failure> {
    const LABEL: &[u8] = b"PRIVATE KEY-----";
    if !argument.as_encoded_bytes().windows(LABEL.len()).any(|window| window == LABEL) {
        return Ok(());
    }
    Err(Failure::Usage {
        reason: "an argument is a private key, and other users and logs can see arguments".to_owned(),
        hint: Some(format!("replace that key; hand a key over as a file or in {KEY}")),
    })
}

/// What a variable holds; a variable without text is as good as none.
fn variable(name: &str) -> Option<Zeroizing<Vec<u8>>> {
    let value = env::var_os(name)?.into_encoded_bytes();
    (!value.is_empty()).then(|| Zeroizing::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_place() {
        let key: PublicKey = "z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH".parse().unwrap();
        for (text, place) in [
            ("keys/a", KeyPlace::File("keys/a".into())),
            ("./agent:", KeyPlace::File("./agent:".into())),
            ("agent:", KeyPlace::Agent(None)),
            ("agent:z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH", KeyPlace::Agent(Some(key))),
        ] {
            assert_eq!(text.parse(), Ok(place), "{text}");
        }
        assert!("agent:z6Mk".parse::<KeyPlace>().is_err());
    }
}
