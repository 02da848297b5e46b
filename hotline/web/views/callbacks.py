"""Citizens who were not served: the lists, one duty, what is done about it, files (DAY-14, DAY-35)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from hotline.callbacks.lines import DutyLine, Folder, Happened, Queues
from hotline.callbacks.model import OVER
from hotline.errors import BadInput, Conflict, HotlineError
from hotline.queue.model import OperatorState
from hotline.staff.model import Right, User
from hotline.staff.sight import Reach
from hotline.web import callback_words as words
from hotline.web.context import current_user, require_right, services, wants_json
from hotline.web.failures import details_of, text_of
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import current, gettext, local_time, mark
from hotline.web.render import fragment, page
from hotline.web.services import Services
from hotline.web.spreadsheet import CSV_TYPE, XLSX_TYPE, Sheet, Value, csv_bytes
from hotline.web.titles import Mark, outcome_mark, urgency_mark
from hotline.web.views.admin_forms import version_of
from hotline.web.views.admin_queue import standing_of

LIST = "/callbacks"
_FOLDERS = {
    Folder.OPEN: mark("To be called"),
    Folder.MINE: mark("Mine"),
    Folder.OVERDUE: mark("Overdue"),
    Folder.CLOSED: mark("Done"),
}
_HEADING = (
    mark("Term"), mark("Number"), mark("Call back by"), mark("Reasons"), mark("First call"), mark("Last call"),
    mark("Calls"), mark("Attempts"), mark("State"), mark("Operator"), mark("Queue"), mark("Result"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A duty as the template shows it."""

    duty: DutyLine
    url: str
    urgency: Mark
    state: Mark
    reasons: tuple[Mark, ...]
    last_result: str
    ending: str
    recording_url: str | None
    taken_by_me: bool
    over: bool


async def queues_of(its: Services, user: User) -> Queues:
    """Return the queues whose duties ``user`` sees: those that he serves; who watches all calls, all."""
    if user.may(Right.CALL_MONITOR) and user.sight.calls.covers(Reach.ACTIVE):
        return None
    operator = its.desk.operator(user.id)
    if operator is not None and operator.state is not OperatorState.OFFLINE and operator.queues:
        return frozenset(operator.queues)
    return frozenset(await standing_of(its, user))


def line_of(duty: DutyLine, user: User) -> Line:
    """Return a duty as the template shows it."""
    listens = user.may(Right.CALL_LISTEN_OWN) or user.may(Right.CALL_LISTEN_ANY)
    return Line(
        duty=duty,
        url=f"{LIST}/{duty.id}",
        urgency=urgency_mark(duty.colour, duty.due_at),
        state=words.state_mark(duty.state),
        reasons=tuple(words.reason_mark(reason) for reason in duty.reasons),
        last_result=words.result_word(duty.last_result),
        ending=words.closing_word(duty.closing),
        recording_url=f"/recordings/{duty.voicemail}/player" if duty.voicemail and listens else None,
        taken_by_me=duty.taken_by_id == user.id,
        over=duty.state in OVER,
    )


async def listing(request: web.Request) -> web.StreamResponse:
    """Show a list: what is open by its deadline, what is done latest first."""
    its, user = services(request), current_user(request)
    folder, after = _folder(query_text(request, "folder", limit=20)), query_text(request, "after") or None
    queues = await queues_of(its, user)
    found = await its.callbacks.page(user, queues, folder, after=after)
    counts = await its.callbacks.counts(user, queues)
    shown = {Folder.OPEN: counts.open, Folder.MINE: counts.mine, Folder.OVERDUE: counts.overdue}
    view = {
        "folder": folder.value,
        "folders": [
            {"code": one.value, "title": gettext(title), "url": _url(one), "count": shown.get(one)}
            for one, title in _FOLDERS.items()
        ],
        "title": gettext(_FOLDERS[folder]),
        "rows": [line_of(one, user) for one in found.rows],
        "next_url": _url(folder, found.after) if found.after else None,
        "first_url": _url(folder) if after else None,
        "serves": queues is None or bool(queues),
    }
    return await page(request, "pages/callbacks.html", {"page": view}, section="callbacks")


async def show(request: web.Request) -> web.StreamResponse:
    """Show one duty with its history and what can be done."""
    return await _show(request, path_id(request), {})


async def act(request: web.Request) -> web.StreamResponse:
    """Take, give back, note an attempt, close, reopen; a refusal shows the page again with what was typed."""
    its, user, duty_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    verb = request.path.rpartition("/")[2]
    queues = await queues_of(its, user)
    try:
        line = await _do(its, user, queues, duty_id, verb, sent)
    except (BadInput, Conflict) as error:
        if wants_json(request):
            raise
        return await _show(request, duty_id, sent, error)
    if wants_json(request):
        return web.json_response({"id": line.id, "version": line.version, "state": line.state})
    target = LIST if verb in {"release", "attempt", "close"} else f"{LIST}/{duty_id}"
    return web.Response(status=303, headers={"Location": target})


async def offer(request: web.Request) -> web.StreamResponse:
    """Answer the duty that a free operator should see now; 204: he is not free, citizens wait, or there is none."""
    its, user = services(request), current_user(request)
    operator = its.desk.operator(user.id)
    if operator is None or operator.state is not OperatorState.READY:
        return web.Response(status=204)
    if any(one.waiting for one in its.desk.board().queues if one.queue in operator.queues):
        return web.Response(status=204)
    found = await its.callbacks.next_for(user, await queues_of(its, user))
    if found is None:
        return web.Response(status=204)
    return fragment(request, "includes/callback_offer.html", {"line": line_of(found, user)})


