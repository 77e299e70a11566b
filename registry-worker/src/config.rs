//! What the operator decides: variables and secrets of the Worker.
//!
//! | name | | |
//! |---|---|---|
//! | `ORIGIN` | variable | the log's name (SPEC §3.5), for ever |
//! | `SCOPES` | variable | who may begin packages: `open`, `closed`, or JSON of scopes and keys, `{"acme": ["z6Mk…"]}`; `closed` unless given |
//! | `WITNESSES` | variable | who else cosigns the head: JSON, `[{"name": "witness.example/w1", "url": "https://witness.example", "key": "z6Mk…"}]`, at most 16; none unless given |
//! | `LOG_KEY` | secret | the OpenSSH private key that signs the log |
//! | `COSIGNER_KEY` | secret | the one, another, that says when its head was the newest |

use std::{collections::BTreeMap, sync::OnceLock};

use cidery_keys::{KeyError, SecretKey};
use cidery_protocol::{Code, Error as Refusal, Origin, PublicKey};
use cidery_registry::{Error, ErrorBody, LogConfig, ScopePolicy, Witness, Witnesses};
use serde::Deserialize;
use worker::Env;

/// Why the configuration cannot be used. No message holds anything of a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigError {
    /// A variable or secret is not there.
    #[error("`{name}` is not set")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// The bucket, namespace or object is not there.
    #[error("the Worker is not bound to `{name}`: {reason}")]
    Unbound {
        /// The binding's name.
        name: &'static str,
        /// What the platform says.
        reason: String,
    },
    /// `ORIGIN` names no log.
    #[error("`ORIGIN` is not the name of a log: {0}")]
    Origin(Refusal),
    /// `SCOPES` is none of its forms.
    #[error("`SCOPES` is neither `open` nor `closed` nor a map from scopes to keys: {reason}")]
    Scopes {
        /// Where it fails.
        reason: String,
    },
    /// `WITNESSES` is not of its form.
    #[error("`WITNESSES` is not a list of witnesses, each with name, url and key: {reason}")]
    Witnesses {
        /// Where it fails.
        reason: String,
    },
    /// A secret is not a key that can be used.
    #[error("`{name}`: {error}")]
    Key {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        error: KeyError,
    },
}

impl ConfigError {
    /// That there is no binding of this name.
    pub(crate) fn unbound(name: &'static str) -> impl Fn(worker::Error) -> Self {
        move |error| ConfigError::Unbound { name, reason: error.to_string() }
    }

    fn hint(&self) -> &'static str {
        match self {
            ConfigError::Missing { name: "LOG_KEY" | "COSIGNER_KEY" } | ConfigError::Key { .. } => {
                "`cidery keys new --out FILE` makes a key, `wrangler secret put NAME < FILE` hands it over"
            }
            ConfigError::Unbound { .. } => "bind it as the project's wrangler.jsonc does",
            _ => "set it under `vars` in wrangler.jsonc",
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Error::Relayed(ErrorBody {
            code: Code::Environment.to_string(),
            message: format!("the registry is not configured: {error}"),
            hint: error.hint().to_owned(),
        })
    }
}

/// The log's name, its keys, and who may begin packages.
pub(crate) fn log_config(env: &Env) -> Result<LogConfig, ConfigError> {
    Ok(LogConfig {
        origin: read(env, "ORIGIN")?.parse::<Origin>().map_err(ConfigError::Origin)?,
        scopes: scopes(env)?.clone(),
        log: Box::new(secret(env, "LOG_KEY")?),
        cosigner: Box::new(secret(env, "COSIGNER_KEY")?),
        witnesses: witnesses(env)?,
    })
}

/// Who may begin packages. Read once in an isolate's life, in which variables don't change.
pub(crate) fn scopes(env: &Env) -> Result<&'static ScopePolicy, ConfigError> {
    static SCOPES: OnceLock<ScopePolicy> = OnceLock::new();
    if let Some(scopes) = SCOPES.get() {
        return Ok(scopes);
    }
    let scopes = match read(env, "SCOPES") {
        Err(_) => ScopePolicy::Closed,
        Ok(text) => match &*text {
            "open" => ScopePolicy::Open,
            "closed" => ScopePolicy::Closed,
            json => listed(json).map_err(|reason| ConfigError::Scopes { reason })?,
        },
    };
    Ok(SCOPES.get_or_init(|| scopes))
}

fn listed(json: &str) -> Result<ScopePolicy, String> {
    let scopes: BTreeMap<String, Vec<String>> =
        serde_json::from_str(json).map_err(|error| error.to_string())?;
    let scopes = scopes.into_iter().map(|(scope, keys)| {
        let keys = keys.iter().map(|key| key.parse::<PublicKey>()).collect::<Result<_, _>>();
        Ok((scope, keys.map_err(|error| error.to_string())?))
    });
    Ok(ScopePolicy::Listed(scopes.collect::<Result<_, String>>()?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    url: String,
    key: String,
}

fn witnesses(env: &Env) -> Result<Witnesses, ConfigError> {
    match read(env, "WITNESSES") {
        Err(_) => Ok(Witnesses::default()),
        Ok(json) => named(&json).map_err(|reason| ConfigError::Witnesses { reason }),
    }
}

fn named(json: &str) -> Result<Witnesses, String> {
    let witnesses: Vec<Named> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let witnesses = witnesses.iter().map(|Named { name, url, key }| {
        let key = key.parse().map_err(|error| format!("{name}: {error}"))?;
        Witness::new(name, url, key).map_err(|error| error.to_string())
    });
    Witnesses::new(witnesses.collect::<Result<_, String>>()?).map_err(|error| error.to_string())
}

fn secret(env: &Env, name: &'static str) -> Result<SecretKey, ConfigError> {
    SecretKey::from_openssh(read(env, name)?.as_bytes()).map_err(|error| ConfigError::Key { name, error })
}

/// Variables and secrets are read alike: which one it is, only the platform's dashboard knows.
fn read(env: &Env, name: &'static str) -> Result<String, ConfigError> {
    let value = env.var(name).map(|value| value.to_string()).unwrap_or_default();
    if value.is_empty() { Err(ConfigError::Missing { name }) } else { Ok(value) }
}
