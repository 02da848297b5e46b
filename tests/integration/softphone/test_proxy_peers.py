"""The proxy and peers that misbehave below SIP: an upstream that closes, floods or is silent, a browser that is stuck.

The peers are plain WebSockets of this test; SIP itself is tested against the real Asterisk in tests/calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from hotline.softphone import proxy as proxy_module
from hotline.softphone.model import CloseCode
from tests.calls.headless_parts import ProxyServer, proxy_server

Behaviour = Callable[[web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def before(behaviour: Behaviour) -> AsyncIterator[ProxyServer]:
    """Run a proxy whose upstream behaves as told."""

    async def upstream(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(protocols=("sip",))
        await ws.prepare(request)
        await behaviour(ws)
        return ws

    app = web.Application()
    app.router.add_get("/ws", upstream)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        async with proxy_server(str(server.make_url("/"))) as running:
            yield running
    finally:
        await server.close()


async def close_of(ws: aiohttp.ClientWebSocketResponse) -> tuple[int, str]:
    async with asyncio.timeout(10):
        while True:
            message = await ws.receive()
            if message.type is WSMsgType.CLOSE:
                return int(message.data), str(message.extra)
            assert message.type is WSMsgType.TEXT, message


async def test_upstream_that_closes_closes_the_browser() -> None:
    async def closes(ws: web.WebSocketResponse) -> None:
        await ws.close()

    async with (
        before(closes) as service,
        aiohttp.ClientSession() as http,
        http.ws_connect(service.url("101"), protocols=("sip",)) as ws,
    ):
        assert await close_of(ws) == (CloseCode.TRY_LATER, "asterisk-closed")


async def test_browser_that_closes_closes_the_upstream() -> None:
    gone = asyncio.Event()

    async def waits(ws: web.WebSocketResponse) -> None:
        async for _ in ws:
            pass
        gone.set()

    async with before(waits) as service, aiohttp.ClientSession() as http:
        async with http.ws_connect(service.url("101"), protocols=("sip",)):
            pass
        async with asyncio.timeout(5):
            await gone.wait()


async def test_browser_that_breaks_off_is_missed_at_once() -> None:
    """No close frame: the machine died, the tab was killed."""

    async def waits(ws: web.WebSocketResponse) -> None:
        async for _ in ws:
            pass

    async with before(waits) as service, aiohttp.ClientSession() as http:
        ws = await http.ws_connect(service.url("101"), protocols=("sip",))
        await service.next_fact()
        transport = ws._response.connection
        assert transport is not None
        transport.close()
        lost = await service.next_fact()
        assert type(lost).__name__ == "PhoneLost"


async def test_message_that_is_too_large_does_not_reach_the_browser() -> None:
    async def shouts(ws: web.WebSocketResponse) -> None:
        await ws.send_str("a" * 70_000)
        async for _ in ws:
            pass

    async with (
        before(shouts) as service,
        aiohttp.ClientSession() as http,
        http.ws_connect(service.url("101"), protocols=("sip",)) as ws,
    ):
        assert await close_of(ws) == (CloseCode.TRY_LATER, "asterisk-closed")
        assert service.proxy.stats.to_browser == 0


async def test_browser_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its neighbour must not suffer, and our memory must not grow."""
    monkeypatch.setattr(proxy_module, "SEND_TIMEOUT", 0.3)
    monkeypatch.setattr(proxy_module, "CLOSE_TIMEOUT", 0.3)

    async def floods(ws: web.WebSocketResponse) -> None:
        while not ws.closed:
            await ws.send_str("a" * 60_000)

    async with before(floods) as service:
        host, port = "127.0.0.1", service.server.port
        assert port is not None
        reader, writer = await asyncio.open_connection(host, port, limit=1)
        writer.write(
            b"GET /sip?extension=101 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        await service.next_fact()
        # The reader's limit of one byte pauses the socket: this browser takes nothing any more.
        async with asyncio.timeout(20):
            lost = await service.facts.get()
        assert type(lost).__name__ == "PhoneLost"
        writer.close()
        assert reader is not None
