"""Blind transfer, three in a talk, parking, pick-up on the real Asterisk: led by the service, or the dialplan alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hotline.cti.model import CallEventKind, ConsultEnded, ConsultOffered, DeviceState, EndedBy, Outcome, Phase
from hotline.cti.transfers import TransferKind, TransferState
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.stand.service import Stand
from tests.integration.cti.phones import Phone, push_endpoint
from tests.integration.cti.talks import LIMIT, QUEUE, House, running, talk, until_state

pytestmark = pytest.mark.calls

Operators = tuple[Phone, Phone]


async def rings(phone: Phone) -> str:
    """Wait until a telephone rings; return its INVITE."""
    async with asyncio.timeout(LIMIT):
        return (await phone.rings()).invite


async def answers(phone: Phone) -> None:
    async with asyncio.timeout(LIMIT):
        await phone.answer()


async def is_hung_up(phone: Phone) -> None:
    async with asyncio.timeout(LIMIT):
        await phone.dialog.ended.wait()


@asynccontextmanager
async def anew(stand: Stand, database: Database, house: House) -> AsyncIterator[House]:
    """Another service takes over, as after a crash of the first."""
    await house.service.stop()
    async with running(stand.asterisk.settings, database) as other:
        yield other
        await other.service.commands.remove_member(QUEUE, "171")


async def ends_in_order(house: House, citizen: Phone, operator: str) -> None:
    """The citizen hangs up; there was one call, which the logs tell in the same way."""
    citizen.hang_up()
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert (ended.operator, ended.outcome, ended.ended_by) == (operator, Outcome.ANSWERED, EndedBy.CALLER)
    logged = await house.logged(ended.key)
    assert (logged.operator, logged.outcome, logged.recorded) == (operator, Outcome.ANSWERED, True)
    assert house.service.calls == {}
    assert house.service.transfers.get(ended.key) is None


# Blind transfer


@pytest.mark.parametrize("held", [False, True], ids=["out of the talk", "from hold"])
async def test_blind_transfer(house: House, operators: Operators, citizen: Phone, *, held: bool) -> None:
    first, second = operators
    call = await talk(house, citizen, first)
    if held:
        await house.service.control.hold(call.key, "171")
        await house.call(CallEventKind.HELD, citizen.user)
    await house.service.transfers.blind(call.key, "171", "172", card_id="draft:7")
    invite = await rings(second)
    assert "X-Call-Role: transfer" in invite
    assert "X-Card-Id: draft:7" in invite
    assert f"X-Call-Id: {call.key}" in invite
    await is_hung_up(first)  # he is free at once
    offer = await house.until(lambda f: isinstance(f, ConsultOffered))
    assert isinstance(offer, ConsultOffered)
    assert (offer.from_extension, offer.to_extension, offer.card_id) == ("171", "172", "draft:7")
    with pytest.raises(Conflict) as refused:
        await house.service.transfers.blind(call.key, "171", "173")
    assert refused.value.error_id == "transfer-under-way"
    await answers(second)
    assert (await house.call(CallEventKind.TRANSFERRED, citizen.user, "172")).phase is Phase.TALKING
    assert (await house.consult_ended()).status == "done"
    await ends_in_order(house, citizen, "172")


async def test_a_colleague_who_refuses_a_blind_transfer_gives_the_citizen_back(
    house: House, operators: Operators, citizen: Phone
) -> None:
    first, second = operators
    call = await talk(house, citizen, first)
    await house.service.transfers.blind(call.key, "171", "172")
    await rings(second)
    first.dialogs.clear()
    second.refuse()
    over = await house.consult_ended()
    assert (over.status, over.reason) == ("refused", "BUSY")
    assert "X-Call-Role: back" in await rings(first)
    await answers(first)
    assert (await house.call(CallEventKind.RESUMED, citizen.user, "171")).operator == "171"
    await ends_in_order(house, citizen, "171")


async def test_bad_transfers_change_nothing(house: House, operators: Operators, citizen: Phone) -> None:
    first, second = operators
    call = await talk(house, citizen, first)
    transfers = house.service.transfers
    for ask in (transfers.blind, transfers.consult):
        with pytest.raises(BadInput):
            await ask(call.key, "171", "171")
        with pytest.raises(BadInput):
            await ask(call.key, "171", "trunk/1")
        with pytest.raises(Forbidden):
            await ask(call.key, "172", "171")
        with pytest.raises(NotFound):
            await ask("pbx1-0.0", "171", "172")
    second.call("*43")
    async with asyncio.timeout(LIMIT):
        await second.dialog.established.wait()
    async with asyncio.timeout(LIMIT):  # the device's state is told apart from the call's answer
        while house.service.tracker.board.device("172") is DeviceState.IDLE:
            await house.service.drain()
            await asyncio.sleep(0)
    with pytest.raises(Conflict) as busy:
        await transfers.blind(call.key, "171", "172")
    assert busy.value.error_id == "colleague-busy"
    for step in (transfers.take(call.key, "172"), transfers.pick_up(call.key, "172")):
        with pytest.raises(Conflict):
            await step
    with pytest.raises(NotFound):
        await transfers.join(call.key, "171")
    now = house.service.calls[call.key]
    assert (now.phase, now.operator, now.holds) == (Phase.TALKING, "171", ())
    await ends_in_order(house, citizen, "171")


# Three in a talk


async def three_talk(house: House, operators: Operators, citizen: Phone) -> str:
    first, second = operators
    call = await talk(house, citizen, first)
    await house.service.transfers.consult(call.key, "171", "172")
    await rings(second)
    await answers(second)
    await until_state(house, call.key, "consulting")
    await house.service.transfers.join(call.key, "171")
    joined = await house.call(CallEventKind.RESUMED, citizen.user, "171")
    assert (joined.phase, joined.operator) == (Phase.TALKING, "171")
    with pytest.raises(Conflict):
        await house.service.control.hold(call.key, "171")
    return call.key


@pytest.mark.parametrize("how", ["complete", "hangup", "bye"])
async def test_the_first_of_three_leaves(house: House, operators: Operators, citizen: Phone, how: str) -> None:
    key = await three_talk(house, operators, citizen)
    if how == "complete":
        await house.service.transfers.complete(key, "171")
    elif how == "hangup":
        await house.service.control.hangup(key, "171")
    else:
        operators[0].hang_up()
    await house.call(CallEventKind.TRANSFERRED, citizen.user, "172")
    assert (await house.consult_ended()).status == "done"
    await ends_in_order(house, citizen, "172")
    await is_hung_up(operators[1])


@pytest.mark.parametrize("how", ["cancel", "bye"])
async def test_the_colleague_of_three_leaves(house: House, operators: Operators, citizen: Phone, how: str) -> None:
    key = await three_talk(house, operators, citizen)
    if how == "cancel":
        await house.service.transfers.cancel(key, "171")
    else:
        operators[1].hang_up()
    assert (await house.consult_ended()).status == "cancelled"
    await is_hung_up(operators[1])
    assert not operators[0].dialog.ended.is_set()
    assert house.service.calls[key].operator == "171"
    operators[0].hang_up()
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert (ended.operator, ended.ended_by) == ("171", EndedBy.AGENT)
    await is_hung_up(citizen)


@pytest.mark.parametrize("stage", ["consulting", "conference"])
async def test_the_citizen_leaves_and_nobody_is_kept(
    house: House, operators: Operators, citizen: Phone, stage: str
) -> None:
    if stage == "conference":
        await three_talk(house, operators, citizen)
    else:
        call = await talk(house, citizen, operators[0])
        await house.service.transfers.consult(call.key, "171", "172")
        await rings(operators[1])
        await answers(operators[1])
        await until_state(house, call.key, "consulting")
    citizen.hang_up()
    ended = await house.call(CallEventKind.ENDED, citizen.user)
    assert (ended.operator, ended.ended_by) == ("171", EndedBy.CALLER)
    assert (await house.consult_ended()).status == "cancelled"
    for phone in operators:
        await is_hung_up(phone)


# Parking


async def test_parked_and_taken_by_a_colleague(house: House, operators: Operators, citizen: Phone) -> None:
    first, second = operators
    call = await talk(house, citizen, first)
    slot = await house.service.control.park(call.key, "171")
    parked = await house.call(CallEventKind.PARKED, citizen.user)
    assert parked.parked is not None
    assert (parked.parked.slot, parked.parked.by, parked.phase) == (slot, "171", Phase.HELD)
    await is_hung_up(first)
    taken, late = await asyncio.gather(
        house.service.transfers.take(call.key, "172", "draft:9"),
        house.service.transfers.take(call.key, "171"),
        return_exceptions=True,
    )
    assert not isinstance(taken, BaseException)
    assert taken.kind is TransferKind.TAKEN
    assert isinstance(late, Conflict)
    assert late.error_id == "taken-already"
    assert "X-Call-Role: parked" in await rings(second)
    await answers(second)
    got = await house.call(CallEventKind.TRANSFERRED, citizen.user, "172")
    assert got.parked is None
    assert (await house.consult_ended()).status == "done"
    await ends_in_order(house, citizen, "172")


async def test_nobody_takes_a_parked_citizen(own_db: Database) -> None:
    settings = {"greeting": "beep", "alone_s": 1, "park_s": 5, "consult_ring_s": 5}
    async with Stand(database=False, asterisk=settings) as short:
        port = short.trunk.asterisk_port
        async with (
            running(short.asterisk.settings, own_db) as house,
            Phone("171", port) as first,
            Phone("79281112233", port, "127.0.0.2") as citizen,
        ):
            await push_endpoint(short.asterisk.settings, first)
            await house.service.commands.add_member(QUEUE, "171", "71", paused=False)
            call = await talk(house, citizen, first)
            await house.service.commands.pause_member("171", True, "oncall")
            await house.service.control.park(call.key, "171")
            await house.call(CallEventKind.PARKED, citizen.user)
            await house.service.stop()  # the dialplan alone goes on
            assert "X-Call-Role: back" in await rings(first)
            first.refuse()
            async with anew(short, own_db, house) as other:
                while other.service.calls[call.key].phase is not Phase.QUEUED:
                    await other.until(lambda f: getattr(f, "kind", None) is CallEventKind.QUEUED)
                assert not citizen.dialog.ended.is_set()


# Pick-up


async def test_a_ringing_call_is_picked_up(house: House, operators: Operators, citizen: Phone) -> None:
    first, second = operators
    citizen.call("88001000000")
    await rings(first)
    offered = await house.call(CallEventKind.OFFERED, citizen.user, "171")
    await house.service.transfers.pick_up(offered.key, "172")
    with pytest.raises(Conflict):
        await house.service.transfers.pick_up(offered.key, "172")
    assert "X-Call-Role: pickup" in await rings(second)
    await is_hung_up(first)
    await answers(second)
    await house.call(CallEventKind.ANSWERED, citizen.user, "172")
    await ends_in_order(house, citizen, "172")


# A service that dies in the middle


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("ringing", TransferState.RINGING),
        ("consulting", TransferState.CONSULTING),
        ("conference", TransferState.CONFERENCE),
    ],
)
async def test_a_running_consultation_is_found_again(
    stand: Stand, own_db: Database, house: House, operators: Operators, citizen: Phone, stage: str, state: TransferState
) -> None:
    first, second = operators
    if stage == "conference":
        key = await three_talk(house, operators, citizen)
    else:
        key = (await talk(house, citizen, first)).key
        await house.service.transfers.consult(key, "171", "172", "draft:5")
        await rings(second)
        if stage == "consulting":
            await answers(second)
            await until_state(house, key, "consulting")
    async with anew(stand, own_db, house) as other:
        offer = await other.until(lambda f: isinstance(f, ConsultOffered))
        assert isinstance(offer, ConsultOffered)
        assert (offer.call.key, offer.from_extension, offer.to_extension) == (key, "171", "172")
        assert offer.card_id == (None if stage == "conference" else "draft:5")
        found = other.service.transfers.get(key)
        assert found is not None
        assert found.state is state
        if stage == "ringing":
            await answers(second)
            await until_state(other, key, "consulting")
        await other.service.transfers.complete(key, "171")
        ended = await other.until(lambda f: isinstance(f, ConsultEnded))
        assert isinstance(ended, ConsultEnded)
        assert ended.status == "done"
        assert other.service.calls[key].operator == "172"
        await ends_in_order(other, citizen, "172")


async def test_a_parked_citizen_is_found_again_and_taken(
    stand: Stand, own_db: Database, house: House, operators: Operators, citizen: Phone
) -> None:
    key = (await talk(house, citizen, operators[0])).key
    slot = await house.service.control.park(key, "171")
    await house.call(CallEventKind.PARKED, citizen.user)
    async with anew(stand, own_db, house) as other:
        parked = other.service.calls[key].parked
        assert parked is not None
        assert (parked.slot, parked.by) == (slot, "171")
        await other.service.transfers.take(key, "172")
        await rings(operators[1])
        await answers(operators[1])
        await other.call(CallEventKind.TRANSFERRED, citizen.user, "172")
        await ends_in_order(other, citizen, "172")


async def test_a_blind_transfer_is_found_again(
    stand: Stand, own_db: Database, house: House, operators: Operators, citizen: Phone
) -> None:
    key = (await talk(house, citizen, operators[0])).key
    await house.service.transfers.blind(key, "171", "172", "draft:5")
    await rings(operators[1])
    async with anew(stand, own_db, house) as other:
        found = other.service.transfers.get(key)
        assert found is not None
        assert (found.from_extension, found.to_extension, found.card_id) == ("171", "172", "draft:5")
        await answers(operators[1])
        await other.until(lambda f: isinstance(f, ConsultEnded) and f.status == "done")
        await ends_in_order(other, citizen, "172")
