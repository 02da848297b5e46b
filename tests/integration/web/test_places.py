"""Who stands in which queue, as one form (2.11 queue.manage, S001-012): all rows or none, by organisation, undone."""

from __future__ import annotations

import re

import pytest

from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from tests.integration.web.conftest import PASSWORD, Browser, Site

QUEUE = {"code": "tatar", "title": "Татарский", "strategy": "leastrecent", "then": "voicemail", "ring_s": "20"}
QUEUE |= {"max_wait_s": "300", "announce_s": "45", "reassure_s": "60", "music": "hotline", "service_level_s": "20"}


async def id_of(site: Site, extension: str) -> int:
    user = await site.services.staff.by_extension(extension)
    assert user is not None
    return user.id


async def add_queue(boss: Browser, **more: str) -> None:
    """A second queue; nobody but level 1 stands in it."""
    assert (await boss.api("POST", "/admin/lines/queue", QUEUE | more)).status == 200


async def test_a_whole_queue_is_saved_at_once_and_one_row_is_undone(site: Site) -> None:
    """S001-012, S001-016: level 1 by role, others when somebody says so; who is at work stands there at once."""
    anna, vera = await id_of(site, "101"), await id_of(site, "201")
    async with site.logged_in("boss") as boss, site.logged_in("anna") as operator:
        await add_queue(boss)
        assert (await operator.api("POST", "/api/operator/start", {"microphone": True})).status == 200
        site.queue.asked.clear()
        form = {"queue": "tatar", f"version_{anna}": "0", f"penalty_{anna}": "5", f"member_{anna}": "1"}
        form |= {f"version_{vera}": "0", f"penalty_{vera}": "20", f"member_{vera}": "1"}
        saved = await boss.send("POST", "/admin/queue", form=form)
        assert (saved.status, saved.headers["Location"]) == (303, "/admin/queue?queue=tatar")
        assert "add 101 to tatar" in site.queue.asked
        assert await site.services.line_rules.places_of(vera, by_role=False) == {"tatar": 20}
        assert await site.services.line_rules.places_of(anna, by_role=True) == {"hotline": 0, "tatar": 5}
        page = (await boss.get("/admin/queue?queue=tatar")).text
        history = page[page.index("history-title") :]
        assert "Верина" in history
        assert "Верина" not in (await boss.get("/admin/queue")).text.split("history-title")[1]
        undo = re.search(rf'action="/admin/queue/{vera}">(.*?)</form>', history)
        assert undo
        back = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo[1]))
        back.pop("csrf_token")
        assert back == {"penalty": "0", "version": "1", "queue": "tatar"}
        assert (await boss.send("POST", f"/admin/queue/{vera}", form=back)).status == 303
        assert await site.services.line_rules.places_of(vera, by_role=False) == {}


async def test_two_who_change_the_same_person_lose_nothing(site: Site) -> None:
    """DAY-20: nothing of the slower form is stored, all of it is kept on the page, which says whose row it is."""
    anna, boris = await id_of(site, "101"), await id_of(site, "102")
    async with site.logged_in("boss") as boss, site.logged_in("admin") as admin:
        first = {f"version_{anna}": "0", f"penalty_{anna}": "3", f"member_{anna}": "1"}
        assert (await admin.send("POST", "/admin/queue", form=first)).status == 303
        slower = first | {f"penalty_{anna}": "9", f"version_{boris}": "0", f"penalty_{boris}": "8"}
        stale = await boss.send("POST", "/admin/queue", form=slower)
        assert stale.status == 409
        assert "Аннина" in stale.text[stale.text.index('role="alert"') :][:400]
        assert await site.services.line_rules.places_of(boris, by_role=True) == {"hotline": 0}
        for number, penalty, version in ((anna, "9", "1"), (boris, "8", "0")):
            assert f'value="{version}" name="version_{number}"' in stale.text
            assert re.search(rf'value="{penalty}" aria-label="[^"]*" name="penalty_{number}"', stale.text)
        again = slower | {f"version_{anna}": "1"}
        assert (await boss.send("POST", "/admin/queue", form=again)).status == 303
        assert await site.services.line_rules.places_of(anna, by_role=True) == {"hotline": 9}
        assert await site.services.line_rules.places_of(boris, by_role=True) == {}


