"""SPEC 10.7: evidence of what a log has done wrong.

Nothing may accuse a log that has kept to SPEC.md. The entries of one package don't say when those between them were
logged, and time goes back where a clock was wrong (7.1), so that a delay may have ended by an entry that is not shown:
what would have been right in either case is no evidence.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from . import cbor, keys, maps, notes, package, records, state, tree
from .cid import DAG_CBOR, Cid
from .errors import Refused, require
from .notes import Checkpoint
from .signed import Signed, base64_exactly, decode_entry, decode_map_entry, is_map_entry

MAX_EVIDENCE = 32 << 20


@dataclass(frozen=True)
class Shown:
    """What evidence shows."""

    kind: str
    #: A word of section 13.
    code: str
    message: str


@dataclass(frozen=True)
class Accused:
    """A log, by what its reader knows of it."""

    origin: str
    key: bytes
    #: Anybody can sign a time: those of others are no evidence.
    cosigner: bytes | None

    def note(self, text: str) -> Checkpoint:
        """A checkpoint that the log has signed."""
        checkpoint = notes.decode(text.encode())
        require(checkpoint.origin == self.origin, "log.origin", f"a checkpoint of {checkpoint.origin}")
        checkpoint.check_log([self.key])
        return checkpoint


def check_evidence(data: bytes, origin: str, key: bytes, cosigner: bytes | None = None) -> Shown:
    """What this shows of a log; evidence that shows nothing is refused."""
    require(len(data) <= MAX_EVIDENCE, "limit.exceeded", f"evidence of {len(data)} bytes")
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_each_key_once)
        kind = cbor.text(found["kind"])
        shape, check = _KINDS[kind]
        fields = cbor.map_of({**_COMMON, **shape})(found)
    except (ValueError, TypeError, KeyError, RecursionError, Refused) as error:
        raise Refused("log.malformed", f"not evidence of a known kind: {error}") from error
    require(fields["format"] == "cidery-evidence-v1", "log.malformed", "`format` is not cidery-evidence-v1")
    require(fields["origin"] == origin, "log.origin", f"evidence of {fields['origin']}")
    require(fields["logKey"] == key, "log.signature", f"evidence of the key {keys.key_to_text(fields['logKey'])}")
    refused = check(Accused(origin, key, cosigner), fields)
    return Shown(kind, refused.code, refused.message)


def _roots(log: Accused, fields: dict[str, Any]) -> Refused:
    one, other = log.note(fields["a"]), log.note(fields["b"])
    _require(one.size == other.size and one.root != other.root, "two trees that may be of one log")
    return Refused("log.fork", f"two roots of size {one.size}")


def _leaves(log: Accused, fields: dict[str, Any]) -> Refused:
    index, sides = fields["index"], (fields["a"], fields["b"])
    for side in sides:
        _check_included(log.note(side["checkpoint"]), index, side["leaf"], side["inclusion"])
    _require(sides[0]["leaf"] != sides[1]["leaf"], "the same leaf twice")
    return Refused("log.fork", f"two leaves at {index}")


def _rollback(log: Accused, fields: dict[str, Any]) -> Refused:
    one, other = log.note(fields["a"]), log.note(fields["b"])
    _require(log.cosigner == fields["cosigner"], "a timestamp by nobody who is known")
    before, after = (each.timestamp(fields["cosigner"]) for each in (one, other))
    _require(other.size < one.size and after > before, "two trees in their order")
    return Refused("log.rollback", f"size {other.size} after {one.size}, {after - before} seconds later")


def _head(log: Accused, fields: dict[str, Any]) -> Refused:
    checkpoint, told = log.note(fields["checkpoint"]), fields["entry"]
    _require(told["index"] == checkpoint.size - 1, "an entry that is not the last")
    _check_entry(checkpoint, told)
    _require(not is_map_entry(told["entry"]), "a last entry that is a map entry")
    return Refused("log.map", "the last entry is no map entry")


def _entry(log: Accused, fields: dict[str, Any]) -> Refused:
    _check_entry(log.note(fields["checkpoint"]), fields["entry"])
    try:
        if not is_map_entry(fields["entry"]["entry"]):
            records.decode(decode_entry(fields["entry"]["entry"])[0])
    except Refused as refused:
        return refused
    raise _nothing("an entry that is well-formed")


def _transition(log: Accused, fields: dict[str, Any]) -> Refused:
    *before, last = _decode(log.note(fields["checkpoint"]), fields["entries"])
    if before:
        _require(last.record.sequence <= before[-1].record.sequence + 1, "a record without the one before it")
    else:
        _require(last.record.kind == "init", "a record without those before it")
    state_before = _replay(log, before)
    try:
        _follow(log, state_before, last)
    except Refused as refused:
        return refused
    raise _nothing("records that may follow each other")


def _map(log: Accused, fields: dict[str, Any]) -> Refused:
    checkpoint, proof, data = log.note(fields["checkpoint"]), fields["map"], fields.get("state")
    told = decode_map_entry(proof["entry"])
    _check_included(checkpoint, checkpoint.size - 1, tree.leaf(proof["entry"]), proof["inclusion"])
    entries = _decode(checkpoint, fields["entries"])
    logged, newest = _replay(log, entries), entries[-1].record
    path = maps.as_path(proof)
    path.check(told.root, maps.key(newest.package), None if data is None else state.name(data))
    if data is None:
        return Refused("log.map", "the map has no state of the package")
    shown = state.decode(data)
    _require(shown.sequence <= newest.sequence, "records that are older than the map's state")
    right = shown.sequence == newest.sequence and data in map(state.encode, _at(logged, told.time))
    _require(not right, "the state that the records come to")
    return Refused("log.map", f"another state of sequence {shown.sequence}, where {newest.sequence} is logged")


@dataclass(frozen=True)
class _Told:
    """A record's entry that is in the log."""

    signed: Signed
    record: records.Record
    time: int


