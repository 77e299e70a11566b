"""SPEC 6, 7.2, 9 and 10.4 over random logs: what a registry makes of them verifies, and nothing else does."""

from __future__ import annotations

import unittest
from collections import Counter

from cidery_spec import log, lookup, maps, notes, package, state, verify
from cidery_spec.cid import DAG_CBOR, Cid
from cidery_spec.errors import Refused
from cidery_spec.ranges import Range
from cidery_spec.request import Request, Seen
from making import ORIGIN, Registry, rules

TOLERATED = frozenset({"low", "medium"})
NONE = "@acme/none"


class Logs(unittest.TestCase):
    """Some logs of sixty steps."""

    registries = [Registry(seed) for seed in range(8)]

    @classmethod
    def setUpClass(cls) -> None:
        for registry in cls.registries:
            registry.grow(60)

    def test_replay(self) -> None:
        for registry in self.registries:
            replayed = log.replay(ORIGIN, registry.entries)
            replayed.check(notes.decode(registry.checkpoint()))
            for name, places in registry.places.items():
                own, _, refused = package.replay(registry.entries[place] for place in places)
                self.assertIsNone(refused)
                self.assertEqual(own.at(registry.time), replayed.states[name])

    def test_no_other_log(self) -> None:
        """No record is left out, doubled, or somewhere else among those of its package."""
        for registry in self.registries:
            for places in registry.places.values():
                place, other = registry.random.choice(places), registry.random.choice(places)
                entries = registry.entries
                swapped = [*entries]
                swapped[place], swapped[other] = entries[other], entries[place]
                for altered in (entries[:place] + entries[place + 1 :], entries[: place + 1] + entries[place:], swapped):
                    if altered != entries:
                        with self.assertRaises(Refused):
                            log.replay(ORIGIN, altered).check(notes.decode(registry.checkpoint()))

    def test_packages(self) -> None:
        for registry in self.registries:
            policy = rules({**inits(registry), NONE: Cid.hashing(DAG_CBOR, b"")})
            for name in (*registry.places, NONE):
                proof = registry.package_proof(name)
                found = lookup.verify_package(name, proof, policy, Seen(), registry.time).state
                self.assertEqual(found and found.cid, registry.replayed.values().get(maps.key(name)))

    def test_verdicts(self) -> None:
        """For ranges and channels: what is there is taken, and told as it is; what is void or yanked is not."""
        ends: Counter[str] = Counter()
        for registry in self.registries:
            for name, standing, wanted, channel in asked(registry):
                expected = "ok"
                if standing.void is not None or (channel and registry.replayed.states[name].channels[channel].void):
                    expected = "release.void"
                elif standing.yank is not None and standing.yank.body["severity"] not in TOLERATED:
                    expected = "release.yanked"
                elif wanted is not None and is_withheld(registry, standing, wanted):
                    expected = "log.withheld"
                self.assertEqual(self.judge(registry, name, standing, wanted, channel), expected)
                ends[expected] += 1
        self.assertEqual(set(ends), {"ok", "release.void", "release.yanked", "log.withheld"})

    def judge(
        self, registry: Registry, name: str, standing: package.Standing, wanted: Range | None, channel: str | None
    ) -> str:
        """How the client of an older head ends."""
        request = Request(name, range=wanted, channel=channel)
        old = registry.random.choice(registry.groups())
        seen = Seen().forward(ORIGIN, old, notes.decode(registry.checkpoint(old)).root, name, 0)
        receipt, head = registry.receipt(standing.record.cid), registry.head(standing.record.cid, wanted, channel, old)
        try:
            found = verify.verify_release(request, receipt, head, rules(inits(registry)), seen, registry.time)
        except Refused as refused:
            return refused.code
        now = registry.replayed.states[name]
        self.assertEqual((found.state.sequence, found.authority), (now.newest.sequence, now.authority.cid))
        self.assertEqual(found.yank, standing.yank)
        return "ok"


def inits(registry: Registry) -> dict[str, Cid]:
    """The first records."""
    return {name: each.init for name, each in registry.replayed.states.items()}


def asked(registry: Registry) -> list[tuple[str, package.Standing, Range | None, str | None]]:
    """Each release by a range, and each channel."""
    found: list = []
    for name, now in registry.replayed.states.items():
        for standing in now.releases.values():
            version = standing.record.body["version"]
            found.append((name, standing, Range(registry.random.choice((f">={version}", "^" + version, version))), None))
        for channel, each in now.channels.items():
            release = now.releases[each.record.body["targets"][0]["release"]["version"]]
            found.append((name, release, None, channel))
    return found


def is_withheld(registry: Registry, standing: package.Standing, wanted: Range) -> bool:
    """Whether a newer release satisfies the range and is offered."""
    own = state.Version(standing.record.body["version"])
    leaves = map(state.decode_version, state.versions(registry.replayed.states[standing.record.package]))
    return any(own < leaf.version and wanted.contains(leaf.version) and leaf.is_offered(TOLERATED) for leaf in leaves)


if __name__ == "__main__":
    unittest.main()
