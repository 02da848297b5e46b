"""Role × endpoint matrix, made from the routes themselves (S000-01, domain 2.11).

Every route is called as every role of the profile, as somebody without a session and as an insurer's people; what comes
back is compared with ``hotline.web.access``. A route without a row, or a row without a route, fails.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from hotline.staff.model import NewUser, Right
from hotline.staff.rules import effective_rights
from hotline.staff.tables import OrganisationRow
from hotline.web.access import ACCESS, undeclared
from hotline.web.app import make_app
from hotline.web.assets import PREFIX
from tests.integration.web.conftest import PASSWORD, Answer, Browser, Site, routes

ROLES = {
    role["code"]: effective_rights([(code, effect) for effect in ("allow", "deny") for code in role.get(effect, ())])
    for role in tomllib.loads((files("hotline.profiles") / "oms" / "roles.toml").read_text(encoding="utf-8"))["role"]
}
REFUSED = {"no-right", "forbidden"}
ENDS_SESSION = {"POST /logout"}
WEBSOCKETS = {"GET /events", "GET /sip"}


Addresses = dict[str, tuple[str, str]]
"""Route → method and address."""


@pytest.fixture(scope="module")
async def people(shared_site: Site) -> Site:
    """The shared application with one user of every role, in the fund and in an insurer."""
    its = shared_site.services
    async with its.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    for number, role in enumerate(ROLES):
        own = "07001" if role.startswith("sp") else "07"
        await its.staff.create_user(
            NewUser(f"m.{role}", PASSWORD, "Матричный", role.upper(), own, (role,), "", str(7100 + number))
        )
    return shared_site


@pytest.fixture(scope="module")
def addresses(shared_site: Site) -> Addresses:
    """Route → method and address, with ids that nobody has."""
    found = routes(make_app(shared_site.services), "999999")
    return {f"{method} {pattern}": (method, path) for method, pattern, path in found}


async def ask(browser: Browser, site: Site, route: str, target: tuple[str, str]) -> Answer:
    """Call a route with nothing in hand."""
    method, path = target
    upgrade = {"Origin": site.url} if route in WEBSOCKETS else {}
    body: dict[str, str] | None = None if method == "GET" else {}
    return await browser.send(method, path, json=body, accept="application/json", extra=upgrade)


def test_every_route_is_declared_and_every_row_has_a_route(shared_site: Site) -> None:
    """S000-01: no hole in the matrix."""
    assert undeclared(make_app(shared_site.services), PREFIX) == []


def test_the_catalogue_has_every_right_that_is_asked_for() -> None:
    """Domain 2.11: a misspelt right would shut a page for everybody."""
    asked = {right for row in ACCESS.values() for right in row.rights}
    assert asked <= set(Right)
    assert set().union(*ROLES.values()) <= set(Right)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_reaches_what_its_rights_open_and_nothing_else(
    people: Site, addresses: Addresses, role: str
) -> None:
    """S000-01, S000-73: each cell of the matrix; the gate is asked with ids that no record has."""
    wrong = []
    async with people.logged_in(f"m.{role}") as browser:
        for route, row in sorted(ACCESS.items()):
            if row.public or route in ENDS_SESSION:
                continue
            answer = await ask(browser, people, route, addresses[route])
            refused = answer.status == 403 and answer.json()["error_id"] in REFUSED
            open_to = not row.rights or bool(ROLES[role] & set(row.rights))
            if route == "GET /admin":
                continue  # by its areas: test_admin
            if refused is open_to or answer.status == 500:
                wrong.append((route, answer.status, answer.text[:200]))
    assert wrong == []


async def test_without_a_session_nothing_but_the_public_is_open(people: Site, addresses: Addresses) -> None:
    """S000-01: the anonymous column of the matrix."""
    async with people.visit() as browser:
        for route, row in sorted(ACCESS.items()):
            if row.public:
                continue
            answer = await ask(browser, people, route, addresses[route])
            assert (route, answer.status) == (route, 401)
