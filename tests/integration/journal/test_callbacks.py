"""The ledger over the real database: what a call row means, what people do, and that a rebuild gives the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from hotline.callback import limits_of
from hotline.callbacks.keeper import Keeper
from hotline.callbacks.lines import DutyLine, Folder
from hotline.callbacks.model import IllegalMove, Limits
from hotline.callbacks.service import Callbacks
from hotline.callbacks.store import duty_of
from hotline.callbacks.tables import DutyCallRow, DutyMoveRow, DutyRow
from hotline.config import Settings
from hotline.cti.model import Call, Direction, EndSource, Outcome
from hotline.errors import BadInput, Conflict, NotFound
from hotline.events import Bus
from hotline.journal.duty_news import DutyChanged
from hotline.journal.outbox import Outbox
from hotline.staff.tables import AuditEventRow
from tests.integration.journal.world import World

NUMBER = "+79280001122"
OURS = frozenset({"hotline"})


def missed(of: World, outcome: Outcome = Outcome.ABANDONED_QUEUE, caller: str | None = NUMBER) -> Call:
    """Make an incoming call that nobody answered, now."""
    found = of.call(caller=caller)
    return replace(found, outcome=outcome, answered_at=None, operator=None, legs=found.legs[:1])


def outgoing(of: World, outcome: Outcome = Outcome.ANSWERED) -> Call:
    found = replace(of.call(caller="101"), direction=Direction.OUT, dialled=NUMBER.removeprefix("+"), outcome=outcome)
    return found if outcome is Outcome.ANSWERED else replace(found, answered_at=None)


def ledger_of(of: World, bus: Bus | None = None) -> Callbacks:
    return Callbacks(of.db, of.clock, Settings().zone, Outbox(of.db, bus))


class Ledger:
    """The service, with calls written down and folded as the keeper does."""

    def __init__(self, of: World) -> None:
        self.world = of
        self.callbacks = ledger_of(of)
        self.anna, self.boris = of.people["op101"], of.people["op102"]

    async def happens(self, call: Call, minutes: float = 3) -> Call:
        await self.world.journal.calls.record(call)
        await self.callbacks.look([NUMBER if call.caller else f"?{call.key}"])
        self.world.clock.advance(timedelta(minutes=minutes))
        return call

    async def listed(self, folder: Folder = Folder.OPEN) -> tuple[DutyLine, ...]:
        return (await self.callbacks.page(self.anna, OURS, folder)).rows


@pytest.fixture
async def ledger(world: World) -> Ledger:
    return Ledger(world)


async def test_lost_calls_of_a_citizen_are_one_duty_until_he_is_answered(ledger: Ledger) -> None:
    """DAY-14: deduplicated by number, hidden once he called again himself and was served."""
    of = ledger.world
    await ledger.happens(missed(of))
    await ledger.happens(missed(of, Outcome.VOICEMAIL))
    (line,) = await ledger.listed()
    assert (line.number, line.tries, line.reasons, line.state) == (NUMBER, 2, ("abandoned", "voicemail"), "open")
    assert (line.colour, line.callable, line.queue) == ("green", True, "hotline")
    assert line.due_at.isoformat() == "2026-11-20T15:00:00+00:00"
    served = await ledger.happens(of.call(caller=NUMBER))
    assert await ledger.listed() == ()
    (over,) = await ledger.listed(Folder.CLOSED)
    assert (over.state, over.served_call, over.tries) == ("served", served.key, 2)
    _, history = await ledger.callbacks.history(ledger.anna, OURS, over.id)
    assert [one.kind for one in history] == ["miss", "miss", "serve"]


async def test_a_call_back_serves_and_a_busy_line_is_an_attempt(ledger: Ledger) -> None:
    await ledger.happens(missed(ledger.world))
    await ledger.happens(outgoing(ledger.world, Outcome.BUSY))
    (line,) = await ledger.listed()
    assert (line.state, line.attempts, line.last_result) == ("attempted", 1, "busy")
    assert line.next_try_at is not None
    reached = outgoing(ledger.world)
    await ledger.world.journal.calls.record(reached)
    hour = ledger.world.clock.now() - timedelta(hours=1)
    assert await ledger.callbacks.unseen(hour) == {NUMBER}, "nobody told the ledger: the sweep finds it"
    await ledger.happens(reached)
    assert await ledger.listed() == ()
    assert await ledger.callbacks.unseen(hour) == set()


async def test_as_shipped_a_talk_of_ten_seconds_serves_and_so_does_anybody_whom_he_reaches(world: World) -> None:
    """DAY-14 with the product's own ``HOTLINE_CALLBACK_SERVED_S`` and a clock that we move."""
    its = Ledger(world)
    its.callbacks = Callbacks(world.db, world.clock, Settings().zone, Outbox(world.db, None), limits_of(Settings()))
    await its.happens(missed(world))
    reached = outgoing(world)
    assert reached.answered_at is not None
    short = replace(reached, ended_at=reached.answered_at + timedelta(seconds=9.9))
    await its.happens(short)
    (line,) = await its.listed()
    assert (line.state, line.last_result) == ("attempted", "short")
    long = replace(outgoing(world), answered_at=world.clock.now(), ended_at=world.clock.now() + timedelta(seconds=10))
    await its.happens(long)
    assert await its.listed() == ()
    await its.happens(missed(world))
    answered = replace(world.call("102", caller=NUMBER), answered_at=world.clock.now())
    await its.happens(replace(answered, ended_at=world.clock.now() + timedelta(seconds=1)))
    assert await its.listed() == ()
    over = {line.served_call: line.state for line in await its.listed(Folder.CLOSED)}
    assert over == {long.key: "served", answered.key: "served"}


