"""Fuzzer of what people import (issue 6; S000-45): a register, contacts, shifts, a calendar: read or refused."""

from __future__ import annotations

import io
import struct
from datetime import date
from json import dumps
from pathlib import Path

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.attendance import roster_rules
from hotline.errors import BadInput
from hotline.journal.production_calendar import CalendarFileError, read_calendar
from hotline.register import files
from hotline.register.rows import RowReader
from hotline.staff.contact_file import read_table
from hotline.staff.contact_model import read_rows
from tests.unit.fuzz import bounded, refusal
from tests.unit.fuzz.mutations import damaged

TODAY = date(2026, 11, 22)
HEAD = ["Фамилия", "Имя", "Отчество", "Дата рождения", "ЕНП", "СНИЛС", "Телефон"]
ROWS = [
    ["ИВАНОВА", "АННА", "ПЕТРОВНА", "29.02.1980", "9912345678901239", "112-233-445 95", "+7 928 000-11-22"],
    ["ЩЕРБАКОВА", "ЁЛКА", "", "1961-05-04", "", "", "8(495)1234567"],
    ["Д'Артаньян-Оглы", "Ян", "«О»", "04.05.61", "x", "y", ";"],
]
CONTACTS = [
    ["Название", "Организация", "Номер", "Часы", "Примечание"],
    ["Регистратура", "ГБ № 1", "4951234567", "9-18", ""],
]
SHIFTS = [
    ["Логин", "Дата", "Начало", "Конец", "Перерыв"],
    ["op101", "22.11.2026", "9:00", "18:00", "60"],
    ["op102", "22.11.2026", "выходной", "", ""],
]


def text(rows: list[list[str]], encoding: str = "utf-8", delimiter: str = ";") -> bytes:
    return "".join(
        delimiter.join(f'"{cell}"' if ";" in cell else cell for cell in row) + "\r\n" for row in rows
    ).encode(encoding, "replace")


def workbook(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def dbf(rows: list[list[str]]) -> bytes:
    """A dBase III table of text fields."""
    names = (b"FAM", b"IM", b"OT", b"DR", b"ENP", b"SS", b"TEL")
    table = struct.pack("<BBBBLHH17xB2x", 3, 126, 11, 22, len(rows), 33 + 32 * len(names), 1 + 20 * len(names), 0x26)
    table += b"".join(struct.pack("<11sc4xBB14x", name, b"C", 20, 0) for name in names) + b"\r"
    table += b"".join(b" " + b"".join(cell.encode("cp866", "replace")[:20].ljust(20) for cell in row) for row in rows)
    return table + b"\x1a"


REGISTERS = [
    text([HEAD, *ROWS]),
    text([HEAD, *ROWS], "cp1251", "\t"),
    text([HEAD, *ROWS], "utf-8-sig", ","),
    dbf(ROWS),
    workbook([HEAD, *ROWS]),
]
MARKS = [
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b";",
    b";;;;",
    b'""',
    b"\t",
    b"\x1a",
    "Ё".encode("cp866"),
    b"1e999",
    b"0000-00-00",
    b"31.02.2026",
]


@bounded
@given(data=damaged(REGISTERS, MARKS))
def test_a_damaged_register_is_read_row_by_row_or_refused(data: bytes, tmp_path: Path) -> None:
    """Nothing but BadInput leaves the reader, before the first row or in the middle of the file."""
    path = tmp_path / "register"
    path.write_bytes(data)

    def work() -> None:
        layout = files.examine(path)
        reader = RowReader(layout, {}, TODAY)
        for record in files.open_source(path, layout).records(0, 0):
            if not record.problem:
                reader.read(record.row_no, record.cells)

    error = refusal(BadInput, work)
    assert error is None or (error.message and error.error_id != "bad-input")


@settings(bounded, max_examples=150)
@given(
    data=damaged(
        [text(CONTACTS), text(CONTACTS, "cp1251", ","), workbook(CONTACTS), workbook(SHIFTS), text(SHIFTS)], MARKS
    )
)
def test_damaged_contacts_and_shifts_are_read_or_refused(data: bytes) -> None:

    def work() -> None:
        table = read_table(data)
        read_rows(table)
        roster_rules.read_rows(table, {})

    error = refusal(BadInput, work)
    assert error is None or error.error_id == "bad-contact-file"


OFF = ["1,2,3,4,5,6,7,8*,11,18,25+", *(["1,7,8,14,15,21,22,28", "6,7,13,14,20,21,27,28"] * 6)[:11]]
CALENDARS = [
    "# year: 2026\n# verified: yes\nday;kind;note\n2026-01-01;off;Новый год\n2026-11-01;working;\n".encode(),
    dumps({"year": 2026, "months": [{"month": month, "days": days} for month, days in enumerate(OFF, 1)]}).encode(),
    ("Год/Месяц," + ",".join("ЯФМАМИИАСОНД") + "\n2026," + ",".join(f'"{days}"' for days in OFF) + "\n").encode(),
]


@bounded
@given(
    data=damaged(
        CALENDARS,
        [
            *MARKS,
            b"2026-13-45;off;x\n",
            b"[[[[",
            b'{"year":',
            b"null",
            b"1e400",
            b"Infinity",
            b"[" * 3000,
            b"9" * 5000,
            b"*",
            b"+",
            "٣".encode(),
        ],
    )
)
def test_a_damaged_calendar_is_read_or_refused_with_a_reason(data: bytes) -> None:
    error = refusal(CalendarFileError, lambda: read_calendar(data.decode("utf-8", "replace")))
    assert error is None or error.reason


@settings(bounded, max_examples=100)
@given(noise=st.binary(max_size=300))
def test_noise_is_no_file_of_any_kind(noise: bytes, tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(noise)
    for read in (lambda: files.preview(path, files.examine(path)), lambda: read_table(noise)):
        error = refusal(BadInput, read)
        assert error is None or error.message
