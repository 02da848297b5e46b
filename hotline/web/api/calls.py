"""Control of a live call, acknowledged by Asterisk: hang up, hold, warm transfer with the card (S001-032, M-03)."""

from __future__ import annotations

import logging

import msgspec
from aiohttp import web

from hotline.cti.transfers import Transfer
from hotline.errors import Forbidden, NotFound, Unavailable
from hotline.journal.model import CardRef
from hotline.staff.model import Right, User
from hotline.web.context import require_extension, require_right, services
from hotline.web.forms import json_body
from hotline.web.services import Services

log = logging.getLogger(__name__)


class ConsultBody(msgspec.Struct):
    """Whom to ask: an internal number."""

    extension: str


async def consult(request: web.Request) -> web.Response:
    """Put the citizen on hold and ring a colleague; the card goes along."""
    user = require_right(request, Right.CALL_TRANSFER)
    extension = require_extension(request)
    body = await json_body(request, ConsultBody)
    key = request.match_info["key"]
    cti = services(request).cti_of(key)
    cti.control.find(key, extension)  # before a card is made for a call that is not his
    card = await _card_of(request, user, key)
    return _answer(await cti.transfers.consult(key, extension, body.extension.strip(), card))


async def complete(request: web.Request) -> web.Response:
    """Leave the citizen to the colleague."""
    extension = require_extension(request)
    key = request.match_info["key"]
    return _answer(await services(request).cti_of(key).transfers.complete(key, extension))


async def cancel(request: web.Request) -> web.Response:
    """Go back to the citizen."""
    extension = require_extension(request)
    key = request.match_info["key"]
    return _answer(await services(request).cti_of(key).transfers.cancel(key, extension))


async def hangup(request: web.Request) -> web.Response:
    """End the conversation."""
    extension = require_extension(request)
    key = request.match_info["key"]
    await services(request).cti_of(key).control.hangup(key, extension)
    return web.json_response({"call_key": key})


async def hold(request: web.Request) -> web.Response:
    """Put the citizen on hold with music."""
    extension = require_extension(request)
    key = request.match_info["key"]
    await services(request).cti_of(key).control.hold(key, extension)
    return web.json_response({"call_key": key})


async def resume(request: web.Request) -> web.Response:
    """Go back to the citizen."""
    extension = require_extension(request)
    key = request.match_info["key"]
    await services(request).cti_of(key).control.resume(key, extension)
    return web.json_response({"call_key": key})


async def _card_of(request: web.Request, user: User, key: str) -> str | None:
    """Return the reference of the operator's card of the call. The transfer goes on without one when it must."""
    its = services(request)
    try:
        saved = await _saved_as(its, user, key)
        if saved is not None:
            return str(saved)
        draft = await its.drafts.create_or_get(user, key, its.live_call(key))
    except (Unavailable, Forbidden) as error:
        log.warning("the call %s is transferred without its card: %s", key, error.error_id)
        return None
    return str(draft.ref)


async def _saved_as(its: Services, user: User, key: str) -> CardRef | None:
    """Return the appeal that the card of the call has become already, when it was saved during the talk."""
    try:
        row = await its.calls.get(user, key)
    except NotFound:
        return None
    return CardRef("appeal", row.appeals[-1][0]) if row.appeals else None


def _answer(transfer: Transfer) -> web.Response:
    return web.json_response(
        {
            "call_key": transfer.call_key,
            "to": transfer.to_extension,
            "state": transfer.state,
            "reason": transfer.reason,
            "card_id": transfer.card_id,
        }
    )
