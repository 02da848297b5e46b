"""The definitions of all figures, in Python: the reference with which a test compares what PostgreSQL adds up.

Pure, and not used by the page: 150,000 calls are added up by the database (``queries``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from hotline.journal.rating_model import DETRACTOR, LOW, PROMOTER, SATISFIED
from hotline.stats.model import TIMES, TOTAL, Answer, Figures, Group, Question

QUARTER = timedelta(minutes=15)
_BUSY = frozenset({"ringing", "talking", "hold", "wrap_up"})


@dataclass(frozen=True, slots=True)
class CallFact:
    """An incoming call as its row has it."""

    started_at: datetime
    queue: str | None
    outcome: str | None
    operator_id: int | None
    topics: frozenset[str] = frozenset()
    asked: bool = False
    """The citizen was asked how it was; what he said, if he did."""
    score: int | None = None
    recommends: int | None = None


@dataclass(frozen=True, slots=True)
class PartFact:
    """A row of ``call_segment``."""

    direction: str
    kind: str
    started_at: datetime
    seconds: float
    hold_s: float
    queue: str | None
    user_id: int | None
    by_id: int | None
    result: str
    again: bool
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StateFact:
    """A stretch of ``agent_state_log``; ``queue`` and ``topics`` are those of its call."""

    user_id: int
    state: str
    from_at: datetime
    to_at: datetime
    queue: str | None = None
    topics: frozenset[str] = frozenset()


def time_key(question: Question, moment: datetime) -> str:
    """Return the key of a moment in the organisation's day (DAY-42)."""
    local = moment.astimezone(question.zone)
    if question.group is Group.DAY:
        return local.date().isoformat()
    if question.group is Group.HOUR:
        return f"{local.hour:02}"
    return f"{local.hour:02}:{local.minute // 15 * 15:02}"


def compute(
    question: Question, calls: Iterable[CallFact], parts: Iterable[PartFact], states: Iterable[StateFact]
) -> Answer:
    """Count and add up everything."""
    book: dict[str, Figures] = defaultdict(Figures)
    waits: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        if _in(question, call.started_at, call.queue, call.operator_id):
            for key in _keys(question, call.started_at, call.queue, call.operator_id, call.topics):
                _add_call(book[key], call)
    for part in parts:
        who = part.by_id if part.kind in {"consult", "blind"} else part.user_id
        if part.direction != "internal" and _in(question, part.started_at, part.queue, who):
            for key in _keys(question, part.started_at, part.queue, who, part.topics):
                _add_part(question, book[key], part, waits[key])
    for state in states:
        _add_state(question, book, state)
    for key, mine in waits.items():
        if mine:
            mine.sort()
            book[key].wait_p50, book[key].wait_p95 = quantile(mine, 0.5), quantile(mine, 0.95)
            book[key].wait_max = mine[-1]
    total = book.pop(TOTAL, Figures())
    return Answer(dict(sorted(book.items())), total)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile by linear interpolation between neighbours (PostgreSQL's ``percentile_cont``)."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _in(question: Question, moment: datetime, queue: str | None, who: int | None) -> bool:
    if not question.start <= moment < question.end or question.queue not in {None, queue}:
        return False
    if question.people is None or who in question.people:
        return True
    return who is None and queue in question.owned


def _keys(
    question: Question, moment: datetime, queue: str | None, who: int | None, topics: frozenset[str]
) -> Iterable[str]:
    yield TOTAL
    if question.group in TIMES:
        yield time_key(question, moment)
    elif question.group is Group.QUEUE and queue is not None:
        yield queue
    elif question.group is Group.OPERATOR and who is not None:
        yield str(who)
    elif question.group is Group.TOPIC:
        yield from topics


def _add_call(figures: Figures, call: CallFact) -> None:
    figures.entered += 1
    figures.out_of_hours += call.outcome == "out_of_hours"
    figures.voicemail += call.outcome == "voicemail"
    figures.callback += call.outcome == "callback"
    figures.abandoned_ivr += call.outcome == "abandoned_ivr"
    figures.asked += call.asked
    if call.score is not None:
        figures.rated += 1
        figures.score_sum += call.score
        figures.low += call.score <= LOW
        figures.satisfied += call.score >= SATISFIED
    if call.recommends is not None:
        figures.recommended += 1
        figures.promoters += call.recommends >= PROMOTER
        figures.detractors += call.recommends <= DETRACTOR


def _add_part(question: Question, figures: Figures, part: PartFact, waits: list[float]) -> None:
    adders: dict[str, Callable[[Figures, PartFact], None]] = {
        "talk": _add_talk,
        "consult": _add_consult,
        "blind": _add_blind,
        "lost": _add_loss,
    }
    if part.kind == "wait":
        _add_wait(question, figures, part, waits)
    else:
        adders[part.kind](figures, part)


def _add_wait(question: Question, figures: Figures, part: PartFact, waits: list[float]) -> None:
    if part.again:
        figures.again += 1
        return
    figures.offered += 1
    figures.left += part.result == "left"
    if part.result == "answered":
        figures.answered += 1
        figures.in_goal += part.seconds <= question.goal(part.queue).answer_s
        figures.wait_s += part.seconds
        waits.append(part.seconds)
    elif part.result == "abandoned":
        short = part.seconds <= question.goal(part.queue).short_s
        figures.short += short
        figures.abandoned += not short


def _add_talk(figures: Figures, part: PartFact) -> None:
    if part.direction == "in":
        figures.handled += 1
        figures.talk_s += part.seconds - part.hold_s
        figures.hold_s += part.hold_s
    else:
        figures.outgoing += 1
        figures.outgoing_s += part.seconds


def _add_consult(figures: Figures, part: PartFact) -> None:
    figures.consulted += 1
    figures.completed += part.result == "done"
    figures.joined += part.result == "joined"
    figures.cancelled += part.result not in {"done", "joined"}


def _add_blind(figures: Figures, part: PartFact) -> None:
    figures.blind += 1
    figures.blind_done += part.result == "done"


def _add_loss(figures: Figures, part: PartFact) -> None:
    figures.lost += 1
    figures.recovered += part.result == "done"


def _add_state(question: Question, book: dict[str, Figures], state: StateFact) -> None:
    """Add the part of a stretch that lies in the period, cut at the quarters of the hour when rows are times."""
    start, end = max(state.from_at, question.start), min(state.to_at, question.end)
    if start >= end or (question.people is not None and state.user_id not in question.people):
        return
    if question.queue is not None and state.queue != question.queue:
        return
    cuts = [start, end]
    if question.group in TIMES:
        first = datetime.fromtimestamp(start.timestamp() // 900 * 900, start.tzinfo) + QUARTER
        while first < end:
            cuts.insert(-1, first)
            first += QUARTER
    for begin, until in pairwise(cuts):
        seconds = (until - begin).total_seconds()
        for key in _keys(question, begin, state.queue, state.user_id, state.topics):
            figures = book[key]
            figures.wrap_s += seconds if state.state == "wrap_up" else 0.0
            # A queue and a topic have conversations, but nobody is ready or on a break for them alone.
            if question.queue is not None or (question.group in {Group.QUEUE, Group.TOPIC} and key != TOTAL):
                continue
            figures.busy_s += seconds if state.state in _BUSY else 0.0
            figures.ready_s += seconds if state.state == "ready" else 0.0
            figures.pause_s += seconds if state.state == "pause" else 0.0
