"""Addresses around a registration card: files, lock, links, favourites, alarms, organisations, unfinished cards."""

from __future__ import annotations

from aiohttp import web

from hotline.web.api import card as card_api
from hotline.web.api import drafts
from hotline.web.views import attachments, calls, card_parts, paper


def add_card(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/attachments", attachments.listing)
    add.add_get(r"/attachments/{id:\d+}", attachments.download)
    add.add_get(r"/attachments/{id:\d+}/view", attachments.look)
    add.add_post("/api/attachments", attachments.add)
    add.add_post(r"/api/attachments/{id:\d+}", attachments.describe)
    add.add_post(r"/api/attachments/{id:\d+}/remove", attachments.remove)
    add.add_post(r"/api/attachments/{id:\d+}/restore", attachments.restore)

    add.add_get(r"/appeals/{id:\d+}/extras", card_parts.extras)
    add.add_post(r"/api/appeals/{id:\d+}/lock", card_api.lock)
    add.add_post(r"/api/appeals/{id:\d+}/unlock", card_api.unlock)
    add.add_post(r"/api/appeals/{id:\d+}/append-call", card_api.append_call)
    add.add_post(r"/api/appeals/{id:\d+}/links", card_api.add_link)
    add.add_post(r"/api/links/{id:\d+}/remove", card_api.remove_link)

    add.add_get("/drafts", card_parts.drafts)
    add.add_get("/appeals/paper", paper.blank)
    add.add_get("/api/calls/recent", calls.recent)
    add.add_post("/api/drafts", drafts.create)
    add.add_post(r"/api/drafts/{id:\d+}/give", card_api.give_draft)
    add.add_post(r"/api/drafts/{id:\d+}/discard", card_api.discard_draft)

    add.add_get("/scripts", card_parts.scripts)
    add.add_get("/organisations", card_parts.organisations)
    add.add_post("/api/organisations", card_api.add_organisation)
    add.add_put("/api/favourites", card_api.favourites)
    add.add_post("/api/emergencies", card_api.emergency)
    add.add_post(r"/api/emergencies/{id:\d+}/seen", card_api.emergency_seen)
