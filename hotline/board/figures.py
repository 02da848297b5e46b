"""Today's figures of the queues, folded from calls (DAY-34). Pure: a call is set, never counted.

A call's facts may come in any order, more than once, from the events of Asterisk, from the database and from the
logs: what is kept is the last word about each call, and every figure is added up from that. So the picture after a
crash is the one that would have been without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hotline.cti.model import Call, Direction, Outcome

STEP = timedelta(minutes=15)
"""The width of one column of the day's charts."""
LEFT_WORD = frozenset({Outcome.VOICEMAIL, Outcome.CALLBACK})
"""Who left a message or asked to be called back is not lost."""
RECENT = timedelta(hours=1)
"""The service level that alarms look at: a bad morning must not ring all day, nor a good one hide a bad noon."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a queue aims at: ``percent`` of the calls answered in ``within_s`` seconds (DAY-34, e.g. 80 % in 20 s).

    Who hangs up within ``short_s`` seconds has not waited: he counts in no service level.
    """

    percent: int = 80
    within_s: int = 20
    short_s: int = 5


@dataclass(frozen=True, slots=True)
class CallFact:
    """All that the figures need of one citizen's call. ``lost``: it ended without an operator and without a word."""

    key: str
    queue: str
    queued_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    lost: bool = False

    @property
    def wait_s(self) -> float | None:
        """Seconds until the answer or the end; ``None`` while he waits."""
        end = self.answered_at or self.ended_at
        return None if end is None else max(timedelta(), end - self.queued_at).total_seconds()