async def test_an_appeal_of_his_serves_him(ledger: Ledger) -> None:
    await ledger.happens(missed(ledger.world))
    assert await ledger.callbacks.unseen(ledger.world.clock.now() - timedelta(hours=1)) == set()
    appeal = await ledger.world.save(applicant_phone=NUMBER)
    assert await ledger.callbacks.named_in(appeal.id) == {NUMBER}
    assert NUMBER in await ledger.callbacks.unseen(ledger.world.clock.now() - timedelta(hours=1))
    await ledger.callbacks.look([NUMBER])
    (over,) = await ledger.listed(Folder.CLOSED)
    assert over.appeal == (appeal.id, appeal.number)


async def test_hidden_numbers_are_duties_of_their_own_that_nobody_can_call(ledger: Ledger) -> None:
    await ledger.happens(missed(ledger.world, Outcome.VOICEMAIL, caller=None))
    await ledger.happens(missed(ledger.world, caller=None))
    lines = await ledger.listed()
    assert [(line.number, line.callable, line.tries) for line in lines] == [("", False, 1)] * 2
    assert await ledger.callbacks.next_for(ledger.anna, OURS) is None


async def test_what_people_do_is_kept_checked_and_told(ledger: Ledger) -> None:
    """Take, give back, attempt, close, reopen: version, audit, outbox; a colleague's hold and queue are respected."""
    its, of = ledger.callbacks, ledger.world
    await ledger.happens(missed(of))
    (line,) = await ledger.listed()
    taken = await its.take(ledger.anna, OURS, line.id, line.version)
    assert (taken.state, taken.taken_by_id) == ("taken", ledger.anna.id)
    with pytest.raises(Conflict) as stale:
        await its.take(ledger.boris, OURS, line.id, line.version)
    assert stale.value.error_id == "stale-record"
    with pytest.raises(IllegalMove) as held:
        await its.take(ledger.boris, OURS, line.id, taken.version)
    assert held.value.error_id == "callback-taken"
    with pytest.raises(NotFound):
        await its.take(ledger.boris, frozenset({"another"}), line.id, taken.version)
    later = of.clock.now() + timedelta(hours=1)
    with pytest.raises(BadInput):
        await its.attempt(ledger.anna, OURS, line.id, taken.version, result="later", next_try_at=None)
    tried = await its.attempt(ledger.anna, OURS, line.id, taken.version, result="later", next_try_at=later, note="в 12")
    assert (tried.state, tried.next_try_at) == ("attempted", later)
    assert await its.next_for(ledger.boris, OURS) is None, "not before the time that he wished"
    closed = await its.close(ledger.anna, OURS, line.id, tried.version, closing="not_needed")
    assert (closed.state, closed.closing) == ("closed", "not_needed")
    opened = await its.reopen(ledger.anna, OURS, line.id, closed.version)
    assert opened.state == "attempted"
    async with of.db.begin() as session:
        trail = await session.scalars(select(AuditEventRow.details).where(AuditEventRow.entity == "duty"))
        assert [one["move"] for one in trail] == ["take", "attempt", "close", "reopen"]


