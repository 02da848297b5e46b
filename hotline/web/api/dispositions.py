"""The characteristic of a call through the API (S002-20), and the number that a person wants to call."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hotline.journal.dialling import number_to_dial
from hotline.staff.model import Right
from hotline.web.context import require_right, services
from hotline.web.forms import json_body


class DispositionBody(msgspec.Struct):
    """``code`` of the characteristic (``D01`` …); ``note`` where it needs one (S002-21)."""

    code: str
    note: str = ""


class DialBody(msgspec.Struct):
    """What was typed or clicked."""

    number: str


async def classify(request: web.Request) -> web.Response:
    """Give a call its characteristic. ``waiting`` counts the user's calls that are still without one."""
    user = require_right(request, Right.CALL_TAKE, Right.CALL_MAKE, Right.CALL_MONITOR)
    body = await json_body(request, DispositionBody)
    its = services(request)
    row = await its.dispositions.set(user, request.match_info["key"], body.code, body.note)
    waiting = await its.dispositions.unclassified(user)
    return web.json_response(
        {
            "call_key": row.key,
            "code": row.disposition_code,
            "title": row.disposition,
            "note": row.disposition_note,
            "waiting": waiting.count,
        }
    )


async def dial(request: web.Request) -> web.Response:
    """Return a number as the exchange takes it, or say what is wrong with it before anything rings."""
    user = require_right(request, Right.CALL_MAKE)
    body = await json_body(request, DialBody)
    settings = services(request).settings
    found = number_to_dial(
        body.number, own=user.extension, area_code=settings.area_code, international=settings.international
    )
    return web.json_response({"number": found.number, "kind": found.kind})
