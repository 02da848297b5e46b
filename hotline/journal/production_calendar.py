"""A year of the production calendar as files bring it: holidays and moved days (domain 2.5 f, DAY-41). Pure.

Three layouts are read, told apart by their beginning:

* our own CSV: ``day;kind;note`` with kind ``off``, ``working`` or ``short``; lines ``# year:``, ``# source:`` and
  ``# verified: yes`` above the heading. Only days that differ from the ordinary week need a line;
* the CSV of the Russian government's open data and of sites that mirror it: a line for each year, a column for each
  month (``Год/Месяц``), in a cell the days off: ``1,2,6*,8+``. ``*`` is a shortened working day, ``+`` a moved day off;
* the JSON of such sites: ``{"year": 2026, "months": [{"month": 1, "days": "1,2,3"}]}``, the same cells.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

FIRST_YEAR, LAST_YEAR = 2000, 2099
LEAST_DAYS_OFF, MOST_DAYS_OFF = 52, 200
"""A whole year with fewer or more days off is a damaged file, not a calendar."""
MONTHS = 12
MAX_NOTE = 200
_STATE_HEADING = "год/месяц"
_KINDS = {"off": False, "working": True, "short": True}


class CalendarFileError(ValueError):
    """The file is no calendar. ``line`` counts from 1; ``None`` when the whole of it is meant."""

    def __init__(self, reason: str, line: int | None = None, what: str = "") -> None:
        super().__init__(f"{reason} in line {line}: {what}" if line else f"{reason}: {what}")
        self.reason = reason
        """``empty``, ``layout``, ``year``, ``day``, ``kind``, ``repeated`` or ``days-off``."""
        self.line = line
        self.what = what


@dataclass(frozen=True, slots=True)
class DayMark:
    """How a day differs from the ordinary week, or why it is off."""

    is_working: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year. ``days`` holds what a file says; every other day is as the ordinary week has it."""

    year: int
    days: Mapping[date, DayMark] = field(default_factory=dict)
    source: str = ""
    verified: bool = False

    def is_working(self, day: date) -> bool:
        """Tell whether people work on ``day``."""
        mark = self.days.get(day)
        return ordinary(day) if mark is None else mark.is_working

    def working_days(self) -> int:
        """Return how many working days the year has."""
        return sum(self.is_working(day) for day in days_of(self.year))


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day on which two calendars of a year disagree."""

    day: date
    was_working: bool
    is_working: bool
    note: str


def ordinary(day: date) -> bool:
    """Tell whether ``day`` is a working day of the ordinary week: Monday to Friday."""
    return day.weekday() < 5


def days_of(year: int) -> Iterator[date]:
    """Yield every day of a year."""
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def differences(before: CalendarYear, after: CalendarYear) -> tuple[DayChange, ...]:
    """Return the days that ``after`` makes different: what a preview shows before anything is changed."""
    return tuple(
        DayChange(day, before.is_working(day), after.is_working(day), after.days[day].note if day in after.days else "")
        for day in days_of(after.year)
        if before.is_working(day) is not after.is_working(day)
    )


def read_calendar(text: str) -> tuple[CalendarYear, ...]:
    """Read a file of any of the layouts; the years in it, earliest first.

    :raises CalendarFileError: it is none of them, or damaged; says where.
    """
    text = text.lstrip("\ufeff").strip()
    if not text:
        raise CalendarFileError("empty")
    try:
        years = _years(text)
    except csv.Error as error:  # a lone carriage return, a cell of more than 128 KiB
        raise CalendarFileError("layout", None, str(error)[:60]) from error
    found: dict[int, CalendarYear] = {}
    for year in years:
        if year.year in found:
            raise CalendarFileError("repeated", None, str(year.year))
        found[year.year] = year
    return tuple(found[year] for year in sorted(found))


def _years(text: str) -> list[CalendarYear]:
    if text.startswith(("{", "[")):
        return _from_json(text)
    if text.lower().lstrip('"').startswith(_STATE_HEADING):
        return _from_state_csv(text)
    return [_from_own_csv(text)]


def write_calendar(year: CalendarYear) -> str:
    """Return a year in our own layout; :func:`read_calendar` reads the same again."""
    text = io.StringIO()
    text.write(f"# year: {year.year}\n# source: {_one_line(year.source)}\n")
    text.write(f"# verified: {'yes' if year.verified else 'no'}\n")
    rows = csv.writer(text, delimiter=";", lineterminator="\n")
    rows.writerow(["day", "kind", "note"])
    for day, mark in sorted(year.days.items()):
        rows.writerow([day.isoformat(), "working" if mark.is_working else "off", mark.note])
    return text.getvalue()


def _from_own_csv(text: str) -> CalendarYear:
    lines = text.splitlines()
    head = {
        name.strip().lower(): value.strip()
        for name, colon, value in (line.lstrip("# ").partition(":") for line in lines if line.startswith("#"))
        if colon
    }
    body = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not body:
        raise CalendarFileError("empty")
    delimiter = max(";,\t", key=body[0][1].count)
    heading = [cell.strip().lower() for cell in body[0][1].split(delimiter)]
    if heading[:2] != ["day", "kind"]:
        raise CalendarFileError("layout", body[0][0], body[0][1][:60])
    days: dict[date, DayMark] = {}
    year = _year(head["year"]) if "year" in head else None
    for number, line in body[1:]:
        day, mark = _own_line([cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])], number)
        year = _year(str(day.year), number) if year is None else year
        if day.year != year:
            raise CalendarFileError("year", number, day.isoformat())
        if day in days:
            raise CalendarFileError("repeated", number, day.isoformat())
        days[day] = mark
    if year is None:
        raise CalendarFileError("empty")
    return _checked(CalendarYear(year, days, head.get("source", "")[:500], head.get("verified", "").lower() == "yes"))


def _own_line(cells: list[str], number: int) -> tuple[date, DayMark]:
    if len(cells) < 2:
        raise CalendarFileError("layout", number, ";".join(cells)[:60])
    kind = cells[1].lower()
    if kind not in _KINDS:
        raise CalendarFileError("kind", number, cells[1][:60])
    note = " ".join(cells[2:])[:MAX_NOTE] if len(cells) > 2 else ""
    return _day(cells[0], number), DayMark(_KINDS[kind], note)


def _from_state_csv(text: str) -> list[CalendarYear]:
    rows = list(csv.reader(io.StringIO(text)))
    years = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < 1 + MONTHS:
            raise CalendarFileError("layout", number, ",".join(row)[:60])
        year = _year(row[0], number)
        cells = {month: row[month] for month in range(1, 1 + MONTHS)}
        years.append(_from_cells(year, cells, number))
    if not years:
        raise CalendarFileError("empty")
    return years


def _from_json(text: str) -> list[CalendarYear]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # the latter: brackets in brackets without an end
        raise CalendarFileError("layout", getattr(error, "lineno", None), str(error)[:60]) from error
    years = []
    for entry in data if isinstance(data, list) else [data]:
        try:
            cells = {int(month["month"]): str(month["days"]) for month in entry["months"]}
            year = _year(str(entry["year"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:  # the last: Infinity is JSON to Python
            if isinstance(error, CalendarFileError):
                raise
            raise CalendarFileError("layout", None, str(error)[:60]) from error
        if set(cells) != set(range(1, 1 + MONTHS)):
            raise CalendarFileError("layout", None, "months")
        years.append(_from_cells(year, cells, None))
    return years


def _from_cells(year: int, cells: Mapping[int, str], line: int | None) -> CalendarYear:
    """Read months that list every day off: a Saturday that is not among them is a working day."""
    off: set[date] = set()
    moved: set[date] = set()
    for month, cell in cells.items():
        for item in filter(None, (part.strip() for part in cell.split(","))):
            number = item.rstrip("*+")
            try:
                day = date(year, month, int(number))
            except (ValueError, OverflowError) as error:
                raise CalendarFileError("day", line, f"{month}: {item}"[:60]) from error
            if item.endswith("*"):
                continue  # shortened, but people work
            off.add(day)
            if item.endswith("+"):
                moved.add(day)
    days = {day: DayMark(day not in off) for day in days_of(year) if (day in off) is ordinary(day) or day in moved}
    return _checked(CalendarYear(year, days))


def _checked(year: CalendarYear) -> CalendarYear:
    off = sum(not year.is_working(day) for day in days_of(year.year))
    if not LEAST_DAYS_OFF <= off <= MOST_DAYS_OFF:
        raise CalendarFileError("days-off", None, f"{year.year}: {off}")
    return year


def _year(text: str, line: int | None = None) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) == 4 and FIRST_YEAR <= int(text) <= LAST_YEAR):
        raise CalendarFileError("year", line, text[:60])
    return int(text)


def _day(text: str, line: int) -> date:
    parts = text.split(".")
    iso = "-".join(reversed(parts)) if len(parts) == 3 else text
    try:
        return date.fromisoformat(iso)
    except ValueError as error:
        raise CalendarFileError("day", line, text[:60]) from error


def _one_line(text: str) -> str:
    return " ".join(text.split())


def merged(years: Iterable[CalendarYear]) -> dict[date, bool]:
    """Return the days of several years as :class:`hotline.journal.deadlines.Calendar` wants them."""
    return {day: mark.is_working for year in years for day, mark in year.days.items()}
