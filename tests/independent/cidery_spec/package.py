"""SPEC 6.4 to 6.7 and 11.6: a package's state after all of its records.

A state is never changed: `after` and `at` give another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable

from . import authority as authorities
from . import cbor, keys, records
from .authority import Authority, Statement
from .cid import Cid
from .errors import Refused, require
from .signed import Signed, decode_entry

MAX_RELEASES = 10_000
MAX_STANDING = 8_000
MAX_CHANNELS = 256
MAX_NAMES = 1_024
MAX_PAGE = 1 << 20
MAX_PAGE_ENTRIES = 256

_LOG = cbor.map_of({
    "format": cbor.text,
    "from": cbor.integer,
    "size": cbor.integer,
    "entries": cbor.list_of(cbor.octets()),
})


@dataclass(frozen=True)
class Standing:
    """A release or channel, and what became of it."""

    statement: Statement
    time: int
    void: Cid | None = None
    yank: records.Record | None = None

    @property
    def record(self) -> records.Record:
        """What made it."""
        return self.statement.record


@dataclass(frozen=True)
class State:
    """SPEC 6.4."""

    init: Cid
    authority: Authority
    #: Who waits, and until when.
    pending: tuple[Authority, int] | None
    newest: records.Record
    #: By version, in the order of the log.
    releases: dict[str, Standing]
    #: By name.
    channels: dict[str, Standing]

    def at(self, time: int) -> State:
        """SPEC 6.6, the end: what has waited long enough holds."""
        return self if self.pending is None or time < self.pending[1] else self.settled()

    def settled(self) -> State:
        """What waits holds."""
        return self if self.pending is None else replace(self._under(self.pending[0]), pending=None)

    def after(self, entry: bytes) -> State:
        """The state once `entry` is logged, too."""
        signed, time = decode_entry(entry)
        return self.at(time).followed(signed, records.decode(signed), time)

    def followed(self, signed: Signed, record: records.Record, time: int) -> State:
        """SPEC 6.4: the state once this record is logged at this time, too; what waits has been looked at."""
        authorities.signers_of(self.authority, signed, record)  # 6.5
        require(record.kind != "init", "record.init_taken", "a second init")  # (0)
        statement = authorities.allow(self.authority, signed, record)  # (1) to (4)
        standing = Standing(statement, time)
        after = self
        if record.kind == "release":
            taken = record.body["version"] in self.releases
            require(not taken, "record.version_taken", f"{record.body['version']} is taken")  # (5)
            valid = sum(each.void is None for each in self.releases.values())
            require(valid < MAX_STANDING, "limit.exceeded", f"{valid} releases that are not void")
            require(len(self.releases) < MAX_RELEASES, "limit.exceeded", f"{len(self.releases)} releases")
            after = replace(self, releases={**self.releases, record.body["version"]: standing})
        elif record.kind == "yank":  # (6)
            yanked = self._named(record.body["release"])
            yank = None if record.body["severity"] == "none" else record
            version = record.body["release"]["version"]
            after = replace(self, releases={**self.releases, version: replace(yanked, yank=yank)})
        elif record.kind == "channel":
            for each in record.body["targets"]:
                self._named(each["release"])
            after = replace(self, channels={**self.channels, record.body["name"]: standing})
            naming = [each for each in after.channels.values() if each.void is None and each.record.body["targets"]]
            require(len(naming) <= MAX_CHANNELS, "limit.exceeded", f"{len(naming)} channels")
            require(len(after.channels) <= MAX_NAMES, "limit.exceeded", f"{len(after.channels)} channels were set")
        elif record.kind == "attest":
            self._named(record.body["release"])
        else:
            following = authorities.succeed(self.authority, signed, record)
            if following.delay == 0:
                after = replace(self._under(following), pending=None)
            else:
                after = replace(self, pending=(following, time + following.delay))
        follows = record.sequence == self.newest.sequence + 1 and record.prev == self.newest.cid
        require(follows, "record.sequence", f"sequence {record.sequence} after {self.newest.sequence}")  # (7)
        return replace(after, newest=record)

    def _under(self, following: Authority) -> State:
        """SPEC 6.7: under another authority, with what it makes void."""

        def judged(standing: Standing) -> Standing:
            void = standing.void is None and following.voids(standing.statement)
            return replace(standing, void=following.cid) if void else standing

        return replace(
            self,
            authority=following,
            releases={version: judged(each) for version, each in self.releases.items()},
            channels={name: judged(each) for name, each in self.channels.items()},
        )

    def _named(self, reference: dict[str, Any]) -> Standing:
        """The release of a reference, which is there and not void."""
        found = self.releases.get(reference["version"])
        if found is None or found.record.cid != reference["record"]:
            raise Refused("record.no_release", f"no release {reference['version']} of this record")
        require(found.void is None, "release.void", f"{reference['version']} is void")
        return found

    def told(self) -> dict[str, Any]:
        """SPEC 11.2, without the places in the log of all packages."""
        record, powers = self.authority.record, self.authority.powers
        held: dict[str, Any] = {"record": str(record.cid), **_texts(powers), "floors": powers["floors"]}
        if "recovery" in powers:
            held["recovery"] = {**_texts(powers["recovery"]), "delay": powers["recovery"]["delay"]}
        if self.authority.version_floor is not None:
            held["nextVersionFloor"] = self.authority.version_floor
        told: dict[str, Any] = {
            "package": record.package,
            "origin": record.origin,
            "sequence": self.newest.sequence,
            "newest": str(self.newest.cid),
            "init": str(self.init),
            "authority": held,
            "releases": [_release(each) for each in self.releases.values()],
            "channels": [_channel(self.channels[name]) for name in sorted(self.channels)],
        }
        if self.pending is not None:
            told["pending"] = {"record": str(self.pending[0].cid), "from": self.pending[1]}
        return told


def begin(entry: bytes) -> State:
    """The state after a package's first entry."""
    signed, _ = decode_entry(entry)
    return started(signed, records.decode(signed))


