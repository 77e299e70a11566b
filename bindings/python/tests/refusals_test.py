"""What is refused, and with which code; what is changed after a check; and that nothing is used up."""

from __future__ import annotations

import array
import base64
import pickle
import unittest
from dataclasses import FrozenInstanceError
from typing import Any, Callable

import cidery_verifier
from cidery_verifier import (
    CideryError,
    Seen,
    Verdict,
    bucket_of,
    explain,
    parse_policy,
    parse_reference,
    prove,
    replay,
    verify,
    verify_package_proof,
    verify_signature,
)
from evidence import HEAD, MANIFEST, MODULES, NOW, POLICY, RECEIPT, REQUEST, VECTOR, log, named, proof, resolution, verdict

MAIN = MODULES["index.js"]


class Refusals(unittest.TestCase):
    """Codes and messages."""

    def refused(self, code: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> CideryError:
        with self.assertRaises(CideryError) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception

    def verify(self, **other: Any) -> Verdict:
        evidence: Any = {"receipt": RECEIPT, "head": HEAD, "manifest": MANIFEST, "seen": Seen(), "now": NOW, **other}
        return verify(evidence.pop("policy", POLICY), evidence.pop("request", REQUEST), **evidence)

    def test_a_message_names_its_causes(self) -> None:
        error = self.refused("cid.mismatch", self.verify, manifest=MANIFEST[:-1] + b"\0")
        self.assertRegex(str(error), r"^the manifest was refused: the bytes hash to bafyr4i\w+, wanted bafyr4i\w+$")

    def test_an_error_survives_pickling(self) -> None:
        error = pickle.loads(pickle.dumps(self.refused("name.malformed", parse_reference, "acme/hello")))
        self.assertIsInstance(error, CideryError)
        self.assertEqual((error.code, str(error)[:11]), ("name.malformed", "the request"))

    def test_documents(self) -> None:
        self.refused("policy.invalid", parse_policy, {})
        self.refused("policy.invalid", parse_policy, None)
        self.refused("policy.invalid", parse_policy, "[" * 10_000)
        self.refused("policy.invalid", parse_policy, '{"origins": {}, "packages": {"@a/b": 1, "@a/b": 1}}')
        self.refused("usage", parse_policy, {"origins": b""})
        self.refused("usage", parse_policy, {"origins": float("nan")})
        self.refused("usage", Seen.recall, {"logs": 1})
        self.refused("request.malformed", self.verify, request={"package": "@acme/hello"})
        self.refused("policy.no_rule", POLICY.origin_of, "@other/hello")
        self.assertEqual(POLICY.origin_of("@acme/hello"), "log.example")

    def test_references(self) -> None:
        self.assertEqual(parse_reference("@acme/hello"), {"package": "@acme/hello", "range": "*"})
        self.assertEqual(parse_reference("@acme/hello@1.2.0"), {"package": "@acme/hello", "version": "1.2.0"})
        self.refused("range.malformed", parse_reference, "@acme/hello@latest")

    def test_wrong_arguments(self) -> None:
        for name, wrong in (
            ("receipt", "text"),
            ("head", None),
            ("manifest", 7),
            ("manifest", [1, 2]),
            ("seen", {}),
            ("policy", VECTOR["policy"]),
            ("now", "1790000100"),
            ("now", -1),
            ("now", float("nan")),
            ("now", float("inf")),
        ):
            with self.subTest(name, wrong=wrong):
                self.refused("usage", self.verify, **{name: wrong})
        self.refused("log.stale", self.verify, now=NOW * 1000)
        self.refused("log.stale", self.verify, now=10**400)
        self.refused("usage", parse_reference, b"@acme/hello")
        self.refused("usage", parse_reference, "@acme/\ud800")
        self.refused("usage", verdict().isolate_id, tenant="\ud800")
        self.refused("usage", verdict().isolate_id, overrides=[1])
        self.refused("usage", verdict().check, "other.js")

    def test_channels_and_buckets(self) -> None:
        self.assertEqual(parse_reference("@acme/hello:stable"), {"package": "@acme/hello", "channel": "stable", "bucket": 0})
        buckets = {bucket_of("@acme/hello", "stable", f"user {number}") for number in range(100)}
        self.assertGreater(len(buckets), 90)
        self.assertTrue(all(0 <= bucket < 10_000 for bucket in buckets))
        self.refused("channel.malformed", parse_reference, "@acme/hello:Stable")
        self.refused("name.malformed", bucket_of, "hello", "stable", "user 1")
        self.refused("channel.malformed", bucket_of, "@acme/hello", "Stable", "user 1")
        self.refused("usage", bucket_of, "@acme/hello", "stable", 7)

    def test_a_policy_says_what_it_tolerates(self) -> None:
        self.assertEqual(POLICY.yanked_of("@acme/hello"), [])
        tolerant = parse_policy(named("ok_yank_tolerated")["policy"])
        self.assertTrue(tolerant.yanked_of("@acme/hello"))
        self.refused("policy.no_rule", POLICY.yanked_of, "@other/hello")

    def test_t24_of_what_two_have_seen_the_higher_remains(self) -> None:
        def seen(size: int, digit: str, sequence: int) -> Seen:
            log: Any = {"size": size, "root": digit * 64, "packages": {"@acme/hello": sequence}}
            return Seen.recall({"format": "cidery-seen-v1", "logs": {"log.example": log}})

        both = seen(9, "9", 4).to_json()
        for first, second in ((seen(9, "9", 2), seen(7, "7", 4)), (seen(7, "7", 4), seen(9, "9", 2))):
            first.merge(second)
            first.merge(first)
            self.assertEqual(first.to_json(), both)
            self.refused("log.fork", first.merge, seen(9, "8", 5))
            self.assertEqual(first.to_json(), both)
        self.refused("usage", Seen().merge, both)

    def test_an_explanation_says_what_each_step_looked_at(self) -> None:
        seen = Seen()
        given: Any = {"receipt": RECEIPT, "head": HEAD, "seen": seen}
        steps = explain(POLICY, REQUEST, **given, manifest=MANIFEST, now=NOW)["steps"]
        self.assertTrue(all(step["verdict"] == "passed" and step["lookedAt"] for step in steps))
        unfinished = explain(POLICY, REQUEST, **given, now=NOW)["steps"]
        self.assertEqual([step["step"] for step in unfinished if step["verdict"] != "passed"], ["10.4 (15)"])
        stale = [step for step in explain(POLICY, REQUEST, **given, now=NOW * 2)["steps"] if step["verdict"] == "refused"]
        self.assertEqual([(step["step"], step["code"]) for step in stale], [("10.4 (4)", "log.stale")])
        self.assertEqual(seen.to_json(), Seen().to_json())
        self.refused("usage", explain, POLICY, REQUEST, receipt="", head=b"", seen=seen, now=NOW)

    def test_a_package_is_there_or_not(self) -> None:
        there, absent = (proof(name) for name in ("ok_state", "ok_none_beside_another"))
        seen, evidence = Seen(), base64.b64decode(there["proof"])
        for given in (evidence, bytearray(evidence)):
            said = verify_package_proof(POLICY, "@acme/hello", given, seen, NOW)
            self.assertEqual((said["state"]["sequence"], said["state"]["authority"]), (2, verdict().authority))
        self.assertEqual(seen.to_json()["logs"]["log.example"]["packages"], {"@acme/hello": 2})
        none = verify_package_proof(POLICY, absent["package"], base64.b64decode(absent["proof"]), seen, NOW)
        self.assertNotIn("state", none)
        before = seen.to_json()
        self.refused("log.proof", verify_package_proof, POLICY, "@acme/other", evidence, seen, NOW)
        self.refused("name.malformed", verify_package_proof, POLICY, "hello", evidence, seen, NOW)
        self.refused("usage", verify_package_proof, POLICY, "@acme/hello", there["proof"], seen, NOW)
        self.refused("usage", verify_package_proof, POLICY, "@acme/hello", evidence, {}, NOW)
        self.assertEqual(seen.to_json(), before)

    def test_a_history_is_replayed_up_to_the_record_that_is_refused(self) -> None:
        entries = [base64.b64decode(entry) for entry in log("ok_recovery_waits")["entries"]]
        waits = replay(entries)
        later = replay(tuple(entries), waits["pending"]["from"])
        self.assertEqual(later["authority"]["record"], waits["pending"]["record"])
        self.assertNotIn("pending", later)
        error = self.refused("cbor.malformed", replay, [entries[0], bytearray(b"\xa0")])
        self.assertEqual((error.at, pickle.loads(pickle.dumps(error)).at), (1, 1))
        self.assertEqual(self.refused("record.invalid", replay, []).at, 0)
        self.refused("usage", replay, entries[0])
        self.refused("usage", replay, ["text"])
        self.refused("usage", replay, entries, "now")

    def test_a_signature_by_itself(self) -> None:
        self.refused("key.malformed", verify_signature, b"", b"", b"")
        self.refused("envelope.signature", verify_signature, bytes.fromhex("58" + 31 * "66"), b"", bytes(64))

    def test_a_resolution_is_receipt_and_head(self) -> None:
        seen = Seen()
        proof = prove(POLICY, REQUEST, resolution(), seen, NOW)
        self.assertEqual(seen.size_of("log.example"), VECTOR["expect"]["ok"]["verdict"]["head"]["size"])
        for _ in range(2):
            self.assertEqual(proof.verify(MANIFEST), verdict())
        self.assertEqual(proof.manifest, verdict().manifest.cid)
        self.refused("log.malformed", prove, POLICY, REQUEST, resolution()[:-1], seen, NOW)

    def test_t4_nothing_is_remembered_of_what_is_refused(self) -> None:
        seen = Seen()
        self.refused("log.stale", self.verify, seen=seen, now=NOW * 2)
        self.assertEqual(seen.to_json(), Seen().to_json())
        self.assertIsNone(seen.size_of("log.example"))
        self.assertIsNone(seen.size_of("not an origin"))

    def test_a_verdict_cannot_be_made_or_changed(self) -> None:
        mine = verdict()
        with self.assertRaises(FrozenInstanceError):
            mine.version = "2.0.0"  # type: ignore[misc]
        with self.assertRaises(FrozenInstanceError):
            mine.manifest.main = "other.js"  # type: ignore[misc]
        with self.assertRaises(TypeError):
            type(mine._handle)()
        with self.assertRaises(TypeError):
            pickle.dumps(mine)
        self.assertEqual(mine, verdict())
        self.assertEqual(hash(mine), hash(verdict()))


class Modules(unittest.TestCase):
    """The check of modules."""

    def check(self, *chunks: Any) -> str:
        check = verdict().check("index.js")
        try:
            for chunk in chunks:
                check.update(chunk)
            check.finish()
        except CideryError as error:
            return error.code
        return "ok"

    def test_t13_chunks_are_checked_as_they_come(self) -> None:
        self.assertEqual(self.check(*(MAIN[at : at + 1] for at in range(len(MAIN)))), "ok")
        self.assertEqual(self.check(MAIN[:-1]), "module.size")
        self.assertEqual(self.check(MAIN, b"\0"), "module.size")
        self.assertEqual(self.check(MAIN[:-1], b"\0"), "cid.mismatch")

    def test_any_buffer_will_do(self) -> None:
        twice = memoryview(b"".join(bytes([byte, 0]) for byte in MAIN))[::2]
        for buffer in (bytearray(MAIN), memoryview(MAIN), twice, array.array("B", MAIN), type("B", (bytes,), {})(MAIN)):
            with self.subTest(type(buffer).__name__):
                self.assertEqual(self.check(buffer), "ok")

    def test_t29_a_buffer_that_changes_later_changes_nothing(self) -> None:
        mine, buffer = verdict(), bytearray(MAIN)
        checked = mine.check_module("index.js", buffer)
        self.assertEqual(checked, MAIN)
        self.assertIs(mine.check_module("index.js", MAIN), MAIN, "what nobody can write to is not copied")

        check = mine.check("index.js")
        check.update(buffer)
        buffer[:6] = b"import"
        check.finish()
        buffer.clear()
        self.assertEqual(checked, MAIN)
        with self.assertRaises(CideryError):
            mine.check_module("index.js", buffer)

    def test_t29_evidence_that_changes_later_changes_nothing(self) -> None:
        evidence = {"receipt": bytearray(RECEIPT), "head": bytearray(HEAD), "manifest": bytearray(MANIFEST)}
        mine = verify(POLICY, REQUEST, **evidence, seen=Seen(), now=NOW)
        for buffer in evidence.values():
            buffer[:] = bytes(len(buffer))
        self.assertEqual(mine, verdict())
        mine.check_module("index.js", MAIN)

    def test_finish_may_be_asked_again(self) -> None:
        check = verdict().check("index.js")
        with self.assertRaises(CideryError):
            check.finish()
        check.update(MAIN)
        check.finish()
        check.finish()

    def test_t28_an_isolate_is_shared_by_nobody_with_another_tenant_environment_or_override(self) -> None:
        mine = verdict()
        of: list[dict[str, Any]] = [
            {},
            {"tenant": "a"},
            {"tenant": "b"},
            {"tenant": "a", "env_key": "1"},
            {"tenant": "a", "env_key": "2"},
            {"env_key": "a"},
            {"overrides": ["a"]},
            {"overrides": ("a",), "tenant": "a"},
        ]
        ids = {mine.isolate_id(**each) for each in of}
        self.assertEqual(len(ids), len(of))
        for each in ids:
            self.assertRegex(each, "^[a-z2-7]{52}$")


class Names(unittest.TestCase):
    """The package."""

    def test_what_is_public_is_said_to_be(self) -> None:
        for name in cidery_verifier.__all__:
            with self.subTest(name):
                self.assertTrue(hasattr(cidery_verifier, name))
        self.assertNotIn("defect", dir(cidery_verifier._native))
