"""SPEC 8.5 to 8.7: the map over all packages, the paths in it, and the pages that hold it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from . import cbor
from .cid import DAG_CBOR, Cid
from .errors import require

#: The hash of a place where nothing is.
EMPTY = bytes(32)
BITS = 256
#: The levels of a page.
PAGE_BITS = 8
MAX_PAGE = 64 << 10

_LEAF = {"key": cbor.octets(32), "value": cbor.link(DAG_CBOR)}
PATH = cbor.map_of({"siblings": cbor.hashes, "other?": cbor.map_of(_LEAF)})
_PAGE = cbor.map_of({
    "format": cbor.text,
    "depth": cbor.integer,
    "leaves": cbor.list_of(cbor.map_of(_LEAF)),
    "pages": cbor.list_of(cbor.map_of({"at": cbor.integer, "page": cbor.octets(32)})),
})


def key(package: str) -> bytes:
    """The key of a package."""
    return hashlib.sha256(package.encode()).digest()


def leaf(key: bytes, value: Cid) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\2" + key + value.binary).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two hashes."""
    return hashlib.sha256(b"\3" + left + right).digest()


def is_right(key: bytes, depth: int) -> bool:
    """Whether a key goes to the right at this depth."""
    return bool(key[depth // 8] >> (7 - depth % 8) & 1)


def root(values: dict[bytes, Cid], depth: int = 0) -> bytes:
    """The root of the map over these values, of which all keys begin with the same `depth` bits."""
    if len(values) < 2:
        return next((leaf(*each) for each in values.items()), EMPTY)
    return node(*(root(half, depth + 1) for half in _halves(values, depth)))


def path(values: dict[bytes, Cid], key: bytes) -> Path:
    """The path of a key in the map over these values."""
    siblings: list[bytes] = []
    while len(values) > 1:
        depth = len(siblings)
        halves = _halves(values, depth)
        siblings.append(root(halves[not is_right(key, depth)], depth + 1))
        values = halves[is_right(key, depth)]
    return Path(siblings, next((each for each in values.items() if each[0] != key), None))


def _halves(values: dict[bytes, Cid], depth: int) -> tuple[dict[bytes, Cid], dict[bytes, Cid]]:
    """Those to the left and to the right."""
    left = {key: value for key, value in values.items() if not is_right(key, depth)}
    return left, {key: value for key, value in values.items() if key not in left}


@dataclass(frozen=True)
class Path:
    """SPEC 8.6: a path, which shows nothing by itself."""

    siblings: list[bytes]
    #: Key and value of a leaf at its end that is another key's.
    other: tuple[bytes, Cid] | None

    def check(self, root: bytes, key: bytes, value: Cid | None) -> None:
        """Refuses a path that does not show that the map has this value under the key, or, without one, no value."""
        if value is not None:
            require(self.other is None, "log.proof", "a path to a value that ends at another key")
            hashed = leaf(key, value)
        elif self.other is not None:
            other, depth = self.other[0], len(self.siblings)
            beside = other != key and all(is_right(other, bit) == is_right(key, bit) for bit in range(depth))
            require(beside, "log.proof", "a path that ends at a key that does not belong there")
            hashed = leaf(*self.other)
        else:
            hashed = EMPTY
        for depth in reversed(range(len(self.siblings))):
            sibling = self.siblings[depth]
            hashed = node(sibling, hashed) if is_right(key, depth) else node(hashed, sibling)
        require(hashed == root, "log.proof", "a path does not lead to the map's root")

    def fields(self) -> dict[str, Any]:
        """Its form in objects."""
        fields: dict[str, Any] = {"siblings": b"".join(self.siblings)}
        return {**fields, "other": dict(zip(("key", "value"), self.other))} if self.other else fields


def as_path(fields: dict[str, Any]) -> Path:
    """The path with these fields, which are of their types."""
    count, other = len(fields["siblings"]), fields.get("other")
    require(count <= BITS, "limit.exceeded", f"a path of {count} hashes")
    return Path(fields["siblings"], (other["key"], other["value"]) if other else None)


def pages(values: dict[bytes, Cid]) -> dict[bytes, bytes]:
    """SPEC 8.7: the pages that hold the map over these values, by their names."""
    found: dict[bytes, bytes] = {}

    def below(values: dict[bytes, Cid], depth: int) -> bytes:
        """The name of the page of these values, which is found then, as those below it are."""
        inside: dict[int, dict[bytes, Cid]] = {}
        for key, value in values.items():
            inside.setdefault(key[depth], {})[key] = value
        alone = [each for held in inside.values() if len(held) == 1 for each in held.items()]
        more = {at: below(held, depth + 1) for at, held in inside.items() if len(held) > 1}
        name = root(values, PAGE_BITS * depth)
        found[name] = cbor.encode({
            "format": "cidery-map-page-v1",
            "depth": depth,
            "leaves": [{"key": key, "value": value} for key, value in sorted(alone)],
            "pages": [{"at": at, "page": more[at]} for at in sorted(more)],
        })
        return name

    if values:
        below(values, 0)
    return found


def decode_page(data: bytes, name: bytes, prefix: bytes) -> dict[str, Any]:
    """The page of this name below this prefix; anything else is refused."""
    fields = cbor.decode_as(_PAGE, data, "a page of the map", MAX_PAGE, code="log.malformed")
    depth, leaves, below = fields["depth"], fields["leaves"], fields["pages"]
    fits = fields["format"] == "cidery-map-page-v1" and depth == len(prefix) < BITS // PAGE_BITS
    require(fits, "log.malformed", "a page of another format or depth")
    keys, places = [each["key"] for each in leaves], [each["at"] for each in below]
    inside = all(key[:depth] == prefix for key in keys) and all(at < 1 << PAGE_BITS for at in places)
    require(inside, "log.malformed", "a page with something of another one")
    once = len({*places, *(key[depth] for key in keys)}) == len(places) + len(keys)
    sorted_once = once and keys == sorted(keys) and places == sorted(places)
    require(sorted_once, "log.malformed", "a page is not sorted, each value once")
    require(bool(below) or len(keys) > bool(prefix), "log.malformed", "a page that nothing asks for")
    hashed = {each["key"][depth]: leaf(each["key"], each["value"]) for each in leaves}
    got = _top(hashed, {each["at"]: each["page"] for each in below}, 0)
    require(got == name, "log.malformed", f"the page is {got.hex()}")
    return fields


def _top(leaves: dict[int, bytes], below: dict[int, bytes], depth: int) -> bytes:
    """The hash of a place of a page under which these values are alone, and these have pages."""
    if not below and len(leaves) < 2:
        return next(iter(leaves.values()), EMPTY)
    if depth == PAGE_BITS:
        return next(iter(below.values()))

    def half(held: dict[int, bytes], side: int) -> dict[int, bytes]:
        return {at: each for at, each in held.items() if at >> (PAGE_BITS - 1 - depth) & 1 == side}

    return node(*(_top(half(leaves, side), half(below, side), depth + 1) for side in (0, 1)))
