"""Opens a register by what it holds, whatever its name says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol

from hotline.errors import BadInput
from hotline.register import columns, tablefile, textfile
from hotline.register.model import Format, Layout
from hotline.register.textfile import Record

_DBF_VERSIONS = frozenset({0x02, 0x03, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0xCB, 0xF5, 0xFB})


class Source(Protocol):
    """A register that is read."""

    total: int
    """The last position; 0 while unknown."""

    def records(self, position: int, row_no: int) -> Iterator[Record]:
        """Return the records behind ``position``."""
        ...


def examine(path: Path, *, encoding: str = "", delimiter: str = "", chosen: Sequence[str] | None = None) -> Layout:
    """Return how a file is read, its columns guessed unless ``chosen``.

    :raises BadInput: it cannot be read at all; the text says why.
    """
    kind = format_of(path)
    if kind is Format.XLSX:
        layout = tablefile.workbook_layout(path)
    elif kind is Format.DBF:
        layout = tablefile.table_layout(path, encoding)
    else:
        layout = textfile.sniffed(path, encoding, delimiter)
    wanted = columns.guess(layout.headings) if chosen is None else tuple(chosen)
    if len(wanted) != len(layout.headings):
        raise BadInput("as many columns as the file has", error_id="bad-columns")
    return replace(layout, columns=wanted)


def open_source(path: Path, layout: Layout) -> Source:
    """Open a file that was examined."""
    if layout.format is Format.CSV:
        return textfile.TextFile(path, layout)
    return tablefile.Workbook(path, layout) if layout.format is Format.XLSX else tablefile.Table(path, layout)


def preview(path: Path, layout: Layout, rows: int = 8) -> list[Record]:
    """Return the first records."""
    records = open_source(path, layout).records(0, 0)
    try:
        return list(islice(records, rows))
    finally:
        if hasattr(records, "close"):
            records.close()


def format_of(path: Path) -> Format:
    """Tell the kind of a file by its first bytes.

    :raises BadInput: it is empty, or an old Excel file.
    """
    with path.open("rb") as file:
        head = file.read(32)
    if not head.strip():
        raise BadInput("the file is empty", error_id="empty-file")
    if head.startswith(b"PK\x03\x04"):
        return Format.XLSX
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadInput("an old Excel file (XLS): save it as XLSX or CSV", error_id="old-excel-file")
    # A DBF heading: version, then the date as year, month and day.
    if len(head) == 32 and head[0] in _DBF_VERSIONS and 1 <= head[2] <= 12 and 1 <= head[3] <= 31:
        return Format.DBF
    return Format.CSV


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
