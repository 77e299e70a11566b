"""What is seen where the compiled part does not load."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Callable

import cidery_verifier

PACKAGE = Path(cidery_verifier.__file__).parent
SHOW = """
try:
    import cidery_verifier
except ImportError as error:
    print(type(error).__name__, error.code, error)
"""


class Load(unittest.TestCase):
    """A copy of the package, with something else in the place of its compiled part."""

    def message(self, spoil: Callable[[Path], object]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copytree(PACKAGE, Path(folder) / PACKAGE.name))
            compiled = list(copy.glob("_native.*[!i]"))
            self.assertEqual(len(compiled), 1, compiled)
            spoil(compiled[0])
            code = f"import sys; sys.path.insert(0, {folder!r})\n{SHOW}"
            shown = subprocess.run(
                [sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True, timeout=60
            )
        self.assertEqual(shown.stderr, "")
        return shown.stdout

    def test_it_is_not_there(self) -> None:
        self.assertRegex(
            self.message(Path.unlink),
            r"^LoadError environment the verifier's compiled part cannot be loaded by "
            r"CPython 3\.\d+\.\d+\S* on .+: No module named 'cidery_verifier._native'",
        )

    def test_it_is_no_such_file_at_all(self) -> None:
        self.assertRegex(self.message(lambda file: file.write_bytes(b"MZ" * 4096)), "^LoadError environment .+_native")

    def test_it_is_for_another_processor(self) -> None:
        def alter(file: Path) -> None:
            image = bytearray(file.read_bytes())
            image[18] ^= 0xFF  # ELF: the processor; Mach-O: what the header announces
            file.write_bytes(image)

        self.assertRegex(self.message(alter), "^LoadError environment .+_native")
