"""Characteristics: chosen, set by the system, still waiting (S002-20, S002-21)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from hotline.cti.model import Call, Direction, EndSource, Leg, LegRole, Outcome
from hotline.errors import BadInput, Forbidden, NotFound
from hotline.events import Bus
from hotline.journal.closing import CallClassified
from hotline.staff.tables import AuditEventRow
from tests.integration.journal.world import World, at, end


class Heard:
    """What the bus brings about characteristics."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._facts: list[CallClassified] = []
        bus.subscribe(CallClassified, handler=self._hear, name="test")

    async def _hear(self, fact: CallClassified) -> None:
        self._facts.append(fact)

    async def codes(self) -> list[str | None]:
        """Return the codes so far."""
        await self._bus.drain()
        return [fact.code for fact in self._facts]


@pytest.fixture
async def heard(world: World) -> AsyncIterator[Heard]:
    """Listen to the journal of ``world``."""
    bus = Bus()
    for part in (world.journal.calls, world.journal.dispositions, world.journal.appeals):
        part._bus = bus
    yield Heard(bus)
    await bus.close()


def outgoing(world: World, outcome: Outcome) -> Call:
    """A call that 101 placed and nobody answered."""
    call = world.call(ended=False)
    own = Leg(call.key, "PJSIP/101-1", LegRole.CALLER, "101", call.started_at)
    call = replace(call, direction=Direction.OUT, dialled="79280001122", answered_at=None, queue=None, legs=(own,))
    return replace(end(call, 30), outcome=outcome)


def unanswered(world: World, outcome: Outcome) -> Call:
    """A citizen's call in which nobody talked."""
    call = replace(world.call(ended=False), answered_at=None, operator=None)
    legs = tuple(leg for leg in call.legs if leg.role is LegRole.CALLER)
    return replace(end(call, 30), outcome=outcome, operator=None, legs=legs)


async def test_a_person_chooses(world: World, heard: Heard) -> None:
    call = world.call()
    await world.journal.calls.record(call)
    anna, dispositions = world.people["op101"], world.journal.dispositions
    assert (await dispositions.unclassified(anna)).keys == (call.key,)
    with pytest.raises(BadInput) as error:
        await dispositions.set(anna, call.key, "D03", "  ")
    assert error.value.details == {"disposition_note": "required"}
    for wrong in ("D99", "D21"):  # unknown; of the other direction
        with pytest.raises(BadInput):
            await dispositions.set(anna, call.key, wrong)
    assert (await dispositions.unclassified(anna)).count == 1
    row = await dispositions.set(anna, call.key, "D03", " Спрашивал адрес ")
    assert (row.disposition, row.disposition_note, row.classify) == ("Информационный запрос", "Спрашивал адрес", False)
    await dispositions.set(anna, call.key, "D09")
    async with world.db.begin() as session:
        trail = await session.scalars(select(AuditEventRow.details).where(AuditEventRow.entity_id == call.key))
        assert [(one["from"], one["to"]) for one in trail] == [(None, "D03"), ("D03", "D09")]
    assert (await dispositions.unclassified(anna)).count == 0
    assert await heard.codes() == [None, "D03", "D09"]


