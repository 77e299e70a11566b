"""SPEC 10.4 to 10.6: whether a release may run. The steps carry the numbers of 10.4.

`verify_release`, then `verify_manifest`: between them a client fetches the manifest that the release names.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from . import authority as authorities
from . import cbor, keys, manifest, records, release, tree
from .authority import Authority, Statement
from .cid import Cid
from .errors import Refused, require
from .package import yanked
from .policy import Log, Policy, Quorum, Rule
from .request import Request, Seen
from .signed import Signed, decode_entry, decode_signed

MAX_AHEAD = 60


@dataclass(frozen=True)
class Release:
    """A release of which everything but its manifest and modules is verified: steps (1) to (14)."""

    record: records.Record
    signers: list[bytes]
    index: int
    time: int
    init: Cid
    authority: Cid
    size: int
    root: bytes
    head_time: int
    witnesses: list[str]
    #: The highest sequence of all records that were shown.
    highest: int
    channel: str | None
    yank: records.Record | None
    rule: Rule
    log: Log


def verify_release(request: Request, receipt: bytes, head: bytes, policy: Policy, seen: Seen, now: int) -> Release:
    """Steps (1) to (14), which need no manifest."""
    rule, log = policy.rule(request.package)  # (1)
    allowed = request.channel is None or request.channel in rule.channels
    require(allowed, "policy.channel", f"the channel {request.channel} is not allowed")
    logged, current = release.decode_receipt(receipt), release.decode_head(head)  # (2)
    head_time = _check_head(current, rule, log, now)  # (3), (4)
    witnesses = _check_witnesses(current, log, now)
    _check_seen(current, seen, rule.origin)  # (5)
    _check_receipt(logged, rule, log)  # (6)
    _check_join(logged, current)  # (7)

    require(bool(logged.chain), "log.malformed", "a receipt without a chain of authority")  # (8)
    chain = _Chain(rule, request.package)
    for each in logged.chain:
        chain.add(each)
    chain.check_pins()
    place = len(chain.links) - 1

    signed, time = decode_entry(logged.record)  # (9)
    record = records.decode(signed)
    require(record.kind == "release", "request.unsatisfied", f"a {record.kind} and no release")
    own = chain.links[place]
    found = authorities.allow(own, signed, record)
    require(record.sequence > own.record.sequence, "record.sequence", f"sequence {record.sequence} under its authority")
    require(time <= head_time, "log.future", f"an entry {time - head_time} seconds after its head")
    floor = own.powers["floors"]["witnesses"]
    require(len(witnesses) >= floor, "record.floor", f"{len(witnesses)} witnesses where {floor} are asked for")

    together = len(logged.chain) + len(current.chain)  # (10)
    require(together <= authorities.MAX_CHAIN, "limit.exceeded", f"a chain of {together} records")
    for each in current.chain:
        chain.add(each)
    chain.check_reign(found, place)
    newest, yank, channel = (chain.statement(each) for each in (current.newest, current.yank, current.channel))
    shown = [each for each in (found, newest, yank, channel) if each is not None]
    highest = max(each.sequence for each in [*shown, chain.links[-1].record])
    require(record.sequence <= logged.index, "record.sequence", f"sequence {record.sequence} in entry {logged.index}")
    room = record.sequence + current.checkpoint.size - 1 - logged.index
    require(highest <= room, "record.sequence", f"sequence {highest} where the log has room for {room}")
    _check_kinds(request, record, yank, channel)
    _check_newest(request, record, newest, yank, chain)

    chain.check_void(found, place)  # (11)
    if channel is not None:
        chain.check_void(channel, chain.place(channel.record))
    known = seen.sequence(rule.origin, request.package)
    require(highest >= known, "log.rollback", f"sequence {highest} after {known}")

    counting = yank.record if yank is not None and yank.record.body["severity"] != "none" else None
    if counting is not None and not request.is_locked:  # (12)
        tolerated = counting.body["severity"] in rule.yanked
        require(tolerated, "release.yanked", f"yanked, severity {counting.body['severity']}")
    require(_is_met(rule.keys, found.signers), "policy.key", "too few of the pinned keys signed")  # (13)
    proven = bool(record.body["provenance"]) or not rule.provenance
    require(proven, "policy.provenance", "a release without provenance")
    require(head_time - time >= rule.min_age, "policy.min_age", f"a release of {head_time - time} seconds")
    request.check(record, channel.record if channel is not None else None)  # (14)

    return Release(
        record=record,
        signers=sorted(found.signers),
        index=logged.index,
        time=time,
        init=chain.links[0].cid,
        authority=chain.links[-1].cid,
        size=current.checkpoint.size,
        root=current.checkpoint.root,
        head_time=head_time,
        witnesses=witnesses,
        highest=highest,
        channel=request.channel,
        yank=counting,
        rule=rule,
        log=log,
    )


def verify_manifest(found: Release, code: bytes) -> dict[str, Any]:
    """Step (15): the manifest of a release."""
    require(len(code) <= manifest.MAX_MANIFEST, "limit.exceeded", f"a manifest of {len(code)} bytes")
    found.record.body["manifest"].check(code)
    return manifest.decode(code)


def forward(seen: Seen, found: Release) -> Seen:
    """SPEC 10.3: what is known after `found` was verified against `seen`."""
    return seen.forward(found.rule.origin, found.size, found.root, found.record.package, found.highest)


def verdict(found: Release, decoded: dict[str, Any]) -> dict[str, Any]:
    """What a client is told of a release whose manifest is verified, too."""
    record = found.record
    until = found.head_time + found.log.max_age
    told = {
        "package": record.package,
        "version": record.body["version"],
        "record": str(record.cid),
        "sequence": record.sequence,
        "index": found.index,
        "time": found.time,
        "manifest": str(record.body["manifest"]),
        "signers": [keys.key_to_text(each) for each in found.signers],
        "init": str(found.init),
        "authority": str(found.authority),
        "origin": record.origin,
        "head": {
            "size": found.size,
            "root": found.root.hex(),
            "time": found.head_time,
            "witnesses": found.witnesses,
        },
        "provenance": [
            {"cid": str(each["cid"]), "size": each["size"], "subject": each["subject"].hex()}
            for each in record.body["provenance"]
        ],
        "egress": granted(found, decoded),
        "validUntil": until,
        "graceUntil": until + found.log.grace,
    }
    if found.channel is not None:
        told["channel"] = found.channel
    if found.yank is not None:
        told["yanked"] = yanked(found.yank)
    return told


def granted(found: Release, decoded: dict[str, Any]) -> list[str]:
    """The hosts that the code needs and the policy allows."""
    return [host for host in decoded["needs"]["egress"] if host in found.rule.egress]


def isolate(found: Release, decoded: dict[str, Any]) -> str:
    """SPEC 10.6: the id of the isolate, without compatibility overrides, tenant and environment."""
    record = found.record
    named = ["cidery-isolate-v1", record.body["manifest"], record.origin, record.package, granted(found, decoded)]
    digest = blake3(cbor.encode([*named, [], None, None])).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


class _Chain:
    """The authorities of a package, each the successor of the one before, and what was said under them."""

    def __init__(self, rule: Rule, package: str) -> None:
        self.links: list[Authority] = []
        self._recovered = rule.recovery is None
        self._rule, self._package = rule, package

    def add(self, data: bytes) -> None:
        """Another one, which follows the last."""
        signed = decode_signed(data)
        record = records.decode(signed)
        if not self.links:
            self._add(authorities.begin(signed, record), signed, record.powers)
            return
        last = self.links[-1]
        following = authorities.succeed(last, signed, record)
        grows = record.sequence > last.record.sequence
        require(grows, "record.sequence", f"sequence {record.sequence} after {last.record.sequence}")
        self._add(following, signed, last.powers)

    def _add(self, link: Authority, signed: Signed, powers: dict[str, Any]) -> None:
        self.links.append(link)
        if link.record.kind == "init" or link.record.is_by_recovery:
            recovery = powers.get("recovery", {}).get("keys", [])
            self._recovered = self._recovered or _is_met(self._rule.recovery, signed.signers(recovery))

    def check_pins(self) -> None:
        """SPEC 10.4 (8): the log, the package, the first record and the recovery keys that are asked for."""
        init = self.links[0].record
        require(init.origin == self._rule.origin, "record.origin", f"an init for {init.origin}")
        require(init.package == self._package, "request.package", f"the package is {init.package}")
        require(self._rule.init in (None, init.cid), "policy.init", f"the init is {init.cid}")
        require(self._recovered, "policy.recovery", "too few of the pinned recovery keys signed")

    def statement(self, data: bytes | None) -> Statement | None:
        """SPEC 10.4 (10): a record under one of the authorities, while it reigned."""
        if data is None:
            return None
        signed = decode_signed(data)
        record = records.decode(signed)
        place = self.place(record)
        found = authorities.allow(self.links[place], signed, record)
        after = record.sequence > self.links[place].record.sequence
        require(after, "record.sequence", f"sequence {record.sequence} under its authority")
        self.check_reign(found, place)
        return found

    def place(self, record: records.Record) -> int:
        """Which of the authorities a record names."""
        for place, link in enumerate(self.links):
            if link.cid == record.authority:
                return place
        raise Refused("record.authority", f"a record under {record.authority}, which is none of the chain")

    def check_reign(self, statement: Statement, place: int) -> None:
        """SPEC 10.4 (10): nothing stands under an authority that another one has replaced before."""
        for link in self.links[place + 1 :]:
            before = link.delay > 0 or statement.sequence < link.record.sequence
            require(before, "record.authority", f"sequence {statement.sequence} under an authority that was replaced")

    def check_void(self, statement: Statement, place: int) -> None:
        """SPEC 10.4 (11): no later authority makes it void."""
        for link in self.links[place + 1 :]:
            require(not link.voids(statement), "release.void", f"{link.cid} makes it void")


def _is_met(pinned: Quorum | None, signers: frozenset[bytes]) -> bool:
    return pinned is None or len(pinned.keys & signers) >= pinned.threshold


def _check_kinds(
    request: Request, record: records.Record, yank: Statement | None, channel: Statement | None
) -> None:
    if yank is not None:
        require(_is_yank_of(record, yank), "log.malformed", "a yank of something else")
    asked = request.channel is not None
    require(asked == (channel is not None), "log.malformed", "a channel is missing, or is not asked for")
    if channel is not None:
        fits = channel.record.kind == "channel" and channel.record.body["name"] == request.channel
        require(fits, "log.malformed", "another channel than was asked for")


def _check_newest(
    request: Request, record: records.Record, newest: Statement | None, yank: Statement | None, chain: _Chain
) -> None:
    """SPEC 10.4 (10): what has a place of its own stands there."""
    if newest is None:
        return
    said = newest.record
    follows = said.kind in records.AUTHORITIES
    holds = follows and authorities.delay(chain.links[chain.place(said)], said) == 0
    require(not holds, "log.malformed", f"a {said.kind} that holds, as the newest record")
    if _is_yank_of(record, newest):
        restores = yank is None and said.body["severity"] == "none"
        require(restores, "log.malformed", "a yank as the newest record")
    named = said.kind == "channel" and said.body["name"] == request.channel
    require(not named, "log.malformed", "the channel as the newest record")


def _is_yank_of(release: records.Record, statement: Statement) -> bool:
    own = {"version": release.body["version"], "record": release.cid}
    return statement.record.kind == "yank" and statement.record.body["release"] == own


def _check_head(head: release.Head, rule: Rule, log: Log, now: int) -> int:
    checkpoint = head.checkpoint
    require(checkpoint.origin == rule.origin, "log.origin", f"a head of {checkpoint.origin}")
    checkpoint.check_log(log.log_keys)
    time = checkpoint.timestamp(log.cosigner)
    require(time <= now + MAX_AHEAD, "log.future", f"the head is {time - now} seconds ahead")
    require(now <= time + log.max_age, "log.stale", f"the head is {now - time} seconds old")
    return time


def _check_witnesses(head: release.Head, log: Log, now: int) -> list[str]:
    """Those of the witnesses who cosigned in time."""
    counted = []
    for name, key in log.witnesses:
        time = head.checkpoint.cosigned(name, key, "log.witnesses")
        if time is not None and time - MAX_AHEAD <= now <= time + log.max_age:
            counted.append(name)
    require(len(counted) >= log.quorum, "log.witnesses", f"{len(counted)} of {log.quorum} witnesses")
    return counted


def _check_seen(head: release.Head, seen: Seen, origin: str) -> None:
    known, newest = seen.logs.get(origin), head.checkpoint
    if known is None:
        return
    require(newest.size >= known.size, "log.rollback", f"a head of size {newest.size} after {known.size}")
    if newest.size == known.size:
        require(newest.root == known.root, "log.fork", f"two roots of size {newest.size}")
        return
    if head.since is None or head.since[0] != known.size:
        raise Refused("log.unproven", f"nothing leads from size {known.size} to {newest.size}")
    consistent = tree.is_consistent(known.size, known.root, newest.size, newest.root, head.since[1])
    require(consistent, "log.proof", f"nothing that holds leads from size {known.size} to {newest.size}")


def _check_receipt(receipt: release.Receipt, rule: Rule, log: Log) -> None:
    first = receipt.checkpoint
    require(first.origin == rule.origin, "log.origin", f"a receipt of {first.origin}")
    first.check_log(log.log_keys)
    leaf = tree.leaf(receipt.record)
    included = tree.is_included(leaf, receipt.index, first.size, first.root, receipt.inclusion)
    require(included, "log.proof", "the receipt's proof does not lead to its root")


def _check_join(receipt: release.Receipt, head: release.Head) -> None:
    first, newest = receipt.checkpoint, head.checkpoint
    require(newest.size >= first.size, "log.unproven", f"a head of size {newest.size}, a receipt of {first.size}")
    if newest.size == first.size:
        require(newest.root == first.root, "log.fork", f"receipt and head have two roots of size {first.size}")
    way, proof = head.join
    if way == "inclusion":
        joined = tree.is_included(tree.leaf(receipt.record), receipt.index, newest.size, newest.root, proof)
    else:
        joined = tree.is_consistent(first.size, first.root, newest.size, newest.root, proof)
    require(joined, "log.proof", "the join does not lead from the receipt to the head")
