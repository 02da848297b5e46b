"""Other systems for tests: a service account with a role, and a client that shows its token."""

from __future__ import annotations

from collections.abc import Iterable

from hotline.staff.admin_model import PersonForm
from hotline.staff.tokens import NewToken
from tests.integration.web.conftest import Answer, Browser, Site


async def token_of(
    site: Site, role: str = "op1", *, login: str = "", organisation: str = "07", rights: Iterable[str] | None = None
) -> str:
    """Make a service account with a role and a token of its; ``rights``: all that the role has."""
    staff = site.services.staff
    session = await staff.log_in("admin", "correct horse battery", ip="127.0.0.1")
    by = session.user
    home = next(one for one in (await staff.people.choices(by))[0] if one.code == organisation)
    form = PersonForm(login or f"api.{role}", f"CRM {role}", "API", "", str(home.id), "", frozenset({role}))
    user, _ = await staff.people.create(by, form)
    await staff.tokens.make_service(by, user.id)
    wanted = user.permissions if rights is None else frozenset(rights)
    made = await staff.tokens.make(by, NewToken(user.id, "tests", wanted, 30))
    return made.secret


async def ask(
    browser: Browser, token: str | None, method: str, path: str, body: object = None, **headers: str | None
) -> Answer:
    """Ask as another system does: with a token, without cookies, Origin and CSRF token."""
    sent: dict[str, str | None] = {"Origin": None, "X_CSRF_Token": None, **headers}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    return await browser.send(method, path, json=body, accept="application/json", extra=sent)
