//! Node's built-in modules: which of them workerd has, since when, and what stands for those that it lacks.

use nodejs_built_in_modules::is_nodejs_builtin_module;

/// Before this date few of them work, whatever a Worker asks for.
const FIRST: &str = "2024-09-23";

/// The built-in modules that came later: from each compatibility date on, workerd also has these. It was read off the
/// pinned workerd, and a test asks it again.
const SINCE: [(&str, &[&str]); 8] = [
    (
        "2025-08-15",
        &["_http_agent", "_http_client", "_http_common", "_http_incoming", "_http_outgoing", "http", "https"],
    ),
    ("2025-09-01", &["_http_server", "http2"]),
    ("2025-09-15", &["fs", "os"]),
    ("2025-09-21", &["console"]),
    ("2025-10-01", &["vm"]),
    ("2025-12-04", &["cluster", "domain", "punycode", "trace_events", "wasi"]),
    ("2026-01-29", &["_stream_wrap", "dgram", "inspector", "inspector/promises", "sqlite"]),
    (
        "2026-03-17",
        &[
            "child_process",
            "perf_hooks",
            "readline",
            "readline/promises",
            "repl",
            "tty",
            "v8",
            "worker_threads",
        ],
    ),
];

/// The built-in modules that workerd has at no date.
const NEVER: [&str; 4] = ["ffi", "quic", "sea", "test/reporters"];

/// What programs ask of a module that is lacking before they decide to do without it: the answers of a process
/// without a terminal.
const ANSWERS: [(&str, &str, &str); 1] = [("tty", "isatty", "() => false")];

/// A module's name as a built-in module of Node.js, without `node:`.
pub(super) fn name(specifier: &str) -> Option<&str> {
    match specifier.strip_prefix("node:") {
        Some(name) => Some(name),
        None => is_nodejs_builtin_module(specifier).then_some(specifier),
    }
}

/// Why workerd lacks a built-in module at a compatibility date; nothing where it has it.
pub(super) fn lack(name: &str, date: &str) -> Option<String> {
    if NEVER.contains(&name) {
        return Some("at no date".to_owned());
    }
    if !is_nodejs_builtin_module(name) && !is_nodejs_builtin_module(&format!("node:{name}")) {
        return Some("and Node.js, too".to_owned());
    }
    let since = SINCE.iter().find(|(_, names)| names.contains(&name)).map_or(FIRST, |(since, _)| since);
    (date < since && since != FIRST).then(|| format!("before the compatibility date {since}"))
}

/// A CommonJS module that stands for a built-in module: everything can be looked up in it, and throws when it is used.
pub(super) fn stub(name: &str) -> String {
    let answers: String = ANSWERS
        .iter()
        .filter(|(module, ..)| *module == name)
        .map(|(_, key, value)| format!("{key}: {value}, "))
        .collect();
    format!(
        r#"const stub = (path) => new Proxy(function () {{}}, {{
  get: (target, key) =>
    key === "prototype" ? target.prototype
    : typeof key === "symbol" || key === "then" || key === "__esModule" ? undefined
    : stub(path + "." + key),
  apply: () => fail(path),
  construct: () => fail(path),
}});
const fail = (path) => {{
  throw Object.assign(new Error(path + " is not there: this runtime lacks node:{name}"), {{ code: "ERR_METHOD_NOT_IMPLEMENTED" }});
}};
module.exports = Object.assign(Object.create(stub("{name}")), {{ {answers}}});
"#
    )
}

/// A CommonJS module that stands for one that is not installed: it throws as Node.js does, each time it is asked for.
pub(super) fn absent(specifier: &str) -> String {
    let message = serde_json::Value::from(format!("Cannot find module '{specifier}'"));
    format!(
        "Object.defineProperty(module, \"exports\", {{
  get() {{ throw Object.assign(new Error({message}), {{ code: \"MODULE_NOT_FOUND\" }}); }},
}});"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_their_scheme() {
        assert_eq!(name("fs/promises"), Some("fs/promises"));
        assert_eq!(name("node:fs"), Some("fs"));
        assert_eq!(name("node:test"), Some("test"));
        for other in ["test", "buffer/", "left-pad", "./fs"] {
            assert_eq!(name(other), None, "{other}");
        }
    }

    #[test]
    fn a_module_is_lacking_before_its_date() {
        assert_eq!(lack("tty", "2026-03-17"), None);
        assert!(lack("tty", "2026-03-16").is_some());
        assert_eq!(lack("path", "2021-01-01"), None);
        assert!(lack("sea", "2030-01-01").is_some());
        assert!(lack("nothing", "2030-01-01").is_some());
    }
}
