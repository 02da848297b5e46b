"""S000-65, domain 2.5 a, b, f, h: every day of 2025-2027 by the published calendar, against a table that is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.journal.deadlines import Calendar, DeadlineRule, Facts, Shift, Unit, deadline
from hotline.journal.model import Form
from hotline.journal.production_calendar import merged
from hotline.journal.reminding import Stage, ladder
from hotline.profiles.calendars import read_calendars
from tests.unit.journal.golden import rows, stored
from tests.unit.journal.test_deadlines import RULES

MOSCOW = ZoneInfo("Europe/Moscow")
OMS = read_calendars("oms")
CALENDAR = Calendar(merged(OMS))
ZONES = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk",
    "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
)  # fmt: skip
"""The eleven time zones of Russia (107-ФЗ), UTC+2 to UTC+12; none changes its clocks."""


def computed(day: date) -> list[date]:
    """A row of the table as the product computes it, registered at noon."""
    noon = datetime.combine(day, time(12), MOSCOW)
    letter = Facts(Form.WRITTEN, noon, noon)
    month = DeadlineRule("x", 1, 30, Unit.DAY)

    def by(facts: Facts, *rules: DeadlineRule) -> date:
        found = deadline(facts, rules, MOSCOW, CALENDAR)
        assert found is not None
        local = found.due_at.astimezone(MOSCOW)
        assert local.time() == time(23, 59, 59)
        return local.date()

    due = deadline(letter, RULES, MOSCOW, CALENDAR)
    assert due is not None
    steps = {step.stage: step.at.astimezone(MOSCOW) for step in ladder(due.base, due.due_at, MOSCOW, CALENDAR)}
    assert steps[Stage.DUE] == due.due_at
    return [
        day,
        by(letter, *RULES),
        by(replace(letter, to_head_of_region=True), *RULES),
        by(letter, DeadlineRule("w", 1, 7, Unit.WORKING_DAY)),
        by(letter, DeadlineRule("w", 1, 10, Unit.WORKING_DAY)),
        by(letter, replace(month, shift=Shift.PREVIOUS)),
        by(letter, replace(month, shift=Shift.NEXT)),
        steps[Stage.SOON].date(),
        steps[Stage.TOMORROW].date(),
    ]


def test_three_years_of_deadlines_are_as_the_golden_table_has_them() -> None:
    table = stored()
    assert len(table) == 3 * 365
    wrong = [(row, found) for row in table if (found := computed(row[0])) != row]
    assert wrong == []


def test_the_oracle_still_makes_that_table() -> None:
    assert list(rows()) == stored()


def test_the_calendars_have_the_published_numbers_of_working_days() -> None:
    """247 working days of five-day weeks in 2025 and in 2026; 2027 says itself that nobody has compared it."""
    assert [(year.year, year.working_days(), year.verified) for year in OMS][:2] == [
        (2025, 247, True),
        (2026, 247, True),
    ]
    assert (OMS[2].year, OMS[2].verified) == (2027, False)
    assert "не сверены" in OMS[2].source


@pytest.mark.parametrize("name", ZONES)
def test_eleven_zones_end_the_same_day_at_their_own_midnight(name: str) -> None:
    """Domain 2.5 h: registered in the first and in the last minute of 20 November, wherever that is in UTC."""
    zone = ZoneInfo(name)
    for moment in (time(0, 0, 30), time(23, 59, 30)):
        registered = datetime.combine(date(2026, 11, 20), moment, zone).astimezone(UTC)
        found = deadline(Facts(Form.WRITTEN, registered, registered), RULES, zone, CALENDAR)
        assert found is not None
        assert found.due_at == datetime(2026, 12, 20, 23, 59, 59, tzinfo=zone)
        oral = deadline(Facts(Form.ORAL, registered, registered), RULES, zone, CALENDAR)
        assert oral is not None
        assert oral.due_at - registered == timedelta(hours=24)


def test_the_eleven_zones_are_eleven() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    offsets = [noon.astimezone(ZoneInfo(name)).utcoffset() for name in ZONES]
    assert offsets == [timedelta(hours=hours) for hours in range(2, 13)]
