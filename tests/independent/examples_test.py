"""The literal examples of SPEC.md, section 15: each is what it says to be, and no byte of them can be another one."""

from __future__ import annotations

import hashlib
import re
import unittest
from pathlib import Path
from typing import Any, Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cidery_spec import cbor, keys, manifest, notes, policy, records, release, verify
from cidery_spec.cid import DAG_CBOR, RAW, Cid
from cidery_spec.errors import Refused, require
from cidery_spec.ranges import Range

SPEC = Path(__file__).resolve().parents[2] / "SPEC.md"
NOW = 1_790_000_000


class Examples:
    """Section 15, by the numbers of its parts."""

    def __init__(self) -> None:
        parts = re.split(r"^### (15\.\d+) .*$", SPEC.read_text("utf-8"), flags=re.MULTILINE)
        self.parts = dict(zip(parts[1::2], parts[2::2]))
        self.blob = self.block("15.2", 0).encode()
        self.manifest, self.init, self.release = self.hex("15.3"), self.hex("15.4"), self.hex("15.5")
        self.envelope = self.block("15.6", 0).rstrip("\n").encode()
        self.entry = self.hex("15.7")
        self.small, self.large = self.block("15.8", 0).encode(), self.block("15.9", 0).encode()
        self.receipt, self.head = self.hex("15.10"), self.hex("15.11")
        rows = re.findall(r"^\| (\w+) \| `(\w\w)` × 32 \| `(\w+)` \| `(\w+)` \|$", self.parts["15.1"], re.MULTILINE)
        self.keys = {role: (bytes.fromhex(seed) * 32, bytes.fromhex(key), text) for role, seed, key, text in rows}

    def block(self, part: str, number: int) -> str:
        """A fenced block of a part, with the newline that ends it."""
        return re.findall(r"^```\w*\n(.*?)^```$", self.parts[part], re.MULTILINE | re.DOTALL)[number]

    def hex(self, part: str) -> bytes:
        """The last block of a part, whose length the text says."""
        data = bytes.fromhex(self.block(part, -1))
        said = re.findall(r"(\d+) bytes:$", self.parts[part], re.MULTILINE)
        assert said == [str(len(data))], f"{part} says {said} and has {len(data)} bytes"
        return data

    def cid(self, part: str) -> Cid:
        """The CID that a part says."""
        return Cid.from_text(re.findall(r"^CID `(\w+)`", self.parts[part], re.MULTILINE)[0])

    def public(self, role: str) -> bytes:
        """The public key of a role."""
        return self.keys[role][1]


EXAMPLES = Examples()
#: Pins the keys of the examples, and nothing else.
POLICY = """{
    "origins": { "log.example": { "logKeys": ["%s"], "cosigner": "%s" } },
    "packages": { "@acme/*": { "origin": "log.example", "keys": ["%s"], "egress": ["api.example.com"] } }
}""" % tuple(EXAMPLES.keys[role][2] for role in ("log", "cosigner", "publisher"))
RULES = policy.decode(POLICY.encode())
REQUEST = verify.Request("@acme/hello", range=Range("^1"))


class Forms(unittest.TestCase):
    """Each example is what its part says."""

    def test_keys(self) -> None:
        self.assertEqual(set(EXAMPLES.keys), {"publisher", "log", "cosigner"})
        for seed, public, text in EXAMPLES.keys.values():
            self.assertEqual(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw(), public)
            self.assertEqual((keys.key_to_text(public), keys.key_from_text(text)), (text, public))

    def test_blob(self) -> None:
        named = EXAMPLES.cid("15.2")
        self.assertEqual(Cid.hashing(RAW, EXAMPLES.blob), named)
        self.assertIn(f"binary `{named.binary.hex()}`", EXAMPLES.parts["15.2"])

    def test_objects(self) -> None:
        for part, data in (("15.3", EXAMPLES.manifest), ("15.4", EXAMPLES.init), ("15.5", EXAMPLES.release)):
            self.assertEqual(Cid.hashing(DAG_CBOR, data), EXAMPLES.cid(part))
        for part in ("15.3", "15.4", "15.5", "15.7", "15.10", "15.11"):
            decoded = cbor.decode(EXAMPLES.hex(part))
            self.assertEqual(cbor.encode(decoded), EXAMPLES.hex(part))
            self.assertEqual(notation(decoded, inside=part in ("15.7", "15.10", "15.11")), EXAMPLES.block(part, 0)[:-1])

    def test_manifest(self) -> None:
        (module,) = manifest.decode(EXAMPLES.manifest)["modules"]
        manifest.check_module(module, EXAMPLES.blob)

    def test_envelope_and_entry(self) -> None:
        envelope = records.decode_envelope(EXAMPLES.envelope)
        self.assertEqual(envelope.payload, EXAMPLES.release)
        self.assertIn(f"Signed: `{envelope.signing_input.hex()}`", EXAMPLES.parts["15.6"])
        ((_, signature),) = envelope.signatures
        entry = {
            "kind": "record",
            "type": envelope.type,
            "payload": envelope.payload,
            "signatures": [{"key": EXAMPLES.public("publisher"), "sig": signature}],
        }
        self.assertEqual(cbor.encode(entry), EXAMPLES.entry)

    def test_receipt_and_head(self) -> None:
        receipt, head = cbor.decode(EXAMPLES.receipt), cbor.decode(EXAMPLES.head)
        self.assertEqual(receipt["release"], EXAMPLES.entry)
        self.assertEqual((receipt["checkpoint"], head["checkpoint"]), (EXAMPLES.small, EXAMPLES.large))
        (init,) = release.decode_receipt(EXAMPLES.receipt).chain
        self.assertEqual(records.decode_entry(init).payload, EXAMPLES.init)
        resolution = {"format": "cidery-resolution-v1", "receipt": EXAMPLES.receipt, "head": EXAMPLES.head}
        self.assertIn(f"{len(cbor.encode(resolution))} bytes", EXAMPLES.parts["15.12"])
        self.assertEqual(release.decode_resolution(cbor.encode(resolution)), (EXAMPLES.receipt, EXAMPLES.head))


