"""SPEC 5: the manifest, and the modules that it names."""

from __future__ import annotations

import datetime
import hashlib
import re
from typing import Any, Iterable

from . import cbor, cid, names
from .errors import Refused, require

MAX_MANIFEST = 1 << 20
MAX_MODULES = 1000
MAX_BLOB = 64 << 20
MAX_EXPORTS = 1000
MAX_IMPORTS = 64
MAX_BUNDLED = 10_000
#: Of hosts, of bindings and of flags.
MAX_WORDS = 256
TEXT_KINDS = ("esm", "cjs", "json", "text")
KINDS = (*TEXT_KINDS, "wasm", "data")

_PATH = re.compile(r"[A-Za-z0-9._@+~/-]{1,512}")
_FLAG = re.compile(r"[a-z0-9_]{1,64}")
_BINDING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([1-9][0-9]{0,4}))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,256}")


def _version(text: str) -> str:
    names.Version(text)
    return text


SHAPE = cbor.map_of({
    "format": cbor.text,
    "main": cbor.text,
    "exports?": cbor.list_of(cbor.map_of({"name": cbor.text, "module": cbor.text})),
    "modules": cbor.list_of(cbor.map_of({
        "path": cbor.text,
        "kind": cbor.text,
        "cid": cbor.link(cid.RAW),
        "size": cbor.integer,
        "sha256": cbor.octets(32),
    })),
    "compatibility": cbor.map_of({"date": cbor.text, "flags": cbor.list_of(cbor.text)}),
    "needs": cbor.map_of({
        "egress": cbor.list_of(cbor.text),
        "bindings": cbor.list_of(cbor.text),
        "limits": cbor.map_of({"cpuMs?": cbor.integer, "subrequests?": cbor.integer}),
    }),
    "imports": cbor.list_of(cbor.map_of({
        "name": cbor.parsed(names.package, cbor.text),
        "version": cbor.parsed(_version, cbor.text),
        "manifest": cbor.link(cid.DAG_CBOR),
    })),
    "bundled": cbor.list_of(cbor.map_of({"name": cbor.text, "version": cbor.text, "integrity?": cbor.text})),
    "sourceMaps": cbor.list_of(cbor.map_of({"module": cbor.text, "cid": cbor.link(cid.RAW), "size": cbor.integer})),
})


def decode(data: bytes) -> dict[str, Any]:
    """A valid manifest, by its bytes."""
    manifest = cbor.decode_as(SHAPE, data, "the manifest", MAX_MANIFEST)
    _require(manifest["format"] == "cidery-manifest-v1", "`format` is not cidery-manifest-v1")
    _check_modules(manifest["modules"], manifest["main"])
    _check_blobs(manifest["modules"], manifest["sourceMaps"])
    paths = {module["path"] for module in manifest["modules"]}
    mapped = [each["module"] for each in manifest["sourceMaps"]]
    _require(_ascends(mapped) and paths.issuperset(mapped), "`sourceMaps` is not sorted, or names no module")
    _check_compatibility(manifest["compatibility"])
    _check_needs(manifest["needs"])
    _check_bundled(manifest["bundled"])
    _check_imports(manifest["imports"])
    if "exports" in manifest:
        _check_exports(manifest["exports"], paths, manifest["main"])
    return manifest


def is_host(text: str) -> bool:
    """SPEC 5.2 (6): whether this is `host` or `host:port`, lower case."""
    match = _HOST.fullmatch(text)
    return match is not None and len(match[1]) <= 253 and int(match[2] or 1) <= 65535


def check_module(module: dict[str, Any], data: bytes) -> None:
    """SPEC 10.5 and 5.4: whether `data` is what the manifest calls this module."""
    check_blob(module["path"], module["cid"], module["size"], data)
    if module["kind"] in TEXT_KINDS:
        require(not data.startswith(b"\xef\xbb\xbf"), "module.encoding", f"{module['path']} has a byte order mark")
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("module.encoding", f"{module['path']} is not UTF-8: {error.reason}") from error
    got = hashlib.sha256(data).digest()
    require(got == module["sha256"], "module.sha256", f"{module['path']} has the SHA-256 {got.hex()}")


def check_blob(name: str, named: cid.Cid, size: int, data: bytes) -> None:
    """The length first, then the hash."""
    require(len(data) == size, "module.size", f"{name} has {len(data)} bytes, not {size}")
    named.check(data)


def _require(condition: bool, message: str) -> None:
    require(condition, "manifest.invalid", message)


def _check_count(items: list, most: int, what: str) -> None:
    require(len(items) <= most, "limit.exceeded", f"{len(items)} {what}, the limit is {most}")


