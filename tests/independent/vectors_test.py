"""Every vector of tests/vectors, each with one fault or none: this implementation comes to the same end."""

from __future__ import annotations

import base64
import json
import unittest
from pathlib import Path
from typing import Any, Callable

from cidery_spec import keys, lookup, manifest, package, policy, request, verify
from cidery_spec.errors import Refused
from cidery_spec.evidence import check_evidence

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


class Vectors(unittest.TestCase):
    """The runner of the folders."""

    maxDiff = None

    def run_folder(self, folder: str, fields: set[str], outcome: Callable[[dict], dict]) -> None:
        """A file that is not of the known form fails, and so does an empty folder."""
        files = sorted((VECTORS / folder).glob("*.json"))
        self.assertTrue(files, f"no vectors in {folder}")
        for file in files:
            with self.subTest(file.stem):
                vector = json.loads(file.read_bytes())
                self.assertEqual((set(vector), vector["name"]), (fields, file.stem))
                self.assertEqual(outcome(vector), vector["expect"])

    def test_verify(self) -> None:
        fields = {"now", "policy", "request", "seen", "receipt", "head", "manifest", "modules"}
        self.run_folder("verify", {"name", "about", "expect"} | fields, ending(accepted))

    def test_package(self) -> None:
        fields = {"now", "policy", "package", "seen", "proof"}
        self.run_folder("package", {"name", "about", "expect"} | fields, ending(looked_up))

    def test_evidence(self) -> None:
        fields = {"origin", "logKey", "cosigner", "evidence"}
        self.run_folder("evidence", {"name", "about", "expect"} | fields, ending(shown))

    def test_history(self) -> None:
        self.run_folder("history", {"name", "about", "expect", "entries"}, replayed)


def ending(outcome: Callable[[dict], dict]) -> Callable[[dict], dict]:
    """What comes of a vector that may be refused."""

    def ended(vector: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": outcome(vector)}
        except Refused as refused:
            return {"code": refused.code}

    return ended


def accepted(vector: dict[str, Any]) -> dict[str, Any]:
    """What is known of a release once it is verified; raises `Refused`."""
    asked = request.decode(vector["request"])
    rules = policy.decode(json.dumps(vector["policy"]).encode())
    seen = request.decode_seen(json.dumps(vector["seen"]))

    receipt, head, code = (base64.b64decode(vector[name]) for name in ("receipt", "head", "manifest"))
    found = verify.verify_release(asked, receipt, head, rules, seen, vector["now"])
    decoded = verify.verify_manifest(found, code)
    bodies = {each["path"]: base64.b64decode(each["bytes"]) for each in vector["modules"]}
    for module in decoded["modules"]:
        manifest.check_module(module, bodies[module["path"]])
    return {
        "verdict": verify.verdict(found, decoded),
        "isolate": verify.isolate(found, decoded),
        "seen": verify.forward(seen, found).told(),
    }


def looked_up(vector: dict[str, Any]) -> dict[str, Any]:
    """What is known of a package; raises `Refused`."""
    rules = policy.decode(json.dumps(vector["policy"]).encode())
    seen = request.decode_seen(json.dumps(vector["seen"]))
    proof = base64.b64decode(vector["proof"])
    found = lookup.verify_package(vector["package"], proof, rules, seen, vector["now"])
    return {"verdict": lookup.verdict(found), "seen": lookup.forward(seen, found).told()}


def shown(vector: dict[str, Any]) -> dict[str, Any]:
    """What is shown of a log; raises `Refused`."""
    log, cosigner = (keys.key_from_text(vector[name]) for name in ("logKey", "cosigner"))
    return {"code": check_evidence(vector["evidence"].encode(), vector["origin"], log, cosigner).code}


def replayed(vector: dict[str, Any]) -> dict[str, Any]:
    """What comes of a package's log."""
    state, number, refused = package.replay(map(base64.b64decode, vector["entries"]))
    if refused is not None:
        return {"code": refused.code, "at": number}
    return {"ok": state.told()}


if __name__ == "__main__":
    unittest.main()
