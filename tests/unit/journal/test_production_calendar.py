"""Files of the production calendar (domain 2.5 f, DAY-41): three layouts, every kind of damage, there and back."""

from __future__ import annotations

import json
from datetime import date

import pytest

from hotline.journal.production_calendar import (
    CalendarFileError,
    CalendarYear,
    DayMark,
    days_of,
    differences,
    ordinary,
    read_calendar,
    write_calendar,
)
from hotline.profiles.calendars import read_calendars

OURS = read_calendars("oms")[0]
HEAD = "# year: 2026\nday;kind;note\n"


def cells(year: CalendarYear) -> dict[int, str]:
    """Every day off by months, as the other layouts write them; one shortened and one moved day marked."""
    found: dict[int, list[str]] = {month: [] for month in range(1, 13)}
    for day in days_of(year.year):
        if not year.is_working(day):
            found[day.month].append(f"{day.day}+" if day == date(2025, 5, 2) else str(day.day))
        elif day == date(2025, 3, 7):
            found[day.month].append(f"{day.day}*")
    return {month: ",".join(days) for month, days in found.items()}


def as_state_csv(year: CalendarYear) -> str:
    months = ",".join(f"Месяц{number}" for number in range(1, 13))
    quoted = ",".join(f'"{cell}"' for cell in cells(year).values())
    return f"Год/Месяц,{months},Всего рабочих дней\n{year.year},{quoted},247\n"


def as_json(year: CalendarYear) -> str:
    return json.dumps(
        {"year": year.year, "months": [{"month": month, "days": days} for month, days in cells(year).items()]}
    )


@pytest.mark.parametrize("write", [write_calendar, as_state_csv, as_json])
def test_all_layouts_say_the_same(write: object) -> None:
    assert callable(write)
    (read,) = read_calendar("\ufeff" + write(OURS))
    assert (read.year, differences(OURS, read), read.working_days()) == (2025, (), 247)


def test_ours_keeps_everything() -> None:
    assert read_calendar(write_calendar(OURS)) == (OURS,)


def test_several_years_come_in_order() -> None:
    both = json.dumps([json.loads(as_json(OURS)) | {"year": 2031}, json.loads(as_json(OURS))])
    text = both.replace('"29"', '"28"')
    assert [year.year for year in read_calendar(text)] == [2025, 2031]


def test_a_preview_names_the_days_that_change() -> None:
    day = date(2026, 12, 30)
    after = CalendarYear(2026, {day: DayMark(is_working=False, note="Перенос")})
    (change,) = differences(CalendarYear(2026), after)
    assert (change.day, change.was_working, change.is_working, change.note) == (day, True, False, "Перенос")


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("", "empty", None),
        ("  \n", "empty", None),
        ("hello", "layout", 1),
        ("<?xml version='1.0'?><calendar/>", "layout", 1),
        ("{broken", "layout", 1),
        ('{"year": 2026}', "layout", None),
        ('{"year": 2026, "months": [{"month": 1, "days": "1"}]}', "layout", None),
        ('{"year": "x", "months": []}', "year", None),
        (HEAD + "2026-02-30;off;", "day", 3),
        (HEAD + "2026-02-20", "layout", 3),
        (HEAD + "2026-02-20;holiday;", "kind", 3),
        (HEAD + "2027-02-20;off;", "year", 3),
        (HEAD + "20.02.2026;off;\n2026-02-20;off;", "repeated", 4),
        ("day;kind\n1789-07-14;off", "year", 2),
        ("# year: 1789\nday;kind\n1789-07-14;off", "year", None),
        (HEAD + "\n".join(f"2026-{month:02}-{day:02};off;" for month in range(1, 13) for day in range(1, 29)),
         "days-off", None),
        ("Год/Месяц,Январь\n2026,1", "layout", 2),
        ("Год/Месяц,Январь\n", "empty", None),
        ("Год/Месяц\nх" + ",1" * 12, "year", 2),
        ("Год/Месяц\n2026" + ",32" * 12, "day", 2),
        ("Год/Месяц\n2026" + ",1" * 12, "days-off", None),
        (as_state_csv(OURS) + as_state_csv(OURS).splitlines()[1], "repeated", None),
    ],
)  # fmt: skip
def test_damage_is_said_with_its_line(text: str, reason: str, line: int | None) -> None:
    with pytest.raises(CalendarFileError) as caught:
        read_calendar(text)
    assert (caught.value.reason, caught.value.line) == (reason, line)


def test_the_profile_has_2027_by_the_labour_code() -> None:
    """Domain 2.5: without a decree, holidays of article 112, and those of May and June that fall on days off move."""
    (year,) = [one for one in read_calendars("oms") if one.year == 2027]
    unlike = {day for day in days_of(2027) if year.is_working(day) != ordinary(day)}
    january = {date(2027, 1, day) for day in (1, 4, 5, 6, 7, 8)}  # 2 and 3 are at a weekend
    fixed = {date(2027, 2, 23), date(2027, 3, 8), date(2027, 11, 4)}
    moved = {date(2027, 5, 3), date(2027, 5, 10), date(2027, 6, 14)}  # for 1 May, 9 May and 12 June
    assert unlike == january | fixed | moved
    assert not year.verified
