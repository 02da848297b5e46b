"""Supervisors: take part in a conversation (DAY-15), write to an operator, change his state."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hotline.errors import BadInput
from hotline.staff.model import Right, User
from hotline.supervision.messages import MessageKind
from hotline.supervision.model import Session, Wish
from hotline.web.api.calls import card_of
from hotline.web.context import current_user, services
from hotline.web.forms import json_body, path_id
from hotline.web.push_messages import operator_data
from hotline.web.services import Services
from hotline.web.supervision_data import message_data, session_data, told_data

WITH_CARD = frozenset({Wish.BARGE, Wish.TAKE})


class BeginBody(msgspec.Struct):
    """In whose conversation, how (``listen``, ``whisper``, ``barge``, ``take``), and why."""

    operator_id: int
    mode: str
    reason: str = ""


class ModeBody(msgspec.Struct):
    """How from now on."""

    mode: str


class ForceBody(msgspec.Struct):
    """``action``: ``pause`` (with its code), ``ready``, ``logout`` or ``wrap_up``; ``state``: what was seen."""

    action: str
    why: str = ""
    pause: str = ""
    state: str = ""


class MessageBody(msgspec.Struct):
    """One line."""

    text: str = ""


async def show(request: web.Request) -> web.Response:
    """Return in whose conversation the reader takes part, and who takes part in his, as far as he is told."""
    its, user = services(request), current_user(request)
    own, told = its.supervision.calls.of_supervisor(user.id), its.supervision.calls.told_to(user.id)
    by = await its.staff.user(told.supervisor_id) if told is not None else None
    return web.json_response({"own": await _data(its, user, own) if own else None, "told": told_data(told, by)})


async def begin(request: web.Request) -> web.Response:
    """Ring the own telephone and put it on an operator's conversation."""
    its, user = services(request), current_user(request)
    body = await json_body(request, BeginBody)
    wish = _wish(body.mode)
    card = await _card(its, user, body.operator_id, wish)
    session = await its.supervision.calls.begin(user, body.operator_id, wish, body.reason, card)
    return web.json_response(await _data(its, user, session))


async def change(request: web.Request) -> web.Response:
    """Change how one takes part."""
    its, user = services(request), current_user(request)
    wish = _wish((await json_body(request, ModeBody)).mode)
    own = its.supervision.calls.of_supervisor(user.id)
    card = await _card(its, user, own.operator_id, wish) if own is not None else None
    session = await its.supervision.calls.change(user, path_id(request), wish, card)
    return web.json_response(await _data(its, user, session))


async def end(request: web.Request) -> web.Response:
    """Leave the conversation, which goes on."""
    await services(request).supervision.calls.end(current_user(request), path_id(request))
    return web.json_response({})


async def force(request: web.Request) -> web.Response:
    """Change an operator's state for him; he is told by whom and why. Answers the new state."""
    its, user = services(request), current_user(request)
    body = await json_body(request, ForceBody)
    operator = await its.supervision.calls.operator_for(user, path_id(request))
    if body.action == MessageKind.MESSAGE or body.action not in set(MessageKind):
        raise BadInput("no such action", details={"action": "pause, ready, logout or wrap_up"})
    kind = MessageKind(body.action)
    found = await its.supervision.messages.force(user, operator, kind, body.why, pause=body.pause, seen=body.state)
    return web.Response(body=msgspec.json.encode(operator_data(found)), content_type="application/json")


async def send(request: web.Request) -> web.Response:
    """Write a line to an operator."""
    its, user = services(request), current_user(request)
    body = await json_body(request, MessageBody)
    operator = await its.supervision.calls.operator_for(user, path_id(request))
    sent = await its.supervision.messages.send(user, operator, body.text)
    return web.json_response({"id": sent.id})


async def messages(request: web.Request) -> web.Response:
    """Return what the reader has not confirmed yet."""
    found = await services(request).supervision.messages.unseen(current_user(request).id)
    return web.json_response({"messages": [message_data(one) for one in found]})


async def seen(request: web.Request) -> web.Response:
    """Confirm a message."""
    await services(request).supervision.messages.seen(current_user(request), path_id(request))
    return web.json_response({})


def _wish(mode: str) -> Wish:
    try:
        return Wish(mode)
    except ValueError:
        raise BadInput("no such mode", details={"mode": ", ".join(Wish)}) from None


async def _card(its: Services, user: User, operator_id: int, wish: Wish) -> str | None:
    """Return the operator's card of his present call, which goes along when the supervisor stays with the citizen."""
    if wish not in WITH_CARD or (wish is Wish.BARGE and not user.may(Right.APPEAL_CREATE)):
        return None  # who may have no card is not shown one while he only joins
    operator = await its.supervision.calls.operator_for(user, operator_id)
    state = its.desk.operator(operator_id)
    if state is None or state.call_key is None or its.live_call(state.call_key) is None:
        return None
    return await card_of(its, operator, state.call_key)


async def _data(its: Services, user: User, session: Session) -> dict[str, object]:
    return session_data(session, user, await its.staff.user(session.operator_id))
