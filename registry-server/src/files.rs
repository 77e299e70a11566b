//! Objects as files: each appears under its name whole and on the disk, or not at all.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::body::Body;
use bytes::Bytes;
use cidery_registry::{
    Admission, BlobFacts, Blobs, Download, Error, Etag, Object, Put, StoreError, Upload, layout,
};
use futures_util::stream;
use parking_lot::Mutex;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes that are read at once of a file that is sent.
const CHUNK: usize = 128 << 10;

/// A folder of objects. One process at a time may use it. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Files {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Where objects are, by their keys.
    objects: PathBuf,
    /// Where files grow; on the same file system.
    temporary: PathBuf,
    /// Makes check and write of [`Blobs::replace`] one step.
    replacing: Mutex<()>,
}

impl Files {
    /// The objects in `folder`, which is made where there is none. What an earlier process left unfinished is removed.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let (objects, temporary) = (folder.join("objects"), folder.join("tmp"));
        let open = || {
            match fs::remove_dir_all(&temporary) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::create_dir_all(&objects)?;
            fs::create_dir_all(&temporary)?;
            sync_folder(folder)
        };
        open().map_err(|error| StoreError::new(format!("use the folder `{}`", folder.display()), error))?;
        Ok(Files { shared: Arc::new(Shared { objects, temporary, replacing: Mutex::new(()) }) })
    }

    /// Runs `work` where it may wait for the disk.
    async fn on_disk<T: Send + 'static>(
        &self,
        action: String,
        work: impl FnOnce(&Shared) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        match tokio::task::spawn_blocking(move || work(&shared)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(StoreError::new(action, error)),
            Err(stopped) => Err(StoreError::new(action, stopped)),
        }
    }
}

