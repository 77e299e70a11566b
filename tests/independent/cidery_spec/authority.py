"""SPEC 6.4 (1) to (4), 6.5, 6.6 and 6.7: who has the say over a package, and how that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import records
from .cid import Cid
from .errors import Refused, require
from .names import Version
from .signed import Signed

MAX_CHAIN = 128
#: The last places of a chain, for recovery keys and whom they have just named.
KEPT = 16


@dataclass(frozen=True)
class Authority:
    """An `init`, `rekey` or `transfer`: who has the say from then on."""

    record: records.Record
    #: How many authorities there were before.
    position: int
    #: Seconds that it waits before it holds.
    delay: int

    @property
    def cid(self) -> Cid:
        """The name of its record."""
        return self.record.cid

    @property
    def powers(self) -> dict[str, Any]:
        """Keys, threshold, floors, recovery."""
        return self.record.powers

    @property
    def version_floor(self) -> str | None:
        """The least version of its releases."""
        return self.record.body.get("nextVersionFloor")

    def voids(self, statement: Statement) -> bool:
        """SPEC 6.7: whether it makes a release or channel void that came before it took effect."""
        if self.record.kind != "rekey":
            return False
        void = {each["key"] for each in self.record.body["void"] if statement.sequence >= each["fromSequence"]}
        left = statement.signers - void
        return left != statement.signers and len(left) < statement.threshold


@dataclass(frozen=True)
class Statement:
    """A record with the distinct publisher keys that signed it, and how many its authority asked for."""

    record: records.Record
    signers: frozenset[bytes]
    threshold: int

    @property
    def sequence(self) -> int:
        """Its place in the package's log."""
        return self.record.sequence


def begin(signed: Signed, record: records.Record) -> Authority:
    """SPEC 6.4: the authority that an `init` makes."""
    require(record.kind == "init", "record.invalid", f"a {record.kind} where an init is asked for")
    signers = signed.signers(_authorised(record, record.powers))
    _check_quorum(signers, record.powers, record)
    return Authority(record, 0, 0)


def allow(authority: Authority, signed: Signed, record: records.Record) -> Statement:
    """SPEC 6.5 and 6.4 (1) to (4): a record that stands under an authority."""
    powers, signers = authority.powers, signers_of(authority, signed, record)
    require(record.origin == authority.record.origin, "record.origin", f"a record for {record.origin}")  # (1)
    require(record.package == authority.record.package, "record.package", f"a record of {record.package}")
    require(record.authority == authority.cid, "record.authority", f"a record under {record.authority}")  # (2)
    recovery = powers.get("recovery")
    if record.is_by_recovery and recovery is None:  # (3)
        raise Refused("record.recovery", "there are no recovery keys")
    _check_quorum(signers, recovery if record.is_by_recovery else powers, record)
    if record.kind == "release":  # (4)
        proven = bool(record.body["provenance"]) or not powers["floors"]["provenance"]
        require(proven, "record.floor", "a release without provenance")
        least = authority.version_floor
        reached = least is None or not Version(record.body["version"]) < Version(least)
        require(reached, "record.floor", f"the version {record.body['version']} is below {least}")
    return Statement(record, signers & set(powers["keys"]), powers["threshold"])


def signers_of(authority: Authority, signed: Signed, record: records.Record) -> frozenset[bytes]:
    """SPEC 6.5: the distinct keys that signed, of those that count; the signatures by these are valid."""
    return signed.signers(_authorised(record, authority.powers))


def succeed(authority: Authority, signed: Signed, record: records.Record) -> Authority:
    """SPEC 6.6: the authority that a `rekey` or `transfer` under another one makes."""
    allow(authority, signed, record)
    require(record.kind in records.AUTHORITIES, "record.invalid", f"a {record.kind} is no authority")
    old, new = authority.powers, record.powers
    if record.kind == "transfer":  # (a)
        everybody = {"keys": new["keys"], "threshold": len(new["keys"])}
        _check_quorum(signed.signers(new["keys"]), everybody, record)
    if record.kind == "transfer" or record.is_by_recovery:  # (b)
        kept = all((
            new["threshold"] >= old["threshold"],
            new["floors"]["provenance"] >= old["floors"]["provenance"],
            new["floors"]["witnesses"] >= old["floors"]["witnesses"],
        ))
        require(kept, "record.floor", "a threshold or floor is lowered")
    recovery = old.get("recovery")
    same = recovery is None or record.is_by_recovery or new.get("recovery") == recovery
    require(same, "record.recovery", "recovery is changed by others")  # (c)
    position = authority.position + 1
    rescued = record.is_by_recovery or authority.record.is_by_recovery
    require(position < (MAX_CHAIN if rescued else MAX_CHAIN - KEPT), "limit.exceeded", "the chain is full")  # (d)
    return Authority(record, position, delay(authority, record))


def delay(authority: Authority, record: records.Record) -> int:
    """SPEC 6.6: how long what follows `authority` waits."""
    return authority.powers["recovery"]["delay"] if record.is_by_recovery else 0


def _authorised(record: records.Record, powers: dict[str, Any]) -> list[bytes]:
    """SPEC 6.5: whose signatures count."""
    recovery = powers.get("recovery", {}).get("keys", [])
    if record.kind == "init":
        return record.powers["keys"] + record.powers.get("recovery", {}).get("keys", [])
    if record.is_by_recovery:
        return recovery
    return powers["keys"] + (record.powers["keys"] if record.kind == "transfer" else [])


def _check_quorum(signers: frozenset[bytes], quorum: dict[str, Any], record: records.Record) -> None:
    got, wanted = len(signers & set(quorum["keys"])), quorum["threshold"]
    require(got >= wanted, "record.threshold", f"{got} of {wanted} keys signed the {record.kind}")
