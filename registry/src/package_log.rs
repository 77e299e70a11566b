//! `GET /v1/packages/{package}/log` (SPEC §11.6): from stored pages alone.

use cidery_protocol::{PackageLog, PackageLogFormat, PackageName, limits};
use futures_util::future::try_join_all;

use crate::{Blobs, Error, Registry, Response, SequencerClient, layout, path::Query, stored::damaged};

/// What a page is sent as.
const PACKAGE_LOG: &str = "application/vnd.cidery.package-log+cbor";
/// Bytes of what stands around an entry, and around all of them, at most.
const AROUND_ENTRY: usize = 3;
const AROUND_ENTRIES: usize = 128;

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// Pages are written before the head: they hold at least the records that the package has under it.
    pub(crate) async fn package_log(
        &self,
        name: &PackageName,
        query: &str,
    ) -> Result<Response<B::Body>, Error> {
        let from = Query::parse(query, &["from"])?.number("from")?.unwrap_or(0);
        let size = self.locate(name).await?.package(name)?.state.sequence + 1;
        let end = size.min(from.saturating_add(limits::PACKAGE_LOG_ENTRIES as u64));
        let numbers = from / layout::PAGE..end.div_ceil(layout::PAGE);
        let pages = try_join_all(numbers.map(|number| self.page(name, number))).await?;
        let sequenced = pages.into_iter().flat_map(|page| (page.from..).zip(page.entries));
        let mut left = limits::RECEIPT_BYTES - AROUND_ENTRIES;
        let entries = sequenced
            .skip_while(|(sequence, _)| *sequence < from)
            .take_while(|(sequence, entry)| {
                let bytes = left.checked_sub(entry.len() + AROUND_ENTRY);
                left = bytes.unwrap_or_default();
                *sequence < end && bytes.is_some()
            })
            .map(|(_, entry)| entry);
        let page = PackageLog { format: PackageLogFormat::V1, from, size, entries: entries.collect() };
        Ok(Response::fresh(200, PACKAGE_LOG, page.encode()?))
    }

    async fn page(&self, name: &PackageName, number: u64) -> Result<PackageLog, Error> {
        let key = layout::page(name, number);
        let object = self.blobs.get(&key, limits::RECEIPT_BYTES).await?;
        let bytes = object.ok_or_else(|| damaged(&key, "it is not there"))?.bytes;
        Ok(PackageLog::decode(&bytes).map_err(|error| damaged(&key, error))?)
    }
}
