"""Every page, whole and as a fragment, with data in it; and what each says when there is none."""

from __future__ import annotations

import re

import pytest

from hotline.web.render import TEMPLATES, make_environment
from tests.integration.web.conftest import CALLER, KEY, Site, card_fields, ended_call

PAGES = ["/", "/journal", "/journal?folder=mine", "/journal?q=Иванова", "/calls", "/directory", "/directory?q=201",
         "/appeals/new"]  # fmt: skip


async def register(site: Site, login: str = "anna", **changes: str) -> str:
    """Register an appeal; return its address."""
    async with site.logged_in(login) as browser:
        answer = await browser.send(
            "POST", "/appeals", form=card_fields(**changes), Idempotency_Key=f"key-{login}-{changes}"
        )
        assert answer.status == 303, answer.text
        return answer.headers["Location"]


def test_every_template_compiles() -> None:
    environment = make_environment()
    for path in sorted(TEMPLATES.rglob("*.html")):
        environment.get_template(path.relative_to(TEMPLATES).as_posix())


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_and_its_fragment(site: Site, path: str) -> None:
    async with site.logged_in() as browser:
        page, fragment = await browser.get(path), await browser.fragment(path)
    assert (page.status, fragment.status) == (200, 200), page.text
    assert page.text.startswith("<!doctype html>")
    assert '<main id="work"' in page.text
    assert "<!doctype" not in fragment.text
    assert "<title>" in fragment.text
    assert "HX-Request" in page.headers["Vary"]


@pytest.mark.parametrize("path", PAGES)
async def test_pages_hold_nothing_that_the_policy_forbids(site: Site, path: str) -> None:
    async with site.logged_in() as browser:
        text = (await browser.get(path)).text
    assert not re.search(r"<style|\sstyle=|javascript:|\son\w+=", text)
    scripts = re.findall(r"<script([^>]*)>", text)
    assert scripts
    assert all("src=" in attributes or 'type="application/json"' in attributes for attributes in scripts)


@pytest.mark.parametrize("path", PAGES)
async def test_every_field_has_a_label_and_every_id_is_unique(site: Site, path: str) -> None:
    async with site.logged_in() as browser:
        text = (await browser.get(path)).text
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert sorted(ids) == sorted(set(ids))
    labelled = set(re.findall(r'<label[^>]*\sfor="([^"]+)"', text))
    for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", text):
        if 'type="hidden"' in field or 'type="checkbox"' in field or "aria-label" in field:
            continue  # a checkbox stands inside its label
        identity = re.search(r'\sid="([^"]+)"', field)
        assert identity is not None, field
        assert identity[1] in labelled, field


async def test_the_shell_names_the_employee_his_role_and_number(site: Site) -> None:
    async with site.logged_in() as browser:
        text = (await browser.get("/")).text
    assert "Аннина Имя" in text
    assert "оператор 1 уровня" in text
    assert "вн. 101" in text
    assert "ТФОМС" in text


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


async def test_a_name_that_was_searched_leaves_the_address(site: Site) -> None:
    async with site.logged_in() as browser:
        by_name = await browser.fragment("/journal?folder=all&q=Иванова")
        by_phone = await browser.fragment("/journal?folder=all&q=%2B79280001122")
        by_number = await browser.fragment("/journal?folder=all&q=07-20112026-00001")
    assert by_name.headers["HX-Push-Url"] == "/journal?folder=all"
    assert by_phone.headers["HX-Push-Url"] == "/journal?folder=all"
    assert "HX-Push-Url" not in by_number.headers


async def test_the_journal_is_paged_by_key(site: Site) -> None:
    for number in range(52):
        await register(site, content=f"Вопрос {number}")
    async with site.logged_in() as browser:
        first = (await browser.fragment("/journal")).text
        after = re.search(r'rel="next" href="([^"]+)"', first)
        assert after is not None
        second = (await browser.fragment(after[1].replace("&amp;", "&"))).text
    rows = [re.findall(r'class="row-link" href="/appeals/(\d+)"', text) for text in (first, second)]
    assert len(rows[0]) == 50
    assert len(rows[1]) == 2
    assert not set(rows[0]) & set(rows[1])
    assert "rel=" not in second
    assert "К самым новым" in second


