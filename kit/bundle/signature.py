"""A detached signature over the tag manifest with an SSH key, and a time stamp request to take to a network.

The tag manifest names every other manifest by hash, and they name every file: it stands for the bundle. A
signature tells which key signed, not whose key it is: compare the fingerprint with what the signer gave you.
"""

from __future__ import annotations

import base64
import re
import subprocess
from hashlib import sha256
from pathlib import Path

from kit.errors import BundleError

NAMESPACE = "distillation-incident-kit"
SIGNATURE = "tagmanifest-sha256.txt.sig"
TIMESTAMP_REQUEST = "tagmanifest-sha256.txt.tsq"
SHA256_OID = bytes.fromhex("0609608648016503040201")


def fingerprint(key: Path) -> str:
    """The SHA-256 fingerprint of an SSH key, private or public. Raises BundleError if it is none."""
    if not key.is_file():
        raise BundleError(f"{key} does not exist; give the path of an SSH private key.")
    public = key.with_name(key.name + ".pub")
    return _ssh_keygen("-l", "-E", "sha256", "-f", str(public if public.is_file() else key)).split()[1]


def sign(manifest: Path, key: Path) -> Path:
    """Sign `manifest` with an SSH private key; writes and returns the signature beside it."""
    _ssh_keygen("-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(manifest))
    return manifest.with_name(SIGNATURE)


def signed_by(manifest: Path, signature: Path) -> str:
    """The fingerprint of the key that signed. Raises BundleError if the signature is not of this file."""
    body = re.fullmatch(
        r"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]+\n)+)-----END SSH SIGNATURE-----\n",
        signature.read_bytes().decode("ascii", "replace"),
    )
    lines = body[1].split("\n") if body else []
    joined = "".join(lines)
    if not body or base64.b64encode(base64.b64decode(joined)).decode() != joined or {*map(len, lines[:-2])} - {70}:
        raise BundleError(f"{signature.name}: changed")
    said = _ssh_keygen("-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(signature), stdin=manifest.read_bytes())
    found = re.search(r"SHA256:\S+", said)
    if not found:
        raise BundleError(f"{signature.name}: ssh-keygen named no key; update OpenSSH and verify again.")
    return found[0]


def timestamp_request(file: Path) -> bytes:
    """An RFC 3161 request for a time stamp on `file`: SHA-256, no nonce, certificate wanted.

    Without a nonce the request is the same whenever it is made, so it can be checked like any other file.
    """
    imprint = _der(0x30, _der(0x30, SHA256_OID + b"\x05\x00") + _der(0x04, sha256(file.read_bytes()).digest()))
    return _der(0x30, b"\x02\x01\x01" + imprint + b"\x01\x01\xff")


def _der(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content  # everything here is shorter than 128 bytes


def _ssh_keygen(*arguments: str, stdin: bytes = b"") -> str:
    try:
        done = subprocess.run(["ssh-keygen", *arguments], input=stdin, capture_output=True, check=False)
    except FileNotFoundError as e:
        raise BundleError("ssh-keygen is not installed; install OpenSSH to sign or to check a signature.") from e
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().split("\n")[0]
        raise BundleError(f"ssh-keygen refused ({said}); check the key and the signed file.")
    return done.stdout.decode("utf-8", "replace")
