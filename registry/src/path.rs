//! Paths and queries (SPEC §11.1): decoded once, and then read by the grammars of what they hold.

use std::{collections::BTreeMap, str::FromStr};

use cidery_protocol::{
    Cid, Codec, PackageName,
    log::{Bundle, Tile},
};
use percent_encoding::percent_decode_str;

use crate::Error;

/// Bytes of a path and of a query: the longest that SPEC's grammars lead to, percent-encoded, and more.
const TARGET_BYTES: usize = 8 << 10;

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Log,
    Checkpoint,
    Tile(Tile),
    Bundle(Bundle),
    Package(PackageName),
    PackageLog(PackageName),
    Resolve(PackageName),
    Proof(PackageName),
    Manifest(Cid),
    Carriers(Cid),
    Blob(Cid),
    Receipt(Cid),
    Publish,
}

impl Route {
    /// # Errors
    /// `not_found` where there is no such path, `name.malformed`, `cid.malformed` or `request.malformed` where a part of it is not
    /// what it must be.
    pub(crate) fn parse(path: &str) -> Result<Self, Error> {
        let unknown = || Error::not_found("such path");
        if path.len() > TARGET_BYTES {
            return Err(Error::request("the path is too long"));
        }
        let rest = path.strip_prefix("/v1/").ok_or_else(unknown)?;
        if rest.starts_with("tile/") {
            return Route::of_the_log(rest);
        }
        let segments: Vec<String> = rest
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["log"] => Ok(Route::Log),
            ["checkpoint"] => Ok(Route::Checkpoint),
            ["publish"] => Ok(Route::Publish),
            ["manifests", cid] => Ok(Route::Manifest(object(cid)?)),
            ["manifests", cid, "releases"] => Ok(Route::Carriers(object(cid)?)),
            ["receipts", cid] => Ok(Route::Receipt(object(cid)?)),
            ["blobs", cid] => Ok(Route::Blob(cid.parse::<Cid>()?.expect(Codec::Raw)?)),
            ["packages", name, rest @ ..] => {
                // `@scope%2Fname` is one segment, `@scope/name` two.
                let (name, rest) = match (name.contains('/'), rest) {
                    (false, [second, rest @ ..]) => (format!("{name}/{second}"), rest),
                    _ => ((*name).to_owned(), rest),
                };
                let name: PackageName = name.parse()?;
                match rest {
                    [] => Ok(Route::Package(name)),
                    ["log"] => Ok(Route::PackageLog(name)),
                    ["resolve"] => Ok(Route::Resolve(name)),
                    ["proof"] => Ok(Route::Proof(name)),
                    _ => Err(unknown()),
                }
            }
            _ => Err(unknown()),
        }
    }

    /// A tile or an entry bundle. Its path has one form, in which nothing is percent-encoded: so caches hold it once.
    fn of_the_log(path: &str) -> Result<Self, Error> {
        let route = if path.starts_with("tile/entries/") {
            Bundle::parse(path).map(Route::Bundle)
        } else {
            Tile::parse(path).map(Route::Tile)
        };
        route.map_err(|error| Error::request(error.to_string()))
    }

    /// The methods that it takes.
    pub(crate) fn methods(&self) -> &'static str {
        match self {
            Route::Publish => "POST",
            Route::Blob(_) => "GET, HEAD, PUT",
            _ => "GET, HEAD",
        }
    }
}

fn object(text: &str) -> Result<Cid, Error> {
    Ok(text.parse::<Cid>()?.expect(Codec::DagCbor)?)
}

