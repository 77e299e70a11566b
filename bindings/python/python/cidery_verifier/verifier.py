"""From a policy, a request and evidence to a verdict."""

from __future__ import annotations

import json
from typing import List, Optional, Sequence, Tuple, Union, cast

from . import _native
from .convert import Buffer, copied, json_text, listed, made, seconds, unicode
from .documents import Explanation, PackageState, PolicyDocument, ProvenPackage, Request, SeenDocument, Severity
from .verdict import Verdict


class Policy:
    """A valid policy (SPEC §10.1), which :func:`parse_policy` makes."""

    def __init__(self, native: _native.Policy) -> None:
        self._handle = native

    def origin_of(self, package: str) -> str:
        """The log in which the policy wants a package to be; ``policy.no_rule`` where it has no rule for it."""
        return self._handle.origin_of(unicode(package, "the package's name"))

    def yanked_of(self, package: str) -> List[Severity]:
        """The severities of a yank that it tolerates in a package, the least first: what a registry is told with a range."""
        return cast(List[Severity], json.loads(self._handle.yanked_of(unicode(package, "the package's name"))))


class Seen:
    """What was seen before (SPEC §10.3): neither a log nor a package in it goes back.

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
    def recall(cls, document: Union[SeenDocument, str]) -> Seen:
        """Reads what :meth:`to_json` gave, or its text; ``usage`` where it is neither."""
        seen = cls()
        seen._handle = _native.Seen(json_text(document, "what was seen"))
        return seen

    def size_of(self, origin: str) -> Optional[int]:
        """The size of the highest tree of a log: what a registry is asked to prove consistency with."""
        return self._handle.size_of(unicode(origin, "the origin"))

    def merge(self, other: Seen) -> None:
        """Takes over what another has seen, of each the higher; ``log.fork`` where the two saw different trees of one size."""
        self._handle.merge(made(other, Seen, "what another has seen")._handle)

    def to_json(self) -> SeenDocument:
        """The document to keep, for ``json.dumps``."""
        return cast(SeenDocument, json.loads(self._handle.to_json()))


class Proof:
    """A release that the policy allows, whose manifest is known by name alone: SPEC §10.4 up to step (14)."""

    def __init__(self, native: _native.Proof) -> None:
        self._handle = native

    @property
    def manifest(self) -> str:
        """The manifest's CID, to fetch it by."""
        return self._handle.manifest

    def verify(self, manifest: Buffer) -> Verdict:
        """Step (15), over the manifest's bytes; raises ``cid.mismatch``, or what is wrong with the manifest."""
        return Verdict(self._handle.verify(copied(manifest, "the manifest")))


def parse_policy(policy: Union[PolicyDocument, str]) -> Policy:
    """Reads a policy, or its JSON text, in which alone a name that stands twice can be seen; raises ``policy.invalid``."""
    return Policy(_native.Policy(json_text(policy, "the policy")))


def parse_reference(text: str) -> Request:
    """Reads ``@scope/name@range``, ``@scope/name@version`` or ``@scope/name:channel``.

    Raises ``name.malformed``, ``range.malformed`` or ``channel.malformed``.

    >>> from cidery_verifier import parse_reference
    >>> parse_reference("@acme/hello@^1")
    {'package': '@acme/hello', 'range': '^1'}
    >>> parse_reference("@acme/hello:stable")
    {'package': '@acme/hello', 'channel': 'stable', 'bucket': 0}
    """
    return cast(Request, json.loads(_native.parse_reference(unicode(text, "the reference"))))


def bucket_of(package: str, channel: str, user: str) -> int:
    """The bucket of a channel for a user, whatever text it is that tells users apart (SPEC §10.2).

    It is always the same one for the same user, from 0 to 9,999. Raises ``name.malformed`` or ``channel.malformed``.

    >>> from cidery_verifier import bucket_of
    >>> {"package": "@acme/hello", "channel": "stable", "bucket": bucket_of("@acme/hello", "stable", "user 1")}
    {'package': '@acme/hello', 'channel': 'stable', 'bucket': 4312}
    """
    return _native.bucket_of(
        unicode(package, "the package's name"),
        unicode(channel, "the channel"),
        unicode(user, "the user"),
    )


def prove(policy: Policy, request: Request, resolution: Buffer, seen: Seen, now: float) -> Proof:
    """Steps (1) to (14) of SPEC §10.4 over a resolution, which ``seen`` remembers; ``now`` is in seconds since 1970.

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


def verify_package_proof(policy: Policy, package: str, proof: Buffer, seen: Seen, now: float) -> ProvenPackage:
    """What the log says of a package by a proof (SPEC §10.8): its ``state``, or, without one, that there is no such package.

    ``seen`` remembers it; ``now`` is in seconds since 1970. Raises the first step that fails; nothing is remembered then.
    """
    trusted, name = made(policy, Policy, "the policy"), unicode(package, "the package's name")
    before, evidence = made(seen, Seen, "what was seen"), copied(proof, "the proof")
    said = _native.verify_package_proof(trusted._handle, name, before._handle, seconds(now, "now"), evidence)
    return cast(ProvenPackage, json.loads(said))


def explain(
    policy: Policy,
    request: Request,
    *,
    receipt: Buffer,
    head: Buffer,
    manifest: Optional[Buffer] = None,
    seen: Seen,
    now: float,
) -> Explanation:
    """What each step of :func:`verify` looked at and said.

    Nothing is raised for a refusal, and nothing is remembered; without a manifest, the last step is not reached.

    >>> from cidery_verifier import Seen, explain, parse_policy
    >>> nobody = parse_policy({"origins": {}, "packages": {}})
    >>> explained = explain(nobody, parse_reference("@acme/hello"), receipt=b"", head=b"", seen=Seen(), now=now)
    >>> explained["steps"][0]["rule"], explained["steps"][0]["code"]
    ('the policy has a rule for the package', 'policy.no_rule')
    """
    asked = _asked(policy, request, seen, now)
    evidence = copied(receipt, "the receipt"), copied(head, "the head")
    code = None if manifest is None else copied(manifest, "the manifest")
    return cast(Explanation, json.loads(_native.explain(*asked, *evidence, code)))


def replay(entries: Sequence[Buffer], time: Optional[float] = None) -> PackageState:
    """A package's state after the entries of its log, from its first one on (SPEC §6.4).

    All of it is checked but that the entries are in the log, and that none is withheld at the end. With ``time``, in seconds since
    1970, it is the state as it is then, where nothing was logged since.

    Raises the first entry that is refused; ``at`` is its place.

    >>> from cidery_verifier import CideryError, replay
    >>> try:
    ...     replay([b"no entry"])
    ... except CideryError as error:
    ...     print(error.code, error.at)
    cbor.malformed 0
    """
    given = listed(entries, "the entries")
    moment = None if time is None else seconds(time, "the time")
    return cast(PackageState, json.loads(_native.replay(given, moment)))


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
