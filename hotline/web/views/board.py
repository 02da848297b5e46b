"""The supervisor's board (DAY-34 to DAY-36, M-04): the page, and the same picture for programs."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hotline.board.model import Scope, scope_of, wall_scope_of
from hotline.staff.model import Role
from hotline.web.board_actions import actions_of
from hotline.web.board_messages import picture, wall
from hotline.web.context import current_user, services
from hotline.web.push_messages import at
from hotline.web.render import html, page, render_text
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


async def wallboard(request: web.Request) -> web.Response:
    """Show the figures for a big screen; the page asks for new ones by itself."""
    return html(render_text(request, "pages/wallboard.html", {}))


async def wall_data(request: web.Request) -> web.Response:
    """Answer the figures of the wallboard: no person in them."""
    its = services(request)
    found = wall(its.board.live, wall_scope_of(current_user(request)) or NOBODY)
    found["server_time"] = at(its.clock.now())
    found["links"] = [one.link.state for one in its.cti.values()]
    return web.Response(body=msgspec.json.encode(found), content_type="application/json")
