"""Administration of people, roles, organisations, and the audit trail (S000-01, domain 2.7, 2.8, 2.11, 3.4, DAY-30)."""

from __future__ import annotations

import csv
import re

import pytest
from sqlalchemy import text

from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from tests.integration.web.conftest import PASSWORD, Answer, Browser, Site, card_fields

SECRET = re.compile(r'admin-password-text">([^<]+)<')


async def version(browser: Browser, path: str) -> str:
    """The version that a page's form carries."""
    found = re.search(r'name="version" value="(\d+)"', (await browser.get(path)).text)
    assert found, path
    return found[1]


async def id_of(site: Site, login: str) -> int:
    async with site.services.database.begin() as session:
        return int(
            (await session.execute(text("SELECT id FROM staff_user WHERE login = :l"), {"l": login})).scalar_one()
        )


def person(**changes: str) -> dict[str, str]:
    fields = {"login": "new.one", "last_name": "Новая", "first_name": "Нина", "patronymic": "Львовна",
              "organisation_id": "1", "extension": "150", "role_op1": "1"}  # fmt: skip
    return fields | changes


async def post(browser: Browser, path: str, form: dict[str, str]) -> Answer:
    return await browser.send("POST", path, form=form)


async def guess(stranger: Browser, password: str) -> None:
    await stranger.send("POST", "/login", json={"login": "anna", "password": password}, accept="application/json")


async def test_an_account_from_making_to_the_first_own_password(site: Site) -> None:
    """S000-01: made with a temporary password that opens nothing but the choice of one's own."""
    async with site.logged_in("admin") as admin:
        made = await post(admin, "/admin/people", person())
        assert made.status == 200
        password = SECRET.findall(made.text)[0]
        person_id = await id_of(site, "new.one")
        assert password not in (await admin.get(f"/admin/people/{person_id}")).text
    async with site.visit() as browser:
        await browser.log_in("new.one", password)
        asked = await browser.get("/journal")
        assert (asked.status, asked.headers["Location"]) == (303, "/password")
        refused = await browser.api("POST", "/api/operator/ready")
        assert (refused.status, refused.json()["error_id"]) == (403, "password-temporary")
        for wrong in ({"again": "another long one"}, {"password": "short", "again": "short"}, {"old": "wrong"}):
            fields = {"old": password, "password": "a sentence of my own", "again": "a sentence of my own"} | wrong
            assert (await post(browser, "/password", fields)).status == 400
        fields = {"old": password, "password": "a sentence of my own", "again": "a sentence of my own"}
        assert (await post(browser, "/password", fields)).status == 303
        assert (await browser.get("/journal")).status == 200


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        pytest.param({"last_name": " "}, 400, "Обязательное поле|должно быть заполнено|заполн", id="empty name"),
        pytest.param({"login": "Ёж!"}, 400, "только буквы a-z", id="strange login"),
        pytest.param({"role_op1": ""}, 400, "выберите хотя бы одну", id="no role"),
        pytest.param({"role_op1": "", "role_king": "1"}, 400, "список|списке", id="unknown role"),
        pytest.param({"extension": "10A"}, 400, "от 2 до 8 цифр", id="letters in the number"),
        pytest.param({"organisation_id": "999"}, 400, "список|списке", id="unknown organisation"),
        pytest.param({"extension": "101"}, 409, "внутренний номер уже есть", id="number taken"),
        pytest.param({"login": "anna"}, 409, "логин уже есть", id="login taken"),
    ],
)
async def test_a_wrong_field_is_named_beside_it_and_nothing_typed_is_lost(
    site: Site, changes: dict[str, str], status: int, words: str
) -> None:
    async with site.logged_in("admin") as admin:
        answer = await post(admin, "/admin/people", person(**changes))
    assert answer.status == status
    assert re.search(words, answer.text), answer.text
    assert "Львовна" in answer.text


