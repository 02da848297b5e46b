"""The SIP proxy between headless phones and a real Asterisk: identity, limits, replacement, losses, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from hotline.softphone import proxy as proxy_module
from hotline.softphone import sip
from hotline.softphone.accounts import AccountService
from hotline.softphone.headless import HeadlessPhone
from hotline.softphone.headless_call import CallState
from hotline.softphone.model import CloseCode, PhoneConnected, PhoneLost
from hotline.softphone.sip_client import SipRefused
from hotline.stand.service import Stand
from tests.calls.headless_parts import ProxyServer, direct_url, proxy_server

pytestmark = pytest.mark.calls


@pytest.fixture
async def service(stand: Stand) -> AsyncIterator[ProxyServer]:
    async with proxy_server(stand.asterisk_settings.http_url) as running:
        yield running


@pytest.fixture
async def accounts(stand: Stand) -> AsyncIterator[AccountService]:
    async with aiohttp.ClientSession() as http:
        made = AccountService(http, stand.asterisk_settings)
        yield made
        for extension in made.extensions:
            await made.close(extension)


@asynccontextmanager
async def raw(url: str, *, protocols: tuple[str, ...] = ("sip",)) -> AsyncIterator[ClientWebSocketResponse]:
    """A browser that sends whatever we like."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=protocols, max_msg_size=0) as ws:
        yield ws


def request(method: str, sender: str = "181", *, to: str = "181", body: str = "", branch: str = "z9hG4bKq") -> str:
    return sip.SipMessage(
        method,
        "sip:hotline.invalid",
        None,
        "",
        (
            ("via", f"SIP/2.0/WS a.invalid;branch={branch}"),
            ("max-forwards", "70"),
            ("from", f"<sip:{sender}@hotline.invalid>;tag=t"),
            ("to", f"<sip:{to}@hotline.invalid>"),
            ("call-id", "raw-1"),
            ("cseq", f"1 {method}"),
            ("contact", f"<sip:{sender}@a.invalid;transport=ws>"),
        ),
        body,
    ).text()


async def answer_of(ws: ClientWebSocketResponse) -> sip.SipMessage:
    async with asyncio.timeout(5):
        return sip.parse(await ws.receive_str())


async def close_of(ws: ClientWebSocketResponse) -> tuple[int, str]:
    async with asyncio.timeout(5):
        message = await ws.receive()
    assert message.type is WSMsgType.CLOSE, message
    return int(message.data), str(message.extra)


async def happens(event: asyncio.Event) -> None:
    async with asyncio.timeout(15):
        await event.wait()


async def test_two_browsers_talk_through_the_proxy(service: ProxyServer, accounts: AccountService) -> None:
    anna, boris = await accounts.open("181", "Анна"), await accounts.open("182", "Борис")
    async with (
        service.phone(anna, tone_hz=440) as near,
        service.phone(boris, tone_hz=700, auto_answer=True) as far,
    ):
        assert service.proxy.connected == {"181", "182"}
        call = await near.call("182")
        await happens(call.answered)
        await call.meter.wait_for_tone(700)
        await (await far.next_call()).meter.wait_for_tone(440)
        await call.hangup()
    assert service.proxy.stats.refused == {}
    assert service.proxy.stats.from_browser > 8


async def test_each_browser_is_announced_and_missed_at_once(service: ProxyServer, accounts: AccountService) -> None:
    account = await accounts.open("181", "Анна")
    phone = service.phone(account)
    await phone.start()
    fact = await service.next_fact()
    assert isinstance(fact, PhoneConnected)
    assert (fact.extension, fact.user_id) == ("181", 181)
    await phone.close()
    fact = await service.next_fact()
    assert isinstance(fact, PhoneLost)
    assert (fact.extension, fact.reason) == ("181", "closed-by-browser")
    assert service.proxy.connected == frozenset()


async def test_no_session_no_upgrade(service: ProxyServer) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with raw(f"ws://127.0.0.1:{service.server.port}/sip"):
            pass
    assert service.proxy.stats.opened == 0


