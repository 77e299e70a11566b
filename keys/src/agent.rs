//! Keys that an ssh-agent holds: listed, and asked to sign.
//!
//! Two requests of the agent protocol (draft-ietf-sshm-ssh-agent) are enough:
//!
//! ```text
//!   uint32 length · byte 11                                          ─▶  12 · uint32 n · n × (string key, string comment)
//!   uint32 length · byte 13 · string key · string message · uint32 0 ─▶  14 · string (string algorithm, string signature)
//! ```

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use cidery_protocol::{PublicKey, Signature};
use ssh_encoding::{Decode, Encode};

use crate::{KeyError, Signer, secret::printable};

/// How long an answer is waited for: an agent may ask a person first.
const ANSWERS_WITHIN: Duration = Duration::from_secs(120);
/// Bytes of an answer that are read; OpenSSH's agent writes no more.
const ANSWER_BYTES: usize = 256 << 10;

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

const ED25519: &[u8] = b"ssh-ed25519";

/// An ssh-agent, by its socket. Each request is a connection of its own.
#[derive(Clone, Debug)]
pub struct Agent {
    socket: PathBuf,
}

/// An ed25519 key that an agent holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentKey {
    /// The public half.
    pub public_key: PublicKey,
    /// What its owner calls it, without control characters.
    pub comment: String,
}

impl Agent {
    /// The agent at a socket, as `SSH_AUTH_SOCK` names it.
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Agent { socket: socket.into() }
    }

    /// The ed25519 keys that it holds. Keys of other kinds and certificates are left out.
    ///
    /// # Errors
    /// [`KeyError::AgentUnreachable`], [`KeyError::AgentAnswer`].
    pub fn keys(&self) -> Result<Vec<AgentKey>, KeyError> {
        match self.ask(&[REQUEST_IDENTITIES])?.split_first() {
            Some((&IDENTITIES_ANSWER, keys)) => read_keys(keys).map_err(undecodable),
            _ => Err(unexpected()),
        }
    }

    /// The signer for one of its keys.
    ///
    /// # Errors
    /// Those of [`Agent::keys`], and [`KeyError::AgentLacks`].
    pub fn signer(&self, wanted: &PublicKey) -> Result<AgentSigner, KeyError> {
        let keys = self.keys()?;
        match keys.iter().find(|key| key.public_key == *wanted) {
            Some(key) => Ok(AgentSigner { agent: self.clone(), key: key.clone() }),
            None => Err(KeyError::AgentLacks { wanted: Box::new(*wanted), held: keys.len() }),
        }
    }

    /// The signer for its only key.
    ///
    /// # Errors
    /// Those of [`Agent::keys`], and [`KeyError::AgentAmbiguous`] where it holds none or several.
    pub fn only_signer(&self) -> Result<AgentSigner, KeyError> {
        match &*self.keys()? {
            [key] => Ok(AgentSigner { agent: self.clone(), key: key.clone() }),
            keys => Err(KeyError::AgentAmbiguous { held: keys.len() }),
        }
    }

    /// Sends a request and reads the answer: its type and what follows.
    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |source| KeyError::AgentUnreachable { socket: self.socket.clone(), source };
        let mut stream = connect(&self.socket).map_err(failed)?;
        let mut message = Vec::new();
        request.encode(&mut message).map_err(undecodable)?;
        stream.write_all(&message).map_err(failed)?;
        let mut length = [0; 4];
        stream.read_exact(&mut length).map_err(failed)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > ANSWER_BYTES {
            return Err(KeyError::AgentAnswer { reason: "it is longer than 256 KiB" });
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).map_err(failed)?;
        Ok(answer)
    }
}

/// A key that signs inside of an agent, which never gives it out.
#[derive(Clone, Debug)]
pub struct AgentSigner {
    agent: Agent,
    key: AgentKey,
}

impl AgentSigner {
    /// What the key's owner calls it.
    pub fn comment(&self) -> &str {
        &self.key.comment
    }
}

impl Signer for AgentSigner {
    fn public_key(&self) -> PublicKey {
        self.key.public_key
    }

    /// Asks the agent, and gives its signature out only once it has verified.
    fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        let key = Box::new(self.public_key());
        let answer = self.agent.ask(&sign_request(&key, message).map_err(undecodable)?)?;
        let signature = match answer.split_first() {
            Some((&SIGN_RESPONSE, signature)) => read_signature(signature).map_err(undecodable)?,
            Some((&FAILURE, _)) => return Err(KeyError::AgentRefuses { key }),
            _ => return Err(unexpected()),
        };
        let signature = signature.map(Signature::from_bytes);
        match signature.filter(|signature| key.verifies(message, signature)) {
            Some(signature) => Ok(signature),
            None => Err(KeyError::AgentSignature { key }),
        }
    }
}

