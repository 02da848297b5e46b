"""Files of a register and every kind of damage in them (issue 4: import; domain 2.2 InsuredRegister, 3.3)."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from hotline.errors import BadInput, Conflict
from hotline.register import columns, files, sniff
from hotline.register.model import Format, Layout, State, step
from hotline.register.rows import RowReader, key_of, read_day
from hotline.register.textfile import MAX_LINE, Record

TODAY = date(2026, 11, 22)
HEAD = "Фамилия;Имя;Отчество;Дата рождения;ЕНП"
ROW = "ИВАНОВА;АННА;ПЕТРОВНА;29.02.1980;9912345678901239"


def written(folder: Path, content: bytes | str, name: str = "register.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def records(path: Path, **how: str) -> list[Record]:
    return list(files.open_source(path, files.examine(path, **how)).records(0, 0))


def dbf(rows: Sequence[Sequence[str]], *, promised: int | None = None, encoding: str = "cp866", page: int = 0) -> bytes:
    """A dBase III table with five text fields and one date."""
    fields = [("FAM", "C", 40), ("IM", "C", 40), ("OT", "C", 40), ("DR", "D", 8), ("ENP", "C", 16)]
    length = 1 + sum(width for _, _, width in fields)
    count = len(rows) if promised is None else promised
    table = struct.pack("<BBBBLHH17xB2x", 3, 126, 11, 22, count, 32 + 32 * len(fields) + 1, length, page)
    for name, kind, width in fields:
        table += struct.pack("<11sc4xBB14x", name.encode(), kind.encode(), width, 0)
    table += b"\r"
    for row in rows:
        table += b" " + b"".join(
            text.encode(encoding).ljust(width) for text, (_, _, width) in zip(row, fields, strict=True)
        )
    return table + b"\x1a"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "cp866"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encoding_and_delimiter_are_detected(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = f"{HEAD}\r\n{ROW}\r\n".replace(";", delimiter)
    layout = files.examine(written(tmp_path, text.encode(encoding)))
    assert (layout.encoding, layout.delimiter) == (encoding.removesuffix("-sig"), delimiter)
    assert layout.columns == ("last_name", "first_name", "patronymic", "birth_date", "enp")
    assert layout.headings[0] == "Фамилия"  # without the byte-order mark


def test_detection_can_be_overruled(tmp_path: Path) -> None:
    path = written(tmp_path, f"{HEAD}\n{ROW}\n".encode("cp1251"))
    assert files.examine(path, encoding="cp866").headings[0] != "Фамилия"
    with pytest.raises(BadInput, match="unknown encoding"):
        files.examine(path, encoding="rot13")


@pytest.mark.parametrize(
    ("headings", "found"),
    [
        ("FAM;IM;OT;DR;ENP;SS;TEL", "last_name first_name patronymic birth_date enp snils phone"),
        ("№;ФИО застрахованного;Дата рожд.;Номер полиса", "- full_name birth_date policy"),
        ("Surname;Name;DOB;Phone 1;Phone 2;Sex", "last_name first_name birth_date phone phone sex"),
        ("Фамилия;Имя;Пол;Телефон;Адрес проживания;Адрес;СМО;МО;Дата смерти",
         "last_name first_name sex phone address_fact address insurer clinic dead"),
        ("Серия полиса;Номер полиса;Действует с;Действует по;e-mail",
         "policy_series policy valid_from valid_to email"),
        ("Прочее;Дата;X", "- - -"),
    ],
)  # fmt: skip
def test_columns_are_guessed_by_headings(headings: str, found: str) -> None:
    assert columns.guess(headings.split(";")) == tuple(one.replace("-", "") for one in found.split())


@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        (["first_name", "enp"], "no-name-column"),
        (["last_name", "first_name"], "no-identity-column"),
        (["last_name", "enp", "enp"], "repeated-columns"),
        (["last_name", "shoe_size", "enp"], "bad-columns"),
    ],
)
def test_wrong_columns_are_refused(chosen: list[str], error: str) -> None:
    with pytest.raises(BadInput) as refused:
        columns.require_enough(chosen)
    assert refused.value.error_id == error
    columns.require_enough(["full_name", "birth_date", "phone", "phone", ""])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(b"", "empty-file", id="empty"),
        pytest.param(b"\n \n", "empty-file", id="blank"),
        pytest.param("Фамилия;Имя".encode("utf-16"), "utf-16-file", id="utf-16"),
        pytest.param(b"\x00\x01\x02" * 200, "unknown-format", id="binary"),
        pytest.param("просто текст\nещё текст\n", "one-column", id="no-table"),
        pytest.param(b"PK\x03\x04 no archive", "damaged-file", id="xlsx-damaged"),
        pytest.param(b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old-excel-file", id="xls"),
        pytest.param(dbf([["А", "Б", "В", "19800229", "1"]], promised=1000), "truncated-file", id="dbf-cut"),
        pytest.param(dbf([]), "empty-file", id="dbf-empty"),
        pytest.param(b"\x03\x7e\x0b\x16" + b"\xff" * 40, "damaged-file", id="dbf-damaged"),
        pytest.param(f"{'x' * 500_000}", "bad-heading", id="one-endless-line"),
        pytest.param(";".join(["x"] * 5000) + "\n", "bad-heading", id="thousands-of-columns"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, content: bytes | str, error: str) -> None:
    with pytest.raises(BadInput) as refused:
        files.examine(written(tmp_path, content))
    assert refused.value.error_id == error


def test_mixed_line_ends_quotes_and_blank_lines(tmp_path: Path) -> None:
    text = f'{HEAD}\r\nА;"Б;Б";"В ""г""";1;2\rД;"Е\nЁ";Ж;1;2\n\n\r\nЗ;И;К;1;2'
    found = records(written(tmp_path, text))
    assert [record.cells[:3] for record in found] == [("А", "Б;Б", 'В "г"'), ("Д", "Е\nЁ", "Ж"), ("З", "И", "К")]
    assert not any(record.problem for record in found)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b"x" * (10 * 1024 * 1024), "the line is too long"),
        (b"x" * (MAX_LINE + 1), "the line is too long"),
        ("Щ;Б;В;1;2".encode("cp1251"), "wrong encoding"),
        ('"Открыта;Б;В;1;2'.encode(), "quotes do not match"),
        ('"А"Б;В;Г;1;2'.encode(), "quotes do not match"),
    ],
    ids=["ten-megabytes", "long", "encoding", "open-quote", "quote-inside"],
)
def test_a_damaged_line_costs_one_row(tmp_path: Path, bad: bytes, problem: str) -> None:
    good = ROW.encode()
    path = written(tmp_path, b"\n".join([HEAD.encode(), *[good] * 60, bad, *[good] * 60]))
    found = records(path, encoding="utf-8", delimiter=";")
    assert [record.problem for record in found if record.problem] == [problem]
    assert len(found) == 121
    assert next(record.row_no for record in found if record.problem) == 62