async def test_subprotocol_is_required(service: ProxyServer) -> None:
    async with raw(service.url("181"), protocols=()) as ws:
        assert await close_of(ws) == (CloseCode.POLICY, "subprotocol-sip-required")
    assert service.proxy.stats.opened == 0


async def test_subprotocol_is_echoed(service: ProxyServer) -> None:
    async with raw(service.url("181")) as ws:
        assert ws.protocol == "sip"


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "BYE", "OPTIONS"])
async def test_foreign_identity_is_answered_403_and_the_connection_lives(service: ProxyServer, method: str) -> None:
    async with raw(service.url("181")) as ws:
        await ws.send_str(request(method, "182"))
        answer = await answer_of(ws)
        assert answer.status == 403
        assert "foreign-identity" in answer.reason
        assert answer.method == method
        await ws.send_str(request("OPTIONS"))
        assert (await answer_of(ws)).status != 403  # this one is Asterisk's answer
    assert service.proxy.stats.refused == {"foreign-identity": 1}


async def test_foreign_registration_does_not_reach_asterisk(
    service: ProxyServer, accounts: AccountService, stand: Stand
) -> None:
    """Even with the right password of the other account."""
    boris = await accounts.open("182", "Борис")
    with pytest.raises(SipRefused) as caught:
        await HeadlessPhone(boris, service.url("181")).start()
    assert caught.value.sip_status == 403
    assert "182" not in await stand.asterisk.cli("pjsip show contacts")


async def test_method_that_phones_do_not_need_is_answered_405(service: ProxyServer) -> None:
    async with raw(service.url("181")) as ws:
        await ws.send_str(request("REFER"))
        assert (await answer_of(ws)).status == 405


async def test_foreign_ack_is_dropped_without_an_answer(service: ProxyServer) -> None:
    async with raw(service.url("181")) as ws:
        await ws.send_str(request("ACK", "182"))
        await ws.send_str(request("REFER"))
        assert (await answer_of(ws)).method == "REFER"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", "not-sip"),
        (request("REGISTER") + "REGISTER sip:x SIP/2.0\r\n", "bad-length"),
        (request("REGISTER").replace("Max-Forwards: 70", "From: <sip:182@x>"), "repeated-header"),
        (request("REGISTER").replace("Max-Forwards: 70", "X: 1\nFrom: <sip:182@x>"), "bad-header"),
    ],
    ids=["not sip", "two in one", "two From", "bare line feed"],
)
async def test_malformed_message_ends_the_connection_with_its_reason(
    service: ProxyServer, text: str, reason: str
) -> None:
    async with raw(service.url("181")) as ws:
        await ws.send_str(text)
        assert await close_of(ws) == (CloseCode.POLICY, reason)
    assert service.proxy.stats.refused == {reason: 1}


async def test_binary_frame_ends_the_connection(service: ProxyServer) -> None:
    async with raw(service.url("181")) as ws:
        await ws.send_bytes(b"REGISTER")
        assert await close_of(ws) == (CloseCode.UNSUPPORTED, "text-frames-only")


async def test_oversized_message_ends_the_connection(service: ProxyServer) -> None:
    async with raw(service.url("181")) as ws:
        await ws.send_str(request("INVITE", body="a" * 70_000))
        code, _ = await close_of(ws)
        assert code == CloseCode.TOO_BIG
    fact = await service.next_fact()
    fact = await service.next_fact()
    assert isinstance(fact, PhoneLost)
    assert fact.reason == "too-long"


async def test_flood_ends_the_connection(service: ProxyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_module, "FLOOD", 0)
    async with raw(service.url("181")) as ws:
        await ws.send_str("\r\n\r\n")
        assert await close_of(ws) == (CloseCode.POLICY, "too-many-messages")


async def test_newer_connection_replaces_the_older(service: ProxyServer) -> None:
    async with raw(service.url("181")) as older:
        await service.next_fact()
        async with raw(service.url("181")) as newer:
            assert await close_of(older) == (CloseCode.REPLACED, "replaced")
            fact = await service.next_fact()
            assert isinstance(fact, PhoneConnected)  # and no PhoneLost for the older
            assert service.proxy.connected == {"181"}
            await newer.send_str(request("OPTIONS"))
            assert (await answer_of(newer)).method == "OPTIONS"
    assert isinstance(await service.next_fact(), PhoneLost)


