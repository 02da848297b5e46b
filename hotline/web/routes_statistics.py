"""Addresses of statistics."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import reports, statistics


def add_statistics(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/statistics", statistics.show)
    add.add_get("/statistics/calls", statistics.calls)
    add.add_get("/statistics/check", statistics.check)
    add.add_get("/statistics/reports", reports.listing)
    add.add_post("/statistics/reports", reports.ask)
    add.add_get("/statistics/reports/{id:[0-9]{1,18}}", reports.show)
