"""The supervisor's board (DAY-34 to DAY-36, M-04): the page, and the same picture for programs."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hotline.board.model import Scope, scope_of
from hotline.staff.model import Role
from hotline.web.board_actions import actions_of
from hotline.web.board_messages import picture
from hotline.web.context import current_user, services
from hotline.web.render import page
from hotline.web.titles import role_title

NOBODY = Scope(0)
"""Covers no organisation: identities begin at 1."""


async def show(request: web.Request) -> web.StreamResponse:
    """Show the board; its rows come over ``WS /events``."""
    user = current_user(request)
    context = {
        "actions": actions_of(user),
        "roles": {str(role): role_title((role,)) for role in Role},
        "reach": scope_of(user) is not None,
    }
    return await page(request, "pages/board.html", context, section="board")


async def data(request: web.Request) -> web.Response:
    """Answer the whole board as JSON: what the reader may see of it."""
    scope = scope_of(current_user(request)) or NOBODY
    found = picture(services(request).board.live, scope)
    return web.Response(body=msgspec.json.encode(found), content_type="application/json")
