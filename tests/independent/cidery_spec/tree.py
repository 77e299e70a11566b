"""SPEC 8.1 and 8.2: RFC 6962's tree and proofs, checked as RFC 9162, sections 2.1.3.2 and 2.1.4.2, writes it."""

from __future__ import annotations

import hashlib

EMPTY = hashlib.sha256(b"").digest()
MAX_PROOF = 64


def leaf(entry: bytes) -> bytes:
    """The hash of a log entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two hashes."""
    return hashlib.sha256(b"\1" + left + right).digest()


def is_included(hashed: bytes, index: int, size: int, root: bytes, proof: list[bytes]) -> bool:
    """Whether `proof` leads from the leaf at `index` to the root of the tree of `size`."""
    if index >= size or len(proof) > MAX_PROOF:
        return False
    place, last = index, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            hashed = node(sibling, hashed)
            while place & 1 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            hashed = node(hashed, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and hashed == root


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
