"""SPEC 6 and 7.1: envelopes, records, their rules, and the log entries that carry them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from . import cbor, keys, names
from .cid import DAG_CBOR, RAW, Cid
from .errors import Refused, require

MAX_ENVELOPE = 8 << 10
MAX_ENTRY = 65_535
MAX_SIGNATURES = 32
MAX_KEYS = 16
MAX_ATTESTATIONS = 16
MAX_ATTESTATION = 1 << 20

TYPES = {
    "application/vnd.cidery.init.v1+cbor": "init",
    "application/vnd.cidery.release.v1+cbor": "release",
}


def _version(text: str) -> str:
    return names.Version(text).text


_KEY = cbor.parsed(keys.key, cbor.octets(32))
_AUTHORITY = {"keys": cbor.list_of(_KEY), "threshold": cbor.integer}
_INIT = cbor.map_of({
    **_AUTHORITY,
    "floors": cbor.map_of({"provenance": cbor.boolean, "witnesses": cbor.integer}),
    "recovery?": cbor.map_of({**_AUTHORITY, "delay": cbor.integer}),
})
_NPM = cbor.map_of({
    "name": cbor.text,
    "version": cbor.text,
    "integrity": cbor.text,
    "checked": cbor.list_of(cbor.text),
})
_RELEASE = cbor.map_of({
    "version": cbor.parsed(_version, cbor.text),
    "manifest": cbor.link(DAG_CBOR),
    "build": cbor.map_of({"tool": cbor.text, "lock?": cbor.octets(32)}),
    "npm?": _NPM,
    "provenance": cbor.list_of(cbor.map_of({"cid": cbor.link(RAW), "size": cbor.integer, "subject": cbor.octets(32)})),
})
_ENTRY = cbor.map_of({
    "kind": cbor.text,
    "type": cbor.text,
    "payload": cbor.octets(),
    "signatures": cbor.list_of(cbor.map_of({"key": _KEY, "sig": cbor.octets(64)})),
})
_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_WORD = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True)
class Signed:
    """A payload with its type and signatures: what an envelope and a log entry have in common."""

    type: str
    payload: bytes
    #: Pairs of key and signature; the key is `None` in an envelope, which names none.
    signatures: tuple[tuple[bytes | None, bytes], ...]

    @property
    def signing_input(self) -> bytes:
        """DSSE's pre-authentication encoding (SPEC 6.1)."""
        kind = self.type.encode("utf-8")
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    def signers(self, authority: list[bytes]) -> set[bytes]:
        """The distinct keys of `authority` that signed; every signature by one of them is valid (SPEC 6.5)."""
        signed = set()
        for key, signature in self.signatures:
            if key in authority:
                keys.check(key, signature, self.signing_input, "envelope.signature")
                signed.add(key)
        return signed


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


def decode_entry(data: bytes) -> Signed:
    """SPEC 7.1: a log entry."""
    entry = cbor.decode_as(_ENTRY, data, "a log entry", MAX_ENTRY)
    require(entry["kind"] == "record", "cbor.malformed", f"a log entry of kind {entry['kind'][:80]!r}")
    signatures = tuple((each["key"], each["sig"]) for each in entry["signatures"])
    require(len(signatures) <= MAX_SIGNATURES, "limit.exceeded", f"a log entry with {len(signatures)} signatures")
    signing = [key for key, _ in signatures]
    require(signing == sorted(set(signing)), "cbor.malformed", "the signatures of a log entry are not sorted by key")
    return Signed(entry["type"], entry["payload"], signatures)


def decode_record(signed: Signed) -> Record:
    """SPEC 6.2 and 6.3: the record that is the payload, valid by itself."""
    kind = TYPES.get(signed.type)
    if kind is None:
        raise Refused("envelope.type", f"the payload type {signed.type[:80]!r} is unknown")
    shape = cbor.map_of({
        "kind": cbor.text,
        "origin": cbor.parsed(names.origin, cbor.text),
        "package": cbor.parsed(names.package, cbor.text),
        "sequence": cbor.integer,
        "prev?": cbor.link(DAG_CBOR),
        "authority?": cbor.link(DAG_CBOR),
        "body": _INIT if kind == "init" else _RELEASE,
    })
    fields = cbor.decode_as(_of_kind(kind, shape), signed.payload, f"the {kind}", MAX_ENTRY)
    _check_place(kind, fields)
    if kind == "init":
        _check_init(fields["body"])
    else:
        _check_release(fields["body"], fields["package"])
    return Record(**{"prev": None, "authority": None, **fields}, cid=Cid.hashing(DAG_CBOR, signed.payload))


