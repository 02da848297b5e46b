"""Pages of people over HTTP: search, dossier, merging, the register's import (S000-12…28, S001-043…048, DAY-11, 26)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

from sqlalchemy import select, text

from hotline.journal.tables_person import PersonPhoneRow, PersonRow
from hotline.register.work import Worker
from tests.integration.web.conftest import CALLER, KEY, Answer, Browser, EventStream, Site, card_fields, ended_call


async def person(site: Site, last: str, first: str = "Мария", **more: object) -> int:
    async with site.services.database.begin() as session:
        row = PersonRow(last_name=last, first_name=first, **more)
        session.add(row)
        await session.flush()
        return row.id


async def known(site: Site) -> int:
    """The one insured person of the prepared database."""
    async with site.services.database.begin() as session:
        return (await session.scalars(select(PersonRow.id).where(PersonRow.last_name == "Иванова"))).one()


async def send(browser: Browser, path: str, **form: str) -> Answer:
    return await browser.send("POST", path, form=form)


async def test_search_by_one_field_and_by_fields(site: Site) -> None:
    """S000-13…16, S001-044, S001-047; DAY-01: parts in any order, another keyboard; DAY-29: by POST only."""
    async with site.logged_in() as browser:
        for form in (
            {"q": "мария иванова"},
            {"q": "Bdfyjdf"},
            {"q": "петровна мария"},
            {"last_name": "ив", "birth_date": "1961"},
        ):
            found = await send(browser, "/persons/search", **form)
            assert "Иванова Мария Петровна" in found.text, form
            assert re.search(r'href="/persons/\d+"', found.text)
        assert (await browser.get("/persons/search?q=x")).status in {404, 405}
        doubtful = await send(browser, "/persons/search", q="9912345678901230")
        assert "Контрольная цифра" in doubtful.text
        assert (await send(browser, "/persons/search", q="  ")).status == 400


async def test_a_calling_number_offers_and_never_attaches(site: Site) -> None:
    """Domain 2.9, DAY-11: one match stands in the card and waits for a confirmation; a number of many is flagged."""
    site.ring()
    async with site.logged_in() as browser:
        card = (await browser.get(f"/calls/{KEY}/card")).text
        assert "Из регистра, не подтверждено" in card
        assert 'name="applicant_person_id" value=""' in card
        for number in range(6):
            one = await person(site, f"Общая{number}")
            async with site.services.database.begin() as session:
                session.add(PersonPhoneRow(person_id=one, e164=CALLER, raw=CALLER))
        card = (await browser.get(f"/calls/{KEY}/card")).text
        assert "больше пяти человек" in card
        assert 'name="applicant_person_id" value=""' in card


async def test_open_appeals_first_and_all_by_a_tick(site: Site) -> None:
    """S000-19, S000-20: on the card by a checkbox, in the dossier by a button."""
    one = await known(site)
    async with site.logged_in() as browser:
        numbers = []
        for turn in range(2):
            fields = {
                "type": "2", "topic": f"2.0{turn + 1}", "channel": "K01", "source": "I01", "content": "Вопрос",
                "same_person": "1", "applicant_last_name": "Иванова", "applicant_person_id": str(one),
            }  # fmt: skip
            saved = await browser.send(
                "POST", "/appeals", json=fields, accept="application/json", extra={"Idempotency-Key": f"all-{turn}"}
            )
            numbers.append(saved.json()["number"])
        async with site.services.database.begin() as session:
            await session.execute(text("UPDATE appeal SET phase = 'closed' WHERE number = :n"), {"n": numbers[0]})
        history = (await browser.fragment(f"/persons/history?applicant_person_id={one}&insured_person_id=")).text
        assert 'id="history-all"' in history
        assert history.count("data-closed") == 1
        dossier = (await browser.get(f"/persons/{one}")).text
        assert numbers[0] not in dossier
        assert numbers[1] in dossier
        assert numbers[0] in (await browser.get(f"/persons/{one}?all=1")).text


async def test_a_call_leads_to_its_citizen(site: Site) -> None:
    """S002-23: one is opened, several are listed; no number stands in an address."""
    one = await known(site)
    call = site.ring()
    await site.services.calls.record(call)
    async with site.logged_in() as browser:
        assert f'href="/calls/{KEY}/person"' in (await browser.get("/calls")).text
        assert (await browser.get(f"/calls/{KEY}/person")).headers["Location"] == f"/persons/{one}"
        other = await person(site, "Соседкина")
        async with site.services.database.begin() as session:
            session.add(PersonPhoneRow(person_id=other, e164=CALLER, raw=CALLER))
        several = (await browser.get(f"/calls/{KEY}/person")).text
        assert "Соседкина" in several
        assert "Иванова" in several
        assert (await browser.get("/calls/pbx1-1.1/person")).status == 404


async def test_the_card_searches_for_the_insured_person_too(site: Site) -> None:
    """S000-26…S000-28: «ЗЛ совпадает с заявителем», else a search of his own, and the kinship."""
    async with site.logged_in() as browser:
        card = (await browser.get("/appeals/new")).text
    assert 'data-person-search-role-value="insured"' in card
    assert 'name="same_person"' in card
    assert 'name="kinship"' in card


async def test_a_dossier_starts_a_new_appeal_for_its_person(site: Site) -> None:
    """S000-23."""
    one = await known(site)
    async with site.logged_in() as browser:
        assert f'href="/appeals/new?person={one}"' in (await browser.get(f"/persons/{one}")).text
        card = (await browser.get(f"/appeals/new?person={one}")).text
        assert "data-person-search-attach-value" in card
        assert (await browser.get("/appeals/new?person=abc")).status == 404


async def test_a_dossier_is_edited_and_two_editors_lose_nothing(site: Site) -> None:
    """S002-23, DAY-26; domain 2.7: a stale version is answered field by field."""
    one = await known(site)
    other = await person(site, "Сидорова", enp="9912345678901239")
    async with site.logged_in("admin") as browser:
        page = (await browser.get(f"/persons/{one}/edit")).text
        assert "Досье Иванова Мария Петровна: изменение" in page
        fields = {
            "version": "1",
            "last_name": "Иванова",
            "first_name": "Марина",
            "birth_date": "04.05.1961",
            "sex": "f",
        }
        saved = await browser.api("POST", f"/persons/{one}", fields)
        assert (saved.status, saved.json()["url"]) == (200, f"/persons/{one}")
        stale = await browser.api("POST", f"/persons/{one}", fields | {"first_name": "Мария"})
        assert (stale.status, stale.json()["error_id"]) == (409, "stale-person")
        assert stale.json()["details"]["fields"]["first_name"] == ["Мария", "Марина"]
        bad = await browser.api(
            "POST",
            f"/persons/{one}",
            fields | {"version": "2", "enp": "1", "birth_date": "31.02.1990", "last_name": " "},
        )
        assert set(bad.json()["details"]) == {"enp", "birth_date", "last_name"}
        taken = await browser.api("POST", f"/persons/{one}", fields | {"version": "2", "enp": "9912345678901239"})
        assert (taken.json()["error_id"], taken.json()["details"]["person_id"]) == ("same-enp", other)
        shown = (await browser.get(f"/persons/{one}")).text
        assert "Иванова Марина" in shown
        assert "Имя" in shown  # named in the history, without its contents
    async with site.logged_in() as operator:
        assert (await operator.get(f"/persons/{one}")).status == 200
        assert (await operator.get(f"/persons/{one}/edit")).status == 403
        assert (await send(operator, f"/persons/{one}", **fields)).status == 403


async def test_a_wrong_number_finds_nobody_any_more(site: Site) -> None:
    """S001-098, domain 2.2 PersonPhone."""
    one = await known(site)
    async with site.logged_in("admin") as browser:
        added = await send(browser, f"/persons/{one}/phones", phone="8 928 555-44-33")
        assert added.status == 303
        assert (await send(browser, f"/persons/{one}/phones", phone="сосед")).status == 400
        page = (await browser.get(f"/persons/{one}")).text
        assert "+7" in page
        async with site.services.database.begin() as session:
            phone = (
                await session.scalars(select(PersonPhoneRow.id).where(PersonPhoneRow.e164 == "+79285554433"))
            ).one()
        assert [row.id for row in await site.services.persons.by_phone("+79285554433")] == [one]
        assert (await send(browser, f"/persons/{one}/phones/{phone}", wrong="1")).status == 303
        assert await site.services.persons.by_phone("+79285554433") == ()
        assert "неверный номер" in (await browser.get(f"/persons/{one}")).text
        assert (await send(browser, f"/persons/{one + 99}/phones/{phone}", wrong="1")).status == 404


@asynccontextmanager
async def watching(browser: Browser, person_id: int) -> AsyncIterator[EventStream]:
    """Have a dossier open, as its page has: the server has answered that it tells what is new."""
    async with browser.events() as events:
        await events.next("snapshot")
        await events.say(f'{{"type": "watch", "data": {{"person": {person_id}}}}}')
        assert (await events.next("person.watched"))["id"] == person_id
        yield events


async def test_an_open_dossier_learns_at_once_what_is_new(site: Site) -> None:
    """S002-23: a call, an appeal, a telephone, each told to who has that dossier open; to nobody else."""
    caller = await known(site)
    applicant, edited, nobody = [await person(site, name) for name in ("Первая", "Вторая", "Третья")]
    async with site.logged_in("admin") as browser, site.logged_in("boss") as boss, boss.events() as elsewhere:
        await elsewhere.next("snapshot")
        async with watching(browser, caller) as events:
            await site.services.calls.record(ended_call())
            assert await events.next("person.changed") == {"id": caller}
        async with watching(browser, applicant) as events:
            form = card_fields(applicant_person_id=str(applicant))
            await browser.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="live")
            assert await events.next("person.changed") == {"id": applicant}
        async with watching(browser, edited) as events:
            await send(browser, f"/persons/{edited}/phones", phone="+79280005566")
            assert await events.next("person.changed") == {"id": edited}
            await events.say('{"type": "watch", "data": {"person": null}}')
            await events.say(f'{{"type": "watch", "data": {{"person": {nobody}}}}}')
            assert (await events.next("person.watched"))["id"] == nobody
            await send(browser, f"/persons/{nobody}/phones", phone="+79280005577")
            assert await events.next("person.changed") == {"id": nobody}
        await elsewhere.say('{"type":"ping"}')
        assert await elsewhere.next("pong", "person.changed") == {}


async def test_merging_moves_everything_and_undo_gives_it_back(site: Site) -> None:
    """DAY-26: preview field by field, appeals, telephones and calls follow, the old address leads on, undo."""
    kept = await known(site)
    twin = await person(
        site, "Иванова", patronymic="Петровна", birth_date=date(1961, 5, 4), snils="11223344595", address="ул. Мира, 1"
    )
    async with site.services.database.begin() as session:
        session.add(PersonPhoneRow(person_id=twin, e164="+79280009988", raw=""))
    async with site.logged_in("admin") as browser:
        fields = {
            "type": "2", "topic": "2.01", "channel": "K01", "source": "I01", "content": "Вопрос о полисе",
            "applicant_last_name": "Иванова", "applicant_person_id": str(twin), "same_person": "1",
        }  # fmt: skip
        saved = await browser.send(
            "POST", "/appeals", json=fields, accept="application/json", extra={"Idempotency-Key": "merge-1"}
        )
        assert saved.status == 200, saved.text
        number = saved.json()["number"]
        assert f'href="/persons/{twin}"' in (await browser.get(f"/appeals/{saved.json()['id']}")).text
        assert "те же ФИО и дата рождения" in (await browser.get(f"/persons/{kept}")).text

        preview = (await browser.get(f"/persons/{kept}/merge?with={twin}")).text
        assert "перейдёт 1 обращение" in preview
        form = {
            "with": str(twin),
            "version": "1",
            "other_version": "1",
            "choose_address": "gone",
            "choose_snils": "gone",
        }
        stale = await send(browser, f"/persons/{kept}/merge", **(form | {"other_version": "9"}))
        assert stale.status == 409
        merged = await send(browser, f"/persons/{kept}/merge", **form)
        assert merged.headers["Location"] == f"/persons/{kept}?merged=1"
        page = (await browser.get(f"/persons/{kept}")).text
        for shown in (number, "ул. Мира, 1", "11223344595", "Отменить объединение"):
            assert shown in page
        assert (await browser.get(f"/persons/{twin}")).headers["Location"] == f"/persons/{kept}?merged=1"
        assert [row.id for row in await site.services.persons.by_phone("+79280009988")] == [kept]
        assert (await send(browser, f"/persons/{kept}/merge", **form)).status == 409

        # A correction after the merge is not lost by undoing it.
        async with site.services.database.begin() as session:
            await session.execute(text("UPDATE person SET address = 'ул. Новая, 2' WHERE id = :id"), {"id": kept})
        merge_id = re.search(r"/persons/merges/(\d+)/undo", page)
        assert merge_id
        undone = await send(browser, f"/persons/merges/{merge_id[1]}/undo")
        assert undone.headers["Location"] == f"/persons/{kept}"
        back = (await browser.get(f"/persons/{twin}")).text
        for shown in (number, "ул. Мира, 1", "11223344595"):
            assert shown in back
        mine = (await browser.get(f"/persons/{kept}?all=1")).text
        assert number not in mine
        assert "ул. Новая, 2" in mine
        assert "11223344595" not in mine
        assert (await send(browser, f"/persons/merges/{merge_id[1]}/undo")).status == 409
    async with site.logged_in() as operator:
        assert (await operator.get(f"/persons/{kept}/merge?with={twin}")).status == 403


async def test_a_chain_of_merges_is_undone_from_its_end(site: Site) -> None:
    """DAY-26: what was merged further cannot be pulled out of the middle; a card names the one who lives."""
    admin = await site.services.staff.by_extension("301")
    one, two, three = [await person(site, "Цепочкина", enp=f"77{n:014}") for n in range(3)]
    async with site.logged_in("admin") as browser:
        for kept, gone, version in ((two, one, 1), (three, two, 1)):
            form = {"with": str(gone), "version": str(version), "other_version": "1" if gone == one else "2"}
            assert (await send(browser, f"/persons/{kept}/merge", **form)).status == 303
        assert (await browser.get(f"/persons/{one}")).headers["Location"] == f"/persons/{three}?merged=1"
        async with site.services.database.begin() as session:
            first, second = (await session.scalars(text("SELECT id FROM person_merge ORDER BY id"))).all()
        refused = await send(browser, f"/persons/merges/{first}/undo")
        assert refused.status == 409
        assert (await send(browser, f"/persons/merges/{second}/undo")).status == 303
        assert (await send(browser, f"/persons/merges/{first}/undo")).status == 303
        assert (
            await send(browser, f"/persons/{one}/merge", **{"with": str(one), "version": "1", "other_version": "1"})
        ).status == 400
    assert admin is not None


async def test_the_register_is_uploaded_checked_imported_and_reported(site: Site) -> None:
    """Issue 4: upload in pieces, preview with guessed columns, progress, rejected rows as a table, cancel."""
    content = "Фамилия;Имя;Дата рождения;ЕНП\nИМПОРТОВА;АННА;01.02.1990;7700000000000018\n;БЕЗ;01.01.1990;\n".encode(
        "cp1251"
    )
    async with site.logged_in("admin") as browser:
        assert "Загрузок ещё не было" in (await browser.get("/admin/register")).text
        begun = await browser.api("POST", "/api/register/uploads", {"name": "реестр.csv", "size": len(content)})
        path = f"/api/register/uploads/{begun.json()['id']}"
        for offset, piece in ((0, content[:30]), (30, content[30:])):
            async with browser.http.put(
                f"{path}?offset={offset}", data=piece, headers={"Origin": site.url, "X-CSRF-Token": browser.csrf}
            ) as answer:
                assert answer.status == 200, await answer.text()
        url = (await browser.api("POST", f"{path}/finish", {})).json()["url"]
        preview = (await browser.get(url)).text
        assert '<option value="enp" selected>' in preview
        assert "ИМПОРТОВА" in preview
        garbled = (await browser.get(f"{url}?encoding=cp866")).text
        assert "ИМПОРТОВА" not in garbled
        await browser.get(f"{url}?encoding=cp1251")
        columns = {f"column_{n}": one for n, one in enumerate(("last_name", "first_name", "birth_date", "enp"))}
        wrong = await send(browser, f"{url}/start", **(columns | {"column_0": ""}))
        assert wrong.status == 400
        assert (await send(browser, f"{url}/start", **columns)).status == 303
        assert "Ожидает" in (await browser.get(url)).text
        await Worker(site.services.database, site.clock, site.services.settings.zone).run()
        done = (await browser.get(url)).text
        assert "Готово" in done
        assert "нет фамилии" in done
        report = await browser.get(f"{url}/rejected")
        assert report.headers["Content-Type"].startswith("text/csv")
        assert "3;Фамилия;нет фамилии;нет" in report.text
        assert "Импортова Анна" in (await send(browser, "/persons/search", q="импортова")).text
        assert (await send(browser, f"{url}/cancel")).status == 409
    async with site.logged_in() as operator:
        assert (await operator.get("/admin/register")).status == 403
