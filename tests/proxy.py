"""A reverse proxy in front of the service, as a process of its own: a test can kill it and start it again.

It does what nginx does for the product (docs/operations.md): HTTP and WebSockets end here and begin anew towards the
service, with ``X-Forwarded-For``. ``python -m tests.proxy PORT TARGET [HOST]`` runs it.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from hotline.stand.postgres import die_with_parent
from tests.house import free_port

READY_S = 20
OWN = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"})
"""Header fields that concern one connection only (RFC 9110 section 7.6.1), and the length, which is counted anew."""
HANDSHAKE = "sec-websocket-"


@dataclass
class Proxy:
    """A reverse proxy. Set ``target``, the service's port, before the start; ``host`` is where the service lives."""

    target: int = 0
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where browsers go."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id; ``None``: it does not run."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the process; return once it listens."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", __name__, str(self.port), str(self.target), self.host),
            cwd=Path(__file__).parents[1],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_S):
            assert await self._process.stdout.readline() == b"ready\n", "the proxy did not start"

    async def kill(self) -> None:
        """Kill the process with all its connections; return once nobody listens."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):  # Ctrl+C has reached it, too
                process.kill()
            await process.wait()


@asynccontextmanager
async def proxy() -> AsyncIterator[Proxy]:
    """Give a proxy that is killed at the end; it is not started yet."""
    made = Proxy()
    try:
        yield made
    finally:
        await made.kill()


class Front:
    """The proxy's own work, in its process."""

    def __init__(self, http: aiohttp.ClientSession, target: int, host: str) -> None:
        self._http = http
        self._target = f"http://{host}:{target}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Pass one request on."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in OWN}
        headers["X-Forwarded-For"] = request.remote or ""
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._web_socket(request, headers)
            return await self._request(request, headers)
        except aiohttp.ClientConnectionError:
            return web.Response(status=502)

    async def _request(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        async with self._http.request(
            request.method,
            f"{self._target}{request.raw_path}",
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            passed = web.StreamResponse(status=answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in OWN:
                    passed.headers.add(name, value)
            await passed.prepare(request)
            async for chunk in answer.content.iter_chunked(65536):
                await passed.write(chunk)
            await passed.write_eof()
            return passed

    async def _web_socket(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        wanted = [one.strip() for one in offered if one.strip()]
        headers = {name: value for name, value in headers.items() if not name.lower().startswith(HANDSHAKE)}
        try:
            far = await self._http.ws_connect(f"{self._target}{request.raw_path}", headers=headers, protocols=wanted)
        except aiohttp.WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status)
        near = web.WebSocketResponse(protocols=[far.protocol] if far.protocol else [])
        await near.prepare(request)
        ways = [asyncio.create_task(_pump(near, far)), asyncio.create_task(_pump(far, near))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await near.close(code=far.close_code or aiohttp.WSCloseCode.OK)
            await far.close(code=near.close_code or aiohttp.WSCloseCode.OK)
        return near


Ws = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pump(source: Ws, sink: Ws) -> None:
    with suppress(ConnectionError):
        async for message in source:
            if message.type is aiohttp.WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await sink.send_bytes(message.data)


async def _run(port: int, target: int, host: str) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", Front(http, target, host).serve)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1"))
