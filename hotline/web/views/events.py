"""``WS /events``: one browser's end of the push hub, and the upgrade of ``/sip``."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import lru_cache

from aiohttp import WSMsgType, web
from websockets.frames import Frame, Opcode

from hotline.board.model import scope_of
from hotline.journal.masking import sees_private
from hotline.softphone.quality import REPORTS
from hotline.staff.model import Right
from hotline.web.browser_messages import MESSAGE_LIMIT, Quality, Refused, ShowBoard, Watch, decode
from hotline.web.context import BOARD, HUB, PERSON_NEWS, require_session, services
from hotline.web.push import SESSION_ENDED, Client, PushHub, Viewer
from hotline.web.push_messages import PONG, takes_part
from hotline.web.services import Services

HEARTBEAT_S = 30.0
CLOSE_S = 2.0


class AiohttpSocket:
    """An aiohttp WebSocket as the hub needs it."""

    def __init__(self, websocket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._websocket = websocket
        self._transport = transport

    def buffered(self) -> int:
        """Return how many bytes wait in the transport's buffer."""
        return self._transport.get_write_buffer_size()

    def write(self, message: bytes) -> None:
        """Write one text frame without waiting.

        :raises ConnectionResetError: the connection is being closed: nothing may follow a close frame.
        """
        if self._websocket.closed or self._transport.is_closing():
            raise ConnectionResetError("the browser is gone")
        self._transport.write(_framed(message))

    async def send(self, message: bytes) -> None:
        """Write one text frame and wait while the browser does not read."""
        await self._websocket.send_frame(message, WSMsgType.TEXT)

    async def close(self, code: int, reason: str) -> None:
        """Close; a peer that does not take even that within two seconds is cut off."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_S):
                await self._websocket.close(code=code, message=reason.encode(), drain=False)
                return
        self._transport.abort()


@lru_cache(maxsize=8)
def _framed(message: bytes) -> bytes:
    """Return the message as a frame (RFC 6455 section 5.2): made once for all the browsers that get it.

    aiohttp can only make a frame for each of a thousand browsers anew, which cost more than writing it.
    """
    return Frame(Opcode.TEXT, message).serialize(mask=False)


async def connect(request: web.Request) -> web.StreamResponse:
    """Serve one browser until it goes away or its session ends."""
    session = require_session(request)
    hub = request.app[HUB]
    websocket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S, compress=False, max_msg_size=MESSAGE_LIMIT, timeout=CLOSE_S, autoclose=True
    )
    await websocket.prepare(request)
    transport = request.transport
    if transport is None:  # gone during the handshake
        return websocket
    viewer = Viewer(
        session.id,
        session.user.id,
        session.user.extension,
        watches_calls=session.user.may(Right.CALL_MONITOR),
        sees_numbers=sees_private(session.user),
    )
    client = await hub.join(viewer, AiohttpSocket(websocket, transport))
    try:
        await _listen(request, websocket, hub, client)
    finally:
        request.app[PERSON_NEWS].forget(client)
        request.app[BOARD].leave(client)
        await hub.leave(client)
    return websocket


async def _listen(request: web.Request, websocket: web.WebSocketResponse, hub: PushHub, client: Client) -> None:
    session = require_session(request)
    clock = services(request).clock
    async for received in websocket:
        said = decode(received.data) if received.type is WSMsgType.TEXT else None
        if said is None:
            await websocket.close(code=1003, message=b"not a message that is expected here")
            return
        if clock.now() >= session.expires_at:
            await websocket.close(code=SESSION_ENDED, message=b"session expired")
            return
        if isinstance(said, Quality):
            _take_quality(services(request), client.viewer, said)
        elif isinstance(said, Watch):
            await request.app[PERSON_NEWS].watch(client, session.user, said.data.person)
        elif isinstance(said, ShowBoard):
            await _watch_board(request, client, on=said.data.on)
        elif isinstance(said, Refused):
            REPORTS.labels("refused").inc()
        else:
            await hub.send(client, PONG)


async def _watch_board(request: web.Request, client: Client, *, on: bool) -> None:
    """Show the board to who may see any of it; others are not answered."""
    scope = scope_of(require_session(request).user)
    if on and scope is not None:
        await request.app[BOARD].watch(client, scope)
    else:
        request.app[BOARD].leave(client)


def _take_quality(its: Services, viewer: Viewer, said: Quality) -> None:
    """Believe an operator only about a call in which he takes part; an outgoing one he cannot name himself."""
    extension = viewer.extension
    if extension is None:
        return
    named = its.live_call(said.data.call_key) if said.data.call_key is not None else None
    if named is None or not takes_part(named, extension):
        live = (call for cti in its.cti.values() for call in cti.calls.values())
        named = next((call for call in live if takes_part(call, extension)), None)
    its.quality.report(viewer.user_id, extension, named.key if named is not None else None, said.data.report())


async def sip(request: web.Request) -> web.StreamResponse:
    """Hand a telephone's WebSocket to the SIP proxy."""
    return await services(request).sip.handle(request)
