"""The journal, the calls and the directory with something in them, and what they say when there is nothing."""

from __future__ import annotations

import re
from io import BytesIO

from openpyxl import load_workbook
from sqlalchemy import select

from hotline.staff.tables import AuditEventRow
from tests.integration.web.conftest import KEY, Browser, Site, card_fields, ended_call


async def register(site: Site, login: str = "anna", **changes: str) -> str:
    """Register an appeal; return its address."""
    async with site.logged_in(login) as browser:
        answer = await browser.send(
            "POST", "/appeals", form=card_fields(**changes), Idempotency_Key=f"key-{login}-{changes}"
        )
        assert answer.status == 303, answer.text
        return answer.headers["Location"]


async def test_lists_say_that_they_are_empty(site: Site) -> None:
    async with site.logged_in() as browser:
        assert "Здесь нет обращений" in (await browser.fragment("/journal")).text
        assert "Звонков ещё не было" in (await browser.fragment("/calls")).text
        assert "Никто не найден" in (await browser.fragment("/directory?q=ыыы")).text
        assert "Ничего не найдено" in (await browser.fragment("/journal?q=Ыыы")).text


async def test_a_registered_appeal_is_in_the_journal_and_has_a_page(site: Site) -> None:
    address = await register(site)
    async with site.logged_in() as browser:
        journal = (await browser.get("/journal")).text
        page = await browser.get(address)
    assert f'href="{address}"' in journal
    assert "В срок" in journal
    assert "Иванова Мария" in journal
    assert page.status == 200
    for shown in ("07-20112026-00001", "Как получить полис?", "зарегистрировано", "+7 928 000-11-22", "В работе"):
        assert shown in page.text


async def test_what_people_type_is_shown_as_text(site: Site) -> None:
    evil = "<script>alert(1)</script>"
    address = await register(site, content=evil, applicant_last_name="<b>Иванова</b>")
    async with site.logged_in() as browser:
        texts = [(await browser.get(path)).text for path in (address, "/journal", "/journal?q=%3Cscript%3E")]
    for text in texts:
        assert evil not in text
        assert "<b>Иванова" not in text
    assert "&lt;script&gt;" in texts[0]


async def test_the_journal_is_paged_by_key(site: Site) -> None:
    async with site.logged_in() as browser:
        for number in range(52):
            await browser.send("POST", "/appeals", form=card_fields(), Idempotency_Key=str(number))
        first = (await browser.fragment("/journal")).text
        after = re.search(r'rel="next" href="([^"]+)"', first)
        assert after is not None
        second = (await browser.fragment(after[1].replace("&amp;", "&"))).text
    rows = [re.findall(r'class="row-link" href="/appeals/(\d+)"', text) for text in (first, second)]
    assert len(rows[0]) == 50
    assert len(rows[1]) == 2
    assert not set(rows[0]) & set(rows[1])
    assert "rel=" not in second
    assert "К началу списка" in second


async def test_calls_as_json_for_programs(site: Site) -> None:
    await site.services.calls.record(ended_call(recorded=True))
    async with site.logged_in() as browser:
        found = (await browser.get("/calls", Accept="application/json")).json()
        page = await browser.get("/calls", Accept="text/html")
    assert found["after"] is None
    assert [(call["key"], call["outcome"], call["recorded"]) for call in found["calls"]] == [(KEY, "answered", True)]
    assert found["calls"][0]["started_at"].endswith("Z")
    assert found["calls"][0]["talk_s"] > 0
    assert page.text.lstrip().startswith("<!doctype html>")


async def test_calls_show_outcome_waiting_and_talk(site: Site) -> None:
    await site.services.calls.record(ended_call(recorded=True))
    async with site.logged_in() as browser:
        text = (await browser.get("/calls")).text
    for shown in ("Входящий звонок", "+7 928 000-11-22", "Отвечен", "0:20", "2:00", f'href="/recordings/{KEY}/player"'):
        assert shown in text


async def test_an_operator_does_not_see_calls_of_others(site: Site) -> None:
    """A supervisor sees them all, of the citizens' numbers the last digits (domain 3.4)."""
    await site.services.calls.record(ended_call("102"))
    async with site.logged_in("anna") as anna, site.logged_in("boss") as boss:
        assert KEY not in (await anna.get("/calls")).text
        theirs = (await boss.get("/calls")).text
        assert "••••1122" in theirs
        assert "928 000-11-22" not in theirs
        assert f"/calls/{KEY}/card" not in theirs  # a supervisor fills no cards, so no link leads to a refusal


