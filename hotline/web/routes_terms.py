"""Addresses around deadlines: notices, the calendar, extensions, the administrator's review."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import bulk, notices


def add_terms(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/notifications", notices.listing)
    add.add_get("/api/notifications", notices.count)
    add.add_post(r"/notifications/{id:\d+}/open", notices.open_one)
    add.add_post("/notifications/read-all", notices.read_all)
    add.add_post("/journal/bulk", bulk.preview)
    add.add_post("/api/appeals/bulk", bulk.run)
    add.add_get("/review/returns", bulk.returns)
