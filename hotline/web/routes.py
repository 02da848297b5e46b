"""Every address of the application, in one table (docs/internals.md, "HTTP"; docs/api.md)."""

from __future__ import annotations

from aiohttp import web

from hotline.web import ops
from hotline.web.admin_routes import add_admin_routes
from hotline.web.api import calls as calls_api
from hotline.web.api import dispositions as dispositions_api
from hotline.web.api import drafts, operator, quality
from hotline.web.api import recording as recording_api
from hotline.web.routes_attendance import add_attendance
from hotline.web.routes_board import add_board
from hotline.web.routes_callbacks import add_callbacks
from hotline.web.routes_card import add_card
from hotline.web.routes_lines import add_lines
from hotline.web.routes_login import add_login
from hotline.web.routes_people import add_people
from hotline.web.routes_quality import add_quality
from hotline.web.routes_statistics import add_statistics
from hotline.web.routes_supervision import add_supervision
from hotline.web.routes_terms import add_terms
from hotline.web.routes_v1 import add_v1
from hotline.web.views import (
    appeal,
    calls,
    card,
    directory,
    dispositions,
    events,
    export,
    gaps,
    journal,
    moves,
    recording,
    search,
)

_KEY = r"{key:[A-Za-z0-9][A-Za-z0-9.-]{0,63}}"
"""The key of a call: an Asterisk Uniqueid with systemname. Nothing in it can leave a folder."""


def add_routes(app: web.Application) -> None:
    """Add all routes but the static files."""
    add = app.router
    add_login(add)

    add.add_get("/", journal.index)
    _add_lists(add)
    add.add_get("/calls", calls.listing)
    add.add_get(f"/calls/{_KEY}/card", card.of_call)
    add.add_get("/dispositions", dispositions.panel)
    add.add_get("/appeals/new", card.new)
    add.add_post("/appeals", card.save)
    _add_appeals(add)
    add_people(add)
    add.add_get("/topics", card.topics)
    _add_directory(add)

    add.add_put(r"/api/drafts/{id:\d+}", drafts.save)
    add.add_get("/api/softphone", operator.softphone)
    add.add_post("/api/operator/start", operator.start)
    add.add_post("/api/operator/stop", operator.stop)
    add.add_post("/api/operator/ready", operator.ready)
    add.add_post("/api/operator/pause", operator.pause)
    add.add_post("/api/operator/more-time", operator.more_time)
    add.add_post("/api/dial", dispositions_api.dial)
    add.add_post(f"/api/calls/{_KEY}/disposition", dispositions_api.classify)
    for verb, command in calls_api.COMMANDS.items():
        add.add_post(f"/api/calls/{_KEY}/{verb}", command)
    add.add_post("/api/pickup", calls_api.pick_up)

    add.add_get(f"/api/calls/{_KEY}/quality", quality.of_call)

    _add_recordings(add)
    add_admin_routes(add)
    add_lines(add)

    add_board(add)
    add_callbacks(add)
    add_quality(add)
    add_statistics(add)
    add_attendance(add)
    add_supervision(add)
    add_terms(add)
    add_card(add)
    add_v1(add)

    add.add_get("/health", ops.health)
    add.add_get("/status", ops.status)
    add.add_get("/metrics", ops.metrics)
    add.add_get("/events", events.connect)
    add.add_get("/sip", events.sip)


def _add_appeals(add: web.UrlDispatcher) -> None:
    """Saved appeals: their pages, and every move of the profile."""
    add.add_get(r"/appeals/{id:\d+}", appeal.show)
    add.add_post(r"/appeals/{id:\d+}", appeal.update)
    add.add_get(r"/appeals/{id:\d+}/edit", appeal.edit)
    add.add_post(r"/appeals/{id:\d+}/unmask", appeal.unmask)
    add.add_post(r"/appeals/{id:\d+}/restrict", appeal.restrict)
    add.add_post(r"/appeals/{id:\d+}/forward", appeal.forward)
    add.add_post(r"/appeals/{id:\d+}/accept", appeal.accept)
    add.add_post(r"/appeals/{id:\d+}/decline", appeal.decline)
    add.add_post(r"/appeals/{id:\d+}/recall", appeal.recall)
    add.add_get(r"/appeals/{id:\d+}/moves/{trigger:[a-z][a-z0-9_]{0,39}}", moves.show)
    add.add_post(r"/appeals/{id:\d+}/moves/{trigger:[a-z][a-z0-9_]{0,39}}", moves.make)


def _add_recordings(add: web.UrlDispatcher) -> None:
    """Recordings of calls: what there is, what is missing, what is being recorded now."""
    add.add_get(f"/recordings/{_KEY}", recording.sound)
    add.add_get(f"/recordings/{_KEY}/player", recording.player)
    add.add_post(f"/recordings/{_KEY}/player", recording.give_reason)
    add.add_get("/calls/gaps", gaps.listing)
    add.add_post(f"/api/calls/{_KEY}/recording/pause", recording_api.pause)
    add.add_post(f"/api/calls/{_KEY}/recording/resume", recording_api.resume)
    add.add_post(f"/api/calls/{_KEY}/recording/start", recording_api.start)
    add.add_post(f"/api/calls/{_KEY}/recording/stop", recording_api.stop)
    add.add_post(f"/api/recordings/{_KEY}/hold", recording_api.hold)


def _add_lists(add: web.UrlDispatcher) -> None:
    """Lists of appeals and the search."""
    add.add_get("/journal", journal.listing)
    add.add_post("/journal", journal.listing)
    add.add_post("/journal/export", export.journal)
    add.add_post("/search", search.find)
    add.add_post("/journal/columns", journal.columns)
    add.add_post("/journal/views", journal.keep)
    add.add_post(r"/journal/views/{id:\d+}/delete", journal.forget)


def _add_directory(add: web.UrlDispatcher) -> None:
    """The telephone directory and its editing."""
    add.add_get("/directory", directory.listing)
    add.add_post("/directory", directory.listing)
    add.add_post("/directory/favourites", directory.favourite)
    add.add_get("/directory/export", directory.export)
    add.add_post("/directory/import", directory.preview)
    add.add_post("/directory/import/apply", directory.apply)
    add.add_get("/directory/contacts/new", directory.new)
    add.add_post("/directory/contacts", directory.save)
    add.add_get(r"/directory/contacts/{id:\d+}", directory.edit)
    add.add_post(r"/directory/contacts/{id:\d+}", directory.save)
