"""SPEC 9.6 and 10.8: the state of a package, or that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import heads, release, state
from .policy import Log, Policy
from .request import Seen


@dataclass(frozen=True)
class Lookup:
    """What was proven of a package."""

    package: str
    head: heads.Now
    #: `None` where there is no such package.
    state: state.Summary | None
    log: Log


def verify_package(package: str, proof: bytes, policy: Policy, seen: Seen, now: int) -> Lookup:
    """What a proof of a package shows."""
    rule, log = policy.rule(package)
    told = release.decode_package_proof(proof)
    newest = heads.check_head(told.checkpoint, told.since, rule.origin, log, seen, now)
    _, found = heads.check_map(newest, told.map, package, told.state) if told.map is not None else (0, None)
    seen.check_sequence(rule.origin, package, found.sequence if found is not None else None)
    return Lookup(package, newest, found, log)


def forward(seen: Seen, found: Lookup) -> Seen:
    """SPEC 10.3: what is known after `found` was verified against `seen`."""
    checkpoint, sequence = found.head.checkpoint, found.state.sequence if found.state is not None else None
    return seen.forward(checkpoint.origin, checkpoint.size, checkpoint.root, found.package, sequence)


def verdict(found: Lookup) -> dict[str, Any]:
    """What a client is told."""
    head = found.head
    told = {
        "package": found.package,
        "origin": head.checkpoint.origin,
        "head": head.told(),
        "validUntil": head.time + found.log.max_age,
    }
    return told if found.state is None else {**told, "state": _state(found.state)}


def _state(found: state.Summary) -> dict[str, Any]:
    told = {
        "cid": str(found.cid),
        "sequence": found.sequence,
        "newest": str(found.newest),
        "authority": str(found.authority),
        "versions": {"size": found.versions.size, "root": found.versions.root.hex()},
        "channels": {"size": found.channels.size, "root": found.channels.root.hex()},
    }
    if found.pending is not None:
        told["pending"] = {"record": str(found.pending[0]), "from": found.pending[1]}
    return told
