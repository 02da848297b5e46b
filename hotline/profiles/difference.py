"""What differs between two contents of a profile, row by row. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``before`` and ``after`` are ``None`` for what is new or gone."""

    section: str
    row: str
    """Code of the row; for rows without a code what tells them apart; ``""`` for a section that is no list."""
    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.section, self.row, self.key)))
        if self.before is None:
            return f"+ {where}" + (f" = {self.after!r}" if self.key else "")
        if self.after is None:
            return f"- {where}" + (f" = {self.before!r}" if self.key else "")
        return f"~ {where}: {self.before!r} → {self.after!r}"


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what ``after`` has otherwise than ``before``; nothing when they say the same."""
    found: list[Change] = []
    for section in dict.fromkeys((*before, *after)):
        old, new = before.get(section), after.get(section)
        if isinstance(old or new, list):
            found += _rows(section, old or [], new or [])
        else:
            found += _keys(section, "", _flat(old), _flat(new))
    return tuple(found)


def _rows(section: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    before, after = ({_name(row): row for row in rows} for rows in (old, new))
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield Change(section, name, "", before[name], None)
        elif name not in before:
            yield Change(section, name, "", None, after[name])
        else:
            yield from _keys(section, name, before[name], after[name])
    same = [name for name in before if name in after]
    if same != [name for name in after if name in before]:
        yield Change(section, "", "order", same, [name for name in after if name in before])


def _keys(section: str, row: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            yield Change(section, row, key, before.get(key), after.get(key))


def _name(row: Any) -> str:
    """Return the code of a row; rules of the matrix have none and are named by all that they say."""
    if "code" in row:
        return str(row["code"])
    return " ".join(f"{key}={value}" for key, value in sorted(row.items()))


def _flat(table: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(table, Mapping):
        return {} if table is None else {prefix: table}
    flat: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{prefix}.{key}" if prefix else key
        flat |= _flat(value, name) if isinstance(value, Mapping) else {name: value}
    return flat
