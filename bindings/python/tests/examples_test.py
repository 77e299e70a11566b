"""The examples in the README and in the documentation of every public thing run as they are written."""

from __future__ import annotations

import base64
import doctest
import inspect
import json
import unittest
from pathlib import Path
from typing import Any, Dict, Optional

import cidery_verifier
import usage
from cidery_verifier import documents, error, verdict, verifier
from evidence import HEAD, MANIFEST, MODULES, NOW, RECEIPT, VECTOR, proof

README = Path(__file__).resolve().parent.parent / "README.md"
FILES = {
    "cidery.policy.json": json.dumps(VECTOR["policy"]).encode(),
    "receipt": RECEIPT,
    "head": HEAD,
    "manifest": MANIFEST,
    "proof": base64.b64decode(proof("ok_state")["proof"]),
    **MODULES,
}

#: What the examples take as given.
GIVEN: Dict[str, Any] = {"read": FILES.__getitem__, "now": NOW}


class Examples(unittest.TestCase):
    """One test for each place with examples."""

    def test_readme(self) -> None:
        self.run_examples(doctest.DocTestParser().get_doctest(README.read_text(), dict(GIVEN), "README", str(README), 0))

    def test_documentation(self) -> None:
        found = [
            test
            for module in (cidery_verifier, documents, error, verdict, verifier)
            for test in doctest.DocTestFinder(exclude_empty=True).find(module, extraglobs=GIVEN)
            if test.examples
        ]
        names = {test.name for test in found}
        self.assertIn("cidery_verifier", names)
        self.assertIn("cidery_verifier.verifier.parse_reference", names)
        for test in found:
            with self.subTest(test.name):
                self.run_examples(test)

    def test_usage(self) -> None:
        loaded = usage.load(FILES.__getitem__, kept=None, now=NOW)
        self.assertEqual(loaded.code, MODULES)
        again = usage.load(FILES.__getitem__, kept=loaded.kept, now=NOW)
        self.assertEqual(again, loaded)

    def test_everything_public_says_what_it_is(self) -> None:
        for name in cidery_verifier.__all__:
            thing: Optional[Any] = getattr(cidery_verifier, name)
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            with self.subTest(name):
                self.assertTrue(inspect.getdoc(thing))

    def run_examples(self, test: doctest.DocTest) -> None:
        self.assertTrue(test.examples, test.name)
        shown: list[str] = []
        failures, _ = doctest.DocTestRunner().run(test, out=shown.append)
        self.assertEqual(failures, 0, "".join(shown))
