//! Modules that the bundler itself makes. Their ids stand beside those of the project and the packages.

use crate::module_id::MADE;

/// A module that is in no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made<'a> {
    /// CommonJS code gets at an external module by it: `require` becomes a static import.
    Required(&'a str),
    /// Stands for a built-in module of Node.js that workerd lacks.
    Lacking(&'a str),
    /// Stands for a module that is not installed.
    Absent(&'a str),
    /// Stands for a package: a module of the reviewed table.
    Reviewed(&'a str),
    /// The exports of a `.wasm` file, by its virtual path without the slash.
    Instance(&'a str),
    /// What stands for a binary, by the name of its asset.
    Binary(&'a str),
    /// A large JSON file, by its virtual path without the slash.
    Json(&'a str),
    /// The `WebAssembly` that knows the binaries.
    WebAssembly,
    /// The `fs` that finds them by their names.
    Files,
}

impl<'a> Made<'a> {
    /// Reads an id.
    pub(super) fn parse(id: &'a str) -> Option<Self> {
        let (kind, rest) = id.strip_prefix(MADE)?.strip_prefix('/')?.split_once('/')?;
        Some(match kind {
            "required" => Self::Required(rest),
            "lacking" => Self::Lacking(rest.strip_suffix(".js")?),
            "absent" => Self::Absent(rest.strip_suffix(".js")?),
            "reviewed" => Self::Reviewed(rest.strip_suffix(".js")?),
            "instance" => Self::Instance(rest.strip_suffix(".js")?),
            "binary" => Self::Binary(rest.strip_suffix(".js")?),
            "json" => Self::Json(rest.strip_suffix(".js")?),
            "shim" if rest == "WebAssembly.js" => Self::WebAssembly,
            "shim" if rest == "fs.js" => Self::Files,
            _ => return None,
        })
    }

    /// The id; [`Made::parse`] reads it.
    pub(super) fn id(self) -> String {
        match self {
            Self::Required(id) => format!("{MADE}/required/{id}"),
            Self::Lacking(name) => format!("{MADE}/lacking/{name}.js"),
            Self::Absent(specifier) => format!("{MADE}/absent/{specifier}.js"),
            Self::Reviewed(name) => format!("{MADE}/reviewed/{name}.js"),
            Self::Instance(path) => format!("{MADE}/instance/{path}.js"),
            Self::Binary(asset) => format!("{MADE}/binary/{asset}.js"),
            Self::Json(path) => format!("{MADE}/json/{path}.js"),
            Self::WebAssembly => format!("{MADE}/shim/WebAssembly.js"),
            Self::Files => format!("{MADE}/shim/fs.js"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_were_written() {
        for made in [
            Made::Required("node:fs"),
            Made::Required("./a-0.wasm"),
            Made::Lacking("fs/promises"),
            Made::Absent("@a/b/c.node"),
            Made::Reviewed("left-pad"),
            Made::Instance("p/npm/a@1.0.0/a.wasm"),
            Made::Binary("a-0.wasm"),
            Made::Json("p/app/a.json"),
            Made::WebAssembly,
            Made::Files,
        ] {
            assert_eq!(Made::parse(&made.id()), Some(made));
        }
        for other in ["/p/app/index.js", "/p/cidery/other/x.js", "/p/cidery/required"] {
            assert_eq!(Made::parse(other), None);
        }
    }
}
