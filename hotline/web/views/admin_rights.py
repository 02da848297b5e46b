"""The rights of one employee (right ``user.manage``): where each comes from, how far he sees, grant and deny."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from aiohttp import web

from hotline.errors import BadInput, Forbidden, NotFound
from hotline.staff.admin_model import Change
from hotline.staff.model import Effect
from hotline.staff.rights_admin import TERM_OVER, RightsOfOne
from hotline.staff.rights_of import RightLine, read_said
from hotline.web import i18n
from hotline.web.context import current_user, services, wants_json
from hotline.web.failures import text_of
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.right_titles import GROUPS, right_title
from hotline.web.sight_words import OUTCOMES, PARTS, reach_words, why_words
from hotline.web.views.admin_forms import REFUSALS, refused, saved, version_of

TEMPLATE = "pages/admin_rights.html"
_EFFECTS = {
    Effect.ALLOW: mark("allow, whatever the roles say"),
    Effect.DENY: mark("deny, whatever the roles say"),
    "": mark("as the roles say"),
}
_SAID = {Effect.ALLOW: mark("allowed"), Effect.DENY: mark("denied"), "": mark("as the roles say")}


async def show(request: web.Request) -> web.StreamResponse:
    """Show the rights of an employee; with ``appeal=`` what he would see of that appeal."""
    context = await _context(request)
    number = query_text(request, "appeal", limit=60).strip()
    if number:
        context |= {"asked": number, "sees": await _sees(request, context["rights"], number)}
    if wants_json(request):
        found: RightsOfOne = context["rights"]
        return web.json_response({"version": found.version, "rights": [one.code for one in found.lines if one.holds]})
    return await page(request, TEMPLATE, context, section="admin")


async def save(request: web.Request) -> web.StreamResponse:
    """Allow or deny a right, or leave it to the roles again."""
    its, by, user_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    right, effect, reason, until = (sent.get(name, "").strip() for name in ("right", "effect", "reason", "until"))
    try:
        await its.staff.rights.say(by, user_id, right, effect, reason, version_of(sent), ends_at=_end_of(until))
    except (*REFUSALS, Forbidden) as error:
        typed = {"right": right, "effect": effect, "reason": reason, "until": until}
        return await refused(request, error, TEMPLATE, await _context(request, typed))
    return saved(request, f"/admin/people/{user_id}/rights", id=user_id)


def _end_of(day: str) -> datetime | None:
    """Return when a last day is over where the reader is; ``None`` when none was given.

    :raises BadInput: no day.
    """
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), i18n.current().zone)
    except (ValueError, OverflowError) as error:
        raise BadInput("this is no day", details={"until": "not a date"}) from error


def _last_day(ends_at: datetime | None) -> str:
    return i18n.show_date(ends_at - timedelta(seconds=1)) if ends_at is not None else ""


async def _sees(request: web.Request, rights: RightsOfOne, number: str) -> dict[str, Any]:
    its, by = services(request), current_user(request)
    try:
        found = await its.sight_of_appeal.of(by, rights.user, number)
    except NotFound as error:
        return {"problem": text_of(error)}
    icon, words = OUTCOMES[found.outcome]
    return {
        "problem": "", "number": found.number, "organisation": found.organisation, "icon": icon,
        "words": gettext(words), "why": [why_words(one) for one in found.why],
    }  # fmt: skip


async def _context(request: web.Request, typed: dict[str, str] | None = None) -> dict[str, Any]:
    its, by = services(request), current_user(request)
    rights = await its.staff.rights.of(by, path_id(request))
    lines = {one.code: one for one in rights.lines}
    groups = [(gettext(group.title), [str(code) for code in group.rights]) for group in GROUPS]
    named = {code for _, codes in groups for code in codes}
    if others := [code for code in lines if code not in named]:
        groups.append((gettext("Others"), others))
    return {
        "rights": rights,
        "own": rights.user.id == by.id,
        "groups": [(title, [_line(lines[code]) for code in codes if code in lines]) for title, codes in groups],
        "sight": [
            {"title": gettext(PARTS[one.part]), "words": reach_words(one.part, one.reach), "roles": one.because_of,
             "decided": one.decided}
            for one in rights.sight
        ],
        "effects": [(str(code), gettext(title)) for code, title in _EFFECTS.items()],
        "typed": typed or {"right": query_text(request, "right", limit=100), "effect": "", "reason": "", "until": ""},
        "today": its.clock.now().astimezone(i18n.current().zone).date(),
        "asked": "",
        "sees": None,
        "history": [_change(one) for one in rights.history],
    }  # fmt: skip


def _line(line: RightLine) -> dict[str, Any]:
    return {
        "line": line,
        "title": right_title(line.code),
        "until": _last_day(line.own.ends_at) if line.own is not None else "",
    }


def _change(change: Change) -> dict[str, Any]:
    fields = [
        (right_title(code), _words_of(change.before.get(code)), _words_of(value))
        for code, value in change.after.items()
    ]
    by_itself = change.note == TERM_OVER
    return {
        "change": change,
        "note": gettext("the term is over") if by_itself else change.note,
        "actor": gettext("by itself") if by_itself else "",
        "fields": fields,
        "undo": None,
    }


def _words_of(words: str | None) -> str:
    effect, ends_at = read_said(words or "")
    title = gettext(_SAID.get(effect, ""))
    return f"{title} {gettext('until %(day)s') % {'day': _last_day(ends_at)}}" if ends_at is not None else title
