"""The log of a whole real conversation: its lines are found by the call's key, and name nobody (issue 6, DAY-29)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hotline.clock import SystemClock
from hotline.db import Database
from hotline.journal.tables_person import PersonPhoneRow, PersonRow
from hotline.logs import CALL_KEY
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.house import House
from tests.operators import hire, operator

pytestmark = pytest.mark.calls

NUMBER, SURNAME = "9287654321", "Незабудкина"


async def known_citizen(db: Database) -> None:
    """The register knows who calls, so that her name is on the card."""
    async with db.begin() as session:
        person = PersonRow(last_name=SURNAME, first_name="Ирина", source="manual")
        session.add(person)
        await session.flush()
        session.add(PersonPhoneRow(person_id=person.id, e164=f"+7{NUMBER}", raw=NUMBER, kind="mobile"))


async def test_a_call_is_found_by_its_key_and_names_nobody(stand: Stand, demo_db: Database, demo_db_url: str) -> None:
    await known_citizen(demo_db)
    (login,) = await hire(demo_db, 1, first_extension=131)
    house = House(stand, demo_db_url, settings={"HOTLINE_LOG_FORMAT": "json"})
    began = SystemClock().now()
    try:
        await house.start()
        async with operator(house.url, login) as anna, citizen_calls(stand, caller=f"7{NUMBER}", hold_s=60) as citizen:
            await anna.start_work()
            ring = await anna.phone.next_call(within=60)
            key = ring.header("x-call-id") or ""
            await ring.answer()
            async with anna.http.get(f"/calls/{key}/card", headers={"Accept": "text/html"}) as card:
                page = await card.text()
                request_id = card.headers["X-Request-Id"]
                assert (card.status, SURNAME in page) == (200, True)
            for state in ("hold", "resume"):
                await anna.post(f"/api/calls/{key}/{state}")
            async with anna.http.post(
                f"/api/calls/{key}/hold", json={"x": NUMBER}, headers={"Origin": "null"}
            ) as refused:
                assert refused.status == 403
            await citizen.hang_up()
            await house.logged(f"call {key} is over and in the journal")
            await house.logged(f"recording {key} is kept as Opus", within_s=60)
    finally:
        await house.stop()
    lines: list[dict[str, Any]] = [json.loads(line) for line in house.log]
    of_call = [line for line in lines if line.get("call") == key]
    said = [line["message"] for line in of_call]
    for kind in ("started", "queued", "offered", "answered", "held", "resumed", "ended"):
        assert f"call {key}: call.{kind}" in said, kind
    (opened,) = [line for line in of_call if line.get("request") == request_id and line["logger"] == "hotline.access"]
    assert (opened["route"], opened["status"], opened["user"] != "") == ("/calls/{key}/card", 200, True)
    # Whoever searches by the key misses nothing that names it.
    assert [line for line in lines if key in CALL_KEY.findall(line["message"]) and line.get("call") != key] == []
    assert all(line["time"] >= began.isoformat()[:19] for line in lines)
    everything = "\n".join(house.log)
    assert NUMBER not in everything
    assert SURNAME not in everything
    assert "Ёлкина" not in everything  # the operator
