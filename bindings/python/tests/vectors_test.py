"""Every vector is judged as it says."""

from __future__ import annotations

import unittest

from vectors import cases, histories, judged, outcome, packages, replayed, said_of, vectors


class Vectors(unittest.TestCase):
    """The runner of `tests/vectors`."""

    maxDiff = None

    def test_every_release(self) -> None:
        for vector in vectors():
            with self.subTest(vector["name"]):
                self.assertEqual(outcome(vector), vector["expect"])

    def test_every_package(self) -> None:
        for vector in packages():
            with self.subTest(vector["name"]):
                self.assertEqual(said_of(vector), vector["expect"])

    def test_every_history(self) -> None:
        for history in histories():
            with self.subTest(history["name"]):
                self.assertEqual(replayed(history), history["expect"])

    def test_t17_every_signature(self) -> None:
        for file, case in cases():
            with self.subTest(file, case=case["name"]):
                self.assertEqual(judged(case), case["expect"])
