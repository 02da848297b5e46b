"""The calendar in the administrator's hands (DAY-41, domain 2.5 c, f): toggle, undo, import with preview, recompute."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from hotline.profiles.calendars import read_calendars
from tests.integration.web.conftest import Answer, Browser, Site, card_fields

MOSCOW = ZoneInfo("Europe/Moscow")
OFF_ON_27 = "# year: 2026\n# source: Указ\nday;kind;note\n2026-11-27;off;Указ"


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def is_off(page: str, day: str) -> bool:
    found = re.search(rf'class="calendar-day ([^"]*)" id="day-{day}"', page)
    assert found
    return "calendar-off" in found[1]


async def year(admin: Browser, number: int = 2026) -> str:
    return (await admin.fragment(f"/admin/calendar?year={number}")).text


async def send(admin: Browser, what: str, page: str, **fields: str) -> Answer:
    form = {"version": version(page), "year": "2026"} | fields
    return await admin.send("POST", f"/admin/calendar/{what}", form=form)


async def due_days(site: Site) -> list[date]:
    """Deadlines as stored, in Moscow."""
    async with site.services.database.begin() as session:
        rows = await session.execute(text("SELECT due_at FROM appeal ORDER BY id"))
        return [row.due_at.astimezone(MOSCOW).date() for row in rows]


async def test_a_day_is_turned_and_taken_back(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        before = await year(admin)
        assert (is_off(before, "2026-01-09"), is_off(before, "2026-11-27")) == (True, False)
        assert "сверено с постановлением" in before
        assert "247 рабочих дней" in before.replace("\xa0", " ")
        assert "не сверено" in await year(admin, 2027)
        assert "календаря пока нет" in await year(admin, 2031)
        assert (await send(admin, "day", before, day="2026-11-27")).status == 303
        turned = await year(admin)
        assert is_off(turned, "2026-11-27")
        assert "Админов И." in turned
        stale = await send(admin, "day", before, day="2026-11-30")
        assert (stale.status, is_off(await year(admin), "2026-11-30")) == (409, False)
        assert (await send(admin, "undo", turned)).status == 303
        back = await year(admin)
        assert not is_off(back, "2026-11-27")
        assert (await send(admin, "undo", back)).status == 404  # what the profile brought is not taken back


async def test_an_import_is_shown_first_and_damage_is_said_with_its_line(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        page = await year(admin)
        broken = await send(admin, "preview", page, content=OFF_ON_27 + "\n2026-02-30;off;")
        assert broken.status == 400
        assert "Строка 5: такого дня нет (2026-02-30)." in broken.text
        assert "2026-11-27;off;Указ" in broken.text  # nothing that was typed is lost
        shown = (await send(admin, "preview", page, content=OFF_ON_27)).text
        assert "Пока ничего не изменено" in shown
        assert "27.11.2026" in shown
        assert not is_off(await year(admin), "2026-11-27")
        done = await send(admin, "import", page, content=OFF_ON_27, source="Указ № 1")
        assert done.status == 303
        after = await year(admin)
        assert is_off(after, "2026-11-27")
        assert not is_off(after, "2026-01-09")  # an import replaces the whole year
        assert "Указ № 1" in after
        exported = (await admin.get("/admin/calendar/export?year=2026")).body.decode("utf-8-sig")
        assert "2026-11-27;off;Указ" in exported


async def test_deadlines_move_only_when_told_and_only_as_many_as_were_shown(site: Site) -> None:
    """Domain 2.5 c: by a rule of seven working days; a date given by hand stays."""
    async with site.services.database.begin() as session:
        await session.execute(text("UPDATE deadline_rule SET unit = 'working_day', amount = 7 WHERE code = 'written'"))
    async with site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        for number in ("1", "2", "3"):
            fields = card_fields(channel="K07", written_no=number, written_date="2026-11-19")
            await vera.send("POST", "/appeals", form=fields, Idempotency_Key=number)
        async with site.services.database.begin() as session:
            await session.execute(text("UPDATE appeal SET due_manual = true WHERE id = (SELECT max(id) FROM appeal)"))
        assert await due_days(site) == [date(2026, 12, 1)] * 3  # seven working days after Friday the 20th
        preview = (await send(admin, "preview", await year(admin), content=OFF_ON_27)).text
        assert "2 открытых обращения получили бы другой срок" in preview.replace("\xa0", " ")
        await send(admin, "day", await year(admin), day="2026-11-27")
        assert "У 2 открытых обращений" in (await year(admin)).replace("\xa0", " ")
        assert await due_days(site) == [date(2026, 12, 1)] * 3  # nothing is moved silently
        shown = (await admin.fragment("/admin/calendar/recompute")).text
        assert 'name="count" value="2"' in shown
        changed = await admin.send("POST", "/admin/calendar/recompute", form={"count": "1"})
        assert changed.status == 409
        done = await admin.send("POST", "/admin/calendar/recompute", form={"count": "2"})
        assert "Перенесено" in done.text
        assert await due_days(site) == [date(2026, 12, 2), date(2026, 12, 2), date(2026, 12, 1)]
        first = (await admin.fragment("/journal?folder=all")).text
        appeal = re.findall(r'href="(/appeals/\d+)"', first)[-1]
        history = (await admin.fragment(appeal)).text
        assert "изменён срок" in history
        assert "01.12.2026 23:59 → 02.12.2026 23:59" in history
        assert "Все сроки соответствуют календарю" in (await admin.fragment("/admin/calendar/recompute")).text


async def test_new_appeals_use_the_calendar_at_once(site: Site) -> None:
    async with site.services.database.begin() as session:
        await session.execute(text("UPDATE deadline_rule SET shift = 'prev_working' WHERE code = 'written'"))
    async with site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        await send(admin, "day", await year(admin), day="2026-12-18")
        fields = card_fields(channel="K07", written_no="1", written_date="2026-11-19")
        await vera.send("POST", "/appeals", form=fields, Idempotency_Key="1")
    expected = datetime.combine(date(2026, 12, 17), time(23, 59, 59), MOSCOW)  # 20 December is a Sunday
    assert await due_days(site) == [expected.date()]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("day", {"day": "soon", "version": "1"}),
        ("day", {"day": "2026-11-27"}),
        ("day", {"day": "1812-09-07", "version": "0"}),
        ("undo", {"year": "26", "version": "1"}),
        ("preview", {"content": ""}),
        ("import", {"content": OFF_ON_27, "year": "2025", "version": "1"}),
        ("source", {"year": "2026", "version": "1", "source": "x" * 501}),
        ("recompute", {"count": "all"}),
    ],
)
async def test_bad_input(shared_site: Site, path: str, form: dict[str, str]) -> None:
    async with shared_site.logged_in("admin") as admin:
        assert (await admin.send("POST", f"/admin/calendar/{path}", form=form)).status == 400


async def test_the_profile_brings_three_years_and_never_overwrites_one(site: Site) -> None:
    async with site.logged_in("admin") as admin, site.logged_in("boss") as boss:
        page = await year(admin, 2027)
        source = await admin.send(
            "POST", "/admin/calendar/source",
            form={"version": version(page), "year": "2027", "source": "Постановление", "verified": "1"},
        )  # fmt: skip
        assert source.status == 303
        assert "сверено с постановлением" in await year(admin, 2027)
        assert (await boss.get("/admin/calendar")).status == 403
    assert [one.year for one in read_calendars("oms")] == [2025, 2026, 2027]
