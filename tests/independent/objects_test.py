"""Rules of sections 5, 6.1 and 10 of SPEC.md that neither its examples nor the vectors reach: examples, altered."""

from __future__ import annotations

import copy
import json
import unittest
from typing import Any, Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cidery_spec import cbor, keys, manifest, policy, request, signed, verify
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

    def test_exports(self) -> None:
        def named(*names: str, module: str = "index.js") -> Change:
            return lambda value: value.update(exports=[{"name": name, "module": module} for name in names])

        self.taken(self.decode, self.value, named("./a"), named(".", "./a", "./lib/b.js"))
        self.refused("manifest.invalid", self.decode, self.value, named(), named("."), named("./a", "."), named("a"),
                     named("./a", "./a"), named("./"), named("./../a"), named("./a", module="none.js"))
        self.refused("limit.exceeded", self.decode, self.value, named(*(f"./{at:04}" for at in range(1001))))

    def test_imports(self) -> None:
        def linked(*packages: str, version: str = "1.0.0", codec: int = DAG_CBOR) -> Change:
            manifest = Cid.hashing(codec, b"other")
            links = [{"name": name, "version": version, "manifest": manifest} for name in packages]
            return lambda value: value.update(imports=links)

        self.taken(self.decode, self.value, linked("@acme/a"), linked("@acme/a", "@acme/b"))
        self.refused("manifest.imports", self.decode, self.value, linked("@acme/b", "@acme/a"),
                     linked("@acme/a", "@acme/a"))
        self.refused("cid.malformed", self.decode, self.value, linked("@acme/a", codec=RAW))
        self.refused("cbor.malformed", self.decode, self.value, linked("a"), linked("@acme/a", version="1"))
        self.refused("limit.exceeded", self.decode, self.value, linked(*(f"@acme/a{at:02}" for at in range(65))))

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


class Json(Altered):
    """SPEC 6.1 and 10.1 to 10.3: JSON from outside."""

    @staticmethod
    def decode_envelope(value: Any) -> Any:
        """As an envelope."""
        return signed.decode_envelope(json.dumps(value).encode())

    @staticmethod
    def decode_policy(value: Any) -> Any:
        """As a policy."""
        return policy.decode(json.dumps(value).encode())

    def test_other_forms(self) -> None:
        for text in ("", "[]", "1", "{}", '{"payload":"","payload":""}', "[" * 100_000, "\ud800"):
            data = text.encode("utf-8", "surrogatepass")
            limit = "limit.exceeded|" if len(data) > 8192 else ""
            with self.subTest(text[:40]), self.assertRaisesRegex(Refused, f"{limit}envelope.malformed"):
                signed.decode_envelope(data)
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
        key = EXAMPLES.text("publisher")

        def rule(**values: Any) -> Change:
            return lambda value: value["packages"]["@acme/*"].update(values)

        def log(**values: Any) -> Change:
            return lambda value: value["origins"]["log.example"].update(values)

        texts = [keys.key_to_text(some_key(number)) for number in range(65)]
        witnesses = [{"name": f"witness.example/w{number}", "key": text} for number, text in enumerate(texts)]

        def witness(**values: Any) -> Change:
            return log(witnesses=[{"name": "-", "key": texts[0], **values}])

        self.taken(self.decode_policy, value, rule(keys=texts[:16], threshold=16), log(maxAge=1), log(offlineGrace=0),
                   log(witnesses=witnesses[:64], quorum=64), log(witnesses=[], quorum=0), log(maxAge=2**32 - 1),
                   rule(channels=["stable"], minAge=0, provenance=True), witness(name="!*,~"),
                   fields(**{"$schema": "policy.schema.json"}))
        self.refused("policy.invalid", self.decode_policy, value, rule(keys=[]), rule(keys=[key, key]),
                     rule(keys=texts[:17]), rule(threshold=0), rule(threshold=2), rule(threshold=True),
                     rule(origin="other.example"), rule(egress=["A"]), log(maxAge=0), log(logKeys=[]),
                     log(logKeys=[key]), log(logKeys=[texts[0]] * 2), log(more=1), log(maxAge=2**32),
                     log(offlineGrace=-1), log(quorum=1), log(witnesses=witnesses), log(witnesses=witnesses[:1] * 2),
                     witness(name="a b"), witness(name="a+b"), witness(name=""), witness(name="a" * 129),
                     witness(key=key), witness(more=1), rule(channels=["Stable"]), rule(minAge=-1), rule(minAge=1.5),
                     rule(yanked=["none"]), rule(yanked=["worst"]), rule(provenance=1), rule(recovery={}),
                     rule(recovery={"keys": [key]}), rule(recovery={"keys": [texts[0]], "threshold": 2}),
                     lambda value: value["packages"].update({"@acme": value["packages"]["@acme/*"]}),
                     lambda value: [value["packages"]["@acme/*"].pop(pin) for pin in ("keys", "recovery")])
        with self.assertRaisesRegex(Refused, "limit.exceeded"):
            policy.decode(b" " * (MIB + 1))

    def test_requests(self) -> None:
        value = {"package": "@acme/hello", "version": "1.0.0", "manifest": str(EXAMPLES.cid("Manifest"))}
        self.taken(request.decode, value, lambda value: value.pop("manifest"))
        self.refused("request.malformed", request.decode, value, lambda value: value.pop("version"),
                     lambda value: value.pop("package"), fields(range="^1"), fields(version=1), fields(more=""))
        value = {"package": "@acme/hello", "channel": "stable", "bucket": 9_999}
        self.taken(request.decode, value, lambda value: value.pop("bucket"))
        self.refused("request.malformed", request.decode, value, fields(bucket=10_000), fields(bucket=-1),
                     fields(bucket="1"), fields(bucket=True), fields(range="^1"), lambda value: value.pop("channel"))
        self.refused("channel.malformed", request.decode, value, fields(channel="Stable"))
        self.assertIn(request.bucket("@acme/hello", "stable", "user 7"), range(10_000))

    def test_seen(self) -> None:
        known = {"size": 8, "root": "00" * 32, "packages": {"@acme/hello": 7}}
        value = {"format": "cidery-seen-v1", "logs": {"log.example": known}}
        seen = request.decode_seen(json.dumps(value))
        self.assertEqual(seen.told(), value)
        for package, sequence in (("@acme/other", 3), ("@acme/hello", 5)):
            seen = seen.forward("log.example", 9, bytes(32), package, sequence)
        self.assertEqual(seen.logs["log.example"].packages, {"@acme/hello": 7, "@acme/other": 3})


class Steps(Altered):
    """SPEC 10.4: the first step that fails names the refusal."""

    def test_entries_are_read_after_the_proofs(self) -> None:
        def decode(value: Any) -> Any:
            return verify.verify_release(REQUEST, cbor.encode(value), EXAMPLES.head, RULES, request.Seen(), NOW)

        value = cbor.decode(EXAMPLES.receipt)
        self.refused("log.proof", decode, value, lambda value: value.update(chain=[b""], record=b""))
        self.refused("cbor.malformed", decode, value, lambda value: value.update(chain=[b""]))
        self.refused("log.malformed", decode, value, lambda value: value.update(chain=[]))


def fields(**values: Any) -> Change:
    """A change of an object's own fields."""
    return lambda value: value.update(values)


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
