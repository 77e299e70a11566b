"""Rules of sections 1 to 4 of SPEC.md that neither its examples nor the vectors reach."""

from __future__ import annotations

import hashlib
import unittest

from cidery_spec import cbor, keys, names
from cidery_spec.cid import RAW, Cid
from cidery_spec.errors import Refused
from cidery_spec.ranges import Range

#: The base point, and one of order eight, both as numbers.
BASE_Y = 4 * pow(5, keys.P - 2, keys.P) % keys.P
ORDER_EIGHT = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


class Cbor(unittest.TestCase):
    """SPEC 1.3."""

    def test_other_forms_are_refused(self) -> None:
        forms = {
            "nothing": "",
            "trailing byte": "0000",
            "one in two bytes": "1801",
            "24 in three bytes": "190018",
            "a length in two bytes": "580100",
            "an indefinite list": "9fff",
            "an indefinite text": "7f6161ff",
            "keys out of order": "a2616200616100",
            "a longer key first": "a262616100616200",
            "a key twice": "a2616100616100",
            "a key that is no text": "a10000",
            "half a float": "f93c00",
            "a float": "fb3ff0000000000000",
            "null": "f6",
            "undefined": "f7",
            "true in two bytes": "f815",
            "a date": "c100",
            "a CID without 00": "d82a45 0155 1e20 00",
            "an end inside of a text": "6261",
            "a text that is not UTF-8": "61ff",
            "a list longer than memory": "9bffffffffffffffff",
            "a byte string longer than memory": "5bffffffffffffffff",
            "very deep": "81" * 100_000 + "00",
        }
        for about, form in forms.items():
            with self.subTest(about), self.assertRaisesRegex(Refused, "cbor.malformed"):
                cbor.decode(bytes.fromhex(form))

    def test_canonical_forms_are_taken(self) -> None:
        cid = Cid.hashing(RAW, b"")
        numbers = (0, 23, 24, 255, 256, 65535, 65536, 2**32, 2**64 - 1, -1, -25)
        values: list = [*numbers, "é", b"", [], {"b": 1, "aa": [True]}, cid]
        for value in values:
            self.assertEqual(cbor.decode(cbor.encode(value)), value)


class Keys(unittest.TestCase):
    """SPEC 4."""

    def test_points_that_are_refused(self) -> None:
        encodings = {
            "the identity": 1,
            "order two": keys.P - 1,
            "order four": 0,
            "the identity, with a sign": 1 | 1 << 255,
            "the identity, not canonical": keys.P + 1,
            "not canonical": keys.P + 3,
            "no point": 2,
            "order eight": ORDER_EIGHT,
        }
        for about, encoding in encodings.items():
            with self.subTest(about):
                self.assertFalse(keys.is_strict(encoding.to_bytes(32, "little")))

    def test_the_equation_has_no_cofactor(self) -> None:
        """A key with a part of order eight: the signature is right up to the cofactor, and now and then without it."""
        base = point(BASE_Y)
        public = encode(keys.add(multiply(7, base), point(ORDER_EIGHT)))
        nonce = encode(multiply(9, base))
        self.assertTrue(keys.is_strict(public) and keys.is_strict(nonce))
        for number in range(32):
            message = b"%d" % number
            k = int.from_bytes(hashlib.sha512(nonce + public + message).digest(), "little") % keys.ORDER
            signature = nonce + ((9 + 7 * k) % keys.ORDER).to_bytes(32, "little")
            self.assertEqual(keys.is_signed(public, signature, message), k % 8 == 0)

    def test_text(self) -> None:
        right = keys.key_to_text(BASE_Y.to_bytes(32, "little"))
        self.assertEqual(keys.key_from_text(right), BASE_Y.to_bytes(32, "little"))
        for text in ("", "z", right[:-1], right + "1", "Z" + right[1:], right[:-1] + "0", right[:-1] + "é"):
            with self.subTest(text), self.assertRaisesRegex(Refused, "key.malformed"):
                keys.key_from_text(text)


