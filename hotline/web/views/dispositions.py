"""The panel that asks for the characteristic of a call (S002-20): after the call, or from the list of calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.dispositions import FREQUENT
from hotline.staff.model import Right
from hotline.web.context import require_right, services
from hotline.web.forms import query_text
from hotline.web.render import fragment
from hotline.web.titles import Mark, direction_mark


@dataclass(frozen=True, slots=True)
class Choice:
    """One characteristic; ``key`` is the digit that chooses it together with Alt, or empty."""

    code: str
    title: str
    needs_note: bool
    key: str


@dataclass(frozen=True, slots=True)
class DispositionPanel:
    """One call and what it may be called. ``others``: how many more calls of the operator wait."""

    call_key: str
    direction: Mark
    number: str | None
    started_at: datetime
    talk_s: float
    chosen: str
    note: str
    choices: list[Choice]
    others: int
    waiting: int


async def panel(request: web.Request) -> web.Response:
    """Show the panel for ``?call=``, or for the latest of the user's calls that waits; 204 when none does."""
    user = require_right(request, Right.CALL_TAKE, Right.CALL_MAKE, Right.CALL_MONITOR)
    its = services(request)
    wanted = query_text(request, "call", limit=64)
    waiting = await its.dispositions.unclassified(user)
    key = wanted or next(iter(waiting.keys), "")
    if not key:
        return web.Response(status=204)
    row, choices = await its.dispositions.choices(user, key)
    if not choices:
        raise BadInput("an internal call has no characteristic", error_id="internal-call")
    view = DispositionPanel(
        call_key=row.key,
        direction=direction_mark(row.direction),
        number=row.caller if row.direction == "in" else row.dialled,
        started_at=row.started_at,
        talk_s=row.talk_s,
        chosen=row.disposition_code or "",
        note=row.disposition_note,
        choices=[
            Choice(one.code, one.title, one.needs_note, str(place) if place <= FREQUENT else "")
            for place, one in enumerate(choices, 1)
        ],
        others=waiting.count - (row.key in waiting.keys),
        waiting=waiting.count,
    )
    return fragment(request, "includes/disposition_form.html", {"panel": view})
