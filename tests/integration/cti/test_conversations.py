"""Whole conversations on the real Asterisk, led by the service; the log files must tell the same in the end."""

from __future__ import annotations

import asyncio

import pytest

from hotline.clock import SystemClock
from hotline.cti.model import (
    CallEventKind,
    ConsultOffered,
    EndedBy,
    EndSource,
    Outcome,
    Phase,
)
from hotline.cti.transfers import IllegalStep
from hotline.db import Database
from hotline.errors import Conflict, Forbidden, NotFound
from hotline.stand.service import Stand
from tests.integration.cti.phones import Phone, push_endpoint
from tests.integration.cti.talks import CITIZEN_HOST, LIMIT, QUEUE, House, compare, running, talk, until_state

pytestmark = pytest.mark.calls


async def test_operator_ends_and_the_citizen_is_not_left_alone(
    house: House, operators: tuple[Phone, Phone], citizen: Phone
) -> None:
    await talk(house, citizen, operators[0])
    operators[0].hang_up()
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert (ended.outcome, ended.ended_by, ended.operator) == (Outcome.ANSWERED, EndedBy.AGENT, "171")
    async with asyncio.timeout(LIMIT):
        await citizen.dialog.ended.wait()
    await compare(house, ended)


async def test_hold_resume_and_hang_up_by_command(house: House, operators: tuple[Phone, Phone], citizen: Phone) -> None:
    call = await talk(house, citizen, operators[0])
    control = house.service.control
    await control.hold(call.key, "171")
    assert (await house.call(CallEventKind.HELD, citizen.user)).phase is Phase.HELD
    with pytest.raises(Conflict):
        await control.hold(call.key, "171")
    await control.resume(call.key, "171")
    assert (await house.call(CallEventKind.RESUMED, citizen.user)).phase is Phase.TALKING
    with pytest.raises(Conflict):
        await control.resume(call.key, "171")
    with pytest.raises(Forbidden):
        await control.hangup(call.key, "172")
    await control.hangup(call.key, "171")
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert (ended.ended_by, len(ended.holds)) == (EndedBy.AGENT, 1)
    async with asyncio.timeout(LIMIT):
        await citizen.dialog.ended.wait()
        await operators[0].dialog.ended.wait()
    with pytest.raises(NotFound):
        await control.hangup(call.key, "171")
    await compare(house, ended)


