"""From the administration's rules to what Asterisk is told, and to who stands in which queue. Pure.

The keys of AstDB (family ``hotline``) and the dialplan that reads them (``extensions_lines.j2``) are one agreement,
written down in docs/lines.md. A value holds all of its line or queue, so no call ever reads half of a change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from hotline.queue.lines_model import DAY_MINUTES, Hours, Line, Queue, Rules, Span, Taker

AHEAD = timedelta(days=400)
"""How far days that differ from the week are told in advance; the keeper tells them anew every hour."""
BEST = 3
STEP = 10
"""By how many places one level of a skill puts somebody before another."""
LAST_PLACE = 100
FRIDAY = 4

Options = tuple[tuple[str, str], ...]
_SPAN = re.compile(r"(\d{1,2}):(\d\d)\s*[-–—]\s*(\d{1,2}):(\d\d)")
_SAME: Options = (
    ("retry", "1"),
    ("wrapuptime", "0"),
    ("autopause", "no"),
    ("ringinuse", "no"),
    ("setinterfacevar", "yes"),
    ("setqueuevar", "yes"),
    ("setqueueentryvar", "yes"),
    ("joinempty", "yes"),
    ("leavewhenempty", "no"),
    ("timeoutpriority", "app"),
    ("reportholdtime", "no"),
    ("memberdelay", "0"),
    ("weight", "0"),
    ("announce-to-first-user", "no"),
    ("announce-round-seconds", "0"),
)
"""What no rule changes, as in queues.conf: a section stands for itself, Asterisk inherits nothing into it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What Asterisk has to know: keys of AstDB, sections of the queues' files. Order within a section matters."""

    keys: Mapping[str, str]
    queues: Mapping[str, Options]
    levels: Mapping[str, Options]


def plan(rules: Rules, calendar: Mapping[date, bool], today: date) -> Plan:
    """Return everything that Asterisk has to know.

    :param calendar: days that differ from the ordinary week: whether people work then.
    """
    keys: dict[str, str] = {}
    for code, line in rules.lines.items():
        keys[f"line/{code}"] = _line(line)
        keys |= {f"menu/{code}/{digit}": queue for digit, queue in line.digits.items() if line.menu}
    for code, hours in rules.hours.items():
        keys |= {f"hours/{code}/{name}": text for name, text in _days(hours, calendar, today).items()}
    for code, queue in rules.queues.items():
        keys[f"queue/{code}"] = _queue(code, queue)
    for vip in rules.priority.vip:
        keys[f"vip/{vip.number}"] = str(vip.worth)
    wish = rules.priority
    if wish.returning:
        keys["priority"] = f"{wish.returning}|{wish.minutes}|{wish.repeated}"
    return Plan(
        keys,
        {code: options(queue) for code, queue in rules.queues.items()},
        {code: steps for code, queue in rules.queues.items() if (steps := _steps(queue))},
    )


def _line(line: Line) -> str:
    rate = (str(line.rate_percent), "1" if line.rate_more else "") if line.rate_percent else ()
    return "|".join((line.queue, line.greeting, line.closed, line.hours, str(line.worth), line.menu, *rate))


def _queue(code: str, queue: Queue) -> str:
    target = queue.then_queue if queue.then == "queue" else ""
    first = str(queue.levels[0].place) if queue.levels else ""
    return "|".join((str(queue.max_wait_s), queue.then, target, first, code if _steps(queue) else ""))


def _steps(queue: Queue) -> Options:
    """Return the widening after the first level (queuerules.conf, ``penaltychange => seconds,max_penalty``)."""
    return tuple(("penaltychange", f"{level.after_s},{level.place}") for level in queue.levels[1:])


