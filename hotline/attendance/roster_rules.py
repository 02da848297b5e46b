"""Checks of the plan and reading of its files: pure (S001A-13, S001A-14)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from hotline.attendance.model import Shift, ShiftKind, Slot

MOST_BREAK_MIN = 480
MOST_ROWS = 20_000
EARLIEST = date(2020, 1, 1)
LATEST = date(2100, 1, 1)

_HEADINGS = {
    "login": ("логин", "login", "user"),
    "extension": ("внутренний номер", "внутренний", "номер", "extension", "ext"),
    "name": ("сотрудник", "фио", "оператор", "employee", "name"),
    "day": ("дата", "день", "date", "day"),
    "shift": ("смена", "шаблон", "shift", "template"),
    "starts": ("начало", "с", "start", "starts", "from"),
    "ends": ("конец", "окончание", "до", "end", "ends", "to"),
    "break_min": ("перерыв", "перерывы", "перерыв, мин", "перерывы, мин", "break", "breaks", "break_min", "break, min"),
}
_DAY_OFF = frozenset({"выходной", "в", "-", "off"})


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of a file. ``slot`` ``None``: a day off, what is planned there goes away."""

    line: int
    who: str
    day: date
    slot: Slot | None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken, and why, by field."""

    line: int
    cells: tuple[str, ...]
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadRoster:
    """What a file holds. ``by`` says what its people are named by: ``login``, ``extension`` or ``name``."""

    by: str
    rows: tuple[FileRow, ...]
    rejected: tuple[BadRow, ...] = field(default_factory=tuple)


def collisions(shifts: Iterable[Shift]) -> list[tuple[date, date]]:
    """Return the days of each two shifts of one person of which the later begins before the earlier has ended."""
    in_order = sorted(shifts, key=lambda shift: shift.starts_at)
    return [(one.day, after.day) for one, after in pairwise(in_order) if after.starts_at < one.ends_at]


def read_slot(sent: Mapping[str, str], problems: dict[str, str]) -> Slot | None:
    """Read ``starts``, ``ends``, ``kind`` and ``break_min`` of a form; what is wrong goes into ``problems``."""
    starts, ends = (_field(sent, name, problems) for name in ("starts", "ends"))
    kind = sent.get("kind", "") or ShiftKind.DAY.value
    if kind not in list(ShiftKind):
        problems["kind"] = "unknown"
    minutes = _minutes(sent.get("break_min", ""), problems)
    if problems or starts is None or ends is None:
        return None
    return Slot(starts, ends, ShiftKind(kind), minutes)


def read_day(text: str) -> date | None:
    """Read a day as people and spreadsheets write it; ``None`` when it is none."""
    text = text.strip().removesuffix(" 00:00:00")
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y"):
        try:
            found = datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        return found if EARLIEST <= found < LATEST else None
    return None


def read_time(text: str) -> time | None:
    """Read a time of day (``9``, ``9:00``, ``09.30``, ``09:00:00``); 24:00 is midnight; ``None`` when it is none."""
    match = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2})(?::00(?:\.0+)?)?)?", text.strip())
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if (hour, minute) == (24, 0):
        return time()
    return time(hour, minute) if hour < 24 and minute < 60 else None


def read_rows(table: Sequence[Sequence[str]], templates: Mapping[str, Slot]) -> ReadRoster | None:
    """Read a table whose first row names the columns; ``None`` when a person, a day and a shift are not among them.

    :param templates: what the titles in a column «shift» stand for, by :func:`folded` title.
    """
    columns = _columns(table[0]) if table else {}
    by = next((name for name in ("login", "extension", "name") if name in columns), "")
    if not by or "day" not in columns or not ("shift" in columns or {"starts", "ends"} <= columns.keys()):
        return None
    rows: list[FileRow] = []
    rejected: list[BadRow] = []
    seen: set[tuple[str, date]] = set()
    for line, cells in enumerate(table[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        sent = {name: cells[place].strip() if place < len(cells) else "" for name, place in columns.items()}
        problems: dict[str, str] = {}
        found = _row(line, sent, by, templates, problems)
        if found is not None and (folded(found.who), found.day) in seen:
            problems["day"] = "twice in the file"
        if found is None or problems:
            rejected.append(BadRow(line, tuple(cells), problems))
            continue
        seen.add((folded(found.who), found.day))
        rows.append(found)
    return ReadRoster(by, tuple(rows), tuple(rejected))


def copied(days: Mapping[date, Slot], source: date, target: date) -> dict[date, Slot]:
    """Return the seven days from ``source`` as those from ``target``."""
    week = [source + timedelta(days=number) for number in range(7)]
    return {target + (day - source): days[day] for day in week if day in days}


def folded(text: str) -> str:
    """Return a name as it is compared: small letters, one space, ё as е."""
    return " ".join(text.lower().replace("ё", "е").split())


def _row(
    line: int, sent: Mapping[str, str], by: str, templates: Mapping[str, Slot], problems: dict[str, str]
) -> FileRow | None:
    who, day = sent[by], read_day(sent["day"])
    if not who:
        problems[by] = "required"
    if day is None:
        problems["day"] = "not a date"
    title = folded(sent.get("shift", ""))
    slot: Slot | None = None
    if title in _DAY_OFF:
        pass
    elif title:
        slot = templates.get(title)
        if slot is None:
            problems["shift"] = "unknown"
    else:
        slot = read_slot(sent, problems)
    return None if problems or day is None else FileRow(line, who, day, slot)


def _columns(heading: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(heading):
        word = folded(cell)
        for name, words in _HEADINGS.items():
            if word in words:
                found.setdefault(name, place)
    return found


def _field(sent: Mapping[str, str], name: str, problems: dict[str, str]) -> time | None:
    text = sent.get(name, "").strip()
    found = read_time(text)
    if found is None:
        problems[name] = "not a time" if text else "required"
    return found


def _minutes(text: str, problems: dict[str, str]) -> int:
    text = text.strip().removesuffix(".0") or "0"
    if text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) <= MOST_BREAK_MIN:
        return int(text)
    problems["break_min"] = f"0 to {MOST_BREAK_MIN}"
    return 0
