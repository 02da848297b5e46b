"""Everybody chooses his own password; who was given a temporary one must, before anything else opens."""

from __future__ import annotations

from aiohttp import web

from hotline.errors import BadInput, NotAuthenticated
from hotline.web.context import SESSION_COOKIE, current_user, services, wants_json
from hotline.web.failures import details_of, text_of
from hotline.web.forms import form_fields
from hotline.web.render import html, render_text


async def show(request: web.Request) -> web.Response:
    """Show the form."""
    return html(render_text(request, "pages/password.html", {"problem": ""}))


async def change(request: web.Request) -> web.Response:
    """Set the password and end every other session of the user."""
    sent = await form_fields(request)
    old, new = sent.get("old", ""), sent.get("password", "")
    try:
        _compare(old, new, sent.get("again", ""))
        token = request.cookies.get(SESSION_COOKIE, "")
        await services(request).staff.change_password(current_user(request).id, old, new, keep_token=token)
    except (BadInput, NotAuthenticated) as error:
        if wants_json(request):
            raise
        text = text_of(error) if error.error_id != "bad-input" else str(details_of(error).get("password", ""))
        return html(render_text(request, "pages/password.html", {"problem": text}), status=400)
    if wants_json(request):
        return web.json_response({})
    return web.Response(status=303, headers={"Location": "/"})


def require_same(new: str, again: str) -> None:
    """Refuse a password that was not typed twice alike.

    :raises BadInput: ``passwords-differ``.
    """
    if new != again:
        raise BadInput("the two do not match", error_id="passwords-differ", details={"again": "differs"})


def _compare(old: str, new: str, again: str) -> None:
    require_same(new, again)
    if new == old:
        raise BadInput("the same as before", error_id="same-password", details={"password": "differs"})
