"""Shared parts of the headless phone's tests: accounts on the stand's Asterisk, and a service that is only a proxy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from hotline.clock import SystemClock
from hotline.config import AsteriskSettings
from hotline.errors import NotAuthenticated
from hotline.events import Bus
from hotline.softphone import sip
from hotline.softphone.headless import HeadlessPhone
from hotline.softphone.model import PhoneConnected, PhoneLost, PhoneSession, SoftphoneAccount
from hotline.softphone.proxy import SipProxy, _Connection


def direct_url(settings: AsteriskSettings) -> str:
    """Asterisk's own WebSocket, without our proxy."""
    return settings.http_url.replace("http", "ws", 1) + "/ws"


class _Overheard:
    """Asterisk's side of a connection; what it sends is noted."""

    def __init__(self, upstream: aiohttp.ClientWebSocketResponse, note: Callable[[str], None]) -> None:
        self._upstream = upstream
        self._note = note

    @property
    def close_code(self) -> int | None:
        return self._upstream.close_code

    async def __aiter__(self) -> AsyncIterator[aiohttp.WSMessage]:
        async for message in self._upstream:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._note(message.data)
            yield message


class WatchedProxy(SipProxy):
    """The proxy, telling which requests of browsers Asterisk has answered, so that tests can wait for one."""

    answered: asyncio.Queue[tuple[str, int]]
    """Method and status."""

    async def _to_browser(self, connection: _Connection, upstream: aiohttp.ClientWebSocketResponse) -> None:
        await super()._to_browser(connection, cast(aiohttp.ClientWebSocketResponse, _Overheard(upstream, self._hear)))

    def _hear(self, text: str) -> None:
        if not sip.is_keep_alive(text) and (message := sip.parse(text)).status is not None:
            self.answered.put_nowait((message.method, message.status))


@dataclass
class ProxyServer:
    """A web server with nothing but ``/sip``. The session is named by the query: ``/sip?extension=101``."""

    server: TestServer
    proxy: WatchedProxy
    bus: Bus
    facts: asyncio.Queue[PhoneConnected | PhoneLost] = field(default_factory=asyncio.Queue)

    def url(self, extension: str) -> str:
        return f"ws://127.0.0.1:{self.server.port}/sip?extension={extension}"

    def phone(self, account: SoftphoneAccount, *, tone_hz: int = 440, auto_answer: bool = False) -> HeadlessPhone:
        return HeadlessPhone(account, self.url(account.extension), tone_hz=tone_hz, auto_answer=auto_answer)

    async def accepted(self, method: str) -> None:
        """Wait until Asterisk has said yes to a browser's request of this method."""
        async with asyncio.timeout(10):
            while await self.proxy.answered.get() != (method, 200):
                pass

    async def next_fact(self) -> PhoneConnected | PhoneLost:
        async with asyncio.timeout(5):
            return await self.facts.get()


async def authorise(request: web.Request) -> PhoneSession:
    extension = request.query.get("extension")
    if extension is None:
        raise NotAuthenticated("no session")
    return PhoneSession(int(extension), extension)


@asynccontextmanager
async def proxy_server(
    http_url: str, *, port: int | None = None, extend: Callable[[web.Application], None] | None = None
) -> AsyncIterator[ProxyServer]:
    """Run a proxy before the Asterisk at ``http_url``; ``extend`` may add routes."""
    bus = Bus()
    async with aiohttp.ClientSession() as http:
        proxy = WatchedProxy(http_url, authorise, bus, SystemClock(), http=http)
        proxy.answered = asyncio.Queue()
        app = web.Application()
        app.router.add_get("/sip", proxy.handle)
        if extend is not None:
            extend(app)
        server = TestServer(app, host="127.0.0.1", port=port)
        await server.start_server()
        running = ProxyServer(server, proxy, bus)

        async def keep(fact: PhoneConnected | PhoneLost) -> None:
            running.facts.put_nowait(fact)

        bus.subscribe(PhoneConnected, PhoneLost, handler=keep, name="test")
        try:
            yield running
        finally:
            await proxy.close()
            await server.close()
            await bus.close()
