"""A password is chosen by its owner alone, by a link that works once (DAY-27, S000-01, domain 3.4)."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from hotline.clock import FakeClock
from hotline.errors import NotFound, TooManyAttempts
from hotline.staff.rules import FAILURES_PER_ADDRESS, WINDOW
from hotline.staff.tables import SessionRow, UserRow
from hotline.staff.tables_password import PasswordLinkRow
from tests.integration.web.conftest import PASSWORD, Browser, Site

NEW = "новая длинная фраза"
LINK = re.compile(r'value="[^"]*/password/link\?t=([\w-]{43})"')


async def account(site: Site, login: str = "anna") -> tuple[int, int]:
    """The id and the version of an account."""
    async with site.services.database.begin() as session:
        row = (await session.execute(select(UserRow.id, UserRow.version).where(UserRow.login == login))).one()
        return row.id, row.version


async def make(site: Site, admin: Browser, login: str = "anna") -> str:
    """The token of a new link."""
    user_id, version = await account(site, login)
    page = await admin.send("POST", f"/admin/people/{user_id}/link", form={"version": str(version)})
    assert page.status == 200
    return str(LINK.findall(page.text)[0])


async def choose(browser: Browser, token: str, password: str = NEW, again: str = "") -> int:
    form = {"t": token, "password": password, "again": again or password}
    return (await browser.send("POST", "/password/link", form=form)).status


async def test_a_link_is_shown_once_works_once_and_ends_every_session(site: Site) -> None:
    """DAY-27: looking and bad passwords use nothing up; afterwards the old password, sessions and the link are dead."""
    async with site.logged_in("anna") as anna, site.logged_in("admin") as admin, site.visit() as stranger:
        token = await make(site, admin)
        user_id, _ = await account(site)
        page = (await admin.get(f"/admin/people/{user_id}")).text
        assert token not in page
        assert "Ссылку для выбора пароля создал" in page
        assert (await anna.get("/journal")).status == 200  # until it is used nothing changes for her
        async with site.services.database.begin() as session:
            stored = repr((await session.execute(text("SELECT * FROM staff_password_link"))).all())
        assert token not in stored
        for _ in range(2):
            form = await stranger.get(f"/password/link?t={token}")
            assert form.status == 200
            assert "Аннина" in form.text
        assert await choose(stranger, token, "short") == 400
        assert await choose(stranger, token, again="something else") == 400
        assert await choose(stranger, token) == 303
        assert (await anna.send("GET", "/journal", accept="application/json")).status == 401
        async with site.services.database.begin() as session:
            assert (await session.scalars(select(SessionRow.id).where(SessionRow.user_id == user_id))).all() == []
        assert await choose(stranger, token) == 404
        assert (await stranger.get(f"/password/link?t={token}")).status == 404
        for password, status in ((PASSWORD, 401), (NEW, 303)):
            sent = await stranger.send("POST", "/login", form={"login": "anna", "password": password})
            assert sent.status == status
        history = (await admin.get(f"/admin/audit?entity=user&entity_id={user_id}")).text
        assert "пароль выбран по ссылке" in history
        assert token not in history


async def test_a_new_link_a_withdrawal_and_time_make_a_link_useless(site: Site) -> None:
    """DAY-27: of two links the newer works; a link taken back or too old is like one that never was."""
    async with site.logged_in("admin") as admin, site.visit() as stranger:
        first, second = await make(site, admin), await make(site, admin)
        assert (await stranger.get(f"/password/link?t={first}")).status == 404
        assert (await stranger.get(f"/password/link?t={second}")).status == 200
        user_id, _ = await account(site)
        await admin.send("POST", f"/admin/people/{user_id}/link/cancel", form={})
        dead = await stranger.get(f"/password/link?t={second}")
        assert dead.status == 404
        assert "Попросите у администратора новую" in dead.text
        third = await make(site, admin)
        async with site.services.database.begin() as session:
            rows = await session.scalars(select(PasswordLinkRow).where(PasswordLinkRow.cancelled_at.is_(None)))
            rows.one().expires_at = site.services.clock.now()
        assert await choose(stranger, third) == 404
        assert await choose(stranger, "half-an-address") == 404


async def test_two_windows_use_one_link_once(site: Site) -> None:
    """DAY-27: whoever is second in the same moment is refused, not believed."""
    async with site.logged_in("admin") as admin, site.visit() as one, site.visit() as other:
        token = await make(site, admin)
        answers = await asyncio.gather(choose(one, token, f"{NEW} 1"), choose(other, token, f"{NEW} 2"))
        assert sorted(answers) == [303, 404]
        winner = f"{NEW} {answers.index(303) + 1}"
        assert (await one.send("POST", "/login", form={"login": "anna", "password": winner})).status == 303


async def test_who_may_make_links_and_for_whom(site: Site) -> None:
    """S000-01: an old version and a switched-off account are refused; a link ends a temporary password."""
    async with site.logged_in("admin") as admin, site.logged_in("boss") as boss, site.visit() as stranger:
        user_id, version = await account(site)
        path = f"/admin/people/{user_id}/link"
        assert (await boss.send("POST", path, form={"version": str(version)})).status == 403
        assert (await admin.send("POST", path, form={"version": str(version + 1)})).status == 409
        page = await admin.send("POST", f"/admin/people/{user_id}/password", form={"version": str(version)})
        temporary = re.findall(r'admin-password-text">([a-z0-9-]+)<', page.text)[0]
        await make(site, admin)
        assert (await stranger.send("POST", "/login", form={"login": "anna", "password": temporary})).status == 401
        await admin.send("POST", f"/admin/people/{user_id}/off", form={"version": str((await account(site))[1])})
        refused = await admin.send("POST", path, form={"version": str((await account(site))[1])})
        assert refused.status == 409
        assert "Учётная запись отключена" in refused.text


async def test_floods_of_guesses_are_stopped(site: Site) -> None:
    """DAY-27, domain 3.4: guessing shares the limit of an address with logging in, and ends with its window."""
    links, clock = site.services.staff.links, site.services.clock
    assert isinstance(clock, FakeClock)
    for number in range(FAILURES_PER_ADDRESS):
        with pytest.raises(NotFound):
            await links.owner(f"{number:043}", ip="192.0.2.7")
    with pytest.raises(TooManyAttempts) as stopped:
        await links.owner("x" * 43, ip="192.0.2.7")
    assert stopped.value.details["retry_after_s"] == WINDOW.total_seconds()
    clock.advance(WINDOW + timedelta(seconds=1))
    with pytest.raises(NotFound):
        await links.owner("x" * 43, ip="192.0.2.7")
