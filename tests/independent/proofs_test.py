"""SPEC 8 and 9.5: every proof of small trees and maps, and no other one."""

from __future__ import annotations

import hashlib
import random
import unittest
from itertools import combinations

import proofs
from cidery_spec import maps, state, tree
from cidery_spec.cid import DAG_CBOR, Cid
from cidery_spec.errors import Refused
from cidery_spec.names import Version
from cidery_spec.ranges import Range

LEAVES = [tree.leaf(b"%d" % number) for number in range(17)]
SIZES = range(1, len(LEAVES) + 1)


def wrong(proof: list[bytes]) -> list[list[bytes]]:
    """Other proofs: longer, shorter, and with one hash altered or two swapped."""
    other = [proof + [tree.EMPTY], [tree.EMPTY, *proof]]
    for place in range(len(proof)):
        other.append(proof[:place] + proof[place + 1 :])
        other.append(proof[:place] + [tree.leaf(proof[place])] + proof[place + 1 :])
        other.append(proof[:place] + proof[place + 1 : place + 2] + proof[place : place + 1] + proof[place + 2 :])
    return [each for each in other if each != proof]


class Tree(unittest.TestCase):
    """SPEC 8.1, 8.2, 8.4 and 9.2, for all trees of up to 17 entries."""

    def test_inclusion(self) -> None:
        for size in SIZES:
            held = LEAVES[:size]
            root = tree.root(held)
            for index in range(size):
                proof = proofs.inclusion(index, held)
                self.assertTrue(tree.is_included(held[index], index, size, root, proof))
                for other in wrong(proof):
                    self.assertFalse(tree.is_included(held[index], index, size, root, other))
                places = [other for other in range(size + 1) if other != index]
                self.assertFalse(any(tree.is_included(held[index], other, size, root, proof) for other in places))

    def test_joins(self) -> None:
        """A proof in a later tree is the hashes to the left of one in an earlier, and others to the right."""
        for new in SIZES:
            for old in range(1, new + 1):
                for index in range(old):
                    before, after = proofs.inclusion(index, LEAVES[:old]), (new, tree.root(LEAVES[:new]))
                    beside = proofs.rights(index, LEAVES[:new])
                    self.assertTrue(tree.is_joined(LEAVES[index], index, (old, before), after, beside))
                    for other in wrong(beside):
                        self.assertFalse(tree.is_joined(LEAVES[index], index, (old, before), after, other))

    def test_consistency(self) -> None:
        for size in SIZES:
            held, root = LEAVES[:size], tree.root(LEAVES[:size])
            self.assertTrue(tree.is_consistent(0, tree.EMPTY, size, root, []))
            self.assertFalse(tree.is_consistent(0, tree.EMPTY, size, root, [root]))
            for old in range(1, size + 1):
                old_root, proof = tree.root(held[:old]), proofs.consistency(old, held)
                self.assertTrue(tree.is_consistent(old, old_root, size, root, proof))
                self.assertFalse(any(tree.is_consistent(old, old_root, size, root, each) for each in wrong(proof)))

    def test_leaves(self) -> None:
        for size in range(1, 10):
            held, root = LEAVES[:size], tree.root(LEAVES[:size])
            self.assertFalse(tree.are_leaves([], size, root, [root]))
            for count in range(1, size + 1):
                for places in combinations(range(size), count):
                    shown, proof = [(place, held[place]) for place in places], proofs.others(places, held)
                    self.assertTrue(tree.are_leaves(shown, size, root, proof))
                    moved = [(place + 1, leaf) for place, leaf in shown]
                    for other in (shown[::-1] if count > 1 else [], shown + shown[-1:], shown[:-1], moved):
                        self.assertFalse(tree.are_leaves(other, size, root, proof))
                    self.assertFalse(any(tree.are_leaves(shown, size, root, each) for each in wrong(proof)))

    def test_large(self) -> None:
        """Up to 2^40 entries, of which but one way is known."""
        picked = random.Random(1)
        for _ in range(300):
            size = picked.randrange(1, 2 ** picked.randrange(1, 41) + 1)
            index = picked.randrange(size)
            proof = [picked.randbytes(32) for _ in tree.sides(index, size)]
            root = LEAVES[0]
            for left, sibling in zip(tree.sides(index, size), proof):
                root = tree.node(sibling, root) if left else tree.node(root, sibling)
            self.assertTrue(tree.is_included(LEAVES[0], index, size, root, proof))
            self.assertTrue(tree.are_leaves([(index, LEAVES[0])], size, root, in_order(index, size, proof)))
            self.assertFalse(any(tree.is_included(LEAVES[0], index, size, root, each) for each in wrong(proof)))


def in_order(index: int, size: int, proof: list[bytes]) -> list[bytes]:
    """The hashes of a proof of inclusion from left to right."""
    sides = tree.sides(index, size)
    lefts = [each for left, each in zip(sides, proof) if left]
    return lefts[::-1] + [each for left, each in zip(sides, proof) if not left]


