"""The rights of one employee through the whole web application (S000-01, domain 2.2, 2.8)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow, UserRightRow, UserRow
from tests.integration.web.conftest import PASSWORD, Browser, Site, card_fields

LISTEN = "call.listen_any"


async def address(site: Site, login: str) -> str:
    async with site.services.database.begin() as session:
        return f"/admin/people/{await session.scalar(select(UserRow.id).where(UserRow.login == login))}/rights"


async def version(admin: Browser, path: str) -> str:
    return str((await admin.send("GET", path, accept="application/json")).json()["version"])


async def say(
    admin: Browser, path: str, effect: str, reason: str = "замещает", right: str = LISTEN, until: str = ""
) -> int:
    form = {"right": right, "effect": effect, "reason": reason, "version": await version(admin, path), "until": until}
    return (await admin.send("POST", path, form=form)).status


async def test_a_right_is_given_denied_and_taken_back_with_its_reason(site: Site) -> None:
    """Domain 2.2: it holds from the next request; a personal denial wins over the role; the history tells all."""
    async with site.logged_in("admin") as admin, site.logged_in("anna") as anna:
        path = await address(site, "anna")
        assert (await anna.get("/calls/gaps")).status == 403
        assert await say(admin, path, "allow") == 303
        assert (await anna.get("/calls/gaps")).status == 200
        assert await say(admin, path, "deny", "жалоба 12", "call.take") == 303
        assert (await anna.api("POST", "/api/operator/start", {"microphone": True})).status == 403
        page = (await admin.get(path)).text
        for words in ("разрешено лично", "замещает", "запрещено лично", "жалоба 12", "Админов"):
            assert words in page
        assert await say(admin, path, "", "вернулась") == 303
        assert (await anna.get("/calls/gaps")).status == 403
        page = (await admin.get(path)).text
        assert "вернулась" in page


async def test_a_right_until_a_day_ends_by_itself(site: Site) -> None:
    """S000-01, domain 2.2: shown with its last day; over at once, closed by the daily job, once, with an entry."""
    async with site.logged_in("admin") as admin, site.logged_in("anna") as anna:
        path = await address(site, "anna")
        for wrong in ("2020-01-01", "завтра"):
            form = {"right": LISTEN, "effect": "allow", "reason": "отпуск", "until": wrong}
            refused = await admin.send("POST", path, form=form | {"version": await version(admin, path)})
            assert (refused.status, f'value="{wrong}"' in refused.text) == (400, True)
        assert await say(admin, path, "allow", "отпуск", until="2099-12-31") == 303
        assert (await anna.get("/calls/gaps")).status == 200
        page = (await admin.get(path)).text
        assert "до 31.12.2099" in page
        assert await say(admin, path, "allow", "отпуск продлён", until="2099-12-30") == 303
        assert "до 30.12.2099" in (await admin.get(path)).text
        async with site.services.database.begin() as session:
            await session.execute(update(UserRightRow).values(ends_at=datetime(2020, 1, 1, tzinfo=UTC)))
        assert (await anna.get("/calls/gaps")).status == 403
        assert "разрешено лично" not in (await admin.get(path)).text
        read = await version(admin, path)
        assert [await site.services.staff.rights.close_ended() for _ in range(2)] == [1, 0]
        page = (await admin.get(path)).text
        assert "срок истёк" in page
        assert await version(admin, path) != read


async def test_who_administers_for_a_time_cannot_become_the_last_administrator(site: Site) -> None:
    """S000-01: when his time is over somebody must be left."""
    async with site.logged_in("admin") as admin, site.logged_in("anna") as anna:
        path = await address(site, "anna")
        assert await say(admin, path, "allow", right="user.manage", until="2099-12-31") == 303
        assert await say(anna, await address(site, "admin"), "deny", right="user.manage") == 409


async def test_what_is_refused_loses_nothing(site: Site) -> None:
    """S000-01: no reason, unknown right, an old version, oneself, the last administrator, another insurer's people."""
    async with site.logged_in("admin") as admin, site.logged_in("boss") as boss:
        path, own = await address(site, "anna"), await address(site, "admin")
        form = {"right": LISTEN, "effect": "allow", "reason": "", "version": await version(admin, path)}
        wrong = await admin.send("POST", path, form=form)
        assert wrong.status == 400
        assert f'value="{LISTEN}" selected' in wrong.text
        assert await say(admin, path, "allow", right="no.such_right") == 400
        assert await say(admin, path, "maybe") == 400
        stale = await admin.send("POST", path, form=form | {"reason": "не пропадёт", "version": "999"})
        assert stale.status == 409
        assert 'value="не пропадёт"' in stale.text
        assert await say(admin, own, "deny", right="user.manage") == 403
        assert (await boss.get(path)).status == 403
        assert (await admin.get("/admin/people/999999/rights")).status == 404


