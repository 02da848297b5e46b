"""Login with the organisation's own account over OpenID Connect, against a real small provider (issue 6; ADR 36)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey
from pydantic import SecretStr, ValidationError
from sqlalchemy import select

from hotline.clock import FakeClock
from hotline.config import Settings
from hotline.errors import BadInput
from hotline.staff.oidc import AWAY, require_provider
from hotline.staff.tables import AuditEventRow, UserRoleRow, UserRow
from hotline.stand.postgres import PrivateCluster
from tests.integration.web.conftest import Answer, Browser, Site, copied, served
from tests.integration.web.provider import CLIENT, SECRET, Provider, serving


@pytest.fixture
async def provider(clock: FakeClock) -> AsyncIterator[Provider]:
    async with serving(Provider(clock)) as running:
        yield running


@pytest.fixture
def changes() -> dict[str, object]:
    """Settings that a test changes; by ``@pytest.mark.parametrize("changes", …)``."""
    return {}


@pytest.fixture
async def open_site(
    pg_cluster: PrivateCluster,
    web_template: str,
    clock: FakeClock,
    tmp_path: Path,
    provider: Provider,
    changes: dict[str, object],
) -> AsyncIterator[Site]:
    settings = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SecretStr(SECRET),
        "oidc_title": "ГосВход",
    }
    async with (
        copied(pg_cluster, web_template) as database,
        served(database, clock, tmp_path, {**settings, **changes}) as running,
    ):
        yield running


async def come(browser: Browser, provider: Provider, target: str = "/") -> Answer:
    """Go to the provider, log in there, come back."""
    gone = await browser.get(f"/login/oidc?next={target}")
    assert gone.status == 303
    return await browser.get(provider.come_back(gone.headers["Location"]))


async def test_who_logs_in_there_is_logged_in_here(open_site: Site, provider: Provider) -> None:
    """OpenID Connect Core 3.1.2: code, PKCE, state and nonce; a new session, and the way on begins on our own page."""
    async with open_site.visit() as browser:
        assert "Войти через ГосВход" in (await browser.get("/login")).text
        gone = await browser.get("/login/oidc?next=/calls")
        sent = {name: values[0] for name, values in parse_qs(urlsplit(gone.headers["Location"]).query).items()}
        assert gone.headers["Location"].startswith(f"{provider.issuer}/authorize?tenant=1&")
        assert (sent["response_type"], sent["code_challenge_method"], sent["client_id"]) == ("code", "S256", CLIENT)
        assert sent["redirect_uri"] == f"{open_site.url}/login/oidc/back"
        assert "SameSite=Lax" in gone.headers["Set-Cookie"]
        back = await browser.get(provider.come_back(gone.headers["Location"]))
        assert back.status == 200
        assert '<meta http-equiv="refresh" content="0;url=/calls">' in back.text
        page = await browser.get("/password")
        assert 'value="anna"' in page.text
        browser.csrf = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
        out = await browser.send("POST", "/logout")
        assert out.headers["Location"] == "/login?left=1"
        assert (await browser.get("/")).headers["Location"] == "/login"
        assert "/login/oidc/leave" in (await browser.get("/login?left=1")).text
        leave = urlsplit((await browser.get("/login/oidc/leave")).headers["Location"])
        assert (f"{leave.scheme}://{leave.netloc}{leave.path}", parse_qs(leave.query)) == (
            f"{provider.issuer}/leave",
            {"client_id": [CLIENT], "post_logout_redirect_uri": [f"{open_site.url}/login"]},
        )
    assert provider.asked == ["discovery", "keys", "token"]
    async with open_site.services.database.begin() as session:
        trail = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "login"))
        assert trail.one().details == {"note": "sign-on"}


FORGED: dict[str, dict[str, Any]] = {
    "wrong nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "wrong audience": {"aud": "another"},
    "several audiences without azp": {"aud": [CLIENT, "another"]},
    "another azp": {"azp": "another"},
    "wrong issuer": {"iss": "https://evil.example"},
    "expired": {"exp": 1},
    "no end": {"exp": None},
    "not yet": {"nbf": 4_000_000_000},
    "no subject": {"sub": None},
    "claims of odd types": {"aud": {"x": 1}, "exp": "soon"},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
async def test_a_token_that_is_not_for_us_is_refused(
    open_site: Site, provider: Provider, forged: dict[str, Any]
) -> None:
    provider.forged = forged
    await refused(open_site, provider)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_an_unsigned_token_and_one_signed_with_the_public_key_are_refused(
    open_site: Site, provider: Provider, algorithm: str
) -> None:
    """RFC 8725 sections 2.1 and 3.1."""
    provider.algorithm = algorithm
    await refused(open_site, provider)


async def test_a_token_signed_by_somebody_else_is_refused(open_site: Site, provider: Provider) -> None:
    provider.signing = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
    await refused(open_site, provider)


async def refused(site: Site, provider: Provider, error: str = "не подтвердил") -> None:
    """Nobody gets a session, and the page says so without details."""
    async with site.visit() as browser:
        answer = await come(browser, provider)
        assert answer.status == 401
        assert error in answer.text
        assert "hotline_session" not in str(answer.headers)
        assert (await browser.get("/")).headers["Location"] == "/login"


async def test_only_the_browser_that_went_may_come_back(open_site: Site, provider: Provider) -> None:
    """Login CSRF: no cookie, another's state, a forged cookie, a code that was used, an error instead of a code."""
    async with open_site.visit() as victim, open_site.visit() as attacker:
        gone = await attacker.get("/login/oidc")
        link = provider.come_back(gone.headers["Location"])
        assert (await victim.get(link)).status == 401
        await victim.get("/login/oidc")
        assert (await victim.get(link)).status == 401
        for cookie in ("x", "a.b.c.d", f"{'A' * 43}.{'A' * 43}.{'A' * 43}.!"):
            answer = await victim.get(link, Cookie=f"hotline_trip={cookie}")
            assert answer.status == 401
        assert (await attacker.get(link)).status == 200
        gone = await attacker.get("/login/oidc")
        assert (await attacker.get(link.replace("state=", f"state={'0' * 3}"))).status == 401
        gone = await attacker.get("/login/oidc")
        state = parse_qs(urlsplit(gone.headers["Location"]).query)["state"][0]
        used = re.sub(r"state=.*", f"state={state}", link)
        assert (await attacker.get(used)).status == 401  # the code was used
        await attacker.get("/login/oidc")
        assert (await attacker.get("/login/oidc/back?error=access_denied")).status == 401


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/%5Cevil.example", "/login/oidc"])
async def test_the_way_back_never_leads_elsewhere(open_site: Site, provider: Provider, target: str) -> None:
    async with open_site.visit() as browser:
        answer = await come(browser, provider, target)
        assert 'content="0;url=/">' in answer.text
        gone = await browser.get("/login/oidc")
        trip = gone.headers["Set-Cookie"].split("=", 1)[1].split(";")[0].rpartition(".")[0].strip('"')
        bent = f"{trip}.aHR0cHM6Ly9ldmlsLmV4YW1wbGU="  # https://evil.example
        again = await browser.get(provider.come_back(gone.headers["Location"]), Cookie=f"hotline_trip={bent}")
        assert 'content="0;url=/">' in again.text


