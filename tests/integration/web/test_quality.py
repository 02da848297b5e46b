"""The way of a figure: from an operator's browser over ``/events`` to himself, to supervisors, to the list of calls."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from hotline.cti.model import CallEventKind, EndSource
from tests.integration.web.conftest import KEY, NOW, Site, card_fields, ended_call, event

LEG = "0f8fad5b-d9cb-469f-a165-70867728950e"


def quality(**change: object) -> str:
    data: dict[str, object] = {
        "leg": LEG, "call_key": KEY, "received": 100, "lost": 0, "jitter_ms": 2.5, "rtt_ms": None, "alarm": None,
    }  # fmt: skip
    return json.dumps({"type": "quality", "data": data | change})


def draft_of(text: str) -> str:
    found = re.search(r'name="draft_id" value="(\d+)"', text)
    assert found is not None
    return found[1]


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("hotline_quality_reports_total", {"result": result}) or 0.0


async def test_a_figure_reaches_its_operator_and_the_supervisor_only(site: Site) -> None:
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
        site.ring("101")
        await hers.say(quality(alarm="path-lost", received=0))
        told = await hers.next("quality")
        assert await theirs.next("quality") == told
        assert told == {
            "extension": "101", "call_key": KEY, "at": "2026-11-20T07:00:00.000Z", "mos": 1.0, "verdict": "poor",
            "loss_pct": 100.0, "jitter_ms": 2.5, "rtt_ms": None, "alarm": "path-lost",
        }  # fmt: skip
        await his.say('{"type":"ping"}')
        assert await his.next() == {}  # the answer to his ping, and nothing before it
        async with boss.events() as late:
            snapshot = await late.next("snapshot")
        assert [one["extension"] for one in snapshot["quality"]] == ["101"]
        async with boris.events() as late:
            assert (await late.next("snapshot"))["quality"] == []


async def test_an_operator_is_believed_only_about_his_own_call(site: Site) -> None:
    site.ring("101")
    async with site.logged_in("boris") as boris, boris.events() as events:
        await events.next("snapshot")
        await events.say(quality())
        assert (await events.next("quality"))["call_key"] is None
        site.ring("102", key="pbx1-1763622000.9")
        await events.say(quality())
        assert (await events.next("quality"))["call_key"] == "pbx1-1763622000.9"


@pytest.mark.parametrize(
    "wrong",
    [
        {"received": -1},
        {"lost": 10**12},
        {"jitter_ms": "much"},
        {"rtt_ms": 1e9},
        {"alarm": "no-such"},
        {"leg": "x" * 8},
        {"leg": "a" * 37},
        {"mos": 4.5},
    ],
    ids=str,
)
async def test_a_figure_out_of_bounds_is_not_believed(site: Site, wrong: dict[str, Any]) -> None:
    before = counted("refused")
    async with site.logged_in("anna") as anna, anna.events() as events:
        await events.next("snapshot")
        await events.say(quality(**wrong))
        await events.say('{"type":"ping"}')
        assert await events.next() == {}  # still connected, and told nothing else
    assert counted("refused") == before + 1
    assert site.services.quality.live() == []


async def test_the_list_of_calls_shows_how_they_sounded(site: Site) -> None:
    site.services.quality.start()
    async with site.logged_in("anna") as anna, anna.events() as events:
        await events.next("snapshot")
        site.ring("101")
        await events.say(quality(lost=60, received=40))
        await events.next("quality")
        call = replace(ended_call("101"), key=KEY)
        await site.services.calls.record(call)
        site.bus.publish(event(CallEventKind.ENDED, call))
        await site.bus.drain()
        await site.services.quality.close()
        assert "Связь плохая" in (await anna.get("/calls")).text
        answer = (await anna.api("GET", f"/api/calls/{KEY}/quality")).json()
        assert answer["legs"][0] | {"first_at": "", "last_at": ""} == {
            "leg": LEG, "extension": "101", "first_at": "", "last_at": "", "mos": 1.0, "mos_min": 1.0,
            "verdict": "poor", "loss_pct": 60.0, "received": 40, "lost": 60, "jitter_max_ms": 2.5, "rtt_max_ms": None,
            "alarms": 0, "alarm_s": 0.0,
        }  # fmt: skip


async def test_an_appeal_shows_how_its_calls_sounded_to_who_may_know(site: Site) -> None:
    """On the page of the appeal and on the call's card: a word, a bar, the figures; nothing for a colleague."""
    site.services.quality.start()
    async with site.logged_in("anna") as anna, anna.events() as events:
        await events.next("snapshot")
        site.ring("101")
        await events.say(quality(lost=60, received=40))
        await events.next("quality")
        call = replace(ended_call("101"), key=KEY)
        tracker = site.services.cti["pbx1"].tracker
        live = tracker.live(KEY)
        assert live is not None
        tracker.end(live, NOW, EndSource.AMI)
        await site.services.calls.record(call)
        site.bus.publish(event(CallEventKind.ENDED, call))
        await site.bus.drain()
        await site.services.quality.close()
        card = (await anna.get(f"/calls/{KEY}/card")).text
        form = card_fields(draft_id=draft_of(card), call_key=KEY)
        page = (await anna.send("POST", "/appeals", form=form, Idempotency_Key="1")).headers["Location"]
        own = (await anna.get(page)).text
    async with site.logged_in("boss") as boss, site.logged_in("boris") as boris:
        watched, other = (await boss.get(page)).text, await boris.get(page)
    for text in (own, card, watched):
        assert '<span class="line-quality" data-verdict="poor">' in text
        assert "потери 60,0" in text
        assert '<meter class="sound-bar" min="1.0" max="4.5"' in text
    assert other.status == 200
    assert "data-verdict" not in other.text
