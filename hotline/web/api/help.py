"""An operator calls for help; the first supervisor who comes is shown."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hotline.board.model import scope_of
from hotline.errors import NotFound
from hotline.web.context import current_user, services
from hotline.web.forms import json_body, path_id
from hotline.web.supervision_data import help_data


class HelpBody(msgspec.Struct):
    """In which call; the server knows it when the page does not."""

    call_key: str | None = None


async def show(request: web.Request) -> web.Response:
    """Return one's own open request, and for supervisors those in their sight."""
    its, user = services(request), current_user(request)
    scope = scope_of(user)
    own = await its.supervision.help.of(user)
    others = await its.supervision.help.open(scope) if scope is not None else ()
    return web.json_response(
        {
            "own": help_data(own, user) if own is not None else None,
            "open": [help_data(one, user) for one in others if one.user_id != user.id],
        }
    )


async def ask(request: web.Request) -> web.Response:
    """Call for help."""
    its, user = services(request), current_user(request)
    await json_body(request, HelpBody)
    state = its.desk.operator(user.id)
    found = await its.supervision.help.ask(user, state.call_key if state is not None else None)
    return web.json_response(help_data(found, user))


async def take(request: web.Request) -> web.Response:
    """Come to help."""
    its, user = services(request), current_user(request)
    scope = scope_of(user)
    if scope is None:
        raise NotFound("there is no such request", error_id="no-such-help")
    return web.json_response(help_data(await its.supervision.help.take(user, path_id(request), scope), user))


async def close(request: web.Request) -> web.Response:
    """The help is not needed any more, or was given."""
    its, user = services(request), current_user(request)
    await its.supervision.help.close(user, path_id(request), scope_of(user))
    return web.json_response({})
