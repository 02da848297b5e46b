"""Domain 2.5 with the rules that profile oms really loads, and every example stated there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from hotline.journal.deadlines import Calendar, DeadlineRule, Facts, Shift, Unit, deadline, extended, reminder_day
from hotline.journal.model import Form
from hotline.profiles.loader import read_profile

MOSCOW = ZoneInfo("Europe/Moscow")
RULES = tuple(
    DeadlineRule(**{**row, "unit": Unit(row["unit"]), "form": Form(row["form"])})
    for row in read_profile("oms")["deadline"]
)


def local(year: int, month: int, day: int, hour: int = 23, minute: int = 59, second: int = 59) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=MOSCOW)


def written(registered_at: datetime, *, head: bool = False) -> Facts:
    return Facts(Form.WRITTEN, registered_at, registered_at, to_head_of_region=head)


@pytest.mark.parametrize(
    ("facts", "due_at", "rule"),
    [
        pytest.param(
            written(local(2026, 1, 15, 12), head=True), local(2026, 2, 4), "written-to-head", id="20-days-to-the-head"
        ),
        pytest.param(written(local(2026, 1, 15, 12)), local(2026, 2, 14), "written", id="30-days-ending-on-saturday"),
        pytest.param(written(local(2026, 11, 20, 12)), local(2026, 12, 20), "written", id="30-days-ending-on-sunday"),
        pytest.param(written(local(2026, 1, 15, 0, 0, 1)), local(2026, 2, 14), "written", id="first-second-of-the-day"),
        pytest.param(written(local(2026, 1, 15)), local(2026, 2, 14), "written", id="last-second-of-the-day"),
        pytest.param(
            Facts(Form.ORAL, local(2026, 2, 28, 17, 30, 0), local(2026, 2, 28, 18, 0, 0)),
            local(2026, 3, 1, 17, 30, 0),
            "oral",
            id="oral-24-hours-from-the-appeal-itself",
        ),
        pytest.param(
            Facts(Form.ORAL, local(2026, 2, 28, 17), local(2026, 2, 28, 18), to_head_of_region=True),
            local(2026, 3, 1, 17),
            "oral",
            id="the-head-matters-for-letters-only",
        ),
    ],
)
def test_rules_of_oms(facts: Facts, due_at: datetime, rule: str) -> None:
    found = deadline(facts, RULES, MOSCOW)
    assert found is not None
    assert found.due_at == due_at
    assert found.rule.code == rule


def test_the_day_is_the_organisations_day_not_that_of_utc() -> None:
    """Registered at 00:30 in Vladivostok, when it is still the day before in UTC (rule h)."""
    vladivostok = ZoneInfo("Asia/Vladivostok")
    registered_at = datetime(2026, 1, 14, 14, 30, tzinfo=UTC)  # 15 January, 00:30 there
    found = deadline(written(registered_at), RULES, vladivostok)
    assert found is not None
    assert found.due_at == datetime(2026, 2, 14, 23, 59, 59, tzinfo=vladivostok)


def test_the_lowest_priority_number_wins_whatever_the_order() -> None:
    special = DeadlineRule("topic", 20, 7, Unit.WORKING_DAY, topic="1.09")
    facts = Facts(Form.ORAL, local(2026, 11, 20, 12), local(2026, 11, 20, 12), topic="1.09")
    found = deadline(facts, [*RULES, special], MOSCOW)
    assert found is not None
    assert found.rule is special
    assert found.due_at == local(2026, 12, 1)


def test_no_rule_no_deadline() -> None:
    assert deadline(written(local(2026, 1, 15)), [], MOSCOW) is None


def test_holidays_do_not_count_as_working_days() -> None:
    calendar = Calendar({date(2026, 11, 23): False, date(2026, 11, 28): True})
    rule = DeadlineRule("working", 1, 3, Unit.WORKING_DAY)
    found = deadline(written(local(2026, 11, 20, 12)), [rule], MOSCOW, calendar)
    assert found is not None
    assert found.due_at == local(2026, 11, 26)  # 23rd is a holiday: 24, 25, 26
    assert calendar.add_working(date(2026, 11, 27), 1) == date(2026, 11, 28)  # a working Saturday


@pytest.mark.parametrize(
    ("shift", "day"),
    [
        (Shift.NONE, date(2026, 12, 20)),
        (Shift.PREVIOUS, date(2026, 12, 18)),
        (Shift.NEXT, date(2026, 12, 21)),
    ],
)
def test_deadline_on_a_day_off(shift: Shift, day: date) -> None:
    rule = DeadlineRule("written", 1, 30, Unit.DAY, shift=shift)
    found = deadline(written(local(2026, 11, 20)), [rule], MOSCOW)
    assert found is not None
    assert found.due_at.astimezone(MOSCOW).date() == day


def test_reminders_move_to_the_working_day_before() -> None:
    assert reminder_day(local(2026, 12, 23), 3, MOSCOW, Calendar()) == date(2026, 12, 18)  # 20th is a Sunday


def test_extension_by_30_days() -> None:
    assert extended(local(2026, 2, 14), 30, MOSCOW) == local(2026, 3, 16)


def test_naive_moments_are_refused() -> None:
    naive = datetime(2026, 1, 15)  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="naive"):
        deadline(written(naive), RULES, MOSCOW)
