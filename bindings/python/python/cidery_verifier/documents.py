"""What travels as JSON, in the words of SPEC: everything here can be written down by ``json.dumps`` and read again."""

from __future__ import annotations

from typing import Dict, List, Literal, TypedDict

#: How bad a yanked release is.
Severity = Literal["low", "medium", "high", "critical"]

#: Whether it is shown what became of a release: newer keys, yanks, newer releases. Where it is ``unchecked``, none of it is known.
Revocation = Literal["proven", "unchecked"]

_Schema = TypedDict("_Schema", {"$schema": str}, total=False)


class PolicyDocument(_Schema):
    """A policy (SPEC §10.1): the logs that are trusted, by origin, and the packages, by name or ``@scope/*``.

    ``$schema`` says where an editor finds the schema; nothing else reads it.
    """

    origins: Dict[str, LogDocument]
    packages: Dict[str, RuleDocument]


class _Log(TypedDict):
    logKeys: List[str]
    cosigner: str


class LogDocument(_Log, total=False):
    """Whom to believe about a log.

    One of ``logKeys`` signs its checkpoints; ``cosigner`` is the key that says when one was the newest. ``quorum`` of the ``witnesses``
    must have cosigned a head, none where it is absent; it may be ``maxAge`` seconds old, a day where that is absent, and for
    ``offlineGrace`` seconds after that a verdict is good where no registry is reached, not at all where that is absent.
    """

    witnesses: List[WitnessDocument]
    quorum: int
    maxAge: int
    offlineGrace: int


class WitnessDocument(TypedDict):
    """Somebody who watches a log: the name under which they cosign, and their key."""

    name: str
    key: str


class _Rule(TypedDict):
    origin: str


class RuleDocument(_Rule, total=False):
    """Whom to believe about packages, which are in the log ``origin``.

    One of ``keys``, ``init`` and ``recovery`` is there at least: ``threshold`` of the publisher ``keys`` must have signed, one where it is
    absent; ``init`` is the CID of the package's first record. ``channels`` may be asked for, none where it is absent; a release must be ``minAge``
    seconds old; yanks of the severities in ``yanked`` are tolerated, none where it is absent; ``provenance`` says whether a release must name
    some; the hosts in ``egress`` may be granted, none where it is absent; ``revocation`` says whether a head must show what became of a release,
    ``proven`` where it is absent.
    """

    keys: List[str]
    threshold: int
    init: str
    recovery: RecoveryDocument
    channels: List[str]
    minAge: int
    yanked: List[Severity]
    provenance: bool
    egress: List[str]
    revocation: Revocation


class _Recovery(TypedDict):
    keys: List[str]


class RecoveryDocument(_Recovery, total=False):
    """Recovery keys that a package's authority comes from: ``threshold`` of them must have signed, one where it is absent."""

    threshold: int


class _OfPackage(TypedDict):
    package: str


class Request(_OfPackage, total=False):
    """What is asked for (SPEC §10.2): a package with a range, with a version, with a version and a manifest's CID, or with a channel and a bucket."""

    range: str
    version: str
    manifest: str
    channel: str
    bucket: int


class SeenDocument(TypedDict):
    """What is remembered between verdicts (SPEC §10.3), by origin."""

    format: Literal["cidery-seen-v1"]
    logs: Dict[str, SeenLog]


class SeenLog(TypedDict):
    """The highest tree of a log, and of each package in it the highest sequence."""

    size: int
    root: str
    packages: Dict[str, int]


class Explanation(TypedDict):
    """A verdict step by step: all rules of SPEC §10.4, in the order in which they are judged."""

    steps: List[ExplainedStep]


class _Step(TypedDict):
    step: str
    rule: str
    verdict: Literal["passed", "refused", "notReached"]


class ExplainedStep(_Step, total=False):
    """One rule: its place in SPEC, such as ``10.4 (4)``, what it asks for, and what it said.

    ``lookedAt`` is absent where it was not reached; ``code`` and ``message`` are there where it refused.
    """

    lookedAt: str
    code: str
    message: str


class _Proven(TypedDict):
    package: str
    origin: str
    head: ProvenHead
    validUntil: int


class ProvenPackage(_Proven, total=False):
    """What a log says of a package (SPEC §10.8), until ``validUntil``, in seconds since 1970; without ``state`` there is no such package."""

    state: StateObject


class ProvenHead(TypedDict):
    """A log's tree, when it was cosigned, in seconds since 1970, and the policy's witnesses that cosigned it in time."""

    size: int
    root: str
    time: int
    witnesses: List[str]


class _Object(TypedDict):
    cid: str
    sequence: int
    newest: str
    authority: str
    versions: StateTree
    channels: StateTree


class StateObject(_Object, total=False):
    """A package's state as the log's map names it (SPEC §9.4), by its own CID.

    ``sequence`` and ``newest`` are those of its newest record; ``authority`` is the record by which those have the say who have it.
    """

    pending: PackagePending


class StateTree(TypedDict):
    """A tree of a state's versions or channels."""

    size: int
    root: str


class _State(TypedDict):
    package: str
    origin: str
    sequence: int
    newest: str
    init: str
    authority: PackageAuthority
    releases: List[PackageRelease]
    channels: List[PackageChannel]


class PackageState(_State, total=False):
    """A package after all its records so far (SPEC §11.2, without ``index``): releases in the order of the log, channels by name.

    ``sequence`` and ``newest`` are those of its newest record.
    """

    pending: PackagePending


#: Who will have the say: the CID of the record that says so, and from when, in seconds since 1970.
PackagePending = TypedDict("PackagePending", {"record": str, "from": int})


class _Authority(TypedDict):
    record: str
    keys: List[str]
    threshold: int
    floors: PackageFloors


class PackageAuthority(_Authority, total=False):
    """Who has the say over a package, by which record."""

    recovery: PackageRecovery
    nextVersionFloor: str


class PackageFloors(TypedDict):
    """What every release must meet."""

    provenance: bool
    witnesses: int


class PackageRecovery(TypedDict):
    """Recovery keys, and the seconds until what they sign takes effect."""

    keys: List[str]
    threshold: int
    delay: int


class _Release(TypedDict):
    version: str
    record: str
    manifest: str
    sequence: int
    time: int


class PackageRelease(_Release, total=False):
    """A release, logged at ``time``, in seconds since 1970; ``void`` is the CID of the record that made it so."""

    void: str
    yanked: PackageYank


class _Yank(TypedDict):
    record: str
    severity: Severity
    reason: str


class PackageYank(_Yank, total=False):
    """What its newest yank says of a release."""

    text: str
    replacement: str


class _Channel(TypedDict):
    name: str
    record: str
    sequence: int
    targets: List[PackageTarget]


class PackageChannel(_Channel, total=False):
    """A channel; ``void`` is the CID of the record that made it so."""

    void: str


class PackageTarget(TypedDict):
    """A release that a channel names, for as many of 10,000 buckets as its weight."""

    version: str
    record: str
    weight: int
