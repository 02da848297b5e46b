"""Planning shifts (S001A-13, S001A-14): days of a person, absences, templates, a week copied, a file, undo."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from hotline.attendance.model import AbsenceReason, ShiftKind, Slot
from hotline.attendance.planning import Template
from hotline.attendance.roster import Copied
from hotline.attendance.roster_rules import BadRow, read_day, read_rows, read_slot
from hotline.errors import BadInput, HotlineError
from hotline.staff.contact_file import read_table
from hotline.staff.model import Right
from hotline.web.attendance_page import day_name, stretches, week_lines
from hotline.web.attendance_words import clock, kind_title, reason_title, slot_text
from hotline.web.context import current_user, services, wants_json
from hotline.web.error_texts import field_text
from hotline.web.failures import details_of, text_of
from hotline.web.forms import form_fields, path_id
from hotline.web.i18n import gettext, mark
from hotline.web.render import fragment, page
from hotline.web.spreadsheet import Value, csv_bytes
from hotline.web.views.admin_forms import REFUSALS, ticked, version_of
from hotline.web.views.attendance import SECTION, day_of

PLAN = "pages/attendance_plan.html"
PERSON = "pages/attendance_person.html"
REJECTED_SHOWN = 100
FIELDS = {
    "login": mark("Login"),
    "extension": mark("Internal number"),
    "name": mark("Name"),
    "day": mark("Date"),
    "shift": mark("Shift"),
    "starts": mark("From"),
    "ends": mark("To"),
    "break_min": mark("Breaks, min"),
    "kind": mark("Kind"),
}
_TYPED = frozenset({"title", "starts", "ends", "kind", "break_min"})
_CHANGES = {
    "set": mark("planned by hand"),
    "copy": mark("a week copied"),
    "import": mark("imported"),
    "undo": mark("taken back"),
}


async def person(request: web.Request) -> web.StreamResponse:
    """Show a person's week: what was planned, what was done on the chosen day, and the forms of planning."""
    today = services(request).attendance.today(current_user(request))
    return await _person(request, path_id(request), day_of(request, "day", today))


async def set_days(request: web.Request) -> web.StreamResponse:
    """Plan the ticked days of a week, or clear them."""
    its, user, person_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    day = _day(sent, "day")
    try:
        days = sorted(_ticked_days(sent))
        slot = None if sent.get("clear") else await _slot(request, sent)
        seen = {one: _number(sent.get(f"seen_{one.isoformat()}", "0")) for one in days}
        await its.roster.set_days(user, person_id, dict.fromkeys(days, slot), seen)
    except REFUSALS as error:
        return await _person(request, person_id, day, error, sent)
    return _back(request, f"/attendance/people/{person_id}?day={day.isoformat()}")


async def add_absence(request: web.Request) -> web.StreamResponse:
    """Write down that somebody is rightly away."""
    its, user, person_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    day = _day(sent, "day")
    try:
        await its.planning.add_absence(user, person_id, sent)
    except REFUSALS as error:
        return await _person(request, person_id, day, error, sent)
    return _back(request, f"/attendance/people/{person_id}?day={day.isoformat()}")


async def close_absence(request: web.Request) -> web.StreamResponse:
    """Take an absence back."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    version, day = version_of(sent), _day(sent, "day")
    person_id = await its.planning.close_absence(user, path_id(request), version)
    return _back(request, f"/attendance/people/{person_id}?day={day.isoformat()}")


async def tools(request: web.Request) -> web.StreamResponse:
    """Show templates, the copying of a week, the import and the latest changes."""
    return await _tools(request)


async def save_template(request: web.Request) -> web.StreamResponse:
    """Make a template, change it, or with ``close`` take it out of the choice."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    template_id = path_id(request) if "id" in request.match_info else None
    try:
        if template_id is not None and sent.get("close"):
            await its.planning.close(user, template_id, version_of(sent))
        else:
            await its.planning.save(user, template_id, sent, version_of(sent) if template_id is not None else 0)
    except REFUSALS as error:
        return await _tools(request, error, {**sent, "template_id": str(template_id or "new")})
    return _back(request, "/attendance/plan")


