"""Whatever is changed in a bundle is found and named."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import bagit
import pytest

from kit import Case, bundle
from kit.bundle import signature
from kit.errors import BundleError


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, hostile: Case) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    return bundle.seal(hostile, folder / "bundle", sign_key=folder / "key")


def test_a_sealed_bundle_verifies_and_is_a_valid_bag(signed: Path) -> None:
    outcome = bundle.verify(signed, fixity_only=True)
    assert outcome.ok, outcome
    assert "Signature: good, by the key SHA256:" in str(outcome)
    assert bagit.Bag(str(signed)).validate()


CHANGES = int(
    os.environ.get("KIT_CHANGES", "200")
)  # 1000 by hand: KIT_CHANGES=1000 pytest tests/evidence/test_fixity.py


def test_random_changes_are_all_found_and_named(signed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(signed, copy)
    rng = random.Random(20261123)
    files = sorted(p.relative_to(copy).as_posix() for p in copy.rglob("*") if p.is_file())
    missed = []
    for _ in range(CHANGES):
        name = rng.choice(files)
        kind = rng.choice(["byte", "byte", "truncate", "append", "rename", "add", "remove"])
        named, undo = _change(copy, name, kind, rng)
        outcome = bundle.verify(copy, fixity_only=True)
        undo()
        if not any(d.startswith(f"{named}: ") for d in outcome.differences):
            missed.append((kind, name, outcome.differences))
    assert missed == []
    assert bundle.verify(copy, fixity_only=True).ok


def _change(folder: Path, name: str, kind: str, rng: random.Random):  # type: ignore[no-untyped-def]
    """Change one file; returns the name that must be reported and how to undo it."""
    file = folder / name
    before = file.read_bytes()
    if kind in ("rename", "remove"):
        other = file.with_name(f"{file.name}{rng.randrange(1000)}")
        file.rename(other) if kind == "rename" else file.unlink()

        def undo() -> None:
            other.rename(file) if kind == "rename" else file.write_bytes(before)

        return name, undo
    if kind == "add":
        added = file.with_name(f"added-{rng.randrange(10**6)}.txt")
        added.write_bytes(rng.randbytes(3))
        return added.relative_to(folder).as_posix(), added.unlink
    if kind == "byte" and before:
        at = rng.randrange(len(before))
        file.write_bytes(before[:at] + bytes([before[at] ^ rng.randrange(1, 256)]) + before[at + 1 :])
    elif kind == "truncate" and before:
        file.write_bytes(before[: rng.randrange(len(before))])
    else:
        file.write_bytes(before + rng.randbytes(1))
    return name, lambda: file.write_bytes(before)


def test_a_changed_file_with_new_manifests_breaks_the_signature(signed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(signed, copy)
    (copy / "data" / "evidence.json").write_text("{}")
    bagit.Bag(str(copy)).save(manifests=True)
    request = signature.timestamp_request(copy / "tagmanifest-sha256.txt")
    (copy / "tagmanifest-sha256.txt.tsq").write_bytes(request)
    differences = bundle.verify(copy, fixity_only=True).differences
    assert any(d.startswith("tagmanifest-sha256.txt.sig: ") for d in differences)


def test_a_link_in_place_of_a_file_and_an_empty_folder_are_found(signed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(signed, copy)
    original = tmp_path / "evidence.json"
    (copy / "data" / "evidence.json").rename(original)
    (copy / "data" / "evidence.json").symlink_to(original)
    (copy / "data" / "empty").mkdir()
    assert bundle.verify(copy, fixity_only=True).differences == [
        "data/evidence.json: changed",
        "data/empty: not part of the bundle",
    ]


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no evidence bundle"):
        bundle.verify(tmp_path)


def test_seal_refuses_a_folder_that_is_there_and_leaves_nothing_when_it_fails(
    hostile: Case, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(BundleError, match="exists already"):
        bundle.seal(hostile, tmp_path / "full")
    with pytest.raises(BundleError, match="does not exist"):
        bundle.seal(hostile, tmp_path / "new", sign_key=tmp_path / "no-key")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full"]


def test_the_time_stamp_request_is_one_that_openssl_reads(signed: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    read = ["openssl", "ts", "-query", "-in", str(signed / "tagmanifest-sha256.txt.tsq"), "-text"]
    said = subprocess.run(read, check=True, capture_output=True, text=True).stdout
    assert "Hash Algorithm: sha256" in said
    assert "Certificate required: yes" in said


def test_a_time_stamp_reply_about_something_else_is_found(signed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(signed, copy)
    reply = copy / "tagmanifest-sha256.txt.tsr"
    reply.write_bytes(b"reply" + sha256((copy / "tagmanifest-sha256.txt").read_bytes()).digest())
    assert "openssl ts -verify" in str(bundle.verify(copy, fixity_only=True))
    reply.write_bytes(b"reply about something else")
    differences = bundle.verify(copy, fixity_only=True).differences
    assert differences == ["tagmanifest-sha256.txt.tsr: is not about this bundle"]
