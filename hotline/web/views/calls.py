"""The list of calls (S002-01) and their recordings (S002-02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hotline.archive.gaps import may_look
from hotline.journal.dispositions import names
from hotline.journal.model import CallRow
from hotline.softphone.quality_rules import LegQuality
from hotline.staff.model import Right, User
from hotline.web.call_sound import CallSound, sound_of
from hotline.web.context import current_user, services, wants_json
from hotline.web.forms import query_text
from hotline.web.i18n import local_time
from hotline.web.push_messages import at
from hotline.web.render import page
from hotline.web.titles import Mark, direction_mark, outcome_mark
from hotline.web.views.gaps import marks_of


@dataclass(frozen=True, slots=True)
class CallLine:
    """One line of the list as the template shows it."""

    url: str | None
    """The card of the call; for who may not fill cards, its appeal."""
    direction: Mark
    number: str | None
    started_at: datetime
    outcome: Mark
    wait_s: float
    talk_s: float
    operator_name: str
    appeal_url: str | None
    appeal_number: str
    key: str
    disposition: str
    note: str
    classify: bool
    """It waits for its characteristic."""
    may_classify: bool
    recording_url: str | None
    sound: CallSound | None
    gap: Mark | None
    """Part of the talk was not recorded."""
    masked: bool
    """The number is hidden: there is nothing to dial."""
    rating: int | None
    """What the citizen said of it, 1 to 5."""
    day: str
    """When it began, in the organisation's zone: ISO 8601."""


@dataclass(frozen=True, slots=True)
class CallsPage:
    """The list with its surroundings."""

    rows: list[CallLine]
    next_url: str | None
    first_url: str | None
    unclassified: bool = False
    gaps: bool = False
    """The reader may see what was not recorded."""


def call_line(row: CallRow, user: User, legs: tuple[LegQuality, ...] = (), gap: Mark | None = None) -> CallLine:
    """Return a line of the list as the template shows it."""
    appeal = row.appeals[0] if row.appeals else None
    appeal_url = f"/appeals/{appeal[0]}" if appeal else None
    return CallLine(
        url=f"/calls/{row.key}/card" if user.may(Right.APPEAL_CREATE) else appeal_url,
        direction=direction_mark(row.direction),
        number=row.caller if row.direction == "in" else row.dialled,
        started_at=row.started_at,
        outcome=outcome_mark(row.outcome),
        wait_s=row.wait_s,
        talk_s=row.talk_s,
        operator_name=row.operator or "",
        appeal_url=appeal_url,
        appeal_number=appeal[1] if appeal else "",
        key=row.key,
        disposition=row.disposition or "",
        note=row.disposition_note,
        classify=row.classify,
        may_classify=row.direction != "internal" and row.ended_at is not None and names(user, row),
        recording_url=f"/recordings/{row.key}/player" if row.recorded and row.ended_at else None,
        sound=sound_of(legs),
        gap=gap,
        masked=row.masked,
        rating=row.rating,
        day=local_time(row.started_at).date().isoformat(),
    )


def call_data(row: CallRow) -> dict[str, Any]:
    """Return a line of the list for programs (docs/api.md). Seconds are numbers, moments ISO 8601 in UTC."""
    names = ("key", "direction", "phase", "caller", "dialled", "queue", "wait_s", "talk_s", "outcome", "ended_by")
    return {
        **{name: getattr(row, name) for name in names},
        **{name: at(getattr(row, name)) for name in ("started_at", "answered_at", "ended_at")},
        "operator": row.operator,
        "recorded": row.recorded,
        "masked": row.masked,
        "appeals": [{"id": number, "number": text} for number, text in row.appeals],
    }


async def recent(request: web.Request) -> web.Response:
    """Return the last twenty calls of the reader's telephone (DAY-04): ``[{id, number, direction, at, answered}]``."""
    found = await services(request).card.recent.of(current_user(request))
    rows = [
        {
            "id": one.key,
            "number": one.number,
            "direction": "out" if one.placed else "in",
            "at": at(one.at),
            "answered": one.answered,
        }
        for one in found
    ]
    return web.json_response(rows)


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the calls that the user may see, newest first; to a program that asks for it, as JSON."""
    after = query_text(request, "after") or None
    user = current_user(request)
    unclassified = query_text(request, "unclassified", limit=1) == "1"
    found = await services(request).lists.calls(user, after=after, unclassified=unclassified)
    query = {"unclassified": "1"} if unclassified else {}
    if wants_json(request):
        body = {"calls": [call_data(row) for row in found.rows], "after": found.after}
        return web.Response(body=msgspec.json.encode(body), content_type="application/json")
    sound = await services(request).quality.of_calls(row.key for row in found.rows)
    gaps = await marks_of(request, [row.key for row in found.rows])
    view = CallsPage(
        rows=[call_line(row, user, sound.get(row.key, ()), gaps.get(row.key)) for row in found.rows],
        next_url=f"/calls?{urlencode({**query, 'after': found.after})}" if found.after else None,
        first_url=f"/calls?{urlencode(query)}" if after else None,
        unclassified=unclassified,
        gaps=may_look(user),
    )
    return await page(request, "pages/calls.html", {"page": view}, section="calls")
