"""«A call from N to line L now would go …»: the dialplan's way, told step by step without a call. Pure.

Every step follows what ``extensions_lines.j2`` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from hotline.queue.lines_check import chain
from hotline.queue.lines_model import OTHER, Line, Queue, Rules, Taker, Then
from hotline.queue.lines_rules import place_in, spans_on, write_spans


class StepKind(StrEnum):
    """What happens to the call."""

    LINE = "line"  # title, code
    UNKNOWN_LINE = "unknown-line"  # nothing is said of it: the settings decide, hours too
    OPEN = "open"  # hours, spans
    ALWAYS = "always"
    CLOSED = "closed"  # hours, spans, sound
    GREETING = "greeting"  # sound
    MENU = "menu"  # sound, digits
    CHOSEN = "chosen"  # digit, queue
    WORTH = "worth"  # worth and its parts
    QUEUE = "queue"  # title, strategy, members
    NOBODY = "nobody"  # title
    LEVEL = "level"  # after_s, place, members
    TOLD = "told"  # announcements
    OVER = "over"  # max_wait_s, then
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``facts`` are what its words need."""

    kind: StepKind
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imagined:
    """The call that is asked about.

    :ivar number, dialled: as the network delivers them.
    :ivar digit: what he would press in the menu; empty: nothing.
    :ivar left: how often he has left without having been served within the last hour.
    :ivar at: in the time zone of the installation.
    """

    number: str
    dialled: str
    at: datetime
    digit: str = ""
    left: int = 0


def tail_of(number: str) -> str:
    """Return a number as lines and priorities know it: its last ten digits."""
    return "".join(sign for sign in number if sign.isascii() and sign.isdigit())[-10:]


def line_of(rules: Rules, dialled: str) -> tuple[str, Line] | None:
    """Return the line of a dialled number; ``None``: nothing is said of it, nor of all others."""
    for code in (tail_of(dialled), OTHER):
        if code in rules.lines:
            return code, rules.lines[code]
    return None


def explain(rules: Rules, call: Imagined, takers: Sequence[Taker], calendar: Mapping[date, bool]) -> tuple[Step, ...]:
    """Return the way of a call, from the number to the message that he leaves when nobody comes."""
    found = line_of(rules, call.dialled)
    if found is None:
        steps = [Step(StepKind.UNKNOWN_LINE)]
        queue = rules.main
    else:
        code, line = found
        steps = [Step(StepKind.LINE, {"title": line.title, "code": code})]
        if not _opening(rules, line, call, calendar, steps):
            return (*steps, Step(StepKind.MESSAGE))
        queue = _menu(line, call, steps)
    steps.append(_worth(rules, call, found[1].worth if found else 0))
    for code in chain(rules, queue)[:5]:
        steps += _in_queue(rules, code, takers)
    last = rules.queue(chain(rules, queue)[-1])
    if last is None or last.then is not Then.HANGUP:
        steps.append(Step(StepKind.MESSAGE))
    return tuple(steps)


def _opening(rules: Rules, line: Line, call: Imagined, calendar: Mapping[date, bool], steps: list[Step]) -> bool:
    hours = rules.hours.get(line.hours)
    if hours is None:
        steps.append(Step(StepKind.ALWAYS))
    else:
        spans = spans_on(hours, call.at.date(), calendar)
        minute = call.at.hour * 60 + call.at.minute
        facts = {"hours": hours.title, "spans": write_spans(spans), "sound": line.closed}
        if not any(span.start <= minute < span.end for span in spans):
            steps.append(Step(StepKind.CLOSED, facts))
            return False
        steps.append(Step(StepKind.OPEN, facts))
    steps.append(Step(StepKind.GREETING, {"sound": line.greeting}))
    return True


def _menu(line: Line, call: Imagined, steps: list[Step]) -> str:
    if not line.menu:
        return line.queue
    steps.append(Step(StepKind.MENU, {"sound": line.menu, "digits": dict(line.digits)}))
    queue = line.digits.get(call.digit, line.queue)
    steps.append(Step(StepKind.CHOSEN, {"digit": call.digit if call.digit in line.digits else "", "queue": queue}))
    return queue


def _worth(rules: Rules, call: Imagined, of_line: int) -> Step:
    wish, number = rules.priority, tail_of(call.number)
    vip = next((one.worth for one in wish.vip if number and one.number == number), 0)
    returning = repeated = 0
    if wish.returning and call.left and number:
        returning, repeated = wish.returning, wish.repeated if call.left > 1 else 0
    facts = {"line": of_line, "vip": vip, "returning": returning, "repeated": repeated}
    return Step(StepKind.WORTH, {"worth": sum(facts.values()), **facts})


def _in_queue(rules: Rules, code: str, takers: Sequence[Taker]) -> list[Step]:
    queue = rules.queue(code)
    if queue is None:
        return [Step(StepKind.NOBODY, {"title": code})]
    places = [place for taker in takers if (place := place_in(rules, code, taker)) is not None]
    facts: dict[str, object] = {"title": queue.title, "strategy": queue.strategy, "members": len(places)}
    steps = [Step(StepKind.QUEUE if places else StepKind.NOBODY, facts)]
    steps += [
        Step(
            StepKind.LEVEL,
            {"after_s": one.after_s, "place": one.place, "members": sum(place <= one.place for place in places)},
        )
        for one in queue.levels
    ]
    if queue.announce_s and (queue.position or queue.hold_time):
        told = {"position": queue.position, "hold_time": queue.hold_time, "announce_s": queue.announce_s}
        steps.append(Step(StepKind.TOLD, told))
    steps.append(Step(StepKind.OVER, _over(rules, queue)))
    return steps


def _over(rules: Rules, queue: Queue) -> dict[str, object]:
    target = rules.queue(queue.then_queue) if queue.then is Then.QUEUE else None
    return {"max_wait_s": queue.max_wait_s, "then": queue.then, "queue": target.title if target else ""}
