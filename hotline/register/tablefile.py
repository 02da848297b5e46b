"""Reads XLSX (ISO/IEC 29500, by openpyxl) and DBF files (by dbfread), row by row, from any row on."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from dbfread import DBF, DBFNotFound, FieldParser
from defusedxml import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from hotline.errors import BadInput
from hotline.register import sniff
from hotline.register.model import Format, Layout
from hotline.register.textfile import MAX_COLUMNS, Record

MAX_UNPACKED = 4 * 1024**3
MAX_RATIO = 100
"""How much larger than its ZIP a workbook may be; real ones are 5 to 20 times."""
SMALL = 32 * 1024**2
"""Below so many bytes the ratio says nothing."""

_DAMAGED = (
    zipfile.BadZipFile, ParseError, InvalidFileException, DefusedXmlException, zlib.error, EOFError, KeyError,
    ValueError, TypeError, OSError, AttributeError, IndexError, RuntimeError, struct.error,
)  # fmt: skip
"""What openpyxl and zipfile let through when a workbook is broken, or encrypted (RuntimeError)."""


class Workbook:
    """The first sheet of an XLSX file; its first row is the heading."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path = path
        self._width = len(layout.headings)
        self.total = 0
        """Rows that the sheet says it has, known once reading has begun; 0 when it says nothing, or too little."""

    def records(self, position: int, row_no: int) -> Iterator[Record]:
        """Return the records behind row ``position``."""
        for number, cells in _sheet_rows(self._path, self._sized):
            if number > self.total:
                self.total = 0
            if number <= max(1, position):
                continue
            if any(cell is not None for cell in cells):
                padded = cells + (None,) * (self._width - len(cells))
                yield Record(number, padded, "", number)

    def _sized(self, rows: int) -> None:
        self.total = rows


class Table:
    """A DBF file."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._table = _dbf(path, layout.encoding)
        self.total = int(self._table.header.numrecords)

    def records(self, position: int, row_no: int) -> Iterator[Record]:
        """Return the records behind record ``position``; deleted ones are not counted."""
        for number, record in enumerate(islice(self._table, position, None), position + 1):
            yield Record(number, tuple(record.values()), "", number)


def workbook_layout(path: Path) -> Layout:
    """Return the headings of a workbook.

    :raises BadInput: it is damaged, empty, or blown up beyond measure.
    """
    rows = _sheet_rows(path)
    try:
        heading = next(rows, None)
    finally:
        rows.close()
    if heading is None:
        raise BadInput("the file is empty", error_id="empty-file")
    cells = list(heading[1])
    while cells and cells[-1] in {None, ""}:
        cells.pop()
    if len(cells) < 2:
        raise BadInput("the heading cannot be read", error_id="bad-heading")
    return Layout(Format.XLSX, headings=tuple("" if cell is None else str(cell).strip() for cell in cells))


def table_layout(path: Path, encoding: str = "") -> Layout:
    """Return the fields of a DBF file.

    :raises BadInput: it is damaged or shorter than its heading says.
    """
    table = _dbf(path, encoding or "cp866")
    there = (path.stat().st_size - table.header.headerlen) // max(1, table.header.recordlen)
    if there < table.header.numrecords:
        raise BadInput(
            "the file is cut",
            error_id="truncated-file",
            details={"promised": int(table.header.numrecords), "found": max(0, int(there))},
        )
    if table.header.numrecords == 0:
        raise BadInput("the file is empty", error_id="empty-file")
    return Layout(Format.DBF, encoding or _dbf_encoding(path, table), headings=tuple(table.field_names))


def _sheet_rows(
    path: Path, sized: Callable[[int], None] | None = None
) -> Generator[tuple[int, tuple[Any, ...]], None, None]:
    _refuse_bomb(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except _DAMAGED as error:
        raise BadInput("the workbook is damaged", error_id="damaged-file") from error
    try:
        sheet = book.worksheets[0]
        if sized is not None:
            sized(sheet.max_row or 0)
        # Some programs write a wrong size into the sheet; then openpyxl would stop early.
        sheet.reset_dimensions()
        yield from enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), 1)
    except _DAMAGED as error:
        raise BadInput("the workbook is damaged", error_id="damaged-file") from error
    finally:
        book.close()


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BadInput("the workbook is damaged", error_id="damaged-file") from error
    if unpacked > MAX_UNPACKED or (unpacked > SMALL and unpacked > MAX_RATIO * path.stat().st_size):
        raise BadInput("the workbook grows beyond measure when unpacked", error_id="file-bomb")


class _Plain(FieldParser):  # type: ignore[misc] # dbfread has no types
    """Dates and numbers stay text: what is wrong with them is said row by row."""

    def parseD(self, field: Any, data: bytes) -> str:  # noqa: N802 - dbfread finds it by this name
        """Return a date as it stands."""
        return data.strip(b"\0 ").decode("ascii", "replace")

    parseN = parseF = parseD  # noqa: N815


def _dbf(path: Path, encoding: str) -> Any:
    try:
        return DBF(
            str(path), encoding=encoding, parserclass=_Plain, ignore_missing_memofile=True, char_decode_errors="replace"
        )
    except (DBFNotFound, ValueError, KeyError, OSError, LookupError, IndexError) as error:
        raise BadInput("the table is damaged", error_id="damaged-file") from error
    except Exception as error:  # struct.error and whatever else a broken heading leads to
        raise BadInput("the table is damaged", error_id="damaged-file") from error


def _dbf_encoding(path: Path, table: Any) -> str:
    """Look at the letters: programs often leave the mark of the code page empty, or wrong."""
    with path.open("rb") as file:
        file.seek(table.header.headerlen)
        return sniff.encoding_of(file.read(sniff.SAMPLE).replace(b"\0", b" "))