async def copy(request: web.Request) -> web.StreamResponse:
    """Say what copying a week would do; with ``expected`` do it."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    try:
        source, target = (_monday(_day(sent, name)) for name in ("source", "target"))
        team = _number(sent.get("team", "") or "0") or None
        expected = sent.get("expected", "")
        told = await its.roster.copy_week(
            user, source, target, team, apply=bool(expected), expected=_number(expected) if expected else None
        )
    except REFUSALS as error:
        return await _tools(request, error, sent)
    if expected:
        return _back(request, f"/attendance?day={target.isoformat()}")
    return await _tools(request, None, {**sent, "source": source.isoformat(), "target": target.isoformat()}, told)


async def undo(request: web.Request) -> web.StreamResponse:
    """Take a change of the plan back as a whole."""
    its, user = services(request), current_user(request)
    await form_fields(request)
    try:
        await its.roster.undo(user, path_id(request))
    except REFUSALS as error:
        return await _tools(request, error)
    return _back(request, "/attendance/plan")


async def preview(request: web.Request) -> web.Response:
    """Read a file (the body of the request) and say what importing it would do."""
    return await _import(request, apply=False)


async def apply(request: web.Request) -> web.Response:
    """Import a file."""
    return await _import(request, apply=True)


async def _import(request: web.Request, *, apply: bool) -> web.Response:
    its, user = services(request), current_user(request)
    table = await asyncio.to_thread(read_table, await request.read())
    templates = await its.planning.by_title(user)
    read = await asyncio.to_thread(read_rows, table, templates)
    if read is None:
        raise BadInput("no columns of a person, a day and a shift", error_id="no-roster-columns")
    told = await its.roster.take(user, read, apply=apply)
    rejected = [(one.line, " | ".join(one.cells), _why(one)) for one in told.rejected]
    lines: list[list[Value]] = [[gettext("Line"), gettext("What is wrong"), gettext("Row of the file")]]
    lines += [[line, why, cells] for line, cells, why in rejected]
    context = {
        "told": told, "applied": apply, "rejected": rejected[:REJECTED_SHOWN], "rejected_total": len(rejected),
        "total": told.new + told.changed + told.cleared,
        "rejected_file": csv_bytes(lines).decode(),
    }  # fmt: skip
    return fragment(request, "includes/attendance_import.html", context)


async def _person(
    request: web.Request,
    person_id: int,
    day: date,
    error: HotlineError | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    if error is not None and wants_json(request):
        raise error
    its, user = services(request), current_user(request)
    first, today = _monday(day), its.attendance.today(user)
    found = await its.attendance.person(user, person_id, first, 7)
    pauses = await its.attendance.pause_titles()
    line = week_lines([found], today)[0]
    plans = user.may(Right.ATTENDANCE_PLAN)
    sent = dict(typed or {})
    ticked_days = {one.isoformat() for one in _ticked_days(sent, strict=False)} if sent else {day.isoformat()}
    rows = [
        {"day": one.day, "iso": one.day.isoformat(), "name": day_name(one.day), "cell": cell, "shown": one.day == day,
         "ticked": one.day.isoformat() in ticked_days, "version": one.shift.version if one.shift else 0}
        for one, cell in zip(found.days, line.cells, strict=True)
    ]  # fmt: skip
    chosen = next(one for one in found.days if one.day == day)
    context: dict[str, Any] = {
        "person": found.person, "rows": rows, "day": day, "day_name": day_name(day), "chosen": chosen, "plans": plans,
        "stretches": stretches(chosen, found.zone, pauses), "zone": found.zone.key,
        "pauses": [(pauses.get(code, code), seconds) for code, seconds in sorted(chosen.account.pauses.items())],
        "absences": [(one, reason_title(one.reason)) for one in found.absences],
        "reasons": [(one.value, reason_title(one.value)) for one in AbsenceReason],
        "kinds": [(one.value, kind_title(one)) for one in ShiftKind],
        "templates": [(one, slot_text(one.slot)) for one in await its.planning.templates(user)] if plans else [],
        "before": (day - timedelta(days=7)).isoformat(), "after": (day + timedelta(days=7)).isoformat(), "sent": sent,
        "problem": text_of(error) if error else "", "errors": details_of(error) if error else {},
        "back": f"/attendance?day={first.isoformat()}",
    }  # fmt: skip
    return await page(request, PERSON, context, section=SECTION, status=error.status if error else 200)


async def _tools(
    request: web.Request,
    error: HotlineError | None = None,
    typed: Mapping[str, str] | None = None,
    told: Copied | None = None,
) -> web.StreamResponse:
    if error is not None and wants_json(request):
        raise error
    its, user = services(request), current_user(request)
    monday = _monday(its.attendance.today(user))
    sent = dict(typed or {})
    own = [_template_fields(one) for one in await its.planning.templates(user)]
    new: dict[str, Any] = {"id": "new", "title": "", "starts": "09:00", "ends": "18:00", "kind": "day"}
    new |= {"break_min": "60", "version": 0, "common": False, "editable": True}
    for row in (*own, new):
        if sent.get("template_id") == row["id"]:
            row |= {name: text for name, text in sent.items() if name in _TYPED}
    context: dict[str, Any] = {
        "own": own, "new": new, "sent": sent, "told": told,
        "kinds": [(one.value, kind_title(one)) for one in ShiftKind],
        "source": sent.get("source", monday.isoformat()),
        "target": sent.get("target", (monday + timedelta(days=7)).isoformat()),
        "teams": (await its.attendance.sheet(user, monday, 1)).teams,
        "changes": [(one, gettext(_CHANGES[one.kind])) for one in await its.roster.changes(user)],
        "problem": text_of(error) if error else "", "errors": details_of(error) if error else {},
    }  # fmt: skip
    return await page(request, PLAN, context, section=SECTION, status=error.status if error else 200)


def _template_fields(one: Template) -> dict[str, Any]:
    slot = one.slot
    return {
        "id": str(one.id), "title": one.title, "starts": clock(slot.starts), "ends": clock(slot.ends),
        "kind": slot.kind.value, "break_min": str(slot.break_min), "version": one.version, "common": one.common,
        "editable": one.editable,
    }  # fmt: skip


async def _slot(request: web.Request, sent: Mapping[str, str]) -> Slot:
    """Return what shall be planned: a template, or the times that were typed."""
    chosen = sent.get("template", "")
    if chosen:
        for one in await services(request).planning.templates(current_user(request)):
            if str(one.id) == chosen:
                return one.slot
        raise BadInput("there is no such shift", details={"template": "unknown"})
    problems: dict[str, str] = {}
    slot = read_slot(sent, problems)
    if slot is None:
        raise BadInput("the shift cannot be planned", details=problems)
    return slot


def _ticked_days(sent: Mapping[str, str], *, strict: bool = True) -> set[date]:
    found = {day for text in ticked(sent, "on_") if (day := read_day(text)) is not None}
    if strict and not 1 <= len(found) <= 7:
        raise BadInput("choose a day", details={"days": "at least one"})
    return found


def _day(sent: Mapping[str, str], name: str) -> date:
    day = read_day(sent.get(name, ""))
    if day is None:
        raise BadInput("not a day", details={name: "not a date"})
    return day


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise BadInput("not a number", details={"version": "not-a-number"})
    return int(text)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _why(row: BadRow) -> str:
    return "; ".join(f"{gettext(FIELDS.get(name, name))}: {field_text(text)}" for name, text in row.problems.items())


def _back(request: web.Request, address: str) -> web.Response:
    if wants_json(request):
        return web.json_response({"saved": True})
    return web.Response(status=303, headers={"Location": address})
