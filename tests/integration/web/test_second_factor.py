"""Second factor for administrators (issue 6; S000-01, domain 3.4): set up at login, asked for, recovered, reset."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select, text, update

from hotline.clock import FakeClock
from hotline.config import Settings
from hotline.errors import BadInput, NotAuthenticated, NotFound, Unavailable
from hotline.staff.rules import FAILURES_PER_LOGIN, WINDOW
from hotline.staff.second_factor import LIFETIME, SecondFactorNeeded, require_keys
from hotline.staff.secret_box import SecretBox
from hotline.staff.service import StaffService
from hotline.staff.tables import AuditEventRow, SessionRow, UserRoleRow, UserRow
from hotline.staff.tables_factor import LoginTicketRow, RecoveryCodeRow, SecondFactorRow
from hotline.stand.postgres import PrivateCluster
from tests.integration.web.conftest import PASSWORD, Answer, Browser, Site, copied, served
from tests.integration.web.wiring import HASHER

SHOWN_SECRET = re.compile(r'class="factor-secret">([A-Z2-7 ]+)<')
SHOWN_CODE = re.compile(r"<code>([a-z0-9]{4}(?:-[a-z0-9]{4}){5})</code>")
STEP = timedelta(seconds=30)


@pytest.fixture
async def strict(
    pg_cluster: PrivateCluster, web_template: str, clock: FakeClock, tmp_path: Path
) -> AsyncIterator[Site]:
    """The application with its shipped setting: who may change accounts needs a second factor."""
    changes = {"second_factor_rights": Settings().second_factor_rights}
    async with copied(pg_cluster, web_template) as database, served(database, clock, tmp_path, changes) as running:
        yield running


async def give_password(browser: Browser, login: str = "admin", target: str = "/") -> Answer:
    return await browser.send("POST", "/login", form={"login": login, "password": PASSWORD, "next": target})


async def give_code(browser: Browser, code: str, target: str = "/") -> Answer:
    return await browser.send("POST", "/login/factor", form={"code": code, "next": target})


def now_code(site: Site, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(site.clock.now() + steps * STEP)


def wrong_codes(site: Site, secret: str) -> list[str]:
    """Some that no step near now has."""
    right = {now_code(site, secret, step) for step in (-1, 0, 1)}
    return [code for number in range(20) if (code := f"{number:06}") not in right]


async def set_up(site: Site, browser: Browser, login: str = "admin") -> tuple[str, list[str]]:
    """Log in for the first time; return the app's secret and the recovery codes."""
    await give_password(browser, login)
    page = (await browser.get("/login/factor")).text
    secret = SHOWN_SECRET.findall(page)[0].replace(" ", "")
    done = await give_code(browser, now_code(site, secret))
    assert done.status == 200
    return secret, SHOWN_CODE.findall(done.text)


async def person(site: Site, login: str) -> tuple[int, int]:
    async with site.services.database.begin() as session:
        row = (await session.execute(select(UserRow.id, UserRow.version).where(UserRow.login == login))).one()
        return row.id, row.version


async def test_an_administrator_sets_it_up_at_his_next_login(strict: Site) -> None:
    """Issue 6: the password alone opens nothing; a code of the app does; recovery codes are shown once."""
    async with strict.visit() as browser:
        answer = await give_password(browser, target="/admin/people")
        assert (answer.status, answer.headers["Location"]) == (303, "/login/factor?next=/admin/people")
        assert re.match(
            r"hotline_login=[\w-]{43};.*HttpOnly;.*Path=/login;.*SameSite=Strict", answer.headers["Set-Cookie"]
        )
        for path in ("/", "/admin/people", "/second-factor"):
            closed = await browser.get(path)
            assert (closed.status, closed.headers["Location"].split("?")[0]) == (303, "/login")
        page = (await browser.get("/login/factor?next=/admin/people")).text
        assert re.search(r'class="factor-picture"[^>]*><svg', page)
        secret = SHOWN_SECRET.findall(page)[0].replace(" ", "")
        wrong = await give_code(browser, wrong_codes(strict, secret)[0])
        assert wrong.status == 401
        assert "Код неверный" in wrong.text
        assert SHOWN_SECRET.findall(wrong.text)[0].replace(" ", "") == secret  # the app was not set up in vain
        done = await give_code(browser, now_code(strict, secret), "/admin/people")
        assert len(SHOWN_CODE.findall(done.text)) == 10
        assert 'href="/admin/people"' in done.text
        assert (await browser.get("/admin/people")).status == 200
    async with strict.services.database.begin() as session:
        row = (await session.scalars(select(SecondFactorRow))).one()
        assert secret not in row.secret
        dump = str((await session.execute(text("SELECT staff_recovery_code::text FROM staff_recovery_code"))).all())
        assert not [code for code in SHOWN_CODE.findall(done.text) if code in dump]
        assert (await session.scalars(select(LoginTicketRow))).all() == []
        noted = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "change"))
        assert "second factor set up" in [one.details.get("note") for one in noted]


