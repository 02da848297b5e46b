"""Appeal numbers from a pattern (S000-32, domain 2.6). Pure; ``appeals.py`` draws the sequence in its transaction.

A pattern is text with fields in braces::

    {org.code}        code of the organisation that registers
    {date:ddMMyyyy}   day of registration in the organisation's time zone; dd, MM, yyyy and yy in any order
    {seq:05}          number in sequence, padded with zeros to at least 5 digits
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

DEFAULT_PATTERN = "{org.code}-{date:ddMMyyyy}-{seq:05}"

_FIELD = re.compile(r"\{([^{}]*)\}")
_DATE = re.compile(r"yyyy|yy|MM|dd")
_STRFTIME = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d"}


class BadPatternError(ValueError):
    """The pattern has an unknown field, lone braces, or no ``{seq}``."""


class Reset(StrEnum):
    """When the sequence starts again from 1."""

    NEVER = "never"  # the default (S000-32, open question Q6)
    YEARLY = "yearly"
    DAILY = "daily"


def period(reset: Reset, day: date) -> str:
    """Return the key of the counter that ``day`` uses."""
    return {Reset.NEVER: "", Reset.YEARLY: f"{day:%Y}", Reset.DAILY: f"{day:%Y-%m-%d}"}[reset]


def render(pattern: str, *, org_code: str, day: date, seq: int) -> str:
    """Make a number.

    :raises BadPatternError: the pattern cannot be used.
    """
    seen: list[str] = []

    def fill(match: re.Match[str]) -> str:
        name, _, spec = match.group(1).partition(":")
        seen.append(name)
        if name == "org.code" and not spec:
            return org_code
        if name == "date" and spec and not _DATE.sub("", spec).strip("-./ "):
            return day.strftime(_DATE.sub(lambda part: _STRFTIME[part.group()], spec))
        if name == "seq" and re.fullmatch(r"(0\d{1,2})?", spec):
            return f"{seq:{spec}d}"
        msg = f"unknown field {match.group()!r} in the numbering pattern"
        raise BadPatternError(msg)

    number = _FIELD.sub(fill, pattern)
    if "{" in _FIELD.sub("", pattern) or "}" in _FIELD.sub("", pattern):
        msg = f"lone brace in the numbering pattern {pattern!r}"
        raise BadPatternError(msg)
    if "seq" not in seen:
        msg = f"the numbering pattern {pattern!r} has no {{seq}}: numbers would repeat"
        raise BadPatternError(msg)
    return number
