"""Outgoing calls about an appeal: linked once, believed only as far as their operator may read it (domain 2.1, T7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from hotline.cti.history import rebuild
from hotline.cti.model import Call, CallEvent, CallEventKind, Direction, Outcome, Phase
from hotline.events import Bus
from hotline.journal.imports import recorder
from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.model import Appeal, CardRef
from hotline.journal.tables import AppealCallRow, OutboxRow
from hotline.journal.tables_call import CallRecord
from hotline.staff.tables import AuditEventRow
from tests.integration.journal.world import World, end
from tests.unit.cti.test_history import CAPTURED, read


def placed(world: World, appeal_id: int, extension: str = "201") -> Call:
    """A call that an operator begins from the page of an appeal."""
    call = replace(world.call(extension, ended=False), direction=Direction.OUT, dialled="79280001122", queue=None)
    return replace(call, answered_at=None, phase=Phase.RINGING, card_id=f"appeal-{appeal_id}")


async def hear(world: World, kind: CallEventKind, call: Call) -> None:
    """What the service does at a fact about a call."""
    await world.journal.calls.record(call)
    await world.journal.card.call_backs.on_event(CallEvent(kind, call, world.clock.now()))


async def linked(world: World, call: Call) -> list[tuple[int, str]]:
    async with world.db.begin() as session:
        rows = await session.execute(
            select(AppealCallRow.appeal_id, AppealCallRow.relation).where(AppealCallRow.call_key == call.key)
        )
        return [(row.appeal_id, row.relation) for row in rows]


async def deferred(world: World) -> Appeal:
    appeal = await world.save("op201", type="1", topic="1.01")
    form = MoveForm(to_user_id=world.people["op202"].id)
    return await world.journal.appeals.fire(world.people["op201"], appeal.id, "defer", appeal.version, form)


async def test_a_call_back_is_linked_at_once_and_only_once(world: World) -> None:
    """Nobody who works on the appeal is interrupted: its version stays; the audit trail and the outbox know."""
    appeal = await world.save("op201")
    call = placed(world, appeal.id)
    for kind in (CallEventKind.STARTED, CallEventKind.STARTED, CallEventKind.RECOVERED):
        await hear(world, kind, call)
    assert await linked(world, call) == [(appeal.id, "callback")]
    seen = await world.journal.appeals.get(world.people["op201"], appeal.id)
    assert (seen.version, [(one.key, one.relation, one.outcome) for one in seen.calls]) == (
        appeal.version,
        [(call.key, "callback", None)],
    )
    async with world.db.begin() as session:
        audited = (await session.scalars(select(AuditEventRow.details).where(AuditEventRow.action == "change"))).all()
        waiting = (await session.scalars(select(OutboxRow.kind))).all()
    assert [one for one in audited if one.get("event") == "call_back"] == [{"event": "call_back", "call": call.key}]
    assert list(waiting).count("appeal.changed") == 1


async def test_a_call_is_believed_as_far_as_its_operator_reads(world: World) -> None:
    """Another organisation's appeal, one that is not there, another kind of card, an incoming call: no link."""
    appeal = await world.save("op201")
    nobody = replace(placed(world, appeal.id), operator=None)
    foreign = placed(world, appeal.id, "501")
    incoming = replace(placed(world, appeal.id), direction=Direction.IN)
    calls = [
        *(placed(world, number) for number in (appeal.id + 1, 10**17)),
        *(replace(placed(world, 1), card_id=card) for card in (str(CardRef("draft", 1)), "appeal-x", "")),
        *(nobody, incoming, foreign),
    ]
    for call in calls:
        await hear(world, CallEventKind.STARTED, call)
    assert [await linked(world, call) for call in calls] == [[]] * len(calls)
    back = world.journal.card.call_backs
    assert await back.object_of(world.people["sp501"], foreign.key, foreign) is None
    assert await back.object_of(world.people["op201"], foreign.key, placed(world, appeal.id)) == appeal.id


async def test_how_it_ended_is_still_to_be_said(world: World) -> None:
    """S002-20: what nobody answered closes itself as ever, what was talked about waits for the operator's word."""
    appeal = await world.save("op201")
    silent, talked = placed(world, appeal.id), placed(world, appeal.id)
    silent_end = replace(end(silent, 30), outcome=Outcome.NO_ANSWER)
    talked_end = end(replace(talked, answered_at=world.clock.now() + timedelta(seconds=9)), 60)
    for first, last in ((silent, silent_end), (talked, talked_end)):
        await hear(world, CallEventKind.STARTED, first)
        await hear(world, CallEventKind.ENDED, last)
    async with world.db.begin() as session:
        statement = select(CallRecord.key, CallRecord.disposition_code)
        codes = {row.key: row.disposition_code for row in await session.execute(statement)}
    assert (codes[silent.key], codes[talked.key]) == ("D23", None)


async def test_who_was_reached_needs_no_note(world: World) -> None:
    """T7: the call-back task is done without a word when a call was answered, and asks for one when none was."""
    op202, appeals = world.people["op202"], world.journal.appeals
    appeal = await deferred(world)
    world.clock.advance(timedelta(minutes=5))
    call = placed(world, appeal.id, op202.extension or "")
    await hear(world, CallEventKind.STARTED, call)
    assert (await appeals.dialog(op202, appeal.id, "contacted")).required == {"comment"}
    await hear(world, CallEventKind.ENDED, end(replace(call, answered_at=world.clock.now()), 60))
    assert (await appeals.dialog(op202, appeal.id, "contacted")).required == set()
    done = await appeals.fire(op202, appeal.id, "contacted", appeal.version)
    assert done.life.callback_since is None


async def test_a_call_that_only_the_logs_tell_of_is_linked(world: World) -> None:
    """Domain 2.1, T7: no link to Asterisk for the whole of the call; linked by the import, once, and told."""
    appeal = await world.save("op101")
    rows, _ = read(CAPTURED["outgoing_answered"])
    of_call = rows["pbx1-1795329045.5"]
    started = next(row for row in of_call if row.user_type == "OutgoingStarted")
    of_call.append(replace(started, user_type="CallAbout", extra={"extra": f"appeal-{appeal.id}"}))
    (call,) = rebuild("pbx1", of_call, [])
    bus = Bus()
    sink = recorder(world.journal.calls, bus, world.journal.card.call_backs.link)
    for _ in range(2):
        async with world.db.begin() as session:
            await sink(session, [call])
    assert await linked(world, call) == [(appeal.id, "callback")]
    async with world.db.begin() as session:
        waiting = (await session.scalars(select(OutboxRow.kind))).all()
    assert list(waiting).count("appeal.changed") == 1
    await bus.close()
