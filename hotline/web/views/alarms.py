"""Alarms of the board: what went off, confirming it, and the rules (DAY-34, DAY-36)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.board.alarm_rules import LIMITS, Kind, Rule
from hotline.board.goals import edits_of
from hotline.board.model import scope_of
from hotline.board.rules_admin import read_form
from hotline.errors import HotlineError
from hotline.staff.model import Right
from hotline.web.alarm_words import alarm_data, figure_text, kind_title, subject_text
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields, path_id
from hotline.web.render import page
from hotline.web.views.admin_forms import REFUSALS, refused, saved, version_of
from hotline.web.views.board import NOBODY

TEMPLATE = "pages/alarm_rules.html"


async def history(request: web.Request) -> web.StreamResponse:
    """Show the latest alarms that the reader may know of."""
    user = current_user(request)
    scope = scope_of(user) or NOBODY
    rows = [
        {
            "event": one,
            "title": kind_title(one.kind),
            "subject": subject_text(one.kind, one.title),
            "value": figure_text(one.kind, one.value),
            "threshold": figure_text(one.kind, one.threshold),
        }
        for one in await services(request).alarms.history(scope)
    ]
    context = {"rows": rows, "may_edit": user.may(Right.QUEUE_MANAGE)}
    return await page(request, "pages/alarms.html", context, section="board")


async def now(request: web.Request) -> web.Response:
    """Answer what is on now."""
    scope = scope_of(current_user(request)) or NOBODY
    return web.json_response({"alarms": [alarm_data(one) for one in services(request).alarms.on(scope)]})


async def seen(request: web.Request) -> web.Response:
    """Confirm an alarm."""
    user = current_user(request)
    await services(request).alarms.seen(user, scope_of(user) or NOBODY, path_id(request))
    return web.json_response({"seen": True})


async def rules(request: web.Request) -> web.StreamResponse:
    """Show the rules with a form for each."""
    return await page(request, TEMPLATE, await _context(request), section="admin")


async def create(request: web.Request) -> web.StreamResponse:
    """Make a rule; it holds from the next second on."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    try:
        made = await its.alarm_rules.create(user, edits_of(user), read_form(sent))
    except REFUSALS as error:
        return await _refused(request, error, sent)
    its.alarms.rules_changed()
    return saved(request, "/admin/alarms", id=made.id, version=made.version)


async def save(request: web.Request) -> web.StreamResponse:
    """Change a rule, or close it."""
    its, user, rule_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    try:
        form = None if sent.get("close") else read_form(sent)
        await its.alarm_rules.save(user, edits_of(user), rule_id, form, version_of(sent))
    except REFUSALS as error:
        return await _refused(request, error, {**sent, "id": str(rule_id)})
    its.alarms.rules_changed()
    return saved(request, "/admin/alarms", id=rule_id)


async def _refused(request: web.Request, error: HotlineError, sent: dict[str, str]) -> web.StreamResponse:
    return await refused(request, error, TEMPLATE, await _context(request, sent))


async def _context(request: web.Request, sent: dict[str, str] | None = None) -> dict[str, Any]:
    its = services(request)
    scope = edits_of(current_user(request))
    typed = sent or {}
    rows = [_fields(one) for one in await its.alarm_rules.all(scope)]
    for row in rows:
        if typed.get("id") == row["id"]:
            row.update({name: text for name, text in typed.items() if name in row and name != "version"})
            row["sound"] = typed.get("sound", "")
    new = {"id": "", "version": "", "kind": Kind.WAITING.value, "threshold": "5", "queue": "", "hold_s": "10"}
    new |= {"repeat_min": "15", "sound": "1", "emails": ""}
    if sent is not None and "id" not in sent:
        new |= {name: text for name, text in sent.items() if name in new} | {"sound": sent.get("sound", "")}
    return {
        "rows": rows,
        "new": new,
        "kinds": [(kind.value, kind_title(kind), _unit(kind)) for kind in Kind],
        "queues": {one.queue: one.title for one in its.board.live.queues(scope)},
        "mail": bool(its.settings.smtp_host),
        "limits": LIMITS,
        "failed_id": typed.get("id", "new") if sent is not None else "",
    }


def _fields(one: Rule) -> dict[str, str]:
    return {
        "id": str(one.id),
        "version": str(one.version),
        "kind": one.kind.value,
        "threshold": f"{one.threshold:.0f}",
        "queue": one.queue or "",
        "hold_s": str(one.hold_s),
        "repeat_min": str(one.repeat_min),
        "sound": "1" if one.sound else "",
        "emails": ", ".join(one.emails),
    }


def _unit(kind: Kind) -> str:
    if kind is Kind.WAITING:
        return "citizens"
    if kind is Kind.SERVICE_LEVEL:
        return "percent"
    return "seconds" if kind in LIMITS else "none"
