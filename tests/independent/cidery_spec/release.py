"""SPEC 9.1 to 9.3 and 9.6: receipt, head, resolution and proof of a package, decoded and not yet believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

from . import cbor, maps, notes, tree
from .authority import MAX_CHAIN
from .errors import require

MAX_OBJECT = 1 << 20

_MAP_PROOF = cbor.map_of({"entry": cbor.octets(), "inclusion": cbor.hashes, "path": maps.PATH})
_LEAVES = cbor.map_of({
    "leaves": cbor.list_of(cbor.map_of({"index": cbor.integer, "leaf": cbor.octets()})),
    "proof": cbor.hashes,
})
_STANDING = cbor.map_of({
    "map": _MAP_PROOF,
    "state": cbor.octets(),
    "versions": _LEAVES,
    "channels?": _LEAVES,
    "chain": cbor.list_of(cbor.octets()),
    "yank?": cbor.octets(),
    "channel?": cbor.octets(),
})
_SINCE = cbor.map_of({"size": cbor.integer, "consistency": cbor.hashes})
_RECEIPT = cbor.map_of({
    "format": cbor.text,
    "chain": cbor.list_of(cbor.octets()),
    "record": cbor.octets(),
    "index": cbor.integer,
    "checkpoint": cbor.octets(),
    "inclusion": cbor.hashes,
})
_HEAD = cbor.map_of({
    "format": cbor.text,
    "checkpoint": cbor.octets(),
    "join": cbor.map_of({"inclusion?": cbor.hashes, "consistency?": cbor.hashes}),
    "standing?": _STANDING,
    "since?": _SINCE,
})
_RESOLUTION = cbor.map_of({"format": cbor.text, "receipt": cbor.octets(), "head": cbor.octets()})
_PACKAGE_PROOF = cbor.map_of({
    "format": cbor.text,
    "checkpoint": cbor.octets(),
    "map?": _MAP_PROOF,
    "state?": cbor.octets(),
    "since?": _SINCE,
})


@dataclass(frozen=True)
class Receipt:
    """SPEC 9.1: "this was logged"; the signed records of `chain` and the entry `record` are still bytes."""

    chain: list[bytes]
    record: bytes
    index: int
    checkpoint: notes.Checkpoint
    inclusion: list[bytes]


@dataclass(frozen=True)
class MapProof:
    """SPEC 9.2: the checkpoint's last entry, still bytes, its inclusion, and a path in its map."""

    entry: bytes
    inclusion: list[bytes]
    path: maps.Path


@dataclass(frozen=True)
class Leaves:
    """SPEC 9.2: leaves, still bytes, with their indexes and their proof."""

    held: list[tuple[int, bytes]]
    proof: list[bytes]


@dataclass(frozen=True)
class Standing:
    """SPEC 9.2: what became of a package; its records, state and leaves are still bytes."""

    map: MapProof
    state: bytes
    versions: Leaves
    channels: Leaves | None
    chain: list[bytes]
    yank: bytes | None
    channel: bytes | None


#: A size, and the hashes that lead from it to another one.
Since = Optional[Tuple[int, List[bytes]]]


@dataclass(frozen=True)
class Head:
    """SPEC 9.2: "this is still so"."""

    checkpoint: notes.Checkpoint
    #: `inclusion` or `consistency`, with its hashes.
    join: tuple[str, list[bytes]]
    standing: Standing | None
    since: Since


@dataclass(frozen=True)
class PackageProof:
    """SPEC 9.6: the state of a package, or that it has none."""

    checkpoint: notes.Checkpoint
    map: MapProof | None
    state: bytes | None
    since: Since


def decode_receipt(data: bytes) -> Receipt:
    """A receipt, by its bytes."""
    found = _decode(_RECEIPT, data, "receipt")
    _check_chain(found["chain"])
    _check_proof(found["inclusion"])
    return Receipt(
        chain=found["chain"],
        record=found["record"],
        index=found["index"],
        checkpoint=notes.decode(found["checkpoint"]),
        inclusion=found["inclusion"],
    )


def decode_head(data: bytes) -> Head:
    """A head, by its bytes."""
    found = _decode(_HEAD, data, "head")
    require(len(found["join"]) == 1, "log.malformed", "a join is by inclusion or by consistency")
    ((way, proof),) = found["join"].items()
    _check_proof(proof)
    return Head(
        checkpoint=notes.decode(found["checkpoint"]),
        join=(way, proof),
        standing=_standing(found["standing"]) if "standing" in found else None,
        since=_since(found),
    )


def decode_resolution(data: bytes) -> tuple[bytes, bytes]:
    """SPEC 9.3: the bytes of a receipt and of a head."""
    found = _decode(_RESOLUTION, data, "resolution")
    return found["receipt"], found["head"]


def decode_package_proof(data: bytes) -> PackageProof:
    """A proof of a package, by its bytes."""
    found = _decode(_PACKAGE_PROOF, data, "package-proof")
    checkpoint = notes.decode(found["checkpoint"])
    require(("map" in found) == (checkpoint.size > 0), "log.malformed", "a map of the empty log, or none of another")
    require("map" in found or "state" not in found, "log.malformed", "a state without a map")
    return PackageProof(
        checkpoint=checkpoint,
        map=_map_proof(found["map"]) if "map" in found else None,
        state=found.get("state"),
        since=_since(found),
    )


def _decode(shape: cbor.Shape, data: bytes, what: str) -> dict[str, Any]:
    found = cbor.decode_as(shape, data, f"the {what}", MAX_OBJECT, code="log.malformed")
    require(found["format"] == f"cidery-{what}-v1", "log.malformed", f"`format` is not cidery-{what}-v1")
    return found


def _standing(fields: dict[str, Any]) -> Standing:
    _check_chain(fields["chain"])
    return Standing(
        map=_map_proof(fields["map"]),
        state=fields["state"],
        versions=_leaves(fields["versions"]),
        channels=_leaves(fields["channels"]) if "channels" in fields else None,
        chain=fields["chain"],
        yank=fields.get("yank"),
        channel=fields.get("channel"),
    )


def _map_proof(fields: dict[str, Any]) -> MapProof:
    _check_proof(fields["inclusion"])
    return MapProof(fields["entry"], fields["inclusion"], maps.as_path(fields["path"]))


def _leaves(fields: dict[str, Any]) -> Leaves:
    return Leaves([(each["index"], each["leaf"]) for each in fields["leaves"]], fields["proof"])


def _since(fields: dict[str, Any]) -> Since:
    since = fields.get("since")
    if since is None:
        return None
    _check_proof(since["consistency"])
    return since["size"], since["consistency"]


def _check_chain(chain: list[bytes]) -> None:
    require(len(chain) <= MAX_CHAIN, "limit.exceeded", f"a chain of {len(chain)} records")


def _check_proof(proof: list[bytes]) -> None:
    require(len(proof) <= tree.MAX_PROOF, "log.proof", f"a proof of {len(proof)} hashes")
