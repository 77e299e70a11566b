"""The literal examples of SPEC.md, section 15: each is what it says to be, and no byte of them can be another one."""

from __future__ import annotations

import hashlib
import re
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import making
from cidery_spec import (
    authority, cbor, keys, log, lookup, manifest, maps, notes, package, policy, records, release, signed, state, verify,
)
from cidery_spec.cid import DAG_CBOR, RAW, Cid
from cidery_spec.errors import Refused, require
from cidery_spec.request import Request, Seen, SeenLog

SPEC = Path(__file__).resolve().parents[2] / "SPEC.md"
RECORD, ENTRY = "Record: ", "Log entry: "


class Examples:
    """Section 15, by the titles of its parts."""

    def __init__(self) -> None:
        parts = re.split(r"^### 15\.\d+ (.*)$", SPEC.read_text("utf-8"), flags=re.MULTILINE)
        titles = [title + " again" * parts[:place].count(title) for place, title in enumerate(parts)]
        self.parts = dict(zip(titles[1::2], parts[2::2]))
        self.blob = self.block("Blob", 0).encode()
        self.manifest = self.hex("Manifest")
        self.story = [title[len(RECORD) :] for title in self.parts if title.startswith(RECORD)]
        self.records = {title: self.hex(RECORD + title) for title in self.story}
        self.log = {title[len(ENTRY) :]: self.hex(title) for title in self.parts if title.startswith(ENTRY)}
        #: Those of the package.
        self.entries = {title: self.log[title] for title in self.story}
        self.envelope = self.block("Envelope of the release", 0).rstrip("\n").encode()
        self.signed = self.hex("Signed record: release")
        small, large = (title for title in self.parts if title.startswith("Checkpoint of size "))
        self.small, self.large = self.block(small, 0).encode(), self.block(large, 0).encode()
        self.head_time = int(re.findall(r"cosigned at (\d+)", large)[0])
        (head,) = (title for title in self.parts if title.startswith("Head"))
        self.receipt, self.head = self.hex("Receipt of the release"), self.hex(head)
        self.state, self.page = self.hex("State of the package"), self.hex("Page of the map")
        self.proof, self.no_proof = self.hex("Proof of a package"), self.hex("Proof that there is no `@acme/none`")
        #: Those of whole objects, in which long byte strings are shown by their length.
        self.outer = [ENTRY + title for title in self.log] + [
            "Signed record: release", "Receipt of the release", head,
            "Proof of a package", "Proof that there is no `@acme/none`",
        ]
        rows = re.findall(r"^\| (\w+) \| `(\w\w)` × 32 \| `(\w+)` \| `(\w+)` \|$", self.parts["Keys"], re.MULTILINE)
        #: Role, secret seed, public key and its text.
        self.keys = [(role, bytes.fromhex(seed) * 32, bytes.fromhex(key), text) for role, seed, key, text in rows]

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
        """The first public key of a role."""
        return next(key for each, _, key, _ in self.keys if each == role)

    def text(self, role: str) -> str:
        """The same, as text."""
        return keys.key_to_text(self.public(role))


EXAMPLES = Examples()
NOW = EXAMPLES.head_time
#: Pins the keys of the examples, and nothing else.
POLICY = """{
    "origins": { "log.example": { "logKeys": ["%s"], "cosigner": "%s" } },
    "packages": { "@acme/*": {
        "origin": "log.example", "keys": ["%s"], "recovery": { "keys": ["%s"], "threshold": 1 },
        "channels": ["stable"], "yanked": ["high"], "egress": ["api.example.com"]
    } }
}""" % tuple(map(EXAMPLES.text, ("log", "cosigner", "publisher", "recovery")))
RULES = policy.decode(POLICY.encode())
REQUEST = Request("@acme/hello", channel="stable")
SMALL = notes.decode(EXAMPLES.small)
#: What the client of the examples has seen.
SEEN = Seen({"log.example": SeenLog(SMALL.size, SMALL.root, {"@acme/hello": 1})})


