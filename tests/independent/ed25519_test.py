"""Every case of tests/vectors/ed25519: where verifiers disagree, this implementation says what SPEC 4 says."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

from cidery_spec import keys
from cidery_spec.errors import Refused, require

FOLDER = Path(__file__).resolve().parent.parent / "vectors/ed25519"
FIELDS = {"name", "about", "publicKey", "message", "signature", "expect", "why"}


class Signatures(unittest.TestCase):
    """The runner of the folder."""

    def test_every_case(self) -> None:
        """A file that is not of the known form fails, and so does an empty folder."""
        files = sorted(FOLDER.glob("*.json"))
        self.assertTrue(files, f"no vectors in {FOLDER}")
        for file in files:
            vectors = json.loads(file.read_bytes())
            self.assertEqual(set(vectors), {"source", "cases"}, file.name)
            self.assertTrue(vectors["cases"], file.name)
            for case in vectors["cases"]:
                with self.subTest(case["name"]):
                    self.assertEqual(set(case), FIELDS)
                    self.assertEqual(outcome(case), case["expect"], case["why"])


def outcome(case: dict[str, str]) -> str:
    """`valid`, or the code of the refusal."""
    public, message, signature = (bytes.fromhex(case[name]) for name in ("publicKey", "message", "signature"))
    try:
        keys.key(public)
        require(keys.is_signed(public, signature, message), "envelope.signature", "the signature is invalid")
    except Refused as refused:
        return refused.code
    return "valid"


if __name__ == "__main__":
    unittest.main()
