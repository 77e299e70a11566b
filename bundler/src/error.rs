//! What can go wrong between a source folder and its modules.

use std::path::PathBuf;

/// Why a folder could not be bundled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file or folder could not be read or written.
    #[error("cannot access {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A JSON file of the project, or of the npm registry, is not what it should be.
    #[error("{file} is not valid: {reason}")]
    InvalidFile {
        /// Its name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No entry was named and none of the usual ones exists.
    #[error("no entry module: got none, wanted one of {}", tried.join(", "))]
    NoEntry {
        /// The paths that were tried.
        tried: Vec<String>,
    },
    /// A path leads out of the package folder, directly or through a symbolic link.
    #[error("{path} leads out of the package folder")]
    OutsideFolder {
        /// The path, relative to the folder.
        path: String,
    },
    /// A dependency that does not come from an npm registry.
    #[error("dependency `{name}` is `{spec}`, wanted a version, a range, a tag or an npm alias")]
    UnsupportedDependency {
        /// The name it is imported by.
        name: String,
        /// What package.json asks for.
        spec: String,
    },
    /// A lock file does not hold what package.json asks for.
    #[error("{file} is out of step: `{name}` is locked at {got}, wanted {wanted}")]
    LockOutOfStep {
        /// The lock file.
        file: &'static str,
        /// The dependency.
        name: String,
        /// The locked version, or `nothing`.
        got: String,
        /// The range in package.json, or in the package that depends on it.
        wanted: String,
    },
    /// A lock file of a kind or version that is not read.
    #[error("got the lock file {got}, wanted {wanted}: {command}", got = lock_file(file, got))]
    UnsupportedLock {
        /// The lock file.
        file: &'static str,
        /// Its name or version.
        got: String,
        /// What is read.
        wanted: &'static str,
        /// What makes it into one that is read.
        command: &'static str,
    },
    /// Two lock files, which may say different things.
    #[error("got the lock files {one} and {other}, wanted one of them")]
    TwoLocks {
        /// One.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// The dependencies have no solution.
    #[error("cannot resolve the dependencies: {reason}")]
    Unresolvable {
        /// What the solver said.
        reason: String,
    },
    /// There is no such package.
    #[error("there is no package `{package}` in the registry, as {} wants", wanted_by.join(" > "))]
    NoPackage {
        /// Its name.
        package: String,
        /// From the project to who asks for it.
        wanted_by: Vec<String>,
    },
    /// A package has no version that is in a range.
    #[error("no version of `{package}` is `{range}`, as {} wants: there is {there}", wanted_by.join(" > "))]
    NoVersion {
        /// Its name in the registry.
        package: String,
        /// A version, a range or a tag.
        range: String,
        /// The newest versions that there are, and the tags.
        there: String,
        /// From the project to who asks for it.
        wanted_by: Vec<String>,
    },
    /// A package carries no SHA-512, so its bytes cannot be checked.
    #[error("{package} has integrity `{got}`, wanted sha512")]
    WeakIntegrity {
        /// Name and version.
        package: String,
        /// What the lock file or the registry offers.
        got: String,
    },
    /// A package's bytes are not those that were locked or announced.
    #[error("{package} does not match its integrity: got {got}, wanted {wanted}")]
    IntegrityMismatch {
        /// Name and version.
        package: String,
        /// The digest of the bytes that came.
        got: String,
        /// The digest that was locked or announced.
        wanted: String,
    },
    /// The npm registry could not be reached, or refused.
    #[error("cannot fetch {what} from the npm registry: {reason}")]
    Fetch {
        /// A package, or a package and its version.
        what: String,
        /// The HTTP status or the cause.
        reason: String,
    },
    /// Something is not in the cache, and nothing may be asked of the network.
    #[error("{what} is not in the cache, and nothing is fetched offline")]
    Offline {
        /// The description or the archive of a package.
        what: String,
    },
    /// A body, a file or an archive is larger than its bound.
    #[error("{what} is too large: got more than {limit} {unit}")]
    TooLarge {
        /// What it is.
        what: String,
        /// The bound.
        limit: u64,
        /// `bytes`, `entries` or `folders`.
        unit: &'static str,
    },
    /// A package archive that cannot be unpacked safely.
    #[error("the archive of {package} is refused: {reason}")]
    Archive {
        /// Name and version.
        package: String,
        /// The entry and what is wrong with it.
        reason: String,
    },
    /// An import that leads nowhere.
    #[error("cannot resolve `{specifier}`, imported by {importer}: {reason}")]
    UnresolvedImport {
        /// What is imported.
        specifier: String,
        /// The importing module: `app/…` or `npm/<name>@<version>/…`.
        importer: String,
        /// What was tried.
        reason: String,
    },
    /// A package, or a part of it, that no code can import.
    #[error("`{import}` of {package} cannot be imported: {reason}")]
    NoExport {
        /// Name and version.
        package: String,
        /// The name in its `exports`: `.` or `./x`.
        import: String,
        /// What there is instead.
        reason: String,
    },
    /// Nothing can stand for a package that is to be replaced.
    #[error("cannot replace `{name}`, wanted {wanted}")]
    NoReplacement {
        /// The package.
        name: String,
        /// The packages of the reviewed table, or the file that is to stand for it.
        wanted: String,
    },
    /// The code could not be parsed or linked.
    #[error("cannot bundle: {}", reasons.join("; "))]
    Code {
        /// One message a problem.
        reasons: Vec<String>,
    },
    /// A module that is kept as text is not UTF-8 without a byte order mark.
    #[error("{path} is imported as text but is not UTF-8 without a byte order mark")]
    NotText {
        /// The virtual path of the module.
        path: String,
    },
    /// The bundler itself failed.
    #[error("the bundler failed: {reason}")]
    Internal {
        /// What it said.
        reason: String,
    },
}

/// `yarn.lock`, or `package-lock.json with lockfileVersion 1`.
fn lock_file(file: &str, got: &str) -> String {
    if file == got { file.to_owned() } else { format!("{file} with {got}") }
}

impl BundleError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn invalid(file: impl Into<String>, reason: impl ToString) -> Self {
        Self::InvalidFile { file: file.into(), reason: reason.to_string() }
    }
}