async def test_new_keys_of_the_provider_are_read_but_not_at_every_wish(
    open_site: Site, provider: Provider, clock: FakeClock
) -> None:
    """A rotation is followed at the next login; somebody who invents key ids does not make us ask each time."""
    async with open_site.visit() as browser:
        assert (await come(browser, provider)).status == 200
        provider.signing = ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
        provider.published.append(provider.signing)
        clock.advance(timedelta(minutes=2))
        assert (await come(browser, provider)).status == 200
        provider.signing = ECKey.generate_key("P-256", {"kid": "invented", "use": "sig"})
        for _ in range(3):
            assert (await come(browser, provider)).status == 401
    assert provider.asked.count("keys") == 2


async def test_strangers_and_who_was_switched_off_stay_outside(open_site: Site, provider: Provider) -> None:
    """No account is made unless a setting allows it; what the provider calls somebody is no login by itself."""
    for name in ("stranger", "", "ANNA\x00", "anna or 1=1", 7, None):
        provider.claims = {"sub": "1", "preferred_username": name}
        await refused(open_site, provider, "нет учётной записи")
    async with open_site.services.database.begin() as session:
        row = (await session.scalars(select(UserRow).where(UserRow.login == "anna"))).one()
        row.active = False
    provider.claims = {"sub": "1", "preferred_username": "Anna"}
    await refused(open_site, provider, "нет учётной записи")


