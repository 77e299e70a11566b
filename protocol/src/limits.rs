//! The bounds of SPEC §12. Each is checked before memory is spent on what it bounds.

/// Characters of a package name, `@scope/name`.
pub const NAME_CHARS: usize = 214;
/// Characters of a version.
pub const VERSION_CHARS: usize = 128;
/// Characters of a range.
pub const RANGE_CHARS: usize = 256;
/// Characters of a log's origin.
pub const ORIGIN_CHARS: usize = 128;
/// Bytes of a manifest.
pub const MANIFEST_BYTES: usize = 1 << 20;
/// Modules of a manifest.
pub const MANIFEST_MODULES: usize = 1_000;
/// Modules that a manifest offers to packages that link it.
pub const MANIFEST_EXPORTS: usize = 1_000;
/// Packages that a manifest links, and those in its closure beside it.
pub const CLOSURE_PACKAGES: usize = 64;
/// npm packages in a manifest's list of what was bundled.
pub const MANIFEST_BUNDLED: usize = 10_000;
/// Hosts, names of bindings and compatibility flags of a manifest, each.
pub const MANIFEST_WORDS: usize = 256;
/// Bytes of all modules of a manifest together, which is what Worker Loader takes; and of all its source maps.
pub const CODE_BYTES: u64 = 64 << 20;
/// Bytes of one blob.
pub const BLOB_BYTES: u64 = 64 << 20;
/// Characters of a module's path.
pub const PATH_CHARS: usize = 512;
/// Bytes of an envelope as JSON.
pub const ENVELOPE_BYTES: usize = 8 << 10;
/// Keys of an authority.
pub const KEYS: usize = 16;
/// Signatures of an envelope or log entry: those of an authority and of the one that takes over.
pub const SIGNATURES: usize = 2 * KEYS;
/// Attestations of a release.
pub const ATTESTATIONS: usize = 16;
/// Bytes of an attestation.
pub const ATTESTATION_BYTES: u64 = 1 << 20;
/// Bytes of a log entry: what C2SP's entry bundles can hold.
pub const ENTRY_BYTES: usize = 65_535;
/// Bytes of a checkpoint with all its signatures: room for 16 post-quantum ones of 3.3 KB.
pub const CHECKPOINT_BYTES: usize = 64 << 10;
/// Signature lines of a checkpoint.
pub const CHECKPOINT_SIGNATURES: usize = 64;
/// Witnesses that a registry asks.
pub const WITNESSES: usize = 16;
/// How long a witness has for an answer, seconds.
pub const WITNESS_SECONDS: u64 = 10;
/// Bytes of a witness's answer: a checkpoint's, of which it is the signature lines.
pub const WITNESS_BYTES: usize = CHECKPOINT_BYTES;
/// Hashes of a Merkle proof: the tree's height is at most 63.
pub const PROOF_HASHES: usize = 64;
/// Entries of a tree: sizes stay below 2^53, so that every language can hold them.
pub const TREE_SIZE: u64 = (1 << 53) - 1;
/// Records of a chain of authority: what follows an `init` is at most 127 times `rekey` or `transfer`. The largest one is a
/// `transfer` from 16 keys to 16 others, of 5,386 bytes: 128 of them leave a third of a resolution for everything else.
pub const CHAIN_RECORDS: usize = 128;
/// The last records of a chain are for recovery keys, and for whom they have just named: whoever stole a package cannot use
/// them up.
pub const CHAIN_RECOVERY: usize = 16;
/// Characters of a channel's name.
pub const CHANNEL_CHARS: usize = 64;
/// Channels of a package that name anything.
pub const CHANNELS: usize = 256;
/// Names of a package's channels, those that name nothing any more among them.
pub const CHANNEL_NAMES: usize = 1_024;
/// Releases of a package, void ones among them: each stays in its state, as a version stays taken. Records are not counted,
/// since a `yank`, an `attest` and a `channel` that is there already leave the state as large as it was.
///
/// The largest state of 10,000 releases and 1,024 channels is one of 16 signers, versions of 128 characters, yanks with a text,
/// and channels of 16 targets. As an object, of which readers take 32 MiB, it has 24 MB: 2 KB a release and 4.3 KB a channel.
/// In memory, of which a Worker has 128 MB, a key takes 192 bytes, and the state some 60 MB; a record changes it in its place.
/// A release as they usually are, by one key and with a short version, has 330 bytes: 10,000 of them are 3.3 MB. In a ledger each
/// is a row.
pub const RELEASES: usize = 10_000;
/// Releases of a package that are not void: whoever stole it cannot use up the versions before it is taken back.
pub const RELEASES_STANDING: usize = 8_000;
/// Releases that a channel names.
pub const CHANNEL_TARGETS: usize = 16;
/// Parts into which a channel divides those who ask.
pub const BUCKETS: u64 = 10_000;
/// Bytes of a text for people.
pub const TEXT_BYTES: usize = 512;
/// Bytes of a receipt, a head, and a resolution.
pub const RECEIPT_BYTES: usize = 1 << 20;
/// Entries of a page of a package's log.
pub const PACKAGE_LOG_ENTRIES: usize = 256;
/// Bytes of the object that a package's state comes to, and of a leaf in it.
pub const STATE_BYTES: usize = 1 << 10;
/// How long the log may be in taking over what a delay has kept waiting, seconds: it does so with its next entry, at the latest
/// when it cosigns its head.
pub const SETTLE_SECONDS: u64 = 10 * 60;
/// Bytes of a policy as JSON.
pub const POLICY_BYTES: usize = 1 << 20;
/// Publishes of a package that may wait for blobs, for one sequence.
pub const PENDING_PUBLISHES: usize = 4;
/// How long a publish waits for its blobs, seconds.
pub const PENDING_SECONDS: u64 = 60 * 60;
/// How far a log's clock may be ahead, seconds.
pub const CLOCK_AHEAD_SECONDS: u64 = 60;
/// Bytes of a publish request.
pub const PUBLISH_BYTES: usize = 2 << 20;
/// Signatures of a publish request, over all its records. An envelope does not say which key made which signature: one of 32
/// takes at most 32 + 31 + … + 1 = 528 verifications, so a request at most 1,056 of them, which is what a stranger can ask for.
pub const PUBLISH_SIGNATURES: usize = 64;
