"""Webhooks as an administrator sees them (issue 6, "API"), and what events carry: never what is a citizen's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hotline.cti.model import Outcome
from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from hotline.webhooks.model import SUBSCRIBED
from tests.integration.web.conftest import CALLER, NOW, PASSWORD, Browser, Site, card_fields, ended_call

URL = "https://crm.example.org/hook"


async def make(admin: Browser, **changes: str) -> Any:
    """Make a webhook for every event."""
    form = {"title": "CRM", "url": URL, **{f"event_{kind}": "1" for kind in SUBSCRIBED}, **changes}
    return await admin.send("POST", "/admin/webhooks", form=form, accept="application/json")


async def messages(site: Site) -> list[dict[str, Any]]:
    """Return what is to be sent."""
    async with site.services.database.begin() as session:
        rows = await session.execute(text("SELECT body FROM webhook_delivery ORDER BY id"))
        return [json.loads(row.body) for row in rows]


async def test_events_carry_numbers_and_phases_and_nothing_of_a_citizen(site: Site) -> None:
    """DAY-29, S000-04: registered, forwarded, changed, ended, owed; each once, however often the outbox is emptied."""
    its = site.services
    async with site.logged_in("admin") as admin, site.logged_in() as anna:
        assert (await make(admin)).status == 200
        form = card_fields(applicant_last_name="Тайнова", content="Секретное")
        saved = await anna.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="hook-1")
        appeal = saved.json()
        vera = await its.staff.by_extension("201")
        assert vera is not None
        move = {"to_user_id": str(vera.id), "comment": "тайно", "version": str(appeal["version"])}
        moved = await anna.send("POST", f"/appeals/{appeal['id']}/forward", form=move, accept="application/json")
        assert moved.status in {200, 303}
        await its.calls.record(ended_call())
        await its.calls.record(ended_call())
        await its.appeals._outbox.relay()
        await its.appeals._outbox.relay()
    told = await messages(site)
    assert [one["type"] for one in told] == ["appeal.created", "appeal.moved", "call.ended"]
    assert {key: told[1]["data"][key] for key in ("id", "number", "phase", "event")} == {
        "id": appeal["id"], "number": appeal["number"], "phase": "incoming", "event": "forward",
    }  # fmt: skip
    assert set(told[2]["data"]) == {"key", "direction", "queue", "outcome", "wait_s", "talk_s"}
    for secret in ("Тайнова", "Секретное", "тайно", "Мария", CALLER, CALLER[2:]):
        assert secret not in json.dumps(told, ensure_ascii=False)


async def test_the_end_of_a_call_that_only_the_logs_told_is_told_once(site: Site) -> None:
    """Issue 6: what was imported after an outage is an event as well; the same call heard of live is none again."""
    its = site.services
    async with site.logged_in("admin") as admin:
        assert (await make(admin)).status == 200
    imported = ended_call(key="pbx1-1763622000.50")
    await its.calls.record(ended_call())
    async with its.database.begin() as session:
        await its.calls.record_all([imported, ended_call()], session)
    await its.calls.record(imported)
    await its.appeals._outbox.relay()
    assert [one["data"]["key"] for one in await messages(site)] == [ended_call().key, imported.key]


async def test_a_citizen_who_was_not_served_is_an_event_and_so_is_what_becomes_of_him(site: Site) -> None:
    """Domain 2.9: the duty begins once and changes when he is called back; his number is in neither."""
    its = site.services
    async with site.logged_in("admin") as admin:
        assert (await make(admin)).status == 200
    missed = replace(ended_call(), answered_at=None, operator=None, outcome=Outcome.ABANDONED_QUEUE, legs=())
    await its.calls.record(missed)
    (duty_id,) = await its.callbacks.look([CALLER])
    later = NOW + timedelta(minutes=15)
    served = replace(ended_call(key="pbx1-1763622900.1"), started_at=later, queued_at=later, offered_at=later, legs=())
    await its.calls.record(replace(served, answered_at=later, ended_at=later + timedelta(minutes=2)))
    await its.callbacks.look([CALLER])
    told = [one for one in await messages(site) if one["type"].startswith("duty.")]
    assert [(one["type"], one["data"]) for one in told] == [
        ("duty.created", {"id": duty_id, "phase": "open"}),
        ("duty.changed", {"id": duty_id, "phase": "served"}),
    ]


async def test_a_subscription_is_changed_tested_switched_and_given_a_new_secret(site: Site) -> None:
    """Issue 6: the secret is shown once, versions are minded, a message can be sent again, the history has it all."""
    async with site.logged_in("admin") as admin:
        wrong = await make(admin, url="http://127.0.0.1/", title="")
        assert (wrong.status, set(wrong.json()["details"])) == (400, {"url", "title"})
        form = {"title": "CRM", "url": "https://10.0.0.1/", "event_call.ended": "1"}
        page = await admin.send("POST", "/admin/webhooks", form=form)
        assert (page.status, "https://10.0.0.1/" in page.text) == (400, True)
        made = (await make(admin)).json()
        assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
        path = f"/admin/webhooks/{made['id']}"
        await admin.send("POST", f"{path}/ping", form={}, accept="application/json")
        page = await admin.get(path)
        assert "ping-" in page.text
        assert made["secret"] not in page.text
        one = {"title": "CRM 2", "url": URL, "event_call.ended": "1", "version": "1"}
        assert (await admin.send("POST", path, form=one, accept="application/json")).status == 200
        stale = await admin.send("POST", path, form=one, accept="application/json")
        assert (stale.status, stale.json()["error_id"]) == (409, "stale-record")
        assert (await admin.send("POST", f"{path}/rotate", form={"version": "2"})).status == 200
        assert (await admin.send("POST", f"{path}/switch", form={"version": "3"})).status == 303
        off = await admin.send("POST", f"{path}/ping", form={}, accept="application/json")
        assert (off.status, off.json()["error_id"]) == (409, "webhook-off")
        page = await admin.get(path)
        assert page.text.count("admin-history-head") == 4
        unknown = await admin.send("POST", f"{path}/deliveries/999999/replay", form={}, accept="application/json")
        assert (unknown.status, unknown.json()["error_id"]) == (404, "no-such-delivery")


@pytest.mark.parametrize("path", ["/admin/webhooks", "/admin/webhooks/1"])
async def test_an_insurers_administrator_is_told_of_nobody_elses_events(site: Site, path: str) -> None:
    """Domain 2.8: a webhook tells of every appeal and call, so only who administers everywhere has any."""
    async with site.services.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    await site.services.staff.create_user(NewUser("smo.admin", PASSWORD, "Смошный", "А", "07001", ("admin",)))
    async with site.logged_in("smo.admin") as admin:
        answer = await admin.send("GET", path, accept="application/json")
    assert (answer.status, answer.json()["error_id"]) == (403, "forbidden")
