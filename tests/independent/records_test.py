"""SPEC 6.3, 6.8 and 7.1, rule by rule: the records of SPEC's examples, altered."""

from __future__ import annotations

import unittest
from typing import Any

from cidery_spec import authority, cbor, records, signed
from cidery_spec.cid import DAG_CBOR, RAW, Cid
from cidery_spec.errors import Refused
from examples_test import EXAMPLES
from objects_test import MIB, Altered, Change, altered, fields, some_key, words


class Records(Altered):
    """SPEC 6.3; the numbers are its own."""

    value = cbor.decode(EXAMPLES.records["release"])

    @staticmethod
    def decode(value: Any) -> Any:
        """As a record of its kind."""
        kind = f"application/vnd.cidery.{value['kind']}.v1+cbor"
        return records.decode(signed.Signed(kind, cbor.encode(value), ()))

    def test_kinds(self) -> None:
        data, kind = EXAMPLES.records["release"], "application/vnd.cidery.release.v1+cbor"
        others = {"text/plain": "envelope.type", kind.replace("v1", "v2"): "envelope.type",
                  kind.replace("release", "yank"): "cbor.malformed"}
        for other, code in others.items():
            with self.subTest(other), self.assertRaisesRegex(Refused, code):
                records.decode(signed.Signed(other, data, ()))
        for word, code in (("yank", "envelope.type"), ("other", "cbor.malformed")):
            altered_word = cbor.encode({**self.value, "kind": word})
            with self.subTest(word), self.assertRaisesRegex(Refused, code):
                records.decode(signed.Signed(kind, altered_word, ()))

    def test_places(self) -> None:
        """(1), (10)"""
        named = Cid.hashing(DAG_CBOR, b"")
        for title in EXAMPLES.story:
            value = cbor.decode(EXAMPLES.records[title])
            other = int(title == "init")
            self.refused("record.invalid", self.decode, value, fields(sequence=other), fields(sequence=2**53))
            self.refused("cid.malformed", self.decode, value, fields(prev=Cid.hashing(RAW, b"")))
            if title == "init":
                self.refused("record.invalid", self.decode, value, fields(prev=named), fields(authority=named))
            else:
                self.refused("record.invalid", self.decode, value, lambda value: value.pop("prev"),
                             lambda value: value.pop("authority"))

    def test_powers(self) -> None:
        """(2), (3), (10)"""
        held = sorted(some_key(number) for number in range(17))
        recovery = {"keys": held[:1], "threshold": 1, "delay": 0}

        def powers(**fields: Any) -> Change:
            return lambda value: (value["body"] if value["kind"] == "init" else value["body"]["to"]).update(fields)

        def floors(**fields: Any) -> Change:
            return powers(floors={"provenance": False, "witnesses": 0, **fields})

        for title in ("init", "rekey", "transfer"):
            value = cbor.decode(EXAMPLES.records[title])
            self.taken(self.decode, value, powers(keys=held[:16], threshold=16), floors(witnesses=64))
            self.refused("limit.exceeded", self.decode, value, powers(keys=held))
            self.refused("record.invalid", self.decode, value, powers(keys=[]), powers(keys=held[1::-1]),
                         powers(keys=held[:1] * 2), powers(threshold=0), powers(threshold=3), floors(witnesses=65),
                         powers(keys=held[:2], recovery=recovery), powers(recovery={**recovery, "threshold": 2}),
                         powers(recovery={**recovery, "delay": 2**53}))
            self.refused("cbor.malformed", self.decode, value, powers(keys=[bytes(32)]), floors(other=1),
                         powers(threshold=-1))

    def test_void(self) -> None:
        """(7), (10)"""
        value = cbor.decode(EXAMPLES.records["rekey"])
        held = sorted(some_key(number) for number in range(17))
        to = value["body"]["to"]

        def void(held: list[bytes], since: int = 0) -> Change:
            return body(void=[{"key": key, "fromSequence": since} for key in held])

        self.taken(self.decode, value, void([]), void(held[:16], 2**53 - 1))
        self.refused("limit.exceeded", self.decode, value, void(held))
        self.refused("record.invalid", self.decode, value, void(held[1::-1]), void(held[:1] * 2),
                     void(held[:1], 2**53), void(to["keys"]), void(to["recovery"]["keys"]))
        self.refused("cbor.malformed", self.decode, value, body(by="others"), body(nextVersionFloor="1"))

    def test_yanks(self) -> None:
        """(8)"""
        value = cbor.decode(EXAMPLES.records["yank"])
        self.taken(self.decode, value, body(severity="none", reason="restored"), body(text="ä" * 256),
                   lambda value: value["body"].pop("text"), lambda value: value["body"].pop("replacement"))
        hidden = "\0\n\x7f\x9f\xad\u061c\u200b\u200f\u2028\u202e\u2060\u206f\ufeff"
        self.refused("record.invalid", self.decode, value, body(severity="none"), body(reason="restored"),
                     body(text=""), body(text="ä" * 257), body(replacement="1.0.0"),
                     *(body(text=f"a{character}") for character in hidden))
        self.refused("cbor.malformed", self.decode, value, body(severity="worst"), body(reason="none"), body(text=1))

    def test_channels(self) -> None:
        """(9)"""
        value = cbor.decode(EXAMPLES.records["channel"])

        def targets(*weights: int, last: str = "") -> Change:
            versions = [f"1.0.{number}" for number in range(len(weights))]
            named = [{"version": each, "record": EXAMPLES.cid("Record: release")} for each in versions]
            if last:
                named[-1]["version"] = last
            return body(targets=[{"release": each, "weight": weight} for each, weight in zip(named, weights)])

        self.taken(self.decode, value, targets(), targets(10_000), targets(*[625] * 16), body(name="a" * 64))
        self.refused("limit.exceeded", self.decode, value, targets(*[1] * 17))
        self.refused("record.invalid", self.decode, value, targets(9_999), targets(10_001), targets(10_000, 0),
                     targets(5_000, 5_000, last="1.0.0"))
        wrong = ("", "A", "1", "-a", "a" * 65, "a_b", "é")
        self.refused("cbor.malformed", self.decode, value, *(body(name=name) for name in wrong))
        dealt = altered(value, targets(1, 9_999))["body"]
        named = [records.target(dealt, bucket) for bucket in (0, 1, 9_999, 10_000)]
        self.assertEqual([each and each["version"] for each in named], ["1.0.0", "1.0.1", "1.0.1", None])

    def test_attestations(self) -> None:
        value = cbor.decode(EXAMPLES.records["attest"])
        self.taken(self.decode, value, body(predicate="a" * 256))
        wrong = (body(predicate=""), body(predicate="a" * 257), body(predicate="é"))
        self.refused("record.invalid", self.decode, value, *wrong)
        self.refused("limit.exceeded", self.decode, value,
                     lambda value: value["body"]["statement"].update(size=MIB + 1))

    def test_npm(self) -> None:
        """(5), (6)"""
        def npm(checked: Any, **texts: str) -> Change:
            return body(npm={"name": "hono", "version": "1.0.0", "integrity": "sha512-a", **texts, "checked": checked})

        self.taken(self.decode, self.value, npm([]), npm(["a-1", "b"]), npm(words(16)), npm(["a" * 64]))
        wrong = ([""], ["A"], ["a b"], ["b", "a"], ["a", "a"], ["a" * 65])
        self.refused("record.invalid", self.decode, self.value, *map(npm, wrong))
        self.refused("limit.exceeded", self.decode, self.value, npm(words(17)))
        self.refused("record.invalid", self.decode, self.value, npm([], name=""), npm([], version="a" * 257),
                     fields(package="@npm/hono"))
        self.refused("cbor.malformed", self.decode, self.value, npm("a"), npm([1]))

    def test_provenance(self) -> None:
        """(4)"""
        cids = sorted(Cid.hashing(RAW, b"%d" % number) for number in range(17))

        def provenance(cids: list, size: int = MIB) -> Change:
            return body(provenance=[{"cid": cid, "size": size, "subject": bytes(32)} for cid in cids])

        self.taken(self.decode, self.value, provenance(cids[:16]))
        self.refused("limit.exceeded", self.decode, self.value, provenance(cids), provenance(cids[:1], MIB + 1))
        self.refused("record.invalid", self.decode, self.value, provenance(cids[1::-1]), provenance(cids[:1] * 2))
        self.refused("cid.malformed", self.decode, self.value, provenance([Cid.hashing(DAG_CBOR, b"")]))
        self.refused("cbor.malformed", self.decode, self.value, provenance(cids[:1], -1), provenance([b""]))

    def test_length(self) -> None:
        """SPEC 6.2: no envelope holds more."""
        long = signed.Signed("application/vnd.cidery.release.v1+cbor", bytes(8193), ())
        with self.assertRaisesRegex(Refused, "limit.exceeded"):
            records.decode(long)


