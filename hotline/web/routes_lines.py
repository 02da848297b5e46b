"""The addresses of the administration of lines and queues (docs/lines.md)."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import admin_lines, admin_skills

_LINES = r"/admin/lines/{kind:[a-z]{1,20}}"
_RULE = _LINES + r"/{code:[a-z0-9-]{1,30}}"


def add_lines(add: web.UrlDispatcher) -> None:
    """Add them; what they need stands in ``web/access.py``."""
    add.add_get("/admin/lines", admin_lines.listing)
    add.add_post("/admin/lines/explain", admin_lines.explain)
    add.add_post("/admin/skills", admin_skills.save_all)
    add.add_get(f"{_LINES}/new", admin_lines.new)
    add.add_post(_LINES, admin_lines.create)
    add.add_get(_RULE, admin_lines.show)
    add.add_post(_RULE, admin_lines.save)
    add.add_post(f"{_RULE}/close", admin_lines.close)
    add.add_post(f"{_RULE}/undo", admin_lines.undo)
