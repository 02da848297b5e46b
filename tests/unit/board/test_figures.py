"""Today's figures of the queues (DAY-34): any order and any repetition of facts gives what a recount gives."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.board.figures import STEP, CallFact, DayBook, Goal, Tally, fact_of, tally
from hotline.cti.model import Call, Direction, Outcome, Phase

START = datetime(2026, 11, 19, 21, 0, tzinfo=UTC)  # midnight in Moscow
GOAL = Goal(80, 20, 5)


def at(seconds: float) -> datetime:
    return START + timedelta(hours=9, seconds=seconds)


def steps(number: int, dice: random.Random) -> list[CallFact]:
    """A citizen's call as its facts become known, step by step."""
    queue = dice.choice(("hotline", "complaints"))
    queued = at(dice.uniform(0, 3600))
    first = CallFact(f"pbx1-{number}", queue, queued)
    facts = [first]
    if dice.random() < 0.2:  # overflow into the other queue: the whole call belongs there from then on
        first = replace(first, queue="complaints" if queue == "hotline" else "hotline")
        facts.append(first)
    end = queued + timedelta(seconds=dice.choice((0, 2, 5, 5.001, 19.9, 20, 20.1, 65, 400)))
    match dice.choice(("answered", "lost", "message", "waits")):
        case "answered":
            facts += [replace(first, answered_at=end)]
            facts += [replace(first, answered_at=end, ended_at=end + timedelta(minutes=3))]
        case "lost":
            facts.append(replace(first, ended_at=end, lost=True))
        case "message":
            facts.append(replace(first, ended_at=end))
    return facts