class Forms(unittest.TestCase):
    """Each example is what its part says."""

    def test_keys(self) -> None:
        self.assertEqual({role for role, *_ in EXAMPLES.keys}, {"publisher", "log", "cosigner", "recovery"})
        for _, seed, public, text in EXAMPLES.keys:
            self.assertEqual(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw(), public)
            self.assertEqual((keys.key_to_text(public), keys.key_from_text(text)), (text, public))

    def test_blob(self) -> None:
        named = EXAMPLES.cid("Blob")
        self.assertEqual(Cid.hashing(RAW, EXAMPLES.blob), named)
        self.assertIn(f"binary `{named.binary.hex()}`", EXAMPLES.parts["Blob"])

    def test_every_kind_is_there(self) -> None:
        self.assertEqual({title.split()[0] for title in EXAMPLES.story}, set(records.KINDS))
        self.assertIn("rekey by recovery keys", EXAMPLES.story)

    def test_objects(self) -> None:
        self.assertEqual(Cid.hashing(DAG_CBOR, EXAMPLES.manifest), EXAMPLES.cid("Manifest"))
        for title, data in EXAMPLES.records.items():
            self.assertEqual(Cid.hashing(DAG_CBOR, data), EXAMPLES.cid(RECORD + title), title)
        inner = ["Manifest", "State of the package", "Page of the map", *(RECORD + title for title in EXAMPLES.story)]
        for part in inner + EXAMPLES.outer:
            decoded = cbor.decode(EXAMPLES.hex(part))
            self.assertEqual(cbor.encode(decoded), EXAMPLES.hex(part), part)
            self.assertEqual(notation(decoded, inside=part in EXAMPLES.outer), EXAMPLES.block(part, 0)[:-1], part)

    def test_manifest(self) -> None:
        (module,) = manifest.decode(EXAMPLES.manifest)["modules"]
        manifest.check_module(module, EXAMPLES.blob)

    def test_what_is_said_of_the_manifest(self) -> None:
        """SPEC 6.2: statements name the SHA-256 of the release's manifest."""
        digest = hashlib.sha256(EXAMPLES.manifest).digest()
        made, attested = (cbor.decode(EXAMPLES.records[title])["body"] for title in ("release", "attest"))
        self.assertEqual(made["manifest"], EXAMPLES.cid("Manifest"))
        self.assertEqual([each["subject"] for each in (*made["provenance"], attested["statement"])], [digest] * 2)

    def test_envelope_signed_record_and_entries(self) -> None:
        envelope = signed.decode_envelope(EXAMPLES.envelope)
        self.assertEqual(envelope.payload, EXAMPLES.records["release"])
        self.assertIn(f"Signed: `{envelope.signing_input.hex()}`", EXAMPLES.parts["Envelope of the release"])
        ((_, signature),) = envelope.signatures
        fields = {
            "type": envelope.type,
            "payload": envelope.payload,
            "signatures": [{"key": EXAMPLES.public("publisher"), "sig": signature}],
        }
        self.assertEqual(cbor.encode(fields), EXAMPLES.signed)
        self.assertEqual(signed_record("release"), EXAMPLES.signed)
        for title in EXAMPLES.story:
            self.assertEqual(signed.decode_entry(EXAMPLES.entries[title])[0].payload, EXAMPLES.records[title])

    def test_log(self) -> None:
        """The checkpoints are over the entries, and the maps over the packages before them."""
        replayed = log.Log("log.example")
        found = {}
        for title, entry in EXAMPLES.log.items():
            replayed.add(entry)
            if title.startswith("map"):
                found[title] = maps.root(replayed.values())
                checkpoint = notes.decode(EXAMPLES.large if "again" in title else EXAMPLES.small)
                replayed.check(checkpoint)
                self.assertEqual(entry, signed.MapEntry(found[title], signed.decode_map_entry(entry).time).encode())
        self.assertEqual(list(found), ["map", "map again"])
        self.assertEqual(set(replayed.states), {"@acme/hello", "@acme/other"})
        self.assertEqual(maps.pages(replayed.values()), {found["map again"]: EXAMPLES.page})
        maps.decode_page(EXAMPLES.page, found["map again"], b"")

        self.assertEqual(state.encode(replayed.states["@acme/hello"]), EXAMPLES.state)
        self.assertEqual(state.name(EXAMPLES.state), EXAMPLES.cid("State of the package"))
        self.assertEqual(replayed.values()[maps.key("@acme/hello")], EXAMPLES.cid("State of the package"))
        self.assertEqual(release.decode_package_proof(EXAMPLES.proof).state, state.encode(replayed.states["@acme/other"]))
        for name in ("@acme/hello", "@acme/other", "@acme/none"):
            key = maps.key(name)
            maps.path(replayed.values(), key).check(found["map again"], key, replayed.values().get(key))

    def test_receipt_and_head(self) -> None:
        receipt, head = release.decode_receipt(EXAMPLES.receipt), release.decode_head(EXAMPLES.head)
        self.assertEqual(receipt.record, EXAMPLES.entries["release"])
        self.assertEqual(receipt.chain, [signed_record("init")])
        told = head.standing
        self.assertEqual(told.chain, [signed_record(title) for title in ("rekey", "transfer", "rekey by recovery keys")])
        self.assertEqual((told.yank, told.channel), (signed_record("yank"), signed_record("channel")))
        self.assertEqual((told.state, told.map.entry), (EXAMPLES.state, EXAMPLES.log["map again"]))
        replayed, _, _ = package.replay(EXAMPLES.entries.values())
        after = replayed.settled()
        self.assertEqual([leaf for _, leaf in told.versions.held], state.versions(after))
        self.assertEqual([leaf for _, leaf in told.channels.held], state.channels(after))
        self.assertEqual(
            (cbor.decode(EXAMPLES.receipt)["checkpoint"], cbor.decode(EXAMPLES.head)["checkpoint"]),
            (EXAMPLES.small, EXAMPLES.large),
        )
        resolution = {"format": "cidery-resolution-v1", "receipt": EXAMPLES.receipt, "head": EXAMPLES.head}
        self.assertIn(f"{len(cbor.encode(resolution))} bytes", EXAMPLES.parts["Resolution"])
        self.assertEqual(release.decode_resolution(cbor.encode(resolution)), (EXAMPLES.receipt, EXAMPLES.head))


