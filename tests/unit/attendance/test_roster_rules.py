"""Files and forms of the plan (S001A-13, S001A-14): what is read, what is rejected and why."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from hotline.attendance.model import Shift, ShiftKind, Slot
from hotline.attendance.roster_rules import collisions, copied, folded, read_day, read_rows, read_slot, read_time
from hotline.attendance.rules import bounds

DAY = Slot(time(9), time(18), ShiftKind.DAY, 60)
NIGHT = Slot(time(20), time(8), ShiftKind.NIGHT, 45)
TEMPLATES = {"день": DAY, "ночь": NIGHT}
MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9", time(9)),
        ("09:30", time(9, 30)),
        ("9.30", time(9, 30)),
        ("09:00:00", time(9)),
        ("24:00", time()),
        ("24:30", None),
        ("9:60", None),
        ("", None),
        ("девять", None),
        ("09:00:30", None),
    ],
)
def test_times_as_people_and_spreadsheets_write_them(text: str, found: time | None) -> None:
    """S001A-14."""
    assert read_time(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-23", MONDAY),
        ("23.11.2026", MONDAY),
        ("23.11.26", MONDAY),
        ("2026-11-23 00:00:00", MONDAY),
        ("31.02.2026", None),
        ("23.11.1926", None),
        ("завтра", None),
    ],
)
def test_days_as_people_and_spreadsheets_write_them(text: str, found: date | None) -> None:
    """S001A-13."""
    assert read_day(text) == found


def test_a_file_is_read_row_by_row_and_says_what_is_wrong() -> None:
    """S001A-13: templates, own times, days off; damage of a row costs that row only."""
    table = [
        ["Внутренний номер", "Дата", "Смена", "Начало", "Конец", "Перерыв, мин"],
        ["101", "23.11.2026", "Ночь", "", "", ""],
        ["101", "24.11.2026", "", "8:00", "14:00", "30"],
        ["101", "25.11.2026", "выходной", "", "", ""],
        ["", "", "", "", "", ""],
        ["102", "23.11.2026", "Утро", "", "", ""],
        ["102", "вчера", "День", "", "", ""],
        ["", "23.11.2026", "День", "", "", ""],
        ["102", "23.11.2026", "", "25:00", "", "900"],
        ["101", "23.11.2026", "День", "", "", ""],
    ]
    read = read_rows(table, TEMPLATES)
    assert read is not None
    assert read.by == "extension"
    assert [(row.line, row.who, row.day, row.slot) for row in read.rows] == [
        (2, "101", MONDAY, NIGHT),
        (3, "101", date(2026, 11, 24), Slot(time(8), time(14), ShiftKind.DAY, 30)),
        (4, "101", date(2026, 11, 25), None),
    ]
    assert [(row.line, dict(row.problems)) for row in read.rejected] == [
        (6, {"shift": "unknown"}),
        (7, {"day": "not a date"}),
        (8, {"extension": "required"}),
        (9, {"starts": "not a time", "ends": "required", "break_min": "0 to 480"}),
        (10, {"day": "twice in the file"}),
    ]


@pytest.mark.parametrize(
    "heading", [["Дата", "Смена"], ["Логин", "Смена"], ["Логин", "Дата", "Начало"], ["one", "two"], []]
)
def test_a_file_without_the_columns_is_none_of_ours(heading: list[str]) -> None:
    """S001A-13: a person, a day and a shift are needed."""
    assert read_rows([heading], TEMPLATES) is None
    assert read_rows([], TEMPLATES) is None


def test_a_form_names_each_wrong_field() -> None:
    """S001A-14."""
    problems: dict[str, str] = {}
    assert read_slot({"starts": "", "ends": "x", "kind": "holiday", "break_min": "-1"}, problems) is None
    assert problems == {"starts": "required", "ends": "not a time", "kind": "unknown", "break_min": "0 to 480"}
    fine = {"starts": "20:00", "ends": "08:00", "kind": "night", "break_min": "45"}
    assert read_slot(fine, problems := {}) == NIGHT
    assert problems == {}


def test_shifts_that_overlap_are_found_and_neighbours_are_not() -> None:
    """S001A-14: a night and the morning after it; eight o'clock itself is no overlap."""
    zone = ZoneInfo("Europe/Moscow")

    def shift(day: date, slot: Slot) -> Shift:
        return Shift(1, day, slot, *bounds(day, slot, zone))

    tuesday = date(2026, 11, 24)
    assert collisions([shift(tuesday, Slot(time(7), time(12))), shift(MONDAY, NIGHT)]) == [(MONDAY, tuesday)]
    assert collisions([shift(MONDAY, NIGHT), shift(tuesday, Slot(time(8), time(12)))]) == []


def test_a_week_is_copied_day_by_day() -> None:
    """S001A-13."""
    week = {MONDAY: DAY, date(2026, 11, 29): NIGHT, date(2026, 11, 30): DAY}
    assert copied(week, MONDAY, date(2026, 12, 7)) == {date(2026, 12, 7): DAY, date(2026, 12, 13): NIGHT}


def test_names_are_compared_as_people_write_them() -> None:
    """S001A-13."""
    assert folded("  Семёнова   Анна ") == "семенова анна"
