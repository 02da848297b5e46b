"""The production calendar in the administrator's hands: a year, toggles, import, undo, recompute (DAY-41)."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

from aiohttp import web
from babel.dates import format_date, get_day_names, get_month_names

from hotline.errors import BadInput, HotlineError
from hotline.journal.calendar_admin import ChangeLine, YearView
from hotline.journal.production_calendar import CalendarYear, DayChange, ordinary, write_calendar
from hotline.web.context import current_user, services
from hotline.web.failures import text_of
from hotline.web.forms import form_fields, query_text
from hotline.web.i18n import current, gettext, local_time, mark, show_date
from hotline.web.render import page

SHOWN_MOVES = 50
"""Most deadlines that the recompute's preview lists; its count is of all."""
SHOWN_DAYS = 6
_KINDS = {
    "import": ("file-import", mark("imported")),
    "day": ("hand-click", mark("changed by hand")),
    "undo": ("arrow-back-up", mark("taken back")),
    "profile": ("package", mark("came with the profile")),
    "source": ("certificate", mark("source stated")),
}
_WORKS = {True: mark("working day"), False: mark("day off")}
_FILE_PROBLEMS = {
    "empty": mark("the file is empty"),
    "layout": mark("this layout is unknown"),
    "year": mark("the year is wrong"),
    "day": mark("this is no day"),
    "kind": mark("off, working or short is expected"),
    "repeated": mark("this stands there twice"),
    "days-off": mark("the number of days off cannot be right"),
}


@dataclass(frozen=True, slots=True)
class DayCell:
    """A day of the grid. ``word`` says everything that its colour says."""

    iso: str
    number: int
    off: bool
    moved: bool  # unlike the ordinary week
    today: bool
    word: str


@dataclass(frozen=True, slots=True)
class MonthGrid:
    """A month: weeks of seven, ``None`` outside the month."""

    title: str
    weeks: list[list[DayCell | None]]
    working: int


async def show(request: web.Request) -> web.StreamResponse:
    """Show a year; the present one when none is asked for."""
    its, user = services(request), current_user(request)
    today = local_time(its.clock.now()).date()
    year = _year(query_text(request, "year", limit=4), today.year)
    view = await its.deadlines.calendar.year(user, year)
    return await page(request, "pages/calendar.html", _context(view, today), section="admin")


async def export(request: web.Request) -> web.Response:
    """Give a year out as CSV; importing it changes nothing."""
    its, user = services(request), current_user(request)
    year = _year(query_text(request, "year", limit=4), local_time(its.clock.now()).date().year)
    view = await its.deadlines.calendar.year(user, year)
    return web.Response(
        body=write_calendar(view.calendar).encode("utf-8-sig"),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="calendar-{year}.csv"'},
    )


async def toggle(request: web.Request) -> web.StreamResponse:
    """Make a working day a day off, or back. «Take back» undoes it."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    try:
        day = date.fromisoformat(sent.get("day", ""))
    except ValueError as error:
        raise BadInput("not a date", details={"day": "not a date"}) from error
    await its.deadlines.calendar.set_day(user, day, _version(sent))
    return _back(day.year)


async def source(request: web.Request) -> web.StreamResponse:
    """Say where a year is from and whether it was compared with the decree."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    year = _year(sent.get("year", ""), 0)
    await its.deadlines.calendar.set_source(
        user, year, _version(sent), source=sent.get("source", ""), verified=bool(sent.get("verified"))
    )
    return _back(year)


async def undo(request: web.Request) -> web.StreamResponse:
    """Take the last change of a year back."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    year = _year(sent.get("year", ""), 0)
    await its.deadlines.calendar.undo(user, year, _version(sent))
    return _back(year)


async def preview(request: web.Request) -> web.StreamResponse:
    """Show what a file would change; its text stays in the form, whatever is wrong with it."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    text, wanted = sent.get("content", ""), sent.get("year", "")
    year = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) == 4 else None
    context: dict[str, object] = {"content": text, "year": year, "found": None, "problem": "", "days": []}
    try:
        found = await its.deadlines.calendar.preview(user, text, year)
    except BadInput as error:
        context["problem"] = _file_problem(error)
        return await page(request, "pages/calendar_import.html", context, section="admin", status=400)
    context |= {"found": found, "year": found.calendar.year, "days": [_change(one) for one in found.changes]}
    return await page(request, "pages/calendar_import.html", context, section="admin")


