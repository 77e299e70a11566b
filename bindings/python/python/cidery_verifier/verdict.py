"""The verdict, what it says of the code, and the check of the code's bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Optional, Sequence, Tuple

from . import _native
from .convert import Buffer, copied, optional, unicode
from .documents import Revocation, Severity
from .error import CideryError


@dataclass(frozen=True, init=False)
class Verdict:
    """A release that the policy allows (SPEC §10.4). Its modules must pass their checks before any of them runs.

    Only :func:`cidery_verifier.verify` and :meth:`cidery_verifier.Proof.verify` make one.
    """

    #: The package's name.
    package: str
    #: Its version.
    version: str
    #: CID of the release's record.
    record: str
    #: The record's place in the package's own log.
    sequence: int
    #: The record's place in the log.
    index: int
    #: When it was logged, in seconds since 1970.
    time: int
    #: What the manifest says of the code.
    manifest: Manifest
    #: The keys of the package's authority that signed, ``z6Mk…``.
    signers: Tuple[str, ...]
    #: CID of the package's first record.
    init: str
    #: CID of the record by which those have the say who have it now, as far as that was shown.
    authority: str
    #: The log.
    origin: str
    #: Whether it was shown what became of the release since it was logged: ``proven`` or ``unchecked``.
    revocation: Revocation
    #: The log's tree, when it was the newest, and who saw it.
    head: Head
    #: What is attested about the release.
    provenance: Tuple[Statement, ...]
    #: The channel that was asked for, where one was.
    channel: Optional[str]
    #: The yank that was tolerated, or that a lock does not ask about.
    yanked: Optional[Yank]
    #: The hosts that are granted: those the code asks for that the policy allows.
    egress: Tuple[str, ...]
    #: Until when the verdict holds, in seconds since 1970.
    valid_until: int
    #: Until when a client that reaches no registry may go on with it, in seconds since 1970.
    grace_until: int

    _handle: _native.Verdict = field(repr=False, compare=False)

    def __init__(self, native: _native.Verdict) -> None:
        said = json.loads(native.to_json())
        head, yanked = said["head"], said.get("yanked")
        vars(self).update(
            package=said["package"],
            version=said["version"],
            record=said["record"],
            sequence=said["sequence"],
            index=said["index"],
            time=said["time"],
            manifest=Manifest._from_json(json.loads(native.manifest_json())),
            signers=tuple(said["signers"]),
            init=said["init"],
            authority=said["authority"],
            origin=said["origin"],
            revocation=said["revocation"],
            head=Head(head["size"], head["root"], head["time"], tuple(head["witnesses"])),
            provenance=tuple(Statement(**statement) for statement in said["provenance"]),
            channel=said.get("channel"),
            yanked=None if yanked is None else Yank(**yanked),
            egress=tuple(said["egress"]),
            valid_until=said["validUntil"],
            grace_until=said["graceUntil"],
            _handle=native,
        )

    def check(self, path: str) -> BlobCheck:
        """The check of a module's bytes as they arrive; ``usage`` where the manifest has no such module."""
        check = self._handle.check(unicode(path, "the path"))
        if check is None:
            raise CideryError("usage", f"the manifest has no module `{path}`")
        return BlobCheck(check)

    def check_module(self, path: str, data: Buffer) -> bytes:
        """Checks a module's bytes at once, and returns those that were checked: use these and not the buffer.

        Raises as :class:`BlobCheck` does.
        """
        check, checked = self.check(path), copied(data, "the module")
        check.update(checked)
        check.finish()
        return checked

    def isolate_id(
        self,
        *,
        overrides: Sequence[str] = (),
        tenant: Optional[str] = None,
        env_key: Optional[str] = None,
    ) -> str:
        """The isolate's id (SPEC §10.6): with whom an instance of the code may be shared."""
        return self._handle.isolate_id(
            [unicode(override, "each of overrides") for override in overrides],
            optional(tenant, "tenant"),
            optional(env_key, "env_key"),
        )


