"""SPEC 10.7: evidence shows what a log has done wrong, and accuses none that has done nothing wrong."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any

import proofs
from cidery_spec import keys, log, maps, notes, package, signed, state
from cidery_spec.cid import Cid
from cidery_spec.errors import Refused
from cidery_spec.evidence import MAX_EVIDENCE, check_evidence
from making import COSIGNER, LOG, ORIGIN, Registry, key, release

SCRIPT = Path(__file__).resolve().parent / "evidence.py"
NAME = "@acme/p0"


def evidence(kind: str, **fields: Any) -> bytes:
    """Evidence of a kind."""
    common = {"format": "cidery-evidence-v1", "origin": ORIGIN, "logKey": keys.key_to_text(LOG), "kind": kind}
    return json.dumps({**common, **fields}).encode()


def entry(registry: Registry, place: int, size: int | None = None) -> dict[str, Any]:
    """An entry with its inclusion in the tree of this size."""
    proof = proofs.inclusion(place, registry.hashed(size))
    return {"index": place, "entry": base64.b64encode(registry.entries[place]).decode(), "inclusion": hexadecimal(proof)}


def hexadecimal(hashes: list[bytes]) -> list[str]:
    """Hashes as text."""
    return [each.hex() for each in hashes]


def note(registry: Registry, size: int | None = None, time: int | None = None) -> str:
    """A checkpoint as text."""
    return registry.checkpoint(size, time).decode()


def under(registry: Registry, kind: str, *places: int) -> bytes:
    """Evidence of entries under the newest checkpoint."""
    told = [entry(registry, place) for place in places]
    several = {"entries": told} if kind == "transition" else {"entry": told[0]}
    return evidence(kind, checkpoint=note(registry), **several)


def leaves(registry: Registry, place: int, size: int | None = None) -> dict[str, Any]:
    """A leaf with its inclusion."""
    hashed = registry.hashed(size)
    proof = hexadecimal(proofs.inclusion(place, hashed))
    return {"checkpoint": note(registry, size), "leaf": hashed[place].hex(), "inclusion": proof}


def mapped(registry: Registry, values: dict, name: str, places: list[int], told: bytes | None) -> bytes:
    """Evidence of a package's state in the newest map, which is over these values."""
    path, last = maps.path(values, maps.key(name)), len(registry.entries) - 1
    proof = {"entry": base64.b64encode(registry.entries[last]).decode(), "inclusion": entry(registry, last)["inclusion"],
             "siblings": hexadecimal(path.siblings)}
    if path.other is not None:
        proof["other"] = {"key": path.other[0].hex(), "value": str(path.other[1])}
    data = {} if told is None else {"state": base64.b64encode(told).decode()}
    entries = [entry(registry, place) for place in places]
    return evidence("map", checkpoint=note(registry), entries=entries, map=proof, **data)


class Evidence(unittest.TestCase):
    """The kinds."""

    def shows(self, code: str, told: bytes) -> None:
        """It does, and to nobody who asks for another log."""
        self.assertEqual(check_evidence(told, ORIGIN, LOG, COSIGNER).code, code)
        self.refused("log.origin", told, origin="log.example/other")
        self.refused("log.signature", told, key=COSIGNER)

    def refused(self, code: str, told: bytes, **asked: Any) -> None:
        """It shows nothing."""
        with self.assertRaisesRegex(Refused, f"^({code}): "):
            shown = check_evidence(told, **{"origin": ORIGIN, "key": LOG, "cosigner": COSIGNER, **asked})
            self.fail(f"it shows {shown}")


