"""Scores over HTTP: sheets, samples, scoring, the operator's answer, calibration, reports, who sees what (DAY-37)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from json import dumps
from typing import Any

import pytest
from sqlalchemy import text

from hotline.cti.model import Segment, SegmentKind
from hotline.cti.ratings import Rating
from hotline.scoring.ratings import write
from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from tests.integration.web.conftest import NOW, PASSWORD, Answer, Browser, Site, ended_call

SHEET: list[dict[str, Any]] = [
    {
        "title": "Разговор",
        "criteria": [
            {"title": "Представился", "kind": "yes_no", "weight": 1, "fatal": False, "may_skip": True},
            {"title": "Тон", "kind": "scale", "top": 5, "weight": 3, "fatal": False, "may_skip": False},
            {"title": "Без чужих данных", "kind": "yes_no", "weight": 2, "fatal": True, "may_skip": False},
        ],
    }
]
GOOD = {"c1": "yes", "c2": "4", "c3": "yes"}
PLAN = {"title": "Каждую неделю", "per_operator": "2", "period": "week", "min_talk_s": "30"}


async def record(site: Site, number: int, extension: str = "101") -> str:
    """An answered, recorded call of two minutes in this week."""
    key = f"pbx1-1763622000.{number}"
    call = ended_call(extension, key=key, recorded=True)
    begun, over = call.answered_at, call.ended_at
    assert begun is not None
    talk = Segment(SegmentKind.TALK, begun, over, "hotline", extension)
    await site.services.calls.record(replace(call, segments=(talk,)))
    return key


@pytest.fixture
async def world(site: Site) -> Site:
    """Two reviewers of the fund, one of an insurer, and three calls of Anna, one of Boris."""
    its = site.services
    async with its.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    for login, role, organisation in (
        ("q.one", "quality", "07"),
        ("q.two", "quality", "07"),
        ("q.smo", "quality", "07001"),
        ("a.smo", "admin", "07001"),
    ):
        await its.staff.create_user(
            NewUser(login, PASSWORD, f"Оценщиков-{login}", "Ян", organisation, (role,), "", None)
        )
    for number in (11, 12, 13):
        await record(site, number)
    await record(site, 14, "102")
    return site


async def sheet(browser: Browser) -> int:
    form = {"title": "Анкета", "body": dumps(SHEET)}
    made = await browser.send("POST", "/admin/quality/sheets", form=form, accept="application/json")
    assert made.status == 200, made.text
    return int(made.json()["id"])


async def review(browser: Browser, site: Site, key: str = "pbx1-1763622000.11", sheet_id: int = 1) -> int:
    operator = await site.services.staff.by_extension("101")
    assert operator is not None
    form = {"call": key, "operator_id": str(operator.id), "sheet_id": str(sheet_id)}
    made = await browser.send("POST", "/quality", form=form)
    assert made.status == 303, made.text
    return int(made.headers["Location"].rpartition("/")[2])


async def move(browser: Browser, review_id: int, name: str, version: int, **more: Any) -> Answer:
    return await browser.api("POST", f"/api/quality/{review_id}/{name}", {"version": version, **more})


async def count(site: Site, statement: str) -> Any:
    async with site.services.database.begin() as session:
        return (await session.execute(text(statement))).scalar_one()


async def test_a_score_from_the_sheet_to_the_decision(world: Site) -> None:
    """DAY-37: scored with comments at a second, published, not agreed, changed with a reason; bells, audit, report."""
    async with world.logged_in("admin") as admin, world.logged_in("q.one") as one, world.logged_in("anna") as anna:
        sheet_id = await sheet(admin)
        review_id = await review(one, world, sheet_id=sheet_id)
        assert (await anna.get(f"/quality/{review_id}")).status == 404, (
            "nobody learns of a score before it is published"
        )
        comments = [{"at_s": 12.4, "text": "Перебила"}]
        saved = await one.api("PUT", f"/api/quality/{review_id}", {"version": 1, "answers": {"c1": "yes"}})
        assert (saved.json()["percent"], saved.json()["missing"]) == (100.0, ["c2", "c3"])
        early = await move(one, review_id, "publish", 2, answers={"c1": "yes"})
        assert (early.status, set(early.json()["details"])) == (400, {"c2", "c3"})
        stale = await one.api("PUT", f"/api/quality/{review_id}", {"version": 1, "answers": {}})
        assert (stale.status, stale.json()["error_id"]) == (409, "stale-record")
        wrong = await one.api("PUT", f"/api/quality/{review_id}", {"version": 2, "answers": {"c2": "9"}})
        assert wrong.status == 400
        done = await move(one, review_id, "publish", 2, answers=GOOD, comments=comments, summary="Хорошо")
        assert (done.status, done.json()["percent"], done.json()["state"]) == (200, 90.0, "published")

        page = await anna.get(f"/quality/{review_id}")
        assert page.status == 200
        assert "Перебила" in page.text
        assert "90 %" in page.text
        assert (await anna.api("PUT", f"/api/quality/{review_id}", {"version": 3, "answers": {}})).status == 403
        assert (await move(anna, review_id, "dispute", 3)).json()["details"].keys() == {"note"}
        assert (await move(anna, review_id, "dispute", 3, note="Он сам просил")).status == 200
        better = {"answers": {**GOOD, "c2": "5"}, "comments": comments}
        changed = await move(one, review_id, "change", 4, note="Согласен", **better)
        assert (changed.json()["state"], changed.json()["percent"]) == ("settled", 100.0)
        assert (await move(anna, review_id, "dispute", 5, note="Ещё")).status == 409
        assert "Согласен" in (await anna.get(f"/quality/{review_id}")).text

        told = "SELECT string_agg(u.login || ' ' || n.kind, ', ' ORDER BY n.id) FROM notification n JOIN staff_user u"
        told += " ON u.id = n.user_id"
        assert await count(world, told) == "anna scored, q.one score_disputed, anna score_settled"
        assert await count(world, "SELECT count(*) FROM audit_event WHERE entity = 'score'") == 4
        listened = "SELECT count(*) FROM recording_access WHERE reason <> ''"
        await one.get(f"/quality/{review_id}")
        assert await count(world, listened) == 1, "the reviewer's listening is written down with its reason"
        report = await one.get("/quality/report?by=operator&format=csv")
        assert "100" in report.text.splitlines()[1]
        by_criterion = await one.get("/quality/report?by=criterion&format=csv")
        assert "Представился" in by_criterion.text


async def test_an_old_score_keeps_its_edition(world: Site) -> None:
    """DAY-37: the sheet is changed after the score; a rule that uses it keeps it from being closed."""
    async with world.logged_in("admin") as admin, world.logged_in("q.one") as one:
        sheet_id = await sheet(admin)
        review_id = await review(one, world, sheet_id=sheet_id)
        await move(one, review_id, "publish", 1, answers=GOOD)
        body = [{"title": "Другое", "criteria": [{"code": "c1", "title": "Новый", "kind": "yes_no", "weight": 1}]}]
        form = {"title": "Анкета 2", "version": "1", "body": dumps(body)}
        path = f"/admin/quality/sheets/{sheet_id}"
        saved = await admin.send("POST", path, form=form, accept="application/json")
        assert saved.json()["edition"] == 2
        assert (await admin.send("POST", path, form=form, accept="application/json")).status == 409
        old = (await one.get(f"/quality/{review_id}")).text
        assert "Без чужих данных" in old
        newer = await review(one, world, "pbx1-1763622000.12", sheet_id)
        assert "Новый" in (await one.get(f"/quality/{newer}")).text
        broken = await admin.send("POST", path, form={**form, "version": "2", "body": "[{}]"}, accept="text/html")
        assert broken.status == 400
        assert "Анкета 2" in broken.text, "what was typed is shown again"
        plan = await admin.send(
            "POST", "/admin/quality/plans", form={**PLAN, "sheet_id": str(sheet_id)}, accept="application/json"
        )
        assert plan.status == 200, plan.text
        refused = await admin.send("POST", f"{path}/close", form={"version": "2"}, accept="application/json")
        assert (refused.status, refused.json()["error_id"]) == (409, "sheet-in-use")


async def test_samples_are_drawn_once_and_filled_up(world: Site) -> None:
    """DAY-37: two calls of each operator in the week; skipped ones are replaced; the night draws the week before."""
    async with world.logged_in("admin") as admin, world.logged_in("q.one") as one:
        form = {**PLAN, "sheet_id": str(await sheet(admin))}
        made = await admin.send("POST", "/admin/quality/plans", form=form, accept="application/json")
        path = f"/admin/quality/plans/{made.json()['id']}/draw"
        drawn = await admin.send("POST", path, form={}, accept="application/json")
        assert drawn.json() == {"made": 3, "operators": 2, "short": 1}
        assert (await admin.send("POST", path, form={}, accept="application/json")).json()["made"] == 0
        review_id = await count(
            world,
            "SELECT min(r.id) FROM score_review r JOIN staff_user u ON u.id = r.operator_id WHERE u.login = 'anna'",
        )
        assert (await move(one, review_id, "skip", 1, note="Ошиблись номером")).status == 200
        assert (await admin.send("POST", path, form={}, accept="application/json")).json()["made"] == 1
        assert (await one.get("/quality")).text.count("row-link") == 3
        assert await world.services.drawing.nightly() == 0, "last week nobody called"
        late = {**form, "title": "x", "per_operator": "99"}
        assert (await admin.send("POST", "/admin/quality/plans", form=late, accept="application/json")).status == 400


async def test_next_night_draws_what_was_called_last_week(world: Site) -> None:
    """DAY-37: repeatable: drawn again after the reviews are gone, the same calls come."""
    async with world.logged_in("admin") as admin:
        form = {**PLAN, "per_operator": "1", "sheet_id": str(await sheet(admin))}
        await admin.send("POST", "/admin/quality/plans", form=form, accept="application/json")
    drawing = world.services.drawing
    world.clock.advance(timedelta(days=7))
    chosen = "SELECT string_agg(call_key, ' ' ORDER BY call_key) FROM score_review"
    assert await drawing.nightly() == 2
    first = await count(world, chosen)
    assert await drawing.nightly() == 0
    async with world.services.database.begin() as session:
        await session.execute(text("DELETE FROM score_review"))
    assert await drawing.nightly() == 2
    assert await count(world, chosen) == first


async def test_a_calibration_is_blind_until_all_are_done(world: Site) -> None:
    """DAY-37: two reviewers, the same call; neither sees the other's answers before; the operator never does."""
    async with (
        world.logged_in("admin") as admin,
        world.logged_in("q.one") as one,
        world.logged_in("q.two") as two,
        world.logged_in("anna") as anna,
    ):
        review_id = await review(one, world, sheet_id=await sheet(admin))
        people = {
            login: await count(world, f"SELECT id FROM staff_user WHERE login = '{login}'")
            for login in ("q.one", "q.two", "q.smo")
        }
        foreign = {f"reviewer_{people['q.one']}": "1", f"reviewer_{people['q.smo']}": "1"}
        path = f"/quality/{review_id}/calibrations"
        assert (await one.send("POST", path, form=foreign, accept="application/json")).status == 400
        both = {f"reviewer_{people['q.one']}": "1", f"reviewer_{people['q.two']}": "1"}
        made = await one.send("POST", path, form=both)
        address = made.headers["Location"]
        parts = {
            login: await count(
                world,
                f"SELECT id FROM score_review WHERE calibration_id IS NOT NULL AND reviewer_id = {people[login]}",
            )
            for login in ("q.one", "q.two")
        }
        assert (await two.get(f"/quality/{parts['q.one']}")).status == 404
        assert (await move(one, parts["q.one"], "publish", 1, answers=GOOD)).status == 200
        assert "score-differences" not in (await two.get(address)).text
        assert (await anna.get(f"/quality/{parts['q.one']}")).status == 404
        assert (await move(two, parts["q.two"], "publish", 1, answers={**GOOD, "c3": "no"})).status == 200
        shown = (await two.get(address)).text
        assert "score-differences" in shown
        assert "90 %" in shown
        assert await count(world, "SELECT count(*) FROM notification") == 0


