"""The addresses of the administration of people, organisations, roles and the audit trail."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import (
    admin,
    admin_audit,
    admin_lists,
    admin_organisations,
    admin_people,
    admin_profile,
    admin_queue,
    admin_rights,
    admin_roles,
    admin_scripts,
    password_links,
    second_factor,
)

_PERSON = r"/admin/people/{id:\d+}"
_LIST = r"/admin/lists/{list:[a-z_]{1,40}}"
_SCRIPT = r"/admin/scripts/{code:[^/]{1,20}}"
_ROLE = r"/admin/roles/{code:[a-z0-9_]{1,40}}"


def add_admin_routes(add: web.UrlDispatcher) -> None:
    """Add them; what they need stands in ``web/access.py``."""
    add.add_get("/admin", admin.index)
    add.add_get("/admin/people", admin_people.listing)
    add.add_post("/admin/people", admin_people.create)
    add.add_get("/admin/people/new", admin_people.new)
    add.add_get(_PERSON, admin_people.show)
    add.add_post(_PERSON, admin_people.save)
    add.add_post(f"{_PERSON}/on", admin_people.switch_on)
    add.add_post(f"{_PERSON}/off", admin_people.switch_off)
    add.add_post(f"{_PERSON}/password", admin_people.reset_password)
    add.add_get(f"{_PERSON}/rights", admin_rights.show)
    add.add_post(f"{_PERSON}/rights", admin_rights.save)
    add.add_post(f"{_PERSON}/link", password_links.make)
    add.add_post(f"{_PERSON}/link/cancel", password_links.cancel)
    add.add_post(f"{_PERSON}/factor/reset", second_factor.reset)
    add.add_post(f"{_PERSON}/unlock", admin_people.unlock)
    add.add_post(_PERSON + r"/sessions/{session:\d+}/end", admin_people.end_session)
    add.add_get("/admin/roles", admin_roles.listing)
    add.add_get(_ROLE, admin_roles.show)
    add.add_post(_ROLE, admin_roles.save)
    add.add_post(f"{_ROLE}/preview", admin_roles.preview)
    add.add_get("/admin/organisations", admin_organisations.listing)
    add.add_post("/admin/organisations", admin_organisations.create)
    add.add_get("/admin/organisations/new", admin_organisations.new)
    add.add_get(r"/admin/organisations/{id:\d+}", admin_organisations.show)
    add.add_post(r"/admin/organisations/{id:\d+}", admin_organisations.save)
    add.add_get("/admin/queue", admin_queue.listing)
    add.add_post("/admin/queue", admin_queue.save_all)
    add.add_post(r"/admin/queue/{id:\d+}", admin_queue.save)
    add.add_get("/admin/audit", admin_audit.listing)
    add.add_get("/admin/profile", admin_profile.show)
    add.add_post("/admin/profile", admin_profile.load)
    add.add_get("/admin/profile/export", admin_profile.export)
    add.add_post("/admin/profile/preview", admin_profile.preview)
    add.add_get("/admin/scripts", admin_scripts.listing)
    add.add_post("/admin/scripts", admin_scripts.create)
    add.add_get("/admin/scripts/new", admin_scripts.new)
    add.add_get(_SCRIPT, admin_scripts.show)
    add.add_post(_SCRIPT, admin_scripts.propose)
    add.add_post(f"{_SCRIPT}/decide", admin_scripts.decide)
    add.add_post(f"{_SCRIPT}/close", admin_scripts.close)
    add.add_get("/admin/lists", admin_lists.index)
    add.add_get(_LIST, admin_lists.listing)
    add.add_post(_LIST, admin_lists.create)
    add.add_get(f"{_LIST}/new", admin_lists.new)
    add.add_get(_LIST + r"/{code:[^/]{1,20}}", admin_lists.show)
    add.add_post(_LIST + r"/{code:[^/]{1,20}}", admin_lists.save)
