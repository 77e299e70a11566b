"""SPEC 10.7: evidence of what a log has done wrong.

What an accuser leaves out counts for the log. Where entries between those of a package are not shown, one of them may
have been the package's, too; or it may have ended a delay, since time goes back where a clock was wrong (7.1): what would
have been right in either case is no evidence.
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
    require(log.cosigner == fields["cosigner"], "log.timestamp", "times of a cosigner who is not known")
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
    if last.record is None:
        raise _nothing("a map entry that follows")
    past = _replay(log, before, last.record.package)
    past.reach(last.index)
    if past.state is None:
        _require(past.whole or last.record.kind == "init", "a record without those before it")
    else:
        follows = last.record.sequence <= past.state.newest.sequence + 1
        _require(past.whole or follows, "a record without the one before it")
    try:
        past.follow(last)
    except Refused as refused:
        return refused
    raise _nothing("records that may follow each other")


def _map(log: Accused, fields: dict[str, Any]) -> Refused:
    checkpoint, proof, data = log.note(fields["checkpoint"]), fields["map"], fields.get("state")
    told, shown = decode_map_entry(proof["entry"]), state.decode(data) if data is not None else None
    _check_included(checkpoint, checkpoint.size - 1, tree.leaf(proof["entry"]), proof["inclusion"])
    entries = _decode(checkpoint, fields["entries"])
    accused = next((each.package for each in entries if each.record is not None), None)
    if accused is None:
        raise _nothing("no record of a package")
    past = _replay(log, entries, accused)
    past.reach(checkpoint.size - 1)
    maps.as_path(proof).check(told.root, maps.key(accused), shown.cid if shown is not None else None)
    if shown is None:
        return Refused("log.map", "the map has no state of the package")
    newest = past.state.newest.sequence
    _require(shown.sequence <= newest, "records that are older than the map's state")
    right = shown.sequence == newest and data in map(state.encode, past.at(told.time))
    _require(not right, "the state that the records come to")
    return Refused("log.map", f"another state of sequence {shown.sequence}, where {newest} is logged")


@dataclass(frozen=True)
class _Told:
    """An entry that is in the log; without a record it is a map entry."""

    index: int
    time: int
    signed: Signed | None = None
    record: records.Record | None = None

    @property
    def package(self) -> str | None:
        """Which one it is of."""
        return self.record.package if self.record is not None else None


def _decode(checkpoint: Checkpoint, entries: list[dict[str, Any]]) -> list[_Told]:
    """Entries in their order."""
    found = []
    for each in entries:
        _check_entry(checkpoint, each)
        if is_map_entry(each["entry"]):
            found.append(_Told(each["index"], decode_map_entry(each["entry"]).time))
        else:
            signed, time = decode_entry(each["entry"])
            found.append(_Told(each["index"], time, signed, records.decode(signed)))
    indexes = [each.index for each in found]
    _require(bool(found) and indexes == sorted(set(indexes)), "no entries, or not in their order")
    return found


class _Past:
    """What a package's entries come to, as far as they are shown."""

    def __init__(self, log: Accused) -> None:
        self._log = log
        self._end = -1
        self.state: package.State | None = None
        #: Whether all entries since the package's newest are shown, or since the log's first.
        self.whole = True

    def reach(self, index: int) -> None:
        """The next entry that is shown is there."""
        self.whole = self.whole and index == self._end + 1
        self._end = index

    def at(self, time: int) -> list[package.State]:
        """The states in which the package may be at a time."""
        early = self.state.pending is not None and time < self.state.pending[1]
        return [self.state.at(time), *([self.state.settled()] if early and not self.whole else [])]

    def follow(self, told: _Told) -> None:
        """One record more; one that may not be there is refused."""
        if self.state is None:
            self.state, self.whole = package.started(told.signed, told.record), True
            require(told.record.origin == self._log.origin, "record.origin", f"an init for {told.record.origin}")
            return
        refusals = []
        for each in self.at(told.time):  # at most one of them has the authority under which the record stands
            try:
                self.state, self.whole = each.followed(told.signed, told.record, told.time), True
                return
            except Refused as refused:
                refusals.append(refused)
        raise refusals[0]


def _replay(log: Accused, entries: list[_Told], accused: str) -> _Past:
    """A package's first entries, all of which may be there, and among them entries of others."""
    past = _Past(log)
    for each in entries:
        past.reach(each.index)
        try:
            if each.package == accused:
                past.follow(each)
            elif past.state is not None:
                past.state = past.state.at(each.time)
        except Refused as refused:
            raise _nothing(f"a record that may not be there, and others after it: {refused}") from refused
    return past


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
