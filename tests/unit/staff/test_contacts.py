"""Files of external contacts: what is read, what is rejected and why, damage told in words (S001-034)."""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl import Workbook

from hotline.errors import BadInput
from hotline.staff.contact_file import read_table
from hotline.staff.contact_model import ContactFields, read_rows

CSV = "Название;Организация;Телефон;Часы работы\nРегистратура;Больница № 1;8 (861) 200-11-22;8–20\n"


def workbook(rows: list[list[str]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(CSV.encode(), id="utf-8"),
        pytest.param(CSV.encode("utf-8-sig"), id="byte-order-mark"),
        pytest.param(CSV.encode("cp1251"), id="windows-1251"),
        pytest.param(CSV.replace(";", "\t").encode(), id="tabs"),
        pytest.param(CSV.replace("\n", "\r\n").encode(), id="line-ends"),
        pytest.param(workbook([line.split(";") for line in CSV.splitlines()]), id="xlsx"),
    ],
)
def test_a_file_is_read(data: bytes) -> None:
    read = read_rows(read_table(data))
    assert read is not None
    assert read.rows == (ContactFields("Регистратура", "Больница № 1", "8 (861) 200-11-22", "8–20"),)
    assert read.columns == {
        "name": "Название",
        "organisation": "Организация",
        "number": "Телефон",
        "hours": "Часы работы",
    }


def test_wrong_rows_are_told_with_their_lines() -> None:
    rows = [
        "name,number",
        "Клиника,88612001122",
        ",88612001122",
        "Служба,скоро",
        "клиника,112",
        "",
        "Служба 2," + "1" * 40,
    ]
    read = read_rows(read_table("\n".join(rows).encode()))
    assert read is not None
    assert [one.name for one in read.rows] == ["Клиника"]
    assert [(one.line, set(one.problems)) for one in read.rejected] == [
        (3, {"name"}), (4, {"number"}), (5, {"name"}), (7, {"number"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \r\n ", id="blank"),
        pytest.param(b"\x00\x01\x02binary", id="binary"),
        pytest.param(b"PK\x03\x04 broken", id="broken-workbook"),
        pytest.param(workbook([["name", "number"]])[:200], id="cut-workbook"),
        pytest.param(("name;number\n" * 20_002).encode(), id="too-long"),
        pytest.param(b"\xff\xfe\x98\x98\x98", id="no-encoding"),
    ],
)
def test_damage_is_told_in_words(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        read_table(data)
    assert caught.value.error_id == "bad-contact-file"


def test_a_bomb_is_not_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (51 * 1024 * 1024))
    with pytest.raises(BadInput):
        read_table(file.getvalue())


def test_a_file_without_headings_is_refused() -> None:
    assert read_rows(read_table(b"a;b\n1;2\n")) is None
    assert read_rows([]) is None
