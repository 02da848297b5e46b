"""Goals of queues over HTTP: the page, the board and statistics that judge by them, whose a queue is (DAY-34, 2.8)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from hotline.cti.model import Outcome, Segment, SegmentKind, SegmentResult
from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from tests.integration.web.conftest import NOW, PASSWORD, Browser, Site, ended_call

PATH = "/admin/goals/hotline"
GOAL = {"percent": "70", "within_s": "30", "short_s": "3", "organisation": "", "version": "0"}


async def goal_on_board(site: Site, browser: Browser) -> dict[str, int]:
    """The goal of the main queue as the board has it after its next look."""
    await site.services.board.tick()
    (row,) = (await browser.api("GET", "/api/board")).json()["queues"]
    goal: dict[str, int] = row["goal"]
    return goal


async def answered_after(site: Site, wait_s: int) -> None:
    """A call of today that was answered after a wait."""
    joined = NOW - timedelta(minutes=10)
    answered, over = joined + timedelta(seconds=wait_s), joined + timedelta(minutes=5)
    wait = Segment(SegmentKind.WAIT, joined, answered, "hotline", "101", None, SegmentResult.ANSWERED)
    call = replace(ended_call(), started_at=joined, queued_at=joined, answered_at=answered, ended_at=over)
    await site.services.calls.record(
        replace(call, segments=(wait, Segment(SegmentKind.TALK, answered, over, "hotline")))
    )


async def level_in_statistics(browser: Browser) -> str:
    """The service level of the day as statistics say it."""
    day = f"{NOW:%Y-%m-%d}"
    page = await browser.get(f"/statistics?from={day}&to={day}&by=queue&col=service_level&format=csv")
    return page.body.decode("utf-8-sig").splitlines()[-1].split(";")[-1].strip()


async def test_one_goal_for_the_board_and_for_statistics(site: Site) -> None:
    """DAY-34, domain 2.11 queue.manage: by default 80 % in 20 s; a change is judged by both, audited, and undone."""
    await answered_after(site, 25)
    await site.services.board.close()
    await site.services.board.start()
    async with site.logged_in("boss") as boss:
        listed = (await boss.get("/admin/goals")).text
        assert "80 % за 20 с" in listed
        assert "по умолчанию" in listed
        assert await goal_on_board(site, boss) == {"percent": 80, "within_s": 20, "short_s": 5}
        assert (await level_in_statistics(boss)).startswith("0")
        saved = await boss.send("POST", PATH, form=GOAL)
        assert (saved.status, saved.headers["Location"]) == (303, "/admin/goals")
        assert await goal_on_board(site, boss) == {"percent": 70, "within_s": 30, "short_s": 3}
        assert (await level_in_statistics(boss)).startswith("100")
        page = (await boss.get(PATH)).text
        history = page[page.index("history-title") :]
        assert "Главный" in history
        back = dict(re.findall(r'name="(\w+)" value="([^"]*)"', history[: history.index("</form>")]))
        back.pop("csrf_token")
        assert back == {"percent": "80", "within_s": "20", "short_s": "5", "organisation": "", "version": "1"}
        assert (await boss.send("POST", PATH, form=back)).status == 303
        assert await goal_on_board(site, boss) == {"percent": 80, "within_s": 20, "short_s": 5}


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("percent", "0", "от 1 до 100"),
        ("percent", "eighty", "от 1 до 100"),
        ("within_s", "3601", "от 1 до 3600"),
        ("short_s", "61", "от 0 до 60"),
        ("short_s", "30", "меньше секунд цели"),
        ("organisation", "99999", "нет в списке"),
        ("version", "", "должно быть"),
    ],
)
async def test_a_refused_goal_keeps_what_was_typed(site: Site, field: str, typed: str, words: str) -> None:
    """DAY-20, bad input: the page comes back with the reason beside the field, and nothing is stored."""
    async with site.logged_in("boss") as boss:
        refused = await boss.send("POST", PATH, form=GOAL | {field: typed})
        assert refused.status == 400
        if field != "version":
            assert words in refused.text
        assert 'name="percent" type="number" min="1" max="100" required value="' in refused.text
        kept = "within_s" if field == "percent" else "percent"
        assert f'value="{GOAL[kept]}"' in refused.text
        assert (await boss.api("GET", "/admin/goals")).json()["goals"][0]["version"] == 0


async def test_who_was_slower_loses_nothing_he_typed(site: Site) -> None:
    """DAY-20: 409 shows what he typed with the present version; saving again overwrites knowingly."""
    async with site.logged_in("boss") as boss, site.logged_in("admin") as admin:
        assert (await admin.send("POST", PATH, form=GOAL)).status == 303
        stale = await boss.send("POST", PATH, form=GOAL | {"percent": "91"})
        assert stale.status == 409
        assert 'value="91"' in stale.text
        assert 'name="version" value="1"' in stale.text
        assert (await boss.send("POST", PATH, form=GOAL | {"percent": "91", "version": "1"})).status == 303
        json = await admin.api("POST", PATH, GOAL)
        assert (json.status, json.json()["error_id"]) == (409, "stale-record")


async def insurer(site: Site) -> int:
    """An insurer with a supervisor; return its id."""
    async with site.services.database.begin() as session:
        row = OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО")
        session.add(row)
        await session.flush()
        organisation_id = row.id
    await site.services.staff.create_user(
        NewUser("chief", PASSWORD, "Страхова", "Имя", "07001", ("supervisor",), "", "801")
    )
    return organisation_id


async def test_an_insurer_manages_its_own_queues_and_gives_none_away(site: Site) -> None:
    """Domain 2.8: nothing of the fund's queues; its own goal, but not whose the queue is."""
    smo = await insurer(site)
    async with site.logged_in("boss") as boss, site.logged_in("chief") as chief:
        assert "очередей нет" in (await chief.get("/admin/goals")).text
        assert (await chief.get(PATH)).status == 404
        assert (await chief.send("POST", PATH, form=GOAL)).status == 404
        assert (await boss.send("POST", PATH, form=GOAL | {"organisation": str(smo)})).status == 303
        await site.services.board.tick()
        page = (await chief.get(PATH)).text
        assert 'id="admin-organisation"' not in page
        mine = await chief.send("POST", PATH, form=GOAL | {"percent": "75", "version": "1"})
        assert mine.status == 303
        (row,) = (await chief.api("GET", "/admin/goals")).json()["goals"]
        assert (row["percent"], row["organisation"], row["owner"]) == (75, smo, "СМО")
        assert (await boss.get("/admin/goals/no-such-queue")).status == 404


