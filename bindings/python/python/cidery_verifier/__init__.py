"""Decides whether a release of a package may run: a policy, evidence, a clock, and a verdict.

It converts and delegates to the verifier in Rust, which every language shares; the clauses are those of SPEC.md. There is no
network here and no storage: whoever calls brings the bytes, from wherever they are, and keeps what was seen.

>>> from cidery_verifier import Seen, parse_policy, parse_reference, verify
>>> policy = parse_policy(read("cidery.policy.json").decode())
>>> verdict = verify(
...     policy,
...     parse_reference("@acme/hello@^1"),
...     receipt=read("receipt"),
...     head=read("head"),
...     manifest=read("manifest"),
...     seen=Seen(),
...     now=now,
... )
>>> verdict.version
'1.2.0'
>>> code = {module.path: verdict.check_module(module.path, read(module.path)) for module in verdict.manifest.modules}
"""

import platform

from .error import CideryError, LoadError

try:
    import cidery_verifier._native
except ImportError as cause:
    here = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}"
    raise LoadError("environment", f"the verifier's compiled part cannot be loaded by {here}: {cause}") from cause

from .convert import Buffer
from .documents import (
    ExplainedStep,
    Explanation,
    LogDocument,
    PackageAuthority,
    PackageChannel,
    PackageFloors,
    PackagePending,
    PackageRecovery,
    PackageRelease,
    PackageState,
    PackageTarget,
    PackageYank,
    PolicyDocument,
    ProvenHead,
    ProvenPackage,
    RecoveryDocument,
    Request,
    Revocation,
    RuleDocument,
    SeenDocument,
    SeenLog,
    Severity,
    StateObject,
    StateTree,
    WitnessDocument,
)
from .verdict import BlobCheck, Compatibility, Head, Import, Limits, Manifest, Module, Needs, Statement, Verdict, Yank
from .verifier import (
    Policy,
    Proof,
    Seen,
    bucket_of,
    explain,
    parse_policy,
    parse_reference,
    prove,
    replay,
    verify,
    verify_package_proof,
    verify_signature,
)

__all__ = [
    "BlobCheck",
    "Buffer",
    "CideryError",
    "Compatibility",
    "ExplainedStep",
    "Explanation",
    "Head",
    "Import",
    "Limits",
    "LoadError",
    "LogDocument",
    "Manifest",
    "Module",
    "Needs",
    "PackageAuthority",
    "PackageChannel",
    "PackageFloors",
    "PackagePending",
    "PackageRecovery",
    "PackageRelease",
    "PackageState",
    "PackageTarget",
    "PackageYank",
    "Policy",
    "PolicyDocument",
    "Proof",
    "ProvenHead",
    "ProvenPackage",
    "RecoveryDocument",
    "Request",
    "Revocation",
    "RuleDocument",
    "Seen",
    "SeenDocument",
    "SeenLog",
    "Severity",
    "StateObject",
    "StateTree",
    "Statement",
    "Verdict",
    "WitnessDocument",
    "Yank",
    "bucket_of",
    "explain",
    "parse_policy",
    "parse_reference",
    "prove",
    "replay",
    "verify",
    "verify_package_proof",
    "verify_signature",
]
