"""SPEC 1.3: canonical DAG-CBOR, and the shapes of objects.

`decode` refuses every form of an object but the canonical one. A shape is a function that takes a decoded value and
gives it back, or refuses it; `decode_as` applies one.
"""

from __future__ import annotations

from typing import Any, Callable

from .cid import Cid
from .errors import Refused, require

Shape = Callable[[Any], Any]

#: No object of SPEC.md is nested half as deep; a decoder that recurses has to stop somewhere.
MAX_DEPTH = 16


def malformed(message: str) -> Refused:
    """A refusal of bytes that are not canonical DAG-CBOR of the expected shape."""
    return Refused("cbor.malformed", message)


def decode(data: bytes) -> Any:
    """The one value that `data` encodes."""
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise malformed(f"{len(data) - reader.at} bytes after the object")
    return value


def decode_as(shape: Shape, data: bytes, what: str, limit: int, code: str = "cbor.malformed") -> Any:
    """Decodes an object of `shape` and at most `limit` bytes; what is not one is refused with `code`."""
    require(len(data) <= limit, "limit.exceeded", f"{what} has {len(data)} bytes, the limit is {limit}")
    try:
        return shape(decode(data))
    except Refused as refused:
        if refused.code != "cbor.malformed":
            raise
        raise Refused(code, f"{what}: {refused.message}") from refused


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise malformed(f"the object ends before byte {self.at + count}")
        self.at += count
        return self.data[self.at - count : self.at]

    def head(self) -> tuple[int, int, int]:
        """The major type, the additional information and the argument, in its shortest form."""
        initial = self.take(1)[0]
        major, info = initial >> 5, initial & 31
        if info < 24:
            return major, info, info
        if info > 27:
            raise malformed("an indefinite or reserved length")
        argument = int.from_bytes(self.take(1 << (info - 24)), "big")
        smallest = 24 if info == 24 else 1 << (8 << (info - 25))
        if major != 7 and argument < smallest:
            raise malformed(f"{argument} is not in its shortest form")
        return major, info, argument

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise malformed(f"nested deeper than {MAX_DEPTH}")
        major, info, argument = self.head()
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self.text(argument)
        if major == 4:
            return self.list(argument, depth)
        if major == 5:
            return self.map(argument, depth)
        if major == 6:
            return self.link(argument)
        if info in (20, 21):
            return info == 21
        raise malformed("a null, float or other simple value")

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise malformed(f"text is not UTF-8: {error.reason}") from error

    def list(self, count: int, depth: int) -> list:
        if count > len(self.data) - self.at:
            raise malformed(f"a list of {count} items does not fit")
        return [self.value(depth + 1) for _ in range(count)]

    def map(self, count: int, depth: int) -> dict:
        if 2 * count > len(self.data) - self.at:
            raise malformed(f"a map of {count} pairs does not fit")
        found: dict[str, Any] = {}
        before: tuple[int, bytes] | None = None
        for _ in range(count):
            key = self.value(depth + 1)
            if not isinstance(key, str):
                raise malformed("a key is not text")
            order = _order(key)
            if before is not None and order <= before:
                raise malformed(f"key {key!r} is twice or out of order")
            before = order
            found[key] = self.value(depth + 1)
        return found

    def link(self, tag: int) -> Cid:
        if tag != 42:
            raise malformed(f"tag {tag}")
        major, _, length = self.head()
        if major != 2:
            raise malformed("tag 42 is not over bytes")
        binary = self.take(length)
        if binary[:1] != b"\0":
            raise malformed("a CID does not begin with 00")
        return parsed(Cid.from_bytes, bytes)(binary[1:])


def encode(value: Any) -> bytes:
    """The canonical encoding of `value`; `None` is the null of lists (SPEC 10.6), which no object holds."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode("utf-8")
        return _head(3, len(text)) + text
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        keys = sorted(value, key=_order)
        return _head(5, len(value)) + b"".join(encode(key) + encode(value[key]) for key in keys)
    if isinstance(value, Cid):
        return _head(6, 42) + encode(b"\0" + value.binary)
    raise TypeError(f"{type(value).__name__} has no canonical encoding")


def _order(key: str) -> tuple[int, bytes]:
    encoded = key.encode("utf-8")
    return len(encoded), encoded


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    power = next(power for power in range(4) if argument < 1 << (8 << power))
    return bytes([major << 5 | 24 + power]) + argument.to_bytes(1 << power, "big")


def text(value: Any) -> str:
    """Any text."""
    return _typed(value, str, "text")


def integer(value: Any) -> int:
    """A whole number from 0: no field of SPEC.md has a meaning below."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise malformed(f"{value!r} where an integer from 0 belongs")
    return value


def boolean(value: Any) -> bool:
    """`true` or `false`."""
    return _typed(value, bool, "a boolean")


def octets(length: int | None = None) -> Shape:
    """Bytes, of exactly `length` where one is given."""

    def shape(value: Any) -> bytes:
        _typed(value, bytes, "bytes")
        if length is not None and len(value) != length:
            raise malformed(f"{len(value)} bytes where {length} belong")
        return value

    return shape


def hashes(value: Any) -> list[bytes]:
    """SPEC 8.2: hashes that stand one after another in one byte string."""
    packed = _typed(value, bytes, "bytes")
    if len(packed) % 32:
        raise malformed(f"{len(packed)} bytes where hashes of 32 belong")
    return [packed[start : start + 32] for start in range(0, len(packed), 32)]


def link(codec: int) -> Shape:
    """A CID of one codec (SPEC 2.2)."""

    def shape(value: Any) -> Cid:
        return _typed(value, Cid, "a CID").of(codec)

    return shape


def parsed(parse: Shape, shape: Shape) -> Shape:
    """What `parse` takes: inside of an object, a value that is none of its field's type is `cbor.malformed`."""

    def checked(value: Any) -> Any:
        try:
            return parse(shape(value))
        except Refused as refused:
            raise malformed(refused.message) from refused

    return checked


def list_of(item: Shape) -> Shape:
    """A list whose items are all of one shape."""
    return lambda value: [item(each) for each in _typed(value, list, "a list")]


def map_of(fields: dict[str, Shape]) -> Shape:
    """A map of exactly these fields; a name that ends with `?` may be absent."""
    shapes = {name.rstrip("?"): shape for name, shape in fields.items()}
    needed = [name for name in fields if not name.endswith("?")]

    def shape(value: Any) -> dict:
        _typed(value, dict, "a map")
        for name in needed:
            if name not in value:
                raise malformed(f"`{name}` is missing")
        for name in value:
            if name not in shapes:
                raise malformed(f"`{name}` is unknown")
        return {name: shapes[name](each) for name, each in value.items()}

    return shape


def _typed(value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind):
        raise malformed(f"{type(value).__name__} where {name} belongs")
    return value
