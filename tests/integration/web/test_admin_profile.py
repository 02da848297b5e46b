"""Administration of the process profile: export, import with every difference, versions (domain 2.1)."""

from __future__ import annotations

import re

from sqlalchemy import text

from tests.integration.web.conftest import Answer, Browser, Site


async def exported(browser: Browser, version: str = "") -> str:
    answer = await browser.get("/admin/profile/export" + (f"?version={version}" if version else ""))
    assert answer.status == 200
    return answer.text


async def preview(browser: Browser, **form: str) -> Answer:
    return await browser.send("POST", "/admin/profile/preview", form=form)


def base_of(page: Answer) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found
    return found[1]


async def test_what_was_exported_changes_nothing_and_a_change_is_seen_loaded_and_taken_back(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        first = await exported(admin)
        assert "Отличий от действующего профиля нет" in (await preview(admin, content=first)).text
        assert 'title = "Переписка прекращена"' in first
        changed = first.replace('title = "Переписка прекращена"', 'title = "Переписка окончена"', 1)
        seen = await preview(admin, content=changed)
        assert seen.status == 200
        assert "<del>Переписка прекращена</del>" in seen.text
        assert "<ins>Переписка окончена</ins>" in seen.text
        base = base_of(seen)
        form = {"content": changed, "version": base, "comment": "приказ 17"}
        assert (await admin.send("POST", "/admin/profile", form=form)).status == 303
        async with site.services.database.begin() as session:
            titles = (await session.scalars(text("SELECT title FROM result WHERE title = 'Переписка окончена'"))).all()
        assert titles == ["Переписка окончена"]
        page = await admin.get("/admin/profile")
        assert "приказ 17" in page.text
        stale = await admin.send("POST", "/admin/profile", form=form, accept="application/json")
        assert (stale.status, stale.json()["error_id"]) == (409, "stale-record")
        back = await preview(admin, restore=base)
        assert "<ins>Переписка прекращена</ins>" in back.text
        again = {"content": await exported(admin, base), "version": base_of(back), "comment": ""}
        assert (await admin.send("POST", "/admin/profile", form=again)).status == 303
        assert await exported(admin) == first


async def test_a_damaged_text_names_its_line_stays_in_the_form_and_changes_nothing(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        first = await exported(admin)
        for damaged, said in (
            (first.replace('phase = "rework"', 'phase = "nowhere"', 1), "nowhere"),
            (first + "\n[[status]]\ncode = ", "is no TOML"),
            ("", "status"),
        ):
            refused = await preview(admin, content=damaged)
            assert refused.status == 400
            assert said in refused.text
            json = {"content": damaged, "version": "1", "comment": ""}
            loaded = await admin.send("POST", "/admin/profile", form=json, accept="application/json")
            assert (loaded.status, loaded.json()["error_id"]) == (400, "bad-profile")
        wrong = await preview(admin, content=first.replace('phase = "rework"', 'phase = "nowhere"', 1))
        assert re.search(r"<code>profile\.toml:\d+</code>", wrong.text)
        assert "nowhere&#34;" in wrong.text  # the text is there to be corrected
        assert await exported(admin) == first
        assert (await admin.get("/admin/profile/export?version=999999")).status == 404


async def test_operators_and_insurers_do_not_change_the_process(site: Site) -> None:
    async with site.logged_in("anna") as operator:
        assert (await operator.get("/admin/profile")).status == 403
        assert (await preview(operator, content="x")).status == 403
