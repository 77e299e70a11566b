//! Each module of the reviewed table gives what the package gives that it stands for, in real workerd.

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use cidery_bundler::{Options, Replacement};
use serde_json::Value;
use support::workerd::run;

/// A package, and a program that uses it.
const PROGRAMS: [(&str, &str); 5] = [
    ("isarray", "import isArray from 'isarray'; export default [isArray([]), isArray({ length: 0 }), isArray()];"),
    (
        "left-pad",
        "import pad from 'left-pad';
         export default [pad('a', 3), pad(7, 3, 0), pad('long', 2), pad('a', 4, 'xy'), pad('a', 3, ''), pad('', 2, '-'), pad('é', 20, 1)];",
    ),
    (
        "node-fetch",
        "import fetch, { Headers, Response } from 'node-fetch'; import * as all from 'node-fetch';
         export default async () => { const response = new Response('body', { status: 201, headers: { 'x-a': 'b' } });
           return [typeof fetch, new Headers({ 'X-A': '1' }).get('x-a'), response.status, await response.text(),
           response.headers.get('x-a'), typeof all.Request, all.default === fetch]; };",
    ),
    (
        "object-assign",
        "import assign from 'object-assign'; const target = { a: 1 };
         export default [assign(target, { b: 2 }, null, undefined, { a: 3 }), target.a, (() => { try { assign(null, {}) } catch (error) { return error.name } })()];",
    ),
    (
        "uuid",
        "import { MAX, NIL, parse, stringify, v4, validate, version } from 'uuid';
         const random = Uint8Array.from({ length: 16 }, (_, at) => at * 16);
         const id = v4({ random: random.slice() });
         const failing = (work) => { try { return work() } catch (error) { return [error.name, error.message] } };
         export default () => [NIL, MAX, id, [...parse(id)], stringify(parse(id)), [NIL, MAX, id, 'x', 1, id + '0'].map((text) => validate(text)),
           [NIL, MAX, id].map((text) => version(text)), validate(v4()), v4() !== v4(), [...v4({ random: random.slice() }, new Uint8Array(20), 2)],
           failing(() => parse('x')), failing(() => version('x')), failing(() => v4({ random: [1] })),
           failing(() => stringify(new Uint8Array(16).fill(255, 0, 8))), failing(() => v4({}, new Uint8Array(4)))];",
    ),
];

async fn value(folder: &Path, replace: Option<&str>) -> Value {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm");
    let mut options = Options::new(cache);
    options.replace.extend(replace.map(|name| (name.to_owned(), Replacement::Reviewed)));
    let bundle = cidery_bundler::bundle(folder, &options, &()).await.unwrap();
    let replaced = bundle.bundled.iter().filter(|package| package.version.ends_with("+replaced"));
    assert_eq!(replaced.map(|package| package.name.as_str()).next(), replace);
    run(&bundle)
}

#[tokio::test]
async fn what_stands_for_a_package_gives_what_it_gives() {
    let locked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reviewed");
    let dir = tempfile::tempdir().unwrap();
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(locked.join(file), dir.path().join(file)).unwrap();
    }
    for (name, program) in PROGRAMS {
        std::fs::write(dir.path().join("index.js"), program).unwrap();
        assert_eq!(value(dir.path(), Some(name)).await, value(dir.path(), None).await, "{name}");
    }
}
