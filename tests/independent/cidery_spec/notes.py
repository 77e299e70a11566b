"""SPEC 7.3 to 7.6: checkpoints in signed notes, and their signatures and timestamps."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from . import keys, names
from .errors import Refused, require
from .signed import base64_exactly

MAX_CHECKPOINT = 64 << 10
MAX_LINES = 64
LOG_SIGNATURE = 0x01
COSIGNATURE = 0x04

_LINE = re.compile(r"— ([^\s+]+) (\S+)")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True)
class Checkpoint:
    """SPEC 7.3: a checkpoint. Its fields mean nothing before `check_log` has spoken."""

    origin: str
    size: int
    root: bytes
    text: bytes
    #: Name, key id, and what follows it.
    lines: tuple[tuple[str, bytes, bytes], ...]

    def check_log(self, log_keys: list[bytes]) -> None:
        """SPEC 7.4: one of the log's keys signed, and none of the lines that claim one is invalid."""
        signed = 0
        for public in log_keys:
            for signature in self._claimed(self.origin, public, LOG_SIGNATURE):
                keys.check(public, signature, self.text, "log.signature")
                signed += 1
        require(signed > 0, "log.signature", "no line is of a log key")

    def timestamp(self, cosigner: bytes) -> int:
        """SPEC 7.5: the newest time at which the cosigner signed."""
        time = self.cosigned(f"{self.origin}/cosigner", cosigner, "log.timestamp")
        if time is None:
            raise Refused("log.timestamp", "no line is of the cosigner")
        return time

    def cosigned(self, name: str, public: bytes, code: str) -> int | None:
        """The newest time at which a key signed under a name; none of the lines that claim it is invalid (SPEC 7.6)."""
        times = []
        for body in self._claimed(name, public, COSIGNATURE):
            time = int.from_bytes(body[:8], "big")
            keys.check(public, body[8:], b"cosignature/v1\ntime %d\n%s" % (time, self.text), code)
            times.append(time)
        return max(times, default=None)

    def _claimed(self, name: str, public: bytes, kind: int) -> list[bytes]:
        """SPEC 7.6: the signatures that claim to be of this name and key."""
        wanted = name, key_id(name, public, kind)
        return [body for line, key, body in self.lines if (line, key) == wanted]


def key_id(name: str, public: bytes, kind: int) -> bytes:
    """SPEC 7.4: how a signature line names a key."""
    return hashlib.sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + public).digest()[:4]


def decode(data: bytes) -> Checkpoint:
    """A checkpoint, by the bytes of its note."""
    require(len(data) <= MAX_CHECKPOINT, "limit.exceeded", f"a checkpoint of {len(data)} bytes")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("is not UTF-8") from error
    if any(character < " " and character != "\n" for character in note):
        raise _malformed("has control characters")
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise _malformed("is not a text, a blank line and signatures")
    signature_lines = signatures[:-1].split("\n")
    require(len(signature_lines) <= MAX_LINES, "limit.exceeded", f"a checkpoint of {len(signature_lines)} signatures")
    lines = text.split("\n")
    if len(lines) != 3:
        raise _malformed(f"has {len(lines)} lines of text")
    origin, size, root = lines
    if _SIZE.fullmatch(size) is None or int(size) > names.MAX_NUMBER:
        raise _malformed(f"has the size {size[:40]!r}")
    return Checkpoint(
        origin=_origin(origin),
        size=int(size),
        root=_base64(root, 32, 32),
        text=(text + "\n").encode("utf-8"),
        lines=tuple(map(_signature, signature_lines)),
    )


def _signature(line: str) -> tuple[str, bytes, bytes]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise _malformed("has a signature line of another form")
    body = _base64(match[2], 5, MAX_CHECKPOINT)
    return match[1], body[:4], body[4:]


def _origin(text: str) -> str:
    try:
        return names.origin(text)
    except Refused as refused:
        raise _malformed(f"is of no log: {refused.message}") from refused


def _base64(text: str, least: int, most: int) -> bytes:
    try:
        data = base64_exactly(text)
    except ValueError as error:
        raise _malformed(f"has base64 that is not: {error}") from error
    if not least <= len(data) <= most:
        raise _malformed(f"has {len(data)} bytes in base64")
    return data


def _malformed(message: str) -> Refused:
    return Refused("log.malformed", f"a checkpoint {message}")
