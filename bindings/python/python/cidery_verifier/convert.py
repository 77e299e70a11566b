"""From what Python has to what the compiled part takes: immutable bytes, and documents as JSON texts."""

from __future__ import annotations

import json
from typing import Any, Mapping, Union

#: Bytes in any buffer. What is changed in it during or after a call changes nothing: it is copied before it is looked at.
Buffer = Union[bytes, bytearray, memoryview]

#: A JSON document: the text, or what ``json.loads`` makes of it. Only in the text can a name that stands twice be seen.
Document = Union[str, Mapping[str, Any]]


def copied(data: Buffer) -> bytes:
    """The bytes, where nobody can write to them."""
    return data if type(data) is bytes else bytes(memoryview(data))


def json_text(document: Document) -> str:
    """The document as text."""
    return document if isinstance(document, str) else json.dumps(document)
