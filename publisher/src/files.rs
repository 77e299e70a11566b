//! Files that are replaced as a whole: whoever reads sees the old one or the new one.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;

/// Writes JSON for people to read.
///
/// # Errors
/// [`Failure::File`].
pub(crate) fn replace(file: &Path, json: &impl Serialize) -> Result<(), Failure> {
    let failed = |error| Failure::file("write", file)(error);
    let mut bytes = serde_json::to_vec_pretty(json).map_err(|error| failed(error.into()))?;
    bytes.push(b'\n');
    replace_bytes(file, &bytes).map_err(failed)
}

/// Writes bytes. A link stays one: what it leads to is replaced; and who may read it stays, too.
pub(crate) fn replace_bytes(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = match fs::canonicalize(file) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(file)?,
        Err(error) => return Err(error),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // As any new file: what the user's mask leaves.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut written = builder.tempfile_in(file.parent().unwrap_or(&file))?;
    written.write_all(bytes)?;
    if let Ok(there) = fs::metadata(&file) {
        written.as_file().set_permissions(there.permissions())?;
    }
    written.as_file().sync_all()?;
    written.persist(&file).map_err(|error| error.error)?;
    Ok(())
}
