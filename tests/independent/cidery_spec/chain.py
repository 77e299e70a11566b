"""SPEC 10.4 (8) and (10): the authorities of a package, one after another, and what was said under them."""

from __future__ import annotations

from typing import Any

from . import authority as authorities
from . import records
from .authority import Authority, Statement
from .errors import Refused, require
from .policy import Quorum, Rule
from .signed import Signed, decode_signed


class Chain:
    """A chain of authority."""

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
            self._recovered = self._recovered or is_met(self._rule.recovery, signed.signers(recovery))

    def check_pins(self) -> None:
        """SPEC 10.4 (8): the log, the package, the first record and the recovery keys that are asked for."""
        init = self.links[0].record
        require(init.origin == self._rule.origin, "record.origin", f"an init for {init.origin}")
        require(init.package == self._package, "request.package", f"the package is {init.package}")
        require(self._rule.init in (None, init.cid), "policy.init", f"the init is {init.cid}")
        require(self._recovered, "policy.recovery", "too few of the pinned recovery keys signed")

    def statement(self, data: bytes | None, sequence: int) -> Statement | None:
        """SPEC 10.4 (10): a record under one of the authorities, while it reigned, in a state of this sequence."""
        if data is None:
            return None
        signed = decode_signed(data)
        record = records.decode(signed)
        check_sequence(record, sequence)
        place = self.place(record)
        found = authorities.allow(self.links[place], signed, record)
        after = record.sequence > self.links[place].record.sequence
        require(after, "record.sequence", f"sequence {record.sequence} under its authority")
        self.check_reign(found)
        return found

    def place(self, record: records.Record) -> int:
        """Which of the authorities a record names."""
        for place, link in enumerate(self.links):
            if link.cid == record.authority:
                return place
        raise Refused("record.authority", f"a record under {record.authority}, which is none of the chain")

    def check_reign(self, statement: Statement) -> None:
        """SPEC 10.4 (10): nothing stands under an authority that another one has replaced before."""
        for link in self.links[self.place(statement.record) + 1 :]:
            before = link.delay > 0 or statement.sequence < link.record.sequence
            require(before, "record.authority", f"sequence {statement.sequence} under an authority that was replaced")

    def check_void(self, statement: Statement) -> None:
        """SPEC 10.4 (11): no later authority makes it void."""
        for link in self.links[self.place(statement.record) + 1 :]:
            require(not link.voids(statement), "release.void", f"{link.cid} makes it void")


def check_sequence(record: records.Record, sequence: int) -> None:
    """SPEC 10.4 (10): a record that is in a state of this sequence."""
    require(record.sequence <= sequence, "record.sequence", f"sequence {record.sequence} in a state of {sequence}")


def is_met(pinned: Quorum | None, signers: frozenset[bytes]) -> bool:
    """Whether enough of the pinned keys are among these."""
    return pinned is None or len(pinned.keys & signers) >= pinned.threshold
