"""Seal: gather the exhibits, write the summary and its parts, and close them into a BagIt folder."""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import secrets
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from kit import derive, findings, load
from kit.bundle import annexes, exhibits, html, markdown, signature, summary
from kit.bundle.audience import Audience
from kit.bundle.document import Document
from kit.bundle.evidence import evidence
from kit.bundle.exhibits import Exhibit
from kit.case import Case, case_key, record_activity
from kit.database import kit_digest
from kit.errors import BundleError
from kit.load.container import sha256 as sha256_of

PROFILES = ("internal", "legal", "partner", "public")
TLP = {"internal": "TLP:AMBER+STRICT", "legal": "TLP:AMBER+STRICT", "partner": "TLP:AMBER", "public": "TLP:CLEAR"}
TOOLS = ("duckdb", "polars", "altair", "vl-convert-python", "igraph", "numpy", "scipy", "bagit", "stix2", "typst")
KEPT_WITH_THE_CASE = (".toml", ".yaml", ".yml", ".jsonl", ".build")
NOT_KEPT = ("requests", "rejects", "side", "notebooks", "findings", "bundles")


@dataclass(frozen=True)
class Seal:
    """What is being sealed, for whom, and by whom."""

    case: Case
    profile: str
    bundle_id: str
    sealed_at: str

    def describe(self) -> dict[str, Any]:
        """The `case` part of evidence.json."""
        own = self.case.config["case"]
        keys = ("id", "title", "opened_at", "opened_by", "requested_by", "scope")
        return {
            **{k: own[k] for k in keys if own.get(k)},
            "profile": self.profile,
            "tlp": TLP[self.profile],
            "bundle_id": self.bundle_id,
            "sealed_at": self.sealed_at,
            "sealed_by": getpass.getuser(),
            "kit_version": version("distillation-incident-kit"),
        }


def seal(
    case: Case,
    to: Path | None = None,
    *,
    profile: str = "internal",
    exports: str = "hash",
    sign_key: Path | None = None,
) -> Path:
    """Seal the evidence of `case` into the new folder `to` and return it.

    to        None: the next free one of the case, bundles/<profile>-1, -2, ...
    profile   internal | legal | partner | public: for whom, and so what is in it
    exports   "hash": exports are named by hash, with the cited lines; "include": copied into the bundle
    sign_key  an SSH private key; `ssh-keygen -Y` signs the manifest with it

    The folder appears whole or not at all. Raises BundleError if it exists, or if nothing can be written there.
    """
    sealing = _begin(case, profile)
    to = _next_folder(case, profile) if to is None else Path(to)
    if exports == "include" and profile in ("partner", "public"):
        raise BundleError(f"The profile {profile} never holds exports; seal it with exports by hash.")
    if exports not in ("hash", "include"):
        raise BundleError(f"exports is {exports!r}; choose hash or include.")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise BundleError(f"{to} exists already; choose a new folder for the bundle.")
    signer = signature.fingerprint(sign_key) if sign_key else ""
    part = to.parent / f".{to.name}.{sealing.bundle_id}.partial"
    part.mkdir(parents=True)
    try:
        _write_payload(part, sealing, exports)
        _close_bag(part, sealing, signer)
        if sign_key:
            signature.sign(part / "tagmanifest-sha256.txt", sign_key)
        if to.exists():
            to.rmdir()
        os.replace(part, to)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    record_activity(case.folder, "export", to=str(to), profile=profile, bundle_id=sealing.bundle_id)
    return to


def _next_folder(case: Case, profile: str) -> Path:
    folders = (case.folder / "bundles" / f"{profile}-{n}" for n in count(1))
    return next(f for f in folders if not f.exists())


def preview(case: Case, profile: str = "internal") -> Preview:
    """The summary as it would be sealed now for `profile`, to look at in a notebook; nothing is written."""
    composed = _compose(_begin(case, profile))
    return Preview(html.render(summary.write(composed.content, composed.shown)), profile)


@dataclass(frozen=True)
class Preview:
    """A summary that shows itself in a frame of its own, in which nothing can run."""

    page: str
    profile: str

    def _repr_html_(self) -> str:
        frame = f"<iframe sandbox title='Summary, profile {self.profile}' width='100%' height='720'"
        return f'{frame} srcdoc="{escape(self.page, quote=True)}"></iframe>'


@dataclass(frozen=True)
class Composed:
    """What a bundle says: the content of evidence.json, the exhibits, and what was redacted (shared profiles)."""

    content: dict[str, Any]
    shown: list[Exhibit]
    redactions: dict[str, Any] | None


def _begin(case: Case, profile: str) -> Seal:
    if profile not in PROFILES:
        raise BundleError(f"There is no profile {profile!r}; choose one of {', '.join(PROFILES)}.")
    if not derive.is_current(case.folder):
        raise BundleError(
            f"{case.folder} was built by another kit or with other parameters; rebuild it with: incident load "
            f"{case.folder}"
        )
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Seal(case.reopen(), profile, secrets.token_hex(8), now)


def _compose(sealing: Seal) -> Composed:
    case, found, about, build = sealing.case, findings.all(sealing.case), sealing.describe(), sealing.case.build
    shown, decided, redactions = exhibits.gather(case, found), exhibits.dispositions(case), None
    if sealing.profile in ("partner", "public"):
        audience = Audience(case, sealing.profile, sealing.bundle_id, sealing.sealed_at)
        shown, found = audience.adapt(shown, found, exhibits.rejected(decided))
        about, build, redactions, decided = audience.describe(about), audience.build(), audience.log(), {}
    return Composed(evidence(about, build, exhibits.frames(shown), found, decided), shown, redactions)


