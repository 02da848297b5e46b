"""SIP over WebSocket (RFC 7118) between browsers and Asterisk, on the page's own origin.

Each browser has its own upstream connection, because Asterisk takes the TCP peer for its contact (telephony.md 4). We
change nothing in the messages; we bound them, check whose they are, and know at once when a browser has died.

Memory is bounded without queues of our own: one message at a time in each direction, the next is read only when the
last was written, and a side that does not take a message within :data:`SEND_TIMEOUT` seconds is dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
from aiohttp import WSMsgType, web

from hotline.clock import Clock
from hotline.events import Bus
from hotline.softphone import sip
from hotline.softphone.model import CloseCode, PhoneConnected, PhoneLost, PhoneSession

log = logging.getLogger(__name__)

HEARTBEAT = 20.0
"""Seconds between pings on both legs; a peer that does not answer within half of it is gone (telephony.md 4)."""
SEND_TIMEOUT = 5.0
CONNECT_TIMEOUT = 5.0
CLOSE_TIMEOUT = 2.0
FLOOD = 200
"""Messages per second from one browser. A call takes about ten; more is a fault that must not reach Asterisk."""

Authorise = Callable[[web.Request], Awaitable[PhoneSession]]
Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


@dataclass(slots=True)
class ProxyStats:
    """Counters since the start, for ``/metrics`` and ``/status``."""

    opened: int = 0
    replaced: int = 0
    upstream_failures: int = 0
    from_browser: int = 0
    to_browser: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Refused messages by :class:`~hotline.softphone.sip.Fault`, plus ``binary`` and ``flood``."""


@dataclass(slots=True, eq=False)
class _Connection:
    session: PhoneSession
    browser: web.WebSocketResponse
    peer: str
    upstream: aiohttp.ClientWebSocketResponse | None = None
    close_code: CloseCode = CloseCode.GOING_AWAY
    close_reason: str = ""
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    second: int = 0
    in_second: int = 0
    since: datetime | None = None
    heard: datetime | None = None

    def end(self, code: CloseCode, reason: str) -> None:
        """Ask the connection to end. The first reason wins."""
        if not self.ending.is_set():
            self.close_code, self.close_reason = code, reason
            self.ending.set()

    def floods(self, now: float) -> bool:
        """Count one message; tell whether there were too many in this second."""
        if int(now) != self.second:
            self.second, self.in_second = int(now), 0
        self.in_second += 1
        return self.in_second > FLOOD


