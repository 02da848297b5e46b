"""The journal, the calls and the directory with something in them, and what they say when there is nothing."""

from __future__ import annotations

import re

from tests.integration.web.conftest import KEY, Site, card_fields, ended_call


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
    await site.services.calls.record(ended_call("102"))
    async with site.logged_in("anna") as anna, site.logged_in("boss") as boss:
        assert KEY not in (await anna.get("/calls")).text
        theirs = (await boss.get("/calls")).text
        assert "+7 928 000-11-22" in theirs
        assert f"/calls/{KEY}/card" not in theirs  # a supervisor fills no cards, so no link leads to a refusal


async def test_the_directory_shows_presence_and_buttons(site: Site) -> None:
    async with site.logged_in("boris") as boris, site.logged_in("anna") as anna:
        await boris.api("POST", "/api/operator/start", {"microphone": True})
        text = (await anna.fragment("/directory?q=Борисов")).text
    assert 'data-presence="102" data-state="ready"' in text
    assert "Свободен" in text
    assert 'data-directory-number-param="102"' in text
