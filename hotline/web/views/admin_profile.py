"""Administration of the process profile: its moves, versions, export, import with a look at every difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hotline.errors import BadInput, Conflict, NotFound
from hotline.journal.process_model import Ask, Process, Transition, Who
from hotline.profiles.difference import Change
from hotline.staff.admin_rules import everywhere
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.right_titles import right_title
from hotline.web.views.admin_forms import REFUSALS, refused, saved, version_of

PREVIEW = "pages/admin_profile_preview.html"
SHOWN = 500
"""Most differences that the preview lists; its count is of all."""
_WHO: Mapping[Who, str] = {
    Who.CREATOR: mark("who registered it"),
    Who.OWNER: mark("who has it in work"),
    Who.TARGET: mark("whom it was forwarded to"),
    Who.GROUP: mark("anybody of the level that it was forwarded to"),
    Who.ADMIN: mark("the administrator"),
}

_ASKS: Mapping[str, str] = {
    Ask.COMMENT: mark("comment"),
    Ask.RESULT: mark("result"),
    Ask.MEASURES: mark("measures taken"),
    Ask.TARGET: mark("to whom"),
    Ask.DATE: mark("new deadline"),
    Ask.JUSTIFIED: mark("whether the complaint was justified"),
    Ask.WRITTEN_CLOSE_DATE: mark("date of the written answer"),
    Ask.CONTACT: mark("how the citizen was reached"),
    Ask.LINK: mark("appeal that it repeats"),
    Ask.ORGANISATION: mark("where it was sent"),
    Ask.NOTICE: mark("the citizen was told"),
    Ask.FIELDS: mark("fields of the card"),
}


async def show(request: web.Request) -> web.StreamResponse:
    """Show the moves that count now, the versions, and where a new one is given."""
    its, by = services(request).profile_admin, current_user(request)
    process = await its.process(by)
    context = {
        "versions": await its.versions(by),
        "editable": everywhere(by.organisation),
        "statuses": process.statuses.values(),
        "moves": [_move(process, one) for one in process.transitions],
        "content": "",
    }
    return await page(request, "pages/admin_profile.html", context, section="admin")


async def export(request: web.Request) -> web.StreamResponse:
    """Give a version out as one TOML file."""
    wanted = request.query.get("version", "")
    version = _number(wanted) if wanted else None
    text = await services(request).profile_admin.export(current_user(request), version)
    name = f"profile-{version}.toml" if version else "profile.toml"
    return web.Response(
        text=text,
        content_type="application/toml",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def preview(request: web.Request) -> web.StreamResponse:
    """Show what a text, or an older version, would change; the text stays in the form, whatever is wrong with it."""
    its, by = services(request).profile_admin, current_user(request)
    sent = await form_fields(request)
    text, restored = sent.get("content", ""), sent.get("restore", "")
    if restored:
        text = await its.export(by, _number(restored))
    try:
        found = await its.preview(by, text)
    except BadInput as error:
        return await _wrong(request, text, error)
    comment = gettext("back to version %(id)s") % {"id": restored} if restored else ""
    context = {
        "content": text,
        "comment": comment,
        "base": found.base,
        "count": len(found.changes),
        "changes": [_change(one) for one in found.changes[:SHOWN]],
        "restated": found.restated,
    }
    return await page(request, PREVIEW, context, section="admin")


async def load(request: web.Request) -> web.StreamResponse:
    """Load the text whose preview was looked at."""
    its, by = services(request).profile_admin, current_user(request)
    sent = await form_fields(request)
    text, comment = sent.get("content", ""), sent.get("comment", "").strip()[:500]
    try:
        loaded = await its.load(by, text, version_of(sent), comment)
    except REFUSALS as error:
        return await _wrong(request, text, error)
    return saved(request, "/admin/profile", rows=dict(loaded.rows), closed=dict(loaded.closed))


async def _wrong(request: web.Request, text: str, error: BadInput | Conflict) -> web.StreamResponse:
    places = error.details if isinstance(error, BadInput) else {}
    context: dict[str, Any] = {"content": text, "count": None, "places": places}
    return await refused(request, error, PREVIEW, context)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("there is no such version of the profile")
    return int(text)


def _move(process: Process, one: Transition) -> dict[str, Any]:
    begins = [process.statuses[code].title for code in sorted(one.statuses) if code in process.statuses]
    begins += [status.title for status in process.statuses.values() if status.phase in one.phases]
    ends = {"@same": gettext("as it was"), "@before": gettext("as before it was deleted")}
    to = process.statuses[one.to].title if one.to in process.statuses else ends.get(one.to, one.to)
    return {
        "title": one.title or one.done or one.code,
        "from": list(dict.fromkeys(begins)) or [gettext("new card")],
        "to": to,
        "who": [gettext(_WHO[who]) for who in sorted(one.who)],
        "right": right_title(one.right),
        "asks": [gettext(_ASKS.get(ask.word, ask.word)) for ask in one.asks],
    }


def _change(one: Change) -> dict[str, Any]:
    kind = "new" if one.before is None else "gone" if one.after is None else "other"
    where = " ".join(filter(None, (one.section, one.row)))
    return {"kind": kind, "where": where, "key": one.key, "before": _told(one.before), "after": _told(one.after)}


def _told(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(map(_told, value)) or "—"
    return "—" if value in (None, "", {}) else str(value)