async def test_afterwards_each_login_asks_and_each_code_works_once(strict: Site) -> None:
    """RFC 6238 section 5.2: a code that was seen over the shoulder is worthless, also at the same moment elsewhere."""
    async with strict.visit() as browser, strict.visit() as other, strict.logged_in("anna"):
        secret, _ = await set_up(strict, browser)
        await give_password(other)
        question = await other.get("/login/factor")
        assert secret not in question.text.replace(" ", "")
        assert "factor-picture" not in question.text
        used = now_code(strict, secret)
        assert (await give_code(other, used)).status == 401  # it set the app up a moment ago
        strict.clock.advance(STEP)
        code = now_code(strict, secret)
        async with strict.visit() as third:
            await give_password(third)
            answers = await asyncio.gather(give_code(other, code, "/calls"), give_code(third, code, "/calls"))
        assert sorted(one.status for one in answers) == [303, 401]
        assert next(one for one in answers if one.status == 303).headers["Location"] == "/calls"


async def test_guessing_codes_is_limited_like_guessing_passwords(strict: Site) -> None:
    """Domain 3.4: wrong codes count against the login; the right password between them forgives nothing."""
    async with strict.visit() as browser:
        secret, recovery = await set_up(strict, browser)
        strict.clock.advance(STEP)
        statuses = []
        for guess in wrong_codes(strict, secret)[:FAILURES_PER_LOGIN]:
            await give_password(browser)
            statuses.append((await give_code(browser, guess)).status)
        assert statuses[:2] == [401, 401]
        assert statuses[-1] == 429
        stopped = await give_code(browser, recovery[0])
        assert (stopped.status, int(stopped.headers["Retry-After"]) > 0) == (429, True)
        strict.clock.advance(WINDOW + timedelta(seconds=1))
        await give_password(browser)
        assert (await give_code(browser, now_code(strict, secret))).status == 303


async def test_a_recovery_code_works_once_and_new_ones_replace_them(strict: Site) -> None:
    async with strict.visit() as browser, strict.visit() as other:
        secret, recovery = await set_up(strict, browser)
        await give_password(other)
        assert (await give_code(other, recovery[3].replace("-", " ").upper())).status == 303
        await give_password(other)
        assert (await give_code(other, recovery[3])).status == 401
        page = (await browser.get("/second-factor")).text
        assert "9 резервных кодов" in page
        browser.csrf = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
        strict.clock.advance(STEP)
        form = {"code": now_code(strict, secret)}
        made = await browser.send("POST", "/second-factor/codes", form=form)
        fresh = SHOWN_CODE.findall(made.text)
        assert len(fresh) == 10
        assert not set(fresh) & set(recovery)
        assert (await give_code(other, recovery[4])).status == 401
        assert (await give_code(other, fresh[0])).status == 303


async def test_another_administrator_resets_it_and_that_is_written_down(strict: Site) -> None:
    """Issue 6: nobody resets his own; sessions end; a new app is set up; the audit trail knows."""
    async with strict.services.database.begin() as session:
        session.add(UserRoleRow(user_id=(await person(strict, "boss"))[0], role_code="admin"))
    async with strict.visit() as lost, strict.visit() as helper:
        secret, recovery = await set_up(strict, lost, "boss")
        await set_up(strict, helper)
        user_id, version = await person(strict, "boss")
        own_id, own_version = await person(strict, "admin")
        page = (await helper.get(f"/admin/people/{user_id}")).text
        helper.csrf = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
        assert "Сбросить второй фактор" in page
        path = "/admin/people/{}/factor/reset"
        for target, stale in ((user_id, version + 1), (own_id, own_version)):
            refused = await helper.send("POST", path.format(target), form={"version": str(stale)})
            assert refused.status == 409
        assert (await helper.send("POST", path.format(user_id), form={"version": str(version)})).status == 303
        assert (await lost.get("/")).headers["Location"] == "/login"
        again = (await helper.send("POST", path.format(user_id), form={"version": str(version + 1)})).status
        assert again == 404  # there is none any more
        strict.clock.advance(STEP)
        await give_password(lost, "boss")
        assert SHOWN_SECRET.findall((await lost.get("/login/factor")).text)[0].replace(" ", "") != secret
        assert (await give_code(lost, recovery[0])).status == 401
        trail = (await helper.get(f"/admin/people/{user_id}")).text
        assert "второй фактор сброшен" in trail