async def test_hang_up_by_command_while_the_citizen_is_on_hold(
    house: House, operators: tuple[Phone, Phone], citizen: Phone
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.control.hold(call.key, "171")
    await house.call(CallEventKind.HELD, citizen.user)
    await house.service.control.hangup(call.key, "171")
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert ended.ended_by is EndedBy.AGENT
    async with asyncio.timeout(LIMIT):
        await operators[0].dialog.ended.wait()


async def test_operator_who_hangs_up_during_hold_ends_the_call(
    house: House, operators: tuple[Phone, Phone], citizen: Phone
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.control.hold(call.key, "171")
    await house.call(CallEventKind.HELD, citizen.user)
    operators[0].hang_up()
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert ended.ended_by is EndedBy.AGENT
    async with asyncio.timeout(LIMIT):
        await citizen.dialog.ended.wait()


async def test_citizen_who_hangs_up_during_hold_releases_the_operator(
    house: House, operators: tuple[Phone, Phone], citizen: Phone
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.control.hold(call.key, "171")
    await house.call(CallEventKind.HELD, citizen.user)
    citizen.hang_up()
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert ended.ended_by is EndedBy.CALLER
    async with asyncio.timeout(LIMIT):
        await operators[0].dialog.ended.wait()
    await compare(house, ended)


async def test_warm_transfer_takes_the_card_along(house: House, operators: tuple[Phone, Phone], citizen: Phone) -> None:
    first, second = operators
    call = await talk(house, citizen, first)
    transfers = house.service.transfers
    await transfers.consult(call.key, "171", "172", card_id="4711")
    offer = await house.until(lambda f: isinstance(f, ConsultOffered))
    assert isinstance(offer, ConsultOffered)
    assert (offer.call.key, offer.to_extension, offer.card_id) == (call.key, "172", "4711")
    async with asyncio.timeout(LIMIT):
        dialog = await second.rings()
    assert "X-Card-Id: 4711" in dialog.invite
    assert "X-Call-Role: consult" in dialog.invite
    assert f"X-Call-Id: {call.key}" in dialog.invite
    await house.call(CallEventKind.CONSULTING, citizen.user, "172")
    with pytest.raises(IllegalStep):
        await transfers.complete(call.key, "171")
    with pytest.raises(Conflict):
        await house.service.control.hangup(call.key, "171")
    async with asyncio.timeout(LIMIT):
        await second.answer()
        await until_state(house, call.key, "consulting")
    await transfers.complete(call.key, "171")
    transferred = await house.call(CallEventKind.TRANSFERRED, citizen.user, "172")
    assert (transferred.operator, transferred.phase) == ("172", Phase.TALKING)
    assert (await house.consult_ended()).status == "done"
    assert not citizen.dialog.ended.is_set()
    citizen.hang_up()
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert (ended.operator, ended.ended_by) == ("172", EndedBy.CALLER)
    await compare(house, ended)


@pytest.mark.parametrize(("status", "reason"), [(486, "BUSY"), (480, "NOANSWER")])
async def test_refused_consultation_brings_the_operator_back(
    house: House, operators: tuple[Phone, Phone], citizen: Phone, status: int, reason: str
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.transfers.consult(call.key, "171", "172")
    async with asyncio.timeout(LIMIT):
        await operators[1].rings()
    operators[1].refuse(status)
    await house.call(CallEventKind.RESUMED, citizen.user, "171")
    over = await house.consult_ended()
    assert (over.status, over.reason) == ("refused", reason)
    citizen.hang_up()
    await compare(house, await house.call(CallEventKind.ENDED, citizen.user))


@pytest.mark.parametrize("answered", [False, True], ids=["while it rings", "after the answer"])
async def test_cancelled_consultation_brings_the_operator_back(
    house: House, operators: tuple[Phone, Phone], citizen: Phone, *, answered: bool
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.transfers.consult(call.key, "171", "172")
    async with asyncio.timeout(LIMIT):
        await operators[1].rings()
        if answered:
            await operators[1].answer()
            await until_state(house, call.key, "consulting")
    await house.service.transfers.cancel(call.key, "171")
    await house.call(CallEventKind.RESUMED, citizen.user, "171")
    assert (await house.consult_ended()).status == "cancelled"
    async with asyncio.timeout(LIMIT):
        await operators[1].dialog.ended.wait()
    assert not operators[0].dialog.ended.is_set()
    citizen.hang_up()
    await house.call(CallEventKind.ENDED, citizen.user)


async def test_colleague_who_does_not_exist_is_refused(
    house: House, operators: tuple[Phone, Phone], citizen: Phone
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.transfers.consult(call.key, "171", "179")
    await house.call(CallEventKind.RESUMED, citizen.user, "171")
    over = await house.consult_ended()
    assert (over.status, over.reason) == ("refused", "CHANUNAVAIL")
    with pytest.raises(NotFound):
        await house.service.transfers.complete(call.key, "171")
    citizen.hang_up()
    await house.call(CallEventKind.ENDED, citizen.user)


async def test_citizen_who_gives_up_during_a_consultation(
    house: House, operators: tuple[Phone, Phone], citizen: Phone
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.transfers.consult(call.key, "171", "172")
    async with asyncio.timeout(LIMIT):
        await operators[1].rings()
    citizen.hang_up()
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert ended.ended_by is EndedBy.CALLER
    assert (await house.consult_ended()).status == "cancelled"


async def test_call_that_goes_on_over_a_restart_of_the_service(
    stand: Stand, own_db: Database, house: House, operators: tuple[Phone, Phone], citizen: Phone
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.transfers.consult(call.key, "171", "172", card_id="5")
    async with asyncio.timeout(LIMIT):
        await operators[1].rings()
        await operators[1].answer()
        await until_state(house, call.key, "consulting")
    await house.service.stop()
    async with running(stand.asterisk.settings, own_db) as second:
        found = await second.call(CallEventKind.RECOVERED, citizen.user)
        assert (found.key, found.operator, found.phase) == (call.key, "171", Phase.CONSULTING)
        await second.service.transfers.complete(call.key, "171")  # found again in the live call
        transferred = await second.call(CallEventKind.TRANSFERRED, citizen.user, "172")
        assert transferred.recorded  # MixMonitorStart was told to the first one only; the file is there
        citizen.hang_up()
        await second.call(CallEventKind.ENDED, citizen.user)
        logged = await second.logged(call.key)
        await second.service.commands.remove_member(QUEUE, "171")
    assert (logged.operator, logged.started_at) == ("172", logged.legs[0].started_at)


async def test_call_that_ended_while_the_service_was_down_is_recorded_once(
    stand: Stand, own_db: Database, house: House, operators: tuple[Phone, Phone], citizen: Phone
) -> None:
    call = await talk(house, citizen, operators[0])
    await house.service.stop()
    citizen.hang_up()
    async with asyncio.timeout(LIMIT):
        await operators[0].dialog.ended.wait()
    async with running(stand.asterisk.settings, own_db) as second:
        logged = await second.logged(call.key)
        assert (logged.outcome, logged.ended_by, logged.operator) == (Outcome.ANSWERED, EndedBy.CALLER, "171")
        assert logged.answered_at is not None
        assert second.service.calls == {}
        await second.service.importer.run()  # the sink has been called; now its transaction is committed, too
    async with running(stand.asterisk.settings, own_db) as third:
        await third.service.importer.run()
        assert call.key not in {one.key for one in third.recorded}
        await third.service.commands.remove_member(QUEUE, "171")


async def written_down(stand: Stand, key: str) -> None:
    """Wait until Asterisk's log has both sides of the talk: it writes a moment after it has told us."""
    events = stand.asterisk.settings.log_dir / "cel/events.csv"
    async with asyncio.timeout(LIMIT):
        while sum("BRIDGE_ENTER" in line and key in line for line in events.read_text().splitlines()) < 2:
            await stand.asterisk.cli("core show uptime")  # takes its time; nothing tells when a file grows


async def test_killed_asterisk_closes_its_calls_with_the_reason(own_db: Database) -> None:
    async with Stand(database=False, asterisk={"greeting": "beep"}) as stand:
        port, settings = stand.trunk.asterisk_port, stand.asterisk.settings
        async with (
            running(settings, own_db) as house,
            Phone("171", port) as operator,
            Phone("79281112233", port, CITIZEN_HOST) as citizen,
        ):
            await push_endpoint(settings, operator)
            await house.service.commands.add_member(QUEUE, "171", "71", paused=False)
            call = await talk(house, citizen, operator)
            await written_down(stand, call.key)
            house.heard.clear()
            await stand.asterisk.kill()
            await stand.asterisk.start()
            ended = await house.call(CallEventKind.ENDED, citizen.user)
            assert (ended.key, ended.end_source, ended.ended_by) == (call.key, EndSource.RESTART, EndedBy.SYSTEM)
            logged = await house.logged(call.key)
            assert (logged.end_source, logged.operator) == (EndSource.RESTART, "171")
            assert logged.answered_at is not None
            assert logged.ended_at is not None
            assert logged.answered_at < logged.ended_at <= SystemClock().now()
            for dialog in (citizen.dialog, operator.dialog):
                dialog.ended.set()  # there is nobody left to say goodbye to
