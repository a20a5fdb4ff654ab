"""Put Parquet files with one schema into one without unpacking them: bodies one after another, one new footer.

The footer is a Thrift struct (compact protocol) whose offsets count from the start of the file; all of a body's
offsets move by the same distance. https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
Struct = dict[int, tuple[int, Any]]  # field id -> (type, value)
ROW_GROUPS, NUM_ROWS = 4, 3
GROUP_COLUMNS, GROUP_OFFSET, GROUP_ORDINAL = 1, 5, 7
COLUMN_OFFSETS, COLUMN_META = (2, 4, 6), 3
META_OFFSETS = (9, 10, 11, 14)  # data pages, index pages, dictionary page, bloom filter


def concatenate(pieces: Sequence[Path], target: Path) -> None:
    """Write the row groups of `pieces`, in order, to `target`. All must come from one writer with one schema."""
    footer: Struct = {}
    groups: list[Struct] = []
    rows = 0
    with target.open("wb") as out:
        out.write(b"PAR1")
        for piece in pieces:
            with piece.open("rb") as f:
                size = piece.stat().st_size
                f.seek(size - 8)
                length = struct.unpack("<I", f.read(4))[0]
                f.seek(size - 8 - length)
                own = _Reader(f.read(length)).struct()
                distance = out.tell() - 4
                f.seek(4)
                left = size - 12 - length
                while left > 0:
                    block = f.read(min(left, 1 << 20))
                    out.write(block)
                    left -= len(block)
            footer = footer or own
            rows += own[NUM_ROWS][1]
            for group in own[ROW_GROUPS][1][1]:
                _move(group, distance, len(groups))
                groups.append(group)
        footer[NUM_ROWS] = (footer[NUM_ROWS][0], rows)
        footer[ROW_GROUPS] = (LIST, (STRUCT, groups))
        packed = bytearray()
        _write_struct(packed, footer)
        out.write(packed + struct.pack("<I", len(packed)) + b"PAR1")


def _move(group: Struct, distance: int, ordinal: int) -> None:
    _shift(group, (GROUP_OFFSET,), distance)
    if GROUP_ORDINAL in group:
        group[GROUP_ORDINAL] = (group[GROUP_ORDINAL][0], ordinal)
    for column in group[GROUP_COLUMNS][1][1]:
        _shift(column, COLUMN_OFFSETS, distance)
        _shift(column[COLUMN_META][1], META_OFFSETS, distance)


def _shift(fields: Struct, ids: tuple[int, ...], distance: int) -> None:
    for i in ids:
        if i in fields and fields[i][1]:
            fields[i] = (fields[i][0], fields[i][1] + distance)


class _Reader:
    """Thrift's compact protocol, as far as a footer uses it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]

    def struct(self) -> Struct:
        fields: Struct = {}
        field = 0
        while (byte := self.take(1)[0]) != 0:
            kind = byte & 15
            field = field + (byte >> 4) if byte >> 4 else self.zigzag()
            fields[field] = (kind, kind == TRUE if kind in (TRUE, FALSE) else self.value(kind))
        return fields

    def value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE, BYTE):
            return self.take(1)[0]
        if kind == DOUBLE:
            return self.take(8)
        if kind == BINARY:
            return self.take(self.varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            byte = self.take(1)[0]
            size = self.varint() if byte >> 4 == 15 else byte >> 4
            return byte & 15, [self.value(byte & 15) for _ in range(size)]
        if kind == MAP:
            raise ValueError("a Parquet footer holds no maps")
        return self.zigzag()


def _write_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _write_struct(out: bytearray, fields: Struct) -> None:
    last = 0
    for field, (kind, value) in sorted(fields.items()):
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        if 0 < field - last < 16:
            out.append((field - last) << 4 | kind)
        else:
            out.append(kind)
            _write_varint(out, field << 1)
        if kind not in (TRUE, FALSE):
            _write_value(out, kind, value)
        last = field
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any) -> None:
    if kind in (TRUE, FALSE, BYTE):
        out.append(value)
    elif kind == DOUBLE:
        out += value
    elif kind == BINARY:
        _write_varint(out, len(value))
        out += value
    elif kind == STRUCT:
        _write_struct(out, value)
    elif kind in (LIST, SET):
        inner, items = value
        out.append(min(len(items), 15) << 4 | inner)
        if len(items) >= 15:
            _write_varint(out, len(items))
        for item in items:
            _write_value(out, inner, item)
    else:
        _write_varint(out, value << 1 if value >= 0 else (-value << 1) - 1)
