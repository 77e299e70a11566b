"""Every vector of tests/vectors/verify, each with one fault or none: this implementation comes to the same end."""

from __future__ import annotations

import base64
import json
import unittest
from pathlib import Path
from typing import Any

from cidery_spec import manifest, policy, verify
from cidery_spec.errors import Refused

FOLDER = Path(__file__).resolve().parent.parent / "vectors/verify"
FIELDS = {"name", "about", "now", "policy", "request", "seen", "receipt", "head", "manifest", "modules", "expect"}


class Vectors(unittest.TestCase):
    """The runner of the folder."""

    maxDiff = None

    def test_every_vector(self) -> None:
        """A file that is not of the known form fails, and so does an empty folder."""
        files = sorted(FOLDER.glob("*.json"))
        self.assertTrue(files, f"no vectors in {FOLDER}")
        for file in files:
            with self.subTest(file.stem):
                vector = json.loads(file.read_bytes())
                self.assertEqual((set(vector), vector["name"]), (FIELDS, file.stem))
                self.assertEqual(outcome(vector), vector["expect"])


def outcome(vector: dict[str, Any]) -> dict[str, Any]:
    """What comes of a vector, in the form of its `expect`."""
    try:
        return {"ok": accepted(vector)}
    except Refused as refused:
        return {"code": refused.code}


def accepted(vector: dict[str, Any]) -> dict[str, Any]:
    """What is known of a vector once it is verified; raises `Refused`."""
    request = verify.Request.from_json(vector["request"])
    rules = policy.decode(json.dumps(vector["policy"]).encode())
    known = vector["seen"]
    logs = {origin: (each["size"], bytes.fromhex(each["root"])) for origin, each in known["logs"].items()}
    seen = verify.Seen(logs, known["packages"])

    receipt, head, code = (base64.b64decode(vector[name]) for name in ("receipt", "head", "manifest"))
    found = verify.verify_release(request, receipt, head, rules, seen, vector["now"])
    decoded = verify.verify_manifest(found, code)
    bodies = {each["path"]: base64.b64decode(each["bytes"]) for each in vector["modules"]}
    for module in decoded["modules"]:
        manifest.check_module(module, bodies[module["path"]])
    after = seen.forward(request, found)
    return {
        "verdict": verify.verdict(found, decoded),
        "isolate": verify.isolate(found, decoded),
        "seen": {
            "logs": {origin: {"size": size, "root": root.hex()} for origin, (size, root) in after.logs.items()},
            "packages": after.packages,
        },
    }


if __name__ == "__main__":
    unittest.main()
