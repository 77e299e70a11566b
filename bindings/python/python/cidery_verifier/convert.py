"""From what callers give to what the compiled part takes: immutable bytes, Unicode texts, JSON texts.

A caller's mistake is ``usage`` and not a defect.
"""

from __future__ import annotations

import json
import math
from typing import List, Optional, Sequence, Type, TypeVar, Union

from .error import CideryError

#: Bytes in any buffer. They are copied before they are looked at: what is written to the buffer afterwards changes nothing.
Buffer = Union[bytes, bytearray, memoryview]

_Made = TypeVar("_Made")


def copied(data: Buffer, what: str) -> bytes:
    """The bytes, where nobody can write to them."""
    if type(data) is bytes:
        return data
    try:
        return bytes(memoryview(data))
    except (TypeError, ValueError, BufferError) as cause:
        raise _mistake(f"{what} must be bytes or another buffer, not {_kind(data)}") from cause


def unicode(text: str, what: str) -> str:
    """The text, which has a UTF-8 form."""
    if not isinstance(text, str):
        raise _mistake(f"{what} must be a str, not {_kind(text)}")
    try:
        text.encode()
    except UnicodeEncodeError as cause:
        raise _mistake(f"{what} must be Unicode, without lone surrogates") from cause
    return text


def optional(text: Optional[str], what: str) -> Optional[str]:
    """The same, where there is a text."""
    return None if text is None else unicode(text, what)


def json_text(document: object, what: str) -> str:
    """The document as text; where it is a str, it is that text."""
    if isinstance(document, str):
        return unicode(document, what)
    try:
        return json.dumps(document, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as cause:
        raise _mistake(f"{what} must be a JSON document") from cause


def listed(items: Sequence[Buffer], what: str) -> List[bytes]:
    """The bytes of each."""
    if isinstance(items, (list, tuple)):
        return [copied(item, f"each of {what}") for item in items]
    raise _mistake(f"{what} must be a list or a tuple, not {_kind(items)}")


def seconds(time: float, what: str) -> float:
    """A time since 1970. One in milliseconds is no mistake that can be told; it makes every head stale."""
    if isinstance(time, (int, float)) and 0 <= time < math.inf:
        return float(min(time, 2**64))
    raise _mistake(f"{what} must be a number of seconds since 1970")


def made(handle: _Made, by: Type[_Made], what: str) -> _Made:
    """An object of this package's own making."""
    if isinstance(handle, by):
        return handle
    raise _mistake(f"{what} must be a {by.__name__}, not {_kind(handle)}")


def _kind(value: object) -> str:
    return type(value).__name__


def _mistake(message: str) -> CideryError:
    return CideryError("usage", message)