class Guilty(Evidence):
    """Logs that have done something wrong."""

    def setUp(self) -> None:
        self.registry, self.other = Registry(1), Registry(2)
        self.powers = {"keys": [key("publisher 0")], "threshold": 1, "floors": {"provenance": False, "witnesses": 0}}
        for registry in (self.registry, self.other):
            registry.add(NAME, "init", self.powers, self.powers["keys"])
            registry.add(NAME, "release", release("1.0.0"), self.powers["keys"])
            registry.add_map()
        self.other.time += 1
        self.other.add(NAME, "release", release("1.0.1"), self.powers["keys"])
        self.other.add_map()

    def test_forks(self) -> None:
        self.registry.time += 2
        self.registry.add_map()
        self.registry.add_map()
        one, other = note(self.registry), note(self.other)
        self.shows("log.fork", evidence("roots", a=one, b=other))
        self.refused("log.unproven", evidence("roots", a=one, b=one))
        self.refused("log.unproven", evidence("roots", a=one, b=note(self.other, 3)))
        for size in (4, 5):
            self.shows("log.fork", evidence("leaves", index=3, a=leaves(self.registry, 3, size), b=leaves(self.other, 3)))
        self.refused("log.unproven", evidence("leaves", index=1, a=leaves(self.registry, 1), b=leaves(self.other, 1)))
        self.refused("log.proof", evidence("leaves", index=2, a=leaves(self.registry, 3), b=leaves(self.other, 3)))

    def test_rollback(self) -> None:
        cosigner = keys.key_to_text(COSIGNER)
        one, other = note(self.other, 5, 1_000), note(self.other, 3, 1_001)
        told = evidence("rollback", cosigner=cosigner, a=one, b=other)
        self.shows("log.rollback", told)
        self.refused("log.timestamp", told, cosigner=None)
        self.refused("log.timestamp", evidence("rollback", cosigner=keys.key_to_text(LOG), a=one, b=other))
        for size, time in ((3, 1_000), (3, 999), (5, 1_001)):
            self.refused("log.unproven", evidence("rollback", cosigner=cosigner, a=one, b=note(self.other, size, time)))

    def test_entries(self) -> None:
        self.registry.entries.append(self.registry.entry(NAME, "release", release("1.0.1"), self.powers["keys"]))
        self.shows("log.map", under(self.registry, "head", 3))
        self.refused("log.unproven", under(self.registry, "head", 1))
        self.refused("log.unproven", under(self.registry, "entry", 3))
        wrong = {
            "cbor.malformed": b"\xa0",
            "limit.exceeded": bytes(65_536),
            "record.invalid": self.registry.entry(NAME, "release", release("1.0.1"), [], sequence=0),
            "envelope.type": self.registry.entries[1].replace(b"release.v1+cbor", b"release.v2+cbor"),
        }
        for code, malformed in wrong.items():
            self.registry.entries.append(malformed)
            self.shows(code, under(self.registry, "entry", len(self.registry.entries) - 1))
            self.shows("log.map", under(self.registry, "head", len(self.registry.entries) - 1))

    def test_transitions(self) -> None:
        signers, stranger = self.powers["keys"], [key("publisher 5")]
        wrong = (
            ("record.threshold", "release", release("1.0.1"), stranger, {}),
            ("record.version_taken", "release", release("1.0.0"), signers, {}),
            ("record.sequence", "release", release("1.0.1"), signers, {"sequence": 1}),
            ("record.origin", "release", release("1.0.1"), signers, {"origin": "log.example/other"}),
            ("record.authority", "release", release("1.0.1"), signers, {"authority": state.name(b"")}),
            ("record.init_taken", "init", self.powers, signers, {"sequence": 0, "prev": None, "authority": None}),
        )
        place = len(self.registry.entries)
        for code, kind, body, by, altered in wrong:
            self.registry.entries[place:] = [self.registry.entry(NAME, kind, body, by, **altered)]
            self.shows(code, under(self.registry, "transition", 0, 1, place))
            self.refused("log.unproven", under(self.registry, "transition", 1, 0, place))
            self.refused("log.unproven", under(self.registry, "transition", 0, 0, place))
            self.refused("log.unproven", under(self.registry, "transition", 1, place))
        elsewhere = {"origin": "other.example"}
        for code, by, altered in (("record.threshold", stranger, {}), ("record.origin", signers, elsewhere)):
            first = self.registry.entry("@acme/new", "init", self.powers, by, **altered)
            self.registry.entries[place:] = [first]
            self.shows(code, under(self.registry, "transition", place))
            self.shows(code, under(self.registry, "transition", 0, 1, place))

    def test_records_that_are_missing(self) -> None:
        """Whoever shows all entries since the newest record of a package, or all of the log, has left none out."""
        links = {"prev": state.name(b""), "authority": self.registry.replayed.states[NAME].init}
        for code, name in (("record.sequence", NAME), ("record.invalid", "@acme/new")):
            told = self.registry.entry(name, "release", release("1.0.1"), self.powers["keys"], sequence=5, **links)
            self.registry.entries[3:] = [told]
            self.shows(code, under(self.registry, "transition", 0, 1, 2, 3))
            for others in ((0, 1), (0, 2), (1, 2), ()):
                self.refused("log.unproven", under(self.registry, "transition", *others, 3))

    def test_maps(self) -> None:
        now, places = self.registry.replayed.states[NAME], self.registry.places[NAME]
        right, older = state.encode(now), state.encode(package.begin(self.registry.entries[0]))
        other = state.encode(replace(now, releases={}))
        for told in (older, other):
            values = self.lie({maps.key(NAME): state.name(told)})
            self.shows("log.map", mapped(self.registry, values, NAME, places, told))
            self.refused("log.proof", mapped(self.registry, values, NAME, places, right))
            self.refused("log.proof", mapped(self.registry, values, NAME, places, None))
            self.refused("log.unproven", mapped(self.registry, values, NAME, [], told))
        self.refused("log.unproven", mapped(self.registry, values, NAME, places[:1], other))
        for values in ({}, {maps.key("@acme/other"): state.name(b"")}):
            self.shows("log.map", mapped(self.registry, self.lie(values), NAME, places, None))
            self.refused("log.proof", mapped(self.registry, values, NAME, places, right))

    def lie(self, values: dict[bytes, Cid]) -> dict[bytes, Cid]:
        """The log ends in a map over these values."""
        self.registry.entries[2:] = [signed.MapEntry(maps.root(values), self.registry.time).encode()]
        return values


