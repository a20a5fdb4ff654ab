"""Verify: every file as it was sealed, every link of the ledger, and (kit/bundle/replay.py) every number again.

Fixity goes beyond `bagit validate`: it also finds files that nobody listed, and changes of the manifests
themselves. Who can write the folder can also write new manifests; a signature checked elsewhere finds that.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from kit import findings
from kit.bundle import signature
from kit.bundle.replay import replay
from kit.errors import BundleError
from kit.load.container import sha256 as sha256_of
from kit.result import visible

TAG_MANIFEST = "tagmanifest-sha256.txt"
MANIFEST = "manifest-sha256.txt"
GAPS = {TAG_MANIFEST: " ", MANIFEST: "  "}  # as bagit writes them
TIMESTAMP_REPLY = "tagmanifest-sha256.txt.tsr"  # what an authority answered may be laid beside the request
LOOSE = (signature.SIGNATURE, signature.TIMESTAMP_REQUEST, TIMESTAMP_REPLY)


@dataclass
class Verification:
    """What a verification found: `checked` says what was looked at, `differences` what is not as it was sealed."""

    folder: Path
    checked: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing differs and nothing that was asked for was left out."""
        return not self.differences

    def __str__(self) -> str:
        lines = [*self.checked, *(f"DIFFERS: {d}" for d in self.differences)]
        verdict = (
            "verified" if self.ok else f"does not verify ({len(self.differences)} found); compare with a good copy"
        )
        return "\n".join([*lines, f"{self.folder}: {verdict}."])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(visible(str(self)))}</pre>"


def verify(
    folder: Path,
    *,
    exports: Sequence[Path] | Path | None = None,
    case: Path | None = None,
    fixity_only: bool = False,
) -> Verification:
    """Check a bundle and return what was checked and what differs.

    exports      files or folders that hold the exports now; without it, those in the bundle or at their old paths
    case         the case folder, for its key, if it has moved (hashed secrets come out the same only with it)
    fixity_only  do not replay

    Raises BundleError if `folder` is no bundle.
    """
    folder = Path(folder)
    if folder.is_file():
        raise BundleError(f"{folder} is a file; unpack it and give the folder that was sealed.")
    if not (folder / "bagit.txt").exists() and not (folder / "data").is_dir():
        raise BundleError(
            f"{folder} is no evidence bundle (no bagit.txt, no data); give the folder that was sealed."
        )
    outcome = Verification(folder)
    _fixity(outcome)
    _timestamp_request(outcome)
    _signature(outcome)
    _chain(outcome)
    if outcome.differences:
        outcome.checked.append("Replay: not begun, as the bundle is not as it was sealed.")
    elif fixity_only:
        outcome.checked.append("Replay: not asked for.")
    else:
        given = [Path(exports)] if isinstance(exports, str | Path) else [Path(e) for e in exports or ()]
        replay(outcome, given, case)
    return outcome


def _fixity(outcome: Verification) -> None:
    folder, wrong = outcome.folder, outcome.differences
    tags = _listed(outcome, TAG_MANIFEST)
    payload = _listed(outcome, MANIFEST)
    present = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if not _is_plain_folder(p)}
    for name, digest in sorted({**tags, **payload}.items()):
        file = present.pop(name, None)
        if file is None:
            wrong.append(f"{name}: missing")
        elif file.is_symlink() or sha256_of(file) != digest:
            wrong.append(f"{name}: changed")
    for name in sorted(set(present) - {TAG_MANIFEST, *LOOSE}):
        wrong.append(f"{name}: not part of the bundle")
    if tags and set(tags) != {"bagit.txt", "bag-info.txt", MANIFEST}:
        wrong.append(f"{TAG_MANIFEST}: changed")
    wrong += [f"{d.relative_to(folder).as_posix()}: not part of the bundle" for d in _empty_folders(folder)]
    if not wrong:
        import bagit

        bagit.Bag(str(folder)).validate(fast=True)
    outcome.checked.append(f"Fixity: {len(payload) + len(tags) + 1:,} files compared with their SHA-256.")


