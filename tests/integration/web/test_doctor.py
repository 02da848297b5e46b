"""``hotline doctor`` asks the public address of a real service (issue 6)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hotline.stand import checks_outside
from hotline.stand.finding import Wrong
from tests.integration.web.conftest import Site


async def test_websockets_through_the_proxy(site: Site) -> None:
    """Straight to the service all is well; a proxy that drops Upgrade, and another address, are told."""
    assert "come through" in await checks_outside.websocket(site.url)
    async with proxy(site.url, drops=("upgrade", "connection")) as url:
        with pytest.raises(Wrong, match="drops Upgrade"):
            await checks_outside.websocket(url)
    async with proxy(site.url) as url:  # another address than the settings of the service say
        with pytest.raises(Wrong, match="for its own address"):
            await checks_outside.websocket(url)
    async with stranger() as url:
        with pytest.raises(Wrong, match="something else answers there: HTTP status 404"):
            await checks_outside.websocket(url)


@asynccontextmanager
async def stranger() -> AsyncIterator[str]:
    async with TestServer(web.Application()) as server:
        yield str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def proxy(to: str, drops: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """A reverse proxy for plain answers."""

    async def pass_on(request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in {*drops, "host"}}
        async with http.get(to + request.path, headers=headers) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() == "x-request-id"}
            return web.Response(status=answer.status, headers=kept)

    app = web.Application()
    app.router.add_get("/{tail:.*}", pass_on)
    async with aiohttp.ClientSession() as http, TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")
