"""Statistics (R-09): the table, its chart, the calls behind a figure, the file, and the proof."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.masking import hides_number, tail
from hotline.staff.model import User
from hotline.staff.sight import Reach
from hotline.stats.check import Result
from hotline.stats.model import Answer, Figures, Group
from hotline.stats.reports import is_long
from hotline.stats.service import Period, Statistics
from hotline.web.context import current_user, services
from hotline.web.forms import query_text
from hotline.web.i18n import gettext, mark, show_date
from hotline.web.render import page
from hotline.web.spreadsheet import CSV_TYPE, XLSX_TYPE, Sheet, Value, csv_bytes
from hotline.web.stats_columns import COLUMNS, Column, chosen, differs
from hotline.web.titles import direction_mark

GROUPS = {
    Group.DAY: mark("Day"),
    Group.HOUR: mark("Hour"),
    Group.QUARTER: mark("Quarter of an hour"),
    Group.QUEUE: mark("Queue"),
    Group.OPERATOR: mark("Operator"),
    Group.TOPIC: mark("Topic"),
}
WEEK = 7
BAR_HEIGHT = 100
BAR_WIDTH = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    period: Period
    group: Group
    queue: str
    columns: tuple[Column, ...]
    chosen: bool
    """The reader has chosen columns himself."""

    def url(self, path: str = "/statistics", **more: str) -> str:
        """Return the address that asks for the same; ``more`` replaces or adds."""
        query = {"from": self.period.first.isoformat(), "to": self.period.last.isoformat(), "by": self.group.value}
        query |= {"queue": self.queue} if self.queue else {}
        pairs = list((query | more).items())
        pairs += [("col", column.code) for column in self.columns] if self.chosen else []
        return f"{path}?{urlencode(pairs)}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure. ``url``: the calls behind it."""

    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table."""

    name: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour of the chart, in units of its drawing: from the left, and the heights of both bars."""

    x: int
    offered: float
    answered: float
    hint: str
    label: str


@dataclass(frozen=True, slots=True)
class StatsPage:
    """The page."""

    asked: Asked
    lines: list[Line]
    total: Line
    before: Line
    bars: list[Bar]
    width: int
    empty: bool
    presets: list[tuple[str, str]]
    csv_url: str
    xlsx_url: str
    proof: bool


async def show(request: web.Request) -> web.StreamResponse:
    """Show the figures of a period; with ``format=csv`` or ``xlsx``, as a file."""
    user, statistics = current_user(request), services(request).statistics
    today = services(request).clock.now().astimezone(statistics.zone_of(user)).date()
    asked = read_asked(request, today)
    kind = query_text(request, "format", limit=4)
    if kind not in {"", "csv", "xlsx"}:
        raise BadInput("there is no such format", details={"format": "csv or xlsx"})
    if is_long(asked.period):
        if kind:
            raise BadInput("this period is counted in the background", error_id="long-period")
        return await _offered(request, asked, today)
    if kind:
        question = await statistics.question(user, asked.period, asked.group, asked.queue or None)
        answer = await statistics.compute(question)
        names = await statistics.names(asked.group, answer.rows)
        columns = [column.code for column in asked.columns]
        await statistics.exported(user, question, {"format": kind, "columns": columns, "rows": len(answer.rows)})
        return await as_file(asked, answer, names, kind)
    answer, before, hours = await asyncio.gather(
        statistics.ask(user, asked.period, asked.group, asked.queue or None),
        statistics.ask(user, asked.period.before, asked.group, asked.queue or None),
        statistics.ask(user, asked.period, Group.HOUR, asked.queue or None),
    )
    names = await statistics.names(asked.group, answer.rows)
    queues = await _queues(statistics)
    view = build_page(asked, answer, before, hours, names, user, today)
    context = {"page": view, "groups": GROUPS, "columns": COLUMNS, "queues": queues, "long": False}
    return await page(request, "pages/statistics.html", context, section="statistics")


async def _queues(statistics: Statistics) -> list[tuple[str, str]]:
    """Return the queues that one can choose: code and name."""
    titles = await statistics.names(Group.QUEUE, ())
    return [(code, titles.get(code, code)) for code in await statistics.queues()]


