"""Every form of «Lines and queues» over HTTP (S001-012, 2.8, 2.11): good, refused with its reason, stale, whose."""

from __future__ import annotations

import re
from html import unescape

import pytest

from hotline.queue.lines_model import Hours, Level, Line, Person, Priority, Queue, Skill, SkillKind, Vip
from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from hotline.web.lines_forms import fields_of
from tests.integration.web.conftest import PASSWORD, Browser, Site

HOME = "/admin/lines"
WEEK = ("09:00-18:00",) * 5 + ("", "")
GOOD: dict[str, dict[str, str]] = {
    "skill": {"code": "tt", **fields_of(Skill("Татарский язык", SkillKind.LANGUAGE))},
    "hours": {"code": "day", **fields_of(Hours("Будни", WEEK, days={"2026-12-31": "09:00-15:00"}))},
    "queue": {"code": "second", **fields_of(Queue("Вторая", levels=(Level(0, 0), Level(30, 50))))},
    "line": {
        "code": "8 800 123-45-67",
        **fields_of(Line("Бесплатная", "hotline", hours="day", menu="menu-tt", digits={"2": "second"})),
    },
}
"""In the order in which they can be made: each may need what stands before it."""
PRIORITY = {**fields_of(Priority(20, 60, 10, (Vip("9280001122", 50, "Министерство"),))), "version": "0"}
REFUSED = [
    ("skill", {"code": "Татарский"}, "строчные латинские буквы"),
    ("skill", {"title": ""}, "нужно заполнить"),
    ("skill", {"kind": "magic"}, "нет в списке"),
    ("skill", {"title": "я" * 300}, "слишком длинно"),
    ("hours", {"day1": "9 to 5"}, "не похоже на 09:00-13:00"),
    ("hours", {"day_off": "25:00-26:00"}, "не похоже на 09:00-13:00"),
    ("hours", {"days": "31.02.2026 09:00-10:00"}, "это не дата"),
    ("hours", {"days": "31.12.2026 whenever"}, "не похоже на 09:00-13:00"),
    ("queue", {"code": "general"}, "строчные латинские буквы"),
    ("queue", {"ring_s": "121"}, "вне допустимых границ"),
    ("queue", {"ring_s": "soon"}, "не целое число"),
    ("queue", {"max_wait_s": "4"}, "вне допустимых границ"),
    ("queue", {"music": "../etc"}, "не имя записи"),
    ("queue", {"strategy": "ringall"}, "нет в списке"),
    ("queue", {"then": "queue"}, "нужно заполнить"),
    ("queue", {"level_after2": "0"}, "секунды и места должны расти"),
    ("queue", {"then": "queue", "then_queue": "second"}, "по кругу без конца"),
    ("queue", {"then": "queue", "then_queue": "nowhere"}, "которой нет"),
    ("queue", {"skill_none": "1"}, "которого нет"),
    ("line", {"code": "бесплатный"}, "у линии — номер"),
    ("line", {"worth": "101"}, "вне допустимых границ"),
    ("line", {"greeting": "Привет"}, "не имя записи"),
    ("line", {"menu": ""}, "нужно заполнить"),
    ("line", {"queue": "nowhere"}, "которой нет"),
    ("line", {"hours": "never"}, "которых нет"),
    ("priority", {"returning": "101"}, "вне допустимых границ"),
    ("priority", {"minutes": "0"}, "вне допустимых границ"),
    ("priority", {"vip": "8 928 000-11-22; 0; мало"}, "вне допустимых границ"),
    ("priority", {"vip": "9280001122; 5\n79280001122; 6"}, "повтор"),
    ("priority", {"version": ""}, ""),
]

CHOICES = {"kind", "strategy", "queue", "hours", "then", "then_queue"}
"""Fields that offer what exists: what does not exist cannot be shown in them."""


async def send(browser: Browser, kind: str, form: dict[str, str], code: str = "") -> int:
    """Send a form as a browser does; return the status."""
    return (await browser.send("POST", f"{HOME}/{kind}{code and f'/{code}'}", form=form)).status


