"""Everything may be shared by threads, and other threads run while the verifier works."""

from __future__ import annotations

import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from cidery_verifier import CideryError, Seen, Verdict, verify, verify_signature
from evidence import HEAD, MANIFEST, MODULES, NOW, POLICY, RECEIPT, REQUEST, verdict
from vectors import cases


class Threads(unittest.TestCase):
    """Many at once."""

    def test_policy_and_what_was_seen_are_shared(self) -> None:
        seen = Seen()

        def ask(_: int) -> Verdict:
            mine = verify(POLICY, REQUEST, receipt=RECEIPT, head=HEAD, manifest=MANIFEST, seen=seen, now=NOW)
            for path, module in MODULES.items():
                mine.check_module(path, module)
            return mine

        with ThreadPoolExecutor(8) as pool:
            verdicts = list(pool.map(ask, range(200), timeout=60))
        self.assertEqual(set(verdicts), {verdict()})
        self.assertEqual(seen.size_of("log.example"), verdict().head.size)

    def test_a_check_takes_chunks_from_any_thread(self) -> None:
        path, module = next(iter(MODULES.items()))
        check = verdict().check(path)
        with ThreadPoolExecutor(1) as pool:
            for at in range(0, len(module), 2):
                check.update(module[at : at + 1])
                pool.submit(check.update, module[at + 1 : at + 2]).result(timeout=60)
            pool.submit(check.finish).result(timeout=60)

    def test_others_run_while_the_verifier_works(self) -> None:
        """Another thread takes the time amid one long call."""
        case = next(case for _, case in cases() if case["expect"] == "valid")
        key, signature = bytes.fromhex(case["publicKey"]), bytes.fromhex(case["signature"])
        message = bytes(64 << 20)
        stamps: list[float] = []
        stop = threading.Event()

        def stamp() -> None:
            while not stop.wait(0.001):
                stamps.append(time.perf_counter())

        thread = threading.Thread(target=stamp)
        thread.start()
        begin = time.perf_counter()
        with self.assertRaises(CideryError):
            verify_signature(key, message, signature)
        end = time.perf_counter()
        stop.set()
        thread.join(60)
        quarter = (end - begin) / 4
        self.assertTrue([at for at in stamps if begin + quarter < at < end - quarter], end - begin)
