"""SPEC 10.4 (3) to (5), and what (10) says of the map: what a client believes of a log's newest checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import maps, release, state, tree
from .errors import Refused, require
from .notes import Checkpoint
from .policy import Log
from .request import Seen
from .signed import decode_map_entry

MAX_AHEAD = 60
#: How long after its time a delay's end may take to be in the log.
MAX_LATE = 600


@dataclass(frozen=True)
class Now:
    """The newest checkpoint of a log, verified."""

    checkpoint: Checkpoint
    time: int
    #: Those who cosigned in time, in the order of the policy.
    witnesses: list[str]

    def told(self) -> dict[str, Any]:
        """The form in verdicts."""
        checkpoint = self.checkpoint
        told = {"size": checkpoint.size, "root": checkpoint.root.hex()}
        return {**told, "time": self.time, "witnesses": self.witnesses}


def check_head(checkpoint: Checkpoint, since: release.Since, origin: str, log: Log, seen: Seen, now: int) -> Now:
    """Steps (3) to (5)."""
    require(checkpoint.origin == origin, "log.origin", f"a head of {checkpoint.origin}")  # (3)
    checkpoint.check_log(log.log_keys)
    time = checkpoint.timestamp(log.cosigner)  # (4)
    require(time <= now + MAX_AHEAD, "log.future", f"the head is {time - now} seconds ahead")
    require(now <= time + log.max_age, "log.stale", f"the head is {now - time} seconds old")
    witnesses = _check_witnesses(checkpoint, log, now)
    _check_seen(checkpoint, since, seen, origin)  # (5)
    return Now(checkpoint, time, witnesses)


def _check_witnesses(checkpoint: Checkpoint, log: Log, now: int) -> list[str]:
    counted = []
    for name, key in log.witnesses:
        time = checkpoint.cosigned(name, key, "log.witnesses")
        if time is not None and time - MAX_AHEAD <= now <= time + log.max_age:
            counted.append(name)
    require(len(counted) >= log.quorum, "log.witnesses", f"{len(counted)} of {log.quorum} witnesses")
    return counted


def _check_seen(newest: Checkpoint, since: release.Since, seen: Seen, origin: str) -> None:
    known = seen.logs.get(origin)
    if known is None:
        return
    require(newest.size >= known.size, "log.rollback", f"a head of size {newest.size} after {known.size}")
    if newest.size == known.size:
        require(newest.root == known.root, "log.fork", f"two roots of size {newest.size}")
        return
    if since is None or since[0] != known.size:
        raise Refused("log.unproven", f"nothing leads from size {known.size} to {newest.size}")
    consistent = tree.is_consistent(known.size, known.root, newest.size, newest.root, since[1])
    require(consistent, "log.proof", f"nothing that holds leads from size {known.size} to {newest.size}")


def check_map(head: Now, proof: release.MapProof, package: str, told: bytes | None) -> tuple[int, state.Summary | None]:
    """Step (10), its beginning: the time of the map that is the head's last entry, and a package's state in it."""
    entry, newest = decode_map_entry(proof.entry), head.checkpoint
    leaf = tree.leaf(proof.entry)
    last = tree.is_included(leaf, newest.size - 1, newest.size, newest.root, proof.inclusion)
    require(last, "log.proof", "the map's entry is not the head's last")
    require(entry.time <= head.time, "log.future", f"a map from {entry.time - head.time} seconds after its head")
    named = None if told is None else state.name(told)
    proof.path.check(entry.root, maps.key(package), named)
    if told is None:
        return entry.time, None
    found = state.decode(told)
    overdue = found.pending is not None and found.pending[1] + MAX_LATE < head.time
    require(not overdue, "log.stale", "a delay has ended, and the log does not say so")
    return entry.time, found
