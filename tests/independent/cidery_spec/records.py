"""SPEC 6.2 and 6.3: records, and the rules that each of them keeps by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import cbor, names
from .cid import DAG_CBOR, RAW, Cid
from .errors import Refused, require
from .names import MAX_NUMBER
from .signed import KEY, Signed

MAX_RECORD = 8 << 10
MAX_KEYS = 16
MAX_ATTESTATIONS = 16
MAX_ATTESTATION = 1 << 20
MAX_TARGETS = 16
MAX_CHECKED = 16
MAX_TEXT = 512
BUCKETS = 10_000

KINDS = ("init", "rekey", "transfer", "release", "yank", "channel", "attest")
TYPES = {f"application/vnd.cidery.{kind}.v1+cbor": kind for kind in KINDS}
#: Those that make an authority.
AUTHORITIES = ("init", "rekey", "transfer")
SEVERITIES = ("none", "low", "medium", "high", "critical")
REASONS = ("broken", "compromised", "deprecated", "legal", "security", "other", "restored")


def _version(text: str) -> str:
    return names.Version(text).text


def one_of(*words: str) -> cbor.Shape:
    def shape(value: Any) -> str:
        require(cbor.text(value) in words, "cbor.malformed", f"{value[:80]!r} is none of {', '.join(words)}")
        return value

    return shape


_VERSION = cbor.parsed(_version, cbor.text)
_QUORUM = {"keys": cbor.list_of(KEY), "threshold": cbor.integer}
_POWERS = cbor.map_of({
    **_QUORUM,
    "floors": cbor.map_of({"provenance": cbor.boolean, "witnesses": cbor.integer}),
    "recovery?": cbor.map_of({**_QUORUM, "delay": cbor.integer}),
})
_REFERENCE = cbor.map_of({"version": _VERSION, "record": cbor.link(DAG_CBOR)})
_STATEMENT = cbor.map_of({"cid": cbor.link(RAW), "size": cbor.integer, "subject": cbor.octets(32)})
_NPM = cbor.map_of({
    "name": cbor.text,
    "version": cbor.text,
    "integrity": cbor.text,
    "checked": cbor.list_of(cbor.text),
})
_BODIES = {
    "init": _POWERS,
    "rekey": cbor.map_of({
        "by": one_of("publishers", "recovery"),
        "to": _POWERS,
        "void": cbor.list_of(cbor.map_of({"key": KEY, "fromSequence": cbor.integer})),
        "nextVersionFloor?": _VERSION,
    }),
    "transfer": cbor.map_of({"to": _POWERS, "nextVersionFloor?": _VERSION}),
    "release": cbor.map_of({
        "version": _VERSION,
        "manifest": cbor.link(DAG_CBOR),
        "build": cbor.map_of({"tool": cbor.text, "lock?": cbor.octets(32)}),
        "npm?": _NPM,
        "provenance": cbor.list_of(_STATEMENT),
    }),
    "yank": cbor.map_of({
        "release": _REFERENCE,
        "severity": one_of(*SEVERITIES),
        "reason": one_of(*REASONS),
        "text?": cbor.text,
        "replacement?": _VERSION,
    }),
    "channel": cbor.map_of({
        "name": cbor.parsed(names.channel, cbor.text),
        "targets": cbor.list_of(cbor.map_of({"release": _REFERENCE, "weight": cbor.integer})),
    }),
    "attest": cbor.map_of({"release": _REFERENCE, "predicate": cbor.text, "statement": _STATEMENT}),
}
_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_WORD = re.compile(r"[a-z0-9-]{1,64}")
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


@dataclass(frozen=True)
class Record:
    """SPEC 6.2: a record; `body` is as its kind says."""

    cid: Cid
    kind: str
    origin: str
    package: str
    sequence: int
    prev: Cid | None
    authority: Cid | None
    body: dict[str, Any]

    @property
    def powers(self) -> dict[str, Any]:
        """What an `init`, `rekey` or `transfer` says of keys."""
        return self.body if self.kind == "init" else self.body["to"]

    @property
    def is_by_recovery(self) -> bool:
        """Whether recovery keys speak."""
        return self.kind == "rekey" and self.body["by"] == "recovery"


def is_check(word: str) -> bool:
    """Whether a word may stand in `npm.checked`."""
    return _WORD.fullmatch(word) is not None


def decode(signed: Signed) -> Record:
    """The record that is the payload, valid by itself."""
    kind = TYPES.get(signed.type)
    if kind is None:
        raise Refused("envelope.type", f"the payload type {signed.type[:80]!r} is unknown")
    shape = cbor.map_of({
        "kind": one_of(*KINDS),
        "origin": cbor.parsed(names.origin, cbor.text),
        "package": cbor.parsed(names.package, cbor.text),
        "sequence": cbor.integer,
        "prev?": cbor.link(DAG_CBOR),
        "authority?": cbor.link(DAG_CBOR),
        "body": _BODIES[kind],
    })
    fields = cbor.decode_as(shape, signed.payload, f"the {kind}", MAX_RECORD)
    require(fields["kind"] == kind, "envelope.type", f"a record of kind {fields['kind']} in a {kind}")
    _check_place(kind, fields)
    _RULES[kind](fields["body"])
    if kind == "release" and fields["package"].startswith("@npm/"):
        npm = fields["body"].get("npm")
        mapped = npm is not None and names.from_npm(npm["name"]) == fields["package"]
        _require(mapped, f"`npm` does not map to {fields['package']}")  # (6)
    return Record(**{"prev": None, "authority": None, **fields}, cid=Cid.hashing(DAG_CBOR, signed.payload))


def target(body: dict[str, Any], bucket: int) -> dict[str, Any] | None:
    """The release that a channel names for a bucket, as a reference."""
    for each in body["targets"]:
        if bucket < each["weight"]:
            return each["release"]
        bucket -= each["weight"]
    return None


def _require(condition: bool, message: str) -> None:
    require(condition, "record.invalid", message)


def _bounded(what: str, count: int, most: int) -> None:
    require(count <= most, "limit.exceeded", f"{count} {what}, the limit is {most}")


def _small(what: str, number: int) -> None:
    _require(number <= MAX_NUMBER, f"{what} is over 2^53 - 1")  # (10)


def _ascends(values: list) -> bool:
    return values == sorted(set(values))


def _check_place(kind: str, fields: dict[str, Any]) -> None:
    first, linked = fields["sequence"] == 0, ("prev" in fields, "authority" in fields)
    fits = (first and linked == (False, False)) if kind == "init" else (not first and linked == (True, True))
    _require(fits, f"an {kind} of sequence {fields['sequence']} with these links")  # (1)
    _small("`sequence`", fields["sequence"])


def _check_powers(powers: dict[str, Any]) -> None:
    _check_quorum(powers)  # (2)
    _require(powers["floors"]["witnesses"] <= 64, "a floor of more than 64 witnesses")
    recovery = powers.get("recovery")
    if recovery is not None:
        _check_quorum(recovery)  # (3)
        _require(not set(recovery["keys"]) & set(powers["keys"]), "a recovery key is a publisher key")
        _small("`delay`", recovery["delay"])


def _check_quorum(quorum: dict[str, Any]) -> None:
    held = quorum["keys"]
    _bounded("keys", len(held), MAX_KEYS)
    _require(bool(held) and _ascends(held), "keys are not at least one, sorted, each once")
    _require(1 <= quorum["threshold"] <= len(held), f"threshold {quorum['threshold']} of {len(held)} keys")


def _check_rekey(body: dict[str, Any]) -> None:
    _check_powers(body["to"])
    void = [each["key"] for each in body["void"]]
    _bounded("void keys", len(void), MAX_KEYS)  # (7)
    _require(_ascends(void), "`void` is not sorted by key, each once")
    staying = {*body["to"]["keys"], *body["to"].get("recovery", {}).get("keys", [])}
    _require(staying.isdisjoint(void), "a void key is among the new ones")
    for each in body["void"]:
        _small("`fromSequence`", each["fromSequence"])


def _check_release(body: dict[str, Any]) -> None:
    _bounded("statements", len(body["provenance"]), MAX_ATTESTATIONS)  # (4)
    for each in body["provenance"]:
        _check_statement(each)
    _require(_ascends([each["cid"] for each in body["provenance"]]), "`provenance` is not sorted by CID, each once")
    _check_printable("`build.tool`", body["build"]["tool"], 128)  # (5)
    npm = body.get("npm")
    if npm is not None:
        for name, most in (("name", 214), ("version", 256), ("integrity", 256)):
            _check_printable(f"`npm.{name}`", npm[name], most)
        _bounded("words in `npm.checked`", len(npm["checked"]), MAX_CHECKED)
        fits = _ascends(npm["checked"]) and all(map(is_check, npm["checked"]))
        _require(fits, "`npm.checked` are not words, sorted, each once")


def _check_statement(statement: dict[str, Any]) -> None:
    _bounded("bytes of a statement", statement["size"], MAX_ATTESTATION)


def _check_printable(what: str, text: str, most: int) -> None:
    _require(len(text) <= most and _PRINTABLE.fullmatch(text) is not None, f"{what} is not 1 to {most} characters")


def _check_yank(body: dict[str, Any]) -> None:
    _require((body["severity"] == "none") == (body["reason"] == "restored"), "`none` goes with `restored`")  # (8)
    text = body.get("text", "-")
    legible = 1 <= len(text.encode("utf-8")) <= MAX_TEXT and _HIDDEN.search(text) is None
    _require(legible, "`text` is not 1 to 512 bytes that can be read")
    _require(body.get("replacement") != body["release"]["version"], "a release replaces itself")


def _check_channel(body: dict[str, Any]) -> None:
    targets = body["targets"]
    _bounded("targets", len(targets), MAX_TARGETS)  # (9)
    versions = {each["release"]["version"] for each in targets}
    _require(len(versions) == len(targets), "a version is there twice")
    weights = [each["weight"] for each in targets]
    _require(all(weights) and (not weights or sum(weights) == BUCKETS), f"the weights sum to {sum(weights)}")


def _check_attest(body: dict[str, Any]) -> None:
    _check_printable("`predicate`", body["predicate"], 256)
    _check_statement(body["statement"])


_RULES = {
    "init": _check_powers,
    "rekey": _check_rekey,
    "transfer": lambda body: _check_powers(body["to"]),
    "release": _check_release,
    "yank": _check_yank,
    "channel": _check_channel,
    "attest": _check_attest,
}