/// The parameters of a query, each once.
#[derive(Debug)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// # Errors
    /// `request.malformed` where a parameter is there twice or is none of `known`.
    pub(crate) fn parse(query: &str, known: &[&str]) -> Result<Self, Error> {
        if query.len() > TARGET_BYTES {
            return Err(Error::request("the query is too long"));
        }
        let mut parameters = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // As forms write them: `+` is a space.
            let decode = |text: &str| {
                let spaces = text.replace('+', " ");
                percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
            };
            let name = decode(name);
            if !known.contains(&name.as_str()) {
                return Err(Error::request(format!("a parameter is not one of: {}", known.join(", "))));
            }
            if parameters.insert(name.clone(), decode(value)).is_some() {
                return Err(Error::request(format!("the parameter `{name}` is there twice")));
            }
        }
        Ok(Query(parameters))
    }

    /// A parameter as its type.
    ///
    /// # Errors
    /// What the type says.
    pub(crate) fn get<T: FromStr>(&self, name: &str) -> Result<Option<T>, Error>
    where
        Error: From<T::Err>,
    {
        self.0.get(name).map(|text| text.parse().map_err(Error::from)).transpose()
    }

    /// A parameter that is a number in decimal digits, below 2^53.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Error> {
        let parse = |text: &String| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number| *number <= cidery_protocol::limits::TREE_SIZE);
            number.filter(|_| digits).ok_or_else(|| Error::request(format!("`{name}` is not a number")))
        };
        self.0.get(name).map(parse).transpose()
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &str) -> &'static str {
        Route::parse(path).map_or_else(|error| error.code().as_str(), |_| "ok")
    }

    #[test]
    fn packages_are_found_plain_and_encoded() {
        let hello: PackageName = "@acme/hello".parse().expect("a name");
        for path in ["@acme/hello", "%40acme/hello", "@acme%2Fhello", "%40acme%2fhello"] {
            let parsed = Route::parse(&format!("/v1/packages/{path}")).expect("a route");
            assert_eq!(parsed, Route::Package(hello.clone()));
            let parsed = Route::parse(&format!("/v1/packages/{path}/resolve")).expect("a route");
            assert_eq!(parsed, Route::Resolve(hello.clone()));
            let parsed = Route::parse(&format!("/v1/packages/{path}/log")).expect("a route");
            assert_eq!(parsed, Route::PackageLog(hello.clone()));
            let parsed = Route::parse(&format!("/v1/packages/{path}/proof")).expect("a route");
            assert_eq!(parsed, Route::Proof(hello.clone()));
        }
        for name in ["@acme/resolve", "@acme/log", "@acme/proof"] {
            let package = Route::Package(name.parse().expect("a name"));
            assert_eq!(Route::parse(&format!("/v1/packages/{name}")).expect("a route"), package);
        }
    }

    #[test]
    fn t03_t15_other_paths_are_refused_by_name() {
        for (path, wanted) in [
            ("/v1/packages/@acme/Hello", "name.malformed"),
            ("/v1/packages/@acme/%E2%84%AAelvin", "name.malformed"),
            ("/v1/packages/@acme%252fhello", "name.malformed"),
            ("/v1/packages/@acme/..", "name.malformed"),
            ("/v1/packages/@acme/..%2f..%2fetc", "name.malformed"),
            ("/v1/packages/@acme/%ff", "name.malformed"),
            ("/v1/packages/@acme", "name.malformed"),
            ("/v1/packages/", "name.malformed"),
            ("/v1/packages/@acme/a/b", "not_found"),
            ("/v1/blobs/undefined", "cid.malformed"),
            ("/v1/blobs/..%2f..%2flog%2fcheckpoint", "cid.malformed"),
            ("/v1/blobs/bafyr4iglakrqwesg6w5zyazxgwem2ctib6kemuicgicfqiqhqwqwwjf7la", "cid.malformed"),
            ("/v1/manifests/bafkr4ihkr4ld3m4gqkjf4reryxsy2s5tkbxprqkow6fin2iiyvreuzzab4", "cid.malformed"),
            ("/v1/tile/0/000", "ok"),
            ("/v1/tile/0/x001/x234/067.p/112", "ok"),
            ("/v1/tile/entries/000.p/255", "ok"),
            ("/v1/tile/0/0", "request.malformed"),
            ("/v1/tile/0/000.p/256", "request.malformed"),
            ("/v1/tile/0/000.p/0", "request.malformed"),
            ("/v1/tile/00/000", "request.malformed"),
            ("/v1/tile/0/x000/000", "request.malformed"),
            ("/v1/tile/0/%30%30%30", "request.malformed"),
            ("/v1/tile/0/x001%2f234", "request.malformed"),
            ("/v1/tile/0/../../keys", "request.malformed"),
            ("/v1/tile/entries/..%2f..%2fkeys", "request.malformed"),
            ("/v1/tile/entries/", "request.malformed"),
            ("/v1/tile/", "request.malformed"),
            ("/v1/tile", "not_found"),
            ("/v1/tiles/0/000", "not_found"),
            ("/v1/log/", "not_found"),
            ("/v1//log", "not_found"),
            ("/", "not_found"),
        ] {
            assert_eq!(code(path), wanted, "{path}");
        }
    }

    #[test]
    fn queries_are_read_strictly() {
        fn parse(query: &str) -> Result<Query, Error> {
            Query::parse(query, &["range", "since"])
        }
        let query = parse("range=1+%7C%7C+2&since=7").expect("a query");
        assert_eq!(query.get::<String>("range").expect("a range").as_deref(), Some("1 || 2"));
        assert_eq!(query.number("since").expect("a number"), Some(7));
        for refused in ["range=1&range=1", "x=1", "range=1&%72ange=1"] {
            assert!(parse(refused).is_err(), "{refused}");
        }
        for since in ["", "-1", "+1", "1.0", "9007199254740992", "99999999999999999999"] {
            let query = format!("since={since}");
            assert!(parse(&query).expect("a query").number("since").is_err(), "{since}");
        }
    }
}
