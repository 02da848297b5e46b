"""The supervisor's board over HTTP and the push connection (DAY-34 to DAY-36, M-04)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from json import dumps
from typing import Any

import pytest

from hotline.cti.model import CallEvent, CallEventKind, Outcome, Phase, QueueChanged
from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from tests.integration.web.conftest import CALLER, NOW, PASSWORD, EventStream, Site, ended_call, ringing_call

WATCH = dumps({"type": "board", "data": {"on": True}})


async def open_board(stream: EventStream) -> Any:
    await stream.next("snapshot")
    await stream.say(WATCH)
    return await stream.next("board")


async def until(stream: EventStream, check: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read changes until one of them is as expected; facts may come in one message or in several."""
    changed: dict[str, Any] = await stream.next("board.changed")
    while not check(changed):
        changed = await stream.next("board.changed")
    return changed


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"].split()[0]: row for row in rows}


@pytest.fixture
async def insurer(site: Site) -> Site:
    """The application with an insurer that has a supervisor and an operator."""
    async with site.services.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    for login, surname, role, extension in (("chief", "Страхова", "supervisor", "801"), ("sp", "Чужой", "sp1", "802")):
        await site.services.staff.create_user(NewUser(login, PASSWORD, surname, "Имя", "07001", (role,), "", extension))
    site.services.board.settings_changed()
    await site.services.board.tick()
    return site


async def test_the_board_comes_whole_and_then_by_changed_rows(site: Site) -> None:
    """DAY-34: a call that waits and is answered moves one queue, one operator and one quarter, nothing else."""
    anna = await site.services.staff.by_extension("101")
    assert anna is not None
    async with site.logged_in("boss") as boss, boss.events() as stream:
        picture = await open_board(stream)
        assert [row["queue"] for row in picture["queues"]] == ["hotline"]
        assert by_name(picture["operators"])["Аннина"]["state"] == "offline"
        await site.services.desk.start_work(anna.id, "101", microphone=True)
        await until(stream, lambda one: any(row["ready"] == 1 for row in one["queues"]))
        site.bus.publish(QueueChanged("pbx1", "hotline", 1, NOW - timedelta(seconds=3), NOW))
        waits = await until(stream, lambda one: any(row["waiting"] == 1 for row in one["queues"]))
        assert "Борисов" not in by_name(waits["operators"])
        call = site.ring("101")
        rings = await until(stream, lambda one: any(row["call_key"] == call.key for row in one["operators"]))
        (row,) = rings["operators"]
        assert (row["name"].split()[0], row["state"]) == ("Аннина", "ringing")
        assert (row["party"], row["call_queue"]) == ("••••1122", "hotline")
        assert CALLER[2:] not in dumps(rings)


async def test_what_nobody_looks_at_is_not_sent(site: Site) -> None:
    """DAY-34: whoever leaves the page gets no more rows; an operator who asks for the board is not answered."""
    async with site.logged_in("anna") as anna, anna.events() as stream:
        await stream.next("snapshot")
        await stream.say(WATCH)
        await stream.say(dumps({"type": "ping"}))
        assert await stream.next("board", "pong") == {}
    async with site.logged_in("boss") as boss, boss.events() as stream:
        await open_board(stream)
        await stream.say(dumps({"type": "board", "data": {"on": False}}))
        await stream.say(dumps({"type": "ping"}))
        await stream.next("pong")
        site.bus.publish(QueueChanged("pbx1", "hotline", 4, NOW, NOW))
        assert (await stream.next("board.changed", "queue.stats"))["waiting"] == 4
    for strange in ({"on": "yes"}, {"on": True, "more": 1}, {}):
        async with site.logged_in("boss") as boss, boss.events() as stream:
            await stream.next("snapshot")
            await stream.say(dumps({"type": "board", "data": strange}))
            assert await stream.closed_with() == 1003


async def test_a_supervisor_of_another_organisation_sees_nothing_of_ours(insurer: Site) -> None:
    """Domain 2.8, issue 5 "bad input": neither queues nor operators nor charts; his own operators he sees."""
    async with insurer.logged_in("chief") as chief:
        answer = await chief.api("GET", "/api/board")
        assert answer.status == 200
        found = answer.json()
        assert (found["queues"], found["slots"]) == ([], {})
        assert sorted(by_name(found["operators"])) == ["Страхова", "Чужой"]
        async with chief.events() as stream:
            picture = await open_board(stream)
            assert sorted(by_name(picture["operators"])) == ["Страхова", "Чужой"]
            anna = await insurer.services.staff.by_extension("101")
            other = await insurer.services.staff.by_extension("802")
            assert anna is not None
            assert other is not None
            await insurer.services.desk.start_work(anna.id, "101", microphone=True)
            await insurer.services.desk.start_work(other.id, "802", microphone=True)
            seen: set[str] = set()

            def foreign_is_ready(one: dict[str, Any]) -> bool:
                seen.update(by_name(one["operators"]))
                assert (one["queues"], one["slots"]) == ([], {})
                return any(row["extension"] == "802" and row["state"] == "ready" for row in one["operators"])

            await until(stream, foreign_is_ready)
            assert "Аннина" not in seen
    async with insurer.logged_in("boss") as boss:
        names = by_name((await boss.api("GET", "/api/board")).json()["operators"])
        assert {"Аннина", "Чужой"} <= names.keys()


