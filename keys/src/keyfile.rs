//! Key files: OpenSSH private keys that only their owner can reach.
//!
//! They are the files of `ssh-keygen -t ed25519`, and can be made, read, moved and given another passphrase with its
//! tools.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Write},
    path::Path,
};

use zeroize::Zeroizing;

use crate::{KeyError, Passphrase, SecretKey, StoredKey, secret::TEXT_BYTES};

/// Reads the key in a file, of a key without a passphrase.
///
/// # Errors
/// Those of [`open`], and [`KeyError::Encrypted`].
pub fn read(path: &Path) -> Result<SecretKey, KeyError> {
    match open(path)? {
        StoredKey::Open(key) => Ok(key),
        StoredKey::Locked(_) => Err(KeyError::Encrypted),
    }
}

/// Reads the key in a file, which may be behind a passphrase or in PKCS#8.
///
/// # Errors
/// Those of [`read_secret`] and [`StoredKey::parse`].
pub fn open(path: &Path) -> Result<StoredKey, KeyError> {
    StoredKey::parse(&read_secret(path)?)
}

/// Reads a key from something else than a file, such as standard input, which errors then call by this `name`.
///
/// # Errors
/// [`KeyError::File`] where it cannot be read, [`KeyError::Large`], and those of [`StoredKey::parse`].
pub fn open_from(source: impl Read, name: &Path) -> Result<StoredKey, KeyError> {
    StoredKey::parse(&read_bounded(source, name)?)
}

/// Reads a file that holds a secret, such as a passphrase. It is erased when dropped.
///
/// # Errors
/// [`KeyError::File`] where it cannot be read, [`KeyError::Exposed`] on Unix where its group or others have any right to
/// it, [`KeyError::Large`].
pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let file = File::open(path).map_err(|source| KeyError::File {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    check_private(&file, path)?;
    read_bounded(file, path)
}

fn read_bounded(source: impl Read, path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    // The whole capacity at once: a vector that grows would leave copies of the secret behind.
    let mut text = Zeroizing::new(Vec::with_capacity(TEXT_BYTES + 1));
    match source.take(TEXT_BYTES as u64 + 1).read_to_end(&mut text) {
        Ok(length) if length > TEXT_BYTES => Err(KeyError::Large { limit: TEXT_BYTES }),
        Ok(_) => Ok(text),
        Err(source) => Err(KeyError::File { action: "read", path: path.to_owned(), source }),
    }
}

/// Writes a key into a new file of mode 0600, making its folder where there is none.
///
/// The file is complete when it appears under its name, and on the disk when this returns.
///
/// # Errors
/// [`KeyError::Exists`] where something has this name already, [`KeyError::File`] where the file cannot be written.
pub fn create(path: &Path, key: &SecretKey) -> Result<(), KeyError> {
    write_new(path, &key.to_openssh()?)
}

/// As [`create`], behind a passphrase.
///
/// # Errors
/// Those of [`create`], and [`KeyError::Randomness`].
pub fn create_locked(path: &Path, key: &SecretKey, passphrase: &Passphrase) -> Result<(), KeyError> {
    write_new(path, &key.to_locked_openssh(passphrase)?)
}

fn write_new(path: &Path, text: &str) -> Result<(), KeyError> {
    let failed = |source| KeyError::File { action: "create", path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(folder).map_err(failed)?;
    // A temporary file is made with mode 0600.
    let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path).map_err(|refusal| match refusal.error.kind() {
        ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
        _ => failed(refusal.error),
    })?;
    sync_folder(folder).map_err(failed)
}

#[cfg(unix)]
fn check_private(file: &File, path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::MetadataExt;

    let failed = |source| KeyError::File { action: "read", path: path.to_owned(), source };
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::Exposed { path: path.to_owned(), mode }) }
}

/// Elsewhere, the folders of a user are closed to others by default.
#[cfg(not(unix))]
fn check_private(_: &File, _: &Path) -> Result<(), KeyError> {
    Ok(())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere, folders cannot be opened as files.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
