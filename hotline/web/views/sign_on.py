"""Logging in with the organisation's own account (OpenID Connect): going there, coming back, logging out there."""

from __future__ import annotations

import base64
import binascii

from aiohttp import web

from hotline.errors import HotlineError, NotAuthenticated, NotFound
from hotline.staff.oidc import Trip
from hotline.staff.second_factor import LIFETIME, SecondFactorNeeded
from hotline.staff.sign_on import SignOn
from hotline.web.context import client_address, services
from hotline.web.cookies import CAME_BY, TICKET_COOKIE, TICKET_PATH, set_cookie
from hotline.web.forms import query_text, safe_next
from hotline.web.render import html, render_text
from hotline.web.views.login import FACTOR, login_page, sign_in

ADDRESS = "/login/oidc"
_COOKIE = "hotline_trip"
_MINUTES = 10


async def go(request: web.Request) -> web.Response:
    """Lead the browser to the provider."""
    trip = Trip.begun()
    try:
        address = await _sign_on(request).client.address(trip)
    except HotlineError as error:
        if isinstance(error, NotFound):
            raise
        return login_page(request, error)
    response = web.Response(status=303, headers={"Location": address})
    target = base64.urlsafe_b64encode(safe_next(request.query.get("next", "/")).encode()[:1000]).decode()
    # Lax: it must come along when the provider sends the browser back.
    set_cookie(
        request, response, _COOKIE, f"{trip.cookie}.{target}", max_age=_MINUTES * 60, path=ADDRESS, samesite="Lax"
    )
    return response


async def back(request: web.Request) -> web.Response:
    """Finish the login of who comes back. Cookies are set on a page, not on a redirect.

    ``SameSite=Strict`` cookies do not go along with a redirect that another site began; the next step begins here.
    """
    sign_on = _sign_on(request)
    cookie, _, target = request.cookies.get(_COOKIE, "").rpartition(".")
    trip, target = Trip.read(cookie), _target(target)
    try:
        if trip is None:
            raise NotAuthenticated("the login was not begun in this browser", error_id="sign-on-refused")
        code, state = query_text(request, "code", limit=4000), query_text(request, "state", limit=200)
        if not code:
            raise NotAuthenticated("the provider sent no code", error_id="sign-on-refused")
        agent = request.headers.get("User-Agent", "")[:300]
        session = await sign_on.finish(trip, state, code, ip=client_address(request), user_agent=agent)
    except SecondFactorNeeded as needed:
        response = _onward(request, FACTOR)
        seconds = int(LIFETIME.total_seconds())
        set_cookie(request, response, TICKET_COOKIE, needed.ticket, max_age=seconds, path=TICKET_PATH)
    except HotlineError as error:
        response = login_page(request, error)
    else:
        response = _onward(request, target)
        sign_in(request, response, session)
        set_cookie(request, response, CAME_BY, "1", path="/")
    response.del_cookie(_COOKIE, path=ADDRESS)
    return response


async def leave(request: web.Request) -> web.Response:
    """Lead the browser to where it logs out of the provider as well."""
    try:
        address = await _sign_on(request).client.goodbye()
    except HotlineError as error:
        if isinstance(error, NotFound):
            raise
        return login_page(request, error)
    return web.Response(status=303, headers={"Location": address or "/login"})


def _sign_on(request: web.Request) -> SignOn:
    found = services(request).sign_on
    if found is None:
        raise NotFound("there is no sign-on server")
    return found


def _onward(request: web.Request, target: str) -> web.Response:
    return html(render_text(request, "pages/signed_on.html", {"target": target}))


def _target(text: str) -> str:
    try:
        return safe_next(base64.urlsafe_b64decode(text.encode()).decode())
    except (binascii.Error, ValueError):
        return "/"
