"""Attendance (S001A-08): a week or a day of many people, who is missing now, one's own shifts, files."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from aiohttp import web

from hotline.attendance.roster_rules import EARLIEST, LATEST
from hotline.attendance.service import LONGEST_DAYS
from hotline.errors import BadInput
from hotline.staff.model import Right
from hotline.web.attendance_page import (
    BAR,
    DAY,
    HEADING,
    WEEK,
    Asked,
    day_lines,
    day_name,
    file_rows,
    week_lines,
)
from hotline.web.attendance_words import legend, standing_note
from hotline.web.context import client_address, current_user, services
from hotline.web.forms import query_text
from hotline.web.i18n import gettext
from hotline.web.render import fragment, page
from hotline.web.spreadsheet import CSV_TYPE, XLSX_TYPE, Sheet, Value, csv_bytes

SECTION = "attendance"
MISSING_SHOWN = 12
OWN_DAYS = 28


async def show(request: web.Request) -> web.StreamResponse:
    """Show a week, or with ``view=day`` a day."""
    its, user = services(request), current_user(request)
    today = its.attendance.today(user)
    asked = _asked(request, today)
    sheet = await its.attendance.sheet(user, asked.first, asked.days, asked.team, asked.page)
    context: dict[str, object] = {
        "asked": asked, "sheet": sheet, "today": today, "plans": user.may(Right.ATTENDANCE_PLAN), "bar": BAR,
        "title": _title(asked), "days": [(day, day_name(day), day == today) for day in sheet.days],
        "now_url": asked.url(day=today.isoformat()),
    }  # fmt: skip
    if asked.view == WEEK:
        context |= {"lines": week_lines(sheet.rows, today), "legend": legend()}
    else:
        context["lines"], context["scale"] = day_lines(sheet.rows, today, sheet.pauses)
    return await page(request, "pages/attendance.html", context, section=SECTION)


async def missing(request: web.Request) -> web.Response:
    """Answer who should be here now and is not, as a fragment for this page and the board."""
    found = await services(request).attendance.missing(current_user(request))
    shown = [
        {"person": one.person, "day": one.day.day, "since": one.since, "note": standing_note(one.day)}
        for one in found[:MISSING_SHOWN]
    ]
    context = {"shown": shown, "total": len(found), "more": len(found) - len(shown)}
    return fragment(request, "includes/attendance_missing.html", context)


async def mine(request: web.Request) -> web.StreamResponse:
    """Show one's own shifts: the past week and three weeks to come."""
    its, user = services(request), current_user(request)
    today = its.attendance.today(user)
    first = today - timedelta(days=today.weekday() + 7)
    found = await its.attendance.own(user, first, OWN_DAYS)
    line = week_lines([found], today)[0]
    weeks = [
        [(day, day_name(day.day), cell) for day, cell in zip(found.days, line.cells, strict=True)][start : start + 7]
        for start in range(0, OWN_DAYS, 7)
    ]
    planned = any(day.shift or day.excuse for day in found.days)
    context = {"weeks": weeks, "today": today, "planned": planned, "current": 1}
    return await page(request, "pages/attendance_mine.html", context, section="shifts")


async def export(request: web.Request) -> web.StreamResponse:
    """Give out a period as CSV or XLSX, everybody whom the reader sees or one team."""
    its, user = services(request), current_user(request)
    kind = query_text(request, "format", limit=4) or "csv"
    if kind not in {"csv", "xlsx"}:
        raise BadInput("there is no such format", details={"format": "csv or xlsx"})
    asked = _asked(request, its.attendance.today(user))
    last = day_of(request, "to", asked.first + timedelta(days=asked.days - 1))
    days = (last - asked.first).days + 1
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInput("choose another period", details={"to": f"1 to {LONGEST_DAYS} days after the beginning"})
    rows: list[list[Value]] = []
    async for one in its.attendance.every(user, asked.first, days, asked.team):
        rows += file_rows(one)
    await its.attendance.exported(user, len(rows), client_address(request))
    heading = [gettext(word) for word in HEADING]
    name = f"attendance-{asked.first.isoformat()}-{last.isoformat()}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if kind == "csv":
        body = csv_bytes([heading, *rows], first=True)
        return web.Response(body=body, content_type=CSV_TYPE, charset="utf-8", headers=headers)
    body = await asyncio.to_thread(_workbook, gettext("Attendance"), heading, rows)
    return web.Response(body=body, content_type=XLSX_TYPE, headers=headers)


def day_of(request: web.Request, name: str, default: date) -> date:
    """Return a day of the address.

    :raises BadInput: it is none.
    """
    text = query_text(request, name, limit=10)
    try:
        day = date.fromisoformat(text) if text else default
    except ValueError as error:
        raise BadInput("not a day", details={name: "not a date"}) from error
    if not EARLIEST <= day < LATEST:
        raise BadInput("not a day", details={name: "is out of bounds"})
    return day


def _asked(request: web.Request, today: date) -> Asked:
    view = query_text(request, "view", limit=4) or WEEK
    if view not in {DAY, WEEK}:
        raise BadInput("there is no such view", details={"view": "day or week"})
    day = day_of(request, "day", today)
    numbers = []
    for name, default in (("team", 0), ("page", 1)):
        text = query_text(request, name, limit=18)
        if text and not (text.isascii() and text.isdecimal()):
            raise BadInput("not a number", details={name: "not-a-number"})
        numbers.append(int(text) if text else default)
    first = day - timedelta(days=day.weekday()) if view == WEEK else day
    return Asked(view, first, numbers[0] or None, numbers[1])


def _title(asked: Asked) -> str:
    if asked.view == DAY:
        return day_name(asked.first)
    return f"{day_name(asked.first)} – {day_name(asked.first + timedelta(days=6))} {asked.first.year}"


def _workbook(title: str, heading: list[str], rows: list[list[Value]]) -> bytes:
    sheet = Sheet(title, heading)
    sheet.append(rows)
    with sheet.save() as file:
        return file.read()
