"""SPEC 2: content identifiers."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from blake3 import blake3

from .errors import Refused, require

RAW = 0x55
DAG_CBOR = 0x71

_TEXT = re.compile(r"b[a-z2-7]{58}")


@dataclass(frozen=True, order=True)
class Cid:
    """A CID of the profile, by its 36 bytes (SPEC 2.1)."""

    binary: bytes

    @classmethod
    def from_bytes(cls, binary: bytes) -> Cid:
        """The CID with this binary form."""
        fits = len(binary) == 36 and binary[0] == 1 and binary[1] in (RAW, DAG_CBOR) and binary[2:4] == b"\x1e\x20"
        require(fits, "cid.malformed", f"{binary[:40].hex()} is not a CID of the profile")
        return cls(binary)

    @classmethod
    def from_text(cls, text: str) -> Cid:
        """The CID with this text form."""
        require(_TEXT.fullmatch(text) is not None, "cid.malformed", f"{text[:80]!r} is not a CID of the profile")
        cid = cls.from_bytes(base64.b32decode(text[1:].upper() + "======"))
        require(str(cid) == text, "cid.malformed", f"{text!r} has bits after its end")
        return cid

    @classmethod
    def hashing(cls, codec: int, data: bytes) -> Cid:
        """The CID that names `data`."""
        return cls(bytes([1, codec, 0x1E, 0x20]) + blake3(data).digest())

    def __str__(self) -> str:
        return "b" + base64.b32encode(self.binary).decode().rstrip("=").lower()

    @property
    def codec(self) -> int:
        """`RAW` or `DAG_CBOR`."""
        return self.binary[1]

    def of(self, codec: int) -> Cid:
        """This CID, which has to be of `codec` (SPEC 2.2)."""
        if self.codec != codec:
            raise Refused("cid.malformed", f"{self} is of codec {self.codec:#x}, not {codec:#x}")
        return self

    def check(self, data: bytes) -> None:
        """Refuses bytes that this CID does not name (SPEC 2.3)."""
        got = Cid.hashing(self.codec, data)
        require(got == self, "cid.mismatch", f"the bytes are {got}, not {self}")
