"""Administration of the register: upload, choice of columns, running imports, rejected rows (issue 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from hotline.errors import BadInput
from hotline.register.model import OVER, Batch, Field, Issue, Layout, State
from hotline.register.service import Start
from hotline.register.sniff import DELIMITERS, ENCODINGS
from hotline.register.textfile import Record
from hotline.web.context import current_user, services
from hotline.web.error_texts import TEXTS
from hotline.web.forms import form_fields, json_body, path_id, query_text
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.texts_people import reason_text

FIELDS = {
    Field.FULL_NAME: mark("Full name"),
    Field.LAST_NAME: mark("Surname"),
    Field.FIRST_NAME: mark("Name"),
    Field.PATRONYMIC: mark("Patronymic"),
    Field.BIRTH_DATE: mark("Birth date"),
    Field.SEX: mark("Sex"),
    Field.ENP: mark("Policy number (unified)"),
    Field.SNILS: mark("Insurance number (SNILS)"),
    Field.POLICY_SERIES: mark("Series of the old policy"),
    Field.POLICY: mark("Old policy"),
    Field.PHONE: mark("Telephone"),
    Field.EMAIL: mark("E-mail"),
    Field.ADDRESS: mark("Address of registration"),
    Field.ADDRESS_FACT: mark("Where he lives"),
    Field.INSURER: mark("Insurer"),
    Field.CLINIC: mark("Attached to"),
    Field.DEAD: mark("Died: date or mark"),
    Field.VALID_FROM: mark("Insured from"),
    Field.VALID_TO: mark("Insured until"),
}
_STATES = {
    State.UPLOADING: ("", "upload", mark("Being uploaded")),
    State.READY: ("blue", "list-details", mark("Columns to be chosen")),
    State.WAITING: ("blue", "hourglass", mark("Waiting")),
    State.LOADING: ("blue", "loader", mark("The file is being read")),
    State.MERGING: ("blue", "git-merge", mark("Being merged")),
    State.CLOSING: ("blue", "git-merge", mark("Missing people are being closed")),
    State.DONE: ("green", "circle-check", mark("Done")),
    State.FAILED: ("red", "alert-triangle", mark("Failed")),
    State.CANCELLED: ("grey", "ban", mark("Cancelled")),
}
_DELIMITERS = {";": mark("semicolon"), ",": mark("comma"), "\t": mark("tab"), "|": mark("vertical bar")}
_SHOWN = 40
"""Letters of a cell in the preview."""


class Announced(msgspec.Struct):
    """A file that is going to be uploaded; ``size`` in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class BatchLine:
    """An import as the pages show it."""

    batch: Batch
    colour: str
    icon: str
    word: str
    problem: str
    percent: int
    over: bool
    url: str


async def index(request: web.Request) -> web.StreamResponse:
    """Show the upload, the running imports and the history."""
    lines = [_line(batch) for batch in await services(request).register.batches(current_user(request))]
    context = {"lines": lines, "busy": any(not line.over and line.batch.state != State.READY for line in lines)}
    return await page(request, "pages/register.html", context, section="admin")


async def show(request: web.Request) -> web.StreamResponse:
    """Show one import: the choice of columns before it begins, what came of it after."""
    its, user = services(request).register, current_user(request)
    batch_id = path_id(request)
    batch = await its.batch(user, batch_id)
    context: dict[str, Any] = {"line": _line(batch), "preview": None, "issues": []}
    if batch.state is State.READY:
        layout, records = await its.preview(
            user,
            batch_id,
            encoding=query_text(request, "encoding", limit=20),
            delimiter="\t" if query_text(request, "delimiter", limit=3) == "tab" else _delimiter(request),
        )
        context["preview"] = _preview(layout, records)
    else:
        context["issues"] = [_issue(one) for one in await its.issues(user, batch_id)]
    return await page(request, "pages/register_import.html", context, section="admin")


async def begin(request: web.Request) -> web.Response:
    """Announce a file → ``{id}``."""
    announced = await json_body(request, Announced)
    batch_id = await services(request).register.begin_upload(current_user(request), announced.name, announced.size)
    return web.json_response({"id": batch_id})


