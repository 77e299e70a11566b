"""Fetches a release from a registry and verifies all of it, down to the last byte of every module.

    verify.py --registry URL --package @scope/name --range R --policy policy.json [--now N] [--log]

With `--log`, the package's own log is fetched and replayed, too: it comes to the state that the head proves. The
verdict is printed as JSON and the exit code is 0; or `{"error": {"code", "message"}}`, and 1. Nothing that the registry
says is believed before section 10 of SPEC.md has been applied to it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from cidery_spec import manifest, package as packages, policy, release, state, verify
from cidery_spec.errors import Refused, require
from cidery_spec.ranges import Range
from cidery_spec.request import Request, Seen

TIMEOUT_SECONDS = 30
CHUNK = 1 << 16


class Registry:
    """SPEC 11: what a registry answers."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def resolve(self, package: str, wanted: str, tolerated: frozenset[str]) -> bytes:
        """A resolution of the greatest version of `package` in the range `wanted`, with what yanks are tolerated."""
        asked = {"range": wanted, **({"yanked": ",".join(sorted(tolerated))} if tolerated else {})}
        query = urllib.parse.urlencode(asked, safe=",")
        return self._get(f"/v1/packages/{package}/resolve?{query}", release.MAX_OBJECT)

    def log(self, package: str) -> list[bytes]:
        """SPEC 11.6: all entries of the package's log, page by page."""
        entries: list[bytes] = []
        while True:
            path = f"/v1/packages/{package}/log?from={len(entries)}"
            start, size, page = packages.decode_log(self._get(path, packages.MAX_PAGE))
            fits = start == len(entries) and (page or size == start)
            require(fits, "log.malformed", f"a page from {start}, where one from {len(entries)} was asked for")
            entries += page
            if len(entries) >= size:
                return entries

    def manifest(self, cid: str) -> bytes:
        """The manifest with this CID."""
        return self._get(f"/v1/manifests/{cid}", manifest.MAX_MANIFEST)

    def blob(self, cid: str, size: int) -> bytes:
        """The blob with this CID."""
        return self._get(f"/v1/blobs/{cid}", size)

    def _get(self, path: str, most: int) -> bytes:
        """At most one byte more than `most`, which is enough to see that a body is too long (SPEC 10.5)."""
        try:
            with urllib.request.urlopen(self._url + path, timeout=TIMEOUT_SECONDS) as response:
                body = bytearray()
                while len(body) <= most:
                    chunk = response.read(min(CHUNK, most + 1 - len(body)))
                    if not chunk:
                        break
                    body += chunk
                return bytes(body)
        except urllib.error.HTTPError as error:
            raise _told(error, path) from error
        except (OSError, ValueError) as error:
            raise Refused("network.failed", f"{path}: {error}") from error


def _told(error: urllib.error.HTTPError, path: str) -> Refused:
    """The registry's own refusal (SPEC 11.1), where it is one."""
    try:
        told = json.loads(error.read(CHUNK))["error"]
        return Refused(str(told["code"]), str(told["message"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Refused("network.failed", f"{path}: status {error.code}")


def fetch_and_verify(
    registry: Registry, package: str, wanted: str, rules: policy.Policy, now: int
) -> tuple[verify.Release, dict[str, Any]]:
    """The greatest version of `package` in the range `wanted`, and the verdict on it and all its blobs."""
    request = Request(package, range=Range(wanted))
    rule, _ = rules.rule(package)
    receipt, head = release.decode_resolution(registry.resolve(package, wanted, rule.yanked))
    found = verify.verify_release(request, receipt, head, rules, Seen(), now)
    code = verify.verify_manifest(found, registry.manifest(str(found.record.body["manifest"])))
    for module in code["modules"]:
        manifest.check_module(module, registry.blob(str(module["cid"]), module["size"]))
    for each in code["sourceMaps"]:
        manifest.check_blob(f"the source map of {each['module']}", each["cid"], each["size"],
                            registry.blob(str(each["cid"]), each["size"]))
    return found, {**verify.verdict(found, code), "modules": len(code["modules"])}


def replay(registry: Registry, found: verify.Release) -> dict[str, Any]:
    """The package's state by its own log, which is the one that was proven."""
    proven = found.state
    if proven is None:
        raise Refused("log.unproven", "the head shows no state, with which the log would be compared")
    entries = registry.log(found.record.package)
    replayed, number, refused = packages.replay(entries[: proven.sequence + 1])
    if refused is not None:
        raise Refused(refused.code, f"entry {number} of the package's log: {refused.message}")
    then = replayed.at(found.state_time)
    require(state.name(state.encode(then)) == proven.cid, "log.map", "the package's log comes to another state")
    return then.told()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--registry", required=True, metavar="URL")
    parser.add_argument("--package", required=True, metavar="@scope/name")
    parser.add_argument("--range", required=True, metavar="R")
    parser.add_argument("--policy", required=True, metavar="policy.json")
    parser.add_argument("--now", type=int, default=None, metavar="SECONDS", help="instead of the clock, since 1970")
    parser.add_argument("--log", action="store_true", help="replays the package's log, and prints its state, too")
    given = parser.parse_args()
    try:
        with open(given.policy, "rb") as file:
            rules = policy.decode(file.read())
        now = int(time.time()) if given.now is None else given.now
        require(given.registry.startswith(("http://", "https://")), "usage", "--registry is no http address")
        registry = Registry(given.registry)
        found, told = fetch_and_verify(registry, given.package, given.range, rules, now)
        if given.log:
            told["state"] = replay(registry, found)
    except Refused as refused:
        print(json.dumps({"error": {"code": refused.code, "message": refused.message}}))
        return 1
    except OSError as error:
        print(json.dumps({"error": {"code": "environment", "message": f"{given.policy}: {error.strerror}"}}))
        return 1
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
