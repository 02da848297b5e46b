"""Addresses of ``/api/v1``, the interface for other systems, and of its administration."""

from __future__ import annotations

from aiohttp import web

from hotline.web.v1 import document
from hotline.web.v1.table import OPERATIONS
from hotline.web.views import admin_tokens, admin_webhooks

_WEBHOOK = r"/admin/webhooks/{id:\d+}"


def add_v1(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get(document.ADDRESS, document.show)
    for one in OPERATIONS:
        add.add_route(one.method, one.path, one.__call__)
    add.add_get("/admin/tokens", admin_tokens.listing)
    add.add_post("/admin/tokens", admin_tokens.create)
    add.add_get("/admin/tokens/new", admin_tokens.new)
    add.add_post("/admin/tokens/accounts", admin_tokens.create_account)
    add.add_post(r"/admin/tokens/{id:\d+}/revoke", admin_tokens.revoke)
    add.add_get("/admin/webhooks", admin_webhooks.listing)
    add.add_post("/admin/webhooks", admin_webhooks.create)
    add.add_get(_WEBHOOK, admin_webhooks.show)
    add.add_post(_WEBHOOK, admin_webhooks.save)
    add.add_post(f"{_WEBHOOK}/switch", admin_webhooks.switch)
    add.add_post(f"{_WEBHOOK}/rotate", admin_webhooks.rotate)
    add.add_post(f"{_WEBHOOK}/ping", admin_webhooks.ping)
    add.add_post(_WEBHOOK + r"/deliveries/{delivery:\d+}/replay", admin_webhooks.replay)
