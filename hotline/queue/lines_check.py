"""What an administration cannot want: rules that leave a line without anybody, or a call without an end. Pure.

``field_errors`` looks at one record alone; ``problems`` at all of them together. A change is refused for the problems
that it brings, not for those that were there before: else nobody could mend one after another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from hotline.queue.lines_model import (
    ALL,
    CODE,
    MAX_WORTH,
    OTHER,
    RESERVED,
    SOUND,
    Hours,
    Kind,
    Line,
    Person,
    Priority,
    Problem,
    Queue,
    Record,
    Rules,
    Skill,
    Taker,
    Then,
)
from hotline.queue.lines_rules import BEST, LAST_PLACE, place_in, read_spans, spans_on

SOON = timedelta(days=14)
"""A line that does not open within this time is one that never opens: the longest holidays are ten days."""
LONGEST_WAIT_S = 4 * 3600
MOST_VIPS = 5000
MOST_LEVELS = 9
_NUMBER = re.compile(r"[0-9]{1,10}")
_TITLE = 100


def field_errors(kind: Kind, code: str, record: Record) -> dict[str, str]:
    """Return what is wrong with the fields of one record: field → a word (``required``, ``out-of-bounds``, …)."""
    found = dict(_code_errors(kind, code))
    title = getattr(record, "title", None)
    if title is not None and not title.strip():
        found["title"] = "required"
    elif title is not None and (len(title) > _TITLE or not title.isprintable()):
        found["title"] = "too-long"
    match record:
        case Hours():
            found |= dict(_hours_errors(record))
        case Queue():
            found |= dict(_queue_errors(record))
        case Line():
            found |= dict(_line_errors(record))
        case Person():
            if any(not 1 <= level <= BEST for level in record.skills.values()):
                found["skills"] = "out-of-bounds"
        case Priority():
            found |= dict(_priority_errors(record))
        case Skill():
            pass
    return found


def _code_errors(kind: Kind, code: str) -> Iterator[tuple[str, str]]:
    match kind:
        case Kind.LINE:
            good = code == OTHER or _NUMBER.fullmatch(code) is not None
        case Kind.PERSON:
            good = code.isascii() and code.isdigit()
        case Kind.PRIORITY:
            good = code == ALL
        case _:
            good = CODE.fullmatch(code) is not None and code not in RESERVED
    if not good:
        yield "code", "not-a-code"


def _hours_errors(hours: Hours) -> Iterator[tuple[str, str]]:
    texts = {f"day{number}": text for number, text in enumerate(hours.week, 1)}
    texts |= {"day_off": hours.day_off}
    for name, text in texts.items():
        if not _is_spans(text):
            yield name, "not-hours"
    for day, text in hours.days.items():
        try:
            date.fromisoformat(day)
        except ValueError:
            yield "days", "not-hours"
        if not _is_spans(text):
            yield "days", "not-hours"


def _is_spans(text: str) -> bool:
    try:
        read_spans(text)
    except ValueError:
        return False
    return True


def _queue_errors(queue: Queue) -> Iterator[tuple[str, str]]:
    bounds = {
        "ring_s": (queue.ring_s, 3, 120),
        "max_wait_s": (queue.max_wait_s, 5, LONGEST_WAIT_S),
        "announce_s": (queue.announce_s, 0, 3600),
        "reassure_s": (queue.reassure_s, 0, 3600),
        "service_level_s": (queue.service_level_s, 1, 3600),
    }
    for name, (value, least, most) in bounds.items():
        if not least <= value <= most:
            yield name, "out-of-bounds"
    if not SOUND.fullmatch(queue.music):
        yield "music", "not-a-sound"
    if (queue.then is Then.QUEUE) != bool(queue.then_queue):
        yield "then_queue", "required" if not queue.then_queue else "not-asked"
    steps = queue.levels
    rising = all(a.after_s < b.after_s and a.place < b.place for a, b in pairwise(steps))
    inside = all(0 <= level.place <= LAST_PLACE and 0 <= level.after_s <= LONGEST_WAIT_S for level in steps)
    if len(steps) > MOST_LEVELS or not inside or not rising or (steps and steps[0].after_s != 0):
        yield "levels", "not-rising"


def _line_errors(line: Line) -> Iterator[tuple[str, str]]:
    for name in ("greeting", "closed", "menu"):
        sound = getattr(line, name)
        if sound and not SOUND.fullmatch(sound):
            yield name, "not-a-sound"
    if not 0 <= line.worth <= MAX_WORTH:
        yield "worth", "out-of-bounds"
    if not 0 <= line.rate_percent <= 100:
        yield "rate_percent", "out-of-bounds"
    if any(not (len(digit) == 1 and digit.isascii() and digit.isdigit()) for digit in line.digits):
        yield "digits", "not-a-digit"
    if bool(line.menu) != bool(line.digits):
        yield ("digits", "required") if line.menu else ("menu", "required")


def _priority_errors(wish: Priority) -> Iterator[tuple[str, str]]:
    for name, value in (("returning", wish.returning), ("repeated", wish.repeated)):
        if not 0 <= value <= MAX_WORTH:
            yield name, "out-of-bounds"
    if not 1 <= wish.minutes <= 24 * 60:
        yield "minutes", "out-of-bounds"
    numbers = [one.number for one in wish.vip]
    if len(numbers) != len(set(numbers)):
        yield "vip", "repeated"
    if len(numbers) > MOST_VIPS:
        yield "vip", "too-long"
    if any(not _NUMBER.fullmatch(one.number) or not 1 <= one.worth <= MAX_WORTH for one in wish.vip):
        yield "vip", "out-of-bounds"


# --- All of them together -------------------------------------------------------------------------------------------


def problems(rules: Rules, takers: Sequence[Taker], calendar: Mapping[date, bool], today: date) -> frozenset[Problem]:
    """Return everything that would leave a caller without anybody, or that points at what is not there.

    :param takers: who may log in and take calls.
    :param today: in the installation's time zone.
    """
    return frozenset((*_missing(rules), *_loops(rules), *_empty(rules, takers), *_never_open(rules, calendar, today)))


def introduced(before: frozenset[Problem], after: frozenset[Problem]) -> tuple[Problem, ...]:
    """Return the problems that a change brings, in a stable order."""
    return tuple(sorted(after - before, key=lambda one: (one.what, one.where, one.which)))


def _missing(rules: Rules) -> Iterator[Problem]:
    for code, line in rules.lines.items():
        where = (Kind.LINE, code)
        for queue in (line.queue, *line.digits.values()):
            if rules.queue(queue) is None:
                yield Problem("no-such-queue", where, queue)
        if line.hours and line.hours not in rules.hours:
            yield Problem("no-such-hours", where, line.hours)
    for code, queue_ in rules.queues.items():
        if queue_.then is Then.QUEUE and rules.queue(queue_.then_queue) is None:
            yield Problem("no-such-queue", (Kind.QUEUE, code), queue_.then_queue)
        for skill in queue_.skills:
            if skill not in rules.skills:
                yield Problem("no-such-skill", (Kind.QUEUE, code), skill)


def chain(rules: Rules, code: str) -> tuple[str, ...]:
    """Return the queues that a call goes through from ``code`` on; the last one twice when they form a ring."""
    found = [code]
    while (queue := rules.queue(found[-1])) is not None and queue.then is Then.QUEUE:
        found.append(queue.then_queue)
        if queue.then_queue in found[:-1]:
            break
    return tuple(found)


def _loops(rules: Rules) -> Iterator[Problem]:
    for code in rules.queue_codes:
        way = chain(rules, code)
        if len(set(way)) < len(way):
            yield Problem("overflow-loop", (Kind.QUEUE, code), " → ".join(way))
        elif len(way) > 5:  # the dialplan's own bound (extensions_lines.j2, PASSED_ON)
            yield Problem("overflow-too-long", (Kind.QUEUE, code), " → ".join(way))


def used_queues(rules: Rules) -> frozenset[str]:
    """Return the queues that a call can come into."""
    entered = {code for line in rules.lines.values() for code in (line.queue, *line.digits.values())}
    if OTHER not in rules.lines:
        entered.add(rules.main)
    return frozenset(one for code in entered for one in chain(rules, code) if rules.queue(one) is not None)


def _empty(rules: Rules, takers: Sequence[Taker]) -> Iterator[Problem]:
    for code in used_queues(rules):
        queue = rules.queue(code)
        places = [place for taker in takers if (place := place_in(rules, code, taker)) is not None]
        where = (Kind.QUEUE, code)
        if not places:
            yield Problem("nobody-in-queue", where, code)
        elif queue is not None and queue.levels and queue.levels[-1].place < min(places):
            yield Problem("nobody-in-levels", where, str(min(places)))
        elif queue is not None and queue.levels and queue.levels[-1].after_s >= queue.max_wait_s:
            yield Problem("level-after-wait", where, str(queue.max_wait_s))


def _never_open(rules: Rules, calendar: Mapping[date, bool], today: date) -> Iterator[Problem]:
    days = [today + timedelta(days=ahead) for ahead in range(SOON.days)]
    for code, line in rules.lines.items():
        hours = rules.hours.get(line.hours)
        if hours is not None and not any(spans_on(hours, day, calendar) for day in days):
            yield Problem("never-open", (Kind.LINE, code), line.hours)
