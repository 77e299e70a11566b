"""SPEC 3.3: npm's ranges.

A range is alternatives joined by `||`, each of them comparators that all hold. Carets, tildes, hyphens and placeholders
are written out as comparators first, as npm's `semver` does; where its versions differ, this is 7.8. One thing is
narrower: `v` is the only prefix of a version, while npm also lets doubled operators such as `^=1` pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import Refused, require
from .names import MAX_NUMBER, PRERELEASE, Version, precedence, prerelease

_PART = r"(?:0|[1-9][0-9]*|[xX*])"
_PARTIAL = rf"v?({_PART})(?:\.({_PART})(?:\.({_PART})(?:-({PRERELEASE}))?)?)?"
_COMPARATOR = re.compile(rf"(\^|~>?|[<>]?=?){_PARTIAL}")
_HYPHEN = re.compile(rf"\s*({_PARTIAL})\s+-\s+({_PARTIAL})\s*")
_BUILD = re.compile(r"\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*")
_SPACED = re.compile(r"([<>]=?|=|~>?|\^)\s+")


@dataclass(frozen=True)
class _Comparator:
    operator: str
    core: tuple[int, ...]
    prerelease: tuple[int | str, ...] = ()

    def holds(self, version: Version) -> bool:
        mine, its = precedence(self.core, self.prerelease), version.precedence
        return {"=": its == mine, "<": its < mine, "<=": its <= mine, ">": its > mine, ">=": its >= mine}[self.operator]


#: What `>=0.0.0` says, which is nothing.
_ALL = _Comparator(">=", (0, 0, 0))


class Range:
    """A range of versions."""

    def __init__(self, text: str) -> None:
        printable = len(text) <= 256 and all(" " <= character <= "~" for character in text)
        require(printable, "range.malformed", "a range has at most 256 printable ASCII characters")
        self.text = text
        alternatives = [_alternative(part, text) for part in text.split("||")]
        numbers = (
            number
            for comparators in alternatives
            for comparator in comparators
            for number in (*comparator.core, *(word for word in comparator.prerelease if isinstance(word, int)))
        )
        require(all(number <= MAX_NUMBER for number in numbers), "range.malformed", f"{text!r} has too large a number")
        # npm lets an alternative that takes every version replace all others, and so the pre-releases that they name.
        self._alternatives = alternatives if all(alternatives) else [[]]

    def contains(self, version: Version) -> bool:
        """Whether one of the alternatives takes `version`."""
        return any(_takes(comparators, version) for comparators in self._alternatives)


def _takes(comparators: list[_Comparator], version: Version) -> bool:
    if not all(comparator.holds(version) for comparator in comparators):
        return False
    named = any(comparator.prerelease and comparator.core == version.core for comparator in comparators)
    return named or not version.prerelease


def _alternative(part: str, whole: str) -> list[_Comparator]:
    part = _BUILD.sub("", part)
    hyphen = _HYPHEN.fullmatch(part)
    if hyphen:
        low, high = hyphen.groups()[1:5], hyphen.groups()[6:10]
        return _meaningful(_expand(">=", *low) + _expand("<=", *high))
    comparators = []
    for token in _SPACED.sub(r"\1", part).split():
        match = _COMPARATOR.fullmatch(token)
        if match is None or (match[1][:1] not in ("^", "~") and _is_disordered(match.groups()[1:4])):
            raise Refused("range.malformed", f"{token!r} in {whole!r} is not a comparator")
        comparators += _expand(*match.groups())
    return _meaningful(comparators)


def _meaningful(comparators: list[_Comparator]) -> list[_Comparator]:
    return [comparator for comparator in comparators if comparator != _ALL]


def _is_disordered(parts: tuple[str | None, ...]) -> bool:
    """Whether a number follows a placeholder."""
    open_before = False
    for part in parts:
        if open_before and part is not None and part not in "xX*":
            return True
        open_before = part is None or part in "xX*"
    return False


def _expand(operator: str, *parts: str | None) -> list[_Comparator]:
    """The comparators that say what `operator` before a partial version says."""
    numbers: list[int] = []
    for part in parts[:3]:
        if part is None or part in "xX*":
            break
        numbers.append(int(part))
    known = len(numbers)
    core = (*numbers, 0, 0, 0)[:3]
    words = prerelease(parts[3]) if known == 3 else ()
    if known == 0:
        return [_below((0, 0, 0))] if operator in ("<", ">") else []
    if operator == "^":
        significant = next((place for place in range(known) if numbers[place]), known - 1)
        return [_Comparator(">=", core, words), _below(_next(core, significant))]
    if operator.startswith("~"):
        return [_Comparator(">=", core, words), _below(_next(core, min(known, 2) - 1))]
    if known == 3:
        return [_Comparator(operator or "=", core, words)]
    after = _next(core, known - 1)
    if operator in ("", "="):
        return [_Comparator(">=", core), _below(after)]
    if operator.startswith("<"):
        return [_below(core if operator == "<" else after)]
    return [_Comparator(">=", after if operator == ">" else core)]


def _next(core: tuple[int, ...], place: int) -> tuple[int, ...]:
    """`core` counted up at `place`, with zeros after it."""
    return (*core[:place], core[place] + 1, 0, 0)[:3]


def _below(core: tuple[int, ...]) -> _Comparator:
    """Below `core` and all its pre-releases."""
    return _Comparator("<", core, (0,))
