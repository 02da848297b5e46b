"""The TLS proxy of docker-compose.yml, run for real where Caddy is installed (issue 6: TLS by default)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from tests.integration.stand.test_doctor import certified

CADDYFILE = Path(__file__).parents[3] / "proxy/Caddyfile"
CADDY = shutil.which("caddy")
pytestmark = pytest.mark.skipif(CADDY is None, reason="caddy is not installed")


@dataclass(frozen=True)
class Front:
    """The running proxy."""

    port: int
    plain_port: int
    trust: ssl.SSLContext
    log: list[str]

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"


@asynccontextmanager
async def front(folder: Path, service_port: int) -> AsyncIterator[Front]:
    both = certified(folder, 30)
    port, plain_port = unused_port(), unused_port()
    config = folder / "Caddyfile"
    config.write_text(CADDYFILE.read_text().replace("admin off\n", f"admin off\n\thttp_port {plain_port}\n"))
    process = await asyncio.create_subprocess_exec(
        str(CADDY),
        *("run", "--config", str(config), "--adapter", "caddyfile"),
        env={
            **os.environ,
            "HOME": str(folder),
            "HOTLINE_PUBLIC_URL": f"https://localhost:{port}",
            "HOTLINE_TLS": f"{both} {both}",
            "HOTLINE_LISTEN_PORT": str(service_port),
        },
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(20):
            while "serving initial configuration" not in (line := (await process.stderr.readline()).decode()):
                assert line, lines
                lines.append(line)
        reader = asyncio.create_task(follow(process.stderr, lines))
        yield Front(port, plain_port, ssl.create_default_context(cafile=str(both)), lines)
    finally:
        process.terminate()
        await process.wait()
    await reader


async def follow(stream: asyncio.StreamReader, lines: list[str]) -> None:
    lines.extend([line.decode() async for line in stream])


async def test_https_websockets_and_what_the_service_learns(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    async def page(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.Response(text="here")

    async def events(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{request.headers['Origin']} {message.data}")
        return socket

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/sip", events)
    async with TestServer(app) as service, front(tmp_path, service.port or 0) as its, aiohttp.ClientSession() as http:
        async with http.get(its.url, ssl=its.trust, headers={"X-Forwarded-For": "6.6.6.6"}) as answer:
            assert await answer.text() == "here"
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
            assert not answer.headers.get("Server", "").startswith("Caddy")
        assert seen[0]["Host"] == f"localhost:{its.port}"
        assert "6.6.6.6" not in seen[0]["X-Forwarded-For"]  # what a browser says of itself is not believed
        async with http.ws_connect(its.url + "/sip", ssl=its.trust, protocols=("sip",), origin=its.url) as socket:
            await socket.send_str("REGISTER")
            assert await socket.receive_str(timeout=10) == f"{its.url} REGISTER"
            assert socket.protocol == "sip"
        async with http.get(f"http://localhost:{its.plain_port}/x", allow_redirects=False) as answer:
            assert answer.status == 308
            assert answer.headers["Location"].startswith("https://localhost")


async def test_a_service_that_restarts_is_waited_for_and_errors_name_nobody(tmp_path: Path) -> None:
    port = unused_port()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="back")

    async with front(tmp_path, port) as its, aiohttp.ClientSession() as http:
        asked = asyncio.create_task(_text(http, f"{its.url}/?q=Ivanova", its.trust))
        await asyncio.sleep(0)
        app = web.Application()
        app.router.add_get("/", page)
        async with TestServer(app, port=port):
            assert await asked == (200, "back")
        status, _ = await _text(http, f"{its.url}/?q=Ivanova", its.trust)
        assert status == 502
    errors = [json.loads(line) for line in its.log if '"error"' in line and "request" in line]
    assert errors
    assert "Ivanova" not in "".join(its.log)


async def _text(http: aiohttp.ClientSession, url: str, trust: ssl.SSLContext) -> tuple[int, str]:
    async with http.get(url, ssl=trust) as answer:
        return answer.status, await answer.text()