async def make_all(browser: Browser) -> None:
    """One good record of each kind."""
    for kind, form in GOOD.items():
        assert await send(browser, kind, form) == 303, kind
    assert await send(browser, "priority", PRIORITY, "all") == 303


async def test_every_form_makes_what_its_page_then_shows(site: Site) -> None:
    """S001-012: a saved record comes back field by field, is changed, taken out of use and brought back."""
    async with site.logged_in("boss") as boss:
        for kind in GOOD:
            assert (await boss.get(f"{HOME}/{kind}/new")).status == 200
        assert (await boss.get(f"{HOME}/priority/new")).status == 404
        await make_all(boss)
        listed = (await boss.get(HOME)).text
        assert [word in listed for word in ("Татарский язык", "Будни", "Вторая", "Бесплатная", "+20")] == [True] * 5
        for kind, code in (("skill", "tt"), ("hours", "day"), ("queue", "second"), ("line", "8001234567")):
            page = (await boss.get(f"{HOME}/{kind}/{code}")).text
            for name, typed in GOOD[kind].items():
                if name == "days":
                    assert "2026-12-31 09:00-15:00" in page
                elif name not in {"code", "by_calendar", "kind", "strategy", "then"} and typed and typed != "1":
                    assert unescape(page).count(typed), (kind, name)
        page = (await boss.get(f"{HOME}/queue/second")).text
        changed = {**GOOD["queue"], "title": "Запасная", "version": "1"}
        assert await send(boss, "queue", changed, "second") == 303
        page = (await boss.get(f"{HOME}/queue/second")).text
        change = re.search(r'name="change" value="(\d+)"', page[page.index("history-title") :])
        assert change
        assert await send(boss, "queue", {"change": change[1], "version": "2"}, "second/undo") == 303
        assert "Вторая" in (await boss.get(f"{HOME}/queue/second")).text
        assert await send(boss, "skill", {"version": "1"}, "tt/close") == 303
        assert "Татарский язык" not in (await boss.get(HOME)).text
        assert await send(boss, "skill", {**GOOD["skill"], "version": "2"}, "tt") == 303
        assert "Татарский язык" in (await boss.get(HOME)).text


async def test_every_refusal_says_why_and_keeps_what_was_typed(site: Site) -> None:
    """S001-012, DAY-20: the form comes back with the reason, everything typed is in it, and nothing is stored."""
    async with site.logged_in("boss") as boss:
        await make_all(boss)
        before = (await boss.api("GET", HOME)).json()["rules"]
        for kind, wrong, words in REFUSED:
            versions = {"version": "1"}
            base = PRIORITY | versions if kind == "priority" else GOOD[kind] | versions
            code = {"skill": "tt", "hours": "day", "queue": "second", "line": "8001234567", "priority": "all"}[kind]
            answer = await boss.send("POST", f"{HOME}/{kind}{'' if 'code' in wrong else f'/{code}'}", form=base | wrong)
            text = unescape(answer.text)
            assert answer.status == 400, (kind, wrong, answer.status)
            assert words in text, (kind, wrong)
            for name, typed in wrong.items():
                if name not in CHOICES and typed and not name.startswith("skill_"):
                    assert typed.splitlines()[0] in text, (kind, wrong)
            if kind != "priority" and "title" not in wrong:
                assert f'value="{base["title"]}"' in text, (kind, wrong)
        assert (await boss.api("GET", HOME)).json()["rules"] == before


