"""Supervision over HTTP: who may, what is asked for, what is kept; messages, forced states, help (DAY-15, issue 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from hotline.cti.model import CallEventKind, Phase
from hotline.queue.model import OperatorChanged, OperatorState
from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from tests.integration.web.conftest import KEY, NOW, PASSWORD, Answer, Browser, Site, event


async def begin(browser: Browser, operator_id: int, mode: str = "listen", reason: str = "разбор") -> Answer:
    return await browser.api("POST", "/api/supervision", {"operator_id": operator_id, "mode": mode, "reason": reason})


async def anna_of(site: Site) -> int:
    anna = await site.services.staff.by_extension("101")
    assert anna is not None
    return anna.id


async def works(site: Site) -> int:
    """Anna is at work."""
    anna = await anna_of(site)
    await site.services.desk.start_work(anna, "101", microphone=True)
    return anna


async def talks(site: Site) -> int:
    """Anna talks with a citizen."""
    anna = await works(site)
    call = replace(site.ring("101"), phase=Phase.TALKING, operator="101", ringing=(), answered_at=NOW)
    live = site.services.cti["pbx1"].tracker.live(KEY)
    assert live is not None
    live.phase, live.operator, live.answered_at = Phase.TALKING, "101", NOW
    live.ringing.clear()
    for leg in live.legs.values():
        leg.answered_at = NOW
    call = replace(call, legs=live.freeze().legs)
    site.bus.publish(event(CallEventKind.ANSWERED, call, "101"))
    await site.bus.drain()
    state = site.services.desk.operator(anna)
    assert state is not None
    assert state.state is OperatorState.TALKING
    return anna


async def rows(site: Site, query: str) -> list[dict[str, Any]]:
    async with site.services.database.begin() as sql:
        return [dict(row) for row in (await sql.execute(text(query))).mappings()]


async def test_a_supervisor_who_takes_part_is_not_free(site: Site) -> None:
    """DAY-15: the queue gives him no call from the moment his telephone is rung to the end of it."""
    anna = await talks(site)
    chief = await site.services.staff.by_extension("301")
    assert chief is not None
    await site.services.desk.start_work(chief.id, "301", microphone=True)
    seen: list[tuple[OperatorState, OperatorState]] = []

    async def note(change: OperatorChanged) -> None:
        if change.operator.user_id == chief.id:
            seen.append((change.previous, change.operator.state))

    stop = site.bus.subscribe(OperatorChanged, handler=note, name="test")
    async with site.logged_in("boss") as boss, boss.events() as stream:
        await stream.next("snapshot")
        assert (await begin(boss, anna)).status == 200
        while (await stream.next("supervision"))["stage"] != "over":
            pass
    await site.bus.drain()
    await stop()
    moves = [move for move in dict.fromkeys(seen) if move[0] is not move[1]]
    assert moves == [(OperatorState.READY, OperatorState.TALKING), (OperatorState.TALKING, OperatorState.READY)]


async def test_what_cannot_begin_is_refused_with_words_and_leaves_no_trace(site: Site) -> None:
    """DAY-15, domain 3.4: no right, no reason, nobody to listen to."""
    anna = await works(site)
    async with site.logged_in("boss") as boss:
        answers = [await begin(boss, anna)]
        await talks(site)
        answers += [await begin(boss, anna, reason="  "), await begin(boss, anna, reason="х" * 201)]
        answers += [await begin(boss, anna, mode="shout"), await begin(boss, 999999)]
    assert [(one.status, one.json()["error_id"]) for one in answers] == [
        (409, "operator-not-talking"),
        (400, "supervision-reason"),
        (400, "supervision-reason"),
        (400, "bad-input"),
        (404, "operator-unknown"),
    ]
    async with site.logged_in("boris") as boris:
        assert (await begin(boris, anna)).status == 403
    async with site.logged_in("admin") as admin:
        # The administrator may listen, not speak; and without a telephone not even that.
        assert (await begin(admin, anna, mode="whisper")).json()["error_id"] == "no-right"
        assert (await begin(admin, anna)).json()["error_id"] == "no-extension"
    assert await rows(site, "SELECT * FROM supervision") == []


async def test_a_beginning_is_audited_before_asterisk_is_asked(site: Site) -> None:
    """DAY-15: who, whom, which call, how and why; a telephone server that is away ends it, and that is kept too."""
    anna = await talks(site)
    async with site.logged_in("boss") as boss, boss.events() as stream:
        await stream.next("snapshot")
        answer = await begin(boss, anna, mode="whisper")
        assert (answer.status, answer.json()["stage"]) == (200, "ringing")
        over = await stream.next("supervision")
        while over["stage"] != "over":
            over = await stream.next("supervision")
        assert (over["ended"], over["problem"] != "") == ("not_answered", True)
        assert (await boss.api("GET", "/api/supervision")).json() == {"own": None, "told": None}
    await site.services.supervision.calls.close()
    (row,) = await rows(site, "SELECT * FROM supervision")
    assert (row["call_key"], row["operator_id"], row["wish"], row["reason"]) == (KEY, anna, "whisper", "разбор")
    audited = await rows(site, "SELECT * FROM audit_event WHERE entity = 'call' ORDER BY id")
    assert [one["details"]["event"] for one in audited] == ["supervision", "supervision_over"]
    assert {(one["reason"], one["entity_id"], one["user_id"]) for one in audited} == {
        ("разбор", KEY, row["supervisor_id"])
    }


@pytest.fixture
async def insurer(site: Site) -> Site:
    """A supervisor of another organisation."""
    async with site.services.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    await site.services.staff.create_user(
        NewUser("chief", PASSWORD, "Страхова", "Имя", "07001", ("supervisor",), "", "801")
    )
    return site


async def test_a_supervisor_of_another_organisation_finds_nobody(insurer: Site) -> None:
    """Issue 5, bad input: neither conversations nor states, messages or help of others are his."""
    anna = await talks(insurer)
    async with insurer.logged_in("anna") as operator:
        asked = (await operator.api("POST", "/api/help", {})).json()
    async with insurer.logged_in("chief") as chief:
        answers = [
            await begin(chief, anna),
            await chief.api("POST", f"/api/operators/{anna}/force", {"action": "ready", "why": "так"}),
            await chief.api("POST", f"/api/operators/{anna}/message", {"text": "привет"}),
            await chief.api("POST", f"/api/help/{asked['id']}/take", {}),
            await chief.api("POST", f"/api/help/{asked['id']}/close", {}),
        ]
        assert [one.status for one in answers] == [404] * 5
        assert (await chief.api("GET", "/api/help")).json() == {"own": None, "open": []}
    async with insurer.logged_in("anna") as operator:
        assert (await operator.api("GET", "/api/messages")).json() == {"messages": []}


async def test_a_forced_state_is_told_with_name_and_reason_until_it_is_confirmed(site: Site) -> None:
    """Domain 2.11 ``agent.force_state``: pause, ready, end of work; what was seen must still be so."""
    anna = await works(site)
    force = f"/api/operators/{anna}/force"
    async with site.logged_in("boss") as boss, site.logged_in("anna") as operator, operator.events() as stream:
        await stream.next("snapshot")
        body = {"action": "pause", "pause": "P02", "why": "обед по графику", "state": "ready"}
        assert (await boss.api("POST", force, body)).json()["state"] == "pause"
        await stream.next("supervision.message")
        (told,) = (await operator.api("GET", "/api/messages")).json()["messages"]
        assert (told["by"], told["kind"], told["text"]) == ("Главный И.", "pause", "обед по графику")
        stale = await boss.api("POST", force, body)
        assert (stale.status, stale.json()["error_id"]) == (409, "stale-operator")
        silent = await boss.api("POST", force, {"action": "ready", "why": ""})
        assert (silent.status, silent.json()["error_id"]) == (400, "empty-message")
        wrong = await boss.api("POST", force, {"action": "wrap_up", "why": "висит"})
        assert (wrong.status, wrong.json()["error_id"]) == (409, "illegal-move")
        assert (await boss.api("POST", force, {"action": "dismiss", "why": "x"})).status == 400
        assert (await operator.api("POST", f"/api/messages/{told['id']}/seen", {})).status == 200
        assert (await operator.api("GET", "/api/messages")).json() == {"messages": []}
        assert (await boss.api("POST", f"/api/messages/{told['id']}/seen", {})).status == 404
        ended = await boss.api("POST", force, {"action": "logout", "why": "конец смены", "state": "pause"})
        assert ended.json()["state"] == "offline"
    audited = await rows(site, "SELECT * FROM audit_event WHERE entity = 'operator' ORDER BY id")
    assert [(one["details"]["event"], one["reason"]) for one in audited] == [
        ("supervisor_pause", "обед по графику"),
        ("supervisor_logout", "конец смены"),
    ]


async def test_a_line_to_an_operator_survives_a_reload_and_is_not_in_the_push(site: Site) -> None:
    """A message is read by its reader's page; the push only says that there is one."""
    anna = await works(site)
    async with site.logged_in("boss") as boss, site.logged_in("anna") as operator:
        async with operator.events() as stream:
            await stream.next("snapshot")
            path = f"/api/operators/{anna}/message"
            assert (await boss.api("POST", path, {"text": " Говорите \n медленнее "})).status == 200
            assert await stream.next("supervision.message") == {}
        (line,) = (await operator.api("GET", "/api/messages")).json()["messages"]
        assert (line["kind"], line["text"]) == ("message", "Говорите медленнее")
        assert (await operator.api("GET", "/api/notifications")).json() == {"unread": 1}
        for shown in ("/notifications", "/notifications?menu=1"):
            assert "Главный И.: Говорите медленнее" in (await operator.fragment(shown)).text
        assert "медленнее" not in (await boss.get("/notifications")).text
        assert (await operator.api("POST", f"/api/messages/{line['id']}/seen", {})).status == 200
        assert (await operator.api("GET", "/api/notifications")).json() == {"unread": 0}
        assert "Говорите медленнее" in (await operator.get("/notifications")).text
        assert (await boss.api("POST", path, {"text": "х" * 301})).json()["error_id"] == "long-message"
        await site.services.desk.end_work(anna)
        assert (await boss.api("POST", path, {"text": "эй"})).json()["error_id"] == "operator-offline"


