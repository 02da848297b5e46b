"""Autosave of the registration card (DAY-17)."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hotline.errors import BadInput, Conflict, Forbidden
from hotline.staff.model import Right
from hotline.web.context import current_user, require_right, services
from hotline.web.early import takes_part
from hotline.web.forms import MAX_FIELDS, json_body, path_id
from hotline.web.push_messages import at

MAX_KEY = 100
"""Letters of a call's key; ours have some thirty."""
TEXT_LIMIT = 99_999
"""Letters in one field (S003-114)."""


class DraftBody(msgspec.Struct):
    """What the card sends: the revision it is based on, and all its fields."""

    rev: int
    fields: dict[str, str]
    call_key: str | None = None


class DraftOfCall(msgspec.Struct):
    """The call whose card was begun on paper, or of which only the telephone has told: ``number`` is its INVITE's."""

    call_key: str
    number: str = ""


async def create(request: web.Request) -> web.Response:
    """Return the user's draft of a call, made when he has none: ``{id, rev}`` (DAY-20).

    The call may be one that nobody could write down; while it goes on it must be his.
    """
    user = require_right(request, Right.APPEAL_CREATE)
    body = await json_body(request, DraftOfCall)
    its, key = services(request), body.call_key.strip()
    if not key or len(key) > MAX_KEY:
        raise BadInput("which call?", details={"call_key": "required"})
    live = its.live_call(key)
    if live is not None and not user.may(Right.CALL_MONITOR) and not takes_part(its, live, user.extension):
        raise Forbidden("this call is not offered to you")
    draft = await its.drafts.create_or_get(user, key, live, number=body.number[:MAX_KEY])
    return web.json_response({"id": draft.id, "rev": draft.rev})


async def save(request: web.Request) -> web.Response:
    """Store the card as it is now; ``{rev, saved_at}``. 409 with the stored draft when ``rev`` is stale."""
    body = await json_body(request, DraftBody)
    if len(body.fields) > MAX_FIELDS:
        raise BadInput("the card has too many fields", error_id="bad-form")
    long = {name: f"at most {TEXT_LIMIT} characters" for name, text in body.fields.items() if len(text) > TEXT_LIMIT}
    zero = {name: "zero character" for name, text in body.fields.items() if "\x00" in name + text}
    if problems := long | zero:
        raise BadInput("the draft cannot be saved", details=problems)
    try:
        draft = await services(request).drafts.save(
            current_user(request), path_id(request), body.rev, body.fields, body.call_key or None
        )
    except Conflict as error:
        # The page's script wants the stored draft itself: {rev, saved_at, fields}.
        stored = error.details.get("draft")
        if not isinstance(stored, dict):
            raise
        raise Conflict(error.message, error_id=error.error_id, details=stored) from error
    return web.json_response({"rev": draft.rev, "saved_at": at(draft.saved_at)})
