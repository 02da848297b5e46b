"""What the forms of the administration share: the version that was read, wrong fields, the answer after saving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hotline.errors import BadInput, Conflict, HotlineError
from hotline.staff.admin_model import Change
from hotline.web.context import wants_json
from hotline.web.failures import details_of, text_of
from hotline.web.i18n import gettext, mark
from hotline.web.render import page

REFUSALS = (BadInput, Conflict)
"""What a form shows beside its fields; anything else is a page of its own."""


def version_of(sent: Mapping[str, str]) -> int:
    """Return the version that the form was made from.

    :raises BadInput: it is missing or no number.
    """
    text = sent.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadInput("the version that was edited is missing", details={"version": "required"})
    return int(text)


def ticked(sent: Mapping[str, str], prefix: str) -> frozenset[str]:
    """Return the codes of ticked boxes named ``<prefix><code>``."""
    return frozenset(name.removeprefix(prefix) for name, value in sent.items() if name.startswith(prefix) and value)


async def refused(
    request: web.Request, error: HotlineError, template: str, context: Mapping[str, Any]
) -> web.StreamResponse:
    """Show the form again with what was typed and what is wrong with it; raise for a program that reads JSON."""
    if wants_json(request):
        raise error
    shown = {"problem": text_of(error), "errors": details_of(error), **context}
    return await page(request, template, shown, section="admin", status=error.status)


def saved(request: web.Request, address: str, **answer: object) -> web.Response:
    """Answer a change: its page for a person, JSON for a program."""
    if wants_json(request):
        return web.json_response(answer)
    return web.Response(status=303, headers={"Location": address})


_NOTES = {
    "created": mark("created"),
    "password": mark("temporary password given"),
    "password link": mark("link to choose a password made"),
    "password link taken back": mark("link to choose a password taken back"),
    "password chosen by link": mark("password chosen by link"),
    "unlocked": mark("unlocked"),
    "created by sign-on": mark("created by the organisation's sign-on"),
    "roles by sign-on": mark("roles by the organisation's sign-on"),
    "second factor set up": mark("second factor set up"),
    "second factor reset": mark("second factor reset"),
    "recovery codes": mark("new recovery codes made"),
    "session ended": mark("session ended"),
    "heading": mark("heading"),
    "revoked": mark("taken back"),
    "new secret": mark("new secret"),
    "switched on": mark("switched on"),
    "switched off": mark("switched off"),
    "switched off by itself": mark("switched off by itself"),
    "sent again": mark("sent again"),
}


def note_title(note: str) -> str:
    """Name what a line of a history did besides changing fields."""
    return gettext(_NOTES[note]) if note in _NOTES else note


def undo_of(change: Change, current: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the fields that lead back to what was before ``change``; ``None`` when it changed no field.

    The rest of the form stays as it is now: only what this change touched goes back.
    """
    if not change.before or change.note == "created":
        return None
    back = {name: value for name, value in change.before.items() if current.get(name) != value}
    return back or None