async def test_the_directory_shows_presence_and_buttons(site: Site) -> None:
    async with site.logged_in("boris") as boris, site.logged_in("anna") as anna:
        await boris.api("POST", "/api/operator/start", {"microphone": True})
        text = (await anna.fragment("/directory?q=Борисов")).text
    assert 'data-presence="102" data-state="ready"' in text
    assert "Свободен" in text
    assert 'data-directory-number-param="102"' in text


async def search(browser: Browser, typed: str) -> str:
    answer = await browser.send("POST", "/search", form={"q": typed}, HX_Request="true")
    assert answer.status == 200, answer.text
    return answer.text


async def test_one_field_finds_appeals_people_calls_and_colleagues(site: Site) -> None:
    """S001-035, DAY-01, DAY-29: in groups, by POST."""
    address = await register(site, content="Потеряла полисы, <i>что</i> делать?")
    await site.services.calls.record(ended_call())
    async with site.logged_in() as browser:
        by_word, by_name = await search(browser, "полиса"), await search(browser, "Иванова Мария")
        by_phone, by_colleague = await search(browser, "8 928 000-11-22"), await search(browser, "борисов")
        nothing, short = await search(browser, "ыыыыы"), await search(browser, " ")
    assert f'data-url="{address}"' in by_word
    assert "<mark>полисы</mark>" in by_word
    assert "<i>" not in by_word
    assert "Иванова Мария Петровна" in by_name
    assert f'data-url="{address}"' in by_name
    assert f'data-url="/calls/{KEY}/card"' in by_phone
    assert 'data-dial="102"' in by_colleague
    assert "Ничего не найдено" in nothing
    assert "год рождения" in nothing  # says what to try
    assert "Введите номер" in short


async def test_the_search_keeps_to_the_readers_rights(site: Site) -> None:
    """Domain 2.8: an operator finds his own calls only, the administrator everybody's."""
    await register(site)
    await site.services.calls.record(ended_call("102"))
    async with site.logged_in("anna") as anna:
        assert 'data-url="/calls/' not in await search(anna, "8 928 000-11-22")
    async with site.logged_in("admin") as admin:
        assert f'data-url="/calls/{KEY}/card"' in await search(admin, "8 928 000-11-22")


async def test_a_list_is_ordered_filtered_and_kept(site: Site) -> None:
    """S000-02…S000-11: order by a heading, kept for the user; filters as chips; lists under names; columns."""
    await register(site, applicant_last_name="Яшина")
    await register(site, applicant_last_name="Абрамова")
    async with site.logged_in() as browser:
        ordered = (await browser.fragment("/journal?folder=all&order=applicant")).text
        again = (await browser.fragment("/journal?folder=all")).text
        turned = (await browser.fragment("/journal?folder=all&order=-applicant")).text
        chips = (await browser.fragment("/journal?folder=all&type=2&due=soon&received_from=2026-11-01")).text
        none = (await browser.fragment("/journal?folder=all&due=overdue")).text
        keep = {"folder": "all", "order": "due", "type": "2", "title": "Мои консультации"}
        kept = await browser.send("POST", "/journal/views", form=keep)
        twice = await browser.send("POST", "/journal/views", form=keep, accept="application/json")
        with_views = (await browser.fragment("/journal?folder=all")).text
        view_id = re.search(r"/journal/views/(\d+)/delete", with_views)
        assert view_id is not None
        columns = await browser.send("POST", "/journal/columns", form={"folder": "all", "column_channel": "1"})
        narrow = (await browser.fragment("/journal?folder=all")).text
        async with site.logged_in("boris") as boris:
            stolen = await boris.send("POST", f"/journal/views/{view_id[1]}/delete", form={}, accept="application/json")
            assert "Мои консультации" not in (await boris.fragment("/journal")).text
        gone = await browser.send("POST", f"/journal/views/{view_id[1]}/delete", form={})
        last = (await browser.fragment("/journal?folder=all")).text
    assert ordered.index("Абрамова") < ordered.index("Яшина")
    assert again.index("Абрамова") < again.index("Яшина")
    assert 'aria-sort="ascending"' in again
    assert turned.index("Яшина") < turned.index("Абрамова")
    assert chips.count('class="list-chip"') == 3
    assert "Консультация" in chips
    assert "Ничего не найдено" in none
    assert (kept.status, twice.status, twice.json()["error_id"]) == (303, 409, "view-exists")
    assert kept.headers["Location"] == "/journal?folder=all&order=due&type=2"
    assert "Мои консультации" in with_views
    assert columns.status == 303
    assert 'class="col-channel"' in narrow
    assert 'class="col-owner"' not in narrow
    assert (stolen.status, gone.status) == (404, 303)
    assert "Мои консультации" not in last