def test_reading_goes_on_from_any_row(tmp_path: Path) -> None:
    lines = [f'"Ф{n}";"И\n{n}";О;01.01.1980;{n}' for n in range(500)]
    path = written(tmp_path, "\r\n".join([HEAD, *lines]))
    layout = files.examine(path)
    whole = list(files.open_source(path, layout).records(0, 0))
    for stop in (0, 1, 250, 498):
        rest = list(files.open_source(path, layout).records(whole[stop].position, whole[stop].row_no))
        assert rest == whole[stop + 1 :]


def test_dbf_with_deleted_letters_of_two_pages_and_impossible_dates(tmp_path: Path) -> None:
    rows = [["ИВАНОВА", "АННА", "", "19800231", "9912345678901239"], ["ПЕТРОВ", "ЯН", "", "        ", "1"]]
    for encoding in ("cp866", "cp1251"):
        path = written(tmp_path, dbf(rows, encoding=encoding), "r.dbf")
        layout = files.examine(path)
        assert (layout.format, layout.encoding) == (Format.DBF, encoding)
        found = list(files.open_source(path, layout).records(0, 0))
        assert found[0].cells == ("ИВАНОВА", "АННА", "", "19800231", "9912345678901239")
        assert [record.row_no for record in files.open_source(path, layout).records(1, 1)] == [2]


