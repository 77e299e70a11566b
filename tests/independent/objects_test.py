"""Rules of sections 5, 6, 7 and 10 of SPEC.md that neither its examples nor the vectors reach: examples, altered."""

from __future__ import annotations

import copy
import json
import unittest
from typing import Any, Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cidery_spec import cbor, keys, manifest, policy, records, release, verify
from cidery_spec.cid import DAG_CBOR, RAW, Cid
from cidery_spec.errors import Refused
from examples_test import EXAMPLES, NOW, POLICY, REQUEST, RULES

MIB = 1 << 20
Change = Callable[[Any], Any]


class Altered(unittest.TestCase):
    """What comes of an object in which one thing was changed."""

    def refused(self, code: str, decode: Callable[[Any], Any], value: Any, *changes: Change) -> None:
        """Each of the changes alone is refused with `code`."""
        for number, change in enumerate(changes):
            with self.subTest(code=code, number=number), self.assertRaisesRegex(Refused, f"^{code}: "):
                decode(altered(value, change))

    def taken(self, decode: Callable[[Any], Any], value: Any, *changes: Change) -> None:
        """Each of the changes alone is as good as none."""
        for number, change in enumerate(changes):
            with self.subTest(number=number):
                decode(altered(value, change))


def altered(value: Any, change: Change) -> Any:
    """A copy of `value`, changed in its place."""
    copied = copy.deepcopy(value)
    change(copied)
    return copied


class Manifests(Altered):
    """SPEC 5.2."""

    value = cbor.decode(EXAMPLES.manifest)

    @staticmethod
    def decode(value: Any) -> Any:
        """As a manifest."""
        return manifest.decode(cbor.encode(value))

    def test_hosts(self) -> None:
        right = ("a", "1.2.3.4", "-a.b-", "a:1", "a:65535", "a" * 253, "a" * 253 + ":65535")
        self.taken(self.decode, self.value, *(egress([host]) for host in right))
        wrong = ("", ".", "a.", ".a", "a..b", "A", "a_b", "é", "a/b", "a:", "a:0", "a:01", "a:65536", "a" * 254)
        self.refused("manifest.invalid", self.decode, self.value, *(egress([host]) for host in wrong))
        self.refused("manifest.invalid", self.decode, self.value, egress(["b", "a"]), egress(["a", "a"]))

    def test_counts(self) -> None:
        def flags(count: int) -> Change:
            return lambda value: value["compatibility"].update(flags=words(count))

        def bindings(count: int) -> Change:
            return lambda value: value["needs"].update(bindings=words(count))

        def bundled(count: int) -> Change:
            return lambda value: value.update(bundled=[{"name": word, "version": "1"} for word in words(count)])

        most = (flags(256), bindings(256), egress(words(256)), bundled(10_000))
        self.taken(self.decode, self.value, *most)
        more = (flags(257), bindings(257), egress(words(257)), bundled(10_001))
        self.refused("limit.exceeded", self.decode, self.value, *more)

    def test_source_maps(self) -> None:
        """All of them together are bounded as all modules are."""
        def two_maps(size: int) -> Change:
            def change(value: Any) -> None:
                paths = ["index.js", "other.js"]
                value["modules"] = [{**value["modules"][0], "path": path} for path in paths]
                value["sourceMaps"] = [
                    {"module": path, "cid": Cid.hashing(RAW, path.encode()), "size": size} for path in paths
                ]
            return change

        self.taken(self.decode, self.value, two_maps(32 * MIB))
        self.refused("limit.exceeded", self.decode, self.value, two_maps(32 * MIB + 1))


class Records(Altered):
    """SPEC 6 and 7.1."""

    value = cbor.decode(EXAMPLES.release)
    entry = cbor.decode(EXAMPLES.entry)

    @staticmethod
    def decode(value: Any) -> Any:
        """As a release."""
        kind = "application/vnd.cidery.release.v1+cbor"
        return records.decode_record(records.Signed(kind, cbor.encode(value), ()))

    @staticmethod
    def decode_entry(value: Any) -> Any:
        """As a log entry."""
        return records.decode_entry(cbor.encode(value))

    def test_npm(self) -> None:
        def npm(checked: Any, **texts: str) -> Change:
            fields = {"name": "hono", "version": "1.0.0", "integrity": "sha512-a", **texts, "checked": checked}
            return lambda value: value["body"].update(npm=fields)

        self.taken(self.decode, self.value, npm([]), npm(["a-1", "b"]), npm(words(16)), npm(["a" * 64]))
        wrong = ([""], ["A"], ["a b"], ["b", "a"], ["a", "a"], ["a" * 65], words(17))
        self.refused("record.invalid", self.decode, self.value, *map(npm, wrong))
        self.refused("record.invalid", self.decode, self.value, npm([], name=""), npm([], version="a" * 257))
        self.refused("cbor.malformed", self.decode, self.value, npm("a"), npm([1]))

    def test_provenance(self) -> None:
        cids = sorted(Cid.hashing(RAW, b"%d" % number) for number in range(17))

        def provenance(cids: list, size: int = MIB) -> Change:
            entries = [{"cid": cid, "size": size, "subject": bytes(32)} for cid in cids]
            return lambda value: value["body"].update(provenance=entries)

        self.taken(self.decode, self.value, provenance(cids[:16]))
        self.refused("limit.exceeded", self.decode, self.value, provenance(cids), provenance(cids[:1], MIB + 1))
        self.refused("record.invalid", self.decode, self.value, provenance(cids[1::-1]), provenance(cids[:1] * 2))
        self.refused("cid.malformed", self.decode, self.value, provenance([Cid.hashing(DAG_CBOR, b"")]))
        self.refused("cbor.malformed", self.decode, self.value, provenance(cids[:1], -1), provenance([b""]))

    def test_entries(self) -> None:
        def signatures(count: int) -> Change:
            signing = sorted(some_key(number) for number in range(count))
            return lambda value: value.update(signatures=[{"key": key, "sig": bytes(64)} for key in signing])

        self.taken(self.decode_entry, self.entry, signatures(32))
        self.refused("limit.exceeded", self.decode_entry, self.entry, signatures(33))
        self.refused("cbor.malformed", self.decode_entry, self.entry, lambda value: value.update(kind="other"),
                     lambda value: value["signatures"][0].update(key=bytes(32)))

    def test_signatures_come_first(self) -> None:
        """SPEC 6.4: a signature that is invalid is refused before a record that does not fit."""
        (init,) = release.decode_receipt(EXAMPLES.receipt).chain
        authority = records.decode_record(records.decode_entry(init))
        entry = altered(self.entry, lambda value: value["signatures"][0].update(sig=bytes(64)))
        entry["payload"] = cbor.encode({**self.value, "package": "@acme/other"})
        signed = self.decode_entry(entry)
        with self.assertRaisesRegex(Refused, "envelope.signature"):
            records.check_release(signed, records.decode_record(signed), authority)


