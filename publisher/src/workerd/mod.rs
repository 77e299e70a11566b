//! Runs a verified package in workerd, Cloudflare's runtime.
//!
//! ```text
//!  executable ───────────► CIDERY_WORKERD, the cache, or the npm package with its pinned SHA-512
//!  Loader::find ─────────► the loader Worker that verifies and starts packages
//!  Config ───────────────► workerd's configuration: front.js names the package to the loader Worker
//!           └─ Workerd::start ─► a child process that answers on a socket
//! ```

mod config;
mod loader;
mod platform;
mod process;

pub(crate) use self::config::Config;
pub(crate) use self::loader::Loader;
pub(crate) use self::platform::executable;
pub(crate) use self::process::Workerd;