class Entries(Altered):
    """SPEC 6.8 and 7.1."""

    entry = cbor.decode(EXAMPLES.entries["release"])

    @staticmethod
    def decode(value: Any) -> Any:
        """As a log entry."""
        return signed.decode_entry(cbor.encode(value))

    def test_forms(self) -> None:
        def signatures(count: int) -> Change:
            signing = sorted(some_key(number) for number in range(count))
            return fields(signatures=[{"key": key, "sig": bytes(64)} for key in signing])

        self.taken(self.decode, self.entry, signatures(0), signatures(32), fields(time=2**53 - 1))
        self.refused("limit.exceeded", self.decode, self.entry, signatures(33))
        self.refused("cbor.malformed", self.decode, self.entry, fields(kind="other"), fields(time=2**53),
                     lambda value: value["signatures"][0].update(key=bytes(32)), lambda value: value.pop("time"),
                     lambda value: value.update(signatures=value["signatures"] * 2))
        with self.assertRaisesRegex(Refused, "cbor.malformed"):
            signed.decode_signed(EXAMPLES.entries["release"])

    def test_signatures_come_first(self) -> None:
        """SPEC 6.4: a signature that is invalid is refused before a record that does not fit."""
        first, _ = signed.decode_entry(EXAMPLES.entries["init"])
        above = authority.begin(first, records.decode(first))
        entry = altered(self.entry, lambda value: value["signatures"][0].update(sig=bytes(64)))
        entry["payload"] = cbor.encode({**Records.value, "package": "@acme/other"})
        opened, _ = self.decode(entry)
        with self.assertRaisesRegex(Refused, "envelope.signature"):
            authority.allow(above, opened, records.decode(opened))

    def test_others_do_not_count(self) -> None:
        """SPEC 6.5: a signature by nobody who is asked is not looked at."""
        first, _ = signed.decode_entry(EXAMPLES.entries["init"])
        above = authority.begin(first, records.decode(first))
        extra = altered(self.entry, lambda value: value["signatures"].append({"key": some_key(0), "sig": bytes(64)}))
        extra["signatures"].sort(key=lambda each: each["key"])
        opened, _ = self.decode(extra)
        said = authority.allow(above, opened, records.decode(opened))
        self.assertEqual(said.signers, {EXAMPLES.public("publisher")})


def body(**values: Any) -> Change:
    """A change of a record's body."""
    return lambda value: value["body"].update(values)


if __name__ == "__main__":
    unittest.main()