async def piece(request: web.Request) -> web.Response:
    """Take a piece of at most 4 MiB from byte ``offset`` on → ``{have}``; 409 ``upload-gap`` says where to go on."""
    offset = query_text(request, "offset", limit=18)
    if not (offset.isascii() and offset.isdigit()):
        raise BadInput("where does the piece belong?", details={"offset": "required"})
    have = await services(request).register.upload(
        current_user(request), path_id(request), int(offset), await request.read()
    )
    return web.json_response({"have": have})


async def finish(request: web.Request) -> web.Response:
    """All pieces are there → ``{url}`` of the choice of columns."""
    batch = await services(request).register.finish_upload(current_user(request), path_id(request))
    return web.json_response({"url": f"/admin/register/{batch.id}"})


async def start(request: web.Request) -> web.Response:
    """Begin the import with the chosen columns."""
    sent = await form_fields(request)
    count = sum(name.startswith("column_") for name in sent)
    limit = sent.get("close_limit_pct", "5")
    if not (limit.isascii() and limit.isdigit()) or int(limit) > 100:
        raise BadInput("a share in percent", error_id="bad-columns", details={"close_limit_pct": "unknown"})
    how = Start(
        columns=tuple(sent.get(f"column_{number}", "") for number in range(count)),
        full_file=sent.get("full_file") == "1",
        close_limit_pct=int(limit),
        scope=sent.get("scope", "").strip()[:50],
        again=sent.get("again") == "1",
    )
    await services(request).register.start(current_user(request), path_id(request), how)
    return web.Response(status=303, headers={"Location": f"/admin/register/{path_id(request)}"})


async def cancel(request: web.Request) -> web.Response:
    """Stop an import."""
    await services(request).register.cancel(current_user(request), path_id(request))
    return web.Response(status=303, headers={"Location": f"/admin/register/{path_id(request)}"})


async def report(request: web.Request) -> web.StreamResponse:
    """Send the rejected rows as CSV, in pieces."""
    its, user = services(request).register, current_user(request)
    batch_id = path_id(request)
    pieces = its.report(user, batch_id, reason_text)
    first = await anext(pieces)  # refusals come before the heading is sent
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="register-{batch_id}-rejected.csv"',
        }
    )
    await response.prepare(request)
    await response.write(first)
    async for part in pieces:
        await response.write(part)
    await response.write_eof()
    return response


def _delimiter(request: web.Request) -> str:
    return request.query.get("delimiter", "")[:1]


def _line(batch: Batch) -> BatchLine:
    colour, icon, word = _STATES[batch.state]
    message = TEXTS.get(batch.problem)
    details = {"promised": "?", "found": "?"}
    return BatchLine(
        batch=batch,
        colour=colour,
        icon=icon,
        word=gettext("Being cancelled") if batch.cancel_requested and batch.state not in OVER else gettext(word),
        problem=(gettext(message) % details if "%(" in message else gettext(message)) if message else "",
        percent=round(batch.share * 100),
        over=batch.state in OVER,
        url=f"/admin/register/{batch.id}",
    )


def _issue(issue: Issue) -> dict[str, object]:
    return {
        "row_no": issue.row_no,
        "column": issue.column,
        "reason": reason_text(issue.reason),
        "rejected": issue.rejected,
    }


def _preview(layout: Layout, records: list[Record]) -> dict[str, object]:
    columns = [
        {"number": number, "heading": heading or f"№ {number + 1}", "chosen": layout.columns[number]}
        for number, heading in enumerate(layout.headings)
    ]
    rows = [
        [("" if cell is None else str(cell))[:_SHOWN] for cell in record.cells]
        if not record.problem
        else [reason_text(record.problem)]
        for record in records
    ]
    return {
        "layout": layout,
        "columns": columns,
        "rows": rows,
        "fields": [(field.value, gettext(title)) for field, title in FIELDS.items()],
        "encodings": ENCODINGS if layout.encoding else (),
        "delimiters": [("tab" if one == "\t" else one, gettext(_DELIMITERS[one]), one) for one in DELIMITERS]
        if layout.delimiter
        else [],
    }
