"""Administration of employees (right ``user.manage``): list, account, password, sessions, switching off."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from hotline.errors import HotlineError
from hotline.staff.admin_model import Account, PersonForm
from hotline.staff.model import User
from hotline.web.context import HUB, current_user, services
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.sign_off import sign_off
from hotline.web.titles import role_title
from hotline.web.views.admin_forms import REFUSALS, note_title, refused, saved, ticked, undo_of, version_of

log = logging.getLogger(__name__)

FORM = "pages/admin_person.html"
ROLE = "role_"
_STATES = {"active": True, "off": False, "all": None}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the accounts by name, role, organisation and state."""
    its, by = services(request), current_user(request)
    q, role = query_text(request, "q", limit=100), query_text(request, "role", limit=50)
    organisation, state = query_text(request, "organisation", limit=18), query_text(request, "state", limit=10)
    state = state if state in _STATES else "active"
    organisation_id = int(organisation) if organisation.isascii() and organisation.isdigit() else None
    people = its.staff.people
    found = await people.find(by, q=q, role=role, organisation_id=organisation_id, active=_STATES[state])
    organisations, roles = await people.choices(by)
    context = {
        "rows": [{"user": one.user, "roles": role_title(one.user.roles), "seen": one.last_login_at} for one in found],
        "q": q, "role": role, "wanted_organisation": organisation, "state": state,
        "organisations": organisations, "roles": roles,
    }  # fmt: skip
    return await page(request, "pages/admin_people.html", context, section="admin")


async def new(request: web.Request) -> web.StreamResponse:
    """Show an empty form."""
    own = str(current_user(request).organisation.id)
    return await page(request, FORM, await _form_context(request, PersonForm(organisation_id=own)), section="admin")


async def create(request: web.Request) -> web.StreamResponse:
    """Create an account and show its temporary password, once."""
    its, by = services(request), current_user(request)
    form = _form(await form_fields(request))
    try:
        user, password = await its.staff.people.create(by, form)
    except REFUSALS as error:
        return await refused(request, error, FORM, await _form_context(request, form))
    return await _show_password(request, user, password, created=True)


async def show(request: web.Request) -> web.StreamResponse:
    """Show an account."""
    account = await services(request).staff.people.get(current_user(request), path_id(request))
    return await page(request, FORM, await _account_context(request, account), section="admin")


async def save(request: web.Request) -> web.StreamResponse:
    """Change an account."""
    its, by, user_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    form = _form(sent)
    try:
        await its.staff.people.save(by, user_id, form, version_of(sent))
    except REFUSALS as error:
        account = await its.staff.people.get(by, user_id)
        context = await _account_context(request, account, form)
        return await refused(request, error, FORM, context)
    return saved(request, f"/admin/people/{user_id}", id=user_id)


async def switch_on(request: web.Request) -> web.StreamResponse:
    """Let somebody log in again."""
    return await _switch(request, active=True)


async def switch_off(request: web.Request) -> web.StreamResponse:
    """Switch an account off; ``successor`` takes the open appeals first, when one is named."""
    return await _switch(request, active=False)


async def reset_password(request: web.Request) -> web.StreamResponse:
    """Give a temporary password and show it, once; every session of his ends."""
    its, by, user_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    try:
        password, ended = await its.staff.people.reset_password(by, user_id, version_of(sent))
    except REFUSALS as error:
        return await refused_action(request, error)
    account = await its.staff.people.get(by, user_id)
    await sign_off(request, (account.user.id, account.user.extension), ended, work=False)
    return await _show_password(request, account.user, password, created=False)


async def unlock(request: web.Request) -> web.StreamResponse:
    """Forgive the failed attempts to log in."""
    user_id = path_id(request)
    await services(request).staff.people.unlock(current_user(request), user_id)
    return saved(request, f"/admin/people/{user_id}", id=user_id)


async def end_session(request: web.Request) -> web.StreamResponse:
    """End one session of somebody, its push connection with it."""
    user_id, session_id = path_id(request), path_id(request, "session")
    ended = await services(request).staff.people.end_session(current_user(request), user_id, session_id)
    for one in ended:
        await request.app[HUB].end_session(one)
    return saved(request, f"/admin/people/{user_id}", ended=len(ended))


async def _switch(request: web.Request, *, active: bool) -> web.StreamResponse:
    its, by, user_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    failed = 0
    try:
        account = await its.staff.people.get(by, user_id)
        if not active:
            failed = await _hand_over(request, user_id, sent.get("successor", ""))
        ended = await its.staff.people.switch(by, user_id, version_of(sent), active=active)
    except REFUSALS as error:
        return await refused_action(request, error)
    if not active:
        await sign_off(request, (account.user.id, account.user.extension), ended, work=True)
    if failed:
        log.warning("%d appeals of user %d could not be handed over", failed, user_id)
    return saved(request, f"/admin/people/{user_id}", id=user_id, not_handed_over=failed)


