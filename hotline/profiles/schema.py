"""Which keys the rows of a profile have, and of which type: lists by the columns of their tables, the rest here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column

from hotline.journal.process import Problem
from hotline.journal.tables_classifier import (
    AppealTypeRow,
    ChannelRow,
    Choice,
    DeadlineRuleRow,
    DispositionRow,
    ForwardRuleRow,
    KinshipRow,
    PauseReasonRow,
    ResultRow,
    ScriptRow,
    SourceRow,
    StatusRow,
    TopicRow,
)
from hotline.journal.tables_lists import FolderRow

# Order matters: topics refer to types.
LISTS: Mapping[str, type[Choice]] = {
    "status": StatusRow,
    "appeal_type": AppealTypeRow,
    "channel": ChannelRow,
    "source": SourceRow,
    "result": ResultRow,
    "topic": TopicRow,
    "disposition": DispositionRow,
    "pause_reason": PauseReasonRow,
    "kinship": KinshipRow,
    "script": ScriptRow,
    "folder": FolderRow,
}
RENAMED: Mapping[str, Mapping[str, str]] = {
    "topic": {"type": "type_code", "parent": "parent_code"},
    "deadline": {"topic": "topic_code"},
}
"""Keys of a file that are named otherwise in the table."""
ONLY_PROFILE: Mapping[str, Mapping[str, type]] = {"status": {"edit": list}, "forward": {"setting": str}}
"""Keys that only the process reads: they have no column."""
_OURS = frozenset({"sort", "valid_from", "valid_to", "organisation_id", "origin", "id", "active"})
"""Columns that no profile sets."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a key of a row may hold."""

    kinds: tuple[type, ...]
    required: bool = False


def _columns(table: Any, section: str) -> dict[str, Key]:
    names = {column: key for key, column in RENAMED.get(section, {}).items()}
    keys = {names.get(one.name, one.name): _key(one) for one in table.__table__.columns if one.name not in _OURS}
    return keys | {name: Key((kind,)) for name, kind in ONLY_PROFILE.get(section, {}).items()}


def _key(column: Column[Any]) -> Key:
    kind = column.type.python_type
    required = not column.nullable and column.server_default is None
    if kind in {list, dict, object}:  # JSON: what it holds is told by what it holds when nothing is said
        default = str(getattr(column.server_default, "arg", ""))
        return Key((list,) if "[" in default else (dict,) if "{" in default else (list, dict), required)
    return Key((kind,), required)


_TEXTS = ("to", "trigger", "title", "done", "icon", "style")
SECTIONS: Mapping[str, Mapping[str, Key]] = {
    **{section: _columns(table, section) for section, table in LISTS.items()},
    "deadline": _columns(DeadlineRuleRow, "deadline") | {"shift": Key((str,))},
    "forward": _columns(ForwardRuleRow, "forward") | {"kind": Key((str,))},
    "role": {
        "code": Key((str,), required=True),
        "title": Key((str,), required=True),
        "allow": Key((list,)),
        "deny": Key((list,)),
        "sight": Key((dict,)),
    },
    "transition": {
        "code": Key((str,), required=True),
        "right": Key((str,), required=True),
        "who": Key((list,), required=True),
        **{name: Key((str,), required=name == "to") for name in _TEXTS},
        **{name: Key((list,)) for name in ("from", "from_status", "when", "asks", "effects")},
    },
}
TABLES = frozenset({"settings", "title"})


def check(content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield unknown sections and keys, and values of the wrong type: nothing else can be said of such rows."""
    for section, rows in content.items():
        if section in TABLES:
            continue
        if section not in SECTIONS:
            yield Problem(section, 0, "", f"{section} is unknown; known are " + ", ".join(sorted(SECTIONS)))
        elif not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            yield Problem(section, 0, "", f"write rows: [[{section}]]")
        else:
            for index, row in enumerate(rows):
                yield from _row(section, index, row)
    if not isinstance(content.get("settings", {}), dict):
        yield Problem("settings", 0, "", "write a table: [settings.…]")


def _row(section: str, index: int, row: Mapping[str, Any]) -> Iterator[Problem]:
    keys = SECTIONS[section]
    for name, value in row.items():
        key = keys.get(name)
        if key is None:
            yield Problem(section, index, name, f"{name} is unknown; known are " + ", ".join(sorted(keys)))
        elif not _fits(value, key.kinds):
            wanted = " or ".join(_WORDS.get(kind, kind.__name__) for kind in key.kinds)
            yield Problem(section, index, name, f"{name} = {value!r} is of the wrong type: {wanted} is needed")
        elif isinstance(value, list) and any(not isinstance(one, str) for one in value):
            yield Problem(section, index, name, f"{name} holds something that is no text")


def missing(content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield keys that a row must have."""
    for section, keys in SECTIONS.items():
        for index, row in enumerate(content.get(section, [])):
            for name, key in keys.items():
                if key.required and row.get(name, "") == "":
                    yield Problem(section, index, "", f"{name} is missing")


_WORDS: Mapping[type, str] = {str: "a text", int: "a number", bool: "true or false", list: "a list", date: "a date"}


def _fits(value: object, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, bool) and bool not in kinds:
        return False  # Python takes true for a number
    return isinstance(value, kinds)
