"""The rights of one employee (right ``user.manage``): where each comes from, how far he sees, grant and deny."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.errors import Forbidden, NotFound
from hotline.staff.model import Effect
from hotline.staff.rights_admin import RightsOfOne
from hotline.staff.rights_of import RightLine
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
    right, effect, reason = (sent.get(name, "").strip() for name in ("right", "effect", "reason"))
    try:
        await its.staff.rights.say(by, user_id, right, effect, reason, version_of(sent))
    except (*REFUSALS, Forbidden) as error:
        typed = {"right": right, "effect": effect, "reason": reason}
        return await refused(request, error, TEMPLATE, await _context(request, typed))
    return saved(request, f"/admin/people/{user_id}/rights", id=user_id)


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
        "typed": typed or {"right": query_text(request, "right", limit=100), "effect": "", "reason": ""},
        "asked": "",
        "sees": None,
        "history": [_change(one) for one in rights.history],
    }  # fmt: skip


def _line(line: RightLine) -> dict[str, Any]:
    return {"line": line, "title": right_title(line.code)}


def _change(change: Any) -> dict[str, Any]:
    fields = [
        (right_title(code), gettext(_SAID.get(change.before.get(code, ""), "")), gettext(_SAID.get(value, "")))
        for code, value in change.after.items()
    ]
    return {"change": change, "note": change.note, "fields": fields, "undo": None}
