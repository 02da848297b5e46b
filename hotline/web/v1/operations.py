"""What one address of ``/api/v1`` is: its types, and the one way from a request to a handler and back.

A handler is given what was read by its types and returns what its answer's type writes: the published document says
exactly what runs.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hotline.errors import BadInput, Conflict, HotlineError
from hotline.staff.tokens import Caller
from hotline.web.context import services
from hotline.web.services import Services
from hotline.web.v1.context import caller_of
from hotline.web.v1.shapes import Nothing

JSON = "application/json"
_VERSION = re.compile(r'(?:W/)?"v([0-9]{1,9})"')
_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_BOUNDED = re.compile(r"(\d{4})-\d\d-\d\d(?:$|T)")
Shape = TypeVar("Shape")


class PreconditionFailed(HotlineError):
    """The record is not the one that ``If-Match`` names (RFC 9110 section 13.1.1)."""

    status = 412
    default_id = "stale-appeal"


class PreconditionRequired(HotlineError):
    """``If-Match`` is missing (RFC 6585 section 3)."""

    status = 428
    default_id = "if-match-required"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, understood."""

    request: web.Request
    caller: Caller
    query: Any
    body: Any

    @property
    def services(self) -> Services:
        """What answers it."""
        return services(self.request)

    def path_id(self) -> int:
        """Return the number of the record that the address names."""
        return int(self.request.match_info["id"])

    def version(self) -> int:
        """Return the version that ``If-Match`` names.

        :raises PreconditionRequired: there is none.
        :raises BadInput: it is no ETag of ours.
        """
        given = self.request.headers.get("If-Match")
        if given is None:
            raise PreconditionRequired("say which version this was decided from")
        found = _VERSION.fullmatch(given.strip())
        if found is None:
            raise BadInput("no ETag of an appeal", details={"If-Match": "not understood"})
        return int(found[1])

    def idempotency_key(self) -> str:
        """Return the key that makes repeating harmless.

        :raises BadInput: it is missing, or not 1 to 100 visible ASCII characters.
        """
        key = self.request.headers.get("Idempotency-Key", "")
        if _KEY.fullmatch(key) is None:
            raise BadInput("no idempotency key", details={"Idempotency-Key": "1 to 100 characters"})
        return key


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns, when it is more than its value."""

    value: msgspec.Struct
    headers: Mapping[str, str] = field(default_factory=dict)


Work = Callable[[Asked], Awaitable[msgspec.Struct | Answer]]


@dataclass(frozen=True, slots=True)
class Operation:
    """An address with its types.

    :ivar path: as aiohttp reads it, with a pattern for each part.
    :ivar errors: the statuses that it may answer besides those of every address.
    :ivar sends: names of required request headers with what they mean.
    :ivar gives: names of response headers with what they mean.
    """

    method: str
    path: str
    work: Work
    name: str
    tag: str
    summary: str
    answer: type[msgspec.Struct]
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    sends: Mapping[str, str] = field(default_factory=dict)
    gives: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, request: web.Request) -> web.Response:
        """Answer a request."""
        query = _query(request, self.query)
        body = None if self.body is None else await _body(request, self.body)
        try:
            found = await self.work(Asked(request, caller_of(request), query, body))
        except Conflict as error:
            if error.error_id == "stale-appeal" and "If-Match" in self.sends:
                raise PreconditionFailed(error.message, error_id=error.error_id, details=error.details) from error
            raise
        if not isinstance(found, Answer):
            found = Answer(found)
        return web.Response(
            body=msgspec.json.encode(found.value), content_type=JSON, status=self.status, headers=found.headers
        )


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"v{version}"'


def _query(request: web.Request, shape: type[Shape]) -> Shape:
    values: dict[str, str] = {}
    for name, text in request.query.items():
        if name in values:
            raise BadInput("a parameter is given twice", details={_told(name): "repeated"})
        values[name] = text
    found = _converted(values, shape, strict=False)
    # The word "null" would be read as nothing, and a filter that silently narrows nothing gives out too much.
    if void := [name for name in values if getattr(found, name) is None]:
        raise BadInput("a parameter without a value", details=dict.fromkeys(void, "not understood"))
    return found


async def _body(request: web.Request, shape: type[Shape]) -> Shape:
    if request.content_type != JSON:
        raise BadInput("JSON was expected", error_id="bad-json")
    try:
        values = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("bad JSON", error_id="bad-json", details={"problem": str(error)}) from error
    return _converted(values, shape, strict=True)


def _converted(values: Any, shape: type[Shape], *, strict: bool) -> Shape:
    _refuse(values)
    try:
        return msgspec.convert(values, shape, strict=strict)
    except msgspec.ValidationError as error:
        raise BadInput("not of the agreed shape", details={"problem": str(error)}) from error


def _refuse(value: Any) -> None:
    """Refuse what no column can hold: zero characters, halves of pairs, days that no calendar of ours reaches."""
    if isinstance(value, dict):
        for name, part in value.items():
            _refuse(name)
            _refuse(part)
    elif isinstance(value, list):
        for part in value:
            _refuse(part)
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise BadInput("the text has a character that cannot be stored", error_id="bad-text")
        day = _BOUNDED.match(value)
        if day is not None and len(value) <= 40 and not 1900 <= int(day[1]) <= 2199:
            raise BadInput("a day out of all reason", details={"day": "1900 to 2199"})


def _told(name: str) -> str:
    """Return a name as an error may repeat it."""
    return name.encode("utf-8", "replace").decode()[:60]