async def test_a_waiting_login_ends_with_time_a_new_password_and_its_use(strict: Site) -> None:
    """A ticket is no session: it dies after ten minutes, with the password that made it, and when it was used."""
    staff, clock = strict.services.staff, strict.clock
    async with strict.visit() as browser:
        secret, _ = await set_up(strict, browser)

    async def ticket() -> str:
        with pytest.raises(SecondFactorNeeded) as needed:
            await staff.log_in("admin", PASSWORD, ip="10.0.0.9")
        assert needed.value.ticket not in f"{needed.value} {needed.value.details}"
        return needed.value.ticket

    tickets = [await ticket(), await ticket()]
    clock.advance(LIFETIME)
    with pytest.raises(NotAuthenticated) as late:
        await staff.factor.enter(tickets[0], now_code(strict, secret), ip="10.0.0.9")
    assert late.value.error_id == "login-expired"
    assert await staff.factor.purge() == 2
    waiting = await ticket()
    await staff.set_password("admin", "другой длинный пароль", by=None)
    with pytest.raises(NotAuthenticated) as stale:
        await staff.factor.enter(waiting, now_code(strict, secret), ip="10.0.0.9")
    assert stale.value.error_id == "login-expired"


async def test_another_telephone_takes_the_place_of_the_first_without_a_new_session(strict: Site) -> None:
    async with strict.visit() as browser, strict.visit() as other:
        old, _ = await set_up(strict, browser)
        page = (await browser.get("/second-factor")).text
        browser.csrf = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
        strict.clock.advance(STEP)
        for sent in ({"password": "wrong", "code": now_code(strict, old)}, {"password": PASSWORD, "code": "1"}):
            assert (await browser.send("POST", "/second-factor", form=sent)).status == 400
        sent = {"password": PASSWORD, "code": now_code(strict, old)}
        moved = await browser.send("POST", "/second-factor", form=sent)
        assert (moved.status, moved.headers["Location"]) == (303, "/login/factor")
        new = SHOWN_SECRET.findall((await browser.get("/login/factor")).text)[0].replace(" ", "")
        strict.clock.advance(STEP)
        await give_password(other)
        assert (await give_code(other, now_code(strict, old))).status == 303  # until the new one has answered
        assert (await give_code(browser, now_code(strict, new))).status == 200
        assert (await browser.get("/second-factor")).status == 200
        strict.clock.advance(STEP)
        await give_password(other)
        assert (await give_code(other, now_code(strict, old))).status == 401
        assert (await give_code(other, now_code(strict, new))).status == 303
    async with strict.services.database.begin() as session:
        # One of the setting up, two of ``other``; setting up another telephone opened none.
        assert len((await session.scalars(select(SessionRow))).all()) == 3


async def test_a_program_is_told_to_ask_for_a_code(strict: Site) -> None:
    """A page whose session ended logs in over itself: JSON, the same cookie, the same answer at the end."""
    async with strict.visit() as browser, strict.visit() as page:
        secret, _ = await set_up(strict, browser)
        strict.clock.advance(STEP)
        asked = await page.api("POST", "/login", {"login": "admin", "password": PASSWORD})
        assert (asked.status, asked.json()["error_id"]) == (401, "second-factor-needed")
        assert asked.json()["details"] == {"set_up": False}
        wrong = await page.api("POST", "/login/factor", {"code": "abc"})
        assert (wrong.status, wrong.json()["error_id"]) == (401, "wrong-code")
        right = await page.api("POST", "/login/factor", {"code": now_code(strict, secret)})
        assert (right.status, right.json()["user"]["full_name"]) == (200, "Админов Имя")
        page.csrf = right.json()["csrf"]
        assert (await page.api("POST", "/logout")).status == 200


