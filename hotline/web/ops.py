"""What operations asks: is it alive, what is connected, what are the numbers."""

from __future__ import annotations

import asyncio
import time

import msgspec
from aiohttp import web

from hotline import __version__
from hotline.cti.model import LinkState
from hotline.errors import HotlineError
from hotline.web.context import HUB, METRICS, services
from hotline.web.metrics import CONTENT_TYPE

PING_S = 2.0


async def health(request: web.Request) -> web.Response:
    """Liveness: the loop answers. Says nothing about the links on purpose: a restart would not mend them."""
    return web.json_response({"alive": True})


async def metrics(request: web.Request) -> web.Response:
    """Prometheus' text format."""
    return web.Response(body=request.app[METRICS].text(), headers={"Content-Type": CONTENT_TYPE})


async def status(request: web.Request) -> web.Response:
    """Links to Asterisk, the database, the bus and the browsers; 503 when something is wrong."""
    its = services(request)
    database = await _database(request)
    links = {name: one.status() for name, one in its.cti.items()}
    up = all(one.link.state is LinkState.UP for one in its.cti.values())
    bus = [
        {"name": one.name, "waiting": len(one.waiting), "errors": one.errors, "dropped": one.dropped}
        for one in its.bus.subscriptions
    ]
    storage = await its.archive.storage()
    recordings = {
        name: {"ok": one.ok, "problem": one.problem, "free_mb": one.free_bytes // 1024**2}
        for name, one in storage.items()
    }
    body = {
        "ok": bool(database["ok"]) and up and all(one.writable for one in storage.values()),
        "version": __version__,
        "database": database,
        "recordings": recordings,
        "links": links,
        "bus": bus,
        "browsers": {"connected": len(request.app[HUB]), "overflows": request.app[HUB].counters.overflows},
        "telephones": len(its.sip.connected),
    }
    code = 200 if body["ok"] else 503
    return web.Response(body=msgspec.json.encode(body), status=code, content_type="application/json")


async def _database(request: web.Request) -> dict[str, object]:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(PING_S):
            await services(request).database.ping()
    except (HotlineError, TimeoutError) as error:
        return {"ok": False, "reason": str(error) or "no answer"}
    return {"ok": True, "ms": round((time.perf_counter() - started) * 1000, 1)}
