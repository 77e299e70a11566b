"""SPEC 10.1: the policy, which says whom a client trusts for what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable

from . import keys, manifest, names
from .cid import DAG_CBOR, Cid
from .errors import Refused, require

DAY = 86_400
MAX_KEYS = 16


@dataclass(frozen=True)
class Log:
    """A log that the policy knows."""

    log_keys: list[bytes]
    cosigner: bytes
    max_age: int


@dataclass(frozen=True)
class Rule:
    """What has to hold for a package."""

    origin: str
    #: Pinned keys; none where only the init is pinned.
    keys: frozenset[bytes]
    threshold: int
    init: Cid | None
    egress: frozenset[str]


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
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_each_key_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("policy.invalid", f"not JSON: {error}") from error
    fields = _fields(found, "the policy", {"origins", "packages"}, set())
    origins = {_origin(name): _log(name, each) for name, each in _map(fields["origins"], "origins").items()}
    packages = {_pattern(name): _rule(name, each) for name, each in _map(fields["packages"], "packages").items()}
    unknown = {rule.origin for rule in packages.values()} - set(origins)
    _require(not unknown, f"rules of {sorted(unknown)}, which are not among the origins")
    _check_roles(origins, packages)
    return Policy(origins, packages)


def _log(name: str, value: Any) -> Log:
    fields = _fields(value, name, {"logKeys", "cosigner"}, {"maxAge"})
    max_age = _positive(fields.get("maxAge", DAY), "maxAge")
    return Log(_keys(fields["logKeys"], "logKeys"), _key(fields["cosigner"]), max_age)


def _rule(name: str, value: Any) -> Rule:
    fields = _fields(value, name, {"origin"}, {"keys", "threshold", "init", "egress"})
    _require("keys" in fields or "init" in fields, f"the rule for {name} pins neither keys nor init")
    _require("keys" in fields or "threshold" not in fields, f"the rule for {name} has a threshold of no keys")
    pinned = frozenset(_keys(fields["keys"], "keys")) if "keys" in fields else frozenset()
    threshold = _positive(fields.get("threshold", 1), "threshold")
    _require("keys" not in fields or threshold <= len(pinned), f"the rule for {name} asks for more keys than it pins")
    init = _cid(fields["init"]) if "init" in fields else None
    egress = _list(fields.get("egress", []), "egress")
    _require(all(isinstance(host, str) and manifest.is_host(host) for host in egress), f"{name}: egress are not hosts")
    return Rule(_origin(fields["origin"]), pinned, threshold, init, frozenset(egress))


def _check_roles(origins: dict[str, Log], packages: dict[str, Rule]) -> None:
    logs = {key for log in origins.values() for key in log.log_keys}
    cosigners = {log.cosigner for log in origins.values()}
    publishers = {key for rule in packages.values() for key in rule.keys}
    twice = (logs & cosigners) | (logs & publishers) | (cosigners & publishers)
    _require(not twice, "a key stands in two roles")


def _require(condition: bool, message: str) -> None:
    require(condition, "policy.invalid", message)


def _parsed(parse: Callable[[str], Any], value: Any) -> Any:
    _require(isinstance(value, str), f"{type(value).__name__} where text belongs")
    try:
        return parse(value)
    except Refused as refused:
        raise Refused("policy.invalid", refused.message) from refused


def _key(value: Any) -> bytes:
    return _parsed(keys.key_from_text, value)


def _keys(value: Any, what: str) -> list[bytes]:
    found = [_key(each) for each in _list(value, what)]
    _require(1 <= len(found) <= MAX_KEYS and len(set(found)) == len(found), f"{what} are not 1 to 16, each once")
    return found


def _cid(value: Any) -> Cid:
    return _parsed(lambda text: Cid.from_text(text).of(DAG_CBOR), value)


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


def _positive(value: Any, what: str) -> int:
    _require(isinstance(value, int) and not isinstance(value, bool) and value > 0, f"{what} is no integer above 0")
    return value


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is twice")
    return found


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