async def test_a_queue_into_which_calls_come_is_never_left_empty(site: Site) -> None:
    """S001-012: what would leave a citizen without anybody is refused by name, the levels too."""
    async with site.logged_in("boss") as boss:
        await make_all(boss)
        closed = await boss.send("POST", f"{HOME}/queue/second/close", form={"version": "1"})
        assert closed.status == 400
        assert "ведёт в очередь" in closed.text
        needs = GOOD["queue"] | {"version": "1", "skill_tt": "1"}
        empty = await boss.send("POST", f"{HOME}/queue/second", form=needs)
        assert empty.status == 400
        assert "не стоит никто" in empty.text
        late = GOOD["queue"] | {"version": "1", "max_wait_s": "30"}
        assert "позже предельного ожидания" in (await boss.send("POST", f"{HOME}/queue/second", form=late)).text
        json = await boss.api("POST", f"{HOME}/queue/second", needs)
        assert json.json()["error_id"] == "bad-rules"
        assert json.json()["details"]["problems"][0]["what"] == "nobody-in-queue"


@pytest.mark.parametrize("kind", ["skill", "hours", "queue", "line", "priority", "person"])
async def test_who_was_slower_keeps_what_he_typed(site: Site, kind: str) -> None:
    """DAY-20: 409 shows his own words over the version that is stored now; sent again, they are stored."""
    user = await site.services.staff.by_extension("101")
    assert user is not None
    async with site.logged_in("boss") as boss, site.logged_in("admin") as admin:
        await make_all(boss)
        code = {"hours": "day", "queue": "second", "line": "8001234567", "priority": "all", "person": str(user.id)}
        address = f"{HOME}/{kind}/{code.get(kind, 'tt')}"
        name, typed = {"priority": ("returning", "77"), "person": ("level_tt", "3")}.get(kind, ("title", "Моё имя"))
        version = "0" if kind == "person" else "1"
        base = {"priority": PRIORITY, "person": fields_of(Person({"tt": 1}))}.get(kind) or GOOD[kind]
        form = {key: text for key, text in base.items() if key != "code"} | {"version": version}
        assert (await admin.send("POST", address, form=form)).status == 303
        stale = await boss.send("POST", address, form=form | {name: typed})
        assert stale.status == 409
        assert ('value="3" selected' if kind == "person" else f'value="{typed}"') in stale.text
        now = str(int(version) + 1)
        shown = f'data-name="version" value="{now}"' if kind == "person" else f'name="version" value="{now}"'
        assert shown in stale.text
        assert (await boss.send("POST", address, form=form | {name: typed, "version": now})).status == 303


async def test_skills_of_several_people_are_stored_together_or_not_at_all(site: Site) -> None:
    """S001-012, DAY-38: one form for all; who was slower reads whose skills were changed, and keeps what he typed."""
    ids = []
    for extension in ("101", "102"):
        user = await site.services.staff.by_extension(extension)
        assert user is not None
        ids.append(user.id)
    anna, boris = ids
    rows = {f"version_{anna}": "0", f"level_tt_{anna}": "3", f"version_{boris}": "0", f"level_tt_{boris}": "1"}
    async with site.logged_in("boss") as boss, site.logged_in("admin") as admin:
        await make_all(boss)
        stored = await boss.send("POST", "/admin/skills", form=rows, accept="application/json")
        assert stored.json()["versions"] == {str(anna): 1, str(boris): 1}
        mine = {f"version_{anna}": "1", f"level_tt_{anna}": "2"}
        assert (await admin.send("POST", "/admin/skills", form=mine)).status == 303
        late = mine | {f"level_tt_{anna}": "1", f"version_{boris}": "1", f"level_tt_{boris}": "2"}
        stale = await boss.send("POST", "/admin/skills", form=late)
        text = unescape(stale.text)
        assert (stale.status, "Аннина" in text, "Кто-то изменил навыки: Аннина" in text) == (409, True, True)
        assert f'name="version_{anna}"' in text, "what was typed can be sent again"
        people = (await boss.api("GET", HOME)).json()["rules"]["people"]
        assert (people[str(anna)]["skills"], people[str(boris)]["skills"]) == ({"tt": 2}, {"tt": 1})
        nothing = await boss.send("POST", "/admin/skills", form={}, accept="application/json")
        nobody = await boss.send("POST", "/admin/skills", form={"version_999999": "0"}, accept="application/json")
        wrong = await boss.send(
            "POST", "/admin/skills", form=mine | {f"level_tt_{anna}": "9"}, accept="application/json"
        )
        assert [one.status for one in (nothing, nobody, wrong)] == [400, 400, 400]


