"""Typical answers with variables, and which of them were given (S001-052, S001-053, DAY-39). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.errors import BadInput

MAX_USES = 30
_VARIABLE = re.compile(r"\{([^{}\n]{1,60})\}")
_USE = re.compile(r"([A-Za-z0-9._-]{1,40})@([0-9]{1,6})")


class Fact(StrEnum):
    """Where the value of a variable comes from; a profile writes it as ``@operator``. Anything else is a fixed text."""

    ORGANISATION = "@organisation"
    OPERATOR = "@operator"
    TODAY = "@today"
    APPLICANT = "@applicant"
    """The caller's facts are known to the page only: it fills them in itself, so that no name is in an address."""
    PHONE = "@phone"


CALLER = {Fact.APPLICANT: "applicant", Fact.PHONE: "phone"}


@dataclass(frozen=True, slots=True)
class Filled:
    """An answer with what is known filled in. ``caller`` maps variables that are left to the page to its facts."""

    text: str
    caller: Mapping[str, str]
    blanks: tuple[str, ...]
    """Variables that nobody knows: the operator fills them."""


@dataclass(frozen=True, slots=True)
class Used:
    """An answer that was given: its words as they were then (DAY-39)."""

    title: str
    version: int
    body: str
    by: str
    at: datetime


def fill(body: str, variables: Mapping[str, str], facts: Mapping[str, str]) -> Filled:
    """Replace the variables of an answer.

    :param variables: variable → a value of :class:`Fact`, or a text that the organisation has set; the profile's.
    :param facts: :class:`Fact` → its value now, without the caller's.
    """
    caller: dict[str, str] = {}
    blanks: list[str] = []

    def value(match: re.Match[str]) -> str:
        name = match[1].strip()
        source = variables.get(name, "")
        if source in CALLER:
            caller[name] = CALLER[Fact(source)]
            return match[0]
        found = facts.get(source, "") if source.startswith("@") else source
        if not found:
            blanks.append(name)
            return match[0]
        return found

    text = _VARIABLE.sub(value, body)
    return Filled(text, caller, tuple(dict.fromkeys(blanks)))


def parse_uses(text: str) -> dict[str, int]:
    """Read which answers a card used: ``SC03@1 SC05@2`` → code and version.

    :raises BadInput: it is something else, or too much of it.
    """
    found: dict[str, int] = {}
    for word in text.split():
        match = _USE.fullmatch(word)
        if match is None:
            raise BadInput("not a list of answers", details={"script_uses": "unknown"})
        found[match[1]] = int(match[2])
    if len(found) > MAX_USES:
        raise BadInput("too many answers", details={"script_uses": f"at most {MAX_USES}"})
    return found
