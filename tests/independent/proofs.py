"""Proofs made by their definitions, for the tests."""

from __future__ import annotations

from typing import Any, Iterable

from cidery_spec import tree
from cidery_spec.names import Version
from cidery_spec.ranges import Range


def inclusion(index: int, held: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, over leaf hashes."""
    if len(held) == 1:
        return []
    middle = tree.split(len(held))
    if index < middle:
        return inclusion(index, held[:middle]) + [tree.root(held[middle:])]
    return inclusion(index - middle, held[middle:]) + [tree.root(held[:middle])]


def consistency(old: int, held: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    if old == len(held):
        return [] if whole else [tree.root(held)]
    middle = tree.split(len(held))
    if old <= middle:
        return consistency(old, held[:middle], whole) + [tree.root(held[middle:])]
    return consistency(old - middle, held[middle:], False) + [tree.root(held[:middle])]


def rights(index: int, held: list[bytes]) -> list[bytes]:
    """SPEC 9.2: the hashes of a proof of inclusion that stand to the right of the way."""
    proof = inclusion(index, held)
    return [each for left, each in zip(tree.sides(index, len(held)), proof) if not left]


def others(places: Iterable[int], held: list[bytes]) -> list[bytes]:
    """SPEC 8.4: the proof of the leaves at these places."""
    inside = list(places)
    if not inside or len(held) == 1:
        return [] if inside else [tree.root(held)]
    middle = tree.split(len(held))
    left = others([each for each in inside if each < middle], held[:middle])
    return left + others([each - middle for each in inside if each >= middle], held[middle:])


def leaves(places: Iterable[int], held: list[bytes]) -> dict[str, Any]:
    """SPEC 9.2: these leaves of a state's tree, with their proof."""
    shown = sorted(places)
    proof = others(shown, [tree.leaf(each) for each in held])
    return {"leaves": [{"index": place, "leaf": held[place]} for place in shown], "proof": b"".join(proof)}


def newest(wanted: Range, version: Version, held: list[Version]) -> set[int]:
    """SPEC 9.5: the places of the versions that show that nothing newer satisfies the range; `held` is in its order."""
    shown: set[int] = set()
    late = sum(not each.prerelease for each in held)

    def show(start: int, end: int) -> None:
        shown.update(range(max(start - 1, 0), start))
        for place in range(start, len(held)):
            shown.add(place)
            if place >= end or wanted.is_below(held[place]):
                break

    show(sum(not version < each for each in held[:late]), late)
    if wanted.names_prerelease:
        show(late + sum(not version < each for each in held[late:]), len(held))
    return shown
