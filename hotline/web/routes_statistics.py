"""Addresses of statistics."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import statistics


def add_statistics(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/statistics", statistics.show)
    add.add_get("/statistics/calls", statistics.calls)
    add.add_get("/statistics/check", statistics.check)
