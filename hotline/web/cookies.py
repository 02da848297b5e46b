"""Cookies: never for scripts, never for other sites, only over TLS where there is TLS."""

from __future__ import annotations

from aiohttp import web

from hotline.web.context import services

TICKET_COOKIE = "hotline_login"
"""A login that waits for its second factor, or for the answer of a sign-on server. Sent to ``/login`` only."""
TICKET_PATH = "/login"
CAME_BY = "hotline_sign_on"
"""Says only that this browser logged in over the sign-on server: logging out then offers to log out there, too."""


def set_cookie(
    request: web.Request,
    response: web.Response,
    name: str,
    value: str,
    *,
    max_age: int | None = None,
    path: str = "/",
    samesite: str = "Strict",
) -> None:
    """Set a cookie as all of ours are."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=path,
        httponly=True,
        samesite=samesite,
        secure=services(request).settings.public_url.startswith("https:"),
    )
