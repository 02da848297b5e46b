"""Addresses of the supervisor's board."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import alarms, board, goals


def add_board(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/board", board.show)
    add.add_get("/api/board", board.data)
    add.add_get("/wallboard", board.wallboard)
    add.add_get("/api/wallboard", board.wall_data)
    add.add_get("/board/alarms", alarms.history)
    add.add_get("/api/alarms", alarms.now)
    add.add_post(r"/api/alarms/{id:\d+}/seen", alarms.seen)
    add.add_get("/admin/goals", goals.listing)
    add.add_get(r"/admin/goals/{queue:[^/]{1,80}}", goals.show)
    add.add_post(r"/admin/goals/{queue:[^/]{1,80}}", goals.save)
    add.add_get("/admin/alarms", alarms.rules)
    add.add_post("/admin/alarms", alarms.create)
    add.add_post(r"/admin/alarms/{id:\d+}", alarms.save)
