//! The loader Worker: the JavaScript that runs inside workerd, and the verifier that it carries.

use std::borrow::Cow;
use std::env;
use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// The main module.
pub(super) const WORKER: &str = "worker.js";
/// The verifier, which it imports.
pub(super) const VERIFIER: &str = "verifier.wasm";

/// The loader Worker's modules.
#[derive(Debug)]
pub(crate) struct Loader {
    pub(super) worker: Cow<'static, [u8]>,
    pub(super) verifier: Cow<'static, [u8]>,
}

impl Loader {
    /// The one in the folder that `CIDERY_LOADER_DIR` names, else the one that was built in.
    ///
    /// # Errors
    /// [`Failure::Environment`] where this binary was built without the feature `embedded-loader`, and no folder is named.
    pub(crate) fn find() -> Result<Self, Failure> {
        match env::var_os("CIDERY_LOADER_DIR").filter(|path| !path.is_empty()) {
            Some(dir) => Loader::read(Path::new(&dir)),
            None => Loader::embedded(),
        }
    }

    fn read(dir: &Path) -> Result<Self, Failure> {
        let read = |name: &str| {
            let path = dir.join(name);
            fs::read(&path).map(Cow::Owned).map_err(Failure::file("read", &path))
        };
        Ok(Loader { worker: read(WORKER)?, verifier: read(VERIFIER)? })
    }

    #[cfg(feature = "embedded-loader")]
    fn embedded() -> Result<Self, Failure> {
        Ok(Loader {
            worker: Cow::Borrowed(include_bytes!("../../../examples/loader-worker/dist/worker.js")),
            verifier: Cow::Borrowed(include_bytes!("../../../examples/loader-worker/dist/verifier.wasm")),
        })
    }

    #[cfg(not(feature = "embedded-loader"))]
    fn embedded() -> Result<Self, Failure> {
        Err(Failure::Environment {
            what: "this binary was built without the loader".to_owned(),
            hint: Some(
                "`cargo xtask build` builds one with it; or set CIDERY_LOADER_DIR to a folder with worker.js and \
                 verifier.wasm"
                    .to_owned(),
            ),
        })
    }
}