impl Shared {
    /// Keys are made of CIDs, names and tile paths by their grammars; anything else never becomes a path.
    fn path(&self, key: &str) -> io::Result<PathBuf> {
        let segment = |segment: &str| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@-._".contains(&byte))
        };
        if key.split('/').all(segment) {
            Ok(self.objects.join(key))
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "not the key of an object"))
        }
    }

    fn read(&self, key: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = found(fs::File::open(self.path(key)?))? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("over {limit} bytes")));
        }
        Ok(Some(bytes))
    }

    /// A file that nobody sees yet.
    fn grow(&self, bytes: &[u8]) -> io::Result<NamedTempFile> {
        let mut file = NamedTempFile::new_in(&self.temporary)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    }

    /// Makes the folders of a path, on the disk.
    fn make_room(&self, path: &Path) -> io::Result<()> {
        let Some(folder) = path.parent() else { return Ok(()) };
        if folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        let made = folder.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.objects));
        made.into_iter().try_for_each(sync_folder)
    }

    /// Shows a grown file under its key, in the place of what is there.
    fn show(&self, key: &str, file: NamedTempFile) -> io::Result<()> {
        let path = self.path(key)?;
        self.make_room(&path)?;
        file.persist(&path)?;
        path.parent().map_or(Ok(()), sync_folder)
    }

    /// Shows a grown file under its key, if nothing is there: whether nothing was.
    fn show_new(&self, key: &str, file: NamedTempFile) -> io::Result<bool> {
        let path = self.path(key)?;
        self.make_room(&path)?;
        match file.persist_noclobber(&path) {
            Ok(_) => path.parent().map_or(Ok(()), sync_folder).map(|()| true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    }
}

impl Blobs for Files {
    type Body = Body;

    async fn get(&self, key: &str, limit: usize) -> Result<Option<Object>, StoreError> {
        let (action, key) = (format!("read `{key}`"), key.to_owned());
        let bytes = self.on_disk(action, move |shared| shared.read(&key, limit)).await?;
        Ok(bytes.map(|bytes| Object { etag: etag(&bytes), bytes: Bytes::from(bytes) }))
    }

    async fn open(&self, key: &str) -> Result<Option<Download<Body>>, StoreError> {
        let (action, key) = (format!("read `{key}`"), key.to_owned());
        let opened = self.on_disk(action, move |shared| {
            let Some(file) = found(fs::File::open(shared.path(&key)?))? else { return Ok(None) };
            let length = file.metadata()?.len();
            Ok(Some((file, length)))
        });
        let Some((file, length)) = opened.await? else { return Ok(None) };
        let chunks = stream::try_unfold(tokio::fs::File::from_std(file), |mut file| async move {
            let mut chunk = Vec::with_capacity(CHUNK);
            let read = file.read_buf(&mut chunk).await?;
            Ok::<_, io::Error>((read > 0).then_some((Bytes::from(chunk), file)))
        });
        Ok(Some(Download { length, body: Body::from_stream(chunks) }))
    }

    async fn has(&self, key: &str) -> Result<bool, StoreError> {
        let (action, key) = (format!("read `{key}`"), key.to_owned());
        self.on_disk(action, move |shared| Ok(found(fs::metadata(shared.path(&key)?))?.is_some())).await
    }

    async fn put_immutable(&self, key: &str, bytes: Bytes) -> Result<Put, StoreError> {
        let (action, key) = (format!("write `{key}`"), key.to_owned());
        self.on_disk(action, move |shared| {
            if shared.path(&key)?.exists() || !shared.show_new(&key, shared.grow(&bytes)?)? {
                let stored = found(fs::read(shared.path(&key)?))?;
                let same = stored.is_some_and(|stored| stored == bytes);
                return Ok(if same { Put::Same } else { Put::Different });
            }
            Ok(Put::Stored)
        })
        .await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        let (action, key) = (format!("write `{key}`"), key.to_owned());
        self.on_disk(action, move |shared| shared.show(&key, shared.grow(&bytes)?)).await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> Result<Option<Etag>, StoreError> {
        let (action, key, before) = (format!("replace `{key}`"), key.to_owned(), before.cloned());
        self.on_disk(action, move |shared| {
            let _alone = shared.replacing.lock();
            let there = found(fs::read(shared.path(&key)?))?;
            if there.map(|bytes| etag(&bytes)) != before {
                return Ok(None);
            }
            shared.show(&key, shared.grow(&bytes)?)?;
            Ok(Some(etag(&bytes)))
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let (action, key) = (format!("delete `{key}`"), key.to_owned());
        // Not synced: what comes back after a power cut is nothing that anybody names.
        self.on_disk(action, move |shared| found(fs::remove_file(shared.path(&key)?)).map(drop)).await
    }

    async fn store_blob<U: Upload>(
        &self,
        mut upload: U,
        mut admission: Admission,
    ) -> Result<BlobFacts, Error> {
        let key = layout::blob(&admission.cid());
        let action = format!("write `{key}`");
        let failed = |error: io::Error| StoreError::new(action.clone(), error);
        // Dropped on every way out but the last, the file is removed.
        let growing = self.on_disk(action.clone(), |shared| NamedTempFile::new_in(&shared.temporary)).await?;
        let mut file = tokio::fs::File::from_std(growing.as_file().try_clone().map_err(failed)?);
        while let Some(chunk) = upload.next().await? {
            admission.push(&chunk)?;
            file.write_all(&chunk).await.map_err(failed)?;
        }
        let facts = admission.finish()?;
        file.flush().await.map_err(failed)?;
        file.sync_all().await.map_err(failed)?;
        self.on_disk(action.clone(), move |shared| shared.show_new(&key, growing)).await?;
        Ok(facts)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let prefix = prefix.to_owned();
        self.on_disk("list the objects".to_owned(), move |shared| {
            let (mut keys, mut folders) = (Vec::new(), vec![shared.objects.clone()]);
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder)? {
                    let entry = entry?;
                    if entry.file_type()?.is_dir() {
                        folders.push(entry.path());
                    } else if let Ok(path) = entry.path().strip_prefix(&shared.objects) {
                        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
                        keys.push(parts.join("/"));
                    }
                }
            }
            keys.retain(|key| key.starts_with(&prefix));
            keys.sort();
            Ok(keys)
        })
        .await
    }
}

fn etag(bytes: &[u8]) -> Etag {
    Etag(blake3::hash(bytes).to_string())
}

/// `None` where the file is not there: also where a part of its path is a file.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What was renamed into a folder is there after a crash only once the folder is on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Elsewhere, folders cannot be opened; the file system keeps renames in order.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_keeps_the_contract() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::open(folder.path()).expect("a store");
        cidery_registry::contract::blobs(&files).await;
        assert_eq!(fs::read_dir(folder.path().join("tmp")).expect("a folder").count(), 0);
    }

    #[tokio::test]
    async fn t15_no_key_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::open(folder.path()).expect("a store");
        for key in ["../x", "a/../../x", "/etc/passwd", "a//b", "a\\b", "", "a/./b", "C:x", "a\0b"] {
            assert!(files.put(key, Bytes::new()).await.is_err(), "{key:?}");
        }
    }
}
