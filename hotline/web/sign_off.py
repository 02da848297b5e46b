"""What a session leaves behind when somebody else ends it."""

from __future__ import annotations

import logging

from aiohttp import web

from hotline.errors import HotlineError, Unavailable
from hotline.softphone.model import CloseCode
from hotline.web.context import HUB, services

log = logging.getLogger(__name__)


async def sign_off(request: web.Request, user: tuple[int, str | None], ended: tuple[int, ...], *, work: bool) -> None:
    """End push connections, the telephone, and with ``work`` the working day.

    :param user: his id and his internal number.
    :param ended: the ids of his sessions that were ended.
    """
    its = services(request)
    user_id, extension = user
    for one in ended:
        await request.app[HUB].end_session(one)
    if extension is None or not ended:
        return
    its.sip.disconnect(extension, code=CloseCode.SESSION_ENDED)
    try:
        await its.accounts.close(extension)
    except Unavailable:
        log.warning("the SIP account of %s could not be withdrawn: Asterisk is down", extension)
    if work and its.desk.operator(user_id) is not None:
        try:
            await its.desk.end_work(user_id)
        except HotlineError as error:  # in a call: his talk goes on to its end, and then he is lost to the queue
            log.warning("user %d stays at work for now: %s", user_id, error.error_id)
