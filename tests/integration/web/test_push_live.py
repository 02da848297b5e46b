"""What browsers are told, over real WebSockets: only what concerns them, at once, and whole after a loss."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta

import aiohttp
import pytest
from sqlalchemy import text

from hotline.cti.model import CallEventKind, LinkChanged, LinkState, QueueChanged
from hotline.softphone.model import PhoneConnected
from tests.integration.web.conftest import CALLER, KEY, NOW, Site, card_fields, ended_call, event, ringing_call


async def test_the_snapshot_comes_first_and_is_whole(site: Site) -> None:
    async with site.logged_in("anna") as anna:
        await anna.api("POST", "/api/operator/start", {"microphone": True})
        site.ring("101")
        site.ring("102", key="pbx1-1763622000.9")
        site.bus.publish(QueueChanged("pbx1", "hotline", 2, NOW, NOW))
        await site.bus.drain()
        async with anna.events() as events:
            snapshot = await events.next()
    assert snapshot["operator"]["state"] in {"ready", "ringing"}
    assert [call["key"] for call in snapshot["calls"]] == [KEY]  # not the colleague's
    assert snapshot["queue"] == {"queue": "hotline", "waiting": 2, "oldest_at": "2026-11-20T07:00:00.000Z"}
    assert snapshot["presence"][0]["extension"] == "101"
    assert snapshot["links"][0]["asterisk"] == "pbx1"
    assert snapshot["server_time"] == "2026-11-20T07:00:00.000Z"


async def test_a_ring_reaches_its_operator_and_the_supervisor_only(site: Site) -> None:
    async with (
        site.logged_in("anna") as anna,
        site.logged_in("boris") as boris,
        site.logged_in("boss") as boss,
        anna.events() as hers,
        boris.events() as his,
        boss.events() as theirs,
    ):
        for events in (hers, his, theirs):
            await events.next("snapshot")
        site.bus.publish(event(CallEventKind.OFFERED, ringing_call("101"), "101"))
        # A broadcast afterwards shows that nothing else had been sent to the colleague.
        await site.bus.drain()
        site.bus.publish(QueueChanged("pbx1", "hotline", 1, NOW, NOW))
        ring = await hers.next()
        watched = await theirs.next()
        assert await his.next() == {"queue": "hotline", "waiting": 1, "oldest_at": "2026-11-20T07:00:00.000Z"}
    # Domain 3.4: who only watches sees the last digits, as in the lists of calls.
    assert (watched["key"], watched["caller"], watched["caller_display"]) == (KEY, "••••1122", "••••1122")
    assert ring["key"] == KEY
    assert ring["caller"] == CALLER
    assert ring["caller_display"] == "+7 928 000-11-22"
    assert ring["ringing"] == ["101"]
    assert ring["extension"] == "101"
    assert ring["started_at"] == "2026-11-20T07:00:00.000Z"
    assert ring["wait_s"] == 0.0


async def test_the_end_is_told_to_who_talked(site: Site) -> None:
    async with site.logged_in("anna") as anna, anna.events() as events:
        await events.next("snapshot")
        site.bus.publish(event(CallEventKind.ENDED, ended_call("101")))
        ended = await events.next()
    assert ended["phase"] == "ended"
    assert ended["wait_s"] == 20.0


async def test_a_withheld_number_is_none(site: Site) -> None:
    async with site.logged_in("anna") as anna, anna.events() as events:
        await events.next("snapshot")
        site.bus.publish(event(CallEventKind.OFFERED, replace(ringing_call(), caller=None), "101"))
        ring = await events.next()
    assert ring["caller"] is None
    assert ring["caller_display"] is None


async def test_a_ring_does_not_wait_for_the_database(site: Site) -> None:
    """The journal's table is locked by somebody else: its writer waits, the operator's browser rings."""
    async with site.logged_in("anna") as anna, anna.events() as events:
        await events.next("snapshot")
        async with site.services.database.begin() as session:
            await session.execute(text("LOCK TABLE call, draft, appeal, staff_user IN ACCESS EXCLUSIVE MODE"))
            site.bus.publish(event(CallEventKind.OFFERED, ringing_call(), "101"))
            assert (await events.next())["key"] == KEY


async def test_states_go_to_the_operator_and_presence_to_everybody(site: Site) -> None:
    async with (
        site.logged_in("anna") as anna,
        site.logged_in("boris") as boris,
        anna.events() as hers,
        boris.events() as his,
    ):
        await hers.next("snapshot")
        await his.next("snapshot")
        answer = await anna.api("POST", "/api/operator/start", {"microphone": True})
        own = await hers.next("operator.state")
        seen = await his.next()
        paused = await anna.api("POST", "/api/operator/pause", {"reason": "P02"})
        await his.next("presence")
    assert answer.json()["state"] == own["state"] == seen["state"] == "ready"
    assert seen == {"extension": "101", "state": "ready", "since": own["since"], "queues": ["hotline"]}
    assert (paused.json()["state"], paused.json()["reason"]) == ("pause", "P02")


async def test_a_pause_over_its_limit_is_told_to_who_watches(site: Site) -> None:
    """DAY-36: by the server's clock, to the operator and to holders of ``call.monitor``; a colleague learns nothing."""
    async with site.logged_in("anna") as anna, site.logged_in("boris") as boris, site.logged_in("boss") as boss:
        started = (await anna.api("POST", "/api/operator/start", {"microphone": True})).json()
        site.bus.publish(PhoneConnected("101", started["user_id"], NOW))
        await site.bus.drain()
        async with anna.events() as hers, boss.events() as theirs, boris.events() as his:
            assert (await theirs.next("snapshot"))["late"] == []
            limit = (await anna.api("POST", "/api/operator/pause", {"reason": "P09"})).json()["limit_at"]
            site.clock.advance(datetime.fromisoformat(limit) - NOW)
            await site.services.desk.tick()
            assert await theirs.next("operator.late") == {"extension": "101", "late": True, "limit_at": limit}
            assert await hers.next("operator.notice") == {"notice": "pause-over-limit"}
            async with boss.events() as reloaded, boris.events() as other:
                assert [one["extension"] for one in (await reloaded.next("snapshot"))["late"]] == ["101"]
                assert (await other.next("snapshot"))["late"] == []
            await anna.api("POST", "/api/operator/ready")
            assert (await theirs.next("operator.late"))["late"] is False
            # What everybody gets afterwards shows that the colleague was told nothing of it.
            site.bus.publish(LinkChanged("pbx1", LinkState.DOWN, NOW, "gone"))
            assert (await his.next("operator.late", "operator.notice", "link"))["state"] == "down"