async def test_a_forgotten_list_is_kept_again_by_one_button(site: Site) -> None:
    """S000-03: the answer itself offers the way back; a list's name, perhaps a citizen's, is in no address."""
    keep = {"folder": "all", "order": "due", "type": "2", "title": "Иванова М. П."}
    async with site.logged_in() as browser:
        await browser.send("POST", "/journal/views", form=keep)
        page = (await browser.fragment("/journal?folder=all")).text
        path = re.search(r"/journal/views/\d+/delete", page)
        assert path is not None
        gone = await browser.send("POST", path[0], form={}, HX_Request="true")
        offer = gone.text.split("list-dropped")[1].split("</form>")[0]
        assert gone.headers["HX-Push-Url"] == "/journal?folder=all&order=due&type=2"
        assert path[0] not in gone.text
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', offer))
        back = await browser.send("POST", "/journal/views", form=form)
        again = (await browser.fragment("/journal?folder=all&order=due&type=2")).text
    assert back.headers["Location"] == "/journal?folder=all&order=due&type=2"
    assert ("Иванова М. П." in again, "list-dropped" in again) == (True, False)


async def test_the_search_in_a_list_goes_on_page_by_page_without_an_address(site: Site) -> None:
    """DAY-29."""
    async with site.logged_in() as browser:
        for number in range(52):
            await browser.send("POST", "/appeals", form=card_fields(), Idempotency_Key=str(number))
        first = await browser.send("POST", "/journal", form={"folder": "all", "q": "иванова"}, HX_Request="true")
        after = re.search(r'name="after" value="([^"]+)"', first.text)
        assert after is not None
        form = {"folder": "all", "q": "иванова", "after": after[1]}
        second = await browser.send("POST", "/journal", form=form, HX_Request="true")
    assert [answer.text.count('class="row-link"') for answer in (first, second)] == [50, 2]
    assert "q=" not in first.headers["HX-Push-Url"] + second.headers["HX-Push-Url"]


async def test_ticks_are_for_who_may_act_in_bulk(site: Site) -> None:
    """DAY-38: the column of ticks needs the right appeal.bulk."""
    await register(site)
    async with site.logged_in("anna") as anna, site.logged_in("admin") as admin:
        assert "selection" not in (await anna.fragment("/journal")).text
        assert 'data-selection-target="box"' in (await admin.fragment("/journal")).text


async def test_the_shell_shows_who_works_here(site: Site) -> None:
    """S001-026, S001-027, S001-028: employee, journal and softphone; full name, role, internal number."""
    async with site.logged_in() as browser:
        page = (await browser.get("/")).text
    for shown in ("Аннина Имя", "оператор 1 уровня", "101", 'id="softphone"', "Журнал"):
        assert shown in page


async def test_a_list_is_given_out_as_it_is_filtered(site: Site) -> None:
    """DAY-30, DAY-43, S000-72: right, formulas, Cyrillic, audit with filters and count, no text of the search."""
    await register(site, applicant_last_name="=HYPERLINK(1)")
    address = await register(site, applicant_last_name="Ёлкин")
    form = {"folder": "all", "order": "applicant", "type": "2", "format": "csv"}
    async with site.logged_in("anna") as anna, site.logged_in("admin") as admin:
        refused = await anna.send("POST", "/journal/export", form=form)
        table = await admin.send("POST", "/journal/export", form=form)
        searched = await admin.send("POST", "/journal/export", form={**form, "q": "ёлкин"})
        ticked = await admin.send("POST", "/journal/export", form={**form, "ids": address.rsplit("/", 1)[1]})
        book = await admin.send("POST", "/journal/export", form={**form, "format": "xlsx"})
        wrong = await admin.send("POST", "/journal/export", form={**form, "format": "exe"})
        forged = await admin.send("POST", "/journal/export", form={**form, "ids": "1;DROP"})
    assert (refused.status, wrong.status, forged.status) == (403, 400, 400)
    text = table.body.decode("utf-8-sig")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "'=HYPERLINK(1)" in text
    assert text.count("\r\n") == 3
    assert "Ёлкин Мария" in text
    assert [answer.body.decode("utf-8-sig").count("\r\n") for answer in (searched, ticked)] == [2, 2]
    sheet = load_workbook(BytesIO(book.body)).active
    assert sheet is not None
    assert [cell.value for cell in sheet["A"]][1:] == ["07-20112026-00001", "07-20112026-00002"]
    async with site.services.database.begin() as session:
        trail = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "export"))).all()
    assert [(row.details["rows"], row.details["search"], row.details["complete"]) for row in trail] == [
        (2, False, True), (1, True, True), (1, False, True), (2, False, True),
    ]  # fmt: skip
    assert trail[0].details["filters"] == {"type": "2"}
    assert "лкин" not in str([row.details for row in trail])
