"""Decides what a merged dossier holds, field by field, and what an undone merge gives back (DAY-26). Pure.

Values are text, as they are stored in the log of merges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

FIELDS = (
    "last_name",
    "first_name",
    "patronymic",
    "birth_date",
    "sex",
    "enp",
    "snils",
    "policy",
    "insurer_id",
    "address",
    "address_fact",
    "email",
    "clinic",
    "notes",
)
"""Fields that a person may choose; the two boolean ones and dates of insurance follow the ENP."""

Values = Mapping[str, str]


class Side(StrEnum):
    """Whose value is taken."""

    KEPT = "kept"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the preview. ``differs``: both have a value, and not the same one."""

    field: str
    kept: str
    gone: str
    choice: Side

    @property
    def differs(self) -> bool:
        """True when somebody should look."""
        return bool(self.kept and self.gone) and self.kept != self.gone


def preview(kept: Values, gone: Values, choices: Mapping[str, str] | None = None) -> tuple[Line, ...]:
    """Return every field in which at least one of the two has a value.

    Without a choice the kept dossier's own value stays, and its gaps are filled.
    """
    lines = []
    for name in FIELDS:
        mine, other = _value(kept, name), _value(gone, name)
        if not (mine or other):
            continue
        chosen = (choices or {}).get(name, "")
        choice = Side(chosen) if chosen in set(Side) else Side.KEPT if mine else Side.GONE
        lines.append(Line(name, mine, other, choice))
    return tuple(lines)


def changes(kept: Values, gone: Values, choices: Mapping[str, str]) -> dict[str, str]:
    """Return the new values of those fields of the kept dossier that the merge changes."""
    return {
        line.field: line.gone
        for line in preview(kept, gone, choices)
        if line.choice is Side.GONE and line.gone != line.kept
    }


def restored(before: Values, after: Values, now: Values) -> dict[str, str]:
    """Return what undoing gives back: fields that still are as the merge left them. Later corrections stay."""
    return {name: value for name, value in before.items() if now.get(name, "") == after.get(name, "")}


def _value(values: Values, name: str) -> str:
    value = values.get(name, "")
    return "" if name == "sex" and value == "u" else value