class Map(unittest.TestCase):
    """SPEC 8.5 to 8.7, for keys that have much in common."""

    def setUp(self) -> None:
        self.random = random.Random(2)

    def some(self, count: int) -> dict[bytes, Cid]:
        """Keys of which many begin alike, with values."""
        starts = [b"", b"\x00" * 2, b"\xff" * 3, bytes(31)]
        keys = {(self.random.choice(starts) + self.random.randbytes(32))[:32] for _ in range(count)}
        return {key: Cid.hashing(DAG_CBOR, key) for key in keys}

    def test_paths(self) -> None:
        for count in (0, 1, 2, 3, 20, 60):
            values = self.some(count)
            root, other = maps.root(values), Cid.hashing(DAG_CBOR, b"")
            self.assertEqual(maps.root(dict(reversed(list(values.items())))), root)
            self.assertEqual(root, by_prefixes(values))
            for key in (*values, *self.some(20), bytes(32), b"\xff" * 32):
                path, value = maps.path(values, key), values.get(key)
                path.check(root, key, value)
                false = [(path, key, other), (path, key, None if value else values.get(next(iter(values), b"")) or other)]
                false += [(maps.Path(each, path.other), key, value) for each in wrong(path.siblings)]
                false += [(path, maps.key("@acme/other"), value)] if value else []
                if path.other is not None:
                    false += [(maps.Path(path.siblings, (path.other[0], other)), key, None)]
                    false += [(maps.Path(path.siblings, None), key, None), (path, path.other[0], path.other[1])]
                    false += [(path, path.other[0], None)]
                for number, (told, asked, shown) in enumerate(false):
                    with self.subTest(count=count, number=number), self.assertRaisesRegex(Refused, "log.proof"):
                        told.check(root, asked, shown)

    def test_pages(self) -> None:
        for count in (0, 1, 2, 40, 600):
            values = self.some(count)
            held, found = maps.pages(values), {}

            def read(name: bytes, prefix: bytes) -> None:
                fields = maps.decode_page(held.pop(name), name, prefix)
                found.update((each["key"], each["value"]) for each in fields["leaves"])
                for each in fields["pages"]:
                    read(each["page"], prefix + bytes([each["at"]]))

            if values:
                read(maps.root(values), b"")
            self.assertEqual((found, held), (values, {}))


def by_prefixes(values: dict[bytes, Cid]) -> bytes:
    """The root by SPEC's words: each leaf at the least depth at which no other key has its prefix, then nodes upwards."""
    bits = {key: "".join(f"{byte:08b}" for byte in key) for key in values}
    places: dict[str, bytes] = {}
    for key, own in bits.items():
        others = [each for each in bits.values() if each != own]
        depth = next(depth for depth in range(257) if not any(each.startswith(own[:depth]) for each in others))
        places[own[:depth]] = hashlib.sha256(b"\2" + key + values[key].binary).digest()
    for depth in reversed(range(256)):
        for prefix in {place[:-1] for place in places if len(place) == depth + 1}:
            left, right = (places.pop(prefix + side, bytes(32)) for side in "01")
            places[prefix] = hashlib.sha256(b"\3" + left + right).digest()
    return places.get("", bytes(32))


class Newest(unittest.TestCase):
    """SPEC 9.5: what is shown is enough exactly where nothing newer is offered."""

    def test_all(self) -> None:
        picked = random.Random(3)
        texts = ("*", "^1", "~1.1", "1.1.1", ">1.0", "<=1.2.0", "<2.0.0", "1.0 - 1.1", ">=1.0.1-a", "^1.1.0-b || 2.0.0",
                 "^2.0.0-a", "<1.1.0-c", "1.1.1-a", "1.0.0-a - 1.1.0")
        ranges, named = [Range(text) for text in texts], Cid.hashing(DAG_CBOR, b"")
        for _ in range(3_000):
            words = (picked.choice(("", "", "", "-a", "-b", "-c.1")) for _ in range(picked.randrange(1, 12)))
            some = {Version("%d.%d.%d" % tuple(picked.choices(range(3), k=3)) + word) for word in words}
            held = sorted(some, key=lambda each: (bool(each.prerelease), each.precedence))
            yanks = [picked.choice((None, None, (named, "low"))) for _ in held]
            leaves = [state.Leaf(named, version=each, yanked=yank) for each, yank in zip(held, yanks)]
            wanted, version = picked.choice(ranges), picked.choice(held)
            tolerated = picked.choice((frozenset(), frozenset({"low"})))

            def is_shown(places: set[int]) -> bool:
                try:
                    told = [(place, leaves[place]) for place in sorted(places)]
                    state.check_newest(wanted, version, told, len(leaves), tolerated)
                    return True
                except Refused as refused:
                    self.assertEqual(refused.code, "log.withheld")
                    return False

            newer = any(
                version < leaf.version and wanted.contains(leaf.version) and leaf.is_offered(tolerated) for leaf in leaves
            )
            least = proofs.newest(wanted, version, held)
            about = (wanted.text, str(version), list(map(str, held)))
            self.assertEqual([is_shown(least), is_shown(set(range(len(held))))], [not newer] * 2, about)
            self.assertFalse(any(is_shown(least - {place}) for place in least), about)


if __name__ == "__main__":
    unittest.main()
