"""Another system that is told of events: a real HTTP server on loopback that answers as a test wishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class Received:
    """A request that arrived."""

    message_id: str
    timestamp: str
    signature: str
    body: bytes
    path: str


@dataclass
class Receiver:
    """What it answers next: a status, or a redirection to an address; 204 when nothing is said."""

    url: str = ""
    answers: list[int | str] = field(default_factory=list)
    arrived: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self) -> Received:
        """Return the next request, within ten seconds."""
        async with asyncio.timeout(10):
            return await self.arrived.get()

    async def answer(self, request: web.Request) -> web.Response:
        """Take a request."""
        headers = request.headers
        self.arrived.put_nowait(
            Received(
                headers["webhook-id"],
                headers["webhook-timestamp"],
                headers["webhook-signature"],
                await request.read(),
                request.path,
            )
        )
        await self.hold.wait()
        said = self.answers.pop(0) if self.answers else 204
        if isinstance(said, str):
            return web.Response(status=302, headers={"Location": said})
        return web.Response(status=said)


@asynccontextmanager
async def receiver(*answers: int | str) -> AsyncIterator[Receiver]:
    """Serve a receiver."""
    one = Receiver(answers=list(answers))
    one.hold.set()
    app = web.Application()
    app.router.add_post("/{path:.*}", one.answer)
    async with TestServer(app) as server:
        one.url = str(server.make_url("/hook"))
        yield one
        one.hold.set()