class Histories(unittest.TestCase):
    """The entries together are the log of a package."""

    def test_state(self) -> None:
        state, _, refused = package.replay(EXAMPLES.entries.values())
        self.assertIsNone(refused)
        told = state.told()
        named = {title: str(EXAMPLES.cid(RECORD + title)) for title in EXAMPLES.story}
        last = "rekey by recovery keys"
        self.assertEqual((told["init"], told["newest"], told["sequence"]), (named["init"], named[last], 7))
        self.assertEqual(told["authority"]["record"], named["transfer"])
        time = signed.decode_entry(EXAMPLES.entries[last])[1]
        delay = told["authority"]["recovery"]["delay"]
        self.assertEqual(told["pending"], {"record": named[last], "from": time + delay})
        (made,), (stable,) = told["releases"], told["channels"]
        self.assertEqual((made["record"], made["yanked"]["record"]), (named["release"], named["yank"]))
        self.assertEqual((stable["record"], stable["targets"][0]["record"]), (named["channel"], named["release"]))
        self.assertNotIn("void", {**made, **stable})

        self.assertEqual(state.at(time + delay - 1), state)
        after = state.at(time + delay).told()
        self.assertEqual(after["authority"]["record"], named[last])
        self.assertNotIn("pending", after)

    def test_no_other_order(self) -> None:
        """T21: no entry is dropped, doubled or swapped with another one."""
        entries = list(EXAMPLES.entries.values())
        for place, entry in enumerate(entries):
            others = [[*entries[: place + 1], *entries[place:]]]
            if place + 1 < len(entries):
                others.append(entries[:place] + entries[place + 1 :])
                others.append([*entries[:place], entries[place + 1], entry, *entries[place + 2 :]])
            for other in others:
                self.assertIsNotNone(package.replay(other)[2], place)


