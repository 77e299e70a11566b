"""SPEC 10.2 to 10.6: whether a release may run. The steps carry the numbers of 10.4.

`verify_release`, then `verify_manifest`: between them a client fetches the manifest that the release names.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from blake3 import blake3

from . import cbor, keys, manifest, names, records, release, tree
from .cid import DAG_CBOR, Cid
from .errors import Refused, require
from .policy import Log, Policy, Rule
from .ranges import Range

MAX_AHEAD = 60


@dataclass(frozen=True)
class Request:
    """SPEC 10.2: a package with a range, or with a version, and where it is an entry of a lock, a manifest."""

    package: str
    range: Range | None = None
    version: names.Version | None = None
    manifest: Cid | None = None

    def __post_init__(self) -> None:
        names.package(self.package)
        one = (self.range is None) != (self.version is None)
        locked = self.manifest is None or self.version is not None
        require(one and locked, "request.malformed", "a request has a range, or a version, or a version and a manifest")

    @classmethod
    def from_json(cls, value: Any) -> Request:
        """The request with this JSON form, which has been read."""
        texts = isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
        forms = ({"package", "range"}, {"package", "version"}, {"package", "version", "manifest"})
        require(texts and set(value) in forms, "request.malformed", "not the fields of a request")
        return cls(
            value["package"],
            range=Range(value["range"]) if "range" in value else None,
            version=names.Version(value["version"]) if "version" in value else None,
            manifest=Cid.from_text(value["manifest"]).of(DAG_CBOR) if "manifest" in value else None,
        )

    def check(self, record: records.Record) -> None:
        """Refuses a release that does not satisfy the request."""
        version = names.Version(record.body["version"])
        satisfied = (
            (self.range is None or self.range.contains(version))
            and (self.version is None or self.version == version)
            and (self.manifest is None or self.manifest == record.body["manifest"])
        )
        require(satisfied, "request.unsatisfied", f"{self.package} {version} is not what was asked for")


@dataclass(frozen=True)
class Seen:
    """SPEC 10.3: what the client knows from before."""

    #: For a log its highest size with its root.
    logs: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    #: For a package and a range the highest sequence that answered it.
    packages: dict[str, dict[str, int]] = field(default_factory=dict)

    def sequence(self, request: Request) -> int:
        """The sequence below which an answer to `request` is older than one before; versions have none."""
        return self.packages.get(request.package, {}).get(request.range.text, 0) if request.range else 0

    def forward(self, request: Request, found: Release) -> Seen:
        """What is known after `found` was verified against this."""
        logs = {**self.logs, found.record.origin: (found.size, found.root)}
        if request.range is None:
            return Seen(logs, self.packages)
        ranges = {**self.packages.get(request.package, {}), request.range.text: found.record.sequence}
        return Seen(logs, {**self.packages, request.package: ranges})


@dataclass(frozen=True)
class Release:
    """A release of which everything but its manifest and modules is verified: steps (1) to (11)."""

    record: records.Record
    index: int
    init: Cid
    signers: list[bytes]
    size: int
    root: bytes
    time: int
    valid_until: int
    rule: Rule


def verify_release(request: Request, receipt: bytes, head: bytes, policy: Policy, seen: Seen, now: int) -> Release:
    """Steps (1) to (11), which need no manifest."""
    rule, log = policy.rule(request.package)  # (1)
    logged, current = release.decode_receipt(receipt), release.decode_head(head)  # (2)
    time = _check_head(current, rule, log, now)  # (3), (4)
    _check_seen(current, seen.logs.get(rule.origin))  # (5)
    _check_receipt(logged, rule, log)  # (6)
    _check_join(logged, current)  # (7)
    signed = records.decode_entry(logged.release)  # (8)
    authority = _check_chain(logged.chain, rule, request)

    record = records.decode_record(signed)  # (9)
    signers = records.check_release(signed, record, authority)
    newest_seen = seen.sequence(request)
    require(record.sequence >= newest_seen, "log.rollback", f"sequence {record.sequence} after {newest_seen}")
    require(authority.body["floors"]["witnesses"] == 0, "record.floor", "a floor of witnesses, which nobody counts yet")

    pinned = signers & rule.keys  # (10)
    enough = not rule.keys or len(pinned) >= rule.threshold
    require(enough, "policy.key", f"{len(pinned)} of {rule.threshold} pinned keys signed")
    request.check(record)  # (11)

    newest = current.checkpoint
    return Release(
        record=record,
        index=logged.index,
        init=authority.cid,
        signers=sorted(signers),
        size=newest.size,
        root=newest.root,
        time=time,
        valid_until=time + log.max_age,
        rule=rule,
    )


def verify_manifest(found: Release, code: bytes) -> dict[str, Any]:
    """Step (12): the manifest of a release."""
    require(len(code) <= manifest.MAX_MANIFEST, "limit.exceeded", f"a manifest of {len(code)} bytes")
    found.record.body["manifest"].check(code)
    return manifest.decode(code)


def verdict(found: Release, decoded: dict[str, Any]) -> dict[str, Any]:
    """What a client is told of a release whose manifest is verified, too."""
    record = found.record
    return {
        "package": record.package,
        "version": record.body["version"],
        "record": str(record.cid),
        "sequence": record.sequence,
        "index": found.index,
        "manifest": str(record.body["manifest"]),
        "signers": [keys.key_to_text(each) for each in found.signers],
        "init": str(found.init),
        "origin": record.origin,
        "head": {"size": found.size, "root": found.root.hex(), "time": found.time},
        "egress": granted(found, decoded),
        "validUntil": found.valid_until,
    }


def granted(found: Release, decoded: dict[str, Any]) -> list[str]:
    """The hosts that the code needs and the policy allows."""
    return [host for host in decoded["needs"]["egress"] if host in found.rule.egress]


def isolate(found: Release, decoded: dict[str, Any]) -> str:
    """SPEC 10.6: the id of the isolate, without compatibility overrides, tenant and environment."""
    record = found.record
    named = ["cidery-isolate-v1", record.body["manifest"], record.origin, record.package, granted(found, decoded)]
    digest = blake3(cbor.encode([*named, [], None, None])).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def _check_head(head: release.Head, rule: Rule, log: Log, now: int) -> int:
    checkpoint = head.checkpoint
    require(checkpoint.origin == rule.origin, "log.origin", f"a head of {checkpoint.origin}")
    checkpoint.check_log(log.log_keys)
    time = checkpoint.timestamp(log.cosigner)
    require(time <= now + MAX_AHEAD, "log.future", f"the head is {time - now} seconds ahead")
    require(now <= time + log.max_age, "log.stale", f"the head is {now - time} seconds old")
    return time


def _check_seen(head: release.Head, seen: tuple[int, bytes] | None) -> None:
    if seen is None:
        return
    (size, root), newest = seen, head.checkpoint
    require(newest.size >= size, "log.rollback", f"a head of size {newest.size} after {size}")
    if newest.size == size:
        require(newest.root == root, "log.fork", f"two roots of size {size}")
        return
    if head.since is None or head.since[0] != size:
        raise Refused("log.unproven", f"nothing leads from size {size} to {newest.size}")
    consistent = tree.is_consistent(size, root, newest.size, newest.root, head.since[1])
    require(consistent, "log.proof", f"nothing that holds leads from size {size} to {newest.size}")


def _check_receipt(receipt: release.Receipt, rule: Rule, log: Log) -> None:
    first = receipt.checkpoint
    require(first.origin == rule.origin, "log.origin", f"a receipt of {first.origin}")
    first.check_log(log.log_keys)
    leaf = tree.leaf(receipt.release)
    included = tree.is_included(leaf, receipt.index, first.size, first.root, receipt.inclusion)
    require(included, "log.proof", "the receipt's proof does not lead to its root")


def _check_join(receipt: release.Receipt, head: release.Head) -> None:
    first, newest = receipt.checkpoint, head.checkpoint
    require(newest.size >= first.size, "log.unproven", f"a head of size {newest.size}, a receipt of {first.size}")
    if newest.size == first.size:
        require(newest.root == first.root, "log.fork", f"receipt and head have two roots of size {first.size}")
    way, proof = head.join
    if way == "inclusion":
        joined = tree.is_included(tree.leaf(receipt.release), receipt.index, newest.size, newest.root, proof)
    else:
        joined = tree.is_consistent(first.size, first.root, newest.size, newest.root, proof)
    require(joined, "log.proof", "the join does not lead from the receipt to the head")


def _check_chain(chain: list[bytes], rule: Rule, request: Request) -> records.Record:
    """Gives the authority of the release: in this version the package's `init`."""
    entries = [records.decode_entry(each) for each in chain]
    require(len(entries) == 1, "log.malformed", f"a chain of {len(entries)} records")
    signed = entries[0]
    init = records.decode_record(signed)
    require(init.kind == "init", "record.invalid", f"a chain that begins with a {init.kind}")
    require(init.origin == rule.origin, "record.origin", f"an init for {init.origin}")
    require(init.package == request.package, "request.package", f"the package is {init.package}")
    records.check_init(signed, init)
    require(rule.init in (None, init.cid), "policy.init", f"the init is {init.cid}")
    return init