class Verdict(unittest.TestCase):
    """The examples together are a release that verifies."""

    def test_verdict(self) -> None:
        found = check_release(EXAMPLES.receipt, EXAMPLES.head)
        decoded = verify.verify_manifest(found, EXAMPLES.manifest)
        self.assertEqual(
            verify.verdict(found, decoded),
            {
                "package": "@acme/hello",
                "version": "1.0.0",
                "record": str(EXAMPLES.cid("15.5")),
                "sequence": 1,
                "index": 1,
                "manifest": str(EXAMPLES.cid("15.3")),
                "signers": [EXAMPLES.keys["publisher"][2]],
                "init": str(EXAMPLES.cid("15.4")),
                "origin": "log.example",
                "head": {"size": 3, "root": notes.decode(EXAMPLES.large).root.hex(), "time": NOW},
                "egress": ["api.example.com"],
                "validUntil": NOW + 86_400,
            },
        )


class Flips(unittest.TestCase):
    """No byte of an example can be another one."""

    def refuses_flips(self, data: bytes, check: Callable[[bytes], Any]) -> None:
        """`check` takes `data`, and not with any bit of any byte flipped; the bit is another one from byte to byte."""
        check(data)
        for place in range(len(data)):
            flipped = bytearray(data)
            flipped[place] ^= 1 << place % 8
            with self.assertRaises(Refused, msg=f"byte {place} of {len(data)}"):
                check(bytes(flipped))

    def test_blob(self) -> None:
        self.refuses_flips(EXAMPLES.blob, EXAMPLES.cid("15.2").check)
        by_sha256 = {**manifest.decode(EXAMPLES.manifest)["modules"][0], "sha256": hashlib.sha256(b"").digest()}
        with self.assertRaisesRegex(Refused, "module.sha256"):
            manifest.check_module(by_sha256, EXAMPLES.blob)

    def test_objects(self) -> None:
        self.refuses_flips(EXAMPLES.init, EXAMPLES.cid("15.4").check)
        self.refuses_flips(EXAMPLES.release, EXAMPLES.cid("15.5").check)
        found = check_release(EXAMPLES.receipt, EXAMPLES.head)
        self.refuses_flips(EXAMPLES.manifest, lambda data: verify.verify_manifest(found, data))

    def test_envelope(self) -> None:
        publisher = EXAMPLES.public("publisher")

        def check(data: bytes) -> None:
            envelope = records.decode_envelope(data)
            ((_, signature),) = envelope.signatures
            keys.check(publisher, signature, envelope.signing_input, "envelope.signature")

        self.refuses_flips(EXAMPLES.envelope, check)

    def test_entry(self) -> None:
        (init,) = release.decode_receipt(EXAMPLES.receipt).chain
        authority = records.decode_record(records.decode_entry(init))

        def check(data: bytes) -> None:
            entry = records.decode_entry(data)
            records.check_release(entry, records.decode_record(entry), authority)

        self.refuses_flips(EXAMPLES.entry, check)

    def test_checkpoints(self) -> None:
        log, cosigner = EXAMPLES.public("log"), EXAMPLES.public("cosigner")

        def check_small(data: bytes) -> None:
            notes.decode(data).check_log([log])

        def check_large(data: bytes) -> None:
            checkpoint = notes.decode(data)
            checkpoint.check_log([log])
            require(checkpoint.timestamp(cosigner) == NOW, "log.timestamp", "another time")

        self.refuses_flips(EXAMPLES.small, check_small)
        self.refuses_flips(EXAMPLES.large, check_large)

    def test_receipt(self) -> None:
        self.refuses_flips(EXAMPLES.receipt, lambda data: check_release(data, EXAMPLES.head))

    def test_head(self) -> None:
        self.refuses_flips(EXAMPLES.head, lambda data: check_release(EXAMPLES.receipt, data))


def check_release(receipt: bytes, head: bytes) -> verify.Release:
    """Steps (1) to (11) over the examples."""
    return verify.verify_release(REQUEST, receipt, head, RULES, verify.Seen(), NOW)


def notation(value: Any, indent: str = "", inside: bool = False) -> str:
    """How section 15 writes objects; `inside` shows long byte strings by their length."""
    deeper = indent + "  "
    if isinstance(value, dict):
        lines = [f"{deeper}{quoted(key)}: {notation(value[key], deeper, inside)},\n" for key in sorted(value)]
        return "{\n" + "".join(lines) + indent + "}"
    if isinstance(value, list):
        return "[" + ", ".join(notation(each, indent, inside) for each in value) + "]"
    if isinstance(value, bytes):
        return f"h'…' ({len(value)} bytes)" if inside and len(value) > 64 else f"h'{value.hex()}'"
    if isinstance(value, Cid):
        return f"42({value})"
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    """Text in quotes; the examples hold nothing that would have to be escaped."""
    return f'"{text}"'


if __name__ == "__main__":
    unittest.main()