@pytest.mark.parametrize("penalty", ["101", "-1", "first", ""])
async def test_one_bad_row_stores_none_of_them(site: Site, penalty: str) -> None:
    """Bad input: the good row beside it is not stored either, both are shown again."""
    anna, boris = await id_of(site, "101"), await id_of(site, "102")
    form = {f"version_{anna}": "0", f"penalty_{anna}": penalty, f"member_{anna}": "1"}
    form |= {f"version_{boris}": "0", f"penalty_{boris}": "4", f"member_{boris}": "1"}
    async with site.logged_in("boss") as boss:
        refused = await boss.send("POST", "/admin/queue", form=form)
        assert refused.status == 400
        assert f'name="penalty_{boris}"' in refused.text
        assert await site.services.line_rules.places_of(boris, by_role=True) == {"hotline": 0}
        nothing = await boss.api("POST", "/admin/queue", {"queue": "hotline"})
        assert (nothing.status, nothing.json()["error_id"]) == (400, "no-places")


async def test_who_lacks_a_skill_is_not_put_into_its_queue(site: Site) -> None:
    """S001-012: skills decide; the page says so instead of offering what would not hold."""
    anna, boris = await id_of(site, "101"), await id_of(site, "102")
    async with site.logged_in("boss") as boss:
        skill = {"code": "tt", "title": "Татарский язык", "kind": "language"}
        assert (await boss.api("POST", "/admin/lines/skill", skill)).status == 200
        gives = {"level_tt": "2", "version": "0"}
        assert (await boss.api("POST", f"/admin/lines/person/{anna}", gives)).status == 200
        await add_queue(boss, skill_tt="1")
        page = (await boss.get("/admin/queue?queue=tatar")).text
        assert f'data-user="{anna}" data-member="yes"' in page
        row = page[page.index(f'data-user="{boris}"') :]
        assert "не хватает навыка" in row[: row.index("</tr>")]
        form = {"queue": "tatar", f"version_{boris}": "0", f"penalty_{boris}": "1", f"member_{boris}": "1"}
        refused = await boss.api("POST", "/admin/queue", form)
        assert (refused.status, refused.json()["error_id"]) == (400, "lacks-skill")


async def test_an_insurer_places_its_own_people_in_its_own_queues(site: Site) -> None:
    """Domain 2.8: neither the fund's people nor the fund's other queues."""
    async with site.services.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    for login, surname, role, extension in (("chief", "Страхова", "supervisor", "801"), ("sp", "Чужой", "sp1", "802")):
        await site.services.staff.create_user(NewUser(login, PASSWORD, surname, "Имя", "07001", (role,), "", extension))
    anna, own = await id_of(site, "101"), await id_of(site, "802")
    async with site.logged_in("boss") as boss, site.logged_in("chief") as chief:
        await add_queue(boss)
        page = (await chief.get("/admin/queue")).text
        assert "Чужой" in page
        assert "Аннина" not in page
        assert (await chief.get("/admin/queue?queue=tatar")).status == 404
        foreign = {f"version_{anna}": "0", f"penalty_{anna}": "1"}
        assert (await chief.api("POST", "/admin/queue", foreign)).status == 400
        mine = {f"version_{own}": "0", f"penalty_{own}": "7", f"member_{own}": "1"}
        assert (await chief.api("POST", "/admin/queue", mine | {"queue": "tatar"})).status == 404
        saved = await chief.api("POST", "/admin/queue", mine)
        assert saved.json() == {"versions": {str(own): 1}}
        assert (await site.services.line_rules.places_of(own, by_role=True))["hotline"] == 7
