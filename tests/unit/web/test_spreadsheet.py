"""Files for spreadsheets: they open with Cyrillic and run nothing (DAY-43)."""

from __future__ import annotations

from datetime import datetime

import pytest
from openpyxl import load_workbook

from hotline.web.spreadsheet import Sheet, csv_bytes, harmless

EVIL = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "＝1+1")


@pytest.mark.parametrize("text", EVIL)
def test_formulas_are_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Иванов", "+79280001122", "89280001122", "", "а=б", "1-2"])
def test_other_texts_stay(text: str) -> None:
    assert harmless(text) == text


def test_csv_is_what_our_users_spreadsheets_open() -> None:
    moment = datetime(2026, 11, 20, 10, 5)  # noqa: DTZ001 - local already
    data = csv_bytes([["Ёлкин; «А»", "=1", 5, None, moment]], first=True)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig") == '"Ёлкин; «А»";\'=1;5;;20.11.2026 10:05\r\n'


def test_a_workbook_holds_texts_moments_and_no_formula() -> None:
    moment = datetime(2026, 11, 20, 10, 5)  # noqa: DTZ001 - local already
    sheet = Sheet("Обращения: все/свои", ["Номер", "Когда"])
    sheet.append([[text, moment] for text in (*EVIL, "Ёлкин", "нуль\x00\x0bв середине", "я" * 40_000)])
    with sheet.save() as file:
        found = load_workbook(file).active
        assert found is not None
        rows = list(found.iter_rows())
        assert found.title == "Обращения- все-свои"
        assert [cell.value for cell in rows[0]] == ["Номер", "Когда"]
        assert all(cell.data_type != "f" for row in rows for cell in row)
        assert rows[1][0].value == "'=1+1"
        assert rows[1][1].value == moment
        assert rows[len(EVIL) + 1][0].value == "Ёлкин"
        assert rows[len(EVIL) + 2][0].value == "нульв середине"
