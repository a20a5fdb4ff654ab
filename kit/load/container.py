"""An export as bytes: how it is packed, its hash, and its text in pieces cut at line ends."""

from __future__ import annotations

import bz2
import codecs
import hashlib
import lzma
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard
from isal import igzip, isal_zlib

from kit.errors import LoadError

PIECE = 32 << 20
LONGEST_LINE = 256 << 20
PACKED = {b"\x1f\x8b": "gzip", b"(\xb5/\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
FOREIGN = {b"PK\x03\x04": "a ZIP archive", b"SQLite format 3": "an SQLite database", b"%PDF": "a PDF file"}
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Container:
    """What the first bytes of an export say, whatever its name ends in."""

    path: Path
    size: int
    packing: str  # "" | gzip | zstd | bzip2 | xz
    is_parquet: bool
    encoding: str  # of the text inside
    head: bytes  # the first megabyte of the text, as UTF-8 without a byte order mark


def open_container(path: Path) -> Container:
    """Look at an export. Raises LoadError if it is missing, empty, or packed in a way the kit does not read."""
    if not path.is_file():
        raise LoadError(f"{path} does not exist; check the path.")
    with path.open("rb") as f:
        start = f.read(16)
    size = path.stat().st_size
    if not start:
        raise LoadError(f"{path} is empty; ask for the export again.")
    for magic, name in FOREIGN.items():
        if start.startswith(magic):
            raise LoadError(f"{path} is {name}; unpack or export it as NDJSON, CSV or Parquet first.")
    if start[:4] == b"PAR1":
        return Container(path, size, "", True, "", b"")
    packing = next((name for magic, name in PACKED.items() if start.startswith(magic)), "")
    probe = Container(path, size, packing, False, "utf-8", b"")
    blocks = _unpacked(probe, lambda _: None)
    head = b""
    while len(head) < 1 << 20 and (block := next(blocks, b"")):
        head += block
    encoding = _encoding(head)
    if encoding != "utf-8":
        head = codecs.getincrementaldecoder(encoding)("replace").decode(head).encode()
    head = head.removeprefix(codecs.BOM_UTF8)
    if not head.strip():
        raise LoadError(f"{path} holds no text; ask for the export again.")
    return Container(path, size, packing, False, encoding, head)


def sha256(path: Path) -> str:
    """The SHA-256 of the file as it lies there."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def pieces(container: Container, advance: Advance, *, whole_records: bool = False) -> Iterator[bytes]:
    """The text as UTF-8, unpacked in a thread of its own, in pieces that end at a line end.

    With `whole_records`, no piece ends within double quotes (CSV). `advance` is told how many bytes of the file
    were read. Raises LoadError if the file turns out to be cut short or damaged.
    """
    ready: queue.Queue[bytes | BaseException | None] = queue.Queue(2)
    stop = threading.Event()

    def fill() -> None:
        try:
            for piece in _cut(_text(container, advance), whole_records):
                while not stop.is_set():
                    try:
                        ready.put(piece, timeout=0.2)
                        break
                    except queue.Full:
                        continue
                if stop.is_set():
                    return
            ready.put(None)
        except BaseException as e:
            ready.put(e)

    threading.Thread(target=fill, daemon=True).start()
    try:
        while (piece := ready.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        stop.set()


def _encoding(head: bytes) -> str:
    for mark, name in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    if len(head) >= 4 and head[:4].count(0) == 2:  # ASCII in UTF-16 without a mark
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return "utf-8"


def _text(container: Container, advance: Advance) -> Iterator[bytes]:
    blocks = _unpacked(container, advance)
    first = True
    decoder = (
        None
        if container.encoding == "utf-8"
        else codecs.getincrementaldecoder(container.encoding)(errors="replace")
    )
    for block in blocks:
        text = block if decoder is None else decoder.decode(block).encode("utf-8", "replace")
        if first and text:
            text, first = text.removeprefix(codecs.BOM_UTF8), False
        yield text


def _cut(blocks: Iterator[bytes], whole_records: bool) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size < PIECE:
            continue
        text = b"".join(waiting)
        cut = _record_end(text) if whole_records else text.rfind(b"\n") + 1
        if cut:
            yield text[:cut]
            text = text[cut:]
        elif size > LONGEST_LINE:
            yield text
            text = b""
        waiting, size = [text], len(text)
    rest = b"".join(waiting)
    if rest:
        yield rest


def _record_end(text: bytes) -> int:
    """The last line end outside double quotes, given that `text` starts outside them; 0 if there is none."""
    cut = text.rfind(b"\n") + 1
    odd = text.count(b'"', 0, cut) & 1
    while cut and odd:
        opening = text.rfind(b'"', 0, cut)
        earlier = text.rfind(b"\n", 0, opening) + 1
        odd = 1 ^ (text.count(b'"', earlier, cut) & 1)
        cut = earlier
    return cut


UNPACK: dict[str, Callable[[Any], Any]] = {
    "": lambda file: file,
    "gzip": lambda file: igzip.IGzipFile(fileobj=file, mode="rb"),  # type: ignore[no-untyped-call]
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
DAMAGED = (EOFError, OSError, lzma.LZMAError, zstandard.ZstdError, isal_zlib.IsalError)


def _unpacked(container: Container, advance: Advance) -> Iterator[bytes]:
    try:
        with container.path.open("rb") as raw:
            counted: Any = _Counted(raw, advance)
            if container.packing == "zstd":
                yield from _zstd(counted)
                return
            with closing(UNPACK[container.packing](counted)) as stream:
                while block := stream.read(4 << 20):
                    yield block
    except DAMAGED as e:  # type: ignore[misc]
        if isinstance(e, OSError) and e.errno is not None:
            raise
        kind = container.packing or "file"
        raise LoadError(
            f"{container.path} is cut short or damaged ({kind}: {str(e).rstrip('.') or 'unexpected end'}); "
            "ask for the export again."
        ) from e


def _zstd(raw: Any) -> Iterator[bytes]:
    frame = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
    open_frame = False
    while block := raw.read(1 << 20):
        while block:
            text = frame.decompress(block)
            open_frame, block = not frame.eof, frame.unused_data
            if text:
                yield text
            if frame.eof:
                frame = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
            else:
                block = b""
    if open_frame:
        raise EOFError


class _Counted:
    """A file that tells how many bytes were read from it."""

    def __init__(self, raw: IO[bytes], advance: Advance) -> None:
        self.raw, self.advance = raw, advance

    def read(self, size: int = -1) -> bytes:
        block = self.raw.read(size)
        self.advance(len(block))
        return block

    def readinto(self, room: memoryview) -> int:
        n = int(self.raw.readinto(room))  # type: ignore[attr-defined]
        self.advance(n)
        return n

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)
