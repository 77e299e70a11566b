"""A release that is verified, for tests that want one: the vector `ok_range`."""

from __future__ import annotations

import base64
from typing import Any, Dict

from cidery_verifier import Policy, Request, Seen, Verdict, parse_policy
from vectors import histories, packages, vectors, verdict_of


def named(name: str) -> Dict[str, Any]:
    """The vector of a name."""
    return next(vector for vector in vectors() if vector["name"] == name)


def log(name: str) -> Dict[str, Any]:
    """The history of a name."""
    return next(history for history in histories() if history["name"] == name)


def proof(name: str) -> Dict[str, Any]:
    """The proof of a package of a name."""
    return next(vector for vector in packages() if vector["name"] == name)


VECTOR: Dict[str, Any] = named("ok_range")

NOW: int = VECTOR["now"]
POLICY: Policy = parse_policy(VECTOR["policy"])
REQUEST: Request = VECTOR["request"]
RECEIPT, HEAD, MANIFEST = (base64.b64decode(VECTOR[name]) for name in ("receipt", "head", "manifest"))
MODULES: Dict[str, bytes] = {module["path"]: base64.b64decode(module["bytes"]) for module in VECTOR["modules"]}


def verdict() -> Verdict:
    """The verdict of somebody who has seen nothing."""
    return verdict_of(VECTOR, Seen())


def resolution() -> bytes:
    """Receipt and head as one answer: canonical DAG-CBOR of three entries (SPEC §9)."""
    return b"\xa3" + b"".join([
        text("head") + octets(HEAD),
        text("format") + text("cidery-resolution-v1"),
        text("receipt") + octets(RECEIPT),
    ])


def text(value: str) -> bytes:
    return bytes([0x60 | len(value)]) + value.encode() if len(value) < 24 else bytes([0x78, len(value)]) + value.encode()


def octets(value: bytes) -> bytes:
    return b"\x59" + len(value).to_bytes(2, "big") + value
