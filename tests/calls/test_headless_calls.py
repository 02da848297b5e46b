"""The headless phone on a real Asterisk: registration, calls in both directions, sound, hold, faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from hotline.errors import BadInput, Unavailable
from hotline.softphone.accounts import AccountService
from hotline.softphone.headless import HeadlessPhone
from hotline.softphone.headless_call import CallState
from hotline.softphone.line_check import check_between, check_echo
from hotline.softphone.model import SoftphoneAccount
from hotline.softphone.sip_client import SipRefused
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.calls.headless_parts import direct_url

pytestmark = pytest.mark.calls


@pytest.fixture(scope="module")
async def accounts(stand: Stand) -> AsyncIterator[AccountService]:
    async with aiohttp.ClientSession() as http:
        service = AccountService(http, stand.asterisk_settings)
        yield service
        for extension in service.extensions:
            await service.close(extension)


@pytest.fixture
async def anna(stand: Stand, accounts: AccountService) -> AsyncIterator[HeadlessPhone]:
    account = await accounts.open("181", "Анна Иванова")
    async with HeadlessPhone(account, direct_url(stand.asterisk_settings), tone_hz=440) as phone:
        yield phone


@pytest.fixture
async def boris(stand: Stand, accounts: AccountService) -> AsyncIterator[HeadlessPhone]:
    account = await accounts.open("182", "Борис")
    async with HeadlessPhone(account, direct_url(stand.asterisk_settings), tone_hz=700) as phone:
        yield phone


async def happens(event: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await event.wait()


async def test_wrong_password_is_refused(stand: Stand, accounts: AccountService) -> None:
    account = await accounts.open("181", "Анна")
    wrong = SoftphoneAccount("181", account.uri, "wrong")
    with pytest.raises(SipRefused) as caught:
        await HeadlessPhone(wrong, direct_url(stand.asterisk_settings)).start()
    assert caught.value.sip_status == 401


async def test_unknown_account_is_refused(stand: Stand) -> None:
    account = SoftphoneAccount("189", "sip:189@hotline.invalid", "nothing")
    with pytest.raises(SipRefused):
        await HeadlessPhone(account, direct_url(stand.asterisk_settings)).start()


async def test_server_that_does_not_exist_is_unavailable() -> None:
    account = SoftphoneAccount("189", "sip:189@hotline.invalid", "nothing")
    with pytest.raises(Unavailable) as caught:
        await HeadlessPhone(account, "ws://127.0.0.1:9/ws").start()
    assert caught.value.error_id == "sip-unreachable"


async def test_two_operators_talk_and_the_callee_hangs_up(anna: HeadlessPhone, boris: HeadlessPhone) -> None:
    call = await anna.call("182")
    ring = await boris.next_call()
    await happens(call.ringing)
    assert ring.remote_number == "181"
    assert ring.header("x-call-role") == "internal"
    assert (ring.header("x-call-id") or "").startswith("pbx1-")
    assert '"Анна Иванова"' in (ring.header("from") or "")
    await ring.answer()
    await happens(call.answered)
    assert await call.meter.wait_for_tone(700) == pytest.approx(-12, abs=1)
    assert await ring.meter.wait_for_tone(440) == pytest.approx(-12, abs=1)
    await ring.hangup()
    await happens(call.ended)
    assert (call.end_reason, ring.end_reason) == ("remote-bye", "bye")
    assert call.state is CallState.ENDED


async def test_caller_cancels(anna: HeadlessPhone, boris: HeadlessPhone) -> None:
    call = await anna.call("182")
    ring = await boris.next_call()
    await call.hangup()
    await happens(ring.ended)
    assert ring.end_reason == "cancelled"
    with pytest.raises(Unavailable):
        await ring.answer()


async def test_callee_refuses(anna: HeadlessPhone, boris: HeadlessPhone) -> None:
    call = await anna.call("182")
    await (await boris.next_call()).reject()
    await happens(call.ended)
    assert call.end_reason.startswith("486")


async def test_busy_phone_refuses_a_second_call(
    stand: Stand, accounts: AccountService, anna: HeadlessPhone, boris: HeadlessPhone
) -> None:
    call = await anna.call("182")
    await (await boris.next_call()).answer()
    await happens(call.answered)
    account = await accounts.open("183", "Вера")
    async with HeadlessPhone(account, direct_url(stand.asterisk_settings)) as vera:
        second = await vera.call("182")
        await happens(second.ended)
        assert second.end_reason.startswith("486")
    assert call.state is CallState.TALKING


async def test_unknown_number_is_refused(anna: HeadlessPhone) -> None:
    call = await anna.call("no-such-number")
    await happens(call.ended)
    assert call.end_reason.startswith("404")


async def test_hold_silences_the_far_end_and_resume_brings_the_voice_back(
    anna: HeadlessPhone, boris: HeadlessPhone
) -> None:
    call = await anna.call("182")
    ring = await boris.next_call()
    await ring.answer()
    await happens(call.answered)
    await ring.meter.wait_for_tone(440)
    await call.hold(True)
    async with asyncio.timeout(10):  # music or silence instead of the voice
        while ring.meter.windows[-1].has_tone(440):
            await ring.meter.next_window()
    await call.hold(False)
    assert await ring.meter.wait_for_tone(440) == pytest.approx(-12, abs=1)
    assert await call.meter.wait_for_tone(700) == pytest.approx(-12, abs=1)


async def test_citizen_reaches_the_queue_and_an_operator(stand: Stand, anna: HeadlessPhone) -> None:
    """The shape of the first real call: SIPp citizen, queue, headless operator, sound both ways."""
    await stand.asterisk.cli("queue add member PJSIP/181 to hotline")
    try:
        async with citizen_calls(stand, caller="79280001122", hold_s=20, sound=1000.0) as citizen:
            ring = await anna.next_call(within=15)
            assert ring.remote_number == "79280001122"
            assert ring.header("x-call-role") == "queue"
            assert ring.header("x-queue") == "hotline"
            await ring.answer()
            assert await ring.meter.wait_for_tone(1000) > -40
            await ring.hangup()
            await citizen.hang_up()
    finally:
        await stand.asterisk.cli("queue remove member PJSIP/181 from hotline")


async def test_line_check_by_echo(anna: HeadlessPhone) -> None:
    result = await check_echo(anna, "*43")
    assert result.ok, result.text()
    assert result.setup_ms is not None
    assert result.setup_ms < 5000
    assert result.as_json()["ok"] is True
    assert "line check passed" in result.text()


async def test_line_check_between_two_operators(anna: HeadlessPhone, boris: HeadlessPhone) -> None:
    result = await check_between(anna, boris)
    assert result.ok, result.text()
    assert [heard.frequency_hz for heard in result.heard] == [700, 440]


async def test_line_check_names_the_fault(anna: HeadlessPhone) -> None:
    result = await check_echo(anna, "no-such-number")
    assert not result.ok
    assert "404" in result.problem
    assert "LINE CHECK FAILED" in result.text()


async def test_line_check_hears_silence(stand: Stand, accounts: AccountService, anna: HeadlessPhone) -> None:
    """A far end that answers and says nothing is found out."""
    account = await accounts.open("184", "Молчун")
    async with HeadlessPhone(account, direct_url(stand.asterisk_settings), tone_hz=0, auto_answer=True) as mute:
        assert mute.registered.is_set()
        result = await check_echo(anna, "184", listen_s=1)
        assert not result.ok
        assert result.setup_ms is not None
        assert [heard.ok for heard in result.heard] == [False]
        assert "NOT HEARD" in result.text()


async def test_keys_pressed_arrive_at_the_other(anna: HeadlessPhone, boris: HeadlessPhone) -> None:
    call = await anna.call("182")
    ring = await boris.next_call()
    await ring.answer()
    await happens(call.answered)
    await ring.meter.wait_for_tone(anna.tone_hz)
    await call.dtmf("5*#")
    async with asyncio.timeout(10):
        assert [await ring.tones.get() for _ in range(3)] == ["5", "*", "#"]
    with pytest.raises(BadInput):
        await call.dtmf("5x")
    await call.hangup()
    with pytest.raises(Unavailable):
        await call.dtmf("5")
