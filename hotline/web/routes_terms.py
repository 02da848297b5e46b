"""Addresses around deadlines: notices, the calendar, extensions, the administrator's review."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import bulk, calendar, extensions, notices


def add_terms(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/notifications", notices.listing)
    add.add_get("/api/notifications", notices.count)
    add.add_post(r"/notifications/{id:\d+}/open", notices.open_one)
    add.add_post("/notifications/read-all", notices.read_all)
    add.add_post("/journal/bulk", bulk.preview)
    add.add_post("/api/appeals/bulk", bulk.run)
    add.add_get("/review/returns", bulk.returns)
    add.add_get(r"/appeals/{id:\d+}/extensions", extensions.listing)
    add.add_post(r"/appeals/{id:\d+}/extensions/told", extensions.told)

    add.add_get("/admin/calendar", calendar.show)
    add.add_get("/admin/calendar/export", calendar.export)
    add.add_post("/admin/calendar/day", calendar.toggle)
    add.add_post("/admin/calendar/source", calendar.source)
    add.add_post("/admin/calendar/undo", calendar.undo)
    add.add_post("/admin/calendar/preview", calendar.preview)
    add.add_post("/admin/calendar/import", calendar.import_year)
    add.add_get("/admin/calendar/recompute", calendar.recompute_preview)
    add.add_post("/admin/calendar/recompute", calendar.recompute)
