"""Statistics of long periods: asked for, watched while they are counted, taken when they are ready (issue 5)."""

from __future__ import annotations

from aiohttp import web

from hotline.errors import BadInput, Conflict
from hotline.stats.reports import Report, ReportState
from hotline.web.context import current_user, services, wants_json
from hotline.web.forms import form_fields, query_text
from hotline.web.i18n import mark
from hotline.web.render import page
from hotline.web.stats_columns import COLUMNS
from hotline.web.views.statistics import GROUPS, Asked, as_file, asked_of, build_page, read_asked

HOME = "/statistics/reports"
STATES = {
    ReportState.WAITING: (mark("Waits its turn"), "hourglass"),
    ReportState.WORKING: (mark("Being counted"), "refresh"),
    ReportState.DONE: (mark("Ready"), "circle-check"),
    ReportState.FAILED: (mark("Could not be counted"), "alert-triangle"),
}


async def ask(request: web.Request) -> web.StreamResponse:
    """Ask for the report that the address describes."""
    its, user = services(request), current_user(request)
    await form_fields(request)  # the token of the form is checked where it is read
    today = its.clock.now().astimezone(its.statistics.zone_of(user)).date()
    asked = read_asked(request, today)
    columns = tuple(column.code for column in asked.columns) if asked.chosen else ()
    report_id = await its.reports.ask(user, asked.period, asked.group, asked.queue, columns)
    if wants_json(request):
        return web.json_response({"id": report_id}, status=202)
    return web.Response(status=303, headers={"Location": f"{HOME}/{report_id}"})


async def listing(request: web.Request) -> web.StreamResponse:
    """Show one's own reports, newest first."""
    found = await services(request).reports.mine(current_user(request))
    context = {
        "reports": [(one, _asked(one)) for one in found],
        "states": STATES,
        "groups": GROUPS,
        "busy": any(one.finished_at is None for one in found),
    }
    return await page(request, "pages/statistics_reports.html", context, section="statistics")


async def show(request: web.Request) -> web.StreamResponse:
    """Show how far a report is, or its figures; with ``format=csv`` or ``xlsx``, as a file."""
    its, user = services(request), current_user(request)
    report = await its.reports.get(user, int(request.match_info["id"]))
    kind = query_text(request, "format", limit=4)
    if kind not in {"", "csv", "xlsx"}:
        raise BadInput("there is no such format", details={"format": "csv or xlsx"})
    if wants_json(request):
        return web.json_response({"id": report.id, "state": report.state.value, "percent": report.percent})
    asked = _asked(report)
    context: dict[str, object] = {
        "report": report, "url": f"{HOME}/{report.id}", "state": STATES[report.state], "asked": asked, "groups": GROUPS,
        "page": None,
    }  # fmt: skip
    if report.results is None:
        if kind:
            raise Conflict("this report is not ready", error_id="report-not-ready")
        return await page(request, "pages/statistics_report.html", context, section="statistics")
    answer = report.results.answer
    names = await its.statistics.names(asked.group, answer.rows)
    if kind:
        columns = [column.code for column in asked.columns]
        told = {"format": kind, "columns": columns, "rows": len(answer.rows), "report": report.id}
        await its.statistics.exported(user, report.question, told)
        return await as_file(asked, answer, names, kind)
    today = its.clock.now().astimezone(its.statistics.zone_of(user)).date()
    view = build_page(asked, answer, report.results.before, report.results.hours, names, user, today)
    context |= {"page": view, "columns": COLUMNS}
    return await page(request, "pages/statistics_report.html", context, section="statistics")


def _asked(report: Report) -> Asked:
    return asked_of(report.period, report.group, report.queue, report.columns)
