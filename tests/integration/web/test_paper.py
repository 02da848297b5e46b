"""Cards without a database or without a link to Asterisk (DAY-20)."""

from __future__ import annotations

from sqlalchemy import text

from tests.integration.web.conftest import Answer, Browser, Site
from tests.integration.web.test_card import draft_of, value_of


async def test_a_call_of_which_only_the_telephone_tells_gets_its_card(site: Site) -> None:
    """DAY-20, DAY-11: the INVITE's number finds the caller; a second telling changes nothing, nonsense is no number."""
    unheard = {"call_key": "pbx1-1.8", "number": "79280001122"}
    async with site.logged_in() as browser:
        made = await browser.api("POST", "/api/drafts", unheard)
        again = await browser.api("POST", "/api/drafts", {**unheard, "number": "79280009999"})
        opened = (await browser.fragment("/calls/pbx1-1.8/card")).text
        hidden = await browser.api("POST", "/api/drafts", {"call_key": "pbx1-1.9", "number": "anonymous"})
        nameless = (await browser.fragment("/calls/pbx1-1.9/card")).text
    assert (made.status, made.json()) == (200, again.json())
    assert draft_of(opened) == made.json()["id"]
    assert value_of(opened, "applicant_phone") == "+79280001122"
    assert "Иванова" in opened
    assert (hidden.status, value_of(nameless, "applicant_phone")) == (200, "")


async def test_the_card_on_paper_is_sent_again_only_when_it_changed(site: Site) -> None:
    """DAY-20, RFC 9110 13.1.2: a browser keeps it, without a token, and hears 304 until a list or its user changes."""

    async def title(words: str) -> None:
        async with site.services.database.begin() as session:
            await session.execute(text("UPDATE topic SET title = :words WHERE code = '2.01'"), {"words": words})

    async def asked(by: Browser, kept: Answer) -> Answer:
        return await by.send("GET", "/appeals/paper", HX_Request="true", If_None_Match=kept.headers["ETag"])

    async with site.logged_in() as browser, site.logged_in("boris") as other:
        await title("Полис")
        first = await browser.fragment("/appeals/paper")
        same = await asked(browser, first)
        others = await asked(other, first)
        await title("Полис нового образца")
        changed = await asked(browser, first)
        await title("Полис")
        back = await asked(browser, first)
    assert (first.status, first.headers["Cache-Control"]) == (200, "private, no-cache")
    assert (same.status, same.text, same.headers["ETag"]) == (304, "", first.headers["ETag"])
    assert [others.status, changed.status, back.status] == [200, 200, 304]
    assert "нового образца" in changed.text
    assert value_of(first.text, "csrf_token") == ""