def options(queue: Queue) -> Options:
    """Return the section of a queue (queues.conf)."""
    announcing = queue.position or queue.hold_time
    reassuring = "hotline/please-wait,hotline/callback-offer" if queue.callback else "hotline/please-wait"
    return (
        ("strategy", queue.strategy),
        ("timeout", str(queue.ring_s)),
        ("musicclass", queue.music),
        ("servicelevel", str(queue.service_level_s)),
        ("announce-frequency", str(queue.announce_s if announcing else 0)),
        ("min-announce-frequency", "15"),
        ("announce-position", "yes" if queue.position else "no"),
        ("announce-holdtime", "yes" if queue.hold_time else "no"),
        ("periodic-announce-frequency", str(queue.reassure_s)),
        ("periodic-announce", reassuring),
        *((("context", "queue-exit"),) if queue.callback else ()),
        *_SAME,
    )


# --- Hours ----------------------------------------------------------------------------------------------------------


def read_spans(text: str) -> tuple[Span, ...]:
    """Read ``09:00-13:00, 14:00-18:00``; empty text is a closed day.

    :raises ValueError: it is something else, a span ends before it begins, or two overlap.
    """
    spans: list[Span] = []
    for part in filter(None, (piece.strip() for piece in re.split(r"[,;]", text))):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise ValueError(f"not a time from and to: {part!r}")
        hour, minute, to_hour, to_minute = (int(number) for number in found.groups())
        span = Span(hour * 60 + minute, to_hour * 60 + to_minute)
        if minute > 59 or to_minute > 59 or span.end > DAY_MINUTES or span.start >= span.end:
            raise ValueError(f"no such time of day: {part!r}")
        if spans and span.start < spans[-1].end:
            raise ValueError(f"overlaps what is before it: {part!r}")
        spans.append(span)
    return tuple(spans)


def write_spans(spans: tuple[Span, ...]) -> str:
    """Write spans as people read them; ``read_spans`` reads them back."""
    return ", ".join(f"{_clock(span.start)}-{_clock(span.end)}" for span in spans)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def spans_on(hours: Hours, day: date, calendar: Mapping[date, bool]) -> tuple[Span, ...]:
    """Return when these hours are open on a day: own days first, then the production calendar, then the week."""
    own = hours.days.get(day.isoformat())
    if own is not None:
        return read_spans(own)
    works = calendar.get(day) if hours.by_calendar else None
    if works is False:
        return read_spans(hours.day_off)
    weekday = FRIDAY if works is True and day.weekday() > FRIDAY else day.weekday()
    return read_spans(hours.week[weekday])


def _days(hours: Hours, calendar: Mapping[date, bool], today: date) -> dict[str, str]:
    found = {str(number): _spans(read_spans(text)) for number, text in enumerate(hours.week, 1)}
    known = {date.fromisoformat(day) for day in hours.days} | (set(calendar) if hours.by_calendar else set())
    # Yesterday too: a call may have begun before midnight, in a time zone of its own.
    for day in sorted(day for day in known if today - timedelta(days=1) <= day <= today + AHEAD):
        text = _spans(spans_on(hours, day, calendar))
        if text != found[str(day.isoweekday())]:
            found[day.isoformat()] = text
    return found


def _spans(spans: tuple[Span, ...]) -> str:
    return "&".join(f"{span.start}-{span.end}" for span in spans) or "0-0"


# --- Who stands where -----------------------------------------------------------------------------------------------


def place_in(rules: Rules, code: str, taker: Taker) -> int | None:
    """Return somebody's place in a queue (Asterisk's penalty: lower is asked first); ``None``: he is no member.

    In a queue that needs skills he is one when he has them all; the weakest of them counts. An administrator's word
    is stronger: it takes him out, or moves his place.
    """
    queue = rules.queue(code)
    if queue is None:
        return None
    said = taker.said.get(code)
    if said is not None and not said[0]:
        return None
    place = said[1] if said is not None else 0
    if not queue.skills:
        return place if said is not None or taker.by_role else None
    person = rules.people.get(taker.user_id)
    levels = [person.skills.get(skill, 0) if person is not None else 0 for skill in queue.skills]
    if not min(levels):
        return None
    return min(LAST_PLACE, place + (BEST - min(levels)) * STEP)


def places_of(rules: Rules, taker: Taker) -> dict[str, int]:
    """Return the queues in which somebody stands, with his place in each."""
    found = {code: place_in(rules, code, taker) for code in rules.queue_codes}
    return {code: place for code, place in found.items() if place is not None}