class Innocent(Evidence):
    """Logs that have done nothing wrong."""

    def test_random_logs(self) -> None:
        """Whatever is left out, and although the clock is wrong now and then."""
        for seed in range(6):
            registry = Registry(seed, (0, 1, 40, 400, 400, -700))
            registry.grow(40)
            log.replay(ORIGIN, registry.entries).check(notes.decode(registry.checkpoint()))
            size, values, pick = len(registry.entries), registry.replayed.values(), registry.random
            for place in range(size):
                self.refused("log.unproven", under(registry, "head", place))
                self.refused("log.unproven", under(registry, "entry", place))
            for name, places in registry.places.items():
                own = state.encode(registry.replayed.states[name])
                for count in range(1, len(places) + 1):
                    some, others = places[:count], [each for each in range(places[count - 1]) if pick.random() < 0.5]
                    left = [each for each in some[:-1] if pick.random() < 0.8] + some[-1:]
                    for shown in (some, left, range(some[-1] + 1), sorted({*some, *others}), sorted({*left, *others})):
                        self.refused("log.unproven", under(registry, "transition", *shown))
                    self.refused("log.unproven", mapped(registry, values, name, some, own))
                    self.refused("log.proof", mapped(registry, values, name, some, None))
                self.refused("log.unproven", mapped(registry, values, name, list(range(places[0], size)), own))

    def test_clocks(self) -> None:
        """SPEC 6.6 and 7.1: a delay that has ended has ended, though the clock was wrong and goes back."""
        registry, early = Registry(), Registry()
        old, new, recovery = ([key(label)] for label in ("publisher 0", "publisher 1", "recovery 0"))
        powers = {"keys": old, "threshold": 1, "floors": {"provenance": False, "witnesses": 0},
                  "recovery": {"keys": recovery, "threshold": 1, "delay": 300}}
        for each in (registry, early):
            each.add(NAME, "init", powers, old)
            each.add(NAME, "rekey", {"by": "recovery", "to": {**powers, "keys": new}, "void": []}, recovery)
        registry.time += 1_000
        registry.add_map()
        registry.time -= 900
        registry.add_map()
        ended = registry.replayed.states[NAME]
        self.refused("log.unproven", mapped(registry, registry.replayed.values(), NAME, [0, 1], state.encode(ended)))
        self.assertTrue(registry.add(NAME, "release", release("1.0.0"), new))
        registry.add_map()
        log.replay(ORIGIN, registry.entries).check(notes.decode(registry.checkpoint()))
        self.refused("log.unproven", under(registry, "transition", 0, 1, 4))
        self.refused("log.unproven", under(registry, "transition", 0, 1, 2, 3, 4))

        early.replayed.states[NAME] = ended  # which is a lie, since nothing has ended yet
        values = early.replayed.values()
        early.entries.append(signed.MapEntry(maps.root(values), early.time).encode())
        self.shows("log.map", mapped(early, values, NAME, [0, 1], state.encode(ended)))
        early.entries.append(early.entry(NAME, "release", release("1.0.0"), new))
        self.shows("record.authority", under(early, "transition", 0, 1, 2, 3))
        self.refused("log.unproven", under(early, "transition", 0, 1, 3))


class Command(Evidence):
    """`evidence.py` as a command."""

    def run_command(self, told: bytes, *options: str) -> tuple[int, dict]:
        """The exit code and what was printed."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "evidence.json"
            file.write_bytes(told)
            command = [sys.executable, str(SCRIPT), str(file), ORIGIN, keys.key_to_text(LOG), *options]
            ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
        self.assertEqual(ended.stderr, b"")
        return ended.returncode, json.loads(ended.stdout)

    def test_command(self) -> None:
        registry, other = Registry(1), Registry(2)
        for each in (registry, other):
            each.grow(1)
        size = min(len(registry.entries), len(other.entries))
        told = evidence("roots", a=note(registry, size), b=note(other, size))
        code, printed = self.run_command(told)
        self.assertEqual((code, printed["kind"], printed["code"], printed["origin"]), (0, "roots", "log.fork", ORIGIN))
        cosigner = keys.key_to_text(COSIGNER)
        rollback = evidence("rollback", cosigner=cosigner, a=note(registry, 1, 5), b=note(registry, 0, 6))
        self.assertEqual(self.run_command(rollback, cosigner)[1].get("code"), "log.rollback")
        for code, data, options in (
            ("log.timestamp", rollback, ()),
            ("key.malformed", told, ("z6Mk",)),
            ("log.malformed", b"", ()),
            ("limit.exceeded", b" " * (MAX_EVIDENCE + 1), ()),
        ):
            ended, printed = self.run_command(data, *options)
            self.assertEqual((ended, printed["error"]["code"]), (1, code))


if __name__ == "__main__":
    unittest.main()
