"""SPEC 3.3: npm's ranges.

A range is alternatives joined by `||`, each of them comparators that all hold. Carets, tildes, hyphens and placeholders
are written out as comparators first, as npm's `semver` does; it also drops stars anywhere and so takes `1.2.3*`, which
is refused here. A conjunction leaves one version at most where its lower bound is not below its upper bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import Refused, require
from .names import MAX_NUMBER, PRERELEASE, Version, has_small_numbers, precedence, prerelease

_TEXT = re.compile(r"[A-Za-z0-9 .*+<>=~^|-]{0,256}")
_PART = r"(?:0|[1-9][0-9]*|[xX*])"
_PARTIAL = rf"([v= ]*)({_PART})(?:\.({_PART})(?:\.({_PART})(?:-({PRERELEASE}))?)?)?"
_COMPARATOR = re.compile(rf"(\^|~>?|[<>]?=?){_PARTIAL}")
_HYPHEN = re.compile(rf"{_PARTIAL} - {_PARTIAL}")
_BUILD = re.compile(r"\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*")
#: One operator with the version after it, and the space between them.
_SPACED = re.compile(r"( ?)([<>]?=?) ?([v= ]*[0-9xX*])")
_SPACED_CARET = re.compile(r"(\^|~)>? ")


@dataclass(frozen=True)
class _Comparator:
    operator: str
    core: tuple[int, ...]
    prerelease: tuple[int | str, ...] = ()

    @property
    def bound(self) -> tuple:
        return precedence(self.core, self.prerelease)

    def holds(self, version: Version) -> bool:
        mine, its = self.bound, version.precedence
        return {"=": its == mine, "<": its < mine, "<=": its <= mine, ">": its > mine, ">=": its >= mine}[self.operator]

    def is_below(self, version: Version) -> bool:
        """Whether neither `version` nor any greater one holds."""
        bounded = self.operator in ("<", "<=", "=")
        return bounded and not self.holds(version) and not version.precedence < self.bound


#: What `>=0.0.0` says, which is nothing.
_ALL = _Comparator(">=", (0, 0, 0))
#: The lowest version of all.
_LOWEST = precedence((0, 0, 0), (0,))


class Range:
    """A range of versions."""

    def __init__(self, text: str) -> None:
        _require(_TEXT.fullmatch(text) is not None, text[:260], "is too long or has other characters")
        _require(has_small_numbers(text), text, "has too large a number")
        parts = text.split("||")
        _require(len(parts) == 1 or all(map(str.strip, parts)), text, "has an empty alternative")
        self.text = text
        alternatives = [_alternative(part) for part in parts]
        # npm lets an alternative that takes every version replace all others, and so the pre-releases that they name.
        self._alternatives = alternatives if all(alternatives) else [[]]

    def contains(self, version: Version) -> bool:
        """Whether one of the alternatives takes `version`."""
        return any(_takes(comparators, version) for comparators in self._alternatives)

    @property
    def names_prerelease(self) -> bool:
        """SPEC 9.5: whether its text has a `-` that follows no space."""
        return re.search("(?<! )-", self.text) is not None

    def is_below(self, version: Version) -> bool:
        """SPEC 9.5: whether `version` is above the upper bound of each alternative."""
        return all(any(each.is_below(version) for each in comparators) for comparators in self._alternatives)


def _require(condition: bool, text: str, fault: str) -> None:
    require(condition, "range.malformed", f"{text!r} {fault}")


def _takes(comparators: list[_Comparator], version: Version) -> bool:
    if not all(comparator.holds(version) for comparator in comparators):
        return False
    named = any(comparator.prerelease and comparator.core == version.core for comparator in comparators)
    return named or not version.prerelease


def _alternative(part: str) -> list[_Comparator]:
    """The comparators of one alternative, without those that say nothing."""
    written = " ".join(_BUILD.sub("", part).split())
    comparators = _comparators(written)
    small = all(number <= MAX_NUMBER for each in comparators for number in each.core)
    _require(small, part, "reaches too large a number")
    lower = [each.bound for each in comparators if each.operator in (">", ">=", "=")]
    upper = [each.bound for each in comparators if each.operator in ("<", "<=", "=")]
    alone = len(comparators) == 1
    _require(alone or not upper or max(lower, default=_LOWEST) < min(upper), part, "leaves one version at most")
    return [each for each in comparators if each != _ALL]


def _comparators(written: str) -> list[_Comparator]:
    hyphen = _HYPHEN.fullmatch(written)
    if hyphen:
        return _expand(">=", *hyphen.groups()[:5]) + _expand("<=", *hyphen.groups()[5:])
    comparators = []
    for token in _SPACED_CARET.sub(r"\1", _SPACED.sub(r"\1\2\3", written)).split():
        match = _COMPARATOR.fullmatch(token)
        if match is None:
            raise Refused("range.malformed", f"{token!r} is not a comparator")
        places = match.groups()[2:5]
        ordered = all(_is_open(right) or not _is_open(left) for left, right in zip(places, places[1:]))
        _require(ordered or token[0] in "^~", token, "has a number after a placeholder")
        comparators += _expand(*match.groups())
    return comparators


def _is_open(place: str | None) -> bool:
    return place is None or place in "xX*"


def _expand(operator: str, prefix: str, *places: str | None) -> list[_Comparator]:
    """The comparators that say what `operator` before a partial version says."""
    numbers: list[int] = []
    for place in places[:3]:
        if _is_open(place):
            break
        numbers.append(int(place))
    known = len(numbers)
    core = (*numbers, 0, 0, 0)[:3]
    words = prerelease(places[3]) if known == 3 else ()
    if known == 0:
        return [_below((0, 0, 0))] if operator in ("<", ">") else [_ALL]
    if operator == "^":
        significant = next((place for place in range(known) if numbers[place]), known - 1)
        return [_Comparator(">=", core, words), _below(_next(core, significant))]
    if operator.startswith("~"):
        return [_Comparator(">=", core, words), _below(_next(core, min(known, 2) - 1))]
    if known == 3:
        _require(prefix in ("", "v"), prefix, "does not belong before a version")
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
