"""SPEC 7.2: a whole log, replayed: every signature, every transition of every package, every map."""

from __future__ import annotations

from typing import Iterable

from . import maps, package, records, state, tree
from .cid import Cid
from .errors import Refused, require
from .notes import Checkpoint
from .signed import decode_entry, decode_map_entry, is_map_entry


class Log:
    """A log, as far as it has been replayed."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        #: By package.
        self.states: dict[str, package.State] = {}
        self._leaves: list[bytes] = []
        self._values: dict[str, tuple[package.State, Cid]] = {}
        #: SPEC 6.6: the greatest time of all entries; a delay that has ended once does not begin again.
        self.time = 0
        self._ends_in_map = True

    def add(self, entry: bytes) -> None:
        """The next entry; one that may not be there is refused."""
        self._ends_in_map = is_map_entry(entry)
        if self._ends_in_map:
            self._add_map(entry)
        else:
            self._add_record(entry)
        self._leaves.append(tree.leaf(entry))

    def _add_record(self, entry: bytes) -> None:
        signed, time = decode_entry(entry)
        record = records.decode(signed)
        self.time = max(self.time, time)
        before = self.states.get(record.package)
        if before is None:
            began = package.started(signed, record)
            require(record.origin == self.origin, "record.origin", f"an init for {record.origin}")
            self.states[record.package] = began
        else:
            self.states[record.package] = before.at(self.time).followed(signed, record, time)

    def _add_map(self, entry: bytes) -> None:
        told = decode_map_entry(entry)
        self.time = max(self.time, told.time)
        self.states = {name: each.at(self.time) for name, each in self.states.items()}
        require(maps.root(self.values()) == told.root, "log.map", "the map is not the one over the records before it")

    def values(self) -> dict[bytes, Cid]:
        """The map over the states, by its keys."""
        for name, each in self.states.items():
            known = self._values.get(name)
            if known is None or known[0] is not each:
                self._values[name] = each, state.name(state.encode(each))
        return {maps.key(name): value for name, (_, value) in self._values.items()}

    def check(self, checkpoint: Checkpoint) -> None:
        """Refuses a checkpoint that is not the one over all entries so far."""
        same = checkpoint.origin == self.origin and checkpoint.size == len(self._leaves)
        require(same, "log.unproven", f"a checkpoint of {checkpoint.origin} and of size {checkpoint.size}")
        require(checkpoint.root == tree.root(self._leaves), "log.fork", f"another root of size {checkpoint.size}")
        require(self._ends_in_map, "log.map", "the last entry is no map entry")


def replay(origin: str, entries: Iterable[bytes]) -> Log:
    """The log of these entries; a refusal says which of them may not be there."""
    log = Log(origin)
    for place, entry in enumerate(entries):
        try:
            log.add(entry)
        except Refused as refused:
            raise Refused(refused.code, f"entry {place}: {refused.message}") from refused
    return log