async def test_a_lost_link_is_told_to_everybody(site: Site) -> None:
    async with site.logged_in("anna") as anna, anna.events() as events:
        await events.next("snapshot")
        site.bus.publish(LinkChanged("pbx1", LinkState.DOWN, NOW, "no answer"))
        assert await events.next() == {"asterisk": "pbx1", "state": "down", "reason": "no answer"}


async def test_a_new_appeal_brings_the_new_counts(site: Site) -> None:
    async with site.logged_in("anna") as anna, anna.events() as events:
        await events.next("snapshot")
        saved = await anna.send(
            "POST", "/appeals", form=card_fields(), accept="application/json", Idempotency_Key="one"
        )
        created = await events.next("appeal.created")
    assert created["id"] == saved.json()["id"]
    assert created["number"] == "07-20112026-00001"
    assert created["folder_counts"]["in_work"] == "1"  # as the badge shows it: "99+" above


async def test_a_ping_is_answered(site: Site) -> None:
    async with site.logged_in() as anna, anna.events() as events:
        await events.next("snapshot")
        await events.websocket.send_str('{"type":"ping"}')
        async with asyncio.timeout(5):
            answer = await events.websocket.receive_str()
    assert json.loads(answer)["type"] == "pong"


@pytest.mark.parametrize("sent", ["nonsense", '{"type":"shout"}', "[]", b"\x00", "{" * 100])
async def test_anything_else_ends_the_connection(site: Site, sent: str | bytes) -> None:
    async with site.logged_in() as anna, anna.events() as events:
        await events.next("snapshot")
        if isinstance(sent, bytes):
            await events.websocket.send_bytes(sent)
        else:
            await events.websocket.send_str(sent)
        assert await events.closed_with() == 1003


async def test_an_oversized_message_ends_the_connection(site: Site) -> None:
    async with site.logged_in() as anna, anna.events() as events:
        await events.next("snapshot")
        await events.websocket.send_str("x" * 5000)
        assert await events.closed_with() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_log_out_ends_the_push_connection(site: Site) -> None:
    async with site.logged_in() as anna, anna.events() as events:
        await events.next("snapshot")
        await anna.api("POST", "/logout")
        assert await events.closed_with() == 4401


async def test_a_session_that_expires_ends_the_push_connection(site: Site) -> None:
    async with site.logged_in() as anna, anna.events() as events:
        await events.next("snapshot")
        site.clock.advance(timedelta_of_a_session(site))
        await events.websocket.send_str('{"type":"ping"}')
        assert await events.closed_with() == 4401


async def test_a_browser_that_went_away_is_forgotten(site: Site) -> None:
    async with site.logged_in() as anna:
        async with anna.events() as events:
            await events.next("snapshot")
        async with asyncio.timeout(5):
            while "hotline_push_clients 0.0" not in (await anna.get("/metrics")).text:
                pass


def timedelta_of_a_session(site: Site) -> timedelta:
    return timedelta(hours=site.services.settings.session_hours, seconds=1)


async def test_others_learn_the_new_counts_without_the_appeal(site: Site) -> None:
    """S000-72, S000-73: live counters of who may see it, by who did nothing with it; no id, no number."""
    async with site.logged_in("anna") as anna, site.logged_in("admin") as admin, admin.events() as events:
        await events.next("snapshot")
        await anna.send("POST", "/appeals", form=card_fields(), Idempotency_Key="one")
        counts = (await events.next("folders"))["folder_counts"]
    assert counts["all"] == counts["in_work"] == "1"
