"""One-time links to choose a password: making one (right ``user.manage``), and the page behind it, for anybody."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.errors import BadInput, HotlineError, NotFound, TooManyAttempts
from hotline.web.context import client_address, current_user, services, wants_json
from hotline.web.failures import details_of, text_of
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.render import html, page, render_text
from hotline.web.sign_off import sign_off
from hotline.web.views.admin_forms import REFUSALS, saved, version_of
from hotline.web.views.admin_people import refused_action
from hotline.web.views.password import require_same

ADDRESS = "/password/link"
_TOKEN = 64


async def make(request: web.Request) -> web.StreamResponse:
    """Make a link for somebody and show it, once."""
    its, by, user_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    try:
        made = await its.staff.links.make(by, user_id, version_of(sent))
    except REFUSALS as error:
        return await refused_action(request, error)
    # The token stands in the query: our log and a proxy's that keeps to docs/security.md leave it out.
    url = f"{its.settings.public_url.rstrip('/')}{ADDRESS}?t={made.token}"
    if wants_json(request):
        return web.json_response({"url": url, "expires_at": made.expires_at.isoformat()})
    account = await its.staff.people.get(by, user_id)
    context = {"person": account.user, "url": url, "expires_at": made.expires_at}
    response = await page(request, "pages/admin_password_link.html", context, section="admin")
    response.headers["HX-Push-Url"] = f"/admin/people/{user_id}"
    return response


async def cancel(request: web.Request) -> web.StreamResponse:
    """Take the link of somebody back."""
    user_id = path_id(request)
    await services(request).staff.links.cancel(current_user(request), user_id)
    return saved(request, f"/admin/people/{user_id}", id=user_id)


async def show(request: web.Request) -> web.Response:
    """Show the form behind a link. Nothing is used up by looking."""
    token = query_text(request, "t", limit=_TOKEN)
    try:
        owner = await services(request).staff.links.owner(token, ip=client_address(request))
    except (NotFound, TooManyAttempts) as error:
        return _answer(request, {"owner": None, "token": ""}, error)
    return _answer(request, {"owner": owner, "token": token}, None)


async def choose(request: web.Request) -> web.Response:
    """Set the password that was typed; every session of its owner ends and he logs in with it."""
    its = services(request)
    sent = await form_fields(request)
    token, password, ip = sent.get("t", "")[:_TOKEN], sent.get("password", ""), client_address(request)
    owner = None
    try:
        owner = await its.staff.links.owner(token, ip=ip)
        require_same(password, sent.get("again", ""))
        owner, ended = await its.staff.links.use(token, password, ip=ip)
    except (BadInput, NotFound, TooManyAttempts) as error:
        if wants_json(request):
            raise
        return _answer(request, {"owner": None if isinstance(error, NotFound) else owner, "token": token}, error)
    user = await its.staff.user(owner.user_id)
    await sign_off(request, (owner.user_id, user.extension if user else None), ended, work=False)
    if wants_json(request):
        return web.json_response({"login": owner.login})
    return web.Response(status=303, headers={"Location": "/login?password=chosen"})


def _answer(request: web.Request, context: dict[str, Any], error: HotlineError | None) -> web.Response:
    problem = ""
    if error is not None:
        problem = text_of(error) if error.error_id != "bad-input" else str(details_of(error).get("password", ""))
    text = render_text(request, "pages/password_link.html", {**context, "problem": problem})
    response = html(text, status=error.status if error is not None else 200)
    retry = error.details.get("retry_after_s") if error is not None else None
    if isinstance(retry, int):
        response.headers["Retry-After"] = str(retry)
    return response
