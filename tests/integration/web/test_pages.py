"""Every page, whole and as a fragment; bad addresses; what pages may not hold."""

from __future__ import annotations

import re

import pytest

from hotline.web.render import TEMPLATES, make_environment
from tests.integration.web.conftest import CALLER, Site

PAGES = ["/", "/journal", "/journal?folder=mine", "/journal?q=Иванова", "/calls", "/directory", "/directory?q=201",
         "/appeals/new"]  # fmt: skip


@pytest.fixture
def site(shared_site: Site) -> Site:
    """These tests change nothing, so they share one application."""
    return shared_site


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


async def test_a_name_that_was_searched_leaves_the_address(site: Site) -> None:
    async with site.logged_in() as browser:
        by_name = await browser.fragment("/journal?folder=all&q=Иванова")
        by_phone = await browser.fragment("/journal?folder=all&q=%2B79280001122")
        by_number = await browser.fragment("/journal?folder=all&q=07-20112026-00001")
    for answer in (by_name, by_phone, by_number):  # a list has one address; what was searched stands in none
        assert answer.headers["HX-Push-Url"] == "/journal?folder=all&order=-registered"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/journal?after=nonsense", 400), ("/journal?folder=nonsense", 400), ("/calls?after=%00", 400),
     ("/appeals/999999", 404), ("/appeals/9999999999999999999", 404), ("/appeals/new?draft=999999", 404),
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


async def test_person_search_offers_the_fields_for_attaching(site: Site) -> None:
    async with site.logged_in() as browser:
        found, none, empty = [
            await browser.send("POST", "/persons/search", form={"q": q}) for q in ("ива мар 1961", "ыыы", "")
        ]
    assert 'role="grid"' in found.text
    assert "Иванова Мария Петровна" in found.text
    assert CALLER in found.text
    assert '"birth_date": "04.05.1961"' in found.text
    assert "Никто не найден" in none.text
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