async def test_replaced_phone_does_not_come_back(service: ProxyServer, accounts: AccountService) -> None:
    """Two tabs must not throw each other out in turns (telephony.md 10, pitfall 19)."""
    account = await accounts.open("181", "Анна")
    first, second = service.phone(account), service.phone(account)
    await first.start()
    await second.start()
    await happens(first.stopped)
    assert first.refused == "replaced"
    assert second.registered.is_set()
    assert service.proxy.stats.opened == 2
    await first.close()
    await second.close()


async def test_log_out_ends_the_connection(service: ProxyServer) -> None:
    async with raw(service.url("181")) as ws:
        await service.next_fact()
        service.proxy.disconnect("181")
        service.proxy.disconnect("182")  # nobody: nothing happens
        assert await close_of(ws) == (CloseCode.SESSION_ENDED, "session-ended")


async def test_asterisk_that_is_down_is_a_reason_to_try_later() -> None:
    async with proxy_server("http://127.0.0.1:9") as service, raw(service.url("181")) as ws:
        assert await close_of(ws) == (CloseCode.TRY_LATER, "asterisk-unavailable")
        assert service.proxy.stats.upstream_failures == 1
        assert service.facts.empty()


async def test_shutdown_closes_every_browser_and_takes_no_more(service: ProxyServer) -> None:
    async with raw(service.url("181")) as one, raw(service.url("182")) as two:
        await service.next_fact()
        await service.next_fact()
        closing = asyncio.create_task(service.proxy.close())
        assert await close_of(one) == (CloseCode.GOING_AWAY, "shutting-down")
        assert await close_of(two) == (CloseCode.GOING_AWAY, "shutting-down")
        async with asyncio.timeout(5):
            await closing
        async with raw(service.url("183")) as late:
            assert await close_of(late) == (CloseCode.GOING_AWAY, "shutting-down")


async def test_call_outlives_a_restart_of_the_service(stand: Stand, accounts: AccountService) -> None:
    """Sound goes on, the phone registers again, and after its UPDATE the far end's BYE arrives (telephony.md 3.4)."""
    anna, boris = await accounts.open("181", "Анна"), await accounts.open("182", "Борис")
    url = stand.asterisk_settings.http_url
    async with AsyncExitStack() as phones:
        far = HeadlessPhone(boris, direct_url(stand.asterisk_settings), tone_hz=700, auto_answer=True)
        await phones.enter_async_context(far)
        async with proxy_server(url) as service:
            port = service.server.port
            near = await phones.enter_async_context(service.phone(anna, tone_hz=440))
            call = await near.call("182")
            await happens(call.answered)
            await call.meter.wait_for_tone(700)
        await happens(near.disconnected)
        await call.meter.wait_for_tone(700)
        assert call.state is CallState.TALKING
        async with proxy_server(url, port=port):
            await happens(call.refreshed)
            await (await far.next_call()).hangup()
            await happens(call.ended)
            assert call.end_reason == "remote-bye"


async def test_hanging_up_without_a_connection_is_told_after_the_reconnect(
    stand: Stand, accounts: AccountService
) -> None:
    """Otherwise the far end would stay in a call with nobody until its sound is missed (RFC 3261 section 15)."""
    anna, boris = await accounts.open("181", "Анна"), await accounts.open("182", "Борис")
    async with AsyncExitStack() as phones:
        far = HeadlessPhone(boris, direct_url(stand.asterisk_settings), tone_hz=700, auto_answer=True)
        await phones.enter_async_context(far)
        async with proxy_server(stand.asterisk_settings.http_url) as service:
            port = service.server.port
            near = await phones.enter_async_context(service.phone(anna, tone_hz=440))
            call = await near.call("182")
            await happens(call.answered)
            other = await far.next_call()
            await other.meter.wait_for_tone(440)
        await happens(near.disconnected)
        await call.hangup()
        assert (call.end_reason, other.state) == ("bye", CallState.TALKING)
        async with proxy_server(stand.asterisk_settings.http_url, port=port):
            await happens(other.ended)
            assert other.end_reason == "remote-bye"
