"""Logging in and out."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from yarl import URL

from tests.integration.web.conftest import PASSWORD, Site


async def test_the_login_page_leads_to_where_one_wanted(site: Site) -> None:
    async with site.visit() as browser:
        page = await browser.get("/login?next=/calls")
        answer = await browser.send(
            "POST", "/login", form={"login": "Anna", "password": PASSWORD, "next": "/calls"}, X_CSRF_Token=None
        )
        desk = await browser.get("/calls")
    assert 'name="next" value="/calls"' in page.text
    assert (answer.status, answer.headers["Location"]) == (303, "/calls")
    assert desk.status == 200


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example"])
async def test_logging_in_never_leads_elsewhere(site: Site, target: str) -> None:
    async with site.visit() as browser:
        answer = await browser.send("POST", "/login", form={"login": "anna", "password": PASSWORD, "next": target})
    assert answer.headers["Location"] == "/"


async def test_the_cookie_is_not_for_scripts_nor_for_other_sites(site: Site) -> None:
    async with site.visit() as browser:
        answer = await browser.send("POST", "/login", form={"login": "anna", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert re.match(r"hotline_session=[\w-]{43};", cookie)
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(re.split(r";\s*", cookie))
    assert "Secure" not in cookie  # not over http


async def test_a_login_never_takes_over_the_cookie_that_it_came_with(site: Site) -> None:
    """Session fixation (issue 6): neither an invented id nor a session that is open already becomes the new one."""
    planted = "A" * 43
    async with site.visit() as browser, site.logged_in("boris") as attacker:
        cookies = [planted, attacker.http.cookie_jar.filter_cookies(URL(site.url))["hotline_session"].value]
        for cookie in cookies:
            browser.http.cookie_jar.clear()
            browser.http.cookie_jar.update_cookies({"hotline_session": cookie}, URL(site.url))
            answer = await browser.send("POST", "/login", form={"login": "anna", "password": PASSWORD})
            given = re.match(r"hotline_session=([\w-]{43});", answer.headers["Set-Cookie"])
            assert given is not None
            assert given[1] not in cookies
        async with site.visit() as thief:
            thief.http.cookie_jar.update_cookies({"hotline_session": planted}, URL(site.url))
            assert (await thief.get("/")).headers["Location"] == "/login"
        for who, login in ((attacker, "boris"), (browser, "anna")):  # each stays who he is
            assert f'value="{login}"' in (await who.get("/password")).text


@pytest.mark.parametrize(
    ("login", "password", "status", "shown"),
    [("anna", "wrong", 401, "Неверный логин или пароль"), ("nobody", PASSWORD, 401, "Неверный логин или пароль"),
     ("", "", 400, "Введите логин и пароль"), ("anna", "", 400, "Введите логин и пароль")],
)  # fmt: skip
async def test_a_refused_login_says_why_and_keeps_the_name(
    site: Site, login: str, password: str, status: int, shown: str
) -> None:
    async with site.visit() as browser:
        answer = await browser.send("POST", "/login", form={"login": login, "password": password})
    assert answer.status == status
    assert shown in answer.text
    assert f'name="login" value="{login}"' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert PASSWORD not in answer.text


async def test_too_many_attempts_say_when_to_try_again(site: Site) -> None:
    async with site.visit() as browser:
        page = await browser.send("POST", "/login", form={"login": "anna", "password": "wrong"})
        for _ in range(50):
            if page.status == 429:
                break
            page = await browser.send("POST", "/login", form={"login": "anna", "password": "wrong"})
        data = await browser.api("POST", "/login", {"login": "anna", "password": PASSWORD})
    assert page.status == 429
    assert "Повторите через" in page.text
    assert int(page.headers["Retry-After"]) > 0
    assert data.json()["error_id"] == "too-many-logins"
    assert data.json()["details"]["retry_after_s"] > 0


async def test_an_expired_session_is_renewed_without_leaving_the_page(site: Site) -> None:
    """What the page does when a draft's save answers 401: log in by JSON, go on with the new token."""
    async with site.logged_in() as browser:
        first_csrf = browser.csrf
        site.clock.advance(timedelta(hours=site.services.settings.session_hours, seconds=1))
        expired = await browser.api("PUT", "/api/drafts/1", {"rev": 0, "fields": {}})
        fragment = await browser.fragment("/journal")
        again = await browser.api("POST", "/login", {"login": "anna", "password": PASSWORD})
        browser.csrf = again.json()["csrf"]
        found = await browser.api("PUT", "/api/drafts/1", {"rev": 0, "fields": {}})
    assert (expired.status, expired.json()["error_id"]) == (401, "not-authenticated")
    assert fragment.headers["HX-Trigger"] == "hotline:signed-out"
    assert again.json()["user"] == {"id": again.json()["user"]["id"], "full_name": "Аннина Имя", "extension": "101"}
    assert browser.csrf != first_csrf
    assert found.status == 404  # there is no such draft; the session is good again


async def test_log_out_ends_the_session(site: Site) -> None:
    async with site.logged_in() as browser:
        answer = await browser.send("POST", "/logout", form={"csrf_token": browser.csrf}, X_CSRF_Token=None)
        after = await browser.get("/")
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert (after.status, after.headers["Location"]) == (303, "/login")


async def test_log_out_survives_a_dead_asterisk(site: Site) -> None:
    """The SIP account cannot be withdrawn while Asterisk is down; nobody is kept from going home for that."""
    async with site.logged_in() as browser:
        answer = await browser.api("POST", "/logout")
    assert (answer.status, answer.json()) == (200, {})


async def test_the_login_page_speaks_the_chosen_language(site: Site) -> None:
    async with site.visit() as browser:
        first = await browser.get("/login", Accept_Language="en")
        chosen = await browser.get("/login?language=en")
        later = await browser.get("/login")
    assert '<html lang="ru">' in first.text  # the installation's language, whatever the browser was made for
    assert "Log in to the desk" in chosen.text
    assert "Log in to the desk" in later.text


async def test_addresses_are_believed_only_as_far_as_proxies_are_trusted(site: Site) -> None:
    """Inventing X-Forwarded-For must not reset the limit by address."""
    statuses = []
    async with site.visit() as browser:
        for number in range(120):
            answer = await browser.send(
                "POST", "/login", form={"login": f"user{number}", "password": "x"}, X_Forwarded_For=f"10.0.0.{number}"
            )
            statuses.append(answer.status)
            if answer.status == 429:
                break
    assert statuses[-1] == 429