def test_workbooks_keep_their_types_and_row_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Фамилия", "Имя", "Дата рождения", "ЕНП", None])
    sheet.append(["Иванова", "Анна", datetime(1980, 2, 29), 9912345678901240])  # noqa: DTZ001 - Excel has no zones
    sheet.append([None, None])
    sheet.append(["Петров", "Ян", "01.02.1990", "9900000000000002"])
    book.save(path := tmp_path / "r.xlsx")
    layout = files.examine(path)
    assert (layout.format, len(layout.headings)) == (Format.XLSX, 4)
    found = list(files.open_source(path, layout).records(0, 0))
    assert [record.row_no for record in found] == [2, 4]
    row, issues = RowReader(layout, {}, TODAY).read(2, found[0].cells)
    assert row is not None
    assert (row.birth_date, row.enp) == (date(1980, 2, 29), None)
    assert [issue.reason for issue in issues] == ["the last digit was lost by the spreadsheet"]


@pytest.mark.parametrize(("said", "total"), [(None, 4), ("A1:B9", 9), ("A1:B2", 0), ("A1", 0)])
def test_a_workbook_says_how_much_there_is(tmp_path: Path, said: str | None, total: int) -> None:
    """S001-043: the sheet's own size is the measure of progress; a size that is wrong is none."""
    book = openpyxl.Workbook()
    for cells in (["Фамилия", "ЕНП"], ["Иванова", "1"], ["Петров", "2"], ["Сидоров", "3"]):
        book.worksheets[0].append(cells)
    book.save(path := tmp_path / "sized.xlsx")
    if said is not None:
        path = _resized(path, tmp_path / "resized.xlsx", said)
    source = files.open_source(path, files.examine(path))
    assert len(list(source.records(0, 0))) == 3
    assert source.total == total


def _resized(book: Path, to: Path, size: str) -> Path:
    """Write a workbook whose sheet says another size than it has."""
    with zipfile.ZipFile(book) as read, zipfile.ZipFile(to, "w") as written_:
        for entry in read.infolist():
            data = read.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                data, done = re.subn(rb'<dimension ref="[^"]*"', f'<dimension ref="{size}"'.encode(), data)
                assert done == 1
            written_.writestr(entry, data)
    return to


def test_a_workbook_that_bursts_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (64 * 1024**2))
    with pytest.raises(BadInput) as refused:
        files.examine(path)
    assert refused.value.error_id == "file-bomb"


def test_a_cut_workbook_is_damaged(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Фамилия", "ЕНП"])
    book.save(whole := tmp_path / "whole.xlsx")
    path = written(tmp_path, whole.read_bytes()[:-200], "cut.xlsx")
    with pytest.raises(BadInput) as refused:
        files.examine(path)
    assert refused.value.error_id == "damaged-file"


# --- rows ---------------------------------------------------------------------------------------------------------

FIELDS = ("last_name", "first_name", "patronymic", "birth_date", "enp", "snils", "phone", "insurer", "dead", "sex")


def read(**cells: str) -> tuple[object, list[tuple[str, str, bool]]]:
    values = {"last_name": "Иванова", "birth_date": "29.02.1980", **cells}
    layout = Layout(Format.CSV, "utf-8", ";", FIELDS, FIELDS)
    row, issues = RowReader(layout, {"07001": 5}, TODAY).read(7, [values.get(name, "") for name in FIELDS])
    assert all(issue.row_no == 7 for issue in issues)
    return row, [(issue.column, issue.reason, issue.rejected) for issue in issues]


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"birth_date": "31.02.1980"}, "birth_date", "no such day"),
        ({"birth_date": "вчера"}, "birth_date", "not a date"),
        ({"birth_date": "01.01.2030"}, "birth_date", "impossible birth date"),
        ({"birth_date": "01.01.1700"}, "birth_date", "impossible birth date"),
        ({"birth_date": ""}, "", "neither ENP nor SNILS nor birth date"),
        ({"last_name": " - "}, "last_name", "no surname"),
        ({"last_name": "12345"}, "last_name", "not a name"),
        ({"last_name": "И\0ванова"}, "last_name", "zero character"),
        ({"last_name": "И" * 101}, "last_name", "too long"),
        ({"first_name": "А\ufffd"}, "first_name", "wrong encoding"),
    ],
)
def test_a_row_whose_person_is_not_clear_is_rejected(cells: dict[str, str], column: str, reason: str) -> None:
    assert read(**cells) == (None, [(column, reason, True)])


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"enp": "9912345678901230"}, "enp", "enp-check-digit"),
        ({"enp": "123"}, "enp", "must have 16 digits"),
        ({"snils": "112-233-445 90"}, "snils", "snils-check-digit"),
        ({"snils": "12"}, "snils", "must have 11 digits"),
        ({"phone": "позвонить сестре"}, "phone", "not a telephone number"),
        ({"insurer": "Неизвестная"}, "insurer", "unknown insurer"),
        ({"dead": "31.02.2020"}, "dead", "no such day"),
        ({"sex": "?"}, "sex", "unknown"),
    ],
)
def test_any_other_mistake_is_a_warning(cells: dict[str, str], column: str, reason: str) -> None:
    row, issues = read(**cells)
    assert row is not None
    assert issues == [(column, reason, False)]


