"""Typical answers are proposed, compared and approved; operators see the approved text only (S001-015, S001-052)."""

from __future__ import annotations

import re

from sqlalchemy import text

from hotline.profiles.loader import load_profile
from tests.integration.web.conftest import Answer, Browser, Site

NEW = {"code": "SC77", "title": "Навигация", "body": "Указатели — у входа.", "topics": "2.01", "keywords": "указатели"}


async def post(browser: Browser, path: str, **form: str) -> Answer:
    return await browser.send("POST", f"/admin/scripts{path}", form=form)


async def waiting(browser: Browser, code: str) -> str:
    page = (await browser.get(f"/admin/scripts/{code}")).text
    found = re.search(r'name="id" value="(\d+)"', page)
    assert found, page
    return found[1]


async def test_an_answer_is_proposed_approved_used_and_kept_over_the_profile(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        assert (await post(admin, "", **NEW)).status == 303
        assert "Указатели" not in (await admin.get("/scripts?topic=2.01")).text
        first = await waiting(admin, "SC77")
        assert (await post(admin, "/SC77/decide", id=first, decision="approved")).status == 303
        assert "Указатели — у входа." in (await admin.get("/scripts?topic=2.01")).text
        other = {name: value for name, value in NEW.items() if name != "code"} | {"body": "Указатели — у лифта."}
        assert (await post(admin, "/SC77", **other)).status == 303
        page = (await admin.get("/admin/scripts/SC77")).text
        assert "<del>входа</del><ins>лифта</ins>" in page
        assert "Указатели — у входа." in (await admin.get("/scripts?topic=2.01")).text  # until somebody approves
        second = await waiting(admin, "SC77")
        assert (await post(admin, "/SC77/decide", id=second, decision="approved")).status == 303
        stale = await post(admin, "/SC77/decide", id=second, decision="approved")
        assert stale.status == 409
        await load_profile(site.services.database, "oms")
        assert "Указатели — у лифта." in (await admin.get("/scripts?topic=2.01")).text
        assert (await post(admin, "/SC77/close", closed="1")).status == 303
        assert "лифта" not in (await admin.get("/scripts?topic=2.01")).text
        assert "Указатели — у входа." in (await admin.get("/admin/scripts/SC77")).text
    async with site.services.database.begin() as session:
        kept = await session.execute(text("SELECT version, decision FROM script_version ORDER BY id"))
        assert [tuple(row) for row in kept] == [(1, "approved"), (2, "approved")]


async def test_a_refusal_says_why_and_changes_nothing(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        before = (await admin.get("/scripts?topic=2.02")).text
        changed = {"title": "Полис ребёнка", "body": "Приходите завтра.", "topics": "2.02"}
        assert (await post(admin, "/SC04", **changed)).status == 303
        draft = await waiting(admin, "SC04")
        silent = await post(admin, "/SC04/decide", id=draft, decision="refused")
        assert silent.status == 400
        assert (await post(admin, "/SC04/decide", id=draft, decision="refused", note="срок не назван")).status == 303
        assert "срок не назван" in (await admin.get("/admin/scripts/SC04")).text
        assert (await admin.get("/scripts?topic=2.02")).text == before


async def test_bad_texts_are_refused_by_field_and_stay_in_the_form(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        refused = await post(admin, "", **{**NEW, "topics": "9.99"})
        assert refused.status == 400
        assert "Указатели — у входа." in refused.text
        taken = await admin.send("POST", "/admin/scripts", form={**NEW, "code": "SC04"}, accept="application/json")
        assert taken.json()["details"] == {"code": "занято"}
        assert (await admin.get("/admin/scripts/SC77")).status == 404
    async with site.logged_in("anna") as operator:
        assert (await operator.get("/admin/scripts")).status == 403
