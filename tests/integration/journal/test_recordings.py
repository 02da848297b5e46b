"""Who may listen (domain 2.8), and the trace (3.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hotline.cti.model import Outcome
from hotline.errors import BadInput, Forbidden, NotFound
from hotline.journal.tables_call import RecordingAccessRow
from hotline.staff.sight import Reach, Sight
from hotline.staff.tables import AuditEventRow
from tests.integration.journal.world import World


@pytest.mark.parametrize(
    ("login", "extension", "allowed"),
    [
        pytest.param("op101", "101", True, id="own-call"),
        pytest.param("op102", "101", False, id="a-colleagues-call"),
        pytest.param("op201", "101", False, id="level-2-not-in-the-call"),
        pytest.param("sup301", "101", True, id="supervisor"),
        pytest.param("admin", "501", True, id="administrator-of-the-fund-everybodys"),
        pytest.param("sp501", "501", True, id="representative-own-call"),
        pytest.param("sp502", "501", False, id="representative-a-colleagues-call"),
    ],
)
async def test_who_may_listen(world: World, login: str, extension: str, allowed: bool) -> None:
    call = world.call(extension)
    await world.journal.calls.record(call)
    if allowed:
        assert await world.journal.recordings.authorise(world.people[login], call.key, reason="жалоба") == "pbx1"
    else:
        # The same as for a call that never was: the answer must not tell who called.
        with pytest.raises(NotFound, match="no such recording"):
            await world.journal.recordings.authorise(world.people[login], call.key, reason="жалоба")


async def test_anothers_call_needs_a_reason_once_a_shift(world: World) -> None:
    call = world.call()
    await world.journal.calls.record(call)
    supervisor, listen = world.people["sup301"], world.journal.recordings.authorise
    for reason in ("", "   "):
        with pytest.raises(Forbidden) as refused:
            await listen(supervisor, call.key, reason=reason)
        assert refused.value.error_id == "reason-required"
    with pytest.raises(BadInput):
        await listen(supervisor, call.key, reason="я" * 501)
    await listen(supervisor, call.key, reason="жалоба 17")
    world.clock.advance(timedelta(hours=1))
    await listen(supervisor, call.key)
    assert [one.reason for one in await world.journal.recordings.listeners(call.key)] == ["", "жалоба 17"]
    world.clock.advance(timedelta(hours=8))
    with pytest.raises(Forbidden):
        await listen(supervisor, call.key)
    await listen(world.people["op101"], call.key)  # his own call


async def test_an_insurers_supervisor_hears_only_his_own_centre(world: World) -> None:
    supervisor = replace(
        world.people["sup301"],
        organisation=world.people["sp501"].organisation,
        id=world.people["sp502"].id,
        sight=Sight(calls=Reach.ORGANISATION),  # the profile's rule for a supervisor of an insurer
    )
    own, other = world.call("501"), world.call("101")
    for call in (own, other):
        await world.journal.calls.record(call)
    await world.journal.recordings.authorise(supervisor, own.key, reason="оценка")
    with pytest.raises(NotFound, match="no such recording"):
        await world.journal.recordings.authorise(supervisor, other.key, reason="оценка")


async def test_a_message_is_heard_without_a_reason_by_those_who_may_list_it(world: World) -> None:
    call = world.call()
    caller = call.legs[0]
    message = replace(call, outcome=Outcome.VOICEMAIL, answered_at=None, operator=None, legs=(caller,))
    await world.journal.calls.record(message)
    supervisor, listen = world.people["sup301"], world.journal.recordings.authorise
    assert await listen(supervisor, message.key, ip="10.0.0.1") == "pbx1"
    assert [(one.reason, one.ip) for one in await world.journal.recordings.listeners(message.key)] == [("", "10.0.0.1")]
    for login in ("op101", "sp501"):
        assert message.key not in {row.key for row in (await world.journal.queries.calls(world.people[login])).rows}
        with pytest.raises(NotFound, match="no such recording"):
            await listen(world.people[login], message.key)


async def test_listening_leaves_one_trace_not_one_for_each_range(world: World) -> None:
    call = world.call()
    await world.journal.calls.record(call)
    user = world.people["sup301"]
    await world.journal.recordings.authorise(user, call.key, ip="10.0.0.1", reason="жалоба")
    for _ in range(3):
        await world.journal.recordings.authorise(user, call.key, ip="10.0.0.1")
    world.clock.advance(timedelta(minutes=11))
    await world.journal.recordings.authorise(user, call.key)
    async with world.db.begin() as session:
        assert await session.scalar(select(func.count()).select_from(RecordingAccessRow)) == 2
        traces = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "play"))).all()
    assert [(trace.entity_id, trace.ip, trace.reason) for trace in traces] == [
        (call.key, "10.0.0.1", "жалоба"),
        (call.key, "", ""),
    ]


async def test_what_was_not_recorded_cannot_be_heard(world: World) -> None:
    call = replace(world.call(), recorded=False)
    await world.journal.calls.record(call)
    for key in (call.key, "pbx1-0.0"):
        with pytest.raises(NotFound):
            await world.journal.recordings.authorise(world.people["admin"], key)