async def test_an_insurer_changes_nothing_but_the_skills_of_its_own_people(site: Site) -> None:
    """Domain 2.8: the rules are the whole hotline's; an insurer's supervisor reads them."""
    async with site.services.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    for login, surname, role, extension in (("chief", "Страхова", "supervisor", "801"), ("sp", "Чужой", "sp1", "802")):
        await site.services.staff.create_user(NewUser(login, PASSWORD, surname, "Имя", "07001", (role,), "", extension))
    own = await site.services.staff.by_extension("802")
    foreign = await site.services.staff.by_extension("101")
    assert own is not None
    assert foreign is not None
    async with site.logged_in("boss") as boss, site.logged_in("chief") as chief, site.logged_in("anna") as operator:
        await make_all(boss)
        page = (await chief.get(HOME)).text
        assert "Вторая" in page
        assert f"{HOME}/queue/new" not in page
        assert "Аннина" not in page
        for kind, code in (("skill", "tt"), ("hours", "day"), ("queue", "second"), ("line", "8001234567")):
            form = {key: text for key, text in GOOD[kind].items() if key != "code"} | {"version": "1"}
            assert (await chief.get(f"{HOME}/{kind}/new")).status == 403
            assert await send(chief, kind, {**GOOD[kind], "code": "other"}) == 403
            assert await send(chief, kind, form, code) == 403
            assert await send(chief, kind, {"version": "1"}, f"{code}/close") == 403
            assert await send(chief, kind, {"version": "1", "change": "1"}, f"{code}/undo") == 403
            assert 'data-command="save"' not in (await chief.get(f"{HOME}/{kind}/{code}")).text
            assert await send(operator, kind, form, code) == 403
        changed = {key: text for key, text in GOOD["skill"].items() if key != "code"} | {"title": "Башкирский"}
        assert await send(boss, "skill", changed | {"version": "1"}, "tt") == 303
        back = f'action="{HOME}/skill/tt/undo"'
        assert back in (await boss.get(f"{HOME}/skill/tt")).text
        assert back not in (await chief.get(f"{HOME}/skill/tt")).text, "a way back that would be refused"
        assert await send(chief, "priority", PRIORITY | {"version": "1"}, "all") == 403
        skills = {"level_tt": "2", "version": "0"}
        assert await send(chief, "person", skills, str(foreign.id)) == 404
        assert await send(chief, "person", skills, str(own.id)) == 303
        foreign_row = {f"version_{foreign.id}": "0", f"level_tt_{foreign.id}": "2"}
        assert (await chief.send("POST", "/admin/skills", form=foreign_row, accept="application/json")).status == 400
        own_row = {f"version_{own.id}": "1", f"level_tt_{own.id}": "3"}
        assert (await chief.send("POST", "/admin/skills", form=own_row)).status == 303
        assert await send(boss, "person", skills, "999999") == 404


async def test_the_way_of_a_call_is_told_in_words(site: Site) -> None:
    """S001-012: without a call; what cannot be read is said."""
    async with site.logged_in("boss") as boss:
        await make_all(boss)
        asked = {"dialled": "88001234567", "number": "89280001122", "at": "2026-11-20T12:00", "digit": "2", "left": "1"}
        told = await boss.send("POST", f"{HOME}/explain", form=asked)
        assert [word in told.text for word in ("Бесплатная", "Будни", "Вторая", "70")] == [True] * 4
        assert (await boss.api("POST", f"{HOME}/explain", asked | {"at": "tomorrow"})).status == 400
        night = await boss.api("POST", f"{HOME}/explain", asked | {"at": "2026-11-20T23:00"})
        assert "closed" in {step["kind"] for step in night.json()}
