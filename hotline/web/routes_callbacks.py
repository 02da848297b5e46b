"""Addresses of the ledger of citizens not served."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import callbacks


def add_callbacks(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/callbacks", callbacks.listing)
    add.add_get("/callbacks/next", callbacks.offer)
    add.add_get("/api/callbacks/count", callbacks.count)
    add.add_post("/callbacks/export", callbacks.export)
    add.add_get(r"/callbacks/{id:\d+}", callbacks.show)
    add.add_post(r"/callbacks/{id:\d+}/take", callbacks.act)
    add.add_post(r"/callbacks/{id:\d+}/release", callbacks.act)
    add.add_post(r"/callbacks/{id:\d+}/attempt", callbacks.act)
    add.add_post(r"/callbacks/{id:\d+}/close", callbacks.act)
    add.add_post(r"/callbacks/{id:\d+}/reopen", callbacks.act)