async def test_another_organisation_sees_and_scores_nothing(world: Site) -> None:
    """Issue 5, domain 2.8: a reviewer and an administrator of an insurer; an operator of another's score."""
    async with (
        world.logged_in("admin") as admin,
        world.logged_in("q.one") as one,
        world.logged_in("q.smo") as foreign,
        world.logged_in("a.smo") as boss,
        world.logged_in("boris") as boris,
    ):
        sheet_id = await sheet(admin)
        review_id = await review(one, world, sheet_id=sheet_id)
        await move(one, review_id, "publish", 1, answers=GOOD)
        for browser in (foreign, boris):
            assert (await browser.get(f"/quality/{review_id}")).status == 404
            assert "row-link" not in (await browser.get("/quality")).text
        assert (await foreign.get("/quality/new?call=pbx1-1763622000.11")).status == 404
        assert (await move(foreign, review_id, "confirm", 2, note="-")).status == 404
        assert (await boris.get("/quality?folder=work")).status == 400
        assert (await boss.get(f"/admin/quality/sheets/{sheet_id}")).status == 404
        assert "Анкета" not in (await boss.get("/admin/quality")).text
        assert len((await foreign.get("/quality/report?by=operator&format=csv")).text.splitlines()) == 2


async def test_what_citizens_said_is_on_the_list_of_calls_and_in_the_report(world: Site) -> None:
    """R-14, peers "CSAT": asked, answered, mean, CSAT and NPS; none of another organisation's."""
    for key, score, recommends in (("11", 5, 10), ("12", 2, 3), ("13", None, None)):
        await write(world.services.database, "pbx1", Rating(f"pbx1-1763622000.{key}", NOW, score, recommends))
    await write(world.services.database, "pbx1", Rating("pbx1-1763622000.11", NOW, None, None))
    async with world.logged_in("q.one") as one, world.logged_in("q.smo") as foreign:
        rows = (await one.get("/quality/report?by=queue&format=csv")).text.splitlines()
        assert rows[1].split(";")[1:] == ["3", "2", "3,5", "50,0", "0,0"]
        assert rows[-1].split(";")[1:] == ["3", "2", "3,5", "50,0", "0,0"]
        assert len((await foreign.get("/quality/report?by=queue&format=csv")).text.splitlines()) == 2
        calls = (await one.get("/calls")).text
        assert calls.count("score-stars") == 2
