"""What a person typed or clicked becomes a number that can be dialled: E.164 (ITU-T E.164), or a short one. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hotline.errors import BadInput
from hotline.journal import identifiers

_SEPARATORS = re.compile(r"[\s().\-\u2010-\u2015]+")
_SERVICE = re.compile(r"\*\d{1,4}")
_SHORT = re.compile(r"\d{2,6}")
_NUMBER = re.compile(r"\+?\d{7,15}")
_RUSSIAN = re.compile(r"\+7[3-9]\d{9}")
"""No area code of the country code 7 begins with 0, 1 or 2 (6 and 7 are Kazakhstan's)."""


class Kind(StrEnum):
    """Where a number leads."""

    SERVICE = "service"  # ``*43``: the exchange itself
    SHORT = "short"  # an internal number, or a short code such as 112
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Dial:
    """A number as the exchange is given it."""

    number: str
    kind: Kind


def number_to_dial(text: str, *, own: str | None = None, area_code: str = "", international: bool = False) -> Dial:
    """Return what to dial for ``text``.

    :param own: the internal number of who dials.
    :param area_code: put before local numbers; ``""`` refuses them.
    :param international: whether numbers of other countries may be dialled.
    :raises BadInput: ``details["number"]`` says why: ``required``, ``not a telephone number``, ``own number``,
        ``abroad``.
    """
    typed = _SEPARATORS.sub("", text)
    if not typed:
        raise _refused("required")
    if _SERVICE.fullmatch(typed):
        return Dial(typed, Kind.SERVICE)
    if _SHORT.fullmatch(typed):
        if typed == own:
            raise _refused("own number")
        return Dial(typed, Kind.SHORT)
    found = identifiers.phone(typed, area_code=area_code) if _NUMBER.fullmatch(typed) else None
    if found is None or (found.startswith("+7") and not _RUSSIAN.fullmatch(found)):
        raise _refused("not a telephone number")
    if not found.startswith("+7") and not international:
        raise _refused("abroad")
    return Dial(found, Kind.OUTSIDE)


def _refused(why: str) -> BadInput:
    return BadInput(f"this cannot be dialled: {why}", error_id="bad-number", details={"number": why})