def _write_payload(folder: Path, sealing: Seal, exports: str) -> None:
    from kit.bundle import legal, stix

    composed = _compose(sealing)
    content, shown = composed.content, composed.shown
    if composed.redactions is not None:
        _json(folder / "redaction-log.json", composed.redactions)
    _json(folder / "evidence.json", content)
    templates = exhibits.frames(shown).get("templates")
    (folder / "stix.json").write_text(stix.bundle(content, templates), encoding="utf-8")
    _write_summary(folder, summary.write(content, shown), sealing)
    annexes.write(folder / "annexes", shown)
    if sealing.profile in ("internal", "legal"):
        _write_originals(folder, sealing, shown, content["coverage"]["exports"], exports)
    if sealing.profile == "legal":
        legal.write(folder / "legal", sealing.case, content)


def _write_summary(folder: Path, document: Document, sealing: Seal) -> None:
    from kit.bundle import pdf, word

    made_at = datetime.fromisoformat(sealing.sealed_at)
    (folder / "summary.html").write_text(html.render(document), encoding="utf-8")
    (folder / "summary.md").write_text(markdown.render(document), encoding="utf-8")
    (folder / "summary.pdf").write_bytes(pdf.render(document, made_at))
    (folder / "summary.docx").write_bytes(word.render(document, made_at))


def _write_originals(
    folder: Path, sealing: Seal, shown: list[Exhibit], received: list[dict[str, Any]], exports: str
) -> None:
    """What only those may have who may see everything: ledger, settings, notebooks as run, plan of the replay."""
    case = sealing.case
    _copy_ledger(case.folder / "findings", folder / "findings")
    _copy_case(case.folder, folder / "case")
    _json(folder / "replay.json", _replay(sealing, shown))
    notebooks = sorted((case.folder / "notebooks").glob("*.ipynb"))
    if notebooks:
        (folder / "notebooks").mkdir()
    for notebook in notebooks:
        shutil.copyfile(notebook, folder / "notebooks" / notebook.name)
    if exports == "include":
        _include_exports(folder / "exports", received)


def _replay(sealing: Seal, shown: list[Exhibit]) -> dict[str, Any]:
    """What `verify` needs to make every number again."""
    case = sealing.case
    notebooks = sorted((case.folder / "notebooks").glob("*.ipynb"))
    return {
        "bundle_id": sealing.bundle_id,
        "profile": sealing.profile,
        "case_folder": str(case.folder.resolve()),
        "case_key_sha256": sha256(case_key(case.folder)).hexdigest(),
        "build": case.build,
        "parameters": case.parameters,
        "kit_sha256": kit_digest(),
        "seeds": "Fixed in the kit's code; a seed that a call takes stands in its arguments.",
        "exports": [{"full_path": str(Path(e["path"]).resolve()), **e} for e in load.read_exports(case.folder)],
        "results": [exhibits.reference(e) for e in shown],
        "notebooks": {n.name: sha256(n.read_bytes()).hexdigest() for n in notebooks},
        "versions": {
            "distillation-incident-kit": version("distillation-incident-kit"),
            "python": sys.version.split()[0],
            "platform": platform.platform(),
            **{name: version(name) for name in TOOLS},
        },
    }


def _copy_ledger(source: Path, target: Path) -> None:
    target.mkdir()
    (target / "ledger.jsonl").write_bytes(
        (source / "ledger.jsonl").read_bytes() if (source / "ledger.jsonl").exists() else b""
    )


def _copy_case(source: Path, target: Path) -> None:
    """The settings, reviews, rules and activity of the case: what a replay and a reader of the custody log need."""
    for file in sorted(source.rglob("*")):
        inside = file.relative_to(source)
        hidden = any(part.startswith(".") for part in inside.parts)
        if file.suffix in KEPT_WITH_THE_CASE and inside.parts[0] not in NOT_KEPT and not hidden and file.is_file():
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target / inside)


def _include_exports(target: Path, received: list[dict[str, Any]]) -> None:
    target.mkdir()
    for one in received:
        file = Path(one["path"])
        if not file.is_file() or sha256_of(file) != one["sha256"]:
            raise BundleError(
                f"{file} is gone or has changed since it was loaded; bring it back, or seal with exports by hash."
            )
        folder = target / one["sha256"][:16]
        folder.mkdir(exist_ok=True)
        shutil.copyfile(file, folder / re.sub(r"[^A-Za-z0-9._-]", "_", file.name).lstrip("."))


def _close_bag(folder: Path, sealing: Seal, signer: str) -> None:
    import bagit

    info = {
        "External-Identifier": sealing.bundle_id,
        "External-Description": f"Evidence summary, profile {sealing.profile}, {TLP[sealing.profile]}",
        "Bagging-Date": sealing.sealed_at[:10],
        "Bag-Software-Agent": f"distillation-incident-kit {version('distillation-incident-kit')} with bagit.py",
    }
    if signer:
        info["Signed-By"] = signer
    bagit.make_bag(str(folder), info, checksums=["sha256"])
    manifest = folder / "tagmanifest-sha256.txt"
    (folder / signature.TIMESTAMP_REQUEST).write_bytes(signature.timestamp_request(manifest))


def _json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, ensure_ascii=True, indent=1, allow_nan=False) + "\n", encoding="utf-8")