async def test_a_hold_runs_out_and_supervisors_may_insist(ledger: Ledger) -> None:
    its = ledger.callbacks
    await ledger.happens(missed(ledger.world))
    (line,) = await ledger.listed()
    taken = await its.take(ledger.anna, OURS, line.id, line.version)
    assert (await its.counts(ledger.anna, OURS)).mine == 1
    again = await its.take(ledger.boris, None, line.id, taken.version, insists=True)
    assert again.taken_by_id == ledger.boris.id
    ledger.world.clock.advance(Limits().hold)
    (line,) = await ledger.listed()
    assert (line.state, line.taken_by) == ("open", "")
    ledger.world.clock.advance(timedelta(hours=9))
    counts = await its.counts(ledger.anna, OURS)
    assert (counts.open, counts.mine, counts.overdue) == (1, 0, 1)


async def test_a_better_report_takes_the_ground_from_a_duty(ledger: Ledger) -> None:
    """A snapshot said that he was gone; Asterisk's log says that he was answered."""
    lost = missed(ledger.world)
    await ledger.happens(replace(lost, end_source=EndSource.RESYNC))
    assert len(await ledger.listed()) == 1
    answered = replace(ledger.world.call(caller=NUMBER), key=lost.key, end_source=EndSource.LOG)
    await ledger.happens(answered)
    assert await ledger.listed() == ()
    (over,) = await ledger.listed(Folder.CLOSED)
    assert (over.state, over.closing) == ("closed", "void")


@pytest.mark.parametrize("seed", range(3))
async def test_a_rebuild_from_the_rows_gives_the_same_ledger(ledger: Ledger, seed: int) -> None:
    """Nothing is lost while the service was down: calls folded one by one, in any order, or all at once."""
    random_, of = random.Random(seed), ledger.world
    calls: list[Call] = []
    for _ in range(25):
        kind = random_.choice([missed, missed, outgoing, "talk", "word"])
        if kind == "word":
            (*_, line) = (await ledger.listed()) or [None]
            if line is not None and line.taken_by_id in {None, ledger.anna.id}:
                act = random_.choice(["take", "close"])
                more = {"closing": "not_reached"} if act == "close" else {}
                await getattr(ledger.callbacks, act)(ledger.anna, OURS, line.id, line.version, **more)
            of.clock.advance(timedelta(minutes=1))
            continue
        made = of.call(caller=NUMBER) if kind == "talk" else kind(of)  # type: ignore[operator]
        calls.append(await ledger.happens(made, minutes=random_.choice([2, 30])))
    before = await _rows(of)
    assert before
    for call in random_.sample(calls, len(calls)):
        await ledger.happens(call, minutes=0)
    assert await _rows(of) == before
    async with of.db.begin() as session:
        await session.execute(delete(DutyCallRow))
        await session.execute(delete(DutyRow))
    assert await ledger.callbacks.unseen(of.clock.now() - timedelta(days=2)) == {NUMBER}
    await ledger.callbacks.look([NUMBER])
    assert await _rows(of) == before


async def _rows(of: World) -> list[object]:
    async with of.db.begin() as session:
        rows = await session.scalars(
            select(DutyRow).order_by(DutyRow.first_at).execution_options(populate_existing=True)
        )
        return [(duty_of(row), row.due_at) for row in rows]


@pytest.fixture
async def bus() -> AsyncIterator[Bus]:
    running = Bus()
    yield running
    await running.close()


async def test_what_was_missed_while_the_service_was_down_is_found_at_its_start(
    own_world: World,
    bus: Bus,
) -> None:
    """Kill -9 between the call's row and its duty: the first sweep finds it; two services make one duty of it."""
    of = own_world
    await of.journal.calls.record(missed(of))
    told: asyncio.Queue[DutyChanged] = asyncio.Queue()
    stop = bus.subscribe(DutyChanged, handler=told.put, name="test")
    first, second = (Keeper(ledger_of(of, bus), bus, of.clock, sweep_s=0.05) for _ in range(2))
    for keeper in (first, second):
        keeper.start()
    async with asyncio.timeout(20):
        begun = await told.get()
    of.clock.advance(timedelta(minutes=2))
    answered = of.call(caller=NUMBER)
    await of.journal.calls.record(answered)
    first.saw(answered)
    async with asyncio.timeout(20):
        ended = await told.get()
    assert begun.duty_ids == ended.duty_ids
    for keeper in (first, second):
        await keeper.close()
    await stop()
    async with of.db.begin() as session:
        (row,) = await session.scalars(select(DutyRow))
        assert (row.state, row.version, row.served_call) == ("served", 2, answered.key)
        assert (await session.scalars(select(DutyMoveRow))).all() == []
