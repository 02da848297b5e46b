"""Administration of score sheets and of the rules by which conversations are drawn (DAY-37)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from hotline.errors import BadInput, HotlineError
from hotline.scoring import sheets
from hotline.scoring.admin import read_plan
from hotline.scoring.model import CriterionKind, Drawn, Period, Plan
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields, path_id
from hotline.web.i18n import gettext, mark
from hotline.web.quality_words import period_word
from hotline.web.render import page
from hotline.web.views.admin_forms import REFUSALS, refused, saved, version_of

LIST, SHEET = "pages/admin_quality.html", "pages/admin_quality_sheet.html"
ADDRESS = "/admin/quality"
_KINDS = ((CriterionKind.YES_NO, mark("yes or no")), (CriterionKind.SCALE, mark("points")))
_EMPTY: list[Any] = [
    {"title": "", "criteria": [{"code": "", "title": "", "hint": "", "kind": "yes_no", "top": 5, "weight": 1}]}
]
_DEFAULTS = {"title": "", "sheet_id": "", "per_operator": "5", "period": "week", "queue": "", "topic_code": ""}
_DEFAULTS |= {"min_talk_s": "30", "max_talk_s": "", "max_rating": ""}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show sheets and rules."""
    return await page(request, LIST, await _list(request), section="admin")


async def new_sheet(request: web.Request) -> web.StreamResponse:
    """Show an empty sheet."""
    return await page(request, SHEET, _sheet_context("", _EMPTY), section="admin")


async def sheet(request: web.Request) -> web.StreamResponse:
    """Show a sheet to be changed."""
    found = await services(request).quality_admin.sheet(current_user(request), path_id(request))
    context = _sheet_context(found.title, sheets.write(found.sections)) | {"sheet": found}
    return await page(request, SHEET, context, section="admin")


async def create_sheet(request: web.Request) -> web.StreamResponse:
    """Make a sheet."""
    sent = await form_fields(request)
    try:
        made = await services(request).quality_admin.create_sheet(
            current_user(request), sent.get("title", ""), _body(sent)
        )
    except REFUSALS as error:
        return await refused(request, error, SHEET, _sheet_context(sent.get("title", ""), _typed(sent)))
    return saved(request, ADDRESS, id=made)


async def save_sheet(request: web.Request) -> web.StreamResponse:
    """Change a sheet; other questions make a new edition."""
    its, user, sheet_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    try:
        edition = await its.quality_admin.save_sheet(
            user, sheet_id, version_of(sent), sent.get("title", ""), _body(sent)
        )
    except REFUSALS as error:
        found = await its.quality_admin.sheet(user, sheet_id)
        context = _sheet_context(sent.get("title", ""), _typed(sent)) | {"sheet": found}
        return await refused(request, error, SHEET, context)
    return saved(request, ADDRESS, id=sheet_id, edition=edition)


async def close_sheet(request: web.Request) -> web.StreamResponse:
    """Take a sheet out of use."""
    sent = await form_fields(request)
    try:
        await services(request).quality_admin.close_sheet(current_user(request), path_id(request), version_of(sent))
    except REFUSALS as error:
        return await refused(request, error, LIST, await _list(request))
    return saved(request, ADDRESS)


async def create_plan(request: web.Request) -> web.StreamResponse:
    """Make a rule."""
    sent = await form_fields(request)
    try:
        made = await services(request).quality_admin.create_plan(current_user(request), read_plan(sent))
    except REFUSALS as error:
        return await _plan_refused(request, error, sent)
    return saved(request, ADDRESS, id=made)


async def save_plan(request: web.Request) -> web.StreamResponse:
    """Change a rule, or close it."""
    plan_id, sent = path_id(request), await form_fields(request)
    try:
        plan = None if sent.get("close") else read_plan(sent)
        await services(request).quality_admin.save_plan(current_user(request), plan_id, version_of(sent), plan)
    except REFUSALS as error:
        return await _plan_refused(request, error, {**sent, "id": str(plan_id)})
    return saved(request, ADDRESS, id=plan_id)


async def draw(request: web.Request) -> web.StreamResponse:
    """Draw from what there is of the present period, and say what was found."""
    await form_fields(request)
    plan_id = path_id(request)
    drawn = await services(request).drawing.now(current_user(request), plan_id)
    context = await _list(request) | {"drawn": drawn, "drawn_id": plan_id}
    if request.headers.get("Accept", "").startswith("application/json"):
        return web.json_response({"made": drawn.made, "operators": drawn.operators, "short": drawn.short})
    return await page(request, LIST, context, section="admin")


async def _plan_refused(request: web.Request, error: HotlineError, sent: dict[str, str]) -> web.StreamResponse:
    return await refused(request, error, LIST, await _list(request, sent))


async def _list(request: web.Request, sent: dict[str, str] | None = None) -> dict[str, Any]:
    its, user = services(request), current_user(request)
    typed = sent or {}
    rows = [_fields(one) for one in await its.quality_admin.plans(user)]
    for row in rows:
        if typed.get("id") == row["id"]:
            row.update({name: text for name, text in typed.items() if name in _DEFAULTS})
    new: dict[str, Any] = {"id": "", "version": "", **_DEFAULTS}
    if sent is not None and "id" not in sent:
        new |= {name: text for name, text in sent.items() if name in _DEFAULTS}
    nothing: Drawn | None = None
    return {
        "sheets": await its.quality_admin.sheets(user, closed=True),
        "rows": rows,
        "new": new,
        "periods": [(one.value, period_word(one)) for one in Period],
        "queues": await its.statistics.queues(),
        "failed_id": typed.get("id", "new") if sent is not None else "",
        "drawn": nothing,
        "drawn_id": 0,
    }


def _fields(one: Plan) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "version": str(one.version),
        "title": one.title,
        "sheet_id": str(one.sheet_id),
        "per_operator": str(one.per_operator),
        "period": one.period.value,
        "queue": one.queue,
        "topic_code": one.topic_code,
        "min_talk_s": str(one.min_talk_s),
        "max_talk_s": "" if one.max_talk_s is None else str(one.max_talk_s),
        "max_rating": "" if one.max_rating is None else str(one.max_rating),
    }


def _sheet_context(title: str, body: list[Any]) -> dict[str, Any]:
    kinds = [(kind.value, gettext(word)) for kind, word in _KINDS]
    return {"title": title, "body": body, "kinds": kinds, "sheet": None}


def _body(sent: Mapping[str, str]) -> object:
    """Read the questions, which the page sends as one JSON text."""
    try:
        return msgspec.json.decode(sent.get("body", ""))
    except msgspec.DecodeError as error:
        raise BadInput("the sheet cannot be read", details={"body": "not a sheet"}) from error


def _typed(sent: Mapping[str, str]) -> list[Any]:
    """Return what was typed as far as the page can show it again."""
    try:
        body = _body(sent)
    except BadInput:
        return _EMPTY
    if not isinstance(body, list):
        return _EMPTY
    return [one for one in body if isinstance(one, dict) and isinstance(one.get("criteria"), list)] or _EMPTY
