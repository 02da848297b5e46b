"""Recording of a live call: pause for a private field, on demand for internal calls. Asterisk acknowledges it."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hotline.cti.recording_control import RecordingControl
from hotline.errors import NotFound
from hotline.staff.model import Right
from hotline.web.context import client_address, require_extension, require_right, services
from hotline.web.early import answered
from hotline.web.forms import json_body


class PauseBody(msgspec.Struct):
    """``field``: the name of the private field that has the focus, never what is in it."""

    field: str


class HoldBody(msgspec.Struct):
    """Why the recording must be kept; empty lifts the hold."""

    reason: str = ""


async def pause(request: web.Request) -> web.Response:
    """A private field has the focus: silence in the recording until it loses it, at most ``recording_pause_s``."""
    extension = require_extension(request)
    body = await json_body(request, PauseBody)
    key = request.match_info["key"]
    await answered(services(request), key, extension)  # a field may have the focus when the call is answered
    await _control(request, key).pause(key, extension, body.field)
    return _answer(request, key)


async def resume(request: web.Request) -> web.Response:
    """The private field has lost the focus."""
    extension = require_extension(request)
    key = request.match_info["key"]
    await _control(request, key).resume(key, extension)
    return _answer(request, key)


async def start(request: web.Request) -> web.Response:
    """Record an internal call."""
    require_right(request, Right.CALL_RECORD)
    extension = require_extension(request)
    key = request.match_info["key"]
    await _control(request, key).start(key, extension)
    return _answer(request, key)


async def stop(request: web.Request) -> web.Response:
    """Stop recording an internal call."""
    require_right(request, Right.CALL_RECORD)
    extension = require_extension(request)
    key = request.match_info["key"]
    await _control(request, key).stop(key, extension)
    return _answer(request, key)


async def hold(request: web.Request) -> web.Response:
    """Put a legal hold on a recording, or lift it."""
    user = require_right(request, Right.CALL_HOLD_RECORDING)
    body = await json_body(request, HoldBody)
    key = request.match_info["key"]
    await services(request).archive.hold(key, body.reason.strip(), user_id=user.id, ip=client_address(request))
    return web.json_response({"call_key": key, "held": bool(body.reason.strip())})


def _control(request: web.Request, key: str) -> RecordingControl:
    its = services(request)
    call = its.live_call(key)
    if call is None:
        raise NotFound("this call is over", error_id="no-such-call")
    return its.recording[call.asterisk]


def _answer(request: web.Request, key: str) -> web.Response:
    return web.json_response({"call_key": key, "paused": key in _control(request, key).paused})
