"""Addresses of the supervision of operators."""

from __future__ import annotations

from aiohttp import web

from hotline.web.api import help as help_api
from hotline.web.api import supervision


def add_supervision(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/api/supervision", supervision.show)
    add.add_post("/api/supervision", supervision.begin)
    add.add_post(r"/api/supervision/{id:\d+}/mode", supervision.change)
    add.add_post(r"/api/supervision/{id:\d+}/end", supervision.end)
    add.add_post(r"/api/operators/{id:\d+}/force", supervision.force)
    add.add_post(r"/api/operators/{id:\d+}/message", supervision.send)
    add.add_get("/api/messages", supervision.messages)
    add.add_post(r"/api/messages/{id:\d+}/seen", supervision.seen)
    add.add_get("/api/help", help_api.show)
    add.add_post("/api/help", help_api.ask)
    add.add_post(r"/api/help/{id:\d+}/take", help_api.take)
    add.add_post(r"/api/help/{id:\d+}/close", help_api.close)
