"""SPEC 8.1, 8.2 and 8.4: RFC 6962's tree, and its proofs.

Consistency is checked as RFC 9162, section 2.1.4.2, writes it.
"""

from __future__ import annotations

import hashlib

EMPTY = hashlib.sha256(b"").digest()
MAX_PROOF = 64


def leaf(entry: bytes) -> bytes:
    """The hash of a log entry, or of another leaf."""
    return hashlib.sha256(b"\0" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two hashes."""
    return hashlib.sha256(b"\1" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two below `size`: where RFC 6962 divides a tree."""
    return 1 << (size - 1).bit_length() - 1


def root(hashed: list[bytes]) -> bytes:
    """The root over leaves, given by their hashes."""
    if len(hashed) < 2:
        return hashed[0] if hashed else EMPTY
    middle = split(len(hashed))
    return node(root(hashed[:middle]), root(hashed[middle:]))


def sides(index: int, size: int) -> list[bool]:
    """For each hash of a proof of inclusion, from the leaf on: whether it stands to the left of the way."""
    found, place, last = [], index, size - 1
    while last > 0:
        if place & 1 or place < last:  # or else there is nothing beside it
            found.append(bool(place & 1))
        place, last = place >> 1, last >> 1
    return found


def is_included(hashed: bytes, index: int, size: int, root: bytes, proof: list[bytes]) -> bool:
    """Whether `proof` leads from the leaf at `index` to the root of the tree of `size`."""
    if index >= size or len(proof) > MAX_PROOF:
        return False
    lefts = sides(index, size)
    for left, sibling in zip(lefts, proof):
        hashed = node(sibling, hashed) if left else node(hashed, sibling)
    return len(lefts) == len(proof) and hashed == root


def is_joined(
    hashed: bytes, index: int, old: tuple[int, list[bytes]], new: tuple[int, bytes], rights: list[bytes]
) -> bool:
    """SPEC 9.2: whether a leaf is in a `new` tree of this size and root, too.

    `old` is the size of another one and the proof in it, which gives what is to the left; `rights` are the others.
    """
    lefts = iter([each for left, each in zip(sides(index, old[0]), old[1]) if left])
    others = iter(rights)
    proof = [next(lefts if left else others, b"") for left in sides(index, new[0])]
    return is_included(hashed, index, *new, proof) and next(others, None) is None


def are_leaves(held: list[tuple[int, bytes]], size: int, root: bytes, proof: list[bytes]) -> bool:
    """SPEC 8.4: whether `proof` shows that leaves, by index and hash, are those of the tree of `size`."""
    places, rest = [place for place, _ in held], iter(proof)
    if not held or places != sorted(set(places)) or places[-1] >= size:
        return False

    def hashed(held: list[tuple[int, bytes]], start: int, size: int) -> bytes:
        if not held or size == 1:
            return held[0][1] if held else next(rest, b"")
        middle = split(size)
        left = [each for each in held if each[0] < start + middle]
        return node(hashed(left, start, middle), hashed(held[len(left) :], start + middle, size - middle))

    return hashed(held, 0, size) == root and next(rest, None) is None


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    """Whether `proof` shows the tree of size `old` to be the beginning of the one of size `new`."""
    if old > new or len(proof) > MAX_PROOF:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    reached_old = reached_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            reached_old, reached_new = node(sibling, reached_old), node(sibling, reached_new)
            while place & 1 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            reached_new = node(reached_new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and reached_old == old_root and reached_new == new_root
