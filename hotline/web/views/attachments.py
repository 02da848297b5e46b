"""Files of a card: the list, what is in them, adding and describing them (S000-63, S000-64, S001-064)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.attachment_model import Attachment, Files
from hotline.journal.attachment_rules import ACCEPT, Kind, Scan, may_be_read
from hotline.journal.attachments import Owner
from hotline.web.context import current_user, services
from hotline.web.forms import json_body, path_id, query_text
from hotline.web.i18n import gettext, mark, show_decimal
from hotline.web.render import fragment

CHUNK = 256 * 1024
NAME_LIMIT = 3_000
"""Letters of a name in percent-encoding; it is cut to 150 when it is stored."""
FRAME_POLICY = "; ".join((
    "default-src 'none'",
    "img-src 'self' data:",
    "style-src 'unsafe-inline'",  # the page that a browser makes around a lone picture
    "frame-ancestors 'self'",
    "sandbox",
))  # fmt: skip
"""Nothing loads and nothing runs in a file that is looked at, and only our own page may frame it (CSP3).

The sandbox is the answer's own, not the frame's attribute: with that, Chromium's viewer of PDF would not start.
"""
_KINDS = {
    Kind.SCAN: mark("scan"),
    Kind.REPLY: mark("reply"),
    Kind.PHOTO: mark("photograph"),
    Kind.AUDIO: mark("sound"),
    Kind.OTHER: mark("other"),
}
_SCANS = {
    Scan.CLEAN: ("shield-check", mark("no virus found")),
    Scan.INFECTED: ("alert-triangle", mark("virus found: kept from everybody")),
    Scan.WAITING: ("hourglass", mark("waits for the virus scanner")),
    Scan.OFF: ("shield-off", mark("not scanned: there is no virus scanner")),
}


class Described(msgspec.Struct):
    """What is written down of a file."""

    version: int
    kind: str = ""
    doc_no: str = ""
    doc_date: str = ""


class Version(msgspec.Struct):
    """Which state of a record the page has seen."""

    version: int


async def listing(request: web.Request) -> web.Response:
    """Show the files of a card or an appeal as a fragment."""
    owner = _owner(request)
    found = await services(request).card.attachments.of(current_user(request), owner)
    return fragment(request, "includes/attachment_rows.html", {"files": files_view(found, owner)})


async def add(request: web.Request) -> web.Response:
    """Take a file: the body is its content, ``X-File-Name`` its name in percent-encoded UTF-8 (DAY-29: not in the URL).

    One request a file, so that each has its own progress and its own error.
    """
    its = services(request).card.attachments
    given = request.headers.get("X-File-Name", "")
    if request.content_type != "application/octet-stream" or len(given) > NAME_LIMIT:
        raise BadInput("a file was expected", error_id="bad-form")
    length = request.content_length or 0
    if length > its.limit:
        raise BadInput(
            "the file is too large",
            error_id="file-too-large",
            details={"limit_bytes": its.limit, "limit_mb": _mb(its.limit)},
        )
    try:
        name = unquote(given, errors="strict")
    except UnicodeDecodeError as error:
        raise BadInput("the name of the file cannot be read", error_id="bad-form") from error
    found = await its.add(current_user(request), _owner(request), name, _chunks(request))
    return web.json_response(_json(found), status=201)


async def describe(request: web.Request) -> web.Response:
    """Write down kind, number and date of a document."""
    body = await json_body(request, Described)
    fields = {"kind": body.kind, "doc_no": body.doc_no, "doc_date": body.doc_date}
    its = services(request).card.attachments
    return web.json_response(_json(await its.describe(current_user(request), path_id(request), body.version, fields)))


async def remove(request: web.Request) -> web.Response:
    """Take a file off."""
    body = await json_body(request, Version)
    its = services(request).card.attachments
    return web.json_response(_json(await its.remove(current_user(request), path_id(request), body.version)))


async def restore(request: web.Request) -> web.Response:
    """Bring a file back."""
    body = await json_body(request, Version)
    its = services(request).card.attachments
    return web.json_response(_json(await its.restore(current_user(request), path_id(request), body.version)))


async def download(request: web.Request) -> web.StreamResponse:
    """Give a file out to be saved."""
    found = await services(request).card.attachments.open(current_user(request), path_id(request), copy=True)
    headers = {"Content-Disposition": disposition("attachment", found.attachment.name)}
    headers["Content-Security-Policy"] = FRAME_POLICY
    return web.FileResponse(found.path, headers=headers | {"Content-Type": found.attachment.type.mime})


async def look(request: web.Request) -> web.StreamResponse:
    """Give a picture or a PDF out to be looked at in a frame of our own page.

    :raises BadInput: files of this type can only be saved.
    """
    found = await services(request).card.attachments.open(current_user(request), path_id(request), copy=False)
    if not found.attachment.type.preview:
        raise BadInput("this file can only be saved", error_id="no-preview")
    headers = {
        "Content-Disposition": disposition("inline", found.attachment.name),
        "Content-Security-Policy": FRAME_POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        "Content-Type": found.attachment.type.mime,
    }
    return web.FileResponse(found.path, headers=headers)


def disposition(kind: str, name: str) -> str:
    """Return ``Content-Disposition`` for any name (RFC 6266 section 4.3, RFC 8187)."""
    plain = "".join(one if (one.isascii() and one.isalnum()) or one in " ._-" else "_" for one in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def files_view(found: Files, owner: Owner) -> dict[str, Any]:
    """Return a list of files as its template shows it."""
    query = f"draft={owner.draft_id}" if owner.draft_id is not None else f"appeal={owner.appeal_id}"
    return {
        "rows": [_row(one) for one in found.rows],
        "editable": found.editable,
        "document_needed": found.document_needed,
        "query": query,
        "accept": ACCEPT,
        "kinds": [(kind.value, gettext(title)) for kind, title in _KINDS.items()],
    }


def _row(one: Attachment) -> dict[str, Any]:
    icon, word = _SCANS[one.scan]
    readable = may_be_read(one.scan) or one.scan is Scan.WAITING
    return {
        "id": one.id,
        "version": one.version,
        "name": one.name,
        "kind": one.kind.value,
        "kind_title": gettext(_KINDS[one.kind]),
        "size": size_text(one.size),
        "doc_no": one.doc_no,
        "doc_date": one.doc_date,
        "scan": one.scan.value,
        "scan_icon": icon,
        "scan_word": gettext(word),
        "by": one.by,
        "at": one.at,
        "readable": readable,
        "preview": one.type.preview if readable else "",
    }


def size_text(size: int) -> str:
    """Show a size in bytes as people read it."""
    if size < 1024:
        return gettext("%(size)s B") % {"size": size}
    if size < 1024 * 1024:
        return gettext("%(size)s KB") % {"size": show_decimal(size / 1024, 0)}
    return gettext("%(size)s MB") % {"size": show_decimal(size / 1024 / 1024, 1)}


def _json(one: Attachment) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind.value,
        "size": one.size,
        "type": one.type.mime,
        "scan": one.scan.value,
        "version": one.version,
        "doc_no": one.doc_no,
        "doc_date": one.doc_date.isoformat() if one.doc_date else None,
        "deleted": one.deleted_at is not None,
    }


def _owner(request: web.Request) -> Owner:
    ids = {name: query_text(request, name, limit=18) for name in ("draft", "appeal")}
    given = {name: int(text) for name, text in ids.items() if text.isascii() and text.isdigit()}
    if len(given) != 1 or sum(map(bool, ids.values())) != 1:
        raise BadInput("a file belongs to a draft or to an appeal", details={"draft": "required"})
    return Owner(given.get("draft"), given.get("appeal"))


def _mb(size: int) -> int:
    return size // 1024 // 1024


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async with asyncio.timeout(600):  # a browser that stalls must not hold a file open for ever
        async for chunk in request.content.iter_chunked(CHUNK):
            yield chunk
