"""Logging in and out, and the choice of language (S001-018, S001-082)."""

from __future__ import annotations

import logging

from aiohttp import web

from hotline.errors import BadInput, HotlineError, NotAuthenticated, TooManyAttempts, Unavailable
from hotline.softphone.model import CloseCode
from hotline.staff.model import Session
from hotline.web.context import (
    HUB,
    SESSION_COOKIE,
    client_address,
    require_session,
    services,
    wants_json,
)
from hotline.web.failures import text_of
from hotline.web.forms import form_fields, safe_next
from hotline.web.i18n import LANGUAGE_COOKIE, LANGUAGES
from hotline.web.render import html, render_text

log = logging.getLogger(__name__)

YEAR_S = 365 * 24 * 3600


async def show(request: web.Request) -> web.Response:
    """Show the login page. ``?language=`` chooses its language and remembers the choice."""
    chosen = request.query.get("password") == "chosen"
    context = {"error": "", "login": "", "next": safe_next(request.query.get("next", "/")), "chosen": chosen}
    response = html(render_text(request, "pages/login.html", context))
    _remember_language(request, response, request.query.get("language", ""))
    return response


async def log_in(request: web.Request) -> web.Response:
    """Open a session. A form is answered with a page, JSON with ``{csrf, user, expires_at}``.

    The JSON form lets a page whose session has expired log in again without losing what was typed.
    """
    fields = await form_fields(request)
    login, password = fields.get("login", ""), fields.get("password", "")
    try:
        session = await _open(request, login, password)
    except (BadInput, NotAuthenticated, TooManyAttempts, Unavailable) as error:
        if wants_json(request):
            raise
        return _refused(request, error, login, fields.get("next", "/"))
    response = _welcome(request, session, safe_next(fields.get("next", "/")))
    _set_cookie(request, response, SESSION_COOKIE, session.token)
    return response


async def log_out(request: web.Request) -> web.Response:
    """End the session: its telephone, its push connection and its cookie."""
    session = require_session(request)
    its = services(request)
    await its.staff.log_out(request.cookies[SESSION_COOKIE])
    await request.app[HUB].end_session(session.id)
    if session.user.extension is not None:
        its.sip.disconnect(session.user.extension, code=CloseCode.SESSION_ENDED)
        try:
            await its.accounts.close(session.user.extension)
        except Unavailable:
            # Nobody is kept from going home; the account dies with Asterisk's memory or is renewed at the next login.
            log.warning("the SIP account of %s could not be withdrawn: Asterisk is down", session.user.extension)
    response = web.json_response({}) if wants_json(request) else _see_other("/login")
    response.del_cookie(SESSION_COOKIE, path="/")
    return response


async def choose_language(request: web.Request) -> web.Response:
    """Remember the language that the user chose for himself."""
    fields = await form_fields(request)
    language = fields.get("language", "")
    if language not in LANGUAGES:
        raise BadInput("there is no such language", details={"language": "unknown"})
    response = _see_other("/")
    _remember_language(request, response, language)
    return response


async def _open(request: web.Request, login: str, password: str) -> Session:
    if not login.strip() or not password:
        raise BadInput("enter login and password", error_id="empty-login", details={"login": "required"})
    return await services(request).staff.log_in(
        login, password, ip=client_address(request), user_agent=request.headers.get("User-Agent", "")[:300]
    )


def _welcome(request: web.Request, session: Session, target: str) -> web.Response:
    if not wants_json(request):
        return _see_other(target)
    user = session.user
    return web.json_response(
        {
            "csrf": session.csrf,
            "expires_at": session.expires_at.isoformat(),
            "user": {"id": user.id, "full_name": user.full_name, "extension": user.extension},
        }
    )


def _refused(request: web.Request, error: HotlineError, login: str, target: str) -> web.Response:
    context = {"error": text_of(error), "login": login[:64], "next": safe_next(target), "chosen": False}
    response = html(render_text(request, "pages/login.html", context), status=error.status)
    retry = error.details.get("retry_after_s")
    if isinstance(retry, int):
        response.headers["Retry-After"] = str(retry)
    return response


def _see_other(target: str) -> web.Response:
    return web.Response(status=303, headers={"Location": target})


def _remember_language(request: web.Request, response: web.Response, language: str) -> None:
    if language in LANGUAGES:
        _set_cookie(request, response, LANGUAGE_COOKIE, language, max_age=YEAR_S)


def _set_cookie(
    request: web.Request, response: web.Response, name: str, value: str, *, max_age: int | None = None
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=services(request).settings.public_url.startswith("https:"),
    )
