"""SPEC 3.1, 3.2, 3.4 to 3.6: names, versions, origins, channels."""

from __future__ import annotations

import re
from functools import total_ordering

from .errors import Refused, require

MAX_NUMBER = 2**53 - 1

_PACKAGE = re.compile(r"@[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9._-]*")
_ORIGIN = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
_CHANNEL = re.compile(r"[a-z][a-z0-9-]{0,63}")
_NUMBER = r"(?:0|[1-9][0-9]*)"
_WORD = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
PRERELEASE = rf"{_WORD}(?:\.{_WORD})*"
_DIGITS = re.compile(r"[0-9]+")
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({PRERELEASE}))?")


def package(text: str) -> str:
    """SPEC 3.1: a package name."""
    fits = len(text) <= 214 and _PACKAGE.fullmatch(text) is not None and not text.endswith(".")
    require(fits, "name.malformed", f"{text[:230]!r} is not a package name")
    return text


def origin(text: str) -> str:
    """SPEC 3.5: the name of a log."""
    fits = len(text) <= 128 and _ORIGIN.fullmatch(text) is not None
    require(fits, "origin.malformed", f"{text[:140]!r} is not an origin")
    return text


def channel(text: str) -> str:
    """SPEC 3.6: the name of a channel."""
    require(_CHANNEL.fullmatch(text) is not None, "channel.malformed", f"{text[:80]!r} is not the name of a channel")
    return text


def from_npm(name: str) -> str | None:
    """SPEC 3.4: the package that stands for an npm package, where there is one; `__` is in it once at most."""
    scoped = re.fullmatch(r"@([^/]+)/([^/]+)", name)
    mapped = f"{scoped[1]}__{scoped[2]}" if scoped else name
    if "__" in name or "___" in mapped:
        return None
    try:
        return package(f"@npm/{mapped}")
    except Refused:
        return None


def has_small_numbers(text: str) -> bool:
    """SPEC 3.2: whether every run of digits is at most 2^53 - 1."""
    return all(int(run) <= MAX_NUMBER for run in _DIGITS.findall(text))


@total_ordering
class Version:
    """SPEC 3.2: a version, ordered by precedence."""

    def __init__(self, text: str) -> None:
        match = _VERSION.fullmatch(text) if len(text) <= 128 else None
        if match is None:
            raise Refused("version.malformed", f"{text[:140]!r} is not a version")
        self.text = text
        self.core = (int(match[1]), int(match[2]), int(match[3]))
        self.prerelease = prerelease(match[4])
        require(has_small_numbers(text), "version.malformed", f"{text!r} has a number above 2^53 - 1")

    @property
    def precedence(self) -> tuple:
        """Sorts versions as Semantic Versioning orders them."""
        return precedence(self.core, self.prerelease)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.text == other.text

    def __lt__(self, other: Version) -> bool:
        return self.precedence < other.precedence

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text


def prerelease(text: str | None) -> tuple[int | str, ...]:
    """The words of a pre-release, numbers as such."""
    words = text.split(".") if text else []
    return tuple(int(word) if word.isdigit() else word for word in words)


def precedence(core: tuple[int, ...], words: tuple[int | str, ...]) -> tuple:
    """The precedence of a version: without pre-release above with one, numbers below words, fewer words below more."""
    ranked = tuple((0, word, "") if isinstance(word, int) else (1, 0, word) for word in words)
    return core, not words, ranked
