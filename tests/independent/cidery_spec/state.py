"""SPEC 9.4 and 9.5: the state of a package as an object, and the leaves of its trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

from . import cbor, names, package, records, tree
from .cid import DAG_CBOR, Cid
from .errors import require
from .names import MAX_NUMBER, Version
from .ranges import Range

MAX_STATE = 1 << 10
MAX_LEAF = 1 << 10

_LINK = cbor.link(DAG_CBOR)
_TREE = cbor.map_of({"size": cbor.integer, "root": cbor.octets(32)})
_STATE = cbor.map_of({
    "format": cbor.text,
    "sequence": cbor.integer,
    "newest": _LINK,
    "authority": _LINK,
    "pending?": cbor.map_of({"record": _LINK, "from": cbor.integer}),
    "versions": _TREE,
    "channels": _TREE,
})
_VERSION = cbor.map_of({
    "version": cbor.parsed(Version, cbor.text),
    "record": _LINK,
    "yanked?": cbor.map_of({"record": _LINK, "severity": records.one_of(*records.SEVERITIES[1:])}),
    "void?": _LINK,
})
_CHANNEL = cbor.map_of({"name": cbor.parsed(names.channel, cbor.text), "record": _LINK, "void?": _LINK})


@dataclass(frozen=True)
class Leaf:
    """A version that is taken, or a channel that was ever set."""

    record: Cid
    #: Of a version.
    version: Version | None = None
    #: Of a channel.
    name: str | None = None
    #: The `yank` that counts, and its severity.
    yanked: tuple[Cid, str] | None = None
    void: Cid | None = None

    @property
    def order(self) -> tuple:
        """Its place among others: channels by name; versions by precedence, pre-releases behind all others."""
        return (self.name,) if self.version is None else (bool(self.version.prerelease), self.version.precedence)

    def is_offered(self, tolerated: frozenset[str]) -> bool:
        """Whether it is neither void nor yanked more severely than is tolerated."""
        return self.void is None and (self.yanked is None or self.yanked[1] in tolerated)


@dataclass(frozen=True)
class Tree:
    """The root of a tree of leaves."""

    size: int
    root: bytes


@dataclass(frozen=True)
class Summary:
    """A package's state, with its leaves as roots alone."""

    cid: Cid
    sequence: int
    newest: Cid
    authority: Cid
    #: Who waits, and until when.
    pending: tuple[Cid, int] | None
    versions: Tree
    channels: Tree


def name(data: bytes) -> Cid:
    """The CID of a state's object."""
    return Cid.hashing(DAG_CBOR, data)


def decode(data: bytes) -> Summary:
    """A state, by the bytes of its object."""
    fields = cbor.decode_as(_STATE, data, "a state", MAX_STATE)
    require(fields["format"] == "cidery-state-v1", "cbor.malformed", "`format` is not cidery-state-v1")
    pending = fields.get("pending")
    numbers = [fields["sequence"], fields["versions"]["size"], fields["channels"]["size"]]
    small = all(number <= MAX_NUMBER for number in [*numbers, *([pending["from"]] if pending else [])])
    require(small, "cbor.malformed", "a number of a state is over 2^53 - 1")
    return Summary(
        cid=name(data),
        sequence=fields["sequence"],
        newest=fields["newest"],
        authority=fields["authority"],
        pending=(pending["record"], pending["from"]) if pending else None,
        versions=Tree(**fields["versions"]),
        channels=Tree(**fields["channels"]),
    )


def decode_version(data: bytes) -> Leaf:
    """A leaf of `versions`."""
    fields = cbor.decode_as(_VERSION, data, "a leaf of versions", MAX_LEAF)
    yanked = fields.get("yanked")
    return Leaf(**{**fields, "yanked": (yanked["record"], yanked["severity"]) if yanked else None})


def decode_channel(data: bytes) -> Leaf:
    """A leaf of `channels`."""
    return Leaf(**cbor.decode_as(_CHANNEL, data, "a leaf of channels", MAX_LEAF))


def encode(state: package.State) -> bytes:
    """The object of a state."""
    fields: dict[str, Any] = {
        "format": "cidery-state-v1",
        "sequence": state.newest.sequence,
        "newest": state.newest.cid,
        "authority": state.authority.cid,
    }
    if state.pending is not None:
        fields["pending"] = {"record": state.pending[0].cid, "from": state.pending[1]}
    for field, leaves in (("versions", versions(state)), ("channels", channels(state))):
        fields[field] = {"size": len(leaves), "root": tree.root([tree.leaf(each) for each in leaves])}
    return cbor.encode(fields)


def versions(state: package.State) -> list[bytes]:
    """The leaves of `versions`, in their order."""
    leaves = []
    for text, release in state.releases.items():
        leaf = {"version": text, **_standing(release)}
        if release.yank is not None:
            leaf["yanked"] = {"record": release.yank.cid, "severity": release.yank.body["severity"]}
        leaves.append(cbor.encode(leaf))
    return sorted(leaves, key=lambda leaf: decode_version(leaf).order)


def channels(state: package.State) -> list[bytes]:
    """The leaves of `channels`, in their order."""
    return [cbor.encode({"name": each, **_standing(state.channels[each])}) for each in sorted(state.channels)]


def _standing(standing: package.Standing) -> dict[str, Any]:
    void = {"void": standing.void} if standing.void is not None else {}
    return {"record": standing.record.cid, **void}


def check_newest(
    wanted: Range, version: Version, leaves: Sequence[tuple[int, Leaf]], size: int, tolerated: frozenset[str]
) -> None:
    """SPEC 9.5: refuses leaves, with their indexes, that do not show that nothing newer is offered."""
    held = dict(leaves)
    for early in (False, True) if wanted.names_prerelease else (False,):
        # What is passed over: what is not above the version, and before the pre-releases all others.
        passed = [
            place
            for place, leaf in leaves
            if (early and not leaf.version.prerelease)
            or (early == bool(leaf.version.prerelease) and not version < leaf.version)
        ]
        for place in range(max(passed, default=-1) + 1, size):
            leaf = held.get(place)
            require(leaf is not None, "log.withheld", f"the version at {place} of {size} is not shown")
            if wanted.is_below(leaf.version) or (leaf.version.prerelease and not early):
                break
            newer = wanted.contains(leaf.version) and leaf.is_offered(tolerated)
            require(not newer, "log.withheld", f"{leaf.version} is newer than {version}")
