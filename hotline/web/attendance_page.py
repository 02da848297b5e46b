"""View-models of the pages of attendance: cells of a week, bars of a day, rows of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date

from hotline.attendance.model import Day, Piece
from hotline.attendance.service import PersonDays
from hotline.web.attendance_words import (
    Note,
    clock,
    doing_title,
    hours,
    kind_title,
    notes,
    reason_title,
    slot_text,
    spell,
    standing_note,
    standing_title,
)
from hotline.web.i18n import current, gettext, mark, show_date
from hotline.web.spreadsheet import Value

DAY, WEEK = "day", "week"
BAR = 960
"""Width of a day's drawing; a quarter of an hour is ten of it when it shows 24 hours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. ``first``: the day, or the Monday of the week."""

    view: str
    first: date
    team: int | None
    page: int

    @property
    def days(self) -> int:
        """How many days it shows."""
        return 7 if self.view == WEEK else 1

    def url(self, path: str = "/attendance", **more: object) -> str:
        """Return the address that asks for the same; ``more`` replaces or adds."""
        query: dict[str, object] = {"view": self.view, "day": self.first.isoformat()}
        query |= {"team": self.team} if self.team else {}
        query |= {"page": self.page} if self.page > 1 else {}
        return f"{path}?{urlencode(query | more)}"

    def moved(self, steps: int) -> str:
        """Return the address of as many days or weeks later."""
        return replace(self, first=self.first + timedelta(days=steps * self.days), page=1).url()


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of somebody's week. ``label`` says everything that is seen, for those who do not see it."""

    url: str
    plan: str
    kind: str
    standing: Note
    notes: list[Note]
    today: bool
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of a day's bar, in units of its drawing."""

    css: str
    x: float
    width: float
    hint: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the page."""

    id: int
    name: str
    full_name: str
    extension: str
    team: str
    url: str
    cells: list[Cell]
    planned: str
    worked: str


@dataclass(frozen=True, slots=True)
class DayLine:
    """A person's day in words and as a bar, by the clock of his organisation."""

    line: Line
    cell: Cell
    came: str
    left: str
    worked: str
    breaks: str
    marks: list[Mark]
    summary: str


def week_lines(rows: Sequence[PersonDays], today: date) -> list[Line]:
    """Return the rows of a week."""
    return [_line(one, today) for one in rows]


def day_lines(rows: Sequence[PersonDays], today: date, pauses: Mapping[str, str]) -> tuple[list[DayLine], list[str]]:
    """Return the rows of a day and the hours of its scale."""
    overnight = any(day.shift and day.shift.slot.overnight for one in rows for day in one.days)
    span = 36 if overnight else 24
    step = 3 if overnight else 2
    found = []
    for one in rows:
        line, day = _line(one, today), one.days[0]
        marks = list(_marks(day, one.zone, span, pauses))
        told = day.account
        allowed = day.shift.slot.break_min if day.shift else 0
        breaks = f"{int(told.break_s // 60)} / {allowed}" if told.break_s or allowed else "—"
        summary = "; ".join(one.hint for one in marks)
        worked = spell(told.worked_s) if told.worked_s else "—"
        came, left = (_clock(at, one.zone) for at in (told.first_ready, told.left_at))
        found.append(DayLine(line, line.cells[0], came, left, worked, breaks, marks, summary))
    return found, [f"{hour % 24:02}" for hour in range(0, span, step)]