async def test_the_board_and_statistics_agree_whose_a_queue_is(site: Site) -> None:
    """Domain 2.8: a queue without a word of it is the hotline's own in both; once it is an insurer's, in both."""
    smo = await insurer(site)
    joined = NOW - timedelta(minutes=10)
    gone = Segment(SegmentKind.WAIT, joined, joined + timedelta(seconds=40), "hotline", result=SegmentResult.ABANDONED)
    lost = replace(ended_call(), started_at=joined, queued_at=joined, ended_at=joined + timedelta(seconds=40), legs=())
    lost = replace(lost, answered_at=None, operator=None, outcome=Outcome.ABANDONED_QUEUE, segments=(gone,))
    await site.services.calls.record(lost)
    async with site.services.database.begin() as session:
        await session.execute(text("UPDATE staff_role SET sight = sight - 'tfoms' WHERE code = 'supervisor'"))
    await site.services.board.close()
    await site.services.board.start()
    day = f"{NOW:%Y-%m-%d}"
    counts = f"/statistics?from={day}&to={day}&by=queue&col=abandoned&format=csv"

    async def seen_by(login: str) -> tuple[bool, bool]:
        async with site.logged_in(login) as browser:
            await site.services.board.tick()
            board = (await browser.api("GET", "/api/board")).json()["queues"]
            table = (await browser.get(counts)).body.decode("utf-8-sig")
            return bool(board), "\r\nhotline" in table

    assert await seen_by("boss") == (True, True)
    assert await seen_by("chief") == (False, False)
    async with site.logged_in("admin") as admin:
        assert (await admin.send("POST", PATH, form=GOAL | {"organisation": str(smo)})).status == 303
    assert await seen_by("boss") == (False, False)
    assert await seen_by("chief") == (True, True)
