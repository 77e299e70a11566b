"""`verify.py` as a command, against SPEC's examples on loopback; tests/end_to_end has it meet a real registry."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cidery_spec import cbor
from examples_test import EXAMPLES, NOW, POLICY, range_head

SCRIPT = Path(__file__).resolve().parent / "verify.py"
RESOLVE = "/v1/packages/@acme/hello/resolve?range=%5E1&yanked=high"
MANIFEST = f"/v1/manifests/{EXAMPLES.cid('Manifest')}"
LOG = "/v1/packages/@acme/hello/log?from="
BLOB = f"/v1/blobs/{EXAMPLES.cid('Blob')}"


class Server(ThreadingHTTPServer):
    """Answers with the examples; what `altered` holds comes instead of them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        resolution = {"format": "cidery-resolution-v1", "receipt": EXAMPLES.receipt, "head": range_head()}
        self.objects = {RESOLVE: cbor.encode(resolution), MANIFEST: EXAMPLES.manifest, BLOB: EXAMPLES.blob}
        entries = list(EXAMPLES.entries.values())
        for start, end in ((0, 5), (5, len(entries))):
            page = {"format": "cidery-package-log-v1", "from": start, "size": len(entries), "entries": entries[start:end]}
            self.objects[f"{LOG}{start}"] = cbor.encode(page)
        self.altered: dict[str, bytes] = {}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        server: Any = self.server
        body = server.altered.get(self.path, server.objects.get(self.path))
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(b'{"error":{"code":"not_found","message":"nothing here","hint":""}}' if body is None else body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class Command(unittest.TestCase):
    """The command's output and exit code."""

    def setUp(self) -> None:
        self.server = Server()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.policy = Path(folder.name) / "policy.json"
        self.policy.write_text(POLICY, "utf-8")

    def run_command(
        self, *options: str, package: str = "@acme/hello", wanted: str = "^1", now: int = NOW
    ) -> tuple[int, dict]:
        """The exit code and what was printed."""
        address = f"http://127.0.0.1:{self.server.server_port}"
        told = ["--registry", address, "--package", package, "--range", wanted, "--policy", str(self.policy)]
        command = [sys.executable, str(SCRIPT), *told, "--now", str(now), *options]
        ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
        self.assertEqual(ended.stderr, b"")
        return ended.returncode, json.loads(ended.stdout)

    def refused(self, code: str, *options: str, **asked: Any) -> None:
        """The command ends with exit code 1 and this code."""
        ended, told = self.run_command(*options, **asked)
        self.assertEqual((ended, told["error"]["code"]), (1, code), told)

    def test_verdict(self) -> None:
        code, told = self.run_command()
        self.assertEqual(code, 0, told)
        self.assertEqual((told["version"], told["manifest"], told["modules"]), ("1.0.0", str(EXAMPLES.cid("Manifest")), 1))

    def test_log(self) -> None:
        """SPEC 11.6, in two pages."""
        code, told = self.run_command("--log")
        self.assertEqual(code, 0, told)
        self.assertEqual((told["state"]["sequence"], told["state"]["authority"]["record"]), (7, told["authority"]))
        entries = list(EXAMPLES.entries.values())
        page = {"format": "cidery-package-log-v1", "from": 0, "size": 8, "entries": entries[:5]}
        for code, change in (
            ("record.sequence", {"size": 7, "entries": entries[:4] + entries[5:]}),
            ("record.invalid", {"size": 7, "entries": entries[1:]}),
            ("log.map", {"size": 1, "entries": entries[:1]}),
            ("log.malformed", {"entries": []}),
            ("log.malformed", {"from": 1}),
            ("log.malformed", {"size": 4}),
            ("log.malformed", {"format": "cidery-package-log-v2"}),
            ("limit.exceeded", {"size": 257, "entries": entries[:1] * 257}),
        ):
            with self.subTest(code=code, fields=sorted(change)):
                self.server.altered = {f"{LOG}0": cbor.encode({**page, **change})}
                self.refused(code, "--log")

    def test_what_the_registry_alters(self) -> None:
        for path, body, code in (
            (BLOB, EXAMPLES.blob.replace(b"hello", b"hullo"), "cid.mismatch"),
            (BLOB, EXAMPLES.blob + b" " * 100_000, "module.size"),
            (BLOB, EXAMPLES.blob[:-1], "module.size"),
            (MANIFEST, EXAMPLES.manifest + b" ", "cid.mismatch"),
            (MANIFEST, b" " * (1 << 21), "limit.exceeded"),
            (RESOLVE, b"<html>", "log.malformed"),
            (RESOLVE, b" " * (1 << 21), "limit.exceeded"),
        ):
            with self.subTest(path=path, code=code):
                self.server.altered = {path: body}
                self.refused(code)

    def test_what_is_asked_for(self) -> None:
        self.refused("policy.no_rule", package="@other/hello")
        self.refused("name.malformed", package="hello")
        self.refused("range.malformed", wanted="latest")
        self.refused("not_found", wanted="^2")
        self.refused("log.stale", now=NOW + 86_401)
        self.refused("log.future", now=NOW - 61)
        self.policy.write_text("{}", "utf-8")
        self.refused("policy.invalid")
        self.policy.unlink()
        self.refused("environment")

    def test_no_registry(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.refused("network.failed")


if __name__ == "__main__":
    unittest.main()