class Names(unittest.TestCase):
    """SPEC 2 and 3."""

    def test_cids(self) -> None:
        cid = Cid.hashing(RAW, b"")
        self.assertEqual(Cid.from_text(str(cid)), cid)
        for text in ("", str(cid)[:-1], str(cid) + "a", str(cid).upper(), str(cid)[:-1] + "b", "b" + "é" * 58):
            with self.subTest(text), self.assertRaisesRegex(Refused, "cid.malformed"):
                Cid.from_text(text)

    def test_packages(self) -> None:
        for name in ("@a/b", "@npm/hono__node-server", "@a-/b_"):
            self.assertEqual(names.package(name), name)
        long = "@a/" + "b" * 212
        for name in ("a/b", "@a", "@a/", "@A/b", "@-a/b", "@a/.b", "@a/b.", "@a_/b", "@a/b/c", long, "@a/b\n"):
            with self.subTest(name), self.assertRaisesRegex(Refused, "name.malformed"):
                names.package(name)

    def test_npm(self) -> None:
        self.assertEqual(names.from_npm("hono"), "@npm/hono")
        self.assertEqual(names.from_npm("@hono/node-server"), "@npm/hono__node-server")
        for name in ("a__b", "a___b", "@a__b/c", "@a_/b", "@a/_b", "_a", "Upper", "@a", "a/b"):
            self.assertIsNone(names.from_npm(name), name)

    def test_precedence(self) -> None:
        ascending = "0.9.0 1.0.0-0 1.0.0-2 1.0.0-10 1.0.0-- 1.0.0-a 1.0.0-a.1 1.0.0-a.b 1.0.0 1.0.1"
        versions = [names.Version(text) for text in ascending.split()]
        self.assertEqual(sorted(reversed(versions)), versions)
        long = "1.0.0-" + "a" * 123
        large = ("1.0.9007199254740992", "1.0.0-9007199254740992", "1.0.0-a9007199254740992b")
        for text in ("1", "1.0", "01.0.0", "1.0.0+b", "v1.0.0", "1.0.0-", "1.0.0-01", long, *large):
            with self.subTest(text), self.assertRaisesRegex(Refused, "version.malformed"):
                names.Version(text)

    def test_ranges(self) -> None:
        cases = {
            "1.2.3": ("1.2.3", "1.2.4 1.2.3-a"),
            "": ("0.0.0 9.9.9", "1.0.0-a"),
            "  * || 1.0.0-a": ("0.0.0 9.9.9", "1.0.0-a"),
            "^=1 ~> 1.2": ("1.2.0 1.2.9", "1.3.0"),
            ">=1.2.3 <1.2.4": ("1.2.3", "1.2.4-a"),
            "= v1.2.3+build": ("1.2.3", "1.2.4"),
            "^1": ("1.0.0 1.9.9", "0.9.9 2.0.0 2.0.0-0 1.0.0-a"),
            "^0.2.3": ("0.2.3 0.2.9", "0.3.0 0.2.2"),
            "^0.0.3": ("0.0.3", "0.0.4"),
            "~1.2": ("1.2.0 1.2.9", "1.3.0"),
            ">1.2 <=2": ("1.3.0 2.9.9", "1.2.9 3.0.0"),
            "1.2 - 2.3.4": ("1.2.0 2.3.4", "2.3.5"),
            "1.x || >=3.0.0-b.2 <4": ("1.0.0 3.0.0-b.10 3.0.0", "2.0.0 3.0.0-b.1 3.0.1-b.3"),
        }
        for text, (inside, outside) in cases.items():
            for version in inside.split():
                self.assertTrue(Range(text).contains(names.Version(version)), f"{version} in {text!r}")
            for version in outside.split():
                self.assertFalse(Range(text).contains(names.Version(version)), f"{version} not in {text!r}")
        other = ("latest", "^1 || latest", "1.2.3.4", "^", "01.0.0", "1.2.3-01", ">x.1", "> = 1", "==1.2.3", "1.0.0*")
        characters = ("1\t", "1\n", "1_", "1,2", "é", "1" + " " * 256)
        large = ("^9007199254740992", "^9007199254740991", "1.2.3-a9007199254740992", "1.2.3+9007199254740992")
        empty = ("||", "1 ||", " || 1", "1 || || 2")
        narrow = (">=1.2.3 <=1.2.3", "1.2.3 - 1.2.3", "1.2.3 *", "1.2.3 ^1", ">2 <1", "1 || >2 <1", "<0 <1")
        for text in (*other, *characters, *large, *empty, *narrow):
            with self.subTest(text), self.assertRaisesRegex(Refused, "range.malformed"):
                Range(text)


def point(encoding: int) -> tuple[int, int]:
    """The point with this encoding, read as a number."""
    found = keys.point(encoding.to_bytes(32, "little"))
    assert found is not None
    return found


def multiply(factor: int, point: tuple[int, int]) -> tuple[int, int]:
    """`[factor]point`, for small factors."""
    total = (0, 1)
    for _ in range(factor):
        total = keys.add(total, point)
    return total


def encode(point: tuple[int, int]) -> bytes:
    """The canonical encoding of a point."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


if __name__ == "__main__":
    unittest.main()
