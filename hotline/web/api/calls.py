"""Control of a live call, acknowledged by Asterisk: hang up, hold, transfers with the card, parking, pick-up.

Requirements: S001-032, M-03.
"""

from __future__ import annotations

import logging

import msgspec
from aiohttp import web

from hotline.cti.commands import interface_of
from hotline.cti.model import Phase
from hotline.cti.transfer_service import TransferService
from hotline.cti.transfers import Transfer
from hotline.errors import Forbidden, NotFound, Unavailable
from hotline.journal.model import CardRef
from hotline.staff.model import Right, User
from hotline.web.context import require_extension, require_right, services
from hotline.web.early import answered
from hotline.web.forms import json_body
from hotline.web.phone import helped_queues
from hotline.web.services import Services

log = logging.getLogger(__name__)


class ConsultBody(msgspec.Struct):
    """Whom to ask: an internal number."""

    extension: str


class PickUpBody(msgspec.Struct):
    """Whose ringing call is taken; ``""``: the one of the group that has rung longest («*8»)."""

    extension: str = ""


async def consult(request: web.Request) -> web.Response:
    """Put the citizen on hold and ring a colleague; the card goes along."""
    transfers, key, own, to, card = await _going(request)
    return _answer(await transfers.consult(key, own, to, card))


async def transfer(request: web.Request) -> web.Response:
    """Send the citizen to a colleague at once; the card goes along. Does he not answer, the citizen comes back."""
    transfers, key, own, to, card = await _going(request)
    return _answer(await transfers.blind(key, own, to, card))


async def _going(request: web.Request) -> tuple[TransferService, str, str, str, str | None]:
    """Return what both transfers need: the service, the call, the own number, the colleague's, and the card."""
    user = require_right(request, Right.CALL_TRANSFER)
    own = require_extension(request)
    to = (await json_body(request, ConsultBody)).extension.strip()
    key = request.match_info["key"]
    its = services(request)
    cti = its.cti_of(key)
    await answered(its, key, own)
    cti.control.find(key, own)  # before a card is made for a call that is not his
    if interface_of(to) and to != own and not await _is_somebodys(its, to):
        raise NotFound("nobody has this number", error_id="no-such-colleague", details={"extension": to})
    card = await card_of(its, user, key)
    return cti.transfers, key, own, to, card


async def _is_somebodys(its: Services, extension: str) -> bool:
    try:
        return await its.staff.by_extension(extension) is not None
    except Unavailable:
        return True  # a dead database must not stop a transfer; Asterisk knows as well who is there


async def join(request: web.Request) -> web.Response:
    """Let the citizen join operator and colleague: three talk."""
    extension = require_extension(request)
    key = request.match_info["key"]
    return _answer(await services(request).cti_of(key).transfers.join(key, extension))


async def park(request: web.Request) -> web.Response:
    """Leave the citizen with music for anybody who takes him; answers the number of his place."""
    require_right(request, Right.CALL_TRANSFER)
    extension = require_extension(request)
    key = request.match_info["key"]
    await answered(services(request), key, extension)
    slot = await services(request).cti_of(key).control.park(key, extension)
    return web.json_response({"call_key": key, "slot": slot})


async def take(request: web.Request) -> web.Response:
    """Take a parked citizen: the own telephone rings with him. The card of who parked him comes along."""
    require_right(request, Right.CALL_TAKE, Right.CALL_TRANSFER)
    extension = require_extension(request)
    key = request.match_info["key"]
    its = services(request)
    cti = its.cti_of(key)
    live = its.live_call(key)
    card = None
    if live is not None and live.parked is not None and live.parked.by != extension:
        try:
            parker = await its.staff.by_extension(live.parked.by)
            card = await card_of(its, parker, key) if parker is not None else None
        except Unavailable:
            log.warning("the parked call %s is taken without its card: the database is away", key)
    return _answer(await cti.transfers.take(key, extension, card))


async def pick_up(request: web.Request) -> web.Response:
    """Take a call that rings at a colleague who works in the same queue: it rings at the own telephone instead.

    Who serves no queue, as level 2, may do so where he helps out (``call.pickup``).
    """
    user = require_right(request, Right.CALL_TAKE, Right.CALL_TRANSFER)
    own = require_extension(request)
    wanted = (await json_body(request, PickUpBody)).extension.strip()
    its = services(request)
    me = its.desk.at_extension(own)
    queues = {*(me.queues if me is not None else ()), *helped_queues(its, user)}
    ringing = [
        (call, extension)
        for cti in its.cti.values()
        for call in cti.calls.values()
        if call.phase is Phase.RINGING
        for extension in call.ringing
        if extension != own and wanted in {"", extension}
    ]
    for call, extension in sorted(ringing, key=lambda row: row[0].offered_at or row[0].started_at):
        colleague = its.desk.at_extension(extension)
        if colleague is not None and queues & set(colleague.queues):
            return _answer(await its.cti_of(call.key).transfers.pick_up(call.key, own))
    raise NotFound("no telephone of this group rings", error_id="nothing-to-pick-up")


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
    await answered(services(request), key, extension)
    await services(request).cti_of(key).control.hangup(key, extension)
    return web.json_response({"call_key": key})


async def hold(request: web.Request) -> web.Response:
    """Put the citizen on hold with music."""
    extension = require_extension(request)
    key = request.match_info["key"]
    await answered(services(request), key, extension)
    await services(request).cti_of(key).control.hold(key, extension)
    return web.json_response({"call_key": key})


async def resume(request: web.Request) -> web.Response:
    """Go back to the citizen."""
    extension = require_extension(request)
    key = request.match_info["key"]
    await services(request).cti_of(key).control.resume(key, extension)
    return web.json_response({"call_key": key})


async def card_of(its: Services, user: User, key: str) -> str | None:
    """Return the reference of the operator's card of the call. The transfer goes on without one when it must."""
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


COMMANDS = {
    "consult": consult,
    "complete": complete,
    "cancel": cancel,
    "join": join,
    "transfer": transfer,
    "park": park,
    "take": take,
    "hangup": hangup,
    "hold": hold,
    "resume": resume,
}
"""What an operator may ask for a live call, by the last part of the address."""
