"""The golden table of deadlines, and the oracle that made it.

The oracle is simple on purpose and shares nothing with ``hotline.journal.deadlines``: it writes every working day of
the years into one list and looks places up in it. The days off come from the lines of the profile's CSV files, split by
hand. ``python -m tests.unit.journal.golden`` writes the table anew; it is in the repository, so a change shows.
"""

from __future__ import annotations

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

TABLE = Path(__file__).parents[2] / "data" / "deadlines-2025-2027.csv"
CALENDARS = Path(__file__).parents[3] / "hotline" / "profiles" / "oms" / "calendar"
YEARS = (2025, 2026, 2027)
COLUMNS = (
    "registered", "written", "to_head", "working_7", "working_10", "written_prev", "written_next", "soon", "tomorrow",
)  # fmt: skip
"""Days: of registration; deadlines of 30 and 20 days; of 7 and 10 working days; of 30 days moved from a day off to the
working day before or after it; reminders three days and one day before the 30 days are over."""


def working_days() -> list[date]:
    """Every working day from 2025 until the deadlines of 2027 are over."""
    told: dict[str, str] = {}
    for year in YEARS:
        for line in (CALENDARS / f"{year}.csv").read_text(encoding="utf-8").splitlines():
            if line[:4].isdigit():
                told[line.split(";")[0]] = line.split(";")[1]
    day, found = date(2024, 12, 1), []
    while day < date(2028, 3, 1):
        kind = told.get(str(day), "off" if day.strftime("%a") in {"Sat", "Sun"} else "working")
        if kind != "off":
            found.append(day)
        day += timedelta(1)
    return found


def rows() -> Iterator[list[date]]:
    """Yield a row for each day of the three years."""
    working = working_days()

    def not_after(day: date) -> date:
        return working[bisect_right(working, day) - 1]

    def not_before(day: date) -> date:
        return working[bisect_left(working, day)]

    day = date(YEARS[0], 1, 1)
    while day.year <= YEARS[-1]:
        after = bisect_right(working, day)
        month = day + timedelta(30)
        yield [
            day, month, day + timedelta(20), working[after + 6], working[after + 9],
            not_after(month), not_before(month), not_after(month - timedelta(3)), not_after(month - timedelta(1)),
        ]  # fmt: skip
        day += timedelta(1)


def stored() -> list[list[date]]:
    """Read the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        heading, *lines = csv.reader(file)
    assert tuple(heading) == COLUMNS
    return [[date.fromisoformat(cell) for cell in line] for line in lines]


if __name__ == "__main__":
    with TABLE.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows())