async def test_of_two_administrators_the_second_is_told(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        path = f"/admin/people/{await id_of(site, 'anna')}"
        form = person(login="anna", extension="101", version=await version(admin, path))
        assert (await post(admin, path, form | {"patronymic": "Первая"})).status == 303
        late = await post(admin, path, form | {"patronymic": "Вторая"})
        assert late.status == 409
        assert "Вторая" in late.text
        page = (await admin.get(path)).text
        assert "Первая" in page
        # The history leads back: the undo form carries what was there before.
        undo = re.search(r'name="patronymic" value=""', page[page.index("admin-history") :])
        assert undo, "no way back to what was before"


async def test_a_switched_off_account_is_out_at_once_and_its_appeals_go_over(site: Site) -> None:
    """Domain 2.2: accounts are switched off, never deleted; open appeals go to a colleague."""
    async with site.logged_in("anna") as anna, site.logged_in("admin") as admin:
        saved = await anna.send("POST", "/appeals", form=card_fields(), accept="application/json", Idempotency_Key="k")
        appeal_id = saved.json()["id"]
        anna_id, boris_id = await id_of(site, "anna"), await id_of(site, "boris")
        path = f"/admin/people/{anna_id}"
        assert "За сотрудником числится 1 открытое обращение" in (await admin.get(path)).text
        answer = await post(admin, f"{path}/off", {"version": await version(admin, path), "successor": str(boris_id)})
        assert answer.status == 303
        assert (await anna.api("POST", "/api/operator/ready")).status == 401
    async with site.visit() as again:
        refused = await again.send(
            "POST", "/login", json={"login": "anna", "password": PASSWORD}, accept="application/json"
        )
        assert refused.status == 401
    async with site.logged_in("boris") as boris:
        assert (await boris.get(f"/appeals/{appeal_id}")).status == 200
    async with site.services.database.begin() as session:
        waits = await session.execute(
            text("SELECT owner_id, forwarded_to_id FROM appeal WHERE id = :id"), {"id": appeal_id}
        )
        assert boris_id in waits.one()


async def test_the_last_administrator_stays(site: Site) -> None:
    """S000-01: neither a role, nor an account, nor the rights of a role can take the last administrator away."""
    async with site.logged_in("admin") as admin:
        admin_id = await id_of(site, "admin")
        path = f"/admin/people/{admin_id}"
        own = person(login="admin", extension="", role_op1="", role_quality="1", version=await version(admin, path))
        taken = await post(admin, path, own)
        off = await post(admin, f"{path}/off", {"version": await version(admin, path)})
        rights = await post(
            admin,
            "/admin/roles/admin",
            {"version": await version(admin, "/admin/roles/admin"), "right_audit.view": "allow"},
        )
        async with site.services.database.begin() as session:
            await session.execute(text("DELETE FROM staff_role_right WHERE role_code = 'sysadmin'"))
        still = await admin.get("/admin/people")
    assert (taken.status, off.status, rights.status, still.status) == (409, 409, 409, 200)
    assert "Не останется никого" in taken.text


async def test_a_changed_right_is_previewed_holds_at_once_and_survives_a_profile(site: Site) -> None:
    """Domain 2.11: deny wins; the preview names who is touched and changes nothing."""
    async with site.logged_in("admin") as admin, site.logged_in("anna") as anna:
        path = "/admin/roles/op1"
        page = (await admin.get(path)).text
        chosen = dict(re.findall(r'name="(right_[^"]+)".*?<option value="([^"]*)" selected', page))
        form = {**chosen, "right_call.make": "deny", "version": await version(admin, path)}
        shown = await post(admin, f"{path}/preview", form)
        assert "Аннина И." in shown.text
        assert "звонить" in shown.text
        assert (await anna.api("POST", "/api/dial", {"number": "+79280000000"})).status == 200
        assert (await post(admin, path, form)).status == 303
        refused = await anna.api("POST", "/api/dial", {"number": "+79280000000"})
        assert (refused.status, refused.json()["error_id"]) == (403, "no-right")
        assert (await post(admin, path, form)).status == 409


async def test_an_insurers_administrator_has_only_his_own_people(site: Site) -> None:
    """Domain 2.8: ADM (СМО) own СМО; forged ids of others are answered as ids that nobody has."""
    async with site.services.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО-1"))
    await site.services.staff.create_user(NewUser("smo.adm", PASSWORD, "Страховой", "Админ", "07001", ("admin",)))
    async with site.logged_in("smo.adm") as browser:
        page = (await browser.get("/admin/people?state=all")).text
        assert "Страховой" in page
        assert "Аннина" not in page
        foreign, unknown = await id_of(site, "anna"), 999_999
        answers = []
        for person_id in (foreign, unknown):
            for verb in ("", "/off", "/password", "/unlock", "/sessions/1/end"):
                answer = await browser.send(
                    "POST", f"/admin/people/{person_id}{verb}", form=person(version="1"), accept="application/json"
                )
                answers.append((answer.status, answer.json()["error_id"]))
            answers.append(((await browser.get(f"/admin/people/{person_id}")).status, ""))
        assert answers[:6] == answers[6:]
        assert {status for status, _ in answers} == {404}
        made = await post(browser, "/admin/people", person(organisation_id="1"))
        assert made.status == 400
        role = await post(browser, "/admin/roles/op1", {"version": "1", "right_call.take": "allow"})
        assert role.status == 403
        assert "Аннина" not in (await browser.get("/admin/audit")).text


async def test_organisations_stand_in_a_tree_without_circles(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        fields = {"code": "07002", "kind": "smo", "name": "СМО два", "short_name": "СМО-2", "parent_id": "1",
                  "is_own_region": "1", "active": "1"}  # fmt: skip
        made = await admin.send("POST", "/admin/organisations", form=fields, accept="application/json")
        path = f"/admin/organisations/{made.json()['id']}"
        assert "admin-depth-1" in (await admin.get("/admin/organisations")).text
        taken = await post(admin, "/admin/organisations", fields)
        circle = await post(
            admin, "/admin/organisations/1",
            {"code": "07", "kind": "tfoms", "name": "Фонд", "short_name": "ТФОМС", "active": "1",
             "parent_id": path.rsplit("/", 1)[1], "version": await version(admin, "/admin/organisations/1")},
        )  # fmt: skip
        closed = await post(
            admin, "/admin/organisations/1",
            {"code": "07", "kind": "tfoms", "name": "Фонд", "short_name": "ТФОМС",
             "version": await version(admin, "/admin/organisations/1")},
        )  # fmt: skip
    assert (taken.status, circle.status, closed.status) == (409, 400, 409)
    assert "само входит" in circle.text


async def test_the_trail_names_who_did_what_and_notes_its_own_reading(site: Site) -> None:
    """Domain 3.4, DAY-29, DAY-30: log-ins, refusals, looks, changes and exports; never what was searched or typed."""
    async with site.logged_in("anna") as anna:
        await post(anna, "/persons/search", {"q": "Иванова"})
        assert (await anna.get("/admin/people")).status == 403
    async with site.visit() as stranger:
        await stranger.send(
            "POST", "/login", json={"login": "anna", "password": "wrong password"}, accept="application/json"
        )
    async with site.logged_in("admin") as admin:
        page = (await admin.get("/admin/audit?login=anna")).text
        for words in ("поиск", "нет права", "отказ во входе", "127.0.0.1", "GET /admin/people"):
            assert words in page, words
        assert "Иванова" not in page
        assert "wrong password" not in page
        found = await admin.get("/admin/audit?login=anna&action=search&format=csv")
        lines = list(csv.reader(found.body.decode("utf-8-sig").splitlines(), delimiter=";"))
        assert [line[4] for line in lines[1:]] == ["search"]
        own = (await admin.get("/admin/audit?entity=audit")).text
        assert own.count("выгрузка") >= 1
        assert (await admin.get("/admin/audit?since=yesterday")).status == 400
        assert (await admin.get("/admin/audit?after=x")).status == 400


async def test_the_trail_is_paged_by_keys(site: Site) -> None:
    async with site.services.database.begin() as session:
        await session.execute(
            text("INSERT INTO audit_event (at, action, entity, entity_id) "
                 "SELECT now() - n * interval '1 second', 'view', 'test', n::text FROM generate_series(1, 150) n")
        )  # fmt: skip
    async with site.logged_in("admin") as admin:
        seen: list[str] = []
        path = "/admin/audit?entity=test"
        while path:
            page = (await admin.get(path)).text
            seen += re.findall(r'admin-id">(\d+)<', page)
            older = re.search(r'href="(/admin/audit\?[^"]*after=\d+)"', page)
            path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(n) for n in range(1, 151)]


async def test_sessions_are_seen_and_ended_and_locks_forgiven(site: Site) -> None:
    async with site.logged_in("anna", **{"User-Agent": "Браузер Анны".encode().decode("latin-1")}) as anna:
        async with site.visit() as stranger:
            for _ in range(5):
                await guess(stranger, "no")
        async with site.logged_in("admin") as admin:
            path = f"/admin/people/{await id_of(site, 'anna')}"
            page = (await admin.get(path)).text
            assert "заблокирован" in page
            assert (await post(admin, f"{path}/unlock", {})).status == 303
            assert "заблокирован" not in (await admin.get(path)).text
            session = re.search(rf'action="({path}/sessions/\d+/end)"', page)
            assert session
            assert (await post(admin, session[1], {})).status == 303
        assert (await anna.api("POST", "/api/operator/ready")).status == 401


async def test_a_place_in_the_queue_changes_under_who_is_at_work(site: Site) -> None:
    """Domain 2.11 queue.manage: the running queue has it at once, and the next shift begins with it."""
    async with site.logged_in("anna") as anna, site.logged_in("boss") as boss:
        assert (await anna.api("POST", "/api/operator/start", {"microphone": True})).status == 200
        path = f"/admin/queue/{await id_of(site, 'anna')}"
        for penalty in ("101", "-1", "first", ""):
            wrong = await boss.send("POST", path, form={"member": "1", "penalty": penalty, "version": "0"})
            assert wrong.status == 400, penalty
        site.queue.asked.clear()
        form = {"member": "1", "penalty": "7", "version": "0"}
        assert (await post(boss, path, form)).status == 303
        assert site.queue.asked == ["remove 101 from hotline", "add 101 to hotline", "unpause 101"]
        operator = site.services.desk.at_extension("101")
        assert operator is not None
        assert operator.penalty == 7
        assert (await post(boss, path, form)).status == 409
        assert (await post(boss, path, {"penalty": "0", "version": "1"})).status == 303
        assert site.queue.asked[-1] == "remove 101 from hotline"
        await anna.api("POST", "/api/operator/stop")
        site.queue.asked.clear()
        await anna.api("POST", "/api/operator/start", {"microphone": True})
        assert site.queue.asked == []
        assert (await post(boss, "/admin/queue/999999", form)).status == 404


async def test_masked_data_never_reach_the_page_until_they_are_asked_for_with_a_reason(site: Site) -> None:
    """Domain 3.4, DAY-27: a supervisor sees tails; one look at everything is given with a reason, and written down."""
    secrets = ("+79280001122", "79280001122", "ул. Тайная, 7")
    async with site.logged_in("anna") as anna, site.logged_in("boss") as boss:
        form = card_fields(applicant_address="ул. Тайная, 7")
        saved = await anna.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="m")
        path = f"/appeals/{saved.json()['id']}"
        whole = (await anna.get(path)).text
        assert all(secret in whole for secret in secrets[1:])
        masked = (await boss.get(path)).text
        assert not any(secret in masked for secret in secrets)
        assert "Номера и адреса скрыты" in masked
        assert "79280001122" not in (await boss.get("/journal")).text
        found = await post(boss, "/persons/search", {"q": "Иванова"})
        assert "79280001122" not in found.text
        assert "Прежде чем что-то сообщать" in (await post(anna, "/persons/search", {"q": "Иванова"})).text
        without = await boss.send("POST", f"{path}/unmask", form={"reason": " "}, accept="application/json")
        assert (without.status, without.json()["error_id"]) == (400, "unmask-reason-required")
        shown = await post(boss, f"{path}/unmask", {"reason": "жалоба 17"})
        assert all(secret in shown.text for secret in secrets[1:])
        assert "79280001122" not in (await boss.get(path)).text
        dossier = re.search(r"/persons/\d+", found.text)
        assert dossier
        assert "79280001122" not in (await boss.get(dossier[0])).text
        assert (await post(boss, "/persons/999999/unmask", {"reason": "нет такого"})).status == 404
        assert (await post(boss, f"{dossier[0]}/unmask", {"reason": "обратный звонок"})).status == 200
    async with site.logged_in("admin") as admin:
        trail = (await admin.get("/admin/audit?login=boss&action=unmask")).text
    assert "жалоба 17" in trail
    assert "обратный звонок" in trail
