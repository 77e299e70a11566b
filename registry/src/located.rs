//! A package under a head (SPEC §8.7): from the head to its map entry, down the pages of the map, to the package's state. Each
//! names the next one, so that all of it is of one moment.

use bytes::Bytes;
use cidery_protocol::{
    Cid, Codec, MapEntry, MapProof, PackageName, limits,
    log::Hash,
    map::{MapKey, MapPath, ReadPath},
};
use serde_bytes::ByteBuf;

use crate::{
    Blobs, Error, Registry, SequencerClient,
    head::{Tiles, Tip},
    layout,
    stored::{INDEX_BYTES, StoredPackage, damaged},
};

/// Heads that are tried, where newer ones replace them while they are read.
const HEADS: usize = 3;
/// Bytes of a page of the map (SPEC §8.7).
const PAGE_BYTES: usize = 64 << 10;

/// What a head says of a package.
pub(crate) struct Located {
    pub(crate) tip: Tip,
    /// The way in the map, which the empty log has not.
    pub(crate) mapped: Option<Mapped>,
    /// The package, where there is one.
    pub(crate) stored: Option<StoredPackage>,
}

/// The way to a package in the map, or to where it would be.
pub(crate) struct Mapped {
    entry: Bytes,
    path: MapPath,
}

impl Located {
    /// The package.
    ///
    /// # Errors
    /// `not_found`.
    pub(crate) fn package(self, name: &PackageName) -> Result<StoredPackage, Error> {
        self.stored.ok_or_else(|| absent(name))
    }

    /// The index of the map entry: the last one.
    pub(crate) fn last(&self) -> Option<u64> {
        self.mapped.as_ref().and(self.tip.size.checked_sub(1))
    }
}

impl Mapped {
    /// The proof, with the inclusion of the map entry, which is the last of the tree.
    pub(crate) fn proof(self, last: u64, tiles: &Tiles) -> Result<MapProof, Error> {
        let inclusion = tiles.inclusion(last)?.into();
        Ok(MapProof { entry: ByteBuf::from(self.entry.to_vec()), inclusion, path: self.path })
    }
}

/// Why a package is not located.
enum Miss {
    /// An object is not there, which a newer head may have replaced.
    Gone(String),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Miss {
    fn from(error: E) -> Self {
        Miss::Failed(error.into())
    }
}

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// A package under the newest head. Where that is replaced while it is read, and what it names is deleted, the one after it is
    /// tried.
    pub(crate) async fn locate(&self, name: &PackageName) -> Result<Located, Error> {
        let (mut tip, mut left) = (self.tip(layout::HEAD).await?, HEADS);
        loop {
            let size = tip.size;
            let gone = match self.locate_under(tip, name).await {
                Ok(located) => return Ok(located),
                Err(Miss::Failed(error)) => return Err(error),
                Err(Miss::Gone(key)) => key,
            };
            left -= 1;
            tip = self.tip(layout::HEAD).await?;
            if left == 0 || tip.size == size {
                return Err(damaged(&gone, "it is not there").into());
            }
        }
    }

    async fn locate_under(&self, tip: Tip, name: &PackageName) -> Result<Located, Miss> {
        if tip.size == 0 {
            return Ok(Located { tip, mapped: None, stored: None });
        }
        let key = layout::map_entry(tip.size);
        let entry = self.needed(&key, limits::ENTRY_BYTES).await?;
        let root = MapEntry::decode(&entry).map_err(|error| damaged(&key, error))?.root;
        let (value, path) = self.path(name, root).await?;
        let stored = match value {
            Some(value) => Some(self.state(name, value).await?),
            None => None,
        };
        Ok(Located { tip, mapped: Some(Mapped { entry, path }), stored })
    }

    async fn path(&self, name: &PackageName, root: Hash) -> Result<(Option<Cid>, MapPath), Miss> {
        let mut path = ReadPath::new(MapKey::of(name), root);
        while let Some(page) = path.wants() {
            let key = layout::map_page(&page);
            path.take(&self.needed(&key, PAGE_BYTES).await?).map_err(|error| damaged(&key, error))?;
        }
        Ok(path.finish())
    }

    async fn state(&self, name: &PackageName, value: Cid) -> Result<StoredPackage, Miss> {
        let key = layout::package(name, &value);
        let stored = StoredPackage::decode(&key, &self.needed(&key, INDEX_BYTES).await?)?;
        let got = Cid::of(Codec::DagCbor, &stored.object);
        if got != value {
            return Err(damaged(&key, format!("it has the state {got}")).into());
        }
        Ok(stored)
    }

    async fn needed(&self, key: &str, limit: usize) -> Result<Bytes, Miss> {
        let object = self.blobs.get(key, limit).await?;
        Ok(object.ok_or_else(|| Miss::Gone(key.to_owned()))?.bytes)
    }
}

/// There is no such package.
pub(crate) fn absent(name: &PackageName) -> Error {
    Error::not_found(format!("package `{name}`"))
}
