"""SPEC 10.2 and 10.3: what a client asks for, and what it knows from before."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from blake3 import blake3

from . import cbor, names, records
from .cid import DAG_CBOR, Cid
from .errors import Refused, require
from .ranges import Range

_FORMS = (
    {"package", "range"},
    {"package", "version"},
    {"package", "version", "manifest"},
    {"package", "channel"},
    {"package", "channel", "bucket"},
)


@dataclass(frozen=True)
class Request:
    """A package with a range, a version, an entry of a lock, or a channel."""

    package: str
    range: Range | None = None
    version: names.Version | None = None
    manifest: Cid | None = None
    channel: str | None = None
    bucket: int = 0

    def __post_init__(self) -> None:
        names.package(self.package)

    @property
    def is_locked(self) -> bool:
        """Whether it is an entry of a lock."""
        return self.manifest is not None

    def check(self, release: records.Record, channel: records.Record | None) -> None:
        """SPEC 10.4 (14): refuses a release that does not satisfy the request."""
        version = names.Version(release.body["version"])
        named = records.target(channel.body, self.bucket) if channel is not None else None
        satisfied = all((
            self.range is None or self.range.contains(version),
            self.version is None or self.version == version,
            self.manifest is None or self.manifest == release.body["manifest"],
            self.channel is None or named == {"version": version.text, "record": release.cid},
        ))
        require(satisfied, "request.unsatisfied", f"{self.package} {version} is not what was asked for")


def decode(value: Any) -> Request:
    """The request with this JSON form, which has been read."""
    fits = isinstance(value, dict) and set(value) in _FORMS
    require(fits, "request.malformed", "not the fields of a request")
    texts = all(isinstance(each, str) for name, each in value.items() if name != "bucket")
    bucket = value.get("bucket", 0)
    whole = isinstance(bucket, int) and not isinstance(bucket, bool) and 0 <= bucket < records.BUCKETS
    require(texts and whole, "request.malformed", "a field of a request is of another type")
    return Request(
        value["package"],
        range=Range(value["range"]) if "range" in value else None,
        version=names.Version(value["version"]) if "version" in value else None,
        manifest=Cid.from_text(value["manifest"]).of(DAG_CBOR) if "manifest" in value else None,
        channel=names.channel(value["channel"]) if "channel" in value else None,
        bucket=bucket,
    )


def bucket(package: str, channel: str, user: str) -> int:
    """The bucket of a user, by any key that is theirs."""
    digest = blake3(cbor.encode(["cidery-bucket-v1", package, channel, user])).digest()
    return int.from_bytes(digest[:8], "big") % records.BUCKETS


@dataclass(frozen=True)
class SeenLog:
    """What a client knows of a log."""

    size: int
    root: bytes
    #: The highest sequence of a state of each package.
    packages: dict[str, int]


@dataclass(frozen=True)
class Seen:
    """What a client knows."""

    logs: dict[str, SeenLog] = field(default_factory=dict)

    def sequence(self, origin: str, package: str) -> int | None:
        """The sequence below which a package's state does not go back."""
        return self.logs[origin].packages.get(package) if origin in self.logs else None

    def check_sequence(self, origin: str, package: str, sequence: int | None) -> None:
        """Refuses a state of a lower sequence than one of before, and none where there was one."""
        known = self.sequence(origin, package)
        forth = known is None or (sequence is not None and sequence >= known)
        require(forth, "log.rollback", f"a state of sequence {sequence} after {known}")

    def forward(self, origin: str, size: int, root: bytes, package: str, sequence: int | None) -> Seen:
        """What is known after another verdict, which showed a state of this sequence, or none."""
        packages = self.logs[origin].packages if origin in self.logs else {}
        if sequence is not None:
            packages = {**packages, package: max(sequence, packages.get(package, 0))}
        return replace(self, logs={**self.logs, origin: SeenLog(size, root, packages)})

    def told(self) -> dict[str, Any]:
        """The JSON form."""
        logs = {
            origin: {"size": known.size, "root": known.root.hex(), "packages": known.packages}
            for origin, known in self.logs.items()
        }
        return {"format": "cidery-seen-v1", "logs": logs}


def decode_seen(text: str) -> Seen:
    """What is known, by its JSON form; a file of one's own that is not of this form is `environment`."""
    try:
        found = json.loads(text)
        require(set(found) == {"format", "logs"} and found["format"] == "cidery-seen-v1", "environment", "no such form")
        return Seen({names.origin(origin): _seen_log(known) for origin, known in found["logs"].items()})
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise Refused("environment", f"what was seen is not of its form: {error}") from error


def _seen_log(value: dict[str, Any]) -> SeenLog:
    require(set(value) == {"size", "root", "packages"}, "environment", "a log that was seen has other fields")
    packages = {names.package(name): int(sequence) for name, sequence in value["packages"].items()}
    return SeenLog(int(value["size"]), bytes.fromhex(value["root"]), packages)
