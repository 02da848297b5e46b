"""Tokens of other systems (right ``user.manage``): service accounts, a token shown once, taking it back."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.errors import HotlineError, NotFound
from hotline.staff.admin_model import PersonForm
from hotline.staff.model import User
from hotline.staff.tokens import NewToken, Token
from hotline.web.context import current_user, services, wants_json
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import gettext
from hotline.web.render import page
from hotline.web.right_titles import GROUPS
from hotline.web.titles import role_title
from hotline.web.views.admin_forms import REFUSALS, refused, saved, ticked

LIST = "pages/admin_tokens.html"
NEW = "pages/admin_token.html"
ADDRESS = "/admin/tokens"
DAYS = 180


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the accounts of other systems and all tokens."""
    return await page(request, LIST, await _context(request), section="admin")


async def create_account(request: web.Request) -> web.StreamResponse:
    """Make a service account. Its first password is thrown away unseen: it never logs in."""
    its, by = services(request), current_user(request)
    sent = await form_fields(request)
    form = PersonForm(
        login=sent.get("login", ""),
        last_name=sent.get("title", ""),
        first_name="API",
        organisation_id=sent.get("organisation_id", ""),
        roles=ticked(sent, "role_"),
    )
    try:
        user, _ = await its.staff.people.create(by, form)
        await its.staff.tokens.make_service(by, user.id)
    except REFUSALS as error:
        return await refused(request, error, LIST, await _context(request, form))
    return saved(request, f"{ADDRESS}/new?account={user.id}", id=user.id)


async def new(request: web.Request) -> web.StreamResponse:
    """Show the form of a token of one account."""
    text = query_text(request, "account", limit=18)
    account = await _account(request, int(text) if text.isascii() and text.isdigit() else 0)
    return await page(request, NEW, _form(account, {"days": str(DAYS)}), section="admin")


async def create(request: web.Request) -> web.StreamResponse:
    """Make a token and show it, once."""
    its, by = services(request), current_user(request)
    sent = await form_fields(request)
    account_id, days = _number(sent.get("account", "")), _number(sent.get("days", ""))
    asked = NewToken(account_id or 0, sent.get("title", ""), ticked(sent, "right_"), days)
    try:
        made = await its.staff.tokens.make(by, asked)
    except REFUSALS as error:
        return await _refused(request, error, asked, sent)
    if wants_json(request):
        return web.json_response({"id": made.id, "token": made.secret, "expires_at": made.expires_at.isoformat()})
    account = await _account(request, asked.account_id)
    context = {"account": account, "made": made, "title": asked.title}
    response = await page(request, "pages/admin_token_made.html", context, section="admin")
    response.headers["HX-Push-Url"] = ADDRESS
    return response


async def revoke(request: web.Request) -> web.StreamResponse:
    """Take a token back."""
    token_id = path_id(request)
    await services(request).staff.tokens.revoke(current_user(request), token_id)
    return saved(request, ADDRESS, id=token_id)


async def _refused(
    request: web.Request, error: HotlineError, asked: NewToken, sent: dict[str, str]
) -> web.StreamResponse:
    if wants_json(request):
        raise error
    account = await _account(request, asked.account_id)
    return await refused(request, error, NEW, _form(account, sent))


async def _account(request: web.Request, account_id: int) -> User:
    for one in await services(request).staff.tokens.accounts(current_user(request)):
        if one.id == account_id:
            return one
    raise NotFound("there is no such service account", error_id="no-such-account")


async def _context(request: web.Request, form: PersonForm | None = None) -> dict[str, Any]:
    its, by = services(request), current_user(request)
    accounts = await its.staff.tokens.accounts(by)
    tokens = await its.staff.tokens.all(by)
    organisations, roles = await its.staff.people.choices(by)
    return {
        "accounts": [{"user": one, "roles": role_title(one.roles)} for one in accounts],
        "tokens": [_line(one) for one in tokens],
        "organisations": [(one.id, one.short_name) for one in organisations],
        "roles": roles,
        "form": form or PersonForm(organisation_id=str(by.organisation.id)),
        "open_form": form is not None or not accounts,
    }


def _line(one: Token) -> dict[str, Any]:
    state = gettext("works") if one.works else gettext("taken back") if one.revoked_at else gettext("expired")
    return {"token": one, "state": state}


def _form(account: User, sent: dict[str, str]) -> dict[str, Any]:
    chosen = ticked(sent, "right_")
    groups = [
        (gettext(group.title), [(code, gettext(words), code in chosen) for code, words in own.items()])
        for group in GROUPS
        if (own := {code: words for code, words in group.rights.items() if account.may(code)})
    ]
    return {"account": account, "groups": groups, "title": sent.get("title", ""), "days": sent.get("days", "")}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
