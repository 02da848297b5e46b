"""The operator's state and telephone account through the API."""

from __future__ import annotations

import pytest

from hotline.errors import Unavailable
from tests.integration.web.conftest import Site


async def test_work_starts_with_a_microphone_only(site: Site) -> None:
    async with site.logged_in() as anna:
        without = await anna.api("POST", "/api/operator/start", {"microphone": False})
        unsaid = await anna.api("POST", "/api/operator/start", {})
        with_one = await anna.api("POST", "/api/operator/start", {"microphone": True})
    assert without.json()["error_id"] == unsaid.json()["error_id"] == "no-microphone"
    assert without.status == 409
    assert (with_one.status, with_one.json()["state"]) == (200, "ready")
    assert site.queue.members == {("hotline", "101"): None}


async def test_pause_ready_and_stop(site: Site) -> None:
    async with site.logged_in() as anna:
        early = await anna.api("POST", "/api/operator/ready")
        await anna.api("POST", "/api/operator/start", {"microphone": True})
        pause = await anna.api("POST", "/api/operator/pause", {"reason": "P01"})
        wrong = await anna.api("POST", "/api/operator/pause", {"reason": "P99"})
        ready = await anna.api("POST", "/api/operator/ready")
        shell = await anna.get("/")
        stop = await anna.api("POST", "/api/operator/stop")
    assert early.json()["error_id"] == "no-such-operator"
    assert (pause.json()["state"], pause.json()["reason"]) == ("pause", "P01")
    assert pause.json()["limit_at"] == "2026-11-20T07:10:00.000Z"
    assert wrong.json()["error_id"] == "unknown-pause-reason"
    assert ready.json()["state"] == "ready"
    assert 'data-operator-state-value="ready"' in shell.text
    assert stop.json()["state"] == "offline"
    assert site.queue.members == {}


async def test_a_dead_asterisk_is_said_and_the_state_is_kept(site: Site) -> None:
    site.queue.fault = Unavailable("Asterisk does not answer")
    async with site.logged_in() as anna:
        answer = await anna.api("POST", "/api/operator/start", {"microphone": True})
    assert (answer.status, answer.json()["error_id"]) == (503, "telephony-unavailable")
    operator = site.services.desk.at_extension("101")
    assert operator is not None
    assert operator.state == "ready"


async def test_the_softphone_account_needs_asterisk(site: Site) -> None:
    async with site.logged_in() as anna:
        answer = await anna.api("GET", "/api/softphone")
    assert (answer.status, answer.json()["error_id"]) == (503, "asterisk-unavailable")
    assert "password" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/softphone"), ("POST", "/api/operator/start"), ("POST", "/api/calls/pbx1-1.1/hangup")],
)
async def test_without_an_internal_number_there_is_no_telephone(site: Site, method: str, path: str) -> None:
    async with site.logged_in("admin") as admin:
        answer = await admin.api(method, path, {"microphone": True})
    assert answer.status == 403


async def test_sip_without_an_internal_number_is_refused_before_the_upgrade(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        answer = await admin.get("/sip", Origin=site.url, Upgrade="websocket", Accept="application/json")
    assert (answer.status, answer.json()["error_id"]) == (403, "no-extension")