def fact_of(call: Call) -> CallFact | None:
    """Return what the figures need of a call; ``None`` for one that never stood in a queue."""
    if call.direction is not Direction.IN or call.queue is None or call.queued_at is None:
        return None
    lost = call.ended_at is not None and call.answered_at is None and call.outcome not in LEFT_WORD
    return CallFact(call.key, call.queue, call.queued_at, call.answered_at, call.ended_at, lost)


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over some calls. ``offered`` = answered + lost + messages + still waiting; times in seconds.

    ``in_time`` were answered within the goal; ``decided`` are the calls that count in the service level: answered or
    over, without those who hung up at once (``short``).
    """

    offered: int = 0
    answered: int = 0
    lost: int = 0
    messages: int = 0
    short: int = 0
    in_time: int = 0
    decided: int = 0
    waits: int = 0
    wait_sum_s: float = 0.0
    wait_max_s: float = 0.0

    def plus(self, other: Tally) -> Tally:
        """Return the sums over both."""
        return Tally(
            self.offered + other.offered,
            self.answered + other.answered,
            self.lost + other.lost,
            self.messages + other.messages,
            self.short + other.short,
            self.in_time + other.in_time,
            self.decided + other.decided,
            self.waits + other.waits,
            self.wait_sum_s + other.wait_sum_s,
            max(self.wait_max_s, other.wait_max_s),
        )

    @property
    def service_level(self) -> float | None:
        """Per cent of the decided calls answered in time; ``None`` when there is none yet."""
        return 100.0 * self.in_time / self.decided if self.decided else None

    @property
    def lost_percent(self) -> float | None:
        """Per cent of the calls that are over or answered; ``None`` when there is none yet."""
        over = self.answered + self.lost + self.messages
        return 100.0 * self.lost / over if over else None

    @property
    def mean_wait_s(self) -> float | None:
        """Mean wait of the answered and of those who gave up."""
        return self.wait_sum_s / self.waits if self.waits else None


def tally(facts: Iterable[CallFact], goal: Goal) -> Tally:
    """Add calls up."""
    offered = answered = lost = messages = short = in_time = decided = waits = 0
    total = longest = 0.0
    for fact in facts:
        offered += 1
        wait = fact.wait_s
        if wait is None:
            continue
        waits += 1
        total += wait
        longest = max(longest, wait)
        if fact.answered_at is not None:
            answered += 1
            decided += 1
            in_time += wait <= goal.within_s
        else:
            brief = fact.lost and wait <= goal.short_s
            lost += fact.lost
            messages += not fact.lost
            short += brief
            decided += not brief
    return Tally(offered, answered, lost, messages, short, in_time, decided, waits, total, longest)


@dataclass(slots=True)
class _Slot:
    """The calls that joined one queue in one quarter of an hour, and their sums while nothing has changed."""

    facts: dict[str, CallFact] = field(default_factory=dict)
    sums: Tally | None = None


class DayBook:
    """The calls of one day, by queue and quarter of an hour of joining.

    :param start: when the organisation's day begins, UTC.
    :param end: when the next one does: a day may have 23 or 25 hours.
    """

    def __init__(self, start: datetime, end: datetime, goals: dict[str, Goal] | None = None) -> None:
        self.start = start
        self.end = end
        self._goals = dict(goals or {})
        self._facts: dict[str, CallFact] = {}
        self._slots: dict[tuple[str, int], _Slot] = {}
        self._queues: dict[str, set[int]] = {}

    def goal(self, queue: str) -> Goal:
        """Return what a queue aims at."""
        return self._goals.get(queue, Goal())

    def set_goals(self, goals: dict[str, Goal]) -> None:
        """Judge by other goals from now on, the calls of the whole day."""
        self._goals = dict(goals)
        for slot in self._slots.values():
            slot.sums = None

    def known(self, key: str) -> CallFact | None:
        """Return what is known of a call; ``None``: it is not of this day, or has not come yet."""
        return self._facts.get(key)

    def put(self, fact: CallFact) -> set[tuple[str, int]]:
        """Take the newest word about a call; return the (queue, quarter) whose figures it changes."""
        before = self._facts.get(fact.key)
        if before == fact or not self.start <= fact.queued_at < self.end:
            return set()
        touched = set()
        if before is not None:
            touched.add(self._drop(before))
        self._facts[fact.key] = fact
        place = self._place(fact)
        slot = self._slots.setdefault(place, _Slot())
        slot.facts[fact.key] = fact
        if slot.sums is not None:
            slot.sums = slot.sums.plus(tally((fact,), self.goal(fact.queue)))
        self._queues.setdefault(fact.queue, set()).add(place[1])
        return touched | {place}

    def put_stored(self, fact: CallFact) -> set[tuple[str, int]]:
        """Take what the database says: it knows the ends, but may be behind the events about what goes on."""
        before = self._facts.get(fact.key)
        if before is not None and fact.ended_at is None:
            return set()
        return self.put(fact)

    def slot(self, queue: str, index: int) -> Tally:
        """Return the sums of one quarter of an hour."""
        slot = self._slots.get((queue, index))
        if slot is None:
            return Tally()
        if slot.sums is None:
            slot.sums = tally(slot.facts.values(), self.goal(queue))
        return slot.sums

    def slots(self, queue: str) -> dict[int, Tally]:
        """Return the quarters in which anybody called, in order."""
        return {index: self.slot(queue, index) for index in sorted(self._queues.get(queue, ()))}

    def total(self, queue: str) -> Tally:
        """Return the sums of the day."""
        found = Tally()
        for one in self.slots(queue).values():
            found = found.plus(one)
        return found

    def recent(self, queue: str, now: datetime) -> Tally:
        """Return the sums over those who joined within :data:`RECENT`, to the call."""
        first = max(0, int((now - RECENT - self.start) // STEP))
        facts = (
            fact
            for index in self._queues.get(queue, ())
            if index >= first
            for fact in self._slots[queue, index].facts.values()
            if fact.queued_at >= now - RECENT
        )
        return tally(facts, self.goal(queue))

    def queues(self) -> tuple[str, ...]:
        """Return the queues that anybody has called today."""
        return tuple(self._queues)

    def _place(self, fact: CallFact) -> tuple[str, int]:
        return fact.queue, int((fact.queued_at - self.start) // STEP)

    def _drop(self, fact: CallFact) -> tuple[str, int]:
        """Take a call out. One that waited is subtracted: in a rush a quarter has thousands of calls to recount."""
        place = self._place(fact)
        slot = self._slots[place]
        del slot.facts[fact.key]
        if slot.sums is not None:
            waited = fact.wait_s is None
            slot.sums = replace(slot.sums, offered=slot.sums.offered - 1) if waited else None
        return place
