"""A file of contacts as a table of texts: CSV in the usual encodings, or XLSX. Damaged files are told in words."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from hotline.errors import BadInput

ROWS = 20_000
"""Most rows of a file."""
COLUMNS = 50
UNPACKED = 50 * 1024 * 1024
"""Bytes that a workbook may have when it is unpacked: a bomb has gigabytes."""
_ENCODINGS = ("utf-8-sig", "cp1251")
_DAMAGED = (
    zipfile.BadZipFile, ParseError, InvalidFileException, zlib.error, struct.error, EOFError, KeyError, ValueError,
    TypeError, OSError, AttributeError, IndexError, RuntimeError,
)  # fmt: skip
"""What openpyxl and zipfile let through when a workbook is broken, or encrypted (RuntimeError)."""


def read_table(data: bytes) -> list[list[str]]:
    """Return the rows of a CSV or XLSX file. The kind is known by the content, never by the name.

    :raises BadInput: it is neither, damaged, empty or too long.
    """
    if not data.strip():
        raise BadInput("the file is empty", error_id="bad-contact-file", details={"file": "empty"})
    rows = _workbook(data) if data.startswith(b"PK") else _text(data)
    if len(rows) > ROWS:
        raise BadInput("too many rows", error_id="bad-contact-file", details={"file": f"at most {ROWS} rows"})
    return rows


def _text(data: bytes) -> list[list[str]]:
    if b"\0" in data[:4096]:
        raise _unreadable()
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise _unreadable()
    first = text.split("\n", 1)[0]
    delimiter = max(";\t,", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [row[:COLUMNS] for _, row in zip(range(ROWS + 1), reader, strict=False)]
    except csv.Error as error:
        raise _unreadable() from error


def _workbook(data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > UNPACKED:
                raise BadInput("the workbook is too large", error_id="bad-contact-file", details={"file": "too large"})
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            rows = sheet.iter_rows(max_row=ROWS + 1, max_col=COLUMNS, values_only=True)
            return [["" if value is None else str(value) for value in row] for row in rows]
        finally:
            book.close()
    except _DAMAGED as error:
        raise _unreadable() from error


def _unreadable() -> BadInput:
    return BadInput("the file cannot be read", error_id="bad-contact-file", details={"file": "CSV or XLSX"})
