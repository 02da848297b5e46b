"""Whose telephone is behind a SIP WebSocket: the callback that ``softphone.proxy`` asks before the upgrade."""

from __future__ import annotations

from aiohttp import web

from hotline.softphone.model import PhoneSession
from hotline.web.context import require_extension, require_session


async def authorise(request: web.Request) -> PhoneSession:
    """Name the user and extension of a ``/sip`` request. Session and Origin were checked by the middleware.

    :raises NotAuthenticated: there is no session.
    :raises Forbidden: the user has no internal number.
    """
    return PhoneSession(require_session(request).user.id, require_extension(request))
