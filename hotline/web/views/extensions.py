"""More time for an appeal: what was asked and decided, and that the citizen was told (T9, T10, 59-ФЗ art. 12)."""

from __future__ import annotations

from aiohttp import web

from hotline.web.context import current_user, services
from hotline.web.forms import form_fields, path_id
from hotline.web.i18n import gettext, mark
from hotline.web.render import fragment
from hotline.web.titles import Mark

_DECISIONS = {
    "pending": ("blue", "hourglass", mark("waits for a decision")),
    "approved": ("green", "calendar-check", mark("extended")),
    "refused": ("red", "calendar-x", mark("refused")),
}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the extensions of an appeal, as a piece of its page."""
    its, user, appeal_id = services(request), current_user(request), path_id(request)
    found = await its.deadlines.review.extensions(user, appeal_id)
    rows = []
    for one in found:
        colour, icon, word = _DECISIONS[one.decision]
        rows.append({"one": one, "mark": Mark(colour, icon, gettext(word))})
    context = {"appeal_id": appeal_id, "rows": rows, "to_tell": any(one.citizen_to_tell for one in found)}
    return fragment(request, "includes/extensions.html", context)


async def told(request: web.Request) -> web.StreamResponse:
    """Write down that the citizen was told of the new deadline."""
    its, user, appeal_id = services(request), current_user(request), path_id(request)
    await form_fields(request)
    await its.deadlines.review.citizen_told(user, appeal_id)
    return await listing(request)