class SipProxy:
    """Handler of ``WS /sip`` and the list of telephones that are connected right now.

    :param http_url: Asterisk's HTTP server, for example ``http://127.0.0.1:8088``; ``/ws`` is appended.
    :param authorise: checks session cookie and Origin of the upgrade request and names the extension; raises
        :class:`~hotline.errors.HotlineError`, which the web layer turns into an HTTP answer before the upgrade.
    """

    def __init__(
        self, http_url: str, authorise: Authorise, bus: Bus, clock: Clock, *, http: aiohttp.ClientSession
    ) -> None:
        self._ws_url = f"{http_url.rstrip('/')}/ws"
        self._authorise = authorise
        self._bus = bus
        self._clock = clock
        self._http = http
        self._connections: dict[str, _Connection] = {}
        self._all: set[_Connection] = set()
        self._closed = False
        self.stats = ProxyStats()

    @property
    def connected(self) -> frozenset[str]:
        """Extensions whose browser is connected now."""
        return frozenset(self._connections)

    def connected_at(self, extension: str) -> datetime | None:
        """Return since when a browser is connected with this extension; ``None``: it is not."""
        connection = self._connections.get(extension)
        return connection.since if connection is not None else None

    def heard_at(self, extension: str) -> datetime | None:
        """Return when the browser of this extension last sent anything; ``None``: nothing yet."""
        connection = self._connections.get(extension)
        return connection.heard if connection is not None else None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one browser until either side ends.

        :raises HotlineError: whatever ``authorise`` raises.
        """
        session = await self._authorise(request)
        browser = web.WebSocketResponse(
            protocols=("sip",),
            heartbeat=HEARTBEAT,
            max_msg_size=sip.MAX_BYTES + 1,  # aiohttp refuses what reaches its limit
            compress=False,
            timeout=CLOSE_TIMEOUT,
        )
        await browser.prepare(request)
        connection = _Connection(session, browser, request.remote or "?")
        if self._closed:
            connection.end(CloseCode.GOING_AWAY, "shutting-down")
        self._all.add(connection)
        try:
            await self._serve(connection)
        finally:
            connection.done.set()
            self._all.discard(connection)
        return browser

    def disconnect(self, extension: str, *, code: CloseCode = CloseCode.SESSION_ENDED) -> None:
        """End the telephone connection of ``extension``, if there is one: log-out, or the account was taken away."""
        connection = self._connections.get(extension)
        if connection is not None:
            connection.end(code, "session-ended")

    async def close(self) -> None:
        """End all connections and wait for them. New ones are closed at once."""
        self._closed = True
        connections = tuple(self._all)
        for connection in connections:
            connection.end(CloseCode.GOING_AWAY, "shutting-down")
        for connection in connections:
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * CLOSE_TIMEOUT):
                    await connection.done.wait()

    async def _serve(self, connection: _Connection) -> None:
        if connection.browser.ws_protocol != "sip":
            connection.end(CloseCode.POLICY, "subprotocol-sip-required")
        elif not connection.ending.is_set():
            connection.upstream = await self._connect_upstream(connection)
        if connection.upstream is None:
            await _close(connection.browser, connection.close_code, connection.close_reason)
            return
        self._admit(connection)
        try:
            await self._pump_both(connection, connection.upstream)
        finally:
            self._forget(connection)
            await asyncio.gather(
                _close(connection.browser, connection.close_code, connection.close_reason),
                _close(connection.upstream, CloseCode.GOING_AWAY, ""),
            )

    async def _connect_upstream(self, connection: _Connection) -> aiohttp.ClientWebSocketResponse | None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                return await self._http.ws_connect(
                    self._ws_url,
                    protocols=("sip",),
                    heartbeat=HEARTBEAT,
                    max_msg_size=sip.MAX_BYTES + 1,
                    compress=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT),
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.stats.upstream_failures += 1
            log.warning("phone %s: Asterisk refused the WebSocket: %s", connection.session.extension, error)
            # The upgrade has been answered already, because a browser shows a page only close codes, no HTTP status.
            connection.end(CloseCode.TRY_LATER, "asterisk-unavailable")
            return None

    def _admit(self, connection: _Connection) -> None:
        extension = connection.session.extension
        old = self._connections.get(extension)
        self._connections[extension] = connection
        connection.since = self._clock.now()
        self.stats.opened += 1
        if old is not None:
            self.stats.replaced += 1
            old.end(CloseCode.REPLACED, "replaced")
        log.info("phone %s: connected from %s", extension, connection.peer)
        self._bus.publish(PhoneConnected(extension, connection.session.user_id, self._clock.now()))

    def _forget(self, connection: _Connection) -> None:
        extension = connection.session.extension
        log.info("phone %s: closed, %s", extension, connection.close_reason)
        if self._connections.get(extension) is connection:
            del self._connections[extension]
            user_id, reason = connection.session.user_id, connection.close_reason
            self._bus.publish(PhoneLost(extension, user_id, self._clock.now(), reason))

    async def _pump_both(self, connection: _Connection, upstream: aiohttp.ClientWebSocketResponse) -> None:
        tasks = [
            asyncio.create_task(self._from_browser(connection, upstream)),
            asyncio.create_task(self._to_browser(connection, upstream)),
            asyncio.create_task(connection.ending.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    log.info("phone %s: %r", connection.session.extension, result)
        connection.end(CloseCode.GOING_AWAY, "connection-lost")

    async def _from_browser(self, connection: _Connection, upstream: aiohttp.ClientWebSocketResponse) -> None:
        browser = connection.browser
        loop = asyncio.get_running_loop()
        async for message in browser:
            if message.type is WSMsgType.ERROR:
                self._broken_frame(connection, message.data)
                return
            if message.type is not WSMsgType.TEXT:
                self.stats.refused["binary"] += 1
                connection.end(CloseCode.UNSUPPORTED, "text-frames-only")
                return
            if connection.floods(loop.time()):
                self.stats.refused["flood"] += 1
                connection.end(CloseCode.POLICY, "too-many-messages")
                return
            self.stats.from_browser += 1
            connection.heard = self._clock.now()
            if not await self._admissible(connection, message.data):
                continue
            await _send(upstream, message.data)
        connection.end(CloseCode.GOING_AWAY, "closed-by-browser")

    def _broken_frame(self, connection: _Connection, error: object) -> None:
        """Note why aiohttp closed the browser's side: it has sent the close code already."""
        if isinstance(error, aiohttp.WebSocketError) and error.code == CloseCode.TOO_BIG:
            self.stats.refused[sip.Fault.TOO_LONG] += 1
            connection.end(CloseCode.TOO_BIG, sip.Fault.TOO_LONG)
            return
        log.info("phone %s: broken WebSocket: %r", connection.session.extension, error)
        connection.end(CloseCode.GOING_AWAY, "connection-lost")

    async def _admissible(self, connection: _Connection, text: str) -> bool:
        """Tell whether Asterisk may see this message; answer the browser or end the connection when not."""
        if sip.is_keep_alive(text):
            return True
        extension = connection.session.extension
        try:
            message = sip.parse(text)
        except sip.SipError as error:
            self.stats.refused[error.fault] += 1
            log.warning("phone %s: not SIP from %s: %s", extension, connection.peer, error)
            connection.end(CloseCode.POLICY, error.fault)
            return False
        try:
            sip.check_from_browser(message, extension)
        except sip.SipError as error:
            self.stats.refused[error.fault] += 1
            log.warning("phone %s: refused %s from %s: %s", extension, message.method, connection.peer, error)
            if message.method != "ACK":  # an ACK is never answered, RFC 3261 section 17
                status = 405 if error.fault is sip.Fault.METHOD_NOT_ALLOWED else 403
                answer = sip.respond(message, status, str(error), to_tag="proxy")
                await _send(connection.browser, answer.text())
            return False
        return True

    async def _to_browser(self, connection: _Connection, upstream: aiohttp.ClientWebSocketResponse) -> None:
        async for message in upstream:
            if message.type is WSMsgType.TEXT:
                self.stats.to_browser += 1
                await _send(connection.browser, message.data)
        log.info("phone %s: Asterisk closed, code %s", connection.session.extension, upstream.close_code)
        connection.end(CloseCode.TRY_LATER, "asterisk-closed")


async def _send(socket: Socket, text: str) -> None:
    async with asyncio.timeout(SEND_TIMEOUT):
        await socket.send_str(text)


async def _close(socket: Socket, code: CloseCode, reason: str) -> None:
    with suppress(TimeoutError, ConnectionError, aiohttp.ClientError):
        async with asyncio.timeout(2 * CLOSE_TIMEOUT):
            await socket.close(code=code, message=reason.encode()[:120])
