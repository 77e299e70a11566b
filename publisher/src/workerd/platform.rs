//! The workerd executable: the one that is named, the cached one, or the npm package of this platform.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::folders::Folders;
use crate::output::Output;

/// The one version that this command runs, which package-lock.json pins for the tests too.
const VERSION: &str = "1.20261023.1";

/// Operating system and processor as Rust names them, the npm package, and the SHA-512 of its archive.
const PACKAGES: &[(&str, &str, &str, &str)] = &[
    (
        "linux",
        "x86_64",
        "@cloudflare/workerd-linux-64",
        "sha512-VHQ6jKFSihjR2+x1buby8XTdBLLJztVnYiB7OLOTYO8aDXB+c1Rd2410PdgFuFYc4AgFEk6PCJLyCLL5L1KBnw==",
    ),
    (
        "linux",
        "aarch64",
        "@cloudflare/workerd-linux-arm64",
        "sha512-ilpRHzfDN8YFRM5CLRKuFw40x/LJBS89yVdhdQmxehlVDuBqjKpJB++zPFbTgKRRFaNupgnXc8RHktXAIhgCmQ==",
    ),
    (
        "macos",
        "x86_64",
        "@cloudflare/workerd-darwin-64",
        "sha512-lsEx0i7nR0PNG/erUFFHmQmiidEhLfDE5uQmAL9421/y4/ycuxDDOSaxu3VGGYFFPK5sduyUeMmjIlX4CwOBFg==",
    ),
    (
        "macos",
        "aarch64",
        "@cloudflare/workerd-darwin-arm64",
        "sha512-5e79fHgabdDD8EgmjOhJ1S+xMsf6DbC7fL7IgTBizMnzOp0P2isDn7pYmUxI9AJZE9FVQ4RUilH/I36YNg+GQQ==",
    ),
    (
        "windows",
        "x86_64",
        "@cloudflare/workerd-windows-64",
        "sha512-279WLVjNsMycAwr0EZNiNEf0l2SY6NUtsN80NwZzbTHzakmiN+WSx4w38muxPm+PAU0oSPPAPXKVD+H6Hya8xw==",
    ),
];

/// The path of the executable, fetched where it is not there yet.
///
/// # Errors
/// [`Failure::Environment`] where none is known for this platform, [`Failure::Bundle`] where the archive cannot be had or
/// is not the pinned one.
pub(crate) async fn executable(folders: &Folders, output: &Output) -> Result<PathBuf, Failure> {
    if let Some(named) = env::var_os("CIDERY_WORKERD").filter(|path| !path.is_empty()) {
        return Ok(named.into());
    }
    let file = if cfg!(windows) { "workerd.exe" } else { "workerd" };
    let path = folders.cache.join("workerd").join(VERSION).join(file);
    if path.is_file() {
        return Ok(path);
    }
    let here = |(os, arch, ..): &&(&str, &str, _, _)| (*os, *arch) == (env::consts::OS, env::consts::ARCH);
    let Some((_, _, package, integrity)) = PACKAGES.iter().find(here) else {
        return Err(Failure::Environment {
            what: format!("workerd is not known for {} on {}", env::consts::OS, env::consts::ARCH),
            hint: Some("set CIDERY_WORKERD to an executable of it".to_owned()),
        });
    };
    output.progress(format_args!("fetching workerd {VERSION} (about 40 MB, once)"));
    let options = cidery_bundler::Options::new(folders.cache.join("npm"));
    let mut files = cidery_bundler::package_files(package, VERSION, integrity, &options).await?;
    let bytes = files.remove(&format!("bin/{file}")).ok_or_else(|| Failure::Environment {
        what: format!("the npm package {package}@{VERSION} holds no bin/{file}"),
        hint: None,
    })?;
    place(&path, &bytes)?;
    Ok(path)
}

/// The file appears complete and executable.
fn place(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::file("write", path)(error);
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o755))
    };
    let temporary = builder.tempfile_in(folder).map_err(failed)?;
    fs::write(temporary.path(), bytes).map_err(failed)?;
    // Closed before it is run: a file that is open for writing cannot be executed.
    temporary.into_temp_path().persist(path).map_err(|error| failed(error.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pins_are_those_of_the_lock_file() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../package-lock.json");
        let lock: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for (_, _, package, integrity) in PACKAGES {
            let locked = &lock["packages"][format!("node_modules/{package}")];
            assert_eq!(
                (locked["version"].as_str(), locked["integrity"].as_str()),
                (Some(VERSION), Some(*integrity))
            );
        }
    }
}
