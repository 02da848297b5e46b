"""The forms of lines and queues: from what a browser sends to a record, and back to what its fields show. Pure.

A list of records does not fit a form's fields; short lists are texts with one entry a line, because administrators
paste them from elsewhere. What cannot be read is named by its field, and everything typed is shown again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from hotline.errors import BadInput
from hotline.queue.lines_explain import tail_of
from hotline.queue.lines_model import (
    ALL,
    Hours,
    Kind,
    Level,
    Line,
    Person,
    Priority,
    Queue,
    Record,
    Skill,
    SkillKind,
    Strategy,
    Then,
    Vip,
)
from hotline.queue.lines_rules import read_spans, write_spans

LEVELS = 4
"""How many levels the form has; an import of rules may hold more."""
DIGITS = "1234567890"
Sent = Mapping[str, str]
Word = TypeVar("Word", bound=StrEnum)


def code_of(kind: Kind, sent: Sent) -> str:
    """Return the code of a new record. A line's is its number's last ten digits, however it was written."""
    text = sent.get("code", "").strip().lower()
    if kind is Kind.LINE and text != "other":
        return tail_of(text)
    return ALL if kind is Kind.PRIORITY else text


def record_from(kind: Kind, sent: Sent) -> Record:
    """Read a form.

    :raises BadInput: a field cannot be read (``details``: field → word).
    """
    return _READERS[kind](sent)


def _hours(sent: Sent) -> Hours:
    days: dict[str, str] = {}
    for line in _entries(sent, "days"):
        day, _, text = line.partition(" ")
        days[_iso(day)] = _tidy(text, "days")
    week = [_tidy(sent.get(f"day{number}", ""), f"day{number}") for number in range(1, 8)]
    return Hours(
        _text(sent, "title"),
        (week[0], week[1], week[2], week[3], week[4], week[5], week[6]),
        by_calendar=bool(sent.get("by_calendar")),
        day_off=_tidy(sent.get("day_off", ""), "day_off"),
        days=days,
    )


def _queue(sent: Sent) -> Queue:
    then = _one_of(Then, sent, "then")
    return Queue(
        _text(sent, "title"),
        strategy=_one_of(Strategy, sent, "strategy"),
        ring_s=_number(sent, "ring_s"),
        max_wait_s=_number(sent, "max_wait_s"),
        then=then,
        then_queue=_text(sent, "then_queue") if then is Then.QUEUE else "",
        skills=tuple(sorted(name.removeprefix("skill_") for name in sent if name.startswith("skill_") and sent[name])),
        levels=_levels(sent),
        position=bool(sent.get("position")),
        hold_time=bool(sent.get("hold_time")),
        announce_s=_number(sent, "announce_s"),
        reassure_s=_number(sent, "reassure_s"),
        callback=bool(sent.get("callback")),
        music=_text(sent, "music"),
        service_level_s=_number(sent, "service_level_s"),
    )


def _levels(sent: Sent) -> tuple[Level, ...]:
    found = []
    for number in range(1, LEVELS + 1):
        after, place = (_text(sent, f"level_{name}{number}") for name in ("after", "place"))
        if place:
            found.append(Level(_digits(after or "0", "levels"), _digits(place, "levels")))
        elif after and number > 1:
            raise BadInput("a level without a place", details={"levels": "not-rising"})
    return tuple(found)


def _line(sent: Sent) -> Line:
    digits = {digit: queue for digit in DIGITS if (queue := _text(sent, f"digit{digit}"))}
    return Line(
        _text(sent, "title"),
        _text(sent, "queue"),
        hours=_text(sent, "hours"),
        greeting=_text(sent, "greeting"),
        closed=_text(sent, "closed"),
        worth=_number(sent, "worth"),
        menu=_text(sent, "menu"),
        digits=digits,
        rate_percent=_digits(_text(sent, "rate_percent") or "0", "rate_percent"),
        rate_more=bool(sent.get("rate_more")),
    )


def _skill(sent: Sent) -> Skill:
    return Skill(_text(sent, "title"), _one_of(SkillKind, sent, "kind"))


def _person(sent: Sent) -> Person:
    levels = {name.removeprefix("level_"): text for name, text in sent.items() if name.startswith("level_")}
    return Person({code: _digits(text, "skills") for code, text in levels.items() if text not in {"", "0"}})


def _priority(sent: Sent) -> Priority:
    found = []
    for line in _entries(sent, "vip"):
        # The number may be written with spaces: what it is worth is the first word that is not a part of it.
        words = line.split(";") if ";" in line else line.split(maxsplit=2)
        number, worth, note = (*(word.strip() for word in words), "", "")[:3]
        found.append(Vip(tail_of(number), _digits(worth, "vip"), note[:100]))
    return Priority(
        returning=_number(sent, "returning"),
        minutes=_number(sent, "minutes"),
        repeated=_number(sent, "repeated"),
        vip=tuple(found),
    )


_READERS: Mapping[Kind, Callable[[Sent], Record]] = {
    Kind.HOURS: _hours,
    Kind.QUEUE: _queue,
    Kind.LINE: _line,
    Kind.SKILL: _skill,
    Kind.PERSON: _person,
    Kind.PRIORITY: _priority,
}


def fields_of(record: Record) -> dict[str, str]:
    """Return what the fields of a record's form show; ``record_from`` reads it back."""
    match record:
        case Hours():
            days = "\n".join(f"{day} {text}".rstrip() for day, text in sorted(record.days.items()))
            week = {f"day{number}": text for number, text in enumerate(record.week, 1)}
            flag = {"by_calendar": "1"} if record.by_calendar else {}
            return {"title": record.title, "day_off": record.day_off, "days": days, **week, **flag}
        case Queue():
            return _queue_fields(record)
        case Line():
            texts = ("title", "queue", "hours", "greeting", "closed", "menu")
            found: dict[str, str] = {name: getattr(record, name) for name in texts}
            found |= {"worth": str(record.worth), "rate_percent": str(record.rate_percent)}
            found |= {"rate_more": "1"} if record.rate_more else {}
            return {**found, **{f"digit{one}": to for one, to in record.digits.items()}}
        case Skill():
            return {"title": record.title, "kind": record.kind}
        case Person():
            return {f"level_{code}": str(level) for code, level in record.skills.items()}
        case Priority():
            vip = "\n".join("; ".join(filter(None, (one.number, str(one.worth), one.note))) for one in record.vip)
            numbers = {name: str(getattr(record, name)) for name in ("returning", "minutes", "repeated")}
            return {**numbers, "vip": vip}


