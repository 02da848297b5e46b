"""Administration of the lists that people choose from (right ``dict.edit``; domain 2.1 principle 4, DAY-44)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hotline.journal.list_schema import SCHEMAS, Field, Kind, ListSchema, plain, to_form
from hotline.journal.lists_admin import ListRow
from hotline.staff.admin_model import Change
from hotline.staff.admin_rules import everywhere
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.views.admin_forms import REFUSALS, note_title, refused, saved, undo_of, version_of

FORM = "pages/admin_list_row.html"
TITLES: Mapping[str, str] = {
    "appeal_type": mark("Types of appeals"),
    "topic": mark("Topics"),
    "channel": mark("Channels"),
    "source": mark("Sources"),
    "result": mark("Results"),
    "disposition": mark("Characteristics of calls"),
    "pause_reason": mark("Reasons for a pause"),
    "kinship": mark("Degrees of kinship"),
}
_FIELDS: Mapping[str, str] = {
    "title": mark("Title"),
    "sort": mark("Place in the list"),
    "valid_from": mark("Can be chosen from"),
    "valid_to": mark("Closed from"),
    "is_complaint": mark("a complaint: its card has the complaint block"),
    "is_consultation": mark("a consultation: level 1 may close it"),
    "default_for": mark("Chosen on new cards of"),
    "type_code": mark("Type of appeal"),
    "parent_code": mark("Belongs to"),
    "keywords": mark("Words to find it by, with commas between"),
    "sla_amount": mark("Deadline of its own"),
    "sla_unit": mark("counted in"),
    "restricted": mark("restricted: only for who has the right"),
    "form": mark("Form"),
    "warning": mark("Warning shown on the card"),
    "is_default": mark("chosen on new cards"),
    "is_final": mark("ends the matter"),
    "direction": mark("For calls"),
    "needs_note": mark("needs a note"),
    "limit_min": mark("Longest pause, minutes"),
    "is_break": mark("Counts as a break of the shift"),
}
_CHOICES: Mapping[str, str] = {
    "hour": mark("hours"),
    "day": mark("days"),
    "working_day": mark("working days"),
    "oral": mark("oral"),
    "written": mark("written"),
    "in": mark("incoming"),
    "out": mark("outgoing"),
}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "topic": ("type_code", "keywords"),
    "channel": ("form",),
    "disposition": ("direction", "needs_note"),
    "pause_reason": ("limit_min", "is_break"),
    "source": ("is_default",),
    "result": ("is_final",),
    "appeal_type": ("is_complaint", "is_consultation"),
}


async def index(request: web.Request) -> web.StreamResponse:
    """Show all lists."""
    found = await services(request).list_admin.summaries(current_user(request))
    rows = [{"list": one, "title": gettext(TITLES[one.code])} for one in found]
    return await page(request, "pages/admin_lists.html", {"rows": rows}, section="admin")


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the rows of a list."""
    its, by, code = services(request).list_admin, current_user(request), request.match_info["list"]
    rows = await its.rows(by, code)
    sources = {name: dict(pairs) for name, pairs in (await its.sources(by, code)).items()}
    fields = {one.name: one for one in SCHEMAS[code].fields}
    columns = [fields[name] for name in _COLUMNS.get(code, ())]
    context = {
        "list": code,
        "list_title": gettext(TITLES[code]),
        "editable": everywhere(by.organisation),
        "columns": [_column(one.name) for one in columns],
        "rows": [
            {"row": row, "cells": [_told(one, row.values.get(one.name), sources) for one in columns]} for row in rows
        ],
    }
    return await page(request, "pages/admin_list.html", context, section="admin")


async def new(request: web.Request) -> web.StreamResponse:
    """Show an empty form."""
    return await page(request, FORM, await _context(request, {}), section="admin")


async def create(request: web.Request) -> web.StreamResponse:
    """Add a row."""
    sent, code = await form_fields(request), request.match_info["list"]
    try:
        made = await services(request).list_admin.save(current_user(request), code, None, sent)
    except REFUSALS as error:
        return await refused(request, error, FORM, await _context(request, sent))
    return saved(request, f"/admin/lists/{code}", code=made)


async def show(request: web.Request) -> web.StreamResponse:
    """Show a row."""
    row, history = await _found(request)
    return await page(request, FORM, await _context(request, row.form, row, history), section="admin")


async def save(request: web.Request) -> web.StreamResponse:
    """Change a row."""
    sent, code = await form_fields(request), request.match_info["list"]
    row_code = request.match_info["code"]
    try:
        await services(request).list_admin.save(current_user(request), code, row_code, sent, version_of(sent))
    except REFUSALS as error:
        row, history = await _found(request)
        return await refused(request, error, FORM, await _context(request, sent, row, history))
    return saved(request, f"/admin/lists/{code}/{row_code}", code=row_code)


async def _found(request: web.Request) -> tuple[ListRow, tuple[Change, ...]]:
    its = services(request).list_admin
    return await its.get(current_user(request), request.match_info["list"], request.match_info["code"])


async def _context(
    request: web.Request, form: Mapping[str, str], row: ListRow | None = None, history: tuple[Change, ...] = ()
) -> dict[str, Any]:
    its, by, code = services(request).list_admin, current_user(request), request.match_info["list"]
    sources = await its.sources(by, code)
    titles = {name: dict(pairs) for name, pairs in sources.items()}
    fields = {one.name: one for one in SCHEMAS[code].all_fields}
    return {
        "list": code,
        "list_title": gettext(TITLES[code]),
        "row": row,
        "form": form,
        "editable": everywhere(by.organisation),
        "fields": [
            {"field": one, "label": gettext(_FIELDS[one.name]), "options": _options(one, sources)}
            for one in SCHEMAS[code].all_fields
        ],
        "history": [
            {
                "change": one,
                "note": note_title(one.note),
                "fields": [
                    (_column(name), _told(fields.get(name), one.before.get(name), titles),
                     _told(fields.get(name), value, titles))
                    for name, value in one.after.items()
                ]
                if one.note != "created"
                else [],
                "undo": _undo(SCHEMAS[code], row, one),
            }
            for one in history
        ],
    }  # fmt: skip


def _undo(schema: ListSchema, row: ListRow | None, change: Change) -> dict[str, str] | None:
    if row is None:
        return None
    back = undo_of(change, plain(schema, row.values))
    return None if back is None else to_form(schema, {**plain(schema, row.values), **back})


def _column(name: str) -> str:
    return gettext(_FIELDS[name]) if name in _FIELDS else name


def _options(one: Field, sources: Mapping[str, tuple[tuple[str, str], ...]]) -> list[tuple[str, str]]:
    if one.source:
        return list(sources[one.source])
    return [(code, gettext(_CHOICES[code])) for code in one.choices]


def _told(one: Field | None, value: Any, sources: Mapping[str, Mapping[str, str]]) -> str:
    if isinstance(value, bool) or (one is not None and one.kind is Kind.FLAG):
        return gettext("yes") if value else gettext("no")
    if value in (None, "", []):
        return "—"
    titles = sources.get(one.source, {}) if one is not None else {}
    if isinstance(value, list):
        return ", ".join(titles.get(each, each) for each in value)
    text = str(value)
    return titles.get(text) or (gettext(_CHOICES[text]) if text in _CHOICES else text)
