"""Tables for spreadsheets: CSV and XLSX that open with Cyrillic and run nothing (DAY-43)."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

Value = str | int | float | datetime | None
"""What a cell holds. Moments are already in the reader's zone."""

XLSX_ROWS = 100_000
"""Most rows of a workbook; a longer table is given out as CSV."""
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\u0009", "＝", "＋", "－", "＠")
_WIDTH = 22


def harmless(text: str) -> str:
    """Return ``text`` so that no spreadsheet runs it as a formula (OWASP, "CSV injection"): an apostrophe before it.

    A telephone (+79280001122) is a number to every spreadsheet and stays as it is.
    """
    if text.removeprefix("+").isdigit() or not text.lstrip(" ").startswith(_FORMULA):
        return text
    return f"'{text}"


def csv_bytes(rows: Iterable[Sequence[Value]], *, first: bool = False) -> bytes:
    """Write rows as CSV (RFC 4180) as our users' spreadsheets open it: semicolons, decimal commas.

    :param first: begins with a byte order mark.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerows([[_csv_cell(value) for value in row] for row in rows])
    return text.getvalue().encode("utf-8-sig" if first else "utf-8")


class Sheet:
    """A workbook of one sheet that is written row by row, in memory of one row. Its methods may run in a thread."""

    def __init__(self, title: str, heading: Sequence[str]) -> None:
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(_sheet_title(title))
        self._sheet.freeze_panes = "A2"
        for place in range(len(heading)):
            self._sheet.column_dimensions[get_column_letter(place + 1)].width = _WIDTH
        cells = [self._cell(word) for word in heading]
        for cell in cells:
            cell.font = Font(bold=True)
        self._sheet.append(cells)

    def append(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows."""
        for row in rows:
            self._sheet.append([self._cell(value) for value in row])

    def save(self) -> IO[bytes]:
        """Return the finished file, open at its beginning; it is gone when it is closed."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller reads and closes it
        self._book.save(file)
        file.seek(0)
        return file

    def _cell(self, value: Value) -> Cell:
        cell = Cell(self._sheet, row=1, column=1)
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", harmless(value))[:32_767] if isinstance(value, str) else value
        if isinstance(value, str):
            cell.data_type = "s"  # openpyxl would make a formula of "=…"
        return cell


def _csv_cell(value: Value) -> str | int | None:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M")
    if isinstance(value, float):
        return str(value).replace(".", ",")  # where lists are parted by semicolons, 3.5 is the third of May
    return value


def _sheet_title(title: str) -> str:
    # Excel refuses these characters and more than 31 of any.
    return "".join("-" if letter in "[]:*?/\\" else letter for letter in title)[:31] or "1"
