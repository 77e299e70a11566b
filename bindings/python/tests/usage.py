"""The package as a program uses it, with types: checked by `mypy --strict` against the installed wheel, and run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Callable, Dict, Optional

from cidery_verifier import CideryError, Seen, Verdict, parse_policy, parse_reference, verify


@dataclass(frozen=True)
class Loaded:
    """What may run."""

    verdict: Verdict
    code: Dict[str, bytes]
    kept: str


def load(read: Callable[[str], bytes], kept: Optional[str], now: float) -> Loaded:
    """Code that the policy allows, and what to keep for the next time."""
    seen = Seen() if kept is None else Seen.recall(kept)
    try:
        verdict = verify(
            parse_policy(read("cidery.policy.json").decode()),
            parse_reference("@acme/hello@^1"),
            receipt=read("receipt"),
            head=bytearray(read("head")),
            manifest=memoryview(read("manifest")),
            seen=seen,
            now=now,
        )
    except CideryError as error:
        code: str = error.code
        raise SystemExit(f"{code}: {error}") from error
    modules = {module.path: verdict.check_module(module.path, read(module.path)) for module in verdict.manifest.modules}
    size: int = sum(module.size for module in verdict.manifest.modules)
    assert size == sum(map(len, modules.values()))
    return Loaded(verdict, modules, json.dumps(seen.to_json()))


def misuse(seen: Seen) -> None:
    """What a type checker refuses: where it did not, the remarks would be unused, which is an error as well."""
    verify(parse_policy("{}"), {"package": 1}, receipt=b"", head=b"", manifest=b"", seen=seen, now=0)  # type: ignore[typeddict-item]
    verify(parse_policy("{}"), {"package": "@a/b"}, receipt="", head=b"", manifest=b"", seen=seen, now=0)  # type: ignore[arg-type]
    parse_reference(b"@a/b")  # type: ignore[arg-type]
    parse_policy({"origins": {}})  # type: ignore[arg-type]