async def test_only_who_talked_or_watches_may_choose(world: World) -> None:
    call = world.call()
    rung = Leg(f"{call.key}9", "PJSIP/102-1", LegRole.AGENT, "102", call.started_at)
    await world.journal.calls.record(replace(call, legs=(*call.legs, rung)))
    with pytest.raises(Forbidden):
        await world.journal.dispositions.set(world.people["op102"], call.key, "D09")
    with pytest.raises(NotFound):
        await world.journal.dispositions.set(world.people["op201"], call.key, "D09")
    supervisor = next(user for user in world.people.values() if user.may("call.monitor"))
    await world.journal.dispositions.set(supervisor, call.key, "D09")
    assert (await world.journal.calls.get(world.people["op101"], call.key)).disposition_code == "D09"


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.BUSY, "D24"), (Outcome.NO_ANSWER, "D23")])
async def test_the_system_closes_what_speaks_for_itself(world: World, outcome: Outcome, code: str) -> None:
    call = outgoing(world, outcome)
    await world.journal.calls.record(call)
    row = await world.journal.calls.get(world.people["op101"], call.key)
    assert (row.disposition_code, row.classify) == (code, False)
    # The log knew better: it was answered after all, so a person must say what came of it.
    answered = replace(call, outcome=Outcome.ANSWERED, answered_at=at(call.started_at, 9), end_source=EndSource.LOG)
    await world.journal.calls.record(answered)
    row = await world.journal.calls.get(world.people["op101"], call.key)
    assert (row.disposition_code, row.classify) == (None, True)


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.VOICEMAIL, "D07"), (Outcome.OUT_OF_HOURS, "D10")])
async def test_what_nobody_answered_has_a_characteristic_too(world: World, outcome: Outcome, code: str) -> None:
    """S002-01, S002-20: a message ends with its prompt's promise, a call out of hours without one. Nothing hangs."""
    call = unanswered(world, outcome)
    await world.journal.calls.record(call)
    supervisor = next(user for user in world.people.values() if user.may("call.monitor"))
    row = await world.journal.calls.get(supervisor, call.key)
    assert (row.disposition_code, row.classify) == (code, False)
    assert (await world.journal.queries.calls(supervisor, unclassified=True)).rows == ()


async def test_whoever_listens_to_a_message_may_name_it(world: World) -> None:
    """He was rung and did not answer, hears the message and finds silence; one who has it not in his list cannot."""
    call = unanswered(world, Outcome.VOICEMAIL)
    rung = Leg(f"{call.key}9", "PJSIP/102-1", LegRole.AGENT, "102", call.started_at)
    await world.journal.calls.record(replace(call, legs=(*call.legs, rung)))
    await world.journal.dispositions.set(world.people["op102"], call.key, "D09")
    assert (await world.journal.calls.get(world.people["op102"], call.key)).disposition_code == "D09"
    with pytest.raises(NotFound):
        await world.journal.dispositions.set(world.people["op201"], call.key, "D10")
    # Asterisk's own log comes later: it does not overrule the person.
    await world.journal.calls.record(replace(call, end_source=EndSource.LOG))
    assert (await world.journal.calls.get(world.people["op102"], call.key)).disposition_code == "D09"


async def test_a_call_handed_to_level_2_is_closed_as_such(world: World) -> None:
    call = world.call()
    taker = world.people["op201"].extension
    leg = Leg(
        f"{call.key}8", f"PJSIP/{taker}-1", LegRole.CONSULT, taker, at(call.started_at, 20), at(call.started_at, 25)
    )
    await world.journal.calls.record(replace(call, operator=taker, legs=(*call.legs, leg)))
    assert (await world.journal.calls.get(world.people["op201"], call.key)).disposition_code == "D04"


async def test_a_saved_card_is_the_characteristic(world: World, heard: Heard) -> None:
    live = world.call(ended=False)
    await world.journal.calls.record(live)
    await world.save(call_key=live.key)
    await world.journal.calls.record(end(live, 60))
    anna = world.people["op101"]
    assert (await world.journal.calls.get(anna, live.key)).disposition_code == "D01"
    # A person's own choice outweighs it, also when another card is saved.
    await world.journal.dispositions.set(anna, live.key, "D08")
    await world.save(call_key=live.key)
    assert (await world.journal.calls.get(anna, live.key)).disposition_code == "D08"
    assert await heard.codes() == ["D01", "D01", "D08"]


async def test_the_most_used_come_first(world: World) -> None:
    anna, dispositions = world.people["op101"], world.journal.dispositions
    for code in ("D09", "D09", "D02"):
        call = world.call()
        await world.journal.calls.record(call)
        await dispositions.set(anna, call.key, code)
    call = world.call()
    await world.journal.calls.record(call)
    _, choices = await dispositions.choices(anna, call.key)
    assert [one.code for one in choices[:4]] == ["D09", "D02", "D01", "D03"]
    assert len(choices) == 15
    assert (await world.journal.queries.calls(anna, unclassified=True)).rows[0].key == call.key
