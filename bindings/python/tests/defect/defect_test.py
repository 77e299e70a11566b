"""A panic, in a wheel that was built with the feature `defect`."""

from __future__ import annotations

import subprocess
import sys
import threading
import unittest

from cidery_verifier import CideryError, _native, parse_reference

SHOW = """
from cidery_verifier import CideryError, _native
try:
    _native.defect("of glass")
except CideryError as error:
    print(error.code)
"""


class Defect(unittest.TestCase):
    """What becomes of it."""

    def test_a_panic_is_internal_and_the_next_call_works(self) -> None:
        for _ in range(3):
            with self.assertRaises(CideryError) as caught:
                _native.defect("a wall, hit")  # type: ignore[attr-defined]
            self.assertEqual(caught.exception.code, "internal")
            self.assertRegex(str(caught.exception), r"^the verifier failed: a wall, hit \(.+\.rs:\d+:\d+\)$")
            self.assertEqual(parse_reference("@acme/hello@^1")["range"], "^1")

    def test_threads_do_not_hear_each_others_panics(self) -> None:
        heard = {}

        def panic(name: str) -> None:
            try:
                _native.defect(name)  # type: ignore[attr-defined]
            except CideryError as error:
                heard[name] = str(error)

        threads = [threading.Thread(target=panic, args=(str(number),)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(heard), 16)
        for name, message in heard.items():
            self.assertTrue(message.startswith(f"the verifier failed: {name} ("), message)

    def test_nothing_is_written_to_stderr(self) -> None:
        shown = subprocess.run(
            [sys.executable, "-c", SHOW], check=True, capture_output=True, text=True, timeout=60
        )
        self.assertEqual((shown.stdout, shown.stderr), ("internal\n", ""))
