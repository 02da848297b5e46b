"""Addresses of the supervisor's board."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import board


def add_board(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/board", board.show)
    add.add_get("/api/board", board.data)
