"""Log lines: who and what they are about, as text for people or JSON for machines (ADR 0037).

What a line is about stands in context variables that every task inherits: whoever begins to work on a request or a call
says so once, with :func:`about`. A line that names a call's key in its text is about that call anyway.

Personal data have no place in a log (DAY-29). The code does not write them; should something from outside bring them in
(an error of a library, a traceback), numbers of telephones and policies are masked here, and PostgreSQL's details,
which quote rows, are left out.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

FORMATS = ("text", "json")
CALL_KEY = re.compile(r"\b(?<![.-])[a-z0-9]{1,16}-\d{6,12}\.\d{1,12}(?![\w.]*\w)")
"""``systemname-epoch.number`` in a text: Asterisk's Uniqueid."""
_NUMBER = re.compile(
    r"(?<![\w.-])\+?\d{10,20}(?!\w)(?!\.\d)"  # as machines write them
    r"|(?<![\w.-])(?:\+7|8)[ (-]{1,2}\d{3}[ )-]{1,2}\d{3}[ -]?\d{2}[ -]?\d{2}(?!\d)"  # as people do
)
_MAYBE = re.compile(r"\d{10}|\d[ )-]{1,2}\d{3}[ -]?\d{2}")
"""Every number has one of these; looking for it costs a tenth."""
_DETAIL = re.compile(r"^(\s*)(DETAIL|CONTEXT):.*$", re.M)
_SHOWN = 4
_QUIET = ("panoramisk", "aioice", "aiortc", "asyncio")
"""Libraries that are chatty by nature: they speak up only when something is wrong."""

_call: ContextVar[str] = ContextVar("hotline_log_call", default="")
_request: ContextVar[str] = ContextVar("hotline_log_request", default="")
_user: ContextVar[str] = ContextVar("hotline_log_user", default="")
_KNOWN = {"call": _call, "request": _request, "user": _user}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


@contextmanager
def about(*, call: str = "", request: str = "", user: str = "") -> Iterator[None]:
    """Say what the lines inside are about; what is not given stays as it is.

    :param call: the call's key.
    :param request: id of the HTTP request.
    :param user: id of the user, never his name.
    """
    given = ((_call, call), (_request, request), (_user, user))
    tokens = [(variable, variable.set(value)) for variable, value in given if value]
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)


def call_of(fact: object) -> str:
    """Return the key of the call that a fact of the bus is about; "" when it is about none."""
    key = getattr(fact, "call_key", None)
    if key is None:
        key = getattr(getattr(fact, "call", None), "key", None)
    return key if isinstance(key, str) else ""


def masked(text: str) -> str:
    """Return ``text`` without numbers of telephones, policies and the like: their last four digits tell them apart."""
    if "DETAIL:" in text or "CONTEXT:" in text:
        text = _DETAIL.sub(r"\1\2: (left out)", text)
    return _NUMBER.sub(_tail, text) if _MAYBE.search(text) else text


def _tail(match: re.Match[str]) -> str:
    return match[0] if match[0] == _request.get() else f"••••{match[0][-_SHOWN:]}"


def fields_of(record: logging.LogRecord, text: str) -> dict[str, str]:
    """Return what a record is about: as it says itself, as its context says, or as its text names it."""
    found = {}
    for name, variable in _KNOWN.items():
        if value := str(getattr(record, name, "") or variable.get()):
            found[name] = value
    if "call" not in found and "." in text and (named := CALL_KEY.search(text)):
        found["call"] = named[0]
    return found


class TextFormatter(logging.Formatter):
    """For people: one line, and at its end what it is about unless it says so itself."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        """Return the line without its traceback."""
        line = super().formatMessage(record)
        said = {name: value for name, value in fields_of(record, record.message).items() if value not in record.message}
        return f"{line} [{' '.join(f'{name}={value}' for name, value in said.items())}]" if said else line

    def format(self, record: logging.LogRecord) -> str:
        """Return the line with its traceback, masked."""
        return masked(super().format(record))


class JsonFormatter(logging.Formatter):
    """For machines: an object a line, ``time`` in UTC (RFC 3339)."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object."""
        text = record.getMessage()
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(text),
            **fields_of(record, text),
        }
        line |= _more(vars(record))
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["trace"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def _more(record: Mapping[str, object]) -> dict[str, object]:
    """Return what the code gave with ``extra=``, numbers as they are."""
    given = {name: value for name, value in record.items() if name not in _STANDARD and name not in _KNOWN}
    return {name: masked(value) if isinstance(value, str) else value for name, value in given.items()}


def set_up(kind: str, level: int = logging.INFO) -> None:
    """Write every line to standard error.

    :param kind: one of :data:`FORMATS`.
    :raises ValueError: it is none of them.
    """
    if kind not in FORMATS:
        raise ValueError(f"HOTLINE_LOG_FORMAT is {kind!r} and must be one of {', '.join(FORMATS)}")
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if kind == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library in _QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)
