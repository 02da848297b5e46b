"""Reminders (domain 2.5): ladders by days and by hours, days off, one word after a silence, never twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.journal.deadlines import Calendar
from hotline.journal.production_calendar import merged
from hotline.journal.reminding import Stage, Telling, horizon, is_digest_time, ladder, telling
from hotline.profiles.calendars import read_calendars

MOSCOW = ZoneInfo("Europe/Moscow")
CALENDAR = Calendar(merged(read_calendars("oms")))


def local(month: int, day: int, hour: int = 23, minute: int = 59, second: int = 59, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=MOSCOW)


def test_a_letter_is_reminded_of_by_days() -> None:
    steps = ladder(local(11, 1, 12), local(12, 23), MOSCOW, CALENDAR)
    assert [(step.stage, step.at) for step in steps] == [
        (Stage.SOON, local(12, 18, 9, 0, 0)),  # the 20th is a Sunday: the Friday before
        (Stage.TOMORROW, local(12, 22, 9, 0, 0)),
        (Stage.DUE, local(12, 23)),
    ]


def test_over_the_new_year_holidays_both_reminders_come_on_the_last_working_day() -> None:
    """31 December 2025 to 11 January 2026 are off by the decrees of the Government."""
    steps = ladder(local(12, 1, 12, year=2025), local(1, 10), MOSCOW, CALENDAR)
    assert {step.at.date() for step in steps[:2]} == {date(2025, 12, 30)}
    assert telling(steps, set(), local(12, 30, 9, 0, 0, year=2025)) == Telling(Stage.TOMORROW, (Stage.SOON,))


def test_an_oral_appeal_is_reminded_of_by_its_share() -> None:
    base = local(11, 20, 10, 0, 0)
    steps = ladder(base, base + timedelta(hours=24), MOSCOW, CALENDAR)
    assert [(step.stage, step.at - base) for step in steps] == [
        (Stage.HALF, timedelta(hours=12)),
        (Stage.NEARLY, timedelta(hours=21, minutes=36)),
        (Stage.DUE, timedelta(hours=24)),
    ]


@pytest.mark.parametrize(
    ("hours", "sent", "said"),
    [
        pytest.param(11.9, set(), None, id="too-early"),
        pytest.param(12, set(), Telling(Stage.HALF, ()), id="half"),
        pytest.param(13, {Stage.HALF}, None, id="never-twice"),
        pytest.param(22, {Stage.HALF}, Telling(Stage.NEARLY, ()), id="nearly"),
        pytest.param(30, set(), Telling(Stage.DUE, (Stage.HALF, Stage.NEARLY)), id="one-word-after-a-silence"),
        pytest.param(30, {Stage.HALF, Stage.NEARLY, Stage.DUE}, None, id="nothing-is-left"),
        pytest.param(30, {Stage.DUE}, None, id="what-came-before-the-last-is-past"),
    ],
)
def test_what_is_said_when(hours: float, sent: set[str], said: Telling | None) -> None:
    base = local(11, 20, 10, 0, 0)
    steps = ladder(base, base + timedelta(hours=24), MOSCOW, CALENDAR)
    assert telling(steps, sent, base + timedelta(hours=hours)) == said


def test_the_horizon_holds_everything_that_has_to_be_reminded_of_and_no_more() -> None:
    """Compared with the ladders themselves, day by day over a year with its holidays."""
    for number in range(365):
        now = local(1, 1, 9, 0, 0) + timedelta(days=number)
        far = horizon(now, MOSCOW, CALENDAR)
        due = [now.replace(hour=23, minute=59, second=59) + timedelta(days=ahead) for ahead in range(25)]
        called = [at for at in due if ladder(at - timedelta(days=30), at, MOSCOW, CALENDAR)[0].at <= now]
        assert [at for at in due if at <= far][len(called) :] == []
        assert all(at <= far for at in called)


def test_the_digest_comes_on_working_mornings() -> None:
    assert is_digest_time(local(11, 20, 8, 59), MOSCOW, CALENDAR) is None
    assert is_digest_time(local(11, 20, 9, 0), MOSCOW, CALENDAR) == date(2026, 11, 20)
    assert is_digest_time(local(11, 21, 9, 0), MOSCOW, CALENDAR) is None
    assert is_digest_time(local(11, 1, 9, 0, year=2025), MOSCOW, CALENDAR) == date(2025, 11, 1)  # a working Saturday
