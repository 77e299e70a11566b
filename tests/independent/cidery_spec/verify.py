"""SPEC 10.4 to 10.6: whether a release may run. The steps carry the numbers of 10.4.

`verify_release`, then `verify_manifest`: between them a client fetches the manifest that the release names.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Callable

from blake3 import blake3

from . import authority as authorities
from . import cbor, heads, keys, manifest, names, records, release, state, tree
from .authority import MAX_CHAIN, Statement
from .chain import Chain, check_sequence, is_met
from .cid import Cid
from .errors import require
from .package import yanked
from .policy import Log, Policy, Rule
from .request import Request, Seen
from .signed import decode_entry


@dataclass(frozen=True)
class Release:
    """A release of which everything but its manifest and modules is verified: steps (1) to (14)."""

    record: records.Record
    signers: list[bytes]
    index: int
    time: int
    init: Cid
    authority: Cid
    head: heads.Now
    #: The state that was shown, and the time of its map; `None` where the policy does without.
    state: state.Summary | None
    state_time: int | None
    channel: str | None
    yank: records.Record | None
    rule: Rule
    log: Log


@dataclass(frozen=True)
class _Standing:
    """What is known of a release once (10) has been applied."""

    state: state.Summary
    #: That of its map.
    time: int
    #: The leaf of the release, and all of `versions` with their indexes.
    leaf: state.Leaf
    versions: list[tuple[int, state.Leaf]]
    yank: Statement | None
    #: The channel and its leaf.
    channel: tuple[Statement, state.Leaf] | None


def verify_release(request: Request, receipt: bytes, head: bytes, policy: Policy, seen: Seen, now: int) -> Release:
    """Steps (1) to (14), which need no manifest."""
    rule, log = policy.rule(request.package)  # (1)
    allowed = request.channel is None or request.channel in rule.channels
    require(allowed, "policy.channel", f"the channel {request.channel} is not allowed")
    logged, current = release.decode_receipt(receipt), release.decode_head(head)  # (2)
    newest = heads.check_head(current.checkpoint, current.since, rule.origin, log, seen, now)  # (3) to (5)
    _check_receipt(logged, rule, log)  # (6)
    _check_join(logged, current)  # (7)

    require(bool(logged.chain), "log.malformed", "a receipt without a chain of authority")  # (8)
    chain = Chain(rule, request.package)
    for each in logged.chain:
        chain.add(each)
    chain.check_pins()

    signed, time = decode_entry(logged.record)  # (9)
    record = records.decode(signed)
    require(record.kind == "release", "request.unsatisfied", f"a {record.kind} and no release")
    own = chain.links[-1]
    found = authorities.allow(own, signed, record)
    require(record.sequence > own.record.sequence, "record.sequence", f"sequence {record.sequence} under its authority")
    require(time <= newest.time, "log.future", f"an entry {time - newest.time} seconds after its head")
    floor = own.powers["floors"]["witnesses"]
    cosigned = len(newest.witnesses)
    require(cosigned >= floor, "record.floor", f"{cosigned} witnesses where {floor} are asked for")

    standing = None
    if current.standing is not None:
        standing = _check_standing(request, current.standing, newest, chain, found)  # (10)
        _check_void(standing, chain, found)  # (11)
        seen.check_sequence(rule.origin, request.package, standing.state.sequence)
    else:
        enough = rule.unchecked and request.channel is None
        require(enough, "log.unproven", "nothing shows what became of the release")

    yank = standing.yank.record if standing is not None and standing.yank is not None else None
    if yank is not None and not request.is_locked:  # (12)
        tolerated = yank.body["severity"] in rule.yanked
        require(tolerated, "release.yanked", f"yanked, severity {yank.body['severity']}")
    require(is_met(rule.keys, found.signers), "policy.key", "too few of the pinned keys signed")  # (13)
    proven = bool(record.body["provenance"]) or not rule.provenance
    require(proven, "policy.provenance", "a release without provenance")
    checked = record.body["npm"]["checked"] if "npm" in record.body else []
    require(rule.npm <= set(checked), "policy.npm", f"{sorted(rule.npm - set(checked))} was not verified")
    require(newest.time - time >= rule.min_age, "policy.min_age", f"a release of {newest.time - time} seconds")
    channel = standing.channel[0].record if standing is not None and standing.channel is not None else None
    request.check(record, channel)  # (14)
    if standing is not None and request.range is not None:
        version, size = names.Version(record.body["version"]), standing.state.versions.size
        state.check_newest(request.range, version, standing.versions, size, rule.yanked)

    return Release(
        record=record,
        signers=sorted(found.signers),
        index=logged.index,
        time=time,
        init=chain.links[0].cid,
        authority=chain.links[-1].cid,
        head=newest,
        state=standing.state if standing is not None else None,
        state_time=standing.time if standing is not None else None,
        channel=request.channel,
        yank=yank,
        rule=rule,
        log=log,
    )


def _check_standing(
    request: Request, told: release.Standing, newest: heads.Now, chain: Chain, found: Statement
) -> _Standing:
    """Step (10)."""
    time, summary = heads.check_map(newest, told.map, request.package, told.state)
    assert summary is not None  # since there is a state
    together = len(chain.links) + len(told.chain)
    require(together <= MAX_CHAIN, "limit.exceeded", f"a chain of {together} records")
    for each in told.chain:
        chain.add(each)
    last = chain.links[-1].cid
    require(last == summary.authority, "record.authority", f"the chain ends with {last}, not {summary.authority}")
    check_sequence(found.record, summary.sequence)
    chain.check_reign(found)
    yank, channel = (chain.statement(each, summary.sequence) for each in (told.yank, told.channel))

    versions = _leaves(told.versions, summary.versions, state.decode_version)
    version = names.Version(found.record.body["version"])
    leaf = next((leaf for _, leaf in versions if (leaf.version, leaf.record) == (version, found.record.cid)), None)
    require(leaf is not None, "log.proof", f"no leaf of {version} and its record")
    said = None if yank is None else _yank_of(found.record, yank)
    require(leaf.yanked == said, "log.proof", "the yank is not the one that the leaf names")
    return _Standing(summary, time, leaf, versions, yank, _check_channel(request, told.channels, summary, channel))


def _yank_of(release: records.Record, yank: Statement) -> tuple[Cid, str] | None:
    """What a leaf says of a release that this yanks."""
    own = {"version": release.body["version"], "record": release.cid}
    fits = yank.record.kind == "yank" and yank.record.body["release"] == own
    require(fits, "log.proof", "a yank of something else")
    return yank.record.cid, yank.record.body["severity"]


def _check_channel(
    request: Request, told: release.Leaves | None, summary: state.Summary, channel: Statement | None
) -> tuple[Statement, state.Leaf] | None:
    asked = request.channel is not None
    alone = (told is not None) == asked == (channel is not None)
    require(alone, "log.proof", "a channel is missing, or is not asked for")
    if told is None or channel is None:
        return None
    leaves = _leaves(told, summary.channels, state.decode_channel)
    named = channel.record.kind == "channel" and channel.record.body["name"] == request.channel
    leaf = next((leaf for _, leaf in leaves if (leaf.name, leaf.record) == (request.channel, channel.record.cid)), None)
    require(named and leaf is not None, "log.proof", "another channel than was asked for, or none that a leaf names")
    return channel, leaf


def _leaves(told: release.Leaves, of: state.Tree, decode: Callable[[bytes], state.Leaf]) -> list[tuple[int, state.Leaf]]:
    hashed = [(index, tree.leaf(leaf)) for index, leaf in told.held]
    require(tree.are_leaves(hashed, of.size, of.root, told.proof), "log.proof", "leaves that are not the state's")
    leaves = [(index, decode(leaf)) for index, leaf in told.held]
    orders = [leaf.order for _, leaf in leaves]
    require(orders == sorted(set(orders)), "log.proof", "leaves that are not in their order")
    return leaves


def _check_void(standing: _Standing, chain: Chain, found: Statement) -> None:
    """Step (11), but for what was seen."""
    require(standing.leaf.void is None, "release.void", f"{standing.leaf.void} made it void")
    chain.check_void(found)
    if standing.channel is not None:
        channel, leaf = standing.channel
        require(leaf.void is None, "release.void", f"{leaf.void} made the channel void")
        chain.check_void(channel)


def verify_manifest(found: Release, code: bytes) -> dict[str, Any]:
    """Step (15): the manifest of a release."""
    require(len(code) <= manifest.MAX_MANIFEST, "limit.exceeded", f"a manifest of {len(code)} bytes")
    found.record.body["manifest"].check(code)
    return manifest.decode(code)


def forward(seen: Seen, found: Release) -> Seen:
    """SPEC 10.3: what is known after `found` was verified against `seen`."""
    sequence = found.state.sequence if found.state is not None else None
    checkpoint = found.head.checkpoint
    return seen.forward(found.rule.origin, checkpoint.size, checkpoint.root, found.record.package, sequence)


def verdict(found: Release, decoded: dict[str, Any]) -> dict[str, Any]:
    """What a client is told of a release whose manifest is verified, too."""
    record = found.record
    head = found.head
    until = head.time + found.log.max_age
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
        "revocation": "proven" if found.state is not None else "unchecked",
        "head": head.told(),
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
        old, new = (first.size, receipt.inclusion), (newest.size, newest.root)
        joined = tree.is_joined(tree.leaf(receipt.record), receipt.index, old, new, proof)
    else:
        joined = tree.is_consistent(first.size, first.root, newest.size, newest.root, proof)
    require(joined, "log.proof", "the join does not lead from the receipt to the head")