@dataclass(frozen=True)
class Record:
    """SPEC 6.2: a record; `body` is as its kind says."""

    cid: Cid
    kind: str
    origin: str
    package: str
    sequence: int
    prev: Cid | None
    authority: Cid | None
    body: dict[str, Any]


def check_init(signed: Signed, record: Record) -> None:
    """SPEC 6.4: an `init` is signed by at least `threshold` of its own keys."""
    signers = signed.signers(record.body["keys"])
    wanted = record.body["threshold"]
    require(len(signers) >= wanted, "record.threshold", f"{len(signers)} of {wanted} keys signed the init")


def check_release(signed: Signed, record: Record, authority: Record) -> set[bytes]:
    """SPEC 6.5 and 6.4 (0) to (4): a release under its authority; gives the keys that signed it."""
    signers = signed.signers(authority.body["keys"])
    require(record.kind == "release", "record.init_taken", "a second init")
    require(record.origin == authority.origin, "record.origin", f"a release for {record.origin}")
    require(record.package == authority.package, "record.package", f"a release of {record.package}")
    require(record.authority == authority.cid, "record.authority", f"a release under {record.authority}")
    wanted = authority.body["threshold"]
    require(len(signers) >= wanted, "record.threshold", f"{len(signers)} of {wanted} keys signed the release")
    floor = authority.body["floors"]["provenance"]
    require(bool(record.body["provenance"]) or not floor, "record.floor", "a release without provenance")
    return signers


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


def _of_kind(kind: str, shape: cbor.Shape) -> cbor.Shape:
    """`shape`, after a look at the word `kind`: a record of another kind would not have the shape's body."""

    def check(value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("kind"), str):
            require(value["kind"] == kind, "envelope.type", f"a record of kind {value['kind'][:80]!r} in a {kind}")
        return shape(value)

    return check


def _require(condition: bool, message: str) -> None:
    require(condition, "record.invalid", message)


def _check_place(kind: str, fields: dict[str, Any]) -> None:
    first, linked = fields["sequence"] == 0, ("prev" in fields, "authority" in fields)
    fits = (first and linked == (False, False)) if kind == "init" else (not first and linked == (True, True))
    _require(fits, f"an {kind} of sequence {fields['sequence']} with these links")


def _check_init(body: dict[str, Any]) -> None:
    _check_keys(body)
    _require(body["floors"]["witnesses"] <= 64, "a floor of more than 64 witnesses")
    if "recovery" in body:
        _check_keys(body["recovery"])
        _require(not set(body["recovery"]["keys"]) & set(body["keys"]), "a recovery key is a publisher key")


def _check_keys(body: dict[str, Any]) -> None:
    held = body["keys"]
    _require(1 <= len(held) <= MAX_KEYS and held == sorted(set(held)), "keys are not 1 to 16, sorted, each once")
    _require(1 <= body["threshold"] <= len(held), f"threshold {body['threshold']} of {len(held)} keys")


def _check_release(body: dict[str, Any], package: str) -> None:
    _require(_is_printable(body["build"]["tool"], 128), "`build.tool` is not 1 to 128 printable characters")
    sources, sizes = ([each[name] for each in body["provenance"]] for name in ("cid", "size"))
    fits = len(sources) <= MAX_ATTESTATIONS and all(size <= MAX_ATTESTATION for size in sizes)
    require(fits, "limit.exceeded", "`provenance` is not 16 entries of 1 MiB at most")
    _require(sources == sorted(set(sources)), "`provenance` is not sorted, each once")
    npm = body.get("npm")
    if npm is not None:
        limits = {"name": 214, "version": 256, "integrity": 256}
        _require(all(_is_printable(npm[name], limit) for name, limit in limits.items()), "`npm` has other texts")
        checked = npm["checked"]
        fits = len(checked) <= 16 and checked == sorted(set(checked)) and all(map(_WORD.fullmatch, checked))
        _require(fits, "`npm.checked` is not 16 sorted words at most")
    if package.startswith("@npm/"):
        mapped = npm is not None and names.from_npm(npm["name"]) == package
        _require(mapped, f"`npm` does not map to {package}")


def _is_printable(text: str, limit: int) -> bool:
    return len(text) <= limit and _PRINTABLE.fullmatch(text) is not None
