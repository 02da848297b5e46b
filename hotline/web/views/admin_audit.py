"""The audit trail (right ``audit.view``): searched by who, what, when; exported as CSV. Reading it is audited too."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from hotline.errors import BadInput
from hotline.staff.trail import TrailLine, TrailQuery
from hotline.web.context import current_user, services
from hotline.web.forms import query_text
from hotline.web.i18n import current, gettext, local_time, mark
from hotline.web.render import page
from hotline.web.views.admin_forms import note_title

_ACTIONS = {
    "view": mark("looked at"),
    "search": mark("searched"),
    "unmask": mark("showed masked data"),
    "play": mark("listened"),
    "export": mark("took out"),
    "print": mark("printed"),
    "change": mark("changed"),
    "delete": mark("deleted"),
    "login": mark("logged in"),
    "logout": mark("logged out"),
    "login-refused": mark("login refused"),
    "refused": mark("no right"),
    "api": mark("asked by a token"),
}
_ENTITIES = {
    "appeal": mark("appeal"),
    "person": mark("person"),
    "call": mark("call"),
    "recording": mark("recording"),
    "user": mark("employee"),
    "role": mark("role"),
    "token": mark("token of another system"),
    "webhook": mark("webhook"),
    "user-rights": mark("rights of an employee"),
    "organisation": mark("organisation"),
    "queue": mark("queue"),
    "queue_goal": mark("goal of a queue"),
    "alarm": mark("alarm"),
    "alarm_rule": mark("rule of alarms"),
    "audit": mark("audit trail"),
    "route": mark("page"),
    "bulk": mark("several appeals"),
    "calendar": mark("calendar"),
    "contact": mark("contact"),
    "draft": mark("unfinished card"),
    "emergency": mark("alarm 112"),
    "profile": mark("process profile"),
    "recording-gaps": mark("gaps in recordings"),
    "register": mark("register of insured persons"),
    "script": mark("answer script"),
}
_HEADING = (
    mark("When"), mark("Login"), mark("Who"), mark("Address"), mark("What"), mark("Kind of record"),
    mark("Number of the record"), mark("Reason"), mark("Details"),
)  # fmt: skip
_DETAILS = {
    "fields": mark("fields"),
    "note": mark("what else"),
    "found": mark("found"),
    "by": mark("asked by"),
    "part": mark("shown part"),
    "created": mark("created"),
    "event": mark("what happened"),
    "what": mark("what happened"),
    "file": mark("file"),
    "gaps": mark("gaps"),
    "merge": mark("merge"),
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NAMES = ("login", "action", "entity", "entity_id", "since", "until")


async def listing(request: web.Request) -> web.StreamResponse:
    """Show a page of the trail; with ``format=csv``, all that was asked for as a file."""
    its, by = services(request), current_user(request)
    asked = {name: query_text(request, name, limit=64) for name in _NAMES}
    query = _query(asked, current().zone)
    if query_text(request, "format", limit=10) == "csv":
        return _file([line async for line in its.staff.trail.export(by, query)])
    found = await its.staff.trail.search(by, query, after=query_text(request, "after", limit=18))
    kept = {name: value for name, value in asked.items() if value}
    context = {
        "asked": asked,
        "rows": [_shown(line) for line in found.lines],
        "actions": [(code, gettext(title)) for code, title in _ACTIONS.items()],
        "entities": [(code, gettext(title)) for code, title in _ENTITIES.items()],
        "next_url": f"/admin/audit?{urlencode({**kept, 'after': found.after})}" if found.after else None,
        "first_url": f"/admin/audit?{urlencode(kept)}" if request.query.get("after") else None,
        "export_url": f"/admin/audit?{urlencode({**kept, 'format': 'csv'})}",
    }
    return await page(request, "pages/admin_audit.html", context, section="admin")


def _query(asked: dict[str, str], zone: Any) -> TrailQuery:
    since, until = _day(asked["since"], "since"), _day(asked["until"], "until")
    return TrailQuery(
        login=asked["login"].lower(),
        action=asked["action"],
        entity=asked["entity"],
        entity_id=asked["entity_id"],
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
    )


def _day(text: str, name: str) -> date | None:
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput("not a day", details={name: "not a date"}) from error
    if found is not None and not date(2000, 1, 1) <= found < date(2200, 1, 1):
        raise BadInput("not a day", details={name: "not a date"})
    return found


def _shown(line: TrailLine) -> dict[str, Any]:
    return {
        "line": line,
        "action": gettext(_ACTIONS[line.action]) if line.action in _ACTIONS else line.action,
        "entity": gettext(_ENTITIES[line.entity]) if line.entity in _ENTITIES else line.entity,
        "url": f"/appeals/{line.entity_id}" if line.entity == "appeal" and line.entity_id else None,
        "details": _details(line),
    }


def _details(line: TrailLine) -> str:
    # What stood before and after belongs to the record's own history; here the names of the fields are enough.
    parts = []
    for name, value in line.details.items():
        if name in {"before", "after"}:
            continue
        told = ", ".join(map(str, value)) if isinstance(value, list) else note_title(str(value))
        parts.append(f"{gettext(_DETAILS[name])}: {told}" if name in _DETAILS else f"{name}: {told}")
    return "; ".join(parts)


def _file(lines: list[TrailLine]) -> web.Response:
    """Write CSV (RFC 4180) as spreadsheets of our users open it: semicolons, and a byte order mark before UTF-8."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";")
    rows.writerow([gettext(word) for word in _HEADING])
    for line in lines:
        at = local_time(line.at).strftime("%Y-%m-%d %H:%M:%S")
        cells = (at, line.login, line.name, line.ip, line.action, line.entity, line.entity_id, line.reason)
        rows.writerow([_cell(one) for one in (*cells, _details(line))])
    return web.Response(
        body=text.getvalue().encode("utf-8-sig"),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
