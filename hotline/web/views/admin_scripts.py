"""Typical answers: proposing, comparing, approving (S001-015, S001-052, DAY-39)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.script_rules import Decision, ScriptForm, compare
from hotline.journal.scripts_admin import ScriptPage, ScriptVersion
from hotline.staff.model import Right
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.views.admin_forms import REFUSALS, refused, saved

FORM = "pages/admin_script.html"
_DECISIONS = {
    Decision.DRAFT: mark("waits for approval"),
    Decision.APPROVED: mark("approved"),
    Decision.REFUSED: mark("refused"),
    Decision.REPLACED: mark("replaced before a decision"),
}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show all answers."""
    by = current_user(request)
    rows = await services(request).script_admin.rows(by)
    context = {"rows": rows, "writes": by.may(Right.SCRIPT_EDIT)}
    return await page(request, "pages/admin_scripts.html", context, section="admin")


async def new(request: web.Request) -> web.StreamResponse:
    """Show an empty form."""
    return await page(request, FORM, _context(request, ScriptForm()), section="admin")


async def create(request: web.Request) -> web.StreamResponse:
    """Propose a new answer."""
    sent = await form_fields(request)
    form, code = ScriptForm.read(sent), sent.get("code", "")
    try:
        made = await services(request).script_admin.propose(current_user(request), None, code, form)
    except REFUSALS as error:
        return await refused(request, error, FORM, {**_context(request, form), "code": code})
    return saved(request, f"/admin/scripts/{made}", code=made)


async def show(request: web.Request) -> web.StreamResponse:
    """Show an answer: the text that waits beside what operators see, and all texts."""
    found = await _found(request)
    form = found.draft.form if found.draft else found.current or found.versions[0].form
    return await page(request, FORM, _context(request, form, found), section="admin")


async def propose(request: web.Request) -> web.StreamResponse:
    """Propose another text."""
    code = request.match_info["code"]
    form = ScriptForm.read(await form_fields(request))
    try:
        await services(request).script_admin.propose(current_user(request), code, "", form)
    except REFUSALS as error:
        return await refused(request, error, FORM, _context(request, form, await _found(request)))
    return saved(request, f"/admin/scripts/{code}", code=code)


async def decide(request: web.Request) -> web.StreamResponse:
    """Approve or refuse the text that waits."""
    code, sent = request.match_info["code"], await form_fields(request)
    number, wanted = sent.get("id", ""), sent.get("decision", "")
    if not (number.isascii() and number.isdigit() and len(number) <= 18) or wanted not in set(Decision):
        raise BadInput("which text, and what of it?", details={"decision": "required"})
    try:
        await services(request).script_admin.decide(
            current_user(request), code, int(number), Decision(wanted), sent.get("note", "")[:1000]
        )
    except REFUSALS as error:
        found = await _found(request)
        form = found.draft.form if found.draft else found.current or found.versions[0].form
        return await refused(request, error, FORM, _context(request, form, found))
    return saved(request, f"/admin/scripts/{code}", code=code)


async def close(request: web.Request) -> web.StreamResponse:
    """Take an answer out of sight, or bring it back."""
    code, sent = request.match_info["code"], await form_fields(request)
    await services(request).script_admin.close(current_user(request), code, bool(sent.get("closed")))
    return saved(request, f"/admin/scripts/{code}", code=code)


async def _found(request: web.Request) -> ScriptPage:
    return await services(request).script_admin.get(current_user(request), request.match_info["code"])


def _context(request: web.Request, form: ScriptForm, found: ScriptPage | None = None) -> dict[str, Any]:
    by = current_user(request)
    current = found.current if found else None
    draft = found.draft if found else None
    return {
        "script": found,
        "code": found.code if found else "",
        "form": {
            "title": form.title,
            "body": form.body,
            **{name: ", ".join(getattr(form, name)) for name in ("topics", "keywords", "recommended")},
        },
        "title": (current or form).title or gettext("New answer"),
        "writes": by.may(Right.SCRIPT_EDIT),
        "approves": by.may(Right.SCRIPT_APPROVE),
        "difference": list(compare(current.body if current else "", draft.form.body)) if draft else [],
        "versions": [_version(one) for one in found.versions] if found else [],
    }


def _version(one: ScriptVersion) -> dict[str, Any]:
    return {"one": one, "decision": gettext(_DECISIONS[one.decision])}
