"""Who asks by a token, kept with the request."""

from __future__ import annotations

from aiohttp import web

from hotline.errors import NotAuthenticated
from hotline.staff.tokens import Caller

ROOT = "/api/v1/"
_CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)


def keep_caller(request: web.Request, caller: Caller) -> None:
    """Remember who asks."""
    request[_CALLER] = caller


def known_caller(request: web.Request) -> Caller | None:
    """Return who asks by a token; ``None``: nobody, or not known yet."""
    return request.get(_CALLER)


def caller_of(request: web.Request) -> Caller:
    """Return who asks.

    :raises NotAuthenticated: no token was shown.
    """
    found = known_caller(request)
    if found is None:
        raise NotAuthenticated("a token is needed")
    return found