def recount(facts: Iterable[CallFact]) -> dict[tuple[str, int], tuple[int, ...]]:
    """The same figures by the definition of each, written independently of the code."""
    found: dict[tuple[str, int], list[int]] = {}
    for one in facts:
        row = found.setdefault((one.queue, int((one.queued_at - START).total_seconds()) // 900), [0] * 6)
        row[0] += 1
        if one.answered_at is not None:
            wait = (one.answered_at - one.queued_at).total_seconds()
            row[1] += 1
            row[4] += wait <= 20
            row[5] += 1
        elif one.ended_at is not None:
            wait = (one.ended_at - one.queued_at).total_seconds()
            row[2 if one.lost else 3] += 1
            row[5] += not (one.lost and wait <= 5)
    return {place: tuple(row) for place, row in found.items()}


def shown(book: DayBook) -> dict[tuple[str, int], tuple[int, ...]]:
    return {
        (queue, index): (one.offered, one.answered, one.lost, one.messages, one.in_time, one.decided)
        for queue in book.queues()
        for index, one in book.slots(queue).items()
        if one != Tally()
    }


@pytest.mark.parametrize("seed", range(25))
def test_a_folded_hour_equals_a_recount_from_scratch(seed: int) -> None:
    """DAY-34, S001A-05: interleaved calls, repeated facts, a restart in the middle that reads the rows again."""
    dice = random.Random(seed)
    calls = [steps(number, dice) for number in range(120)]
    stream = [(dice.random() + place, fact) for facts in calls for place, fact in enumerate(facts)]
    book = DayBook(START, START + timedelta(days=1))
    known: dict[str, CallFact] = {}
    for number, (_, fact) in enumerate(sorted(stream, key=lambda pair: pair[0])):
        known[fact.key] = fact
        book.put(fact)
        if dice.random() < 0.2:
            book.put(fact)
        if number % 17 == 0:
            assert shown(book) == recount(known.values())
        if number % 90 == 89:  # killed and started again: first the rows of the database, then the live calls
            book = DayBook(START, START + timedelta(days=1))
            for one in known.values():
                book.put_stored(one)
    assert shown(book) == recount(known.values())
    assert {queue: book.total(queue).offered for queue in book.queues()} == {
        queue: sum(one.queue == queue for one in known.values()) for queue in book.queues()
    }


def test_the_service_level_leaves_out_who_hung_up_at_once() -> None:
    """DAY-34: 80 % in 20 s is of those who were answered or really waited."""
    base = CallFact("a", "hotline", at(0))
    facts = [
        replace(base, key="in time", answered_at=at(20)),
        replace(base, key="too late", answered_at=at(20.1)),
        replace(base, key="hung up at once", ended_at=at(5), lost=True),
        replace(base, key="gave up", ended_at=at(60), lost=True),
        replace(base, key="left a message", ended_at=at(90)),
        replace(base, key="still waits"),
    ]
    found = tally(facts, GOAL)
    assert (found.offered, found.answered, found.lost, found.messages, found.short) == (6, 2, 2, 1, 1)
    assert found.service_level == 25.0
    assert found.lost_percent == 40.0
    assert found.wait_max_s == 90.0


def test_no_call_is_no_service_level() -> None:
    """DAY-34: an empty morning is neither good nor bad."""
    assert Tally().service_level is None
    assert Tally().lost_percent is None
    assert Tally().mean_wait_s is None


def test_what_the_database_is_behind_about_does_not_undo_an_event() -> None:
    """After a restart the rows are read while events come: an answered call does not wait again."""
    book = DayBook(START, START + timedelta(days=1))
    book.put(CallFact("a", "hotline", at(0), at(4)))
    assert book.put_stored(CallFact("a", "hotline", at(0))) == set()
    assert book.total("hotline").answered == 1
    book.put_stored(CallFact("a", "hotline", at(0), None, at(9), lost=True))  # the log knows better
    assert (book.total("hotline").answered, book.total("hotline").lost) == (0, 1)


def test_the_day_ends_at_its_own_midnight() -> None:
    """DAY-42: a call of yesterday, or of tomorrow, is not of today."""
    book = DayBook(START, START + timedelta(days=1))
    for moment in (START - timedelta(seconds=1), START + timedelta(days=1)):
        assert book.put(CallFact("a", "hotline", moment)) == set()
    assert book.put(CallFact("a", "hotline", START)) == {("hotline", 0)}
    assert book.put(CallFact("b", "hotline", START + timedelta(days=1) - STEP)) == {("hotline", 95)}


def test_another_goal_judges_the_whole_day_anew() -> None:
    """DAY-34: the goal is a setting of the queue."""
    book = DayBook(START, START + timedelta(days=1))
    book.put(CallFact("a", "hotline", at(0), at(30)))
    assert book.total("hotline").service_level == 0.0
    book.set_goals({"hotline": Goal(80, 60, 5)})
    assert book.total("hotline").service_level == 100.0


def test_alarms_look_at_the_last_hour_only() -> None:
    """DAY-34: a bad morning does not ring all day."""
    book = DayBook(START, START + timedelta(days=1))
    book.put(CallFact("early", "hotline", at(0), at(500)))
    book.put(CallFact("late", "hotline", at(3601), at(3602)))
    assert book.recent("hotline", at(3700)).service_level == 100.0
    assert book.total("hotline").service_level == 50.0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"direction": Direction.OUT}, None, id="an outgoing call stands in no queue"),
        pytest.param({"queued_at": None}, None, id="hung up during the greeting"),
        pytest.param({"ended_at": at(9), "outcome": Outcome.ABANDONED_QUEUE}, True, id="gave up"),
        pytest.param({"ended_at": at(9), "outcome": Outcome.FAILED}, True, id="lost by a restart of Asterisk"),
        pytest.param({"ended_at": at(9), "outcome": Outcome.VOICEMAIL}, False, id="left a message"),
        pytest.param({"ended_at": at(9), "outcome": Outcome.CALLBACK}, False, id="will be called back"),
        pytest.param({"ended_at": at(9), "answered_at": at(2)}, False, id="was served"),
        pytest.param({}, False, id="waits"),
    ],
)
def test_which_calls_count_and_which_are_lost(change: dict[str, Any], expected: bool | None) -> None:
    """S001A-05, DAY-34."""
    call = Call("k", "pbx1", Direction.IN, Phase.QUEUED, None, "8800", at(-5), queue="hotline", queued_at=at(0))
    fact = fact_of(replace(call, **change))
    assert (None if fact is None else fact.lost) is expected