async def test_operators_are_not_asked_but_may_have_one(strict: Site) -> None:
    async with strict.logged_in("anna") as anna, strict.visit() as other:
        page = (await anna.get("/second-factor")).text
        assert "Подключить" in page
        moved = await anna.send("POST", "/second-factor", form={"password": PASSWORD})
        assert moved.status == 303
        secret = SHOWN_SECRET.findall((await anna.get("/login/factor")).text)[0].replace(" ", "")
        assert (await give_code(anna, now_code(strict, secret))).status == 200
        assert (await give_password(other, "anna")).headers["Location"].startswith("/login/factor")


async def test_keys_rotate_and_a_lost_key_is_said(strict: Site, clock: FakeClock) -> None:
    """Secrets outlive a change of keys; without any key recovery codes still work, and so does the command."""
    async with strict.visit() as browser:
        secret, recovery = await set_up(strict, browser)
    database, old = strict.services.database, strict.services.settings.secret_keys
    new = SecretStr(Fernet.generate_key().decode())

    def staff(*keys: SecretStr) -> StaffService:
        settings = Settings(second_factor_rights=["user.manage"], secret_keys=list(keys))
        return StaffService(database, clock, settings, hasher=HASHER)

    async def enter(its: StaffService, code: str) -> None:
        with pytest.raises(SecondFactorNeeded) as needed:
            await its.log_in("admin", PASSWORD, ip="10.0.0.9")
        entered = await its.factor.enter(needed.value.ticket, code, ip="10.0.0.9")
        assert entered.session is not None

    assert await staff(new, *old).factor.rotate() == 1
    async with database.begin() as session:
        row = (await session.scalars(select(SecondFactorRow))).one()
        assert SecretBox([new]).open(row.user_id, row.secret) == secret
    clock.advance(STEP)
    await enter(staff(new), now_code(strict, secret))
    clock.advance(STEP)
    for its in (staff(), staff(*old)):
        with pytest.raises(Unavailable) as locked:
            await enter(its, now_code(strict, secret))
        assert locked.value.error_id == "no-secret-key"
    clock.advance(WINDOW + STEP)  # failed attempts are forgiven
    await enter(staff(), recovery[0])
    await staff().factor.reset_by_command(" Admin ")
    with pytest.raises(NotFound):
        await staff().factor.reset_by_command("admin")
    with pytest.raises(Unavailable):  # one must be set up, and cannot
        await staff().log_in("admin", PASSWORD, ip="10.0.0.9")


async def test_a_row_copied_from_another_account_opens_nothing(strict: Site) -> None:
    """Who may write into the table puts his own secret into an administrator's row: the service refuses it."""
    async with strict.logged_in("anna") as anna, strict.visit() as browser:
        await set_up(strict, browser)
        await anna.send("POST", "/second-factor", form={"password": PASSWORD})
        secret = SHOWN_SECRET.findall((await anna.get("/login/factor")).text)[0].replace(" ", "")
        await give_code(anna, now_code(strict, secret))
        anna_id, _ = await person(strict, "anna")
        admin_id, _ = await person(strict, "admin")
        async with strict.services.database.begin() as session:
            own = await session.scalar(select(SecondFactorRow.secret).where(SecondFactorRow.user_id == anna_id))
            await session.execute(
                update(SecondFactorRow).where(SecondFactorRow.user_id == admin_id).values(secret=own, last_step=0)
            )
        await give_password(browser)
        refused = await give_code(browser, now_code(strict, secret))
        assert refused.status == 503
    async with strict.services.database.begin() as session:
        used = await session.scalars(select(RecoveryCodeRow).where(RecoveryCodeRow.used_at.is_not(None)))
        assert used.all() == []


def test_the_service_does_not_start_without_a_key() -> None:
    """An administrator would be locked out; the message says which two settings help."""
    with pytest.raises(BadInput, match="HOTLINE_SECRET_KEYS is empty"):
        require_keys(Settings())
    require_keys(Settings(second_factor_rights=[]))
    require_keys(Settings(secret_keys=[SecretStr(Fernet.generate_key().decode())]))