async def test_an_insurers_administrator_gives_its_own_people_what_he_has(site: Site) -> None:
    """Domain 2.8: own СМО only, and no right that he lacks."""
    async with site.services.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    for login, role in (("smo.admin", "admin"), ("smo.op", "sp1")):
        await site.services.staff.create_user(NewUser(login, PASSWORD, "Страхов", "Имя", "07001", (role,)))
    async with site.logged_in("smo.admin") as admin:
        path = await address(site, "smo.op")
        assert await say(admin, path, "allow") == 303
        assert await say(admin, path, "allow", right="call.whisper") == 403  # a supervisor's, not his
        assert (await admin.get(await address(site, "anna"))).status == 404


@pytest.mark.parametrize(
    ("login", "words"),
    [
        pytest.param("boris", "читает всё", id="a colleague"),
        pytest.param("boss", "номера и адреса скрыты", id="a supervisor"),
    ],
)
async def test_what_somebody_would_see_of_an_appeal_and_why(site: Site, login: str, words: str) -> None:
    """Domain 2.8, S000-72…S000-74: the page answers what the appeal's page would do."""
    async with site.logged_in("admin") as admin, site.logged_in("anna") as anna, site.logged_in(login) as reader:
        saved = await anna.send("POST", "/appeals", form=card_fields(), accept="application/json", Idempotency_Key="w")
        number, path = saved.json()["number"], await address(site, login)
        told = (await admin.get(f"{path}?appeal={number}")).text
        assert words in told
        masked = "Номера и адреса скрыты" in (await reader.get(f"/appeals/{saved.json()['id']}")).text
        assert masked is ("скрыты" in words)
        assert "Такого обращения нет" in (await admin.get(f"{path}?appeal=07-NOBODY")).text
        assert "Что видит этот сотрудник" in told


UNDO = re.compile(
    r'action="(/admin/queue/\d+)"><input type="hidden" name="csrf_token"[^>]*>((?:<input type="hidden"[^>]*>)+)'
    r'<button class="btn btn-sm btn-ghost-secondary"'
)


async def test_a_change_of_a_place_in_the_queue_is_undone_from_its_history(site: Site) -> None:
    """Domain 2.11 queue.manage: who changed what and when; undo goes through the same door, version and all."""
    async with site.logged_in("boss") as boss:
        person = (await address(site, "anna")).split("/")[-2]
        form = {"member": "1", "penalty": "7", "version": "0"}
        assert (await boss.send("POST", f"/admin/queue/{person}", form=form)).status == 303
        form = {"penalty": "9", "version": "1"}
        assert (await boss.send("POST", f"/admin/queue/{person}", form=form)).status == 303
        page = (await boss.get("/admin/queue")).text
        assert "Главный" in page[page.index("history-title") :]
        latest, first = UNDO.findall(page)
        back = dict(re.findall(r'name="(\w+)" value="(\w*)"', latest[1]))
        assert back == {"penalty": "7", "member": "1", "version": "2"}
        assert dict(re.findall(r'name="(\w+)" value="(\w*)"', first[1])) == {"penalty": "0", "version": "2"}
        assert (await boss.send("POST", latest[0], form=back)).status == 303
        assert (await boss.send("POST", latest[0], form=back)).status == 409  # somebody was quicker
        again = (await boss.get("/admin/queue")).text
        assert len(UNDO.findall(again)) == 2  # the newest and the first; what is undone has nothing left to undo
        assert 'data-name="penalty" data-stored="7" type="number" min="0" max="100" value="7"' in again


async def test_the_page_of_a_role_says_in_words_how_far_its_holders_see(site: Site) -> None:
    """Domain 2.8: by kind of organisation, as the profile has it."""
    async with site.logged_in("admin") as admin:
        operator, boss = (await admin.get("/admin/roles/op1")).text, (await admin.get("/admin/roles/admin")).text
    assert "все в регистре" in operator
    assert "в любой другой организации" in operator
    assert "решает раньше других ролей" not in operator
    assert "решает раньше других ролей" in boss
