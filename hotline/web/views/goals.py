"""Goals of queues (right ``queue.manage``): what each aims at, whose it is, and which alarms watch it (DAY-34)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hotline.board.goals import ENTITY, edits_of, read_form
from hotline.board.model import QueueSetting, owner_of
from hotline.errors import NotFound
from hotline.staff.model import User
from hotline.web.alarm_words import figure_text, kind_title
from hotline.web.context import current_user, services, wants_json
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext, mark, show_decimal
from hotline.web.render import page
from hotline.web.services import Services
from hotline.web.views.admin_forms import REFUSALS, refused, saved, undo_of, version_of

HOME = "/admin/goals"
FORM = "pages/admin_goal.html"
_FIELDS = {
    "percent": mark("Answered in time, per cent"),
    "within_s": mark("Within seconds"),
    "short_s": mark("Too short to count, seconds"),
    "organisation": mark("Whose queue it is"),
}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show every queue that the reader manages with its goal, how today is, and what watches it."""
    its, by = services(request), current_user(request)
    rows = await _rows(its, by)
    if wants_json(request):
        return web.json_response({"goals": [_json(row) for row in rows.values()]})
    return await page(request, "pages/admin_goals.html", {"rows": list(rows.values())}, section="admin")


async def show(request: web.Request) -> web.StreamResponse:
    """Show the goal of one queue and its history."""
    row = await _row(request)
    return await page(request, FORM, await _context(request, row), section="admin")


async def save(request: web.Request) -> web.StreamResponse:
    """Change a goal; the board has it at its next look, a second later, and judges the whole day by it."""
    its, by, row = services(request), current_user(request), await _row(request)
    sent = await form_fields(request)
    try:
        setting = await its.goals.save(by, row["queue"], read_form(sent), version_of(sent))
    except REFUSALS as error:
        return await refused(request, error, FORM, await _context(request, await _row(request), sent))
    its.board.settings_changed()
    return saved(request, HOME, queue=setting.queue, version=setting.version)


async def _rows(its: Services, by: User) -> dict[str, dict[str, Any]]:
    """Return the queues that somebody manages, those with rules first, by name."""
    scope, live, home = edits_of(by), its.board.live, its.board.live.home
    rules = (await its.line_rules.all()).rules
    said = await its.goals.all()
    titles = dict(await its.goals.organisations())
    today = {one.queue: one.today.service_level for one in live.queues(scope)}
    watching = await its.alarm_rules.all(scope)
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys((*rules.queue_codes, *said, *today)):
        owner = owner_of(said.get(name), home)
        if not scope.covers(owner):
            continue
        queue = rules.queue(name)
        found[name] = {
            "queue": name,
            "title": name if queue is None else queue.title,
            "setting": said.get(name, QueueSetting(name)),
            "owner": titles.get(owner or 0, ""),
            "level": (level := today.get(name)),
            "level_text": "" if level is None else f"{show_decimal(level, 1)} %",
            "alarms": [
                (kind_title(one.kind), figure_text(one.kind, one.threshold))
                for one in watching
                if one.queue in {None, name}
            ],
        }
    return found


async def _row(request: web.Request) -> dict[str, Any]:
    rows = await _rows(services(request), current_user(request))
    if (row := rows.get(request.match_info["queue"])) is None:
        raise NotFound("there is no such queue")
    return row


async def _context(request: web.Request, row: dict[str, Any], sent: Mapping[str, str] | None = None) -> dict[str, Any]:
    its = services(request)
    titles = dict(await its.goals.organisations())
    facts = _facts(row["setting"])
    current = _typed(facts)
    history = [
        {
            "change": one,
            "note": "",
            "fields": [
                (
                    gettext(_FIELDS.get(name, name)),
                    _told(name, one.before.get(name), titles),
                    _told(name, value, titles),
                )
                for name, value in one.after.items()
            ],
            "undo": None if (back := undo_of(one, facts)) is None else {**current, **_typed(back)},
        }
        for one in await its.staff.changes((ENTITY, row["queue"]))
    ]
    return {
        "row": row,
        "form": current if sent is None else {**current, **sent},
        "version": row["setting"].version,
        "organisations": list(titles.items()),
        "home": titles.get(its.board.live.home or 0, ""),
        "may_move": edits_of(current_user(request)).organisation_id is None,
        "history": history,
    }


def _facts(setting: QueueSetting) -> dict[str, int | None]:
    goal = setting.goal
    numbers = {"percent": goal.percent, "within_s": goal.within_s, "short_s": goal.short_s}
    return {**numbers, "organisation": setting.organisation_id}


def _typed(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in facts.items()}


def _told(name: str, value: object, titles: Mapping[int, str]) -> str:
    if name == "organisation":
        return titles.get(value, "—") if isinstance(value, int) else gettext("the hotline's own")
    return "—" if value is None else str(value)


def _json(row: Mapping[str, Any]) -> dict[str, Any]:
    setting = row["setting"]
    return {"queue": row["queue"], **_facts(setting), "version": setting.version, "owner": row["owner"]}
