"""SPEC 10.1: the policy, which says whom a client trusts for what."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Callable

from . import keys, manifest, names, records
from .cid import DAG_CBOR, Cid
from .errors import Refused, require

MAX_POLICY = 1 << 20
MAX_KEYS = 16
MAX_WITNESSES = 64
MAX_SECONDS = 2**32 - 1
DAY = 86_400

_WITNESS = re.compile(r"[!-*,-~]{1,128}")


@dataclass(frozen=True)
class Log:
    """A log that the policy knows."""

    log_keys: list[bytes]
    cosigner: bytes
    #: Names and keys.
    witnesses: list[tuple[str, bytes]]
    quorum: int
    max_age: int
    grace: int


@dataclass(frozen=True)
class Quorum:
    """Some of these keys."""

    keys: frozenset[bytes]
    threshold: int


@dataclass(frozen=True)
class Rule:
    """What has to hold for a package."""

    origin: str
    keys: Quorum | None
    init: Cid | None
    recovery: Quorum | None
    channels: frozenset[str]
    min_age: int
    yanked: frozenset[str]
    provenance: bool
    npm: frozenset[str]
    egress: frozenset[str]
    #: Whether a head without `standing` will do.
    unchecked: bool


@dataclass(frozen=True)
class Policy:
    """A valid policy."""

    origins: dict[str, Log]
    packages: dict[str, Rule]

    def rule(self, package: str) -> tuple[Rule, Log]:
        """The rule for `package` and the log that it is of; the exact name wins over its scope."""
        rule = self.packages.get(package) or self.packages.get(package.split("/")[0] + "/*")
        if rule is None:
            raise Refused("policy.no_rule", f"no rule for {package}")
        return rule, self.origins[rule.origin]


def decode(data: bytes) -> Policy:
    """A policy, by the bytes of its JSON."""
    require(len(data) <= MAX_POLICY, "limit.exceeded", f"a policy of {len(data)} bytes")
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_each_key_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("policy.invalid", f"not JSON: {error}") from error
    fields = _fields(found, "the policy", {"origins", "packages"}, {"$schema"})
    _text(fields.get("$schema", ""), "$schema")
    origins = {_origin(name): _log(name, each) for name, each in _map(fields["origins"], "origins").items()}
    packages = {_pattern(name): _rule(name, each) for name, each in _map(fields["packages"], "packages").items()}
    unknown = {rule.origin for rule in packages.values()} - set(origins)
    _require(not unknown, f"rules of {sorted(unknown)}, which are not among the origins")
    _check_roles(origins, packages)
    return Policy(origins, packages)


def _log(name: str, value: Any) -> Log:
    fields = _fields(value, name, {"logKeys", "cosigner"}, {"witnesses", "quorum", "maxAge", "offlineGrace"})
    witnesses = [_witness(each) for each in _list(fields.get("witnesses", []), "witnesses")]
    called, held = {each for each, _ in witnesses}, {key for _, key in witnesses}
    alone = len(called) == len(held) == len(witnesses) <= MAX_WITNESSES
    _require(alone, f"{name} has more than 64 witnesses, or one of them twice")
    return Log(
        log_keys=_keys(fields["logKeys"], "logKeys"),
        cosigner=_key(fields["cosigner"]),
        witnesses=witnesses,
        quorum=_integer(fields.get("quorum", 0), "quorum", 0, len(witnesses)),
        max_age=_integer(fields.get("maxAge", DAY), "maxAge", 1, MAX_SECONDS),
        grace=_integer(fields.get("offlineGrace", 0), "offlineGrace", 0, MAX_SECONDS),
    )


def _witness(value: Any) -> tuple[str, bytes]:
    fields = _fields(value, "a witness", {"name", "key"}, set())
    _require(_WITNESS.fullmatch(_text(fields["name"], "a name")) is not None, "a witness has a name of another form")
    return fields["name"], _key(fields["key"])


def _rule(name: str, value: Any) -> Rule:
    pins = {"keys", "init", "recovery"}
    others = {"threshold", "channels", "minAge", "yanked", "provenance", "npm", "egress", "revocation"}
    fields = _fields(value, name, {"origin"}, pins | others)
    _require(not pins.isdisjoint(fields), f"the rule for {name} pins neither keys nor init nor recovery")
    _require("keys" in fields or "threshold" not in fields, f"the rule for {name} has a threshold of no keys")
    quorum = {each: fields[each] for each in ("keys", "threshold") if each in fields}
    egress = _texts(fields.get("egress", []), "egress")
    _require(all(map(manifest.is_host, egress)), f"{name}: egress are not hosts")
    yanked = _texts(fields.get("yanked", []), "yanked")
    _require(yanked <= set(records.SEVERITIES) - {"none"}, f"{name}: {sorted(yanked)} are no severities of yanks")
    channels = _texts(fields.get("channels", []), "channels")
    provenance = fields.get("provenance", False)
    _require(isinstance(provenance, bool), f"{name}: `provenance` is neither true nor false")
    npm = _list(fields.get("npm", []), "npm")
    _require(len(npm) <= records.MAX_CHECKED, f"{name}: more than {records.MAX_CHECKED} words in `npm`")
    _require(all(records.is_check(_text(each, "npm")) for each in npm), f"{name}: `npm` has words of another form")
    revocation = fields.get("revocation", "proven")
    _require(revocation in ("proven", "unchecked"), f"{name}: `revocation` is neither proven nor unchecked")
    return Rule(
        origin=_origin(fields["origin"]),
        keys=_quorum(quorum) if quorum else None,
        init=_parsed(lambda text: Cid.from_text(text).of(DAG_CBOR), fields["init"]) if "init" in fields else None,
        recovery=_quorum(fields["recovery"]) if "recovery" in fields else None,
        channels=frozenset(_parsed(names.channel, each) for each in channels),
        min_age=_integer(fields.get("minAge", 0), "minAge", 0, MAX_SECONDS),
        yanked=yanked,
        provenance=provenance,
        npm=frozenset(npm),
        egress=egress,
        unchecked=revocation == "unchecked",
    )


def _quorum(value: Any) -> Quorum:
    fields = _fields(value, "a quorum", {"keys"}, {"threshold"})
    held = _keys(fields["keys"], "keys")
    return Quorum(frozenset(held), _integer(fields.get("threshold", 1), "threshold", 1, len(held)))


def _check_roles(origins: dict[str, Log], packages: dict[str, Rule]) -> None:
    roles = (
        {key for log in origins.values() for key in log.log_keys},
        {log.cosigner for log in origins.values()},
        {key for log in origins.values() for _, key in log.witnesses},
        {key for rule in packages.values() if rule.keys for key in rule.keys.keys},
        {key for rule in packages.values() if rule.recovery for key in rule.recovery.keys},
    )
    _require(len(set().union(*roles)) == sum(map(len, roles)), "a key stands in two roles")


def _require(condition: bool, message: str) -> None:
    require(condition, "policy.invalid", message)


def _parsed(parse: Callable[[str], Any], value: Any) -> Any:
    try:
        return parse(_text(value, "a value"))
    except Refused as refused:
        raise Refused("policy.invalid", refused.message) from refused


def _key(value: Any) -> bytes:
    return _parsed(keys.key_from_text, value)


def _keys(value: Any, what: str) -> list[bytes]:
    found = [_key(each) for each in _list(value, what)]
    _require(1 <= len(found) <= MAX_KEYS and len(set(found)) == len(found), f"{what} are not 1 to 16, each once")
    return found


def _origin(value: Any) -> str:
    return _parsed(names.origin, value)


def _pattern(value: str) -> str:
    """A package name, or `@scope/*`, which is one with any name in the star's place."""
    _parsed(names.package, value[:-1] + "0" if value.endswith("/*") else value)
    return value


def _fields(value: Any, what: str, needed: set[str], optional: set[str]) -> dict[str, Any]:
    _map(value, what)
    _require(needed <= set(value) <= needed | optional, f"{what} has other fields than {sorted(needed | optional)}")
    return value


def _map(value: Any, what: str) -> dict[str, Any]:
    _require(isinstance(value, dict), f"{what} is no object")
    return value


def _list(value: Any, what: str) -> list:
    _require(isinstance(value, list), f"{what} is no list")
    return value


def _text(value: Any, what: str) -> str:
    _require(isinstance(value, str), f"{what} is no text")
    return value


def _texts(value: Any, what: str) -> frozenset[str]:
    return frozenset(_text(each, what) for each in _list(value, what))


def _integer(value: Any, what: str, least: int, most: int) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    _require(whole and least <= value <= most, f"{what} is no integer from {least} to {most}")
    return value


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is twice")
    return found


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
