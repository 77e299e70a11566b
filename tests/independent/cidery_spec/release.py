"""SPEC 9: receipt, head and resolution, decoded and not yet believed."""

from __future__ import annotations

from dataclasses import dataclass

from . import cbor, notes, tree
from .authority import MAX_CHAIN
from .errors import require

MAX_OBJECT = 1 << 20

_PROOF = cbor.list_of(cbor.octets(32))
_RECEIPT = cbor.map_of({
    "format": cbor.text,
    "chain": cbor.list_of(cbor.octets()),
    "record": cbor.octets(),
    "index": cbor.integer,
    "checkpoint": cbor.octets(),
    "inclusion": _PROOF,
})
_HEAD = cbor.map_of({
    "format": cbor.text,
    "checkpoint": cbor.octets(),
    "join": cbor.map_of({"inclusion?": _PROOF, "consistency?": _PROOF}),
    "standing": cbor.map_of({
        "chain": cbor.list_of(cbor.octets()),
        "newest?": cbor.octets(),
        "yank?": cbor.octets(),
        "channel?": cbor.octets(),
    }),
    "since?": cbor.map_of({"size": cbor.integer, "consistency": _PROOF}),
})
_RESOLUTION = cbor.map_of({"format": cbor.text, "receipt": cbor.octets(), "head": cbor.octets()})


@dataclass(frozen=True)
class Receipt:
    """SPEC 9.1: "this was logged"; the signed records of `chain` and the entry `record` are still bytes."""

    chain: list[bytes]
    record: bytes
    index: int
    checkpoint: notes.Checkpoint
    inclusion: list[bytes]


@dataclass(frozen=True)
class Head:
    """SPEC 9.2: "this is still so"; the signed records of its standing are still bytes."""

    checkpoint: notes.Checkpoint
    #: `inclusion` or `consistency`, with its hashes.
    join: tuple[str, list[bytes]]
    chain: list[bytes]
    newest: bytes | None
    yank: bytes | None
    channel: bytes | None
    since: tuple[int, list[bytes]] | None


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
    since, standing = found.get("since"), found["standing"]
    ((way, proof),) = found["join"].items()
    _check_chain(standing["chain"])
    _check_proof(proof)
    if since is not None:
        _check_proof(since["consistency"])
    return Head(
        checkpoint=notes.decode(found["checkpoint"]),
        join=(way, proof),
        **{"newest": None, "yank": None, "channel": None, **standing},
        since=(since["size"], since["consistency"]) if since else None,
    )


def decode_resolution(data: bytes) -> tuple[bytes, bytes]:
    """SPEC 9.3: the bytes of a receipt and of a head."""
    found = _decode(_RESOLUTION, data, "resolution")
    return found["receipt"], found["head"]


def _decode(shape: cbor.Shape, data: bytes, what: str) -> dict:
    found = cbor.decode_as(shape, data, f"the {what}", MAX_OBJECT, code="log.malformed")
    require(found["format"] == f"cidery-{what}-v1", "log.malformed", f"`format` is not cidery-{what}-v1")
    return found


def _check_chain(chain: list[bytes]) -> None:
    require(len(chain) <= MAX_CHAIN, "limit.exceeded", f"a chain of {len(chain)} records")


def _check_proof(proof: list[bytes]) -> None:
    require(len(proof) <= tree.MAX_PROOF, "log.proof", f"a proof of {len(proof)} hashes")