fn sign_request(key: &PublicKey, message: &[u8]) -> Result<Vec<u8>, ssh_encoding::Error> {
    let mut blob = Vec::new();
    ED25519.encode(&mut blob)?;
    key.as_bytes().as_slice().encode(&mut blob)?;
    let mut request = vec![SIGN_REQUEST];
    blob.encode(&mut request)?;
    message.encode(&mut request)?;
    0_u32.encode(&mut request)?;
    Ok(request)
}

fn read_keys(mut answer: &[u8]) -> Result<Vec<AgentKey>, ssh_encoding::Error> {
    let mut keys = Vec::new();
    // Each key takes bytes of the answer, so that no count makes this long.
    for _ in 0..u32::decode(&mut answer)? {
        let (blob, comment) = (Vec::<u8>::decode(&mut answer)?, Vec::<u8>::decode(&mut answer)?);
        let comment = printable(&String::from_utf8_lossy(&comment));
        if let Some(public_key) = read_named(&blob)?.and_then(|key| PublicKey::from_bytes(key).ok()) {
            keys.push(AgentKey { public_key, comment });
        }
    }
    Ok(keys)
}

fn read_signature(mut answer: &[u8]) -> Result<Option<[u8; 64]>, ssh_encoding::Error> {
    read_named(&Vec::<u8>::decode(&mut answer)?)
}

/// The `N` bytes that stand for an ed25519 key or signature; nothing for other algorithms.
fn read_named<const N: usize>(mut blob: &[u8]) -> Result<Option<[u8; N]>, ssh_encoding::Error> {
    if Vec::<u8>::decode(&mut blob)? != ED25519 {
        return Ok(None);
    }
    let bytes = Vec::<u8>::decode(&mut blob)?;
    Ok(<[u8; N]>::try_from(bytes).ok().filter(|_| blob.is_empty()))
}

fn undecodable(_: ssh_encoding::Error) -> KeyError {
    KeyError::AgentAnswer { reason: "it is cut off" }
}

fn unexpected() -> KeyError {
    KeyError::AgentAnswer { reason: "it is of another type" }
}

#[cfg(unix)]
fn connect(socket: &Path) -> io::Result<impl Read + Write + use<>> {
    let stream = std::os::unix::net::UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
    stream.set_write_timeout(Some(ANSWERS_WITHIN))?;
    Ok(stream)
}

/// Elsewhere, agents listen on named pipes, which are opened as files.
#[cfg(not(unix))]
fn connect(socket: &Path) -> io::Result<impl Read + Write + use<>> {
    std::fs::File::options().read(true).write(true).open(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
    }

    fn identity(algorithm: &[u8], key: &[u8], comment: &[u8]) -> Vec<u8> {
        [string(&[string(algorithm), string(key)].concat()), string(comment)].concat()
    }

    #[test]
    fn keys_of_other_kinds_are_left_out() {
        let key = crate::SecretKey::from_seed(&[1; 32]).public_key();
        let bytes = key.as_bytes();
        let list = [
            identity(b"ssh-rsa", b"whatever", b"rsa"),
            identity(b"sk-ssh-ed25519@openssh.com", bytes, b"hardware"),
            identity(ED25519, &[0; 32], b"a point of small order"),
            identity(ED25519, &bytes[1..], b"too short"),
            identity(ED25519, bytes, b"ours\x1b[2J\xff"),
        ];
        let answer = [&5_u32.to_be_bytes()[..], &list.concat()].concat();
        let wanted = AgentKey { public_key: key, comment: "ours[2J\u{fffd}".to_owned() };
        assert_eq!(read_keys(&answer), Ok(vec![wanted]));
    }

    #[test]
    fn any_answer_is_read_or_refused() {
        let key = crate::SecretKey::from_seed(&[1; 32]).public_key();
        let whole = [&1_u32.to_be_bytes()[..], &identity(ED25519, key.as_bytes(), b"ours")].concat();
        for end in 0..whole.len() {
            assert!(read_keys(&whole[..end]).is_err(), "{end}");
        }
        assert!(read_keys(&[0xff; 64]).is_err());
        assert!(read_signature(&[0xff; 64]).is_err());
        assert_eq!(read_signature(&string(&[string(b"ssh-rsa"), string(&[0; 64])].concat())), Ok(None));
        assert_eq!(read_signature(&string(&[string(ED25519), string(&[0; 63])].concat())), Ok(None));
    }
}
