"""What a registry makes, for the tests: small logs of random packages, receipts, heads, proofs of packages."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from typing import Any, Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cidery_spec import cbor, keys, log, maps, notes, package, policy, records, signed, state, tree
from cidery_spec.cid import DAG_CBOR, RAW, Cid
from cidery_spec.errors import Refused
from cidery_spec.names import Version
from cidery_spec.ranges import Range
import proofs

ORIGIN = "log.example"
MAIN = Cid.hashing(DAG_CBOR, b"")
_PRIVATE: dict[bytes, Ed25519PrivateKey] = {}


def key(label: str) -> bytes:
    """The public key of somebody; `sign` has the private one."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(label.encode()).digest())
    public = private.public_key().public_bytes_raw()
    _PRIVATE[public] = private
    return public


LOG, COSIGNER = key("log"), key("cosigner")


class Registry:
    """A log, its packages, and what it tells of them."""

    def __init__(self, seed: int = 0, steps: tuple[int, ...] = (0, 1, 40, 400)) -> None:
        self.random = random.Random(seed)
        #: How its clock moves on.
        self._steps = steps
        self.time = 1_790_000_000
        self.entries: list[bytes] = []
        self.replayed = log.Log(ORIGIN)
        #: Of each package, its entries' places.
        self.places: dict[str, list[int]] = {}
        #: Signed records and their places, by their names.
        self.records: dict[Cid, tuple[records.Record, bytes, int]] = {}

    def grow(self, steps: int) -> None:
        """So many random steps, and a map."""
        for _ in range(steps):
            self.time += self.random.choice(self._steps)
            if self.random.random() < 0.3:
                self.add_map()
            else:
                self._step()
        self.add_map()

    def add_map(self, **altered: Any) -> None:
        """The end of a group; what is `altered` makes it a lie."""
        self._append(cbor.encode({"kind": "map", "root": maps.root(self._values()), "time": self.time, **altered}))

    def add(self, name: str, kind: str, body: dict[str, Any], signers: Iterable[bytes], **altered: Any) -> bool:
        """Logs a record of a package where it may be there, or where it is `altered`."""
        entry = self.entry(name, kind, body, signers, **altered)
        if not altered:
            before, (told, _) = self.now(name), signed.decode_entry(entry)
            try:
                record = records.decode(told)
                package.started(told, record) if before is None else before.followed(told, record, self.time)
            except Refused:
                return False
        self._append(entry, name)
        return True

    def entry(self, name: str, kind: str, body: dict[str, Any], signers: Iterable[bytes], **altered: Any) -> bytes:
        """A log entry with the next record of a package; what is `altered` to `None` is left out."""
        fields = {"kind": kind, "origin": ORIGIN, "package": name, "sequence": 0, "body": body}
        now = self.now(name)
        if now is not None:
            fields.update(sequence=now.newest.sequence + 1, prev=now.newest.cid, authority=now.authority.cid)
        fields.update(altered)
        payload = cbor.encode({name: each for name, each in fields.items() if each is not None})
        told = signed.Signed(f"application/vnd.cidery.{kind}.v1+cbor", payload, ())
        signatures = [{"key": each, "sig": _PRIVATE[each].sign(told.signing_input)} for each in sorted(set(signers))]
        entry = {"kind": "record", "time": self.time, "type": told.type, "payload": payload, "signatures": signatures}
        return cbor.encode(entry)

    def _append(self, entry: bytes, name: str = "") -> None:
        """Whatever it is: whether it may be there is for others to find."""
        try:
            self.replayed.add(entry)
        except Refused:
            pass
        if name:
            self.places.setdefault(name, []).append(len(self.entries))
            told = signed.decode_entry(entry)[0]
            record = records.decode(told)
            self.records[record.cid] = record, signed_record(entry), len(self.entries)
        self.entries.append(entry)

    def now(self, name: str) -> package.State | None:
        """The state of a package for the next entry."""
        known = self.replayed.states.get(name)
        return None if known is None else known.at(max(self.time, self.replayed.time))

    def _values(self) -> dict[bytes, Cid]:
        self.replayed.states = {name: self.now(name) for name in self.replayed.states}
        return self.replayed.values()

    def _step(self) -> None:
        names, pick = list(self.replayed.states), self.random.choice
        if not names or self.random.random() < 0.1:
            name = f"@acme/p{len(names)}"
            powers = self._powers()
            self.add(name, "init", powers, powers["keys"])
            return
        name = pick(names)
        now = self.now(name)
        powers = now.authority.powers
        kind = pick(("release",) * 4 + ("yank", "yank", "channel", "channel", "attest", "rekey", "recover", "transfer"))
        to, last = self._powers(powers.get("recovery")), self.random.randrange(now.newest.sequence + 2)
        void = [{"key": each, "fromSequence": last} for each in powers["keys"] if each not in to["keys"]]
        signers = powers["keys"] if self.random.random() < 0.9 else powers["keys"][:1]
        if kind == "release":
            word = pick(("", "", "-a", "-b.2"))
            version = f"{pick((1, 1, 2))}.{self.random.randrange(4)}.{self.random.randrange(3)}{word}"
            self.add(name, kind, release(version), signers)
        elif kind == "rekey":
            self.add(name, kind, {"by": "publishers", "to": to, "void": pick((void, []))}, signers)
        elif kind == "recover" and "recovery" in powers:
            body = {"by": "recovery", "to": {**to, "threshold": max(to["threshold"], powers["threshold"])}, "void": void}
            self.add(name, "rekey", body, powers["recovery"]["keys"])
        elif kind == "transfer":
            self.add(name, kind, {"to": to}, [*powers["keys"], *to["keys"]])
        elif now.releases:
            made = pick(list(now.releases.values())).record
            named = {"version": made.body["version"], "record": made.cid}
            severity = pick(records.SEVERITIES)
            reason = "restored" if severity == "none" else "broken"
            self.add(name, kind, {
                "yank": {"release": named, "severity": severity, "reason": reason},
                "channel": {"name": pick(("beta", "stable")), "targets": [{"release": named, "weight": 10_000}]},
                "attest": {
                    "release": named,
                    "predicate": "seen",
                    "statement": {"cid": Cid.hashing(RAW, b""), "size": 0, "subject": bytes(32)},
                },
            }.get(kind, {}), signers)

    def _powers(self, recovery: dict[str, Any] | None = None) -> dict[str, Any]:
        held = sorted({key(f"publisher {self.random.randrange(6)}") for _ in range(2)})
        powers = {"keys": held, "threshold": len(held), "floors": {"provenance": False, "witnesses": 0}}
        if recovery is None and self.random.random() < 0.7:
            delay = self.random.choice((0, 300, 1000))
            recovery = {"keys": [key(f"recovery {self.random.randrange(3)}")], "threshold": 1, "delay": delay}
        return {**powers, "recovery": recovery} if recovery else powers

    def groups(self) -> list[int]:
        """The sizes after which there is a checkpoint."""
        return [place + 1 for place, entry in enumerate(self.entries) if signed.is_map_entry(entry)]

    def hashed(self, size: int | None = None) -> list[bytes]:
        """The leaf hashes of the first entries."""
        return [tree.leaf(entry) for entry in self.entries[:size]]

    def checkpoint(self, size: int | None = None, time: int | None = None) -> bytes:
        """A checkpoint of this size with the cosigner's time."""
        hashed, time = self.hashed(size), self.time if time is None else time
        text = f"{ORIGIN}\n{len(hashed)}\n{base64.b64encode(tree.root(hashed)).decode()}\n"
        told = b"cosignature/v1\ntime %d\n%s" % (time, text.encode())
        lines = (
            (ORIGIN, LOG, notes.LOG_SIGNATURE, _PRIVATE[LOG].sign(text.encode())),
            (f"{ORIGIN}/cosigner", COSIGNER, notes.COSIGNATURE, time.to_bytes(8, "big") + _PRIVATE[COSIGNER].sign(told)),
        )
        signatures = (
            f"— {name} {base64.b64encode(notes.key_id(name, public, kind) + body).decode()}\n"
            for name, public, kind, body in lines
        )
        return (text + "\n" + "".join(signatures)).encode()

    def chain(self, last: Cid | None) -> list[bytes]:
        """The signed records from a package's `init` to an authority."""
        found: list[bytes] = []
        while last is not None:
            record, data, _ = self.records[last]
            found.insert(0, data)
            last = record.authority
        return found

    def receipt(self, cid: Cid) -> bytes:
        """SPEC 9.1: of a record."""
        record, _, index = self.records[cid]
        size = next(size for size in self.groups() if size > index)
        return cbor.encode({
            "format": "cidery-receipt-v1",
            "chain": self.chain(record.authority),
            "record": self.entries[index],
            "index": index,
            "checkpoint": self.checkpoint(size),
            "inclusion": b"".join(proofs.inclusion(index, self.hashed(size))),
        })

    def map_proof(self, name: str) -> dict[str, Any]:
        """SPEC 9.2: under the newest checkpoint."""
        proof = proofs.inclusion(len(self.entries) - 1, self.hashed())
        path = maps.path(self._values(), maps.key(name)).fields()
        return {"entry": self.entries[-1], "inclusion": b"".join(proof), "path": path}

    def head(self, cid: Cid, wanted: Range | None = None, channel: str | None = None, since: int = 0) -> bytes:
        """SPEC 9.2: for a release that was asked for by a range or a channel, and who has seen so many entries."""
        record, _, index = self.records[cid]
        proof = self.map_proof(record.package)  # which settles what is due
        now, version = self.replayed.states[record.package], record.body["version"]
        versions, channels = state.versions(now), state.channels(now)
        held = [state.decode_version(leaf).version for leaf in versions]
        shown = {held.index(Version(version))}
        if wanted is not None:
            shown |= proofs.newest(wanted, Version(version), held)
        standing = {
            "map": proof,
            "state": state.encode(now),
            "versions": proofs.leaves(shown, versions),
            "chain": self.chain(now.authority.cid)[len(self.chain(record.authority)) :],
        }
        yank = now.releases[version].yank
        if yank is not None:
            standing["yank"] = self.records[yank.cid][1]
        if channel is not None:
            standing["channel"] = self.records[now.channels[channel].record.cid][1]
            standing["channels"] = proofs.leaves({sorted(now.channels).index(channel)}, channels)
        fields = {
            "format": "cidery-head-v1",
            "checkpoint": self.checkpoint(),
            "join": {"inclusion": b"".join(proofs.rights(index, self.hashed()))},
            "standing": standing,
        }
        if since:
            fields["since"] = {"size": since, "consistency": b"".join(proofs.consistency(since, self.hashed()))}
        return cbor.encode(fields)

    def package_proof(self, name: str) -> bytes:
        """SPEC 9.6."""
        fields = {"format": "cidery-package-proof-v1", "checkpoint": self.checkpoint(), "map": self.map_proof(name)}
        now = self.replayed.states.get(name)
        return cbor.encode({**fields, "state": state.encode(now)} if now is not None else fields)


def release(version: str) -> dict[str, Any]:
    """The body of a release."""
    return {"version": version, "manifest": MAIN, "build": {"tool": "make"}, "provenance": []}


def rules(inits: dict[str, Cid]) -> policy.Policy:
    """The policy of a client that pins the first records of packages."""
    origin = {"logKeys": [keys.key_to_text(LOG)], "cosigner": keys.key_to_text(COSIGNER)}
    rule = {"origin": ORIGIN, "channels": ["beta", "stable"], "yanked": ["low", "medium"]}
    packages = {name: {**rule, "init": str(init)} for name, init in inits.items()}
    return policy.decode(json.dumps({"origins": {ORIGIN: origin}, "packages": packages}).encode())


def signed_record(entry: bytes) -> bytes:
    """SPEC 6.8: what an entry carries."""
    fields = cbor.decode(entry)
    return cbor.encode({name: fields[name] for name in ("type", "payload", "signatures")})
