"""The operator's telephone account and state: «Начало работы», «Свободен», «Пауза», «Завершить» (S001-020…S001-024)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web

from hotline.queue.model import Operator, OperatorState
from hotline.softphone.ice import ice_servers
from hotline.staff.model import Right
from hotline.web.context import current_user, require_extension, require_right, services
from hotline.web.forms import json_body
from hotline.web.push_messages import operator_data
from hotline.web.services import Services
from hotline.web.views.admin_queue import standing_of


class StartBody(msgspec.Struct):
    """``microphone`` is the result of the page's check: without one there is no start (S001-021)."""

    microphone: bool = False


class PauseBody(msgspec.Struct):
    """Why the operator pauses: a code such as ``P02``."""

    reason: str


async def softphone(request: web.Request) -> web.Response:
    """Return the account with which the page registers its telephone. The password lives in memory only."""
    user = require_right(request, Right.CALL_TAKE, Right.CALL_MAKE)
    extension = require_extension(request)
    its = services(request)
    account = its.accounts.get(extension) or await its.accounts.open(extension, user.full_name)
    operator = its.desk.operator(user.id)
    websocket = its.settings.public_url.rstrip("/").replace("http", "ws", 1) + "/sip"
    return web.json_response(
        {
            "extension": extension,
            "uri": account.uri,
            "password": account.password,
            "ws": websocket,
            "ice_servers": _relays(its, user.id),
            "active": operator is not None and operator.state is not OperatorState.OFFLINE,
        }
    )


async def start(request: web.Request) -> web.Response:
    """«Начало работы»: level 1 joins the queue (S001-012); level 2 is reached by internal number (S001-016)."""
    user = require_right(request, Right.CALL_TAKE)
    extension = require_extension(request)
    body = await json_body(request, StartBody)
    its = services(request)
    standing = await standing_of(its, user)
    queues, places = tuple(standing), tuple(standing.values())
    first = next(iter(places), 0)
    return _answer(
        await its.desk.start_work(
            user.id, extension, microphone=body.microphone, queues=queues, penalty=first, places=places
        )
    )


async def stop(request: web.Request) -> web.Response:
    """«Завершить»: the operator leaves the queues."""
    return _answer(await services(request).desk.end_work(current_user(request).id))


async def ready(request: web.Request) -> web.Response:
    """«Свободен»: a pause or a wrap-up ends."""
    return _answer(await services(request).desk.go_ready(current_user(request).id))


async def pause(request: web.Request) -> web.Response:
    """«Пауза» for a reason; in a call it begins after it."""
    body = await json_body(request, PauseBody)
    return _answer(await services(request).desk.pause(current_user(request).id, body.reason))


async def more_time(request: web.Request) -> web.Response:
    """More time for the card after a call."""
    return _answer(await services(request).desk.extend_wrap_up(current_user(request).id))


def _relays(its: Services, user_id: int) -> list[dict[str, Any]]:
    """Return the TURN relay for one shift; nothing when the installation has none."""
    settings = its.settings
    until = its.clock.now() + timedelta(hours=settings.session_hours)
    return ice_servers(settings.turn_urls, settings.turn_secret.get_secret_value(), user_id, until)


def _answer(operator: Operator) -> web.Response:
    return web.Response(body=msgspec.json.encode(operator_data(operator)), content_type="application/json")