async def test_a_notice_of_a_supervisors_line_confirms_it_when_it_is_opened(site: Site) -> None:
    """Issue 5, "message": what is read behind the bell does not stay on the screen, and nobody reads another's."""
    anna = await works(site)
    async with site.logged_in("boss") as boss, site.logged_in("anna") as operator:
        await boss.api("POST", f"/api/operators/{anna}/message", {"text": "Зайдите ко мне"})
        notice = (await operator.fragment("/notifications?menu=1")).text.split("/notifications/")[1].split("/open")[0]
        assert (await boss.send("POST", f"/notifications/{notice}/open", form={})).status == 404
        opened = await operator.send("POST", f"/notifications/{notice}/open", form={})
        assert (opened.status, opened.headers["Location"]) == (303, "/notifications")
        assert (await operator.api("GET", "/api/messages")).json() == {"messages": []}


async def test_help_is_taken_by_the_first_who_comes(site: Site) -> None:
    """Peers, "Ask for help": asked once, seen by supervisors, taken once, over with the call."""
    await site.services.staff.create_user(NewUser("boss2", PASSWORD, "Второй", "Имя", "07", ("supervisor",), "", "302"))
    await talks(site)
    async with site.logged_in("anna") as anna, site.logged_in("boss") as boss, site.logged_in("boss2") as other:
        async with boss.events() as stream:
            await stream.next("snapshot")
            asked = (await anna.api("POST", "/api/help", {})).json()
            assert await stream.next("supervision.help") == {}
        assert (await anna.api("POST", "/api/help", {})).json()["id"] == asked["id"]
        (seen,) = (await boss.api("GET", "/api/help")).json()["open"]
        assert (seen["by"], seen["extension"], seen["call_key"]) == ("Аннина И.", "101", KEY)
        assert (await boss.api("POST", f"/api/help/{asked['id']}/take", {})).status == 200
        late = await other.api("POST", f"/api/help/{asked['id']}/take", {})
        assert (late.status, late.json()["error_id"]) == (409, "help-taken")
        assert (await anna.api("GET", "/api/help")).json()["own"]["taken_by"] == "Главный И."
        over = replace(site.services.cti["pbx1"].calls[KEY], phase=Phase.ENDED, ended_at=NOW)
        site.bus.publish(event(CallEventKind.ENDED, over))
        await site.bus.drain()
        assert (await anna.api("GET", "/api/help")).json() == {"own": None, "open": []}
        assert (await other.api("GET", "/api/help")).json()["open"] == []