async def _offered(request: web.Request, asked: Asked, today: date) -> web.StreamResponse:
    """Show the filters of a long period, and offer to count it in the background."""
    user, its = current_user(request), services(request)
    await its.statistics.question(user, asked.period, asked.group, asked.queue or None)
    context = {
        "page": {
            "asked": asked, "empty": True, "presets": list(_presets(asked, today)),
            "proof": user.sight.calls.covers(Reach.ACTIVE),
        },
        "groups": GROUPS, "columns": COLUMNS, "queues": await _queues(its.statistics), "long": True,
    }  # fmt: skip
    return await page(request, "pages/statistics.html", context, section="statistics")


async def calls(request: web.Request) -> web.StreamResponse:
    """Show exactly the calls that a figure counts."""
    user, statistics = current_user(request), services(request).statistics
    asked = read_asked(request, services(request).clock.now().astimezone(statistics.zone_of(user)).date())
    figure, key = query_text(request, "figure", limit=40), query_text(request, "key", limit=80)
    question = await statistics.question(user, asked.period, asked.group, asked.queue or None)
    after = query_text(request, "after", limit=60)
    found = await statistics.behind(user, question, figure, key or None, after)
    people = await statistics.names(Group.OPERATOR, {str(one.operator_id) for one in found.calls if one.operator_id})
    rows = [
        {
            "call": one,
            "direction": direction_mark(one.direction),
            "number": tail(one.number or "") if hides_number(user, one.direction, one.operator_id) else one.number,
            "operator": people.get(str(one.operator_id), ""),
        }
        for one in found.calls
    ]
    mine = {"figure": figure, **_of_row(key)}
    row_name = (await statistics.names(asked.group, [key])).get(key, key) if key else gettext("Total")
    context = {
        "rows": rows, "figure": gettext(COLUMNS[figure].title), "row_name": _name(asked.group, row_name),
        "back": asked.url(), "period": asked.period,
        "page": {
            "first_url": asked.url("/statistics/calls", **mine) if after else "",
            "next_url": asked.url("/statistics/calls", **mine, after=found.after) if found.after else "",
        },
    }  # fmt: skip
    return await page(request, "pages/statistics_calls.html", context, section="statistics")


async def check(request: web.Request) -> web.StreamResponse:
    """Show the last comparison with Asterisk's logs."""
    result: Result | None = await services(request).stats_check.last(current_user(request))
    return await page(
        request, "pages/statistics_check.html", {"result": result, "differs": differs}, section="statistics"
    )


def read_asked(request: web.Request, today: date) -> Asked:
    """Read the address.

    :raises BadInput: a day or a grouping that there is not.
    """
    last = _day(query_text(request, "to", limit=10), today, "to")
    first = _day(query_text(request, "from", limit=10), last - timedelta(days=WEEK - 1), "from")
    group = query_text(request, "by", limit=10) or Group.DAY
    if group not in list(Group):
        raise BadInput("there is no such grouping", details={"by": ", ".join(Group)})
    codes = [code for code in request.query.getall("col", []) if code in COLUMNS]
    return asked_of(Period(first, last), Group(group), query_text(request, "queue", limit=80), codes)


def asked_of(period: Period, group: Group, queue: str, codes: Sequence[str]) -> Asked:
    """Return what is asked with these columns; none: those of who has chosen none."""
    return Asked(period, group, queue, tuple(chosen(list(codes))), bool(codes))


def _day(text: str, default: date, name: str) -> date:
    try:
        day = date.fromisoformat(text) if text else default
    except ValueError as error:
        raise BadInput("not a day", details={name: "YYYY-MM-DD"}) from error
    if not date(2000, 1, 1) <= day < date(2100, 1, 1):
        raise BadInput("not a day", details={name: "from 2000 to 2099"})
    return day


