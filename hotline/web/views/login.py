"""Logging in and out, and the choice of language (S001-018, S001-082)."""

from __future__ import annotations

import logging
from urllib.parse import quote

from aiohttp import web

from hotline.errors import BadInput, HotlineError, NotAuthenticated, TooManyAttempts, Unavailable
from hotline.softphone.model import CloseCode
from hotline.staff.model import Session
from hotline.staff.second_factor import LIFETIME, SecondFactorNeeded
from hotline.web.context import (
    HUB,
    SESSION_COOKIE,
    client_address,
    require_session,
    services,
    wants_json,
)
from hotline.web.cookies import CAME_BY, TICKET_COOKIE, TICKET_PATH, set_cookie
from hotline.web.failures import json_of, text_of
from hotline.web.forms import form_fields, safe_next
from hotline.web.i18n import LANGUAGE_COOKIE, LANGUAGES, gettext
from hotline.web.render import html, render_text

log = logging.getLogger(__name__)

YEAR_S = 365 * 24 * 3600
FACTOR = "/login/factor"


async def show(request: web.Request) -> web.Response:
    """Show the login page. ``?language=`` chooses its language and remembers the choice."""
    chosen = request.query.get("password") == "chosen"
    left = request.query.get("left") == "1"
    response = login_page(request, target=request.query.get("next", "/"), chosen=chosen, left=left)
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
    except SecondFactorNeeded as needed:
        return ask_for_factor(request, needed, fields.get("next", "/"))
    except (BadInput, NotAuthenticated, TooManyAttempts, Unavailable) as error:
        if wants_json(request):
            raise
        return login_page(request, error, login=login, target=fields.get("next", "/"))
    return welcome(request, session, safe_next(fields.get("next", "/")))


def ask_for_factor(request: web.Request, needed: SecondFactorNeeded, target: str) -> web.Response:
    """Lead on to the question for the code; a program is told by ``second-factor-needed`` to ask for one."""
    if wants_json(request):
        response = web.json_response(json_of(needed), status=needed.status)
    else:
        response = _see_other(f"{FACTOR}?next={quote(safe_next(target), safe='/')}")
    seconds = int(LIFETIME.total_seconds())
    set_cookie(request, response, TICKET_COOKIE, needed.ticket, max_age=seconds, path=TICKET_PATH)
    return response


def welcome(request: web.Request, session: Session, target: str) -> web.Response:
    """Answer a finished login: the session's cookie, and where to go."""
    response = _welcome(request, session, target)
    sign_in(request, response, session)
    return response


def sign_in(request: web.Request, response: web.Response, session: Session) -> None:
    """Give the browser its session: always a new one, whatever cookie it came with (no session fixation)."""
    set_cookie(request, response, SESSION_COOKIE, session.token)
    if TICKET_COOKIE in request.cookies:
        response.del_cookie(TICKET_COOKIE, path=TICKET_PATH)


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
    by_sign_on = CAME_BY in request.cookies and its.sign_on is not None
    response = web.json_response({}) if wants_json(request) else _see_other("/login?left=1" if by_sign_on else "/login")
    response.del_cookie(SESSION_COOKIE, path="/")
    if by_sign_on:
        response.del_cookie(CAME_BY, path="/")
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
    return web.json_response(facts_of(session)) if wants_json(request) else _see_other(target)


def facts_of(session: Session) -> dict[str, object]:
    """Return what a program is told about a session that was just opened."""
    user = session.user
    return {
        "csrf": session.csrf,
        "expires_at": session.expires_at.isoformat(),
        "user": {"id": user.id, "full_name": user.full_name, "extension": user.extension},
    }


def login_page(
    request: web.Request,
    error: HotlineError | None = None,
    *,
    login: str = "",
    target: str = "/",
    chosen: bool = False,
    left: bool = False,
) -> web.Response:
    """Show the login page, with what was wrong.

    :param chosen: somebody has just chosen his password.
    :param left: somebody who came by the sign-on server has just logged out here.
    """
    sign_on = services(request).sign_on
    context = {
        "error": text_of(error) if error is not None else "",
        "login": login[:64],
        "next": safe_next(target),
        "chosen": chosen,
        "left": left,
        "sign_on": sign_on.title or gettext("the organisation's account") if sign_on is not None else "",
    }
    response = html(render_text(request, "pages/login.html", context), status=error.status if error else 200)
    retry = error.details.get("retry_after_s") if error is not None else None
    if isinstance(retry, int):
        response.headers["Retry-After"] = str(retry)
    return response


def _see_other(target: str) -> web.Response:
    return web.Response(status=303, headers={"Location": target})


def _remember_language(request: web.Request, response: web.Response, language: str) -> None:
    if language in LANGUAGES:
        set_cookie(request, response, LANGUAGE_COOKIE, language, max_age=YEAR_S)