class Json(Altered):
    """SPEC 6.1, 10.1 and 10.2: JSON from outside."""

    @staticmethod
    def decode_envelope(value: Any) -> Any:
        """As an envelope."""
        return records.decode_envelope(json.dumps(value).encode())

    @staticmethod
    def decode_policy(value: Any) -> Any:
        """As a policy."""
        return policy.decode(json.dumps(value).encode())

    def test_other_forms(self) -> None:
        for text in ("", "[]", "1", "{}", '{"payload":"","payload":""}', "[" * 100_000, "\ud800"):
            data = text.encode("utf-8", "surrogatepass")
            limit = "limit.exceeded|" if len(data) > 8192 else ""
            with self.subTest(text[:40]), self.assertRaisesRegex(Refused, f"{limit}envelope.malformed"):
                records.decode_envelope(data)
            with self.subTest(text[:40]), self.assertRaisesRegex(Refused, "policy.invalid"):
                policy.decode(data)

    def test_envelopes(self) -> None:
        value = json.loads(EXAMPLES.envelope)

        def signatures(count: int) -> Change:
            return lambda value: value.update(signatures=value["signatures"] * count)

        self.taken(self.decode_envelope, value, signatures(0), signatures(32))
        self.refused("limit.exceeded", self.decode_envelope, value, signatures(33))
        self.refused("envelope.malformed", self.decode_envelope, value, lambda value: value.update(more=1),
                     lambda value: value["signatures"][0].update(sig="AAAA"))

    def test_policies(self) -> None:
        value = json.loads(POLICY)
        key = EXAMPLES.keys["publisher"][2]

        def rule(**fields: Any) -> Change:
            return lambda value: value["packages"]["@acme/*"].update(fields)

        def log(**fields: Any) -> Change:
            return lambda value: value["origins"]["log.example"].update(fields)

        texts = [keys.key_to_text(some_key(number)) for number in range(17)]
        self.taken(self.decode_policy, value, rule(keys=texts[:16], threshold=16), log(maxAge=1))
        self.refused("policy.invalid", self.decode_policy, value, rule(keys=[]), rule(keys=[key, key]),
                     rule(keys=texts), rule(threshold=0), rule(threshold=2), rule(threshold=True),
                     rule(origin="other.example"), rule(egress=["A"]), log(maxAge=0), log(logKeys=[]),
                     log(logKeys=[key]), log(logKeys=[texts[0]] * 2), log(more=1),
                     lambda value: value["packages"].update({"@acme": value["packages"]["@acme/*"]}))

    def test_requests(self) -> None:
        named = str(EXAMPLES.cid("15.3"))
        value = {"package": "@acme/hello", "version": "1.0.0", "manifest": named}
        self.taken(verify.Request.from_json, value, lambda value: value.pop("manifest"))
        self.refused("request.malformed", verify.Request.from_json, value, lambda value: value.pop("version"),
                     lambda value: value.pop("package"), lambda value: value.update(range="^1"),
                     lambda value: value.update(version=1), lambda value: value.update(more=""))


class Steps(Altered):
    """SPEC 10.4: the first step that fails names the refusal."""

    def test_entries_are_read_after_the_proofs(self) -> None:
        def decode(value: Any) -> Any:
            return verify.verify_release(REQUEST, cbor.encode(value), EXAMPLES.head, RULES, verify.Seen(), NOW)

        value = cbor.decode(EXAMPLES.receipt)
        self.refused("log.proof", decode, value, lambda value: value.update(chain=[b""], release=b""))
        self.refused("cbor.malformed", decode, value, lambda value: value.update(chain=[b""]))
        self.refused("log.malformed", decode, value, lambda value: value.update(chain=[]))


def egress(hosts: list[str]) -> Change:
    """A change of a manifest's hosts."""
    return lambda value: value["needs"].update(egress=hosts)


def words(count: int) -> list[str]:
    """So many words, sorted, each once."""
    return [f"w{number:05}" for number in range(count)]


def some_key(number: int) -> bytes:
    """A key of nobody, another one for each number."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([100 + number]) * 32)
    return private.public_key().public_bytes_raw()


if __name__ == "__main__":
    unittest.main()