async def test_a_service_that_starts_anew_counts_the_day_from_its_rows(site: Site) -> None:
    """DAY-34: what was before the kill is in the journal; what the logs tell later corrects it."""
    its = site.services
    done = ended_call(key="pbx1-1763622000.21")
    waited = replace(done, queue="hotline", queued_at=NOW, answered_at=NOW + timedelta(seconds=4))
    lost = replace(
        waited, key="pbx1-1763622000.22", answered_at=None, outcome=Outcome.ABANDONED_QUEUE, operator=None, legs=()
    )
    await its.calls.record(waited)
    await its.calls.record(lost)
    await its.board.close()
    await its.board.start()
    async with site.logged_in("boss") as boss:
        (queue,) = (await boss.api("GET", "/api/board")).json()["queues"]
        assert (queue["today"]["offered"], queue["today"]["answered"], queue["today"]["lost"]) == (2, 1, 1)
        corrected = replace(lost, outcome=Outcome.VOICEMAIL)
        its.board.live.set_call(lost)
        async with its.database.begin() as session:
            await its.calls.record(corrected, session)
        its.board.look_again([lost.key])
        await its.board.tick()
        (queue,) = (await boss.api("GET", "/api/board")).json()["queues"]
        assert queue["today"]["answered"] == 1


async def test_midnight_begins_an_empty_day(site: Site) -> None:
    """DAY-42: the figures are of the organisation's own day; browsers get a new picture."""
    call = replace(ringing_call("101"), queued_at=NOW, queue="hotline", phase=Phase.QUEUED)
    async with site.logged_in("boss") as boss, boss.events() as stream:
        await open_board(stream)
        site.bus.publish(CallEvent(CallEventKind.QUEUED, call, NOW, None))
        changed = await until(stream, lambda one: bool(one["slots"]))
        assert changed["slots"]["hotline"]["40"]["offered"] == 1
        site.clock.advance(timedelta(hours=14))
        await site.services.board.tick()
        picture = await stream.next("board")  # unasked: the server says that the day is another
        assert picture["slots"] == {"hotline": {}}
        assert picture["queues"][0]["today"]["offered"] == 0


async def test_the_page_is_for_who_may_watch(site: Site) -> None:
    """M-04: the page stands in the menu of a supervisor, and of nobody else."""
    async with site.logged_in("boss") as boss:
        page = await boss.get("/board")
        assert page.status == 200
        assert 'data-controller="board"' in page.text
        assert 'href="/board"' in (await boss.get("/calls")).text
    async with site.logged_in("anna") as anna:
        assert (await anna.get("/board")).status == 403
        assert 'href="/board"' not in (await anna.get("/calls")).text


async def test_a_screen_on_the_wall_sees_figures_and_no_person(site: Site) -> None:
    """DAY-29, DAY-34: the role «Табло» reaches its page, nobody's name is in it, and it stays logged in for weeks."""
    await site.services.staff.create_user(NewUser("wall", PASSWORD, "Экран", "Зал", "07", ("wall",), "", None))
    anna = await site.services.staff.by_extension("101")
    assert anna is not None
    await site.services.desk.start_work(anna.id, "101", microphone=True)
    await site.bus.drain()
    async with site.logged_in("wall") as screen:
        assert (await screen.get("/")).headers["Location"] == "/wallboard"
        assert (await screen.get("/wallboard")).status == 200
        answer = await screen.api("GET", "/api/wallboard")
        assert answer.json()["states"]["ready"] == 1
        assert [row["queue"] for row in answer.json()["queues"]] == ["hotline"]
        for private in ("Аннина", "101", CALLER):
            assert private not in answer.text.replace(answer.json()["server_time"], "")
        assert (await screen.api("GET", "/api/board")).status == 403
        site.clock.advance(timedelta(days=40))
        assert (await screen.get("/api/wallboard")).status == 200
    async with site.logged_in("anna") as operator:
        assert (await operator.get("/wallboard")).status == 403
        site.clock.advance(timedelta(days=2))
        assert (await operator.get("/calls")).status in {302, 303}