class Verdict(unittest.TestCase):
    """The examples together are a release that verifies."""

    def test_verdict(self) -> None:
        found = check_release(EXAMPLES.receipt, EXAMPLES.head)
        decoded = verify.verify_manifest(found, EXAMPLES.manifest)
        statement = cbor.decode(EXAMPLES.records["release"])["body"]["provenance"][0]
        self.assertEqual(
            verify.verdict(found, decoded),
            {
                "package": "@acme/hello",
                "version": "1.0.0",
                "record": str(EXAMPLES.cid("Record: release")),
                "sequence": 1,
                "index": 1,
                "time": signed.decode_entry(EXAMPLES.entries["release"])[1],
                "manifest": str(EXAMPLES.cid("Manifest")),
                "signers": [EXAMPLES.text("publisher")],
                "init": str(EXAMPLES.cid("Record: init")),
                "authority": str(EXAMPLES.cid("Record: rekey by recovery keys")),
                "origin": "log.example",
                "revocation": "proven",
                "head": {"size": 11, "root": notes.decode(EXAMPLES.large).root.hex(), "time": NOW, "witnesses": []},
                "channel": "stable",
                "provenance": [{"cid": str(statement["cid"]), "size": 2, "subject": statement["subject"].hex()}],
                "yanked": {
                    "severity": "high",
                    "reason": "security",
                    "text": "It answers everybody.",
                    "replacement": "1.0.1",
                },
                "egress": ["api.example.com"],
                "validUntil": NOW + 86_400,
                "graceUntil": NOW + 86_400,
            },
        )
        seen = verify.forward(SEEN, found)
        known = SeenLog(11, notes.decode(EXAMPLES.large).root, {"@acme/hello": 7})
        self.assertEqual(seen, Seen({"log.example": known}))
        check_release(EXAMPLES.receipt, EXAMPLES.head, seen)
        with self.assertRaisesRegex(Refused, "log.rollback"):
            later = replace(known, packages={"@acme/hello": 8})
            check_release(EXAMPLES.receipt, EXAMPLES.head, Seen({"log.example": later}))

    def test_packages(self) -> None:
        """SPEC 9.6: what is there, and what is not."""
        for name, proof, there in (("@acme/other", EXAMPLES.proof, True), ("@acme/none", EXAMPLES.no_proof, False)):
            found = lookup.verify_package(name, proof, RULES, Seen(), NOW)
            known = lookup.forward(Seen(), found).logs["log.example"].packages
            self.assertEqual((found.state is not None, known), (there, {name: 0} if there else {}))
            for other in {"@acme/hello", "@acme/other", "@acme/none"} - {name}:
                with self.subTest(name, other=other), self.assertRaisesRegex(Refused, "log.proof"):
                    lookup.verify_package(other, proof, RULES, Seen(), NOW)
        with self.assertRaisesRegex(Refused, "log.rollback"):
            known = SeenLog(11, notes.decode(EXAMPLES.large).root, {"@acme/none": 0})
            lookup.verify_package("@acme/none", EXAMPLES.no_proof, RULES, Seen({"log.example": known}), NOW)


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
        self.refuses_flips(EXAMPLES.blob, EXAMPLES.cid("Blob").check)
        by_sha256 = {**manifest.decode(EXAMPLES.manifest)["modules"][0], "sha256": hashlib.sha256(b"").digest()}
        with self.assertRaisesRegex(Refused, "module.sha256"):
            manifest.check_module(by_sha256, EXAMPLES.blob)

    def test_objects(self) -> None:
        for title, data in EXAMPLES.records.items():
            self.refuses_flips(data, EXAMPLES.cid(RECORD + title).check)
        found = check_release(EXAMPLES.receipt, EXAMPLES.head)
        self.refuses_flips(EXAMPLES.manifest, lambda data: verify.verify_manifest(found, data))

    def test_envelope(self) -> None:
        publisher = EXAMPLES.public("publisher")

        def check(data: bytes) -> None:
            envelope = signed.decode_envelope(data)
            ((_, signature),) = envelope.signatures
            keys.check(publisher, signature, envelope.signing_input, "envelope.signature")

        self.refuses_flips(EXAMPLES.envelope, check)

    def test_signed_records(self) -> None:
        state: package.State | None = None
        for title, entry in EXAMPLES.entries.items():
            if state is not None:
                above = state.authority

                def check(data: bytes) -> None:
                    opened = signed.decode_signed(data)
                    record = records.decode(opened)
                    following = record.kind in records.AUTHORITIES
                    (authority.succeed if following else authority.allow)(above, opened, record)

                self.refuses_flips(signed_record(title), check)
            state = package.begin(entry) if state is None else state.after(entry)

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

    def test_proofs_of_packages(self) -> None:
        for name, proof in (("@acme/other", EXAMPLES.proof), ("@acme/none", EXAMPLES.no_proof)):
            self.refuses_flips(proof, lambda data, name=name: lookup.verify_package(name, data, RULES, Seen(), NOW))

    def test_page(self) -> None:
        root = signed.decode_map_entry(EXAMPLES.log["map again"]).root
        self.refuses_flips(EXAMPLES.page, lambda data: maps.decode_page(data, root, b""))


def check_release(receipt: bytes, head: bytes, seen: Seen = SEEN) -> verify.Release:
    """Steps (1) to (14) over the examples."""
    return verify.verify_release(REQUEST, receipt, head, RULES, seen, NOW)


def range_head() -> bytes:
    """The head as whoever asks for a range gets it, who has seen nothing."""
    told = cbor.decode(EXAMPLES.head)
    standing = {name: each for name, each in told["standing"].items() if name not in ("channel", "channels")}
    return cbor.encode({name: each for name, each in {**told, "standing": standing}.items() if name != "since"})


def signed_record(title: str) -> bytes:
    """SPEC 6.8: what an entry carries."""
    return making.signed_record(EXAMPLES.entries[title])


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
