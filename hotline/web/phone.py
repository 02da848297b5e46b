"""Whose telephone is behind a SIP WebSocket (``softphone.proxy`` asks first), and what he may take with it."""

from __future__ import annotations

from aiohttp import web

from hotline.softphone.model import PhoneSession
from hotline.staff.model import Right, User
from hotline.web.context import require_extension, require_session
from hotline.web.services import Services


async def authorise(request: web.Request) -> PhoneSession:
    """Name the user and extension of a ``/sip`` request. Session and Origin were checked by the middleware.

    :raises NotAuthenticated: there is no session.
    :raises Forbidden: the user has no internal number.
    """
    return PhoneSession(require_session(request).user.id, require_extension(request))


def helped_queues(its: Services, user: User) -> tuple[str, ...]:
    """Return the queues in which the user may pick up calls although he does not serve them."""
    return its.desk.policy.queues if user.may(Right.CALL_PICKUP) else ()
