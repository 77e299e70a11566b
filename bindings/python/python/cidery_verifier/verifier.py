"""From a policy, a request and evidence to a verdict."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Tuple, TypedDict, cast

from . import _native
from .convert import Buffer, Document, copied, json_text, made, seconds, unicode
from .verdict import Verdict


class _OfPackage(TypedDict):
    package: str


class Request(_OfPackage, total=False):
    """What is asked for (SPEC §10.2): a package, and either a range, or a version, or a version and its manifest's CID."""

    range: str
    version: str
    manifest: str


class Policy:
    """A valid policy (SPEC §10.1), which :func:`parse_policy` makes."""

    def __init__(self, native: _native.Policy) -> None:
        self._handle = native

    def origin_of(self, package: str) -> str:
        """The log in which the policy wants a package to be; ``policy.no_rule`` where it has no rule for it."""
        return self._handle.origin_of(unicode(package, "the package's name"))


class Seen:
    """What was seen before (SPEC §10.3): neither a log nor the answer to a range goes back.

    A new one has seen nothing. Any number of threads may use the same one.

    >>> from cidery_verifier import Seen
    >>> seen = Seen()
    >>> seen.size_of("registry.example/log") is None
    True
    >>> Seen.recall(seen.to_json()).to_json() == seen.to_json()
    True
    """

    def __init__(self) -> None:
        self._handle = _native.Seen()

    @classmethod
    def recall(cls, document: Document) -> Seen:
        """Reads what :meth:`to_json` gave; ``usage`` where it did not."""
        seen = cls()
        seen._handle = _native.Seen(json_text(document, "what was seen"))
        return seen

    def size_of(self, origin: str) -> Optional[int]:
        """The size of the highest tree of a log: what a registry is asked to prove consistency with."""
        return self._handle.size_of(unicode(origin, "the origin"))

    def to_json(self) -> Dict[str, Any]:
        """The document to keep, for ``json.dumps``."""
        return cast(Dict[str, Any], json.loads(self._handle.to_json()))


class Proof:
    """A release that the policy allows, whose manifest is known by name alone: SPEC §10.4 up to step (11)."""

    def __init__(self, native: _native.Proof) -> None:
        self._handle = native

    @property
    def manifest(self) -> str:
        """The manifest's CID, to fetch it by."""
        return self._handle.manifest

    def verify(self, manifest: Buffer) -> Verdict:
        """Step (12), over the manifest's bytes; raises ``cid.mismatch``, or what is wrong with the manifest."""
        return Verdict(self._handle.verify(copied(manifest, "the manifest")))


def parse_policy(policy: Document) -> Policy:
    """Reads a policy; raises ``policy.invalid``."""
    return Policy(_native.Policy(json_text(policy, "the policy")))


def parse_reference(text: str) -> Request:
    """Reads ``@scope/name@range`` or ``@scope/name@version``; raises ``name.malformed`` or ``range.malformed``.

    >>> from cidery_verifier import parse_reference
    >>> parse_reference("@acme/hello@^1")
    {'package': '@acme/hello', 'range': '^1'}
    """
    return cast(Request, json.loads(_native.parse_reference(unicode(text, "the reference"))))


def prove(policy: Policy, request: Request, resolution: Buffer, seen: Seen, now: float) -> Proof:
    """Steps (1) to (11) of SPEC §10.4 over a resolution, which ``seen`` remembers; ``now`` is in seconds since 1970.

    Raises the first step that fails; nothing is remembered then.
    """
    asked = _asked(policy, request, seen, now)
    return Proof(_native.prove(*asked, copied(resolution, "the resolution")))


def verify(
    policy: Policy,
    request: Request,
    *,
    receipt: Buffer,
    head: Buffer,
    manifest: Buffer,
    seen: Seen,
    now: float,
) -> Verdict:
    """All steps over the parts; ``seen`` remembers them, and ``now`` is in seconds since 1970.

    Raises the first step that fails.
    """
    asked = _asked(policy, request, seen, now)
    evidence = copied(receipt, "the receipt"), copied(head, "the head")
    code = copied(manifest, "the manifest")
    return Proof(_native.prove_receipt(*asked, *evidence)).verify(code)


def verify_signature(public_key: Buffer, message: Buffer, signature: Buffer) -> None:
    """Whether ``signature`` (64 bytes) over ``message`` is that of ``public_key`` (32 bytes), strictly (SPEC §4).

    Raises ``key.malformed`` or ``envelope.signature``. It says nothing of whether the key is to be trusted.
    """
    _native.verify_signature(
        copied(public_key, "the public key"),
        copied(message, "the message"),
        copied(signature, "the signature"),
    )


def _asked(
    policy: Policy, request: Request, seen: Seen, now: float
) -> Tuple[_native.Policy, str, _native.Seen, float]:
    return (
        made(policy, Policy, "the policy")._handle,
        json_text(request, "the request"),
        made(seen, Seen, "what was seen")._handle,
        seconds(now, "now"),
    )