@pytest.mark.parametrize(
    ("path", "status"),
    [("/journal?after=nonsense", 400), ("/journal?folder=nonsense", 400), ("/calls?after=%00", 400),
     ("/appeals/999999", 404), ("/appeals/9999999999999999999", 404), ("/appeals/new?draft=1", 404),
     ("/appeals/new?draft=x", 404), ("/calls/pbx1-1.1/card", 404), ("/calls/..%2Fetc/card", 404),
     ("/recordings/pbx1-1.1", 404), ("/nowhere", 404), ("/journal?q=" + "я" * 101, 400)],
)  # fmt: skip
async def test_bad_addresses_are_answered_clearly(site: Site, path: str, status: int) -> None:
    async with site.logged_in() as browser:
        page, fragment = await browser.get(path), await browser.fragment(path)
        data = await browser.send("GET", path, accept="application/json")
    assert (page.status, fragment.status, data.status) == (status, status, status)
    assert "<!doctype html>" in page.text
    assert "<!doctype" not in fragment.text
    assert 'role="alert"' in fragment.text
    assert set(data.json()) == {"error_id", "message", "details"}
    assert page.headers["X-Request-Id"] in page.text


async def test_calls_show_outcome_waiting_and_talk(site: Site) -> None:
    await site.services.calls.record(ended_call(recorded=True))
    async with site.logged_in() as browser:
        text = (await browser.get("/calls")).text
    for shown in ("Входящий звонок", "+7 928 000-11-22", "Отвечен", "0:20", "2:00", f'src="/recordings/{KEY}"'):
        assert shown in text


async def test_an_operator_does_not_see_calls_of_others(site: Site) -> None:
    await site.services.calls.record(ended_call("102"))
    async with site.logged_in("anna") as anna, site.logged_in("boss") as boss:
        assert KEY not in (await anna.get("/calls")).text
        assert KEY in (await boss.get("/calls")).text


async def test_the_directory_shows_presence_and_buttons(site: Site) -> None:
    async with site.logged_in("boris") as boris, site.logged_in("anna") as anna:
        await boris.api("POST", "/api/operator/start", {"microphone": True})
        text = (await anna.fragment("/directory?q=Борисов")).text
    assert 'data-presence="102" data-state="ready"' in text
    assert "Свободен" in text
    assert 'data-directory-number-param="102"' in text


async def test_person_search_offers_the_fields_for_attaching(site: Site) -> None:
    async with site.logged_in() as browser:
        found = (await browser.fragment("/persons/search?q=ива мар 1961")).text
        none = (await browser.fragment("/persons/search?q=ыыы")).text
        empty = await browser.fragment("/persons/search?q=")
    assert 'role="option"' in found
    assert "Иванова Мария Петровна" in found
    assert CALLER in found
    assert '"birth_date": "04.05.1961"' in found
    assert "Никто не найден" in none
    assert empty.status == 400


async def test_topics_of_a_type_by_keyword(site: Site) -> None:
    async with site.logged_in() as browser:
        every = (await browser.fragment("/topics?type=1")).text
        some = (await browser.fragment("/topics?type=1&q=полис")).text
        none = (await browser.fragment("/topics?type=1&q=ыыы")).text
    assert every.count('role="option"') > some.count('role="option"') > 0
    assert 'data-code="1.01"' in some
    assert "нет темы" in none


async def test_the_language_can_be_chosen(site: Site) -> None:
    async with site.logged_in() as browser:
        answer = await browser.send("POST", "/language", form={"language": "en"})
        assert answer.status == 303
        page = (await browser.get("/journal")).text
        unknown = await browser.send("POST", "/language", form={"language": "xx"})
    assert '<html lang="en">' in page
    assert "Active appeals" in page
    assert unknown.status == 400