GROUPS = {"oidc_roles": {"operators": "op1", "bosses": "supervisor", "ghosts": "no-such-role"}, "oidc_create": True}


@pytest.mark.parametrize("changes", [GROUPS])
async def test_groups_of_the_provider_give_roles_and_new_accounts(open_site: Site, provider: Provider) -> None:
    async def roles(login: str) -> set[str]:
        async with open_site.services.database.begin() as session:
            found = select(UserRoleRow.role_code).join(UserRow, UserRow.id == UserRoleRow.user_id)
            return set(await session.scalars(found.where(UserRow.login == login)))

    names = {"sub": "9", "preferred_username": "newcomer", "family_name": "Новичков", "given_name": "Пётр"}
    async with open_site.visit() as browser:
        for groups, status, expected in (
            (["operators", "unknown"], 200, {"op1"}),
            (["operators", "bosses"], 200, {"op1", "supervisor"}),
            (["bosses"], 200, {"supervisor"}),
            (["unknown"], 401, {"supervisor"}),
            ("bosses", 401, {"supervisor"}),
            (["ghosts"], 401, {"supervisor"}),
        ):
            provider.claims = {**names, "groups": groups}
            assert (await come(browser, provider)).status == status
            assert await roles("newcomer") == expected
        # The last administrator is not taken his role by a mistake in the directory.
        provider.claims = {"sub": "2", "preferred_username": "admin", "groups": ["operators"]}
        assert (await come(browser, provider)).status == 409
        assert await roles("admin") == {"admin"}
    async with open_site.services.database.begin() as session:
        changes = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "change"))
        notes = [one.details.get("note") for one in changes]
    assert (notes.count("created by sign-on"), notes.count("roles by sign-on")) == (1, 3)


@pytest.mark.parametrize("changes", [{"second_factor_rights": ["user.manage"]}])
async def test_the_second_factor_is_asked_for_unless_the_provider_did(open_site: Site, provider: Provider) -> None:
    """RFC 8176: ``amr`` of the token says how somebody was recognised."""
    async with open_site.visit() as browser:
        provider.claims = {"sub": "2", "preferred_username": "admin", "amr": ["pwd"]}
        answer = await come(browser, provider)
        assert "0;url=/login/factor" in answer.text
        assert (await browser.get("/")).headers["Location"] == "/login"
        assert "factor-picture" in (await browser.get("/login/factor")).text
        provider.claims["amr"] = ["pwd", "otp"]
        assert "0;url=/login/factor" not in (await come(browser, provider)).text
        assert (await browser.get("/second-factor")).status == 200


async def test_a_provider_that_is_away_or_somebody_else_is_said(
    open_site: Site, provider: Provider, clock: FakeClock
) -> None:
    """Discovery 4.3: one that names itself otherwise is not believed; passwords work all the time."""
    right, provider.issuer = provider.issuer, "https://evil.example"
    async with open_site.visit() as browser:
        answer = await browser.get("/login/oidc")
        assert answer.status == 503
        assert "не отвечает" in answer.text
        provider.issuer = right
        assert (await browser.get("/login/oidc")).status == 503  # nobody stands in a row of time-outs
        assert provider.asked == ["discovery"]
        clock.advance(AWAY)
        assert (await come(browser, provider)).status == 200
        assert (await browser.get("/login")).status == 200


async def test_without_a_provider_there_is_no_such_address(site: Site) -> None:
    async with site.visit() as browser:
        assert "/login/oidc" not in (await browser.get("/login")).text
        for path in ("/login/oidc", "/login/oidc/back?code=1&state=2", "/login/oidc/leave"):
            assert (await browser.get(path)).status == 404


def test_settings_that_could_be_listened_to_or_make_accounts_without_roles_are_refused() -> None:
    with pytest.raises(BadInput):
        require_provider(Settings(oidc_issuer="http://login.example.org"))
    for issuer in ("", "https://login.example.org", "http://127.0.0.1:8085"):
        require_provider(Settings(oidc_issuer=issuer))
    with pytest.raises(ValidationError, match="oidc_create"):
        Settings(oidc_create=True)
