"""How an error reads to a person: one table from ``error_id`` to words, and the same error as JSON or as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from hotline.errors import BadInput, Forbidden, HotlineError, NotAuthenticated, NotFound
from hotline.web.error_texts import TEXTS, field_text
from hotline.web.i18n import gettext, mark

_ICONS = {403: "lock", 404: "map-off", 409: "git-merge", 429: "hourglass", 503: "plug-connected-x"}

_TITLES = {
    400: mark("The request was not understood"),
    401: mark("Log in to go on"),
    403: mark("No right to do this"),
    404: mark("Not found"),
    405: mark("The request was not understood"),
    409: mark("Somebody changed this meanwhile"),
    411: mark("The request was not understood"),
    412: mark("Somebody changed this meanwhile"),
    413: mark("Too much data at once"),
    415: mark("The request was not understood"),
    428: mark("The request was not understood"),
    429: mark("Too many attempts"),
    503: mark("A part of the system does not answer"),
}

_ANY_TITLE = mark("Something went wrong")


class TooLarge(BadInput):
    """The body of a request is larger than its address accepts."""

    status = 413
    default_id = "too-large"


class LengthRequired(BadInput):
    """A body came without ``Content-Length`` (RFC 9110 section 15.5.12)."""

    status = 411
    default_id = "length-required"


class MethodNotAllowed(BadInput):
    """The address exists, the method does not."""

    status = 405
    default_id = "method-not-allowed"


_FROM_HTTP: Mapping[int, type[HotlineError]] = {
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as a page shows it."""

    status: int
    error_id: str
    title: str
    text: str
    icon: str
    retry: bool


def from_http(error: web.HTTPException) -> HotlineError | None:
    """Turn aiohttp's own refusals into ours; ``None`` for redirects and other answers that are no errors."""
    if error.status < 400:
        return None
    kind = _FROM_HTTP.get(error.status, HotlineError if error.status >= 500 else BadInput)
    return kind(error.reason)


def text_of(error: HotlineError) -> str:
    """Say in the reader's language what is wrong."""
    message = TEXTS.get(error.error_id)
    if message is None:
        return gettext(error.message)
    text = gettext(message)
    try:
        return text % error.details
    except (KeyError, TypeError, ValueError):
        return text


def details_of(error: HotlineError) -> Mapping[str, object]:
    """Return the details; what is wrong with a field is said in the reader's language."""
    return {key: field_text(value) if isinstance(value, str) else value for key, value in error.details.items()}


def failure_of(error: HotlineError) -> Failure:
    """Return what an error page shows."""
    title = gettext(_TITLES.get(error.status, _ANY_TITLE))
    icon = _ICONS.get(error.status, "alert-triangle")
    return Failure(error.status, error.error_id, title, text_of(error), icon, retry=error.status >= 429)


def json_of(error: HotlineError) -> dict[str, object]:
    """Return the body of the JSON answer: ``{error_id, message, details}``."""
    return {"error_id": error.error_id, "message": text_of(error), "details": details_of(error)}
