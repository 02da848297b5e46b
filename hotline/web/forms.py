"""Reading what a browser sent: forms, JSON and query strings, each with a clear error when it is not as agreed."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
from aiohttp import web

from hotline.errors import BadInput, NotFound

Shape = TypeVar("Shape")

MAX_FIELDS = 200
FORM = "application/x-www-form-urlencoded"
"""The only kind of form: no page of ours uploads files, so nothing here parses multipart bodies."""


async def form_fields(request: web.Request) -> dict[str, str]:
    """Return the fields of a form, or of a JSON object of texts. Repeated names are refused.

    :raises BadInput: the body is something else, or too much of it.
    """
    if request.content_type == "application/json":
        return await json_body(request, dict[str, str])
    if request.content_type != FORM:
        raise BadInput("a form was expected", error_id="bad-form")
    try:
        posted = await request.post()
    except (ValueError, LookupError) as error:  # an unknown charset, bytes that are no text
        raise BadInput("the form cannot be read", error_id="bad-form") from error
    if len(posted) > MAX_FIELDS:
        raise BadInput("the form has too many fields", error_id="bad-form")
    fields: dict[str, str] = {}
    for name, value in posted.items():
        if not isinstance(value, str) or name in fields:
            raise BadInput("the form has a file or a repeated field", error_id="bad-form", details={name: "repeated"})
        _refuse_zero(value, name)
        fields[name] = value
    return fields


async def json_body(request: web.Request, shape: type[Shape]) -> Shape:
    """Decode a JSON body into ``shape`` (a msgspec struct or a plain type).

    :raises BadInput: it is not JSON, or not of that shape; ``details["problem"]`` says where.
    """
    if request.content_type != "application/json":
        raise BadInput("JSON was expected", error_id="bad-json")
    try:
        value = msgspec.json.decode(await request.read(), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("bad JSON", error_id="bad-json", details={"problem": str(error)}) from error
    if isinstance(value, dict):
        for name, text in value.items():
            _refuse_zero(f"{name}{text}", str(name))
    return value


def query_text(request: web.Request, name: str, *, limit: int = 200) -> str:
    """Return a text of the query string, trimmed.

    :raises BadInput: it is too long or no text.
    """
    value = request.query.get(name, "").strip()
    if len(value) > limit:
        raise BadInput("the search is too long", details={name: f"at most {limit} characters"})
    _refuse_zero(value, name)
    return value


def path_id(request: web.Request, name: str = "id") -> int:
    """Return a numeric id of the address.

    :raises NotFound: no record can have it (PostgreSQL's bigint ends at 2**63 - 1).
    """
    text = request.match_info[name]
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise NotFound("there is no such record")
    return int(text)


def safe_next(target: str) -> str:
    """Return ``target`` when it is an address of our own to go to after logging in, else ``/``.

    ``//host`` and ``/\\host`` are other sites to a browser (open redirect).
    """
    raw = unquote_to_bytes(target)
    ours = target.startswith("/") and not raw.startswith((b"//", b"/\\")) and not target.startswith("/login")
    if not ours or any(byte <= 0x20 or byte == 0x5C for byte in raw):
        return "/"
    return target


def _refuse_zero(text: str, name: str) -> None:
    # PostgreSQL's text cannot hold it; without this check it would be a database error.
    if "\x00" in text:
        raise BadInput("the text has a zero character", error_id="bad-text", details={name: "zero character"})