def _ascends(items: list) -> bool:
    return all(left < right for left, right in zip(items, items[1:]))


def _check_modules(modules: list[dict[str, Any]], main: str) -> None:
    _require(1 <= len(modules) <= MAX_MODULES, f"{len(modules)} modules")
    paths = [module["path"] for module in modules]
    _check_paths(paths)
    _require(_ascends(paths), "modules are not sorted by path")
    for module in modules:
        _require(module["kind"] in KINDS, f"{module['path']} is of kind {module['kind']!r}")
    starts = any(module["path"] == main and module["kind"] == "esm" for module in modules)
    _require(starts, f"`main` {main!r} is no module of kind esm")


def _is_path(path: str) -> bool:
    return _PATH.fullmatch(path) is not None and all(each and not each.endswith(".") for each in path.split("/"))


def _check_paths(paths: list[str]) -> None:
    """SPEC 5.1; what is equal without folding is twice, which rule (1) refuses."""
    for path in paths:
        require(_is_path(path), "manifest.path", f"{path[:520]!r} is not allowed")
    distinct = set(paths)
    folded = {path.lower() for path in distinct}
    require(len(folded) == len(distinct), "manifest.path", "two paths differ in case alone")
    folders = {"/".join(path.split("/")[:depth]) for path in folded for depth in range(1, path.count("/") + 1)}
    require(not folders & folded, "manifest.path", "a path is a folder of another")


def _check_blobs(modules: list[dict[str, Any]], maps: list[dict[str, Any]]) -> None:
    sizes: dict[cid.Cid, int] = {}
    for blob in (*modules, *maps):
        require(blob["size"] <= MAX_BLOB, "limit.exceeded", f"a blob of {blob['size']} bytes")
        _require(sizes.setdefault(blob["cid"], blob["size"]) == blob["size"], f"{blob['cid']} has two sizes")
    for what, blobs in (("modules", modules), ("source maps", maps)):
        total = sum(blob["size"] for blob in blobs)
        require(total <= MAX_BLOB, "limit.exceeded", f"all {what} have {total} bytes")


def _check_compatibility(compatibility: dict[str, Any]) -> None:
    date, flags = compatibility["date"], compatibility["flags"]
    _check_count(flags, MAX_WORDS, "flags")
    try:
        _require(_DATE.fullmatch(date) is not None, f"{date[:20]!r} is not a date")
        datetime.date.fromisoformat(date)
    except ValueError as error:
        raise Refused("manifest.invalid", f"{date!r} is not a date") from error
    _require(_ascends(flags) and all(map(_FLAG.fullmatch, flags)), "`flags` are not sorted words")


def _check_needs(needs: dict[str, Any]) -> None:
    _check_count(needs["egress"], MAX_WORDS, "hosts")
    _check_count(needs["bindings"], MAX_WORDS, "bindings")
    _require(_ascends(needs["egress"]) and all(map(is_host, needs["egress"])), "`egress` are not sorted hosts")
    named = all(len(name) <= 64 and _BINDING.fullmatch(name) for name in needs["bindings"])
    _require(_ascends(needs["bindings"]) and named, "`bindings` are not sorted names")


def _check_bundled(bundled: list[dict[str, str]]) -> None:
    _check_count(bundled, MAX_BUNDLED, "bundled packages")
    texts: Iterable[str] = (text for each in bundled for text in each.values())
    _require(all(map(_PRINTABLE.fullmatch, texts)), "`bundled` has texts that are not allowed")
    ranked = [(each["name"], each["version"], "integrity" in each, each.get("integrity", "")) for each in bundled]
    _require(_ascends(ranked), "`bundled` is not sorted")


def _check_exports(exports: list[dict[str, str]], modules: set[str], main: str) -> None:
    _require(len(exports) > 0, "`exports` is there and empty")
    _check_count(exports, MAX_EXPORTS, "exports")
    names = [each["name"] for each in exports]
    _require(_ascends(names), "`exports` is not sorted")
    named = all(name == "." or name.startswith("./") and _is_path(name[2:]) for name in names)
    _require(named, "`exports` has names that are not allowed")
    _require(modules.issuperset(each["module"] for each in exports), "`exports` names no module")
    _require(exports != [{"name": ".", "module": main}], "`exports` is what it is without being there")


def _check_imports(imports: list[dict[str, Any]]) -> None:
    _check_count(imports, MAX_IMPORTS, "imports")
    require(_ascends([each["name"] for each in imports]), "manifest.imports", "`imports` is not sorted by name")