def _queue_fields(queue: Queue) -> dict[str, str]:
    texts = ("title", "strategy", "then", "then_queue", "music")
    numbers = ("ring_s", "max_wait_s", "announce_s", "reassure_s", "service_level_s")
    found = {name: str(getattr(queue, name)) for name in (*texts, *numbers)}
    found |= {name: "1" for name in ("position", "hold_time", "callback") if getattr(queue, name)}
    found |= {f"skill_{code}": "1" for code in queue.skills}
    for number, level in enumerate(queue.levels, 1):
        found |= {f"level_after{number}": str(level.after_s), f"level_place{number}": str(level.place)}
    return found


def _text(sent: Sent, name: str) -> str:
    return sent.get(name, "").strip()


def _entries(sent: Sent, name: str) -> list[str]:
    return [line.strip() for line in sent.get(name, "").splitlines() if line.strip()]


def _number(sent: Sent, name: str) -> int:
    return _digits(_text(sent, name), name)


def _digits(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise BadInput("not a number", details={name: "not-a-number"})
    return int(text)


def _iso(text: str) -> str:
    """Read ``2026-12-31`` or ``31.12.2026``."""
    day, _, rest = text.partition(".")
    month, _, year = rest.partition(".")
    try:
        return date.fromisoformat(f"{year}-{month:0>2}-{day:0>2}" if rest else text).isoformat()
    except ValueError as error:
        raise BadInput("not a date", details={"days": "not a date"}) from error


def _tidy(text: str, name: str) -> str:
    try:
        return write_spans(read_spans(text.strip()))
    except ValueError as error:
        raise BadInput("not business hours", details={name: "not-hours"}) from error


def _one_of(kind: type[Word], sent: Sent, name: str) -> Word:
    try:
        return kind(sent.get(name, ""))
    except ValueError as error:
        raise BadInput("no such choice", details={name: "unknown"}) from error
