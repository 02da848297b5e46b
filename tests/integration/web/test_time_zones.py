"""Everybody reads times on the clock of his own organisation (domain 2.5 h)."""

from __future__ import annotations

import re

from sqlalchemy import text

from tests.integration.web.conftest import NOW, Site, card_fields

EAST = "Asia/Vladivostok"
"""Seven hours ahead of the installation's own zone: 17:00 there is 10:00 in Moscow."""


async def move_east(site: Site, login: str) -> None:
    """Put somebody into an organisation of his own, far in the east."""
    async with site.services.database.begin() as session:
        await session.execute(
            text(
                "WITH made AS (INSERT INTO organisation (code, kind, name, short_name, time_zone)"
                " VALUES ('25', 'tfoms', 'Восточный фонд', 'ВФ', :zone) RETURNING id)"
                " UPDATE staff_user SET organisation_id = (SELECT id FROM made) WHERE login = :login"
            ),
            {"zone": EAST, "login": login},
        )


def value(page: str, name: str) -> str:
    """Return what stands in an input of a page."""
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


async def test_two_organisations_read_and_write_one_moment(site: Site) -> None:
    """Domain 2.5 h: a card filled in the east at 16:30 is half past nine in Moscow, for pages, edits and filters."""
    await move_east(site, "vera")
    async with site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        assert value((await vera.get("/appeals/new")).text, "appeal_at") == "2026-11-20T17:00"
        assert f'data-shell-zone-value="{EAST}"' in (await vera.get("/directory")).text
        form = card_fields(appeal_at="2026-11-20T16:30")
        saved = await vera.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="east")
        assert saved.status == 200, saved.text
        path = f"/appeals/{saved.json()['id']}"
        east, moscow = (await vera.get(path)).text, (await admin.get(path)).text
        assert "20.11.2026, 16:30" in east
        assert "20.11.2026, 16:30" not in moscow
        assert "20.11.2026, 09:30" in moscow
        assert value((await vera.get(f"{path}/edit")).text, "appeal_at") == "2026-11-20T16:30"
        assert value((await admin.get(f"{path}/edit")).text, "appeal_at") == "2026-11-20T09:30"
    assert NOW.hour == 7


async def test_a_day_of_a_filter_is_a_day_of_the_reader(site: Site) -> None:
    """S000-03: half past two in the night in the east is the evening before in Moscow; each finds it on his own day."""
    await move_east(site, "vera")
    async with site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        form = card_fields(appeal_at="2026-11-20T02:30")
        saved = await vera.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="night")
        number = saved.json()["number"]
        for browser, day in ((vera, "2026-11-20"), (admin, "2026-11-19")):
            query = f"/journal?folder=all&received_from={day}&received_to={day}"
            assert number in (await browser.get(query)).text
        assert number not in (await admin.get("/journal?folder=all&received_from=2026-11-20")).text
