"""Golden tables of attendance (S001A-08, S001A-14): shifts over midnight, zones, lost connections, a dead service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.attendance.model import Day, Doing, Shift, ShiftKind, Slot, Standing, Stretch
from hotline.attendance.rules import bounds, days_of

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = date(2026, 11, 20)
BREAKS = frozenset({"P01", "P02"})
NINE = Slot(time(9), time(18), ShiftKind.DAY, 60)
NIGHT = Slot(time(20), time(8), ShiftKind.NIGHT, 60)


def at(text: str) -> datetime:
    """``20 09:30``: a day of November 2026 and a time in Moscow."""
    day, clock = text.split()
    return datetime.combine(date(2026, 11, int(day)), time.fromisoformat(clock), MOSCOW).astimezone(UTC)


def stretches(text: str) -> list[Stretch]:
    """``work 20 09:00 20 12:00; P02 20 12:00 -``; a dash: still going on."""
    found = []
    for part in filter(None, (one.strip() for one in text.split(";"))):
        what, start_day, start, *end = part.split()
        doing = Doing(what) if what in {"work", "lost"} else Doing.PAUSE
        reason = what if doing is Doing.PAUSE else ""
        over = None if end == ["-"] else at(" ".join(end))
        found.append(Stretch(doing, at(f"{start_day} {start}"), over, reason))
    return found


def shift(day: date, slot: Slot, zone: ZoneInfo = MOSCOW) -> Shift:
    return Shift(1, day, slot, *bounds(day, slot, zone))


def judged(plan: dict[int, Slot], log: str, now: str, day: int = 20, excuses: dict[date, str] | None = None) -> Day:
    shifts = {date(2026, 11, number): shift(date(2026, 11, number), slot) for number, slot in plan.items()}
    return days_of([date(2026, 11, day)], shifts, excuses or {}, stretches(log), at(now), MOSCOW, BREAKS)[0]


@dataclass(frozen=True)
class Case:
    name: str
    plan: dict[int, Slot]
    log: str
    now: str
    standing: Standing
    late: int = 0  # all in minutes
    early: int = 0
    overtime: int = 0
    worked: int = 0
    breaks: int = 0
    over: int = 0
    away: int = 0
    lost: int = 0


CASES = (
    Case("a full day", {20: NINE}, "work 20 09:00 20 13:00; P02 20 13:00 20 13:45; work 20 13:45 20 18:00", "20 19:00",
         Standing.DONE, worked=495, breaks=45),
    Case("late and gone early", {20: NINE}, "work 20 09:20 20 17:30", "20 19:00",
         Standing.DONE, late=20, early=30, worked=490),
    Case("five minutes are not worth a word", {20: NINE}, "work 20 09:05 20 17:55", "20 19:00",
         Standing.DONE, worked=530),
    Case("overtime", {20: NINE}, "work 20 09:00 20 19:30", "20 20:00", Standing.DONE, overtime=90, worked=630),
    Case("breaks beyond the allowance; written work is none", {20: NINE},
         "work 20 09:00 20 10:00; P01 20 10:00 20 10:30; P04 20 10:30 20 12:00; P02 20 12:00 20 13:00; "
         "work 20 13:00 20 18:00", "20 18:00", Standing.DONE, worked=450, breaks=90, over=30),
    Case("never came", {20: NINE}, "", "20 18:00", Standing.ABSENT),
    Case("came only after the shift", {20: NINE}, "work 20 18:30 20 19:00", "20 20:00",
         Standing.ABSENT, overtime=30, worked=30),
    Case("before the shift", {20: NINE}, "", "20 08:00", Standing.EXPECTED),
    Case("the first minutes of the shift", {20: NINE}, "", "20 09:04", Standing.EXPECTED),
    Case("should be here and has not come", {20: NINE}, "", "20 09:15", Standing.MISSING, late=15),
    Case("came early and left before it began", {20: NINE}, "work 20 08:00 20 08:30", "20 09:15",
         Standing.MISSING, worked=30),
    Case("here, and here before it begins", {20: NINE}, "work 20 08:50 -", "20 08:55", Standing.PRESENT, worked=5),
    Case("gone in the middle", {20: NINE}, "work 20 09:00 20 11:00", "20 11:30", Standing.AWAY, worked=120),
    Case("gone for a moment", {20: NINE}, "work 20 09:00 20 11:00", "20 11:04", Standing.PRESENT, worked=120),
    Case("gone and back", {20: NINE}, "work 20 09:00 20 11:00; work 20 11:40 20 18:00", "20 19:00",
         Standing.DONE, worked=500, away=40),
    Case("gone a little before the end", {20: NINE}, "work 20 09:00 20 17:56", "20 17:59", Standing.DONE, worked=536),
    Case("begins with a pause: late until ready", {20: NINE}, "P01 20 09:00 20 09:30; work 20 09:30 20 18:00",
         "20 18:00", Standing.DONE, late=30, worked=510, breaks=30),
    Case("a connection lost in the middle", {20: NINE},
         "work 20 09:00 20 12:00; lost 20 12:00 20 12:10; work 20 12:10 20 18:00", "20 18:00",
         Standing.DONE, worked=530, lost=10),
    Case("a connection lost until signed off: gone when it was lost", {20: NINE},
         "work 20 09:00 20 16:00; lost 20 16:00 20 17:00", "20 18:30", Standing.DONE, early=120, worked=420),
    Case("a connection that is lost now", {20: NINE}, "work 20 09:00 20 16:00; lost 20 16:00 -", "20 16:20",
         Standing.AWAY, worked=420),
    Case("a night shift over midnight", {20: NIGHT},
         "work 20 20:00 21 03:00; P02 21 03:00 21 03:45; work 21 03:45 21 08:00",
         "21 09:00", Standing.DONE, worked=675, breaks=45),
    Case("a night shift, seen in it", {20: NIGHT}, "work 20 20:10 -", "21 01:00",
         Standing.PRESENT, late=10, worked=290),
    Case("last night is not today", {19: NIGHT}, "work 19 20:00 20 08:00", "20 12:00", Standing.OFF),
    Case("a day after a night: the session is cut between them", {19: NIGHT, 20: Slot(time(9), time(15))},
         "work 19 22:00 20 09:00; work 20 09:00 20 15:00", "20 16:00", Standing.DONE, worked=390),
    Case("work without a plan", {}, "work 20 10:00 20 12:00", "20 13:00", Standing.UNPLANNED, worked=120),
    Case("work without a plan counts where it began", {}, "work 19 23:00 20 02:00", "20 13:00", Standing.OFF),
    Case("work without a plan goes on", {}, "work 20 10:00 -", "20 11:00", Standing.UNPLANNED, worked=60),
    Case("far from the shift: work of the day, not overtime", {20: Slot(time(9), time(12))},
         "work 20 09:00 20 12:00; work 20 18:00 20 19:00", "20 20:00", Standing.DONE, worked=240),
    Case("an open state of a service that was killed: no more than twelve hours of it", {20: NINE},
         "work 20 09:00 -", "21 09:00", Standing.DONE, overtime=180, worked=720),
    Case("nothing planned, nothing worked", {}, "", "20 12:00", Standing.OFF),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_day_against_its_plan(case: Case) -> None:
    """S001A-08: late, early, overtime, breaks, absences: one row a case."""
    found = judged(case.plan, case.log, case.now)
    told = found.account
    seconds = (
        told.late_s, told.early_s, told.overtime_s, told.worked_s, told.break_s, told.break_over_s, told.away_s,
        told.lost_s,
    )  # fmt: skip
    assert found.standing is case.standing
    assert [round(one / 60) for one in seconds] == [
        case.late, case.early, case.overtime, case.worked, case.breaks, case.over, case.away, case.lost,
    ]  # fmt: skip


def test_an_excuse_explains_an_absence_and_hides_no_work() -> None:
    """S001A-13: on leave is not absent; who works all the same is seen working."""
    sick = {DAY: "sick"}
    assert judged({20: NINE}, "", "20 12:00", excuses=sick).standing is Standing.EXCUSED
    assert judged({20: NINE}, "", "20 19:00", excuses=sick).standing is Standing.EXCUSED
    assert judged({}, "", "20 19:00", excuses=sick).standing is Standing.EXCUSED
    assert judged({20: NINE}, "work 20 09:00 -", "20 12:00", excuses=sick).standing is Standing.PRESENT


def test_a_doubtful_day_is_marked() -> None:
    """S001A-08: what was cut because the service was dead is said, not hidden."""
    assert judged({20: NINE}, "work 20 09:00 -", "21 09:00").account.doubtful
    assert not judged({20: NINE}, "work 20 09:00 -", "20 12:00").account.doubtful


ZONES = (
    # zone, day, slot, begins and ends in UTC
    ("Europe/Moscow", date(2026, 3, 28), NIGHT, "2026-03-28T17:00", "2026-03-29T05:00"),
    ("Asia/Kamchatka", date(2026, 11, 20), NINE, "2026-11-19T21:00", "2026-11-20T06:00"),
    ("America/Sao_Paulo", date(2026, 11, 20), NINE, "2026-11-20T12:00", "2026-11-20T21:00"),
    ("Europe/Berlin", date(2026, 3, 28), NIGHT, "2026-03-28T19:00", "2026-03-29T06:00"),  # 11 hours
    ("Europe/Berlin", date(2026, 10, 24), NIGHT, "2026-10-24T18:00", "2026-10-25T07:00"),  # 13 hours
    ("Europe/Berlin", date(2026, 3, 29), Slot(time(2, 30), time(10)), "2026-03-29T01:30", "2026-03-29T08:00"),
    ("UTC", date(2026, 11, 20), Slot(time(8), time(8), ShiftKind.DUTY), "2026-11-20T08:00", "2026-11-21T08:00"),
)


@pytest.mark.parametrize(("zone", "day", "slot", "starts", "ends"), ZONES, ids=lambda one: str(one)[:24])
def test_a_shift_goes_by_the_clock_on_the_wall(zone: str, day: date, slot: Slot, starts: str, ends: str) -> None:
    """S001A-14, domain 2.5 h: with and without a change of the clock."""
    told = [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (starts, ends)]
    assert list(bounds(day, slot, ZoneInfo(zone))) == told


def test_a_duty_of_a_whole_day_without_a_pause_is_believed() -> None:
    """S001A-14: many lines of the log in a row are no dead service."""
    duty = {DAY: shift(DAY, Slot(time(8), time(8), ShiftKind.DUTY, 60))}
    log = [Stretch(Doing.WORK, at("20 08:00"), at("21 08:00"), single=False)]
    told = days_of([DAY], duty, {}, log, at("21 09:00"), MOSCOW, BREAKS)[0].account
    assert (told.worked_s, told.doubtful) == (24 * 3600, False)


def test_a_stretch_ends_no_later_than_now() -> None:
    """S001A-08: a log that another clock wrote ahead of ours adds no time."""
    assert (
        judged({20: NINE}, "work 20 09:00 20 18:00", "20 10:00").account.worked_s == timedelta(hours=1).total_seconds()
    )
