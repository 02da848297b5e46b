"""Administration of the lists that people choose from (domain 2.1 principle 4, DAY-44)."""

from __future__ import annotations

import re

from sqlalchemy import text

from hotline.profiles.loader import load_profile
from tests.integration.web.conftest import Browser, Site

TOPIC = {"code": "1.77", "title": "Навигация в больнице", "type_code": "1", "keywords": "указатели, вход"}


async def edition(browser: Browser, path: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', (await browser.get(path)).text)
    assert found, path
    return found[1]


async def test_a_topic_is_added_found_changed_closed_and_survives_the_profile(site: Site) -> None:
    """DAY-44: used rows are closed by date; what was changed here is not overwritten by the profile."""
    path = "/admin/lists/topic/1.77"
    async with site.logged_in("admin") as admin:
        made = await admin.send("POST", "/admin/lists/topic", form=TOPIC)
        assert (made.status, made.headers["Location"]) == (303, "/admin/lists/topic")
        assert "Навигация в больнице" in (await admin.get("/topics?type=1&q=указатели")).text
        renamed = {**TOPIC, "title": "Указатели в больнице", "version": await edition(admin, path)}
        assert (await admin.send("POST", path, form=renamed)).status == 303
        await load_profile(site.services.database, "oms")
        page = (await admin.get(path)).text
        assert "Указатели в больнице" in page
        assert "Навигация в больнице" in page  # in the history of changes, with a way back
        stale = await admin.send("POST", path, form=renamed)
        assert stale.status == 409
        closed = {**renamed, "valid_to": "2026-01-01", "version": await edition(admin, path)}
        assert (await admin.send("POST", path, form=closed)).status == 303
        assert "больнице" not in (await admin.get("/topics?type=1&q=указатели")).text
        assert "Указатели в больнице" in (await admin.get("/admin/lists/topic")).text


async def test_a_row_of_the_profile_that_was_changed_here_stays_so(site: Site) -> None:
    path = "/admin/lists/pause_reason/P02"
    async with site.logged_in("admin") as admin:
        longer = {"title": "Обед", "limit_min": "60", "sort": "1", "version": await edition(admin, path)}
        assert (await admin.send("POST", path, form=longer)).status == 303
    await load_profile(site.services.database, "oms")
    async with site.services.database.begin() as session:
        kept = (await session.execute(text("SELECT limit_min FROM pause_reason WHERE code = 'P02'"))).scalar_one()
        other = (await session.execute(text("SELECT limit_min FROM pause_reason WHERE code = 'P01'"))).scalar_one()
    assert (kept, other) == (60, 10)


async def test_bad_rows_are_refused_by_field_and_nothing_changes(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        for form, field in (
            ({**TOPIC, "code": "1.01"}, "code"),
            ({**TOPIC, "title": ""}, "title"),
            ({**TOPIC, "type_code": "99"}, "type_code"),
            ({**TOPIC, "parent_code": "2.01"}, "parent_code"),
        ):
            refused = await admin.send("POST", "/admin/lists/topic", form=form, accept="application/json")
            assert (refused.status, list(refused.json()["details"])) == (400, [field])
        assert (await admin.get("/admin/lists/topic/1.77")).status == 404
        assert (await admin.get("/admin/lists/status")).status == 404  # the process is changed as a whole
        path = "/admin/lists/appeal_type/1"
        used = {"title": "Жалоба", "is_complaint": "1", "valid_to": "2026-01-01", "version": await edition(admin, path)}
        answer = await admin.send("POST", path, form=used, accept="application/json")
        assert (answer.status, answer.json()["error_id"]) == (409, "list-in-use")


async def test_something_can_always_be_chosen_and_one_source_is_the_default(site: Site) -> None:
    """S000-40: the source that new cards start with is one; the last open channel cannot be closed."""
    async with site.logged_in("admin") as admin:
        other = {"title": "Через представителя", "is_default": "1", "version": "0"}
        assert (await admin.send("POST", "/admin/lists/source/I02", form=other)).status == 303
        async with site.services.database.begin() as session:
            defaults = (await session.scalars(text("SELECT code FROM source WHERE is_default"))).all()
            await session.execute(text("UPDATE channel SET valid_to = '2026-01-01' WHERE code <> 'K04'"))
        assert defaults == ["I02"]
        last = {"title": "Личный приём", "form": "oral", "valid_to": "2026-01-02", "version": "0"}
        refused = await admin.send("POST", "/admin/lists/channel/K04", form=last, accept="application/json")
        assert (refused.status, refused.json()["error_id"]) == (409, "list-last-row")