def _timestamp_request(outcome: Verification) -> None:
    """The request is made from the tag manifest alone, so the two must fit; so must a reply laid beside them."""
    manifest, request = outcome.folder / TAG_MANIFEST, outcome.folder / signature.TIMESTAMP_REQUEST
    if not request.is_file():
        outcome.differences.append(f"{request.name}: missing")
    elif manifest.is_file() and request.read_bytes() != signature.timestamp_request(manifest):
        fits = "does not fit the time stamp request; one of the two was changed"
        outcome.differences += [f"{TAG_MANIFEST}: {fits}", f"{request.name}: {fits}"]
    reply = outcome.folder / TIMESTAMP_REPLY
    if reply.is_file() and manifest.is_file():
        if hashlib.sha256(manifest.read_bytes()).digest() not in reply.read_bytes():
            outcome.differences.append(f"{reply.name}: is not about this bundle")
        else:
            outcome.checked.append(
                "Time stamp: a reply about this bundle lies beside it; check who gave it with: openssl ts -verify "
                f"-in {reply.name} -queryfile {request.name} -CAfile AUTHORITY.pem"
            )


def _signature(outcome: Verification) -> None:
    manifest, signed = outcome.folder / TAG_MANIFEST, outcome.folder / signature.SIGNATURE
    info = outcome.folder / "bag-info.txt"
    named = re.search(rb"^Signed-By: (\S+)$", info.read_bytes() if info.is_file() else b"", re.M)
    if not named and not signed.exists():
        outcome.checked.append("Signature: the bundle is not signed.")
    elif not named:
        outcome.differences.append(f"{signed.name}: not part of the bundle")
    elif not signed.is_file():
        outcome.differences.append(f"{signed.name}: missing")
    elif outcome.differences:
        outcome.checked.append("Signature: not checked, as the files differ.")
    else:
        try:
            key = signature.signed_by(manifest, signed)
        except BundleError as e:
            outcome.differences.append(f"{signed.name}: does not fit {TAG_MANIFEST}: {e}")
            return
        if key != named[1].decode("ascii", "replace"):
            outcome.differences.append(f"{signed.name}: signed by {key}, not by the key that bag-info.txt names")
        else:
            outcome.checked.append(f"Signature: good, by the key {key}; compare it with what the signer gave you.")


def _listed(outcome: Verification, manifest: str) -> dict[str, str]:
    """Name -> SHA-256 of a manifest, which must be byte for byte as bagit writes it."""
    try:
        text = (outcome.folder / manifest).read_bytes().decode("utf-8")
    except FileNotFoundError:
        outcome.differences.append(f"{manifest}: missing")
        return {}
    except UnicodeDecodeError:
        outcome.differences.append(f"{manifest}: changed")
        return {}
    gap = GAPS[manifest]
    rows = [line.split(gap, 1) for line in text.split("\n")[:-1]]
    entries = {row[1]: row[0] for row in rows if len(row) == 2}
    again = "".join(f"{digest}{gap}{name}\n" for name, digest in entries.items())
    sound = all(len(d) == 64 and set(d) <= set("0123456789abcdef") for d in entries.values())
    safe = all(not name.startswith("/") and ".." not in name.split("/") for name in entries)
    if again != text or not sound or not safe:
        outcome.differences.append(f"{manifest}: changed")
    return entries if safe else {}


def _is_plain_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _empty_folders(folder: Path) -> list[Path]:
    return [d for d in sorted(folder.rglob("*")) if _is_plain_folder(d) and not any(d.iterdir())]


def _chain(outcome: Verification) -> None:
    ledger = outcome.folder / "data" / "findings" / "ledger.jsonl"
    if not ledger.is_file():
        return
    try:
        entries = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    except (json.JSONDecodeError, UnicodeDecodeError):
        outcome.differences.append("data/findings/ledger.jsonl: a line is no JSON")
        return
    outcome.differences += [f"data/findings/ledger.jsonl: {b}" for b in findings.broken_links(entries)]
    outcome.checked.append(f"Ledger: entries that follow one from the other: {len(entries)}.")
