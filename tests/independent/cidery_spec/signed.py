"""SPEC 6.1, 6.5, 6.8, 7.1 and 7.2: what carries signatures: envelopes, signed records, log entries; and map entries."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Iterable

from . import cbor, keys
from .errors import Refused, require
from .names import MAX_NUMBER

MAX_ENVELOPE = 8 << 10
MAX_ENTRY = 65_535
MAX_SIGNATURES = 32

KEY = cbor.parsed(keys.key, cbor.octets(32))
_SIGNED = {
    "type": cbor.text,
    "payload": cbor.octets(),
    "signatures": cbor.list_of(cbor.map_of({"key": KEY, "sig": cbor.octets(64)})),
}
_SIGNED_RECORD = cbor.map_of(_SIGNED)
_ENTRY = cbor.map_of({"kind": cbor.text, "time": cbor.integer, **_SIGNED})
_MAP_ENTRY = cbor.map_of({"kind": cbor.text, "root": cbor.octets(32), "time": cbor.integer})


@dataclass(frozen=True)
class Signed:
    """A payload with its type and signatures, which nobody has checked."""

    type: str
    payload: bytes
    #: Pairs of key and signature; the key is `None` in an envelope, which names none.
    signatures: tuple[tuple[bytes | None, bytes], ...]

    @property
    def signing_input(self) -> bytes:
        """DSSE's pre-authentication encoding (SPEC 6.1)."""
        kind = self.type.encode("utf-8")
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    def signers(self, counted: Iterable[bytes]) -> frozenset[bytes]:
        """The distinct ones of `counted` that signed; every signature by one of them is valid (SPEC 6.5)."""
        counted, signed = frozenset(counted), set()
        for key, signature in self.signatures:
            if key in counted:
                keys.check(key, signature, self.signing_input, "envelope.signature")
                signed.add(key)
        return frozenset(signed)


def decode_envelope(data: bytes) -> Signed:
    """SPEC 6.1: an envelope, in JSON."""
    require(len(data) <= MAX_ENVELOPE, "limit.exceeded", f"an envelope of {len(data)} bytes")
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_each_key_once)
        fits = set(found) == {"payload", "payloadType", "signatures"} and isinstance(found["payloadType"], str)
        require(fits and isinstance(found["signatures"], list), "envelope.malformed", "not the fields of an envelope")
        require(len(found["signatures"]) <= MAX_SIGNATURES, "limit.exceeded", "too many signatures")
        signatures = []
        for each in found["signatures"]:
            fits = {"sig"} <= set(each) <= {"sig", "keyid"} and isinstance(each.get("keyid", ""), str)
            require(fits, "envelope.malformed", "not the fields of a signature")
            signature = base64_exactly(each["sig"])
            require(len(signature) == 64, "envelope.malformed", f"a signature of {len(signature)} bytes")
            signatures.append((None, signature))
        return Signed(found["payloadType"], base64_exactly(found["payload"]), tuple(signatures))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Refused("envelope.malformed", f"not an envelope: {error}") from error


def decode_signed(data: bytes) -> Signed:
    """SPEC 6.8: a signed record."""
    return _signed(cbor.decode_as(_SIGNED_RECORD, data, "a signed record", MAX_ENTRY))


@dataclass(frozen=True)
class MapEntry:
    """SPEC 7.2: the map over all packages as they are at its time."""

    root: bytes
    time: int

    def encode(self) -> bytes:
        """The log entry."""
        return cbor.encode({"kind": "map", "root": self.root, "time": self.time})


def decode_entry(data: bytes) -> tuple[Signed, int]:
    """SPEC 7.1: a record's log entry, and when it was logged."""
    entry = _entry(_ENTRY, "record", data)
    return _signed(entry), entry["time"]


def decode_map_entry(data: bytes) -> MapEntry:
    """SPEC 7.2: a map entry."""
    entry = _entry(_MAP_ENTRY, "map", data)
    return MapEntry(entry["root"], entry["time"])


def is_map_entry(data: bytes) -> bool:
    """Whether this is one."""
    try:
        decode_map_entry(data)
        return True
    except Refused:
        return False


def _entry(shape: cbor.Shape, kind: str, data: bytes) -> dict[str, Any]:
    entry = cbor.decode_as(shape, data, f"a log entry of kind {kind}", MAX_ENTRY)
    require(entry["kind"] == kind, "cbor.malformed", f"a log entry of kind {entry['kind'][:80]!r}")
    require(entry["time"] <= MAX_NUMBER, "cbor.malformed", f"a log entry of the time {entry['time']}")
    return entry


def _signed(fields: dict[str, Any]) -> Signed:
    signatures = tuple((each["key"], each["sig"]) for each in fields["signatures"])
    require(len(signatures) <= MAX_SIGNATURES, "limit.exceeded", f"a record with {len(signatures)} signatures")
    signing = [key for key, _ in signatures]
    require(signing == sorted(set(signing)), "cbor.malformed", "the signatures are not sorted by key, each once")
    return Signed(fields["type"], fields["payload"], signatures)


def base64_exactly(text: str) -> bytes:
    """Standard base64 with padding, in its one form; raises `ValueError`."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise binascii.Error("bits after the end")
    return data


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is twice")
    return found