async def _hand_over(request: web.Request, user_id: int, successor: str) -> int:
    """Give the open appeals to ``successor``; return how many could not be given."""
    if not (successor.isascii() and successor.isdigit() and len(successor) <= 18):
        return 0
    its, by = services(request), current_user(request)
    work = await its.workload.of(user_id)
    failed = 0
    for appeal_id, version in (*work.owned, *work.waiting):
        try:
            comment = gettext("The account of the employee is switched off")
            await its.appeals.forward(by, appeal_id, int(successor), version, comment)
        except HotlineError as error:
            log.info("appeal %d stays with user %d: %s", appeal_id, user_id, error.error_id)
            failed += 1
    return failed


async def refused_action(request: web.Request, error: HotlineError) -> web.StreamResponse:
    """Show an account with what was wrong with an action on it."""
    account = await services(request).staff.people.get(current_user(request), path_id(request))
    return await refused(request, error, FORM, await _account_context(request, account))


async def _show_password(request: web.Request, user: User, password: str, *, created: bool) -> web.StreamResponse:
    account = await services(request).staff.people.get(current_user(request), user.id)
    context = {"person": user, "password": password, "created": created, "version": account.version}
    response = await page(request, "pages/admin_password.html", context, section="admin")
    response.headers["HX-Push-Url"] = f"/admin/people/{user.id}"
    return response


async def _form_context(request: web.Request, form: PersonForm) -> dict[str, Any]:
    organisations, roles = await services(request).staff.people.choices(current_user(request))
    return {
        "account": None, "form": form, "roles": roles, "history": [], "work": None, "link": None, "factor": None,
        "organisations": [(one.id, one.short_name) for one in organisations],
    }  # fmt: skip


async def _account_context(request: web.Request, account: Account, form: PersonForm | None = None) -> dict[str, Any]:
    its = services(request)
    user = account.user
    stored = PersonForm(
        user.login, user.last_name, user.first_name, user.patronymic, str(user.organisation.id), user.extension or "",
        user.roles,
    )  # fmt: skip
    context = await _form_context(request, form or stored)
    titles = {**dict(context["roles"]), **{str(code): name for code, name in context["organisations"]}}
    colleagues = await its.staff.people.find(current_user(request))
    current = {**asdict(stored), "roles": sorted(stored.roles), "extension": user.extension}
    return context | {
        "account": account,
        "link": await its.staff.links.pending(current_user(request), user.id) if user.active else None,
        "own": user.id == current_user(request).id,
        "factor": await its.staff.factor.held_by(user.id),
        "factor_required": its.staff.factor.required_of(user),
        "work": await its.workload.of(user.id) if user.active else None,
        "successors": [one.user for one in colleagues if one.user.id != user.id],
        "history": [
            {
                "change": one, "note": note_title(one.note),
                "fields": [(_FIELD_TITLES.get(name, name), _told(one.before.get(name), titles), _told(value, titles))
                           for name, value in one.after.items()] if one.note != "created" else [],
                "undo": _undo_fields(stored, undo_of(one, current)),
            }
            for one in account.history
        ],
    }  # fmt: skip


def _undo_fields(stored: PersonForm, back: dict[str, Any] | None) -> dict[str, str] | None:
    """Return the form fields that undo a change: the present values with those of before in their place."""
    known = {name: value for name, value in (back or {}).items() if name in PersonForm.__slots__}
    if not known:
        return None
    roles = frozenset(map(str, known.pop("roles", stored.roles)))
    texts = {name: str(value or "") for name, value in known.items()}
    return fields_of(replace(stored, roles=roles)) | texts


def fields_of(form: PersonForm) -> dict[str, str]:
    """Return a form as its HTML fields: one box a role."""
    plain = {name: str(value) for name, value in asdict(form).items() if name != "roles"}
    return plain | {f"{ROLE}{code}": "1" for code in sorted(form.roles)}


_FIELD_TITLES = {
    "login": mark("Login"),
    "last_name": mark("Surname"),
    "first_name": mark("Name"),
    "patronymic": mark("Patronymic"),
    "organisation_id": mark("Organisation"),
    "extension": mark("Internal number"),
    "roles": mark("Roles"),
    "active": mark("may log in"),
}


def _told(value: object, titles: dict[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(titles.get(str(one), str(one)) for one in value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return "—" if value is None or value == "" else titles.get(str(value), str(value))


def _form(sent: dict[str, str]) -> PersonForm:
    names = ("login", "last_name", "first_name", "patronymic", "organisation_id", "extension")
    return PersonForm(**{name: sent.get(name, "") for name in names}, roles=ticked(sent, ROLE))