class BlobCheck:
    """The check of one module: length, hash, encoding (SPEC §10.5)."""

    def __init__(self, native: _native.Check) -> None:
        self._handle = native

    def update(self, chunk: Buffer) -> None:
        """Takes the next bytes; raises ``module.size`` as soon as they are too many."""
        self._handle.update(copied(chunk, "the chunk"))

    def finish(self) -> None:
        """Says whether the bytes so far were the ones; raises ``module.size``, ``cid.mismatch`` or ``module.encoding``."""
        self._handle.finish()


@dataclass(frozen=True)
class Head:
    """A log's tree, when it was the newest, and who saw it."""

    #: Entries in the tree.
    size: int
    #: The tree's root, in hexadecimal.
    root: str
    #: When it was cosigned, in seconds since 1970.
    time: int
    #: The policy's witnesses that cosigned it in time, in the order of the policy.
    witnesses: Tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """An attestation, which is a blob."""

    #: The CID of its bytes.
    cid: str
    #: Bytes.
    size: int
    #: SHA-256 of the manifest that it is about, in hexadecimal.
    subject: str


@dataclass(frozen=True)
class Yank:
    """What a yank says of a release."""

    #: ``low``, ``medium``, ``high`` or ``critical``.
    severity: Severity
    #: ``broken``, ``compromised``, ``deprecated``, ``legal``, ``security`` or ``other``.
    reason: str
    #: What the publishers say.
    text: Optional[str] = None
    #: The version to use instead.
    replacement: Optional[str] = None


@dataclass(frozen=True)
class Manifest:
    """What a manifest says of the code (SPEC §5)."""

    #: The manifest's CID: the identity of the code.
    cid: str
    #: Path of the module that the isolate starts with.
    main: str
    #: All modules, sorted by path.
    modules: Tuple[Module, ...]
    #: What the code expects of the runtime.
    compatibility: Compatibility
    #: What the code asks for; a policy may grant less.
    needs: Needs
    #: The packages that it links: whoever loads it has to verify these, too (SPEC §5.7).
    imports: Tuple[Import, ...] = ()

    @classmethod
    def _from_json(cls, said: Any) -> Manifest:
        compatibility, needs = said["compatibility"], said["needs"]
        limits = needs["limits"]
        return cls(
            cid=said["cid"],
            main=said["main"],
            modules=tuple(Module(**module) for module in said["modules"]),
            compatibility=Compatibility(compatibility["date"], tuple(compatibility["flags"])),
            needs=Needs(
                egress=tuple(needs["egress"]),
                bindings=tuple(needs["bindings"]),
                limits=Limits(limits.get("cpuMs"), limits.get("subrequests")),
            ),
            imports=tuple(Import(**linked) for linked in said["imports"]),
        )


@dataclass(frozen=True)
class Import:
    """A release that a package links."""

    #: ``@scope/name``.
    name: str
    version: str
    #: The CID of its manifest.
    manifest: str


@dataclass(frozen=True)
class Module:
    """A module of a manifest."""

    #: Its name in the isolate, relative: ``lib/index.js``.
    path: str
    #: ``esm``, ``cjs``, ``wasm``, ``json``, ``text`` or ``data``.
    kind: str
    #: The CID of its bytes.
    cid: str
    #: Bytes.
    size: int


@dataclass(frozen=True)
class Compatibility:
    """What the code expects of the runtime."""

    #: The compatibility date, ``2026-10-01``.
    date: str
    #: Compatibility flags, sorted.
    flags: Tuple[str, ...]


@dataclass(frozen=True)
class Needs:
    """What the code asks for."""

    #: Hosts that it wants to reach.
    egress: Tuple[str, ...]
    #: Names that it expects in its environment.
    bindings: Tuple[str, ...]
    #: The limits it is content with.
    limits: Limits


@dataclass(frozen=True)
class Limits:
    """Limits of a run; none where it is ``None``."""

    #: Milliseconds of CPU time.
    cpu_ms: Optional[int]
    #: Requests that it makes.
    subrequests: Optional[int]