def build_page(
    asked: Asked,
    answer: Answer,
    before: Answer,
    hours: Answer,
    names: dict[str, str],
    user: User,
    today: date,
) -> StatsPage:
    """Put the page together; ``before`` and ``hours`` are of the period before and of the chart."""
    lines = [
        _line(asked, _name(asked.group, names.get(key, key)), figures, key) for key, figures in answer.rows.items()
    ]
    if asked.group in {Group.OPERATOR, Group.TOPIC}:
        lines.sort(key=lambda line: line.name)
    bars = list(_bars(hours))
    earlier = asked.period.before
    return StatsPage(
        asked=asked,
        lines=lines,
        total=_line(asked, gettext("Total"), answer.total, ""),
        before=Line(
            gettext("Before: %(first)s to %(last)s")
            % {"first": show_date(earlier.first), "last": show_date(earlier.last)},
            [Cell(column.shown(before.total), None) for column in asked.columns],
        ),
        bars=bars,
        width=24 * BAR_WIDTH,
        empty=not answer.rows,
        presets=list(_presets(asked, today)),
        csv_url=asked.url(format="csv"),
        xlsx_url=asked.url(format="xlsx"),
        proof=user.sight.calls.covers(Reach.ACTIVE),
    )


def _line(asked: Asked, name: str, figures: Figures, key: str) -> Line:
    cells = [
        Cell(
            column.shown(figures),
            asked.url("/statistics/calls", figure=column.code, **_of_row(key))
            if column.countable and column.value(figures)
            else None,
        )
        for column in asked.columns
    ]
    return Line(name, cells)


def _of_row(key: str) -> dict[str, str]:
    return {"key": key} if key else {}


def _name(group: Group, key: str) -> str:
    if group is Group.DAY and len(key) == len("2026-11-20") and key[:4].isdigit():
        return show_date(date.fromisoformat(key))
    return f"{key}:00" if group is Group.HOUR and key.isdigit() else key


def _bars(hours: Answer) -> Iterator[Bar]:
    most = max((figures.offered for figures in hours.rows.values()), default=0)
    for hour in range(24):
        figures = hours.rows.get(f"{hour:02}", Figures())
        scale = BAR_HEIGHT / most if most else 0
        hint = gettext("%(hour)s:00 · offered %(offered)s, answered %(answered)s") % {
            "hour": f"{hour:02}",
            "offered": figures.offered,
            "answered": figures.answered,
        }
        offered, answered = round(figures.offered * scale, 1), round(figures.answered * scale, 1)
        yield Bar(hour * BAR_WIDTH, offered, answered, hint, f"{hour:02}")


def _presets(asked: Asked, today: date) -> Iterator[tuple[str, str]]:
    month = today.replace(day=1)
    earlier = (month - timedelta(days=1)).replace(day=1)
    for title, first, last in (
        (gettext("Today"), today, today),
        (gettext("Yesterday"), today - timedelta(days=1), today - timedelta(days=1)),
        (gettext("7 days"), today - timedelta(days=WEEK - 1), today),
        (gettext("This month"), month, today),
        (gettext("Last month"), earlier, month - timedelta(days=1)),
    ):
        yield title, asked.url(**{"from": first.isoformat(), "to": last.isoformat()})


async def as_file(asked: Asked, answer: Answer, names: dict[str, str], kind: str) -> web.Response:
    """Answer the table as a file of this kind, ``csv`` or ``xlsx``."""
    heading = [gettext(GROUPS[asked.group]), *(_titled(column) for column in asked.columns)]
    table: list[Sequence[Value]] = [
        [_name(asked.group, names.get(key, key)), *(column.cell(figures) for column in asked.columns)]
        for key, figures in answer.rows.items()
    ]
    table.append([gettext("Total"), *(column.cell(answer.total) for column in asked.columns)])
    name = f"statistics-{asked.period.first.isoformat()}-{asked.period.last.isoformat()}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if kind == "csv":
        body = csv_bytes([heading, *table], first=True)
        return web.Response(body=body, content_type=CSV_TYPE, charset="utf-8", headers=headers)
    return web.Response(
        body=await asyncio.to_thread(_workbook, heading, table), content_type=XLSX_TYPE, headers=headers
    )


def _workbook(heading: list[str], table: list[Sequence[Value]]) -> bytes:
    sheet = Sheet(gettext("Statistics"), heading)
    sheet.append(table)
    with sheet.save() as file:
        return file.read()


def _titled(column: Column) -> str:
    units = {"seconds": gettext("s"), "share": "%"}
    title = gettext(column.title)
    return f"{title}, {units[column.unit]}" if column.unit in units else title
