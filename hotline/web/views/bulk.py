"""The administrator's actions on ticked appeals: what would happen to each, then what did (S000-77, 78, DAY-38)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

import msgspec
from aiohttp import web

from hotline.errors import BadInput, HotlineError
from hotline.journal.bulk_rules import MOST, BulkAction, BulkForm, BulkResult, BulkRow
from hotline.journal.process_model import Ask
from hotline.journal.review import PERIODS, Returns
from hotline.web.bulk_words import BUTTONS, COMMENTS, DONE, PLANS, PROBLEMS
from hotline.web.context import current_user, services
from hotline.web.failures import details_of, text_of
from hotline.web.forms import form_fields, json_body, query_text
from hotline.web.i18n import current, gettext, show_date, show_decimal
from hotline.web.render import fragment, page
from hotline.web.titles import Mark, role_title
from hotline.web.views.journal import ask

CHUNK = 50
"""Most rows of one request; the page sends fewer, so that its progress moves."""


class BulkBody(msgspec.Struct):
    """What is asked of many: ``rows`` are ids and versions as the preview had them."""

    action: str
    rows: list[tuple[int, int]]
    comment: str = ""
    due_on: str = ""
    to_user_id: str = ""


@dataclass(frozen=True, slots=True)
class BulkLine:
    """A line of the preview as the dialog shows it."""

    id: int
    version: int
    number: str
    status: str
    owner: str
    due_at: datetime
    possible: bool
    mark: Mark


async def preview(request: web.Request) -> web.StreamResponse:
    """Show what an action would do to each of the ticked appeals, or to the whole list (``all``)."""
    its, user = services(request), current_user(request)
    values = await form_fields(request)
    action = _action(values.pop("action", ""))
    bulk = its.deadlines.bulk
    if values.pop("all", ""):
        values.pop("ids", "")
        asked = await ask(its, user, values)
        found = await its.lists.appeals(user, asked.folder.code, order=asked.order, filters=asked.filters, limit=MOST)
        ids = [row.id for row in found.rows]
    else:
        ids = _ids(values.get("ids", ""))
    rows = await bulk.preview(user, action, ids)
    targets = await bulk.colleagues(user, rows[0].id) if action is BulkAction.REASSIGN and rows else ()
    icon, style, title = BUTTONS[action]
    possible = [row for row in rows if row.planned.trigger]
    needs = frozenset().union(*(row.planned.needs for row in possible)) if possible else frozenset()
    context = {
        "action": action.value,
        "action_icon": icon,
        "style": style,
        "title": gettext(title),
        "lines": [_line(row) for row in rows],
        "possible": len(possible),
        "impossible": len(rows) - len(possible),
        "comment": gettext(COMMENTS[action]) if action in COMMENTS else "",
        "comment_required": Ask.COMMENT in needs,
        "dated": action is BulkAction.EXTEND,
        "targets": [
            {"id": one.user_id, "title": f"{one.full_name} · {role_title(one.roles)} · {one.organisation}"}
            for one in targets
        ],
        "targeted": action is BulkAction.REASSIGN,
        "tomorrow": date.fromordinal(its.clock.now().astimezone(current().zone).date().toordinal() + 1).isoformat(),
    }
    return fragment(request, "includes/bulk_dialog.html", context)


async def run(request: web.Request) -> web.Response:
    """Act on some of them; ``{results: [{id, number, done, word, version, error_id, message}]}``, in order."""
    its, user = services(request), current_user(request)
    body = await json_body(request, BulkBody)
    if len(body.rows) > CHUNK:
        raise BadInput("too many rows in one request", error_id="bulk-count", details={"most": CHUNK})
    if len(body.comment) > 2000:
        raise BadInput("the comment is too long", details={"comment": "at most 2000 characters"})
    form = BulkForm(body.comment, _end_of(body.due_on), _user_id(body.to_user_id))
    results = await its.deadlines.bulk.run(user, _action(body.action), body.rows, form)
    return web.json_response({"results": [_result(one) for one in results]})


async def returns(request: web.Request) -> web.StreamResponse:
    """Show whose work came back for rework, and how often (domain 2.9)."""
    its, user = services(request), current_user(request)
    days = query_text(request, "days", limit=4) or "30"
    if days not in {str(one) for one in PERIODS}:
        raise BadInput("there is no such period", details={"days": "unknown"})
    found = await its.deadlines.review.returns(user, int(days))
    context = {
        "rows": [{"row": one, "share": _share(one)} for one in found],
        "periods": PERIODS,
        "days": int(days),
    }
    return await page(request, "pages/returns.html", context, section="journal")


def _line(row: BulkRow) -> BulkLine:
    if row.planned.trigger:
        icon, words = PLANS[row.planned.trigger]
        text = gettext(words)
        if row.new_due is not None:
            text %= {"date": show_date(row.new_due.astimezone(current().zone).date())}
        shown = Mark("green", icon, text)
    else:
        shown = Mark("red", "ban", gettext(PROBLEMS.get(row.planned.problem, PROBLEMS["phase"])))
    return BulkLine(
        row.id, row.version, row.number, row.status, row.owner, row.due_at, bool(row.planned.trigger), shown
    )


def _result(one: BulkResult) -> dict[str, object]:
    message = ""
    if one.error_id:
        error = HotlineError(one.error_id, error_id=one.error_id, details=one.details)
        fields = [str(text) for text in details_of(error).values()] if one.error_id == "move-incomplete" else []
        message = " ".join([text_of(error), *fields])
    word = gettext(DONE[one.done]) if one.done in DONE else one.done
    return {
        "id": one.id,
        "number": one.number,
        "done": one.done,
        "word": word,
        "version": one.version,
        "error_id": one.error_id,
        "message": message,
    }


def _share(one: Returns) -> str:
    return show_decimal(100 * one.returned / one.closed, 0) if one.closed else ""


def _action(text: str) -> BulkAction:
    try:
        return BulkAction(text)
    except ValueError as error:
        raise BadInput("there is no such action", details={"action": "unknown"}) from error


def _ids(text: str) -> list[int]:
    parts = [part for part in text.split(",") if part]
    if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        raise BadInput("these are no appeals", details={"ids": "unknown"})
    return [int(part) for part in parts]


def _end_of(text: str) -> datetime | None:
    """Return the last second of a day in the reader's zone."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(23, 59, 59), current().zone)
    except ValueError as error:
        raise BadInput("not a date", details={"due_on": "not a date"}) from error


def _user_id(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadInput("nobody", details={"to_user_id": "unknown"})
    return int(text)
