"""Who sees what of calls and appeals, through the whole web application (domain 2.8, 3.4)."""

from __future__ import annotations

import re

from tests.integration.web.conftest import CALLER, KEY, Answer, Browser, Site, card_fields, ended_call, ringing_call

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


async def test_an_operator_restricts_an_appeal_and_colleagues_see_a_heading(site: Site) -> None:
    """S003-110: the button, the reason, what is wrong beside the field, the list with its lock."""
    async with site.logged_in("anna") as anna, site.logged_in("boris") as boris:
        saved = await anna.send("POST", "/appeals", form=card_fields(), accept="application/json", Idempotency_Key="r")
        path = f"/appeals/{saved.json()['id']}"
        assert "Ограничить доступ" in (await anna.get(path)).text
        assert "Ограничить доступ" not in (await boris.get(path)).text
        form = {"restriction": "operator", "reason": "", "version": "1"}
        wrong = await anna.send("POST", f"{path}/restrict", form=form)
        assert wrong.status == 400
        assert 'id="restriction-reason-error"' in wrong.text
        assert re.search(r'value="operator" required checked', wrong.text)
        done = await anna.send("POST", f"{path}/restrict", form=form | {"reason": "просила"})
        assert (done.status, done.headers["Location"]) == (303, path)
        again = await anna.send("POST", f"{path}/restrict", form=form | {"reason": "ещё раз", "restriction": "no"})
        assert again.status == 409
        assert 'value="ещё раз"' in again.text  # nothing that was typed is lost
        assert "просила" in (await anna.get(path)).text
        seen = (await boris.get(path)).text
        listed = (await boris.get("/journal")).text
        for text in (seen, listed):
            assert "граниченный доступ" in text
            assert "Иванова" not in text
        forbidden = await boris.send("POST", f"{path}/restrict", form=form | {"reason": "так", "version": "2"})
        assert forbidden.status == 404  # what one may not read one cannot restrict either


async def test_a_new_card_is_restricted_from_its_first_moment(site: Site) -> None:
    """S003-110: chosen on the card, with a reason; what is wrong is told with everything else."""
    async with site.logged_in("anna") as anna, site.logged_in("boris") as boris:
        card = (await anna.fragment("/appeals/new")).text
        assert 'name="restriction"' in card
        assert 'value="Просил сам гражданин"' in card

        async def save(key: str, **fields: str) -> Answer:
            form = card_fields() | fields
            return await anna.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key=key)

        wrong = await save("a", restriction="profile", content="")
        unknown = await save("a", restriction="nobody", restriction_reason="так")
        saved = await save("a", restriction="profile", restriction_reason="просила не говорить мужу")
        plain = await save("b", restriction="no", restriction_reason="")
        path = f"/appeals/{saved.json()['id']}"
        seen, mine = (await boris.get(path)).text, (await anna.get(path)).text
    assert (wrong.status, set(wrong.json()["details"])) == (400, {"content", "restriction_reason"})
    assert (unknown.status, set(unknown.json()["details"])) == (400, {"restriction"})
    assert (saved.status, plain.status) == (200, 200)
    assert "Иванова" not in seen
    assert "просила не говорить мужу" in mine
