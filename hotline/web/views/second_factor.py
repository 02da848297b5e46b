"""The second factor: asked for after the password, set up there, one's own page, and its reset for somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import segno
from aiohttp import web
from markupsafe import Markup

from hotline.errors import Conflict, HotlineError, NotAuthenticated, TooManyAttempts, Unavailable
from hotline.staff.second_factor import LIFETIME, Pending
from hotline.web.context import client_address, current_user, services, wants_json
from hotline.web.cookies import TICKET_COOKIE, TICKET_PATH, set_cookie
from hotline.web.failures import text_of
from hotline.web.forms import form_fields, path_id, safe_next
from hotline.web.render import html, render_text
from hotline.web.sign_off import sign_off
from hotline.web.views.admin_forms import REFUSALS, saved, version_of
from hotline.web.views.admin_people import refused_action
from hotline.web.views.login import FACTOR, facts_of, login_page, sign_in, welcome

OWN = "/second-factor"
_REFUSALS = (NotAuthenticated, TooManyAttempts, Unavailable, Conflict)
_CODE = 64


async def ask(request: web.Request) -> web.Response:
    """Ask for the code, or show how to set the app up; without a waiting login, the login page."""
    try:
        pending = await services(request).staff.factor.pending(request.cookies.get(TICKET_COOKIE, ""))
    except NotAuthenticated:
        return _see_other("/login")
    return _question(request, pending, safe_next(request.query.get("next", "/")), None)


async def enter(request: web.Request) -> web.Response:
    """Check the code. A form is answered with a page, JSON as ``POST /login`` is."""
    sent = await form_fields(request)
    ticket, target = request.cookies.get(TICKET_COOKIE, ""), safe_next(sent.get("next", "/"))
    factor, ip = services(request).staff.factor, client_address(request)
    agent = request.headers.get("User-Agent", "")[:300]
    try:
        entered = await factor.enter(ticket, sent.get("code", "")[:_CODE], ip=ip, user_agent=agent)
    except _REFUSALS as error:
        if wants_json(request):
            raise
        if error.error_id in {"login-expired", "second-factor-exists"}:
            return _expired(request, error)
        return _question(request, await factor.pending(ticket), target, error)
    if not entered.recovery and entered.session is not None:
        return welcome(request, entered.session, target)
    facts = facts_of(entered.session) if entered.session is not None else {}
    response = _codes_shown(request, entered.recovery, target if facts else OWN, facts)
    if entered.session is not None:
        sign_in(request, response, entered.session)
    return response


async def own(request: web.Request) -> web.Response:
    """Show one's own second factor."""
    return await _own(request, None)


async def renew(request: web.Request) -> web.Response:
    """Check password and present code, and lead on to the picture for another app."""
    sent = await form_fields(request)
    staff, ip = services(request).staff, client_address(request)
    try:
        ticket = await staff.renew_factor(
            current_user(request), sent.get("password", ""), sent.get("code", "")[:_CODE], ip=ip
        )
    except _REFUSALS as error:
        if wants_json(request):
            raise
        return await _own(request, error)
    response = web.json_response({}) if wants_json(request) else _see_other(FACTOR)
    set_cookie(request, response, TICKET_COOKIE, ticket, max_age=int(LIFETIME.total_seconds()), path=TICKET_PATH)
    return response


async def new_codes(request: web.Request) -> web.Response:
    """Replace one's recovery codes and show them, once."""
    sent = await form_fields(request)
    factor, ip = services(request).staff.factor, client_address(request)
    try:
        made = await factor.new_recovery(current_user(request), sent.get("code", "")[:_CODE], ip=ip)
    except _REFUSALS as error:
        if wants_json(request):
            raise
        return await _own(request, error)
    return _codes_shown(request, made, OWN, {})


async def reset(request: web.Request) -> web.StreamResponse:
    """Take somebody's second factor away; every session of his ends."""
    its, by, user_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    try:
        ended = await its.staff.factor.reset(by, user_id, version_of(sent))
    except REFUSALS as error:
        return await refused_action(request, error)
    user = await its.staff.user(user_id)
    await sign_off(request, (user_id, user.extension if user else None), ended, work=False)
    return saved(request, f"/admin/people/{user_id}", id=user_id)


def picture(address: str) -> Markup:
    """Return an address as a QR code (ISO/IEC 18004) for the page itself: black on white in either theme."""
    svg = segno.make(address, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True)
    return Markup(svg)  # noqa: S704 - drawn by the library from modules; the address itself is not in it


def _question(request: web.Request, pending: Pending, target: str, error: HotlineError | None) -> web.Response:
    context: dict[str, Any] = {
        "pending": pending,
        "next": target,
        "problem": text_of(error) if error is not None else "",
        "picture": picture(pending.address) if pending.address else "",
        "secret": " ".join(pending.secret[at : at + 4] for at in range(0, len(pending.secret), 4)),
        "minutes": int(LIFETIME.total_seconds() // 60),
    }
    response = html(render_text(request, "pages/login_factor.html", context), status=error.status if error else 200)
    return _with_retry(response, error)


def _expired(request: web.Request, error: HotlineError) -> web.Response:
    response = login_page(request, error)
    response.del_cookie(TICKET_COOKIE, path=TICKET_PATH)
    return response


def _codes_shown(request: web.Request, made: tuple[str, ...], target: str, facts: Mapping[str, object]) -> web.Response:
    if wants_json(request):
        return web.json_response({**facts, "recovery_codes": list(made)})
    return html(render_text(request, "pages/recovery_codes.html", {"codes": made, "next": target}))


async def _own(request: web.Request, error: HotlineError | None) -> web.Response:
    user, factor = current_user(request), services(request).staff.factor
    context = {
        "held": await factor.held_by(user.id),
        "required": factor.required_of(user),
        "usable": factor.usable,
        "problem": text_of(error) if error is not None else "",
    }
    text = render_text(request, "pages/second_factor.html", context)
    return _with_retry(html(text, status=400 if error is not None else 200), error)


def _with_retry(response: web.Response, error: HotlineError | None) -> web.Response:
    retry = error.details.get("retry_after_s") if error is not None else None
    if isinstance(retry, int):
        response.headers["Retry-After"] = str(retry)
    return response


def _see_other(target: str) -> web.Response:
    return web.Response(status=303, headers={"Location": target})
