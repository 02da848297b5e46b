"""Figures of quality by operator, criterion, queue and day, with export (R-14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from aiohttp import web

from hotline.errors import BadInput
from hotline.scoring.report import OperatorScore, Rated, Report
from hotline.web.context import current_user, services
from hotline.web.forms import query_text
from hotline.web.i18n import gettext, mark, show_date
from hotline.web.render import page
from hotline.web.spreadsheet import CSV_TYPE, XLSX_TYPE, Sheet, Value, csv_bytes

DAYS = 30
GROUPS = {
    "operator": mark("Operator"),
    "criterion": mark("Criterion"),
    "queue": mark("Queue"),
    "day": mark("Day"),
}
_RATED = (mark("Asked"), mark("Answered"), mark("Mean of 1 to 5"), mark("CSAT, %"), mark("NPS"))
_SCORED = (
    mark("Conversations"),
    mark("Mean score, %"),
    mark("Fatal errors"),
    mark("Not agreed"),
    mark("Changed afterwards"),
)
_CRITERIA = (mark("Sheet"), mark("Answers"), mark("Fulfilled, %"), mark("Failed"), mark("Did not apply"))


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the page and the file show it; the first column is the name of the row."""

    heading: tuple[str, ...]
    rows: list[list[Value]]
    total: list[Value] | None


async def show(request: web.Request) -> web.StreamResponse:
    """Show the figures, or give them out as a file."""
    its, user = services(request), current_user(request)
    today = its.clock.now().astimezone(user.organisation.zone(its.settings.zone)).date()
    last = _day(query_text(request, "to", limit=10), today, "to")
    first = _day(query_text(request, "from", limit=10), last - timedelta(days=DAYS - 1), "from")
    group = query_text(request, "by", limit=10) or "operator"
    if group not in GROUPS:
        raise BadInput("there is no such grouping", details={"by": ", ".join(GROUPS)})
    table = _TABLES[group](await its.quality_report.of(user, first, last))
    kind = query_text(request, "format", limit=4)
    if kind:
        return await _file(kind, table, f"quality-{group}-{first.isoformat()}-{last.isoformat()}")
    query = {"from": first.isoformat(), "to": last.isoformat(), "by": group}
    context = {
        "table": table,
        "groups": GROUPS,
        "group": group,
        "first": first,
        "last": last,
        "csv_url": f"/quality/report?{urlencode({**query, 'format': 'csv'})}",
        "xlsx_url": f"/quality/report?{urlencode({**query, 'format': 'xlsx'})}",
        "shown": _shown,
    }
    return await page(request, "pages/quality_report.html", context, section="quality")


def _rated(one: Rated) -> list[Value]:
    return [one.asked, len(one.scores), one.mean, one.csat, one.nps]


def _operator(name: str, one: OperatorScore) -> list[Value]:
    return [name, one.reviews, one.mean, one.fatal, one.disputed, one.changed, *_rated(one.rated)]


def _operators(report: Report) -> Table:
    heading = _heading("operator", (*_SCORED, *_RATED))
    return Table(
        heading, [_operator(one.operator, one) for one in report.operators], _operator(gettext("Total"), report.total)
    )


def _criteria(report: Report) -> Table:
    rows: list[list[Value]] = [
        [one.title, one.sheet, len(one.shares), one.mean, one.failed, one.skipped] for one in report.criteria
    ]
    return Table(_heading("criterion", _CRITERIA), rows, None)


def _queues(report: Report) -> Table:
    rows: list[list[Value]] = [[name or "—", *_rated(one)] for name, one in report.queues]
    return Table(_heading("queue", _RATED), rows, [gettext("Total"), *_rated(report.total.rated)])


def _days(report: Report) -> Table:
    rows: list[list[Value]] = [[show_date(day), *_rated(one)] for day, one in report.days]
    return Table(_heading("day", _RATED), rows, [gettext("Total"), *_rated(report.total.rated)])


_TABLES: dict[str, Callable[[Report], Table]] = {
    "operator": _operators,
    "criterion": _criteria,
    "queue": _queues,
    "day": _days,
}


def _heading(group: str, titles: Sequence[str]) -> tuple[str, ...]:
    return (gettext(GROUPS[group]), *(gettext(title) for title in titles))


def _shown(value: Value) -> str:
    if value is None:
        return "—"
    return f"{value:g}".replace(".", ",") if isinstance(value, float) else str(value)


async def _file(kind: str, table: Table, name: str) -> web.StreamResponse:
    rows = [*table.rows, *([table.total] if table.total else [])]
    if kind == "csv":
        body, content_type = csv_bytes([table.heading, *rows], first=True), CSV_TYPE
    elif kind == "xlsx":
        sheet = Sheet(name, table.heading)
        sheet.append(rows)
        with sheet.save() as file:
            body, content_type = file.read(), XLSX_TYPE
    else:
        raise BadInput("there is no such format", details={"format": "csv, xlsx"})
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return web.Response(body=body, content_type=content_type, headers=headers)


def _day(text: str, default: date, name: str) -> date:
    try:
        day = date.fromisoformat(text) if text else default
    except ValueError as error:
        raise BadInput("not a day", details={name: "YYYY-MM-DD"}) from error
    if not date(2000, 1, 1) <= day < date(2100, 1, 1):
        raise BadInput("not a day", details={name: "from 2000 to 2099"})
    return day