def test_what_a_good_row_holds() -> None:
    row, issues = read(
        last_name="ЁЛКИНА-ПАЛЬМОВА", first_name="анна", enp="9912 3456 7890 1239", snils="112-233-445 95",
        phone="8 (928) 000-11-22; 89280001122, +7 495 123-45-67", insurer="07001", dead="05.06.2020", sex="Ж",
    )  # fmt: skip
    assert issues == []
    assert row is not None
    seen = {name: getattr(row, name) for name in ("last_name", "first_name", "enp", "snils", "phones", "insurer_id")}
    assert seen == {
        "last_name": "Ёлкина-Пальмова", "first_name": "анна", "enp": "9912345678901239", "snils": "11223344595",
        "phones": ("+79280001122", "+74951234567"), "insurer_id": 5,
    }  # fmt: skip
    assert (row.is_dead, row.died_on, row.sex, row.key) == (True, date(2020, 6, 5), "f", "e9912345678901239")  # type: ignore[attr-defined]


def test_the_same_row_has_the_same_hash_and_a_changed_one_another() -> None:
    first, second, changed = (read(enp="9912345678901239", **more)[0] for more in ({}, {}, {"first_name": "Анна"}))
    assert first == second
    assert first.row_hash != changed.row_hash  # type: ignore[attr-defined]
    assert -(2**63) <= first.row_hash < 2**63  # type: ignore[attr-defined]


def test_a_row_of_another_width_is_rejected() -> None:
    reader = RowReader(Layout(Format.CSV, headings=("a", "b"), columns=("last_name", "enp")), {}, TODAY)
    for cells in (["Иванова"], ["Иванова", "9912345678901239", "лишнее"]):
        assert reader.read(2, cells)[1][0].reason == "wrong number of columns"
    assert reader.read(2, ["Иванова", "9912345678901239", ""])[0] is not None


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("29.02.1980", date(1980, 2, 29)), ("1980-02-29", date(1980, 2, 29)), ("19800229", date(1980, 2, 29)),
        ("29/02/1980", date(1980, 2, 29)), ("1980-02-29 00:00:00", date(1980, 2, 29)), ("9.2.1980", date(1980, 2, 9)),
        (date(1980, 2, 29), date(1980, 2, 29)), (None, None), ("NULL", None),
    ],
)  # fmt: skip
def test_dates_as_registers_write_them(cell: object, day: date | None) -> None:
    assert read_day(cell) == (day, "")  # type: ignore[arg-type]


def test_a_person_is_named_by_the_strongest_number() -> None:
    who = ("Ёлкина", "Анна", "", date(1980, 2, 29))
    assert key_of(*who, "1", "2") == "e1"
    assert key_of(*who, None, "2") == "s2"
    assert key_of(*who, None, None) == key_of("елкина", "АННА", "", who[3], None, None) == "nЕЛКИНА|АННА||1980-02-29"


def test_an_import_goes_one_way_only() -> None:
    assert step(State.LOADING, State.MERGING) is State.MERGING
    for state, to in ((State.DONE, State.LOADING), (State.READY, State.MERGING), (State.CANCELLED, State.DONE)):
        with pytest.raises(Conflict):
            step(state, to)


def test_cp866_and_cp1251_are_told_apart_on_one_name() -> None:
    for encoding in ("cp1251", "cp866"):
        assert sniff.encoding_of("Щукина Ёлка;ПЁТР\n".encode(encoding)) == encoding