def _decode(checkpoint: Checkpoint, entries: list[dict[str, Any]]) -> list[_Told]:
    """Entries of one package, in their order."""
    found = []
    for each in entries:
        _check_entry(checkpoint, each)
        signed, time = decode_entry(each["entry"])
        found.append(_Told(signed, records.decode(signed), time))
    indexes = [each["index"] for each in entries]
    _require(bool(found) and indexes == sorted(set(indexes)), "no entries, or none in their order")
    _require(len({each.record.package for each in found}) == 1, "entries of several packages")
    return found


def _replay(log: Accused, entries: list[_Told]) -> package.State | None:
    """The state of a package after its first entries, all of which may be there."""
    found: package.State | None = None
    for each in entries:
        try:
            found = _follow(log, found, each)
        except Refused as refused:
            raise _nothing(f"a record that may not be there, and others after it: {refused}") from refused
    return found


def _follow(log: Accused, before: package.State | None, told: _Told) -> package.State:
    """The state of a package after one entry more; refuses one that may not be there."""
    if before is None:
        require(told.record.origin == log.origin, "record.origin", f"an init for {told.record.origin}")
        return package.started(told.signed, told.record)
    refusals = []
    for each in _at(before, told.time):  # at most one of them has the authority under which the record stands
        try:
            return each.followed(told.signed, told.record, told.time)
        except Refused as refused:
            refusals.append(refused)
    raise refusals[0]


def _at(before: package.State, time: int) -> list[package.State]:
    """The states that it may be at a time."""
    early = before.pending is not None and time < before.pending[1]
    return [before.at(time), *([before.settled()] if early else [])]


def _check_entry(checkpoint: Checkpoint, told: dict[str, Any]) -> None:
    _check_included(checkpoint, told["index"], tree.leaf(told["entry"]), told["inclusion"])


def _check_included(checkpoint: Checkpoint, index: int, leaf: bytes, proof: list[bytes]) -> None:
    included = tree.is_included(leaf, index, checkpoint.size, checkpoint.root, proof)
    require(included, "log.proof", f"nothing that holds leads from entry {index} to the root")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise _nothing(message)


def _nothing(message: str) -> Refused:
    return Refused("log.unproven", f"this shows nothing: {message}")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is twice")
    return found


def _hash(text: str) -> bytes:
    require(re.fullmatch("[0-9a-f]{64}", text) is not None, "log.malformed", f"{text[:80]!r} is no hash")
    return bytes.fromhex(text)


_BYTES = cbor.parsed(base64_exactly, cbor.text)
_KEY = cbor.parsed(keys.key_from_text, cbor.text)
_HASH = cbor.parsed(_hash, cbor.text)
_PROOF = cbor.list_of(_HASH)
_ENTRY = cbor.map_of({"index": cbor.integer, "entry": _BYTES, "inclusion": _PROOF})
_LEAF = cbor.map_of({"checkpoint": cbor.text, "leaf": _HASH, "inclusion": _PROOF})
_VALUE = cbor.parsed(lambda text: Cid.from_text(text).of(DAG_CBOR), cbor.text)
_MAP = cbor.map_of({
    "entry": _BYTES,
    "inclusion": _PROOF,
    "siblings": _PROOF,
    "other?": cbor.map_of({"key": _HASH, "value": _VALUE}),
})
_COMMON = {"format": cbor.text, "origin": cbor.text, "logKey": _KEY, "kind": cbor.text}
_UNDER = {"checkpoint": cbor.text}
_ENTRIES = {**_UNDER, "entries": cbor.list_of(_ENTRY)}
#: The fields of each kind, and what they show.
_KINDS = {
    "roots": ({"a": cbor.text, "b": cbor.text}, _roots),
    "leaves": ({"index": cbor.integer, "a": _LEAF, "b": _LEAF}, _leaves),
    "rollback": ({"cosigner": _KEY, "a": cbor.text, "b": cbor.text}, _rollback),
    "head": ({**_UNDER, "entry": _ENTRY}, _head),
    "entry": ({**_UNDER, "entry": _ENTRY}, _entry),
    "transition": (_ENTRIES, _transition),
    "map": ({**_ENTRIES, "map": _MAP, "state?": _BYTES}, _map),
}
