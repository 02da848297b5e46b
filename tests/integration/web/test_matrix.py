"""Role × endpoint matrix, made from the routes themselves (S000-01, domain 2.11).

Every route is called as every role of the profile, as somebody without a session and as an insurer's people; what comes
back is compared with ``hotline.web.access``. A route without a row, or a row without a route, fails.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest
from aiohttp import web
from sqlalchemy import text

from hotline.staff.model import NewUser, Right
from hotline.staff.rules import effective_rights
from hotline.staff.tables import OrganisationRow
from hotline.web.access import ACCESS, require_declared, undeclared
from hotline.web.app import make_app
from hotline.web.assets import PREFIX
from hotline.web.right_titles import right_title
from tests.integration.web.conftest import PASSWORD, Answer, Browser, Site, card_fields, ended_call, routes
from tests.integration.web.tokens import ask as ask_by_token
from tests.integration.web.tokens import token_of

ROLES = {
    role["code"]: effective_rights([(code, effect) for effect in ("allow", "deny") for code in role.get(effect, ())])
    for role in tomllib.loads((files("hotline.profiles") / "oms" / "roles.toml").read_text(encoding="utf-8"))["role"]
}
REFUSED = {"no-right", "forbidden"}
ENDS_SESSION = {"POST /logout"}
WEBSOCKETS = {"GET /events", "GET /sip"}
BY_TOKEN = "/api/v1/"
"""Addresses of other systems: a session opens none of them, a token nothing else."""


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


def test_a_route_without_a_row_does_not_start(shared_site: Site) -> None:
    """S000-01: who forgets to say what a route needs is told at once, not by an attacker."""

    async def nobody_thought_of_it(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/secret", nobody_thought_of_it)
    with pytest.raises(LookupError, match="GET /secret"):
        require_declared(app, PREFIX)


def test_the_catalogue_has_every_right_that_is_asked_for() -> None:
    """Domain 2.11: a misspelt right would shut a page for everybody."""
    asked = {right for row in ACCESS.values() for right in row.rights}
    assert asked <= set(Right)
    assert set().union(*ROLES.values()) <= set(Right)
    assert {right for right in Right if right_title(right) == right} == set()


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_reaches_what_its_rights_open_and_nothing_else(
    people: Site, addresses: Addresses, role: str
) -> None:
    """S000-01, S000-73: each cell of the matrix; the gate is asked with ids that no record has.

    Addresses of other systems are asked by a token of the same role.
    """
    wrong = []
    token = await token_of(people, role)
    async with people.logged_in(f"m.{role}") as browser:
        for route, row in sorted(ACCESS.items()):
            if row.public or route in ENDS_SESSION:
                continue
            if BY_TOKEN in route:
                method, path = addresses[route]
                answer = await ask_by_token(browser, token, method, path, None if method == "GET" else {})
                if answer.status == 401:
                    wrong.append((route, answer.status, answer.text[:200]))
            else:
                answer = await ask(browser, people, route, addresses[route])
            refused = answer.status == 403 and answer.json()["error_id"] in REFUSED
            open_to = not row.rights or bool(ROLES[role] & set(row.rights))
            if route == "GET /admin":
                continue  # by its areas: test_admin
            if refused is open_to or answer.status == 500:
                wrong.append((route, answer.status, answer.text[:200]))
    assert wrong == []


async def test_a_session_opens_no_address_of_other_systems_and_a_token_no_other(
    people: Site, addresses: Addresses
) -> None:
    """S000-01: two doors, two keys."""
    opened = []
    token = await token_of(people, "admin", login="api.both")
    async with people.logged_in("admin") as browser, people.visit() as stranger:
        for route, row in sorted(ACCESS.items()):
            if row.public:
                continue
            method, path = addresses[route]
            body: dict[str, str] | None = None if method == "GET" else {}
            if BY_TOKEN in route:
                answer = await ask(browser, people, route, addresses[route])
            else:
                extra = {"Origin": people.url}
                answer = await ask_by_token(stranger, token, method, path, body, **extra)
            if answer.status != 401:
                opened.append((route, answer.status))
    assert opened == []


async def test_without_a_session_nothing_but_the_public_is_open(people: Site, addresses: Addresses) -> None:
    """S000-01: the anonymous column of the matrix."""
    async with people.visit() as browser:
        for route, row in sorted(ACCESS.items()):
            if row.public:
                continue
            answer = await ask(browser, people, route, addresses[route])
            assert (route, answer.status) == (route, 401)


async def test_forged_ids_of_others_are_answered_as_ids_that_nobody_has(people: Site) -> None:
    """Domain 2.8: an insurer cannot tell the fund's appeals, persons, files, drafts and recordings from none."""
    its = people.services
    fund = await its.staff.by_extension("101")
    assert fund is not None
    async with people.logged_in("anna") as anna:
        form = card_fields(applicant_last_name="Тайнова", applicant_enp="")
        saved = await anna.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="forged-ids")
    appeal_id = saved.json()["id"]
    draft = await its.drafts.create_or_get(fund, None)
    await its.calls.record(ended_call(key="pbx1-1763622000.77", recorded=True))
    async with its.database.begin() as session:
        person_id = (
            await session.execute(text("SELECT applicant_id FROM appeal WHERE id = :id"), {"id": appeal_id})
        ).scalar_one()
    assert person_id is not None
    pairs = (
        ("GET", f"/appeals/{appeal_id}", "/appeals/999999", None),
        ("GET", f"/appeals/{appeal_id}/edit", "/appeals/999999/edit", None),
        ("POST", f"/appeals/{appeal_id}", "/appeals/999999", {"version": "1"}),
        ("POST", f"/appeals/{appeal_id}/recall", "/appeals/999999/recall", {"version": "1"}),
        ("POST", f"/appeals/{appeal_id}/unmask", "/appeals/999999/unmask", {"reason": "любопытство"}),
        ("GET", f"/persons/{person_id}", "/persons/999999", None),
        ("POST", f"/persons/{person_id}/unmask", "/persons/999999/unmask", {"reason": "любопытство"}),
        ("PUT", f"/api/drafts/{draft.id}", "/api/drafts/999999", {"rev": 0, "fields": {}}),
        ("GET", f"/attachments?appeal={appeal_id}", "/attachments?appeal=999999", None),
        ("GET", "/recordings/pbx1-1763622000.77", "/recordings/pbx1-1763622000.78", None),
        ("GET", "/recordings/pbx1-1763622000.77/player", "/recordings/pbx1-1763622000.78/player", None),
    )
    told = []
    async with people.logged_in("m.sp2") as browser:
        for method, foreign, unknown, body in pairs:
            answers = []
            for path in (foreign, unknown):
                answer = await browser.send(method, path, json=body, accept="application/json")
                error = answer.json() if answer.status != 200 else {"error_id": "open!", "message": answer.text}
                answers.append((answer.status, error["error_id"], error["message"]))
            if answers[0] != answers[1] or answers[0][0] not in {403, 404}:
                told.append((method, foreign, answers))
    assert told == []
