"""What an administrator may change in each list that people choose from (domain 2.2, section 4). Pure.

A list is described, not programmed: the page, the checks and the history all read :data:`SCHEMAS`. Statuses are not
here: they belong to the process, which is changed as a whole (docs/profile.md). Scripts have versions of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from hotline.journal.model import Form

CODE = re.compile(r"[0-9A-Za-zА-Яа-яЁё][0-9A-Za-zА-Яа-яЁё._-]{0,19}")
TEXT_LENGTH = 300
MAX_NUMBER = 99_999


class Kind(StrEnum):
    """How a field is written and read."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    FLAG = "flag"
    CHOICE = "choice"
    CODES = "codes"
    """Any of a set; ticked boxes named ``<field>_<code>``."""
    WORDS = "words"
    """Words with commas between them."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a list.

    :ivar choices: what a ``CHOICE`` or ``CODES`` takes; empty when ``source`` says it.
    :ivar source: a list (``role``, ``appeal_type``, ``topic``) whose codes it takes.
    """

    name: str
    kind: Kind
    choices: tuple[str, ...] = ()
    source: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class ListSchema:
    """One list: its own fields; every list has :data:`COMMON` besides.

    :ivar keeps_one: at least one row must be open, or no card could be filled in any more.
    :ivar sole: a flag that only one row can have; setting it takes it from the others.
    """

    code: str
    fields: tuple[Field, ...] = ()
    keeps_one: bool = True
    sole: str = ""

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """The title first, then the list's own fields, then order and dates."""
        return (COMMON[0], *self.fields, *COMMON[1:])


COMMON = (
    Field("title", Kind.TEXT, required=True),
    Field("sort", Kind.NUMBER),
    Field("valid_from", Kind.DAY),
    Field("valid_to", Kind.DAY),
)
_ROLES = Field("default_for", Kind.CODES, source="role")

SCHEMAS: Mapping[str, ListSchema] = {
    schema.code: schema
    for schema in (
        ListSchema("appeal_type", (Field("is_complaint", Kind.FLAG), Field("is_consultation", Kind.FLAG), _ROLES)),
        ListSchema(
            "topic",
            (
                Field("type_code", Kind.CHOICE, source="appeal_type", required=True),
                Field("parent_code", Kind.CHOICE, source="topic"),
                Field("keywords", Kind.WORDS),
                Field("sla_amount", Kind.NUMBER),
                Field("sla_unit", Kind.CHOICE, choices=("hour", "day", "working_day")),
                Field("restricted", Kind.FLAG),
            ),
        ),
        ListSchema(
            "channel",
            (
                Field("form", Kind.CHOICE, choices=tuple(Form), required=True),
                _ROLES,
                Field("warning", Kind.TEXT),
            ),
        ),
        ListSchema("source", (Field("is_default", Kind.FLAG),), sole="is_default"),
        ListSchema("result", (Field("is_final", Kind.FLAG),)),
        ListSchema(
            "disposition",
            (Field("direction", Kind.CHOICE, choices=("in", "out"), required=True), Field("needs_note", Kind.FLAG)),
        ),
        ListSchema("pause_reason", (Field("limit_min", Kind.NUMBER), Field("is_break", Kind.FLAG))),
        ListSchema("kinship", keeps_one=False),
    )
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A form that was read: values by field, and what is wrong with each field that could not be."""

    values: Mapping[str, Any]
    problems: Mapping[str, str] = field(default_factory=dict)


def parse(schema: ListSchema, sent: Mapping[str, str], known: Mapping[str, Collection[str]]) -> Parsed:
    """Read a form.

    :param known: the codes of each source that the list's fields refer to.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for one in schema.all_fields:
        text = sent.get(one.name, "").strip()
        try:
            values[one.name] = _value(one, text, sent, one.choices or known.get(one.source, ()))
        except ValueError as error:
            problems[one.name] = str(error)
            continue
        if one.required and not values[one.name]:
            problems[one.name] = "required"
    start, end = values.get("valid_from"), values.get("valid_to")
    if start and end and end < start:
        problems["valid_to"] = "lies before the first day"
    if "sla_amount" in values and "sla_unit" in values and (values["sla_amount"] is None) != (not values["sla_unit"]):
        problems["sla_unit" if values["sla_amount"] is not None else "sla_amount"] = "required"
    return Parsed(values, problems)


def to_form(schema: ListSchema, values: Mapping[str, Any]) -> dict[str, str]:
    """Write values as the fields of a form: the inverse of :func:`parse`. What is empty is left out."""
    form: dict[str, str] = {}
    for one in schema.all_fields:
        value = values.get(one.name)
        if value is None or value is False or value in ("", []):
            continue
        if one.kind is Kind.CODES:
            form |= {f"{one.name}_{code}": "1" for code in value}
        else:
            form[one.name] = _text(one.kind, value)
    return form


def plain(schema: ListSchema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Write values so that JSON and the history can hold them."""
    return {
        one.name: value.isoformat() if isinstance(value := values.get(one.name), date) else value
        for one in schema.all_fields
    }


def code_problem(code: str, taken: Collection[str]) -> str:
    """Say what is wrong with the code of a new row; empty when nothing is."""
    if not code:
        return "required"
    if not CODE.fullmatch(code):
        return "letters, digits and . _ - only, at most 20"
    return "taken" if code in taken else ""


def _text(kind: Kind, value: Any) -> str:
    if kind is Kind.FLAG:
        return "1"
    if kind is Kind.WORDS:
        return ", ".join(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _value(one: Field, text: str, sent: Mapping[str, str], choices: Collection[str]) -> Any:
    if one.kind is Kind.FLAG:
        return bool(text)
    if one.kind is Kind.CODES:
        return [code for code in choices if sent.get(f"{one.name}_{code}")]
    if one.kind is Kind.WORDS:
        return list(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))
    if not text:
        # The order has a meaning of its own when it is empty (the beginning); other columns may be unknown.
        return {Kind.TEXT: "", Kind.NUMBER: 0 if one.name == "sort" else None}.get(one.kind)
    return _READ[one.kind](text, choices)


def _read_text(text: str, _choices: Collection[str]) -> str:
    if len(text) > TEXT_LENGTH:
        raise ValueError(f"at most {TEXT_LENGTH} characters")
    return text


def _read_number(text: str, _choices: Collection[str]) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise ValueError(f"a whole number from 0 to {MAX_NUMBER}")
    return int(text)


def _read_day(text: str, _choices: Collection[str]) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("no such day") from error


def _read_choice(text: str, choices: Collection[str]) -> str:
    if text not in choices:
        raise ValueError("unknown")
    return text


_READ = {Kind.TEXT: _read_text, Kind.NUMBER: _read_number, Kind.DAY: _read_day, Kind.CHOICE: _read_choice}