async def import_year(request: web.Request) -> web.StreamResponse:
    """Replace a year by that of the file whose preview was shown."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    year = _year(sent.get("year", ""), 0)
    content = sent.get("content", "")
    await its.deadlines.calendar.import_year(user, content, year, _version(sent), source=sent.get("source", ""))
    return _back(year)


async def recompute_preview(request: web.Request) -> web.StreamResponse:
    """Show which deadlines the calendar, as it is now, would set elsewhere."""
    its, user = services(request), current_user(request)
    moves = await its.deadlines.recompute.preview(user)
    context = {"moves": moves[:SHOWN_MOVES], "count": len(moves), "done": None}
    return await page(request, "pages/recompute.html", context, section="admin")


async def recompute(request: web.Request) -> web.StreamResponse:
    """Move them, when they are still as many as were shown."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    count = sent.get("count", "")
    if not (count.isascii() and count.isdigit() and len(count) <= 9):
        raise BadInput("how many?", details={"count": "required"})
    done = await its.deadlines.recompute.apply(user, int(count))
    return await page(request, "pages/recompute.html", {"moves": (), "count": 0, "done": done}, section="admin")


def _context(view: YearView, today: date) -> dict[str, object]:
    return {
        "year": view.calendar.year,
        "version": view.version,
        "source": view.calendar.source,
        "verified": view.calendar.verified,
        "known": view.version > 0,
        "changed_at": view.changed_at,
        "changed_by": view.changed_by,
        "working_days": view.calendar.working_days(),
        "weekdays": _weekdays(),
        "months": [_month(view.calendar, month, today) for month in range(1, 13)],
        "history": [_history(one) for one in view.changes],
        "undoable": any(not one.undone and one.kind not in {"undo", "profile"} for one in view.changes),
        "affected": view.affected,
    }


def _month(year: CalendarYear, month: int, today: date) -> MonthGrid:
    weeks = calendar.Calendar().monthdatescalendar(year.year, month)
    cells = [[_cell(year, day, today) if day.month == month else None for day in week] for week in weeks]
    names = get_month_names("wide", context="stand-alone", locale=current().locale)
    working = sum(cell is not None and not cell.off for week in cells for cell in week)
    return MonthGrid(names[month].capitalize(), cells, working)


def _cell(year: CalendarYear, day: date, today: date) -> DayCell:
    off = not year.is_working(day)
    note = year.days[day].note if day in year.days else ""
    word = gettext("%(date)s, day off") if off else gettext("%(date)s, working day")
    return DayCell(
        iso=day.isoformat(),
        number=day.day,
        off=off,
        moved=off is ordinary(day),
        today=day == today,
        # In full: what is read aloud must hold the number that is seen (WCAG 2.5.3).
        word=": ".join(filter(None, (word % {"date": format_date(day, "long", locale=current().locale)}, note))),
    )


def _weekdays() -> list[str]:
    names = get_day_names("abbreviated", context="stand-alone", locale=current().locale)
    return [names[number] for number in range(7)]


def _history(one: ChangeLine) -> dict[str, object]:
    icon, words = _KINDS.get(one.kind, ("edit", one.kind))
    days = ", ".join(show_date(day) for day in one.days[:SHOWN_DAYS])
    more = len(one.days) - SHOWN_DAYS
    return {
        "at": one.at,
        "by": one.by,
        "icon": icon,
        "what": gettext(words),
        "days": f"{days} +{more}" if more > 0 else days,
        "undone": one.undone,
    }


def _change(one: DayChange) -> dict[str, object]:
    day = one.day
    return {
        "day": show_date(day),
        "weekday": get_day_names("abbreviated", context="stand-alone", locale=current().locale)[day.weekday()],
        "was": gettext(_WORKS[one.was_working]),
        "becomes": gettext(_WORKS[one.is_working]),
        "note": one.note,
    }


def _file_problem(error: HotlineError) -> str:
    reason = _FILE_PROBLEMS.get(str(error.details.get("reason", "")))
    parts = [text_of(error)]
    if reason:
        line = error.details.get("line")
        where = gettext("Line %(line)s: ") % {"line": line} if line else ""
        what = error.details.get("what")
        parts.append(f"{where}{gettext(reason)}{f' ({what})' if what else ''}.")
    return " ".join(parts)


def _year(text: str, default: int) -> int:
    if not text and default:
        return default
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise BadInput("there is no such year", details={"year": "unknown"})
    return int(text)


def _version(sent: dict[str, str]) -> int:
    text = sent.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadInput("the version that was seen is missing", details={"version": "required"})
    return int(text)


def _back(year: int) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/admin/calendar?year={year}"})
