"""SPEC 4: ed25519 keys and signatures, read strictly.

The signature's equation is the library's: OpenSSL compares the bytes of R with those of `[S]B - [k]A`, so without
cofactor. The library takes encodings and points that SPEC 4 refuses, which is why those are checked here first.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .errors import Refused, require

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MULTICODEC = b"\xed\x01"


def point(encoded: bytes) -> tuple[int, int] | None:
    """The affine point with this canonical encoding, where there is one."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if len(encoded) != 32 or y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * SQRT_MINUS_ONE % P
    if v * x * x % P != u or (x == 0 and sign == 1):
        return None
    return (x if x & 1 == sign else P - x), y


def add(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points of the curve."""
    (x1, y1), (x2, y2) = left, right
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P) % P
    return x, y


@lru_cache(maxsize=4096)
def is_strict(encoded: bytes) -> bool:
    """Whether this is the canonical encoding of a point that is not of small order."""
    found = point(encoded)
    if found is None:
        return False
    for _ in range(3):
        found = add(found, found)
    return found != (0, 1)


def key(binary: bytes) -> bytes:
    """SPEC 4.1: a public key."""
    require(is_strict(binary), "key.malformed", f"{binary[:40].hex()} is not a public key of the profile")
    return binary


def key_from_text(text: str) -> bytes:
    """SPEC 4.1: the public key with this text form."""
    number = 0
    for character in text[1:]:
        digit = _ALPHABET.find(character)
        require(digit >= 0 and len(text) == 48, "key.malformed", f"{text[:60]!r} is not a key's text form")
        number = number * 58 + digit
    binary = number.to_bytes(36, "big").lstrip(b"\0")
    fits = len(binary) == 34 and binary[:2] == _MULTICODEC and key_to_text(binary[2:]) == text
    require(fits, "key.malformed", f"{text[:60]!r} is not a key's text form")
    return key(binary[2:])


def key_to_text(binary: bytes) -> str:
    """SPEC 4.1: the text form, which never has leading zeros since the multicodec begins with `ed`."""
    number = int.from_bytes(_MULTICODEC + binary, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    return "z" + digits


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """SPEC 4.2: whether `signature` is a valid one of `message` by `public`."""
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    if not is_strict(public) or not is_strict(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def check(public: bytes, signature: bytes, message: bytes, code: str) -> None:
    """Refuses an invalid signature with `code`."""
    if not is_signed(public, signature, message):
        raise Refused(code, f"the signature by {key_to_text(public)} is invalid")
