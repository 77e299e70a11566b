"""The vectors that every language judges, and how this one does.

`python bindings/python/tests/vectors.py` prints all outcomes as one JSON object, by folder and name.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import cidery_verifier
from cidery_verifier import CideryError, Seen, Verdict

FOLDER = Path(__file__).resolve().parents[3] / "tests/vectors"

VECTOR = {"name", "about", "now", "policy", "request", "seen", "receipt", "head", "manifest", "modules", "expect"}
PACKAGE = {"name", "about", "now", "policy", "package", "seen", "proof", "expect"}
HISTORY = {"name", "about", "entries", "expect"}
SOURCE = {"source", "cases"}
CASE = {"name", "about", "publicKey", "message", "signature", "expect", "why"}


def vectors() -> Iterator[Dict[str, Any]]:
    """Those of `verify`: a release each."""
    return named("verify", VECTOR)


def packages() -> Iterator[Dict[str, Any]]:
    """Those of `package`: a proof of a package each."""
    return named("package", PACKAGE)


def histories() -> Iterator[Dict[str, Any]]:
    """Those of `history`: a package's log each."""
    return named("history", HISTORY)


def cases() -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Those of `ed25519`: a signature each, with its file's name."""
    for file in files("ed25519"):
        for case in read(file, SOURCE)["cases"]:
            known(file, case, CASE)
            yield file.stem, case


def named(folder: str, fields: Set[str]) -> Iterator[Dict[str, Any]]:
    """Those of a folder with one in each file."""
    for file in files(folder):
        vector = read(file, fields)
        if vector["name"] != file.stem:
            raise ValueError(f"{file}: the vector calls itself {vector['name']}")
        yield vector


def files(folder: str) -> List[Path]:
    """The files of a folder; none at all is an error."""
    found = sorted((FOLDER / folder).glob("*.json"))
    if not found:
        raise FileNotFoundError(f"no vectors in {FOLDER / folder}")
    return found


def read(file: Path, fields: Set[str]) -> Dict[str, Any]:
    """An object with exactly these fields."""
    found: Dict[str, Any] = json.loads(file.read_bytes())
    known(file, found, fields)
    return found


def known(file: Path, found: Dict[str, Any], fields: Set[str]) -> None:
    """Refuses other fields."""
    if set(found) != fields:
        raise ValueError(f"{file}: the fields {sorted(found)} are not {sorted(fields)}")


def outcome(vector: Dict[str, Any]) -> Dict[str, Any]:
    """What comes of a release, in the form of its `expect`: judged as a loader does, the modules last."""
    try:
        seen = Seen.recall(vector["seen"])
        verdict = verdict_of(vector, seen)
        bodies = {module["path"]: base64.b64decode(module["bytes"]) for module in vector["modules"]}
        for module in verdict.manifest.modules:
            verdict.check_module(module.path, bodies[module.path])
        return {"ok": {"verdict": in_json(verdict), "isolate": verdict.isolate_id(), "seen": seen.to_json()}}
    except CideryError as error:
        return {"code": error.code}


def verdict_of(vector: Dict[str, Any], seen: Seen) -> Verdict:
    """The verdict over a vector's evidence."""
    return cidery_verifier.verify(
        cidery_verifier.parse_policy(vector["policy"]),
        vector["request"],
        receipt=base64.b64decode(vector["receipt"]),
        head=base64.b64decode(vector["head"]),
        manifest=base64.b64decode(vector["manifest"]),
        seen=seen,
        now=vector["now"],
    )


def in_json(verdict: Verdict) -> Any:
    """The verdict's JSON form (SPEC §10.4), from its attributes."""
    said = {
        re.sub("_([a-z])", lambda match: match[1].upper(), each.name): getattr(verdict, each.name)
        for each in dataclasses.fields(verdict)
        if not each.name.startswith("_")
    }
    return json.loads(json.dumps(there({**said, "manifest": verdict.manifest.cid}), default=as_dict))


def as_dict(value: Any) -> Dict[str, Any]:
    """The fields of a part of a verdict that are there."""
    return there({each.name: getattr(value, each.name) for each in dataclasses.fields(value)})


def there(said: Dict[str, Any]) -> Dict[str, Any]:
    """What is not absent."""
    return {name: value for name, value in said.items() if value is not None}


def said_of(vector: Dict[str, Any]) -> Dict[str, Any]:
    """What comes of a proof of a package, in the form of its `expect`."""
    try:
        seen = Seen.recall(vector["seen"])
        policy = cidery_verifier.parse_policy(vector["policy"])
        proof = base64.b64decode(vector["proof"])
        said = cidery_verifier.verify_package_proof(policy, vector["package"], proof, seen, vector["now"])
        return {"ok": {"verdict": said, "seen": seen.to_json()}}
    except CideryError as error:
        return {"code": error.code}


def replayed(history: Dict[str, Any]) -> Dict[str, Any]:
    """What comes of a log, in the form of its `expect`."""
    try:
        return {"ok": cidery_verifier.replay([base64.b64decode(entry) for entry in history["entries"]])}
    except CideryError as error:
        return {"code": error.code, "at": error.at}


def judged(case: Dict[str, Any]) -> str:
    """What comes of a signature, in the form of its `expect`."""
    given = (bytes.fromhex(case[name]) for name in ("publicKey", "message", "signature"))
    try:
        cidery_verifier.verify_signature(*given)
    except CideryError as error:
        return error.code
    return "valid"


if __name__ == "__main__":
    outcomes = {
        "verify": {vector["name"]: outcome(vector) for vector in vectors()},
        "package": {vector["name"]: said_of(vector) for vector in packages()},
        "history": {history["name"]: replayed(history) for history in histories()},
        "ed25519": {case["name"]: judged(case) for _, case in cases()},
    }
    json.dump(outcomes, sys.stdout, indent=2)