def started(signed: Signed, record: records.Record) -> State:
    """SPEC 6.4: the state after a package's first record."""
    first = authorities.begin(signed, record)
    return State(first.cid, first, None, first.record, {}, {})


def replay(entries: Iterable[bytes]) -> tuple[State | None, int, Refused | None]:
    """The state after all entries, or after those before the first one that is refused, which is told with its place."""
    state, number = None, 0
    entries = list(entries)
    if not entries:
        return None, 0, Refused("record.invalid", "a package begins with an init")
    for number, entry in enumerate(entries):
        try:
            state = begin(entry) if state is None else state.after(entry)
        except Refused as refused:
            return state, number, refused
    return state, number, None


def decode_log(data: bytes) -> tuple[int, int, list[bytes]]:
    """SPEC 11.6: from which sequence on, of how many records in all, and the entries."""
    found = cbor.decode_as(_LOG, data, "the log of a package", MAX_PAGE, code="log.malformed")
    fits = found["format"] == "cidery-package-log-v1"
    require(fits, "log.malformed", "`format` is not cidery-package-log-v1")
    count = len(found["entries"])
    require(count <= MAX_PAGE_ENTRIES, "limit.exceeded", f"a page of {count} entries")
    require(found["from"] + count <= found["size"], "log.malformed", "more entries than there are")
    return found["from"], found["size"], found["entries"]


def _texts(quorum: dict[str, Any]) -> dict[str, Any]:
    return {"keys": [keys.key_to_text(each) for each in quorum["keys"]], "threshold": quorum["threshold"]}


def _release(standing: Standing) -> dict[str, Any]:
    record = standing.record
    told: dict[str, Any] = {
        "version": record.body["version"],
        "record": str(record.cid),
        "manifest": str(record.body["manifest"]),
        "sequence": record.sequence,
        "time": standing.time,
    }
    if standing.void is not None:
        told["void"] = str(standing.void)
    if standing.yank is not None:
        told["yanked"] = {"record": str(standing.yank.cid), **yanked(standing.yank)}
    return told


def yanked(record: records.Record) -> dict[str, Any]:
    """What a yank says of its release."""
    return {name: each for name, each in record.body.items() if name != "release"}


def _channel(standing: Standing) -> dict[str, Any]:
    record = standing.record
    targets = [
        {"version": each["release"]["version"], "record": str(each["release"]["record"]), "weight": each["weight"]}
        for each in record.body["targets"]
    ]
    told = {"name": record.body["name"], "record": str(record.cid), "sequence": record.sequence, "targets": targets}
    return told if standing.void is None else {**told, "void": str(standing.void)}
