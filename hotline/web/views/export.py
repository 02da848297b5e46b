"""A list of appeals as a file (S000-72, DAY-30, DAY-43): CSV is streamed, XLSX is written beside and then sent.

Rows are read a thousand at a time in short transactions, and a workbook is put together in a thread: a long export
keeps nobody else waiting. Who gave out what, by which filters and how many rows, is in the audit trail.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.model import AppealRow
from hotline.web.context import client_address, require_right, services
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext, local_time, mark
from hotline.web.spreadsheet import CSV_TYPE, XLSX_ROWS, XLSX_TYPE, Sheet, Value, csv_bytes
from hotline.web.titles import urgency_mark
from hotline.web.views.journal import EXPORT, Asked, ask

TICKED = 500
"""Most rows that are given out by their ticks."""
_AT_ONCE = asyncio.Semaphore(2)
"""Workbooks that are made at the same time: each keeps a thread busy."""
_CHUNK = 256 * 1024
_HEADING = (
    mark("Number"), mark("Received"), mark("Applicant"), mark("Telephone"), mark("Type"), mark("Topic"),
    mark("Channel"), mark("Status"), mark("Term"), mark("Answer by"), mark("In charge"), mark("Organisation"),
)  # fmt: skip


@dataclass
class Given:
    """How far an export has come."""

    rows: int = 0
    complete: bool = False


async def journal(request: web.Request) -> web.StreamResponse:
    """Give out a list, or its ticked rows (``ids``), as ``format`` csv or xlsx.

    :raises BadInput: no such format, or too many rows for a workbook.
    """
    user = require_right(request, EXPORT)
    its = services(request)
    values = await form_fields(request)
    kind = values.get("format", "csv")
    if kind not in {"csv", "xlsx"}:
        raise BadInput("there is no such format", details={"format": "csv or xlsx"})
    asked = await ask(its, user, values)
    ids = _ids(values.get("ids", ""))
    batches = _ticked(request, ids) if ids else its.lists.every(
        user, asked.folder.code, order=asked.order, filters=asked.filters, q=asked.q
    )  # fmt: skip
    given = Given()
    try:
        sent = _send_csv if kind == "csv" else _send_xlsx
        return await sent(request, asked, batches, given)
    finally:
        details = {
            "format": kind, "folder": asked.folder.code, "filters": asked.filters.query(), "search": bool(asked.q),
            "ticked": len(ids), "rows": given.rows, "complete": given.complete,
        }  # fmt: skip
        # Also when the browser went away: what it has got, it has got.
        await asyncio.shield(its.lists.settings.exported(user, details, ip=client_address(request)))


async def _send_csv(
    request: web.Request, asked: Asked, batches: AsyncIterator[tuple[AppealRow, ...]], given: Given
) -> web.StreamResponse:
    first = await anext(batches)  # what is wrong with the question is still answered as a page
    response = _headed(request, asked, CSV_TYPE, "csv")
    await response.prepare(request)
    await response.write(csv_bytes([[gettext(word) for word in _HEADING]], first=True))
    await response.write(csv_bytes(map(_cells, first)))
    given.rows = len(first)
    async for rows in batches:
        await response.write(csv_bytes(map(_cells, rows)))
        given.rows += len(rows)
    await response.write_eof()
    given.complete = True
    return response


async def _send_xlsx(
    request: web.Request, asked: Asked, batches: AsyncIterator[tuple[AppealRow, ...]], given: Given
) -> web.StreamResponse:
    async with _AT_ONCE:
        sheet = Sheet(asked.folder.title, [gettext(word) for word in _HEADING])
        count = 0
        async for rows in batches:
            count += len(rows)
            if count > XLSX_ROWS:
                raise BadInput(
                    "too many rows", error_id="too-many-rows", details={"format": f"at most {XLSX_ROWS} rows"}
                )
            cells = [_cells(row) for row in rows]
            await asyncio.to_thread(sheet.append, cells)
        file = await asyncio.to_thread(sheet.save)
    with file:
        response = _headed(request, asked, XLSX_TYPE, "xlsx")
        await response.prepare(request)
        while chunk := await asyncio.to_thread(_read, file):
            await response.write(chunk)
        await response.write_eof()
    given.rows, given.complete = count, True
    return response


def _read(file: IO[bytes]) -> bytes:
    return file.read(_CHUNK)


async def _ticked(request: web.Request, ids: tuple[int, ...]) -> AsyncIterator[tuple[AppealRow, ...]]:
    yield await services(request).lists.some(require_right(request, EXPORT), ids)


def _headed(request: web.Request, asked: Asked, content_type: str, ending: str) -> web.StreamResponse:
    day = local_time(services(request).clock.now()).strftime("%Y-%m-%d-%H%M")
    response = web.StreamResponse()
    response.content_type = content_type
    if content_type == CSV_TYPE:
        response.charset = "utf-8"
    # No text of the search: a file's name is seen by whoever sees the folder (DAY-29).
    response.headers["Content-Disposition"] = f'attachment; filename="appeals-{asked.folder.code}-{day}.{ending}"'
    return response


def _cells(row: AppealRow) -> list[Value]:
    return [
        row.number, _local(row.appeal_at), row.applicant, row.phone, row.type, row.topic, row.channel, row.status,
        urgency_mark(row.colour, row.due_at).word, _local(row.due_at) if row.due_at else "", row.owner,
        row.organisation,
    ]  # fmt: skip


def _local(moment: datetime) -> datetime:
    return local_time(moment).replace(tzinfo=None, second=0, microsecond=0)


def _ids(text: str) -> tuple[int, ...]:
    parts = [part for part in text.split(",") if part]
    if len(parts) > TICKED or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        raise BadInput("the ticked rows cannot be read", details={"ids": f"at most {TICKED} numbers"})
    return tuple(map(int, parts))
