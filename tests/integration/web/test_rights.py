"""Who sees what of calls and appeals, through the whole web application (domain 2.8, 3.4)."""

from __future__ import annotations

import re

from tests.integration.web.conftest import CALLER, KEY, Browser, Site, ended_call, ringing_call

DIGITS = CALLER.removeprefix("+7")


async def numbers(browser: Browser) -> str:
    """Everything that lists of calls say to a reader: the page, the JSON, a search, a dossier and the player."""
    pages = [await browser.get("/calls"), await browser.send("GET", "/calls", accept="application/json")]
    pages.append(await browser.send("POST", "/search", form={"q": CALLER}))
    pages.append(await browser.get(f"/recordings/{KEY}/player"))
    lead = await browser.get(f"/calls/{KEY}/person")
    pages += [lead, await browser.get(lead.headers["Location"])]
    return re.sub(r"[ ()+-]|&nbsp;|\xa0", "", "".join(page.text for page in pages))


async def test_numbers_of_calls_are_masked_for_whom_they_are_masked_elsewhere(site: Site) -> None:
    """Domain 3.4, S002-01: a supervisor finds a call and its citizen without learning the number."""
    await site.services.calls.record(ended_call("101", recorded=True))
    async with site.logged_in("boss") as boss, site.logged_in("anna") as anna:
        watched = await numbers(boss)
        assert DIGITS not in watched
        assert "••••1122" in watched
        assert f"/calls/{KEY}/person" in (await boss.get("/calls")).text  # whose it is he may look up
        assert DIGITS in await numbers(anna)


async def test_the_snapshot_of_a_supervisor_has_no_numbers_but_of_his_own_calls(site: Site) -> None:
    """Domain 3.4: the board of calls as the lists."""
    site.ring("101")
    site.ring("301", key="pbx1-1763622000.9")
    async with site.logged_in("boss") as boss, boss.events() as events:
        snapshot = await events.next("snapshot")
    assert {call["key"]: call["caller"] for call in snapshot["calls"]} == {
        KEY: "••••1122",
        "pbx1-1763622000.9": CALLER,
    }
    assert ringing_call("301").caller == CALLER
