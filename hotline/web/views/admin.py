"""The start page of administration: a card for each area of ``web/admin_areas.py`` that the reader may enter."""

from __future__ import annotations

from aiohttp import web

from hotline.errors import Forbidden
from hotline.web.admin_areas import areas_of
from hotline.web.context import current_user
from hotline.web.render import page


async def index(request: web.Request) -> web.StreamResponse:
    """Show the areas.

    :raises Forbidden: there is none for this user.
    """
    areas = areas_of(current_user(request))
    if not areas:
        raise Forbidden("this role may not do that", error_id="no-right")
    return await page(request, "pages/admin.html", {"areas": areas}, section="admin")