async def count(request: web.Request) -> web.Response:
    """Answer ``{"open", "mine", "overdue"}``: the badge of the navigation."""
    its, user = services(request), current_user(request)
    counts = await its.callbacks.counts(user, await queues_of(its, user))
    return web.json_response({"open": counts.open, "mine": counts.mine, "overdue": counts.overdue})


async def export(request: web.Request) -> web.StreamResponse:
    """Give out a list as ``format`` csv or xlsx; written into the audit trail."""
    its = services(request)
    user = require_right(request, Right.CALL_MONITOR, Right.APPEAL_EXPORT)
    sent = await form_fields(request)
    kind, folder = sent.get("format", "csv"), _folder(sent.get("folder", ""))
    if kind not in {"csv", "xlsx"}:
        raise BadInput("there is no such format", details={"format": "csv or xlsx"})
    rows = await its.callbacks.export(user, await queues_of(its, user), folder, kind)
    heading = [gettext(word) for word in _HEADING]
    cells = [_cells(one) for one in rows]
    day = local_time(its.clock.now()).strftime("%Y-%m-%d-%H%M")
    headers = {"Content-Disposition": f'attachment; filename="callbacks-{folder.value}-{day}.{kind}"'}
    if kind == "csv":
        body = csv_bytes([heading, *cells], first=True)
        return web.Response(body=body, headers=headers, content_type=CSV_TYPE, charset="utf-8")
    sheet = Sheet(gettext("Call-backs"), heading)
    sheet.append(cells)
    with sheet.save() as file:
        return web.Response(body=file.read(), headers=headers, content_type=XLSX_TYPE)


async def _do(its: Services, user: User, queues: Queues, duty_id: int, verb: str, sent: dict[str, str]) -> DutyLine:
    version, insists = version_of(sent), bool(sent.get("insists")) and user.may(Right.CALL_MONITOR)
    match verb:
        case "take":
            return await its.callbacks.take(user, queues, duty_id, version, insists=insists)
        case "release":
            return await its.callbacks.release(user, queues, duty_id, version, insists=insists)
        case "attempt":
            moment = _moment(sent.get("next_try_at", ""))
            result, note = sent.get("result", ""), sent.get("note", "")
            return await its.callbacks.attempt(
                user, queues, duty_id, version, result=result, next_try_at=moment, note=note, insists=insists
            )
        case "close":
            closing, note = sent.get("closing", ""), sent.get("note", "")
            return await its.callbacks.close(
                user, queues, duty_id, version, closing=closing, note=note, insists=insists
            )
        case _:
            return await its.callbacks.reopen(user, queues, duty_id, version)


async def _show(
    request: web.Request, duty_id: int, sent: dict[str, str], error: HotlineError | None = None
) -> web.StreamResponse:
    its, user = services(request), current_user(request)
    duty, happened = await its.callbacks.history(user, await queues_of(its, user), duty_id)
    context: dict[str, Any] = {
        "line": line_of(duty, user),
        "history": [_happened(one) for one in happened],
        "sent": sent,
        "closings": [(one.value, words.closing_word(one)) for one in words.CHOICES],
        "results": [(one.value, words.result_word(one)) for one in words.RESULTS],
        "problem": text_of(error) if error is not None else "",
        "errors": details_of(error) if error is not None else {},
        "insists": duty.taken_by_id not in {None, user.id},
    }
    status = error.status if error is not None else 200
    return await page(request, "pages/callback.html", context, section="callbacks", status=status)


def _happened(one: Happened) -> dict[str, Any]:
    found = {"at": one.at, "mark": words.move_mark(one.kind), "by": one.by, "note": one.note, "word": ""}
    if one.call_key and one.word:
        found["word"] = outcome_mark(one.word).word
    elif one.kind == "attempt":
        found["word"] = words.result_word(one.word)
    elif one.kind == "close":
        found["word"] = words.closing_word(one.word)
    return found


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("the time cannot be read", details={"next_try_at": "not a time"}) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=current().zone)).astimezone(UTC)


def _folder(text: str) -> Folder:
    try:
        return Folder(text or "open")
    except ValueError:
        raise BadInput("there is no such list", details={"folder": "unknown"}) from None


def _url(folder: Folder, after: str | None = None) -> str:
    query = {"folder": folder.value} | ({"after": after} if after else {})
    return f"{LIST}?{urlencode(query)}"


def _cells(duty: DutyLine) -> list[Value]:
    return [
        urgency_mark(duty.colour, duty.due_at).word, duty.number, _local(duty.due_at),
        ", ".join(words.reason_mark(one).word for one in duty.reasons), _local(duty.first_at), _local(duty.last_at),
        duty.tries, duty.attempts, words.state_mark(duty.state).word, duty.taken_by or duty.over_by, duty.queue,
        words.closing_word(duty.closing) or words.result_word(duty.last_result),
    ]  # fmt: skip


def _local(moment: datetime) -> datetime:
    return local_time(moment).replace(tzinfo=None, second=0, microsecond=0)