def stretches(day: Day, zone: ZoneInfo, pauses: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what somebody did on a day: from when to when, what, and for how long."""
    return [
        (_between(one, zone), doing_title(one.doing, pauses.get(one.reason, one.reason)), spell(one.seconds))
        for one in day.pieces
    ]


def day_name(day: date) -> str:
    """Write a day with its weekday: «пн 23.11»."""
    return f"{format_date(day, 'EEE', locale=current().locale)} {format_date(day, 'dd.MM', locale=current().locale)}"


HEADING = (
    mark("Employee"),
    mark("Internal number"),
    mark("Team"),
    mark("Date"),
    mark("Planned from"),
    mark("Planned to"),
    mark("Kind"),
    mark("First ready"),
    mark("Left"),
    mark("Standing"),
    mark("Worked, min"),
    mark("Late, min"),
    mark("Left early, min"),
    mark("Overtime, min"),
    mark("Breaks, min"),
    mark("Breaks allowed, min"),
    mark("Breaks over, min"),
    mark("Away, min"),
    mark("Connection lost, min"),
    mark("Absence"),
    mark("Sure"),
)
"""Of a file; translated when it is written."""


def file_rows(one: PersonDays) -> Iterator[list[Value]]:
    """Return the rows of a file: a day of a person on which anything was planned, excused or worked."""
    for day in one.days:
        told, shift = day.account, day.shift
        if shift is None and day.excuse is None and not day.pieces:
            continue
        minutes = (
            told.worked_s, told.late_s, told.early_s, told.overtime_s, told.break_s,
            (shift.slot.break_min if shift else 0) * 60, told.break_over_s, told.away_s, told.lost_s,
        )  # fmt: skip
        yield [
            one.person.full_name,
            one.person.extension or "",
            one.person.team,
            show_date(day.day),
            clock(shift.slot.starts) if shift else "",
            clock(shift.slot.ends) if shift else "",
            kind_title(shift.slot.kind) if shift else "",
            _moment(told.first_ready, one.zone),
            _moment(told.left_at, one.zone),
            standing_title(day.standing),
            *(round(seconds / 60) for seconds in minutes),
            reason_title(day.excuse) if day.excuse else "",
            gettext("no") if told.doubtful else gettext("yes"),
        ]


def _line(one: PersonDays, today: date) -> Line:
    person = one.person
    planned = sum((day.shift.ends_at - day.shift.starts_at).total_seconds() for day in one.days if day.shift)
    worked = sum(day.account.worked_s for day in one.days)
    return Line(
        person.id, person.name, person.full_name, person.extension or "", person.team,
        f"/attendance/people/{person.id}?{urlencode({'day': one.days[0].day.isoformat()})}",
        [_cell(one, day, today) for day in one.days],
        hours(planned) if planned else "—", hours(worked) if worked else "—",
    )  # fmt: skip


def _cell(one: PersonDays, day: Day, today: date) -> Cell:
    shift = day.shift
    plan = slot_text(shift.slot) if shift else ""
    said = standing_note(day)
    more = notes(day)
    words = [one.person.name, day_name(day.day), plan, said.text, *(note.text for note in more)]
    return Cell(
        url=f"/attendance/people/{one.person.id}?{urlencode({'day': day.day.isoformat()})}",
        plan=plan,
        kind=shift.slot.kind.value if shift else "",
        standing=said,
        notes=more,
        today=day.day == today,
        label=", ".join(filter(None, words)),
    )


def _marks(day: Day, zone: ZoneInfo, span: int, pauses: Mapping[str, str]) -> Iterator[Mark]:
    begin = datetime.combine(day.day, time(), zone)
    scale = BAR / (span * 3600)

    def part(css: str, start: datetime, end: datetime, hint: str) -> Mark | None:
        left = max(0.0, (start - begin).total_seconds() * scale)
        right = min(float(BAR), (end - begin).total_seconds() * scale)
        return Mark(css, round(left, 1), round(right - left, 1), hint) if right > left else None

    if day.shift:
        hint = gettext("planned %(time)s") % {"time": slot_text(day.shift.slot)}
        yield from filter(None, [part("plan", day.shift.starts_at, day.shift.ends_at, hint)])
    for one in day.pieces:
        what = doing_title(one.doing, pauses.get(one.reason, one.reason))
        yield from filter(None, [part(one.doing.value, one.start, one.end, f"{_between(one, zone)} {what}")])


def _between(one: Piece, zone: ZoneInfo) -> str:
    end = gettext("now") if one.present else clock(one.end.astimezone(zone).time())
    return f"{clock(one.start.astimezone(zone).time())}–{end}"


def _clock(at: datetime | None, zone: ZoneInfo) -> str:
    return "—" if at is None else clock(at.astimezone(zone).time())


def _moment(at: datetime | None, zone: ZoneInfo) -> Value:
    return None if at is None else at.astimezone(zone).replace(tzinfo=None)
