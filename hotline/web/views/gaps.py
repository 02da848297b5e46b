"""What was not recorded (peers 3.4): the gaps of a day, as a page and as CSV, and the mark in the list of calls."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from aiohttp import web

from hotline.archive.coverage import Gap
from hotline.archive.gaps import GapDay, GapLine, may_look
from hotline.errors import BadInput
from hotline.staff.model import User
from hotline.web.context import client_address, current_user, services
from hotline.web.forms import query_text
from hotline.web.i18n import current, gettext, local_time, mark, show_decimal, show_duration
from hotline.web.render import page
from hotline.web.titles import Mark, direction_mark

SHOWN = 200
"""Most lines of the page; the export has all."""
_HEADING = (
    mark("Key of the call"), mark("Started"), mark("Direction"), mark("Number"), mark("Operator"),
    mark("Talked, s"), mark("Recorded, s"), mark("Missing, s"),
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class GapRow:
    """A line of the page."""

    direction: Mark
    number: str | None
    started_at: datetime
    operator: str
    gap: Gap
    call_url: str | None
    recording_url: str | None


@dataclass(frozen=True, slots=True)
class GapsPage:
    """The page. ``day``, ``earlier`` and ``later`` are ISO 8601 dates; ``later`` is "" for today."""

    day: str
    earlier: str
    later: str
    today: str
    rows: list[GapRow]
    total: int
    calls: int
    share: str
    missing_s: float
    export_url: str


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the conversations of a day that are not wholly recorded; with ``format=csv``, all of them as a file."""
    its, user = services(request), current_user(request)
    today = local_time(its.clock.now()).date()
    day = _day(query_text(request, "day", limit=10), today)
    export = query_text(request, "format", limit=10)
    if export not in {"", "csv"}:
        raise BadInput("there is no such format", details={"format": "csv"})
    zone = current().zone
    start, end = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    found = await its.archive.gaps.of_day(user, start, end, ip=client_address(request), export=bool(export))
    if export:
        return _file(found.lines, day)
    return await page(request, "pages/gaps.html", {"page": _page(found, day, today, user)}, section="calls")


async def marks_of(request: web.Request, keys: Iterable[str]) -> dict[str, Mark]:
    """Return the marks of those calls that are not wholly recorded, for who may know it."""
    if not may_look(current_user(request)):
        return {}
    found = await services(request).archive.gaps.of_calls(keys)
    return {key: gap_mark(gap) for key, gap in found.items()}


def gap_mark(gap: Gap) -> Mark:
    """Show that a conversation is not wholly recorded."""
    hint = gettext("%(missing)s of %(talked)s were not recorded") % {
        "missing": show_duration(gap.missing_s),
        "talked": show_duration(gap.talked_s),
    }
    return Mark("red", "microphone-off", gettext("Gap of %(time)s") % {"time": show_duration(gap.missing_s)}, hint)


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError as error:
        raise BadInput("not a day", details={"day": "YYYY-MM-DD"}) from error
    if not date(2000, 1, 1) <= day <= today:
        raise BadInput("there are no calls of that day", details={"day": "from 2000-01-01 to today"})
    return day


def _page(found: GapDay, day: date, today: date, user: User) -> GapsPage:
    later = day + timedelta(days=1)
    return GapsPage(
        day=day.isoformat(),
        earlier=(day - timedelta(days=1)).isoformat(),
        later=later.isoformat() if later <= today else "",
        today=today.isoformat(),
        rows=[_row(line, user) for line in found.lines[:SHOWN]],
        total=len(found.lines),
        calls=found.report.calls,
        share=show_decimal(found.report.share * 100, 2),
        missing_s=sum(line.gap.missing_s for line in found.lines),
        export_url=f"/calls/gaps?{urlencode({'day': day.isoformat(), 'format': 'csv'})}",
    )


def _row(line: GapLine, user: User) -> GapRow:
    key = line.gap.call_key
    return GapRow(
        direction=direction_mark(line.direction),
        number=line.number,
        started_at=line.started_at,
        operator=line.operator,
        gap=line.gap,
        call_url=f"/calls/{key}/card" if user.may("appeal.create") else None,
        recording_url=f"/recordings/{key}/player" if line.recorded else None,
    )


def _file(lines: Iterable[GapLine], day: date) -> web.Response:
    """Write CSV (RFC 4180) as spreadsheets of our users open it: semicolons, and a byte order mark before UTF-8."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";")
    rows.writerow([gettext(word) for word in _HEADING])
    for line in lines:
        started = local_time(line.started_at).strftime("%Y-%m-%d %H:%M:%S")
        seconds = (line.gap.talked_s, line.gap.recorded_s, line.gap.missing_s)
        names = (line.gap.call_key, started, direction_mark(line.direction).word, line.number or "", line.operator)
        rows.writerow([*(_cell(one) for one in names), *(show_decimal(one, 1) for one in seconds)])
    return web.Response(
        body=text.getvalue().encode("utf-8-sig"),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="recording-gaps-{day.isoformat()}.csv"'},
    )


def _cell(text: str) -> str:
    # A caller chooses what his number says; a spreadsheet would run "=…" as a formula. An E.164 number is harmless.
    harmless = text.removeprefix("+").isdigit() or not text.startswith(_FORMULA)
    return text if harmless else f"'{text}"
