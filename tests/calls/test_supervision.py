"""DAY-15 on a real Asterisk: a supervisor listens, whispers, barges and takes over; ears are asked by tones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hotline.archive import coverage, queries
from hotline.db import Database
from hotline.journal.tables_call import CallRecord
from hotline.load.session import Person, session, telephone
from hotline.profiles.demo import DEMO_PASSWORD
from hotline.softphone.headless import HeadlessCall
from hotline.stand.service import Stand
from tests.calls.citizen import Citizen
from tests.calls.ears import CITIZEN_HZ, LIMIT, TONES, hears
from tests.calls.test_recording import shares
from tests.calls.voice import Voice
from tests.house import House

pytestmark = pytest.mark.calls

DID = "88001000000"
OPERATOR_HZ, COLLEAGUE_HZ, BOSS_HZ = TONES
LOGINS = ("op101", "op201", "sup301")


@pytest.fixture
async def house(stand: Stand, demo_db_url: str) -> AsyncIterator[House]:
    running = House(stand, demo_db_url, settings={"HOTLINE_WRAP_UP_S": "60"})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


@dataclass
class Scene:
    """A citizen in conversation with an operator, a colleague of level 2, and a supervisor at his telephone."""

    house: House
    db: Database
    operator: Voice
    colleague: Voice
    boss: Voice
    citizen: Citizen
    key: str = ""

    async def talk(self) -> None:
        """The citizen calls and the operator answers, with a card."""
        self.citizen.call(DID)
        call = await self.operator.rings()
        self.key = str(call.header("x-call-id"))
        await call.answer()
        await self.operator.card(self.key)
        await self.sounds()

    async def supervise(self, mode: str) -> HeadlessCall:
        """Begin on the page; the supervisor's telephone rings and takes it."""
        body = {"operator_id": await self.id_of("op101"), "mode": mode, "reason": "разбор жалобы"}
        await self.boss.its.post("/api/supervision", body)
        return await self.answered()

    async def answered(self) -> HeadlessCall:
        call = await self.boss.rings()
        assert (call.header("x-call-role"), call.header("x-call-id")) == ("supervision", self.key)
        await call.answer()
        return call

    async def mode(self, mode: str) -> None:
        own = await self.own()
        await self.boss.its.post(f"/api/supervision/{own['id']}/mode", {"mode": mode})

    async def own(self) -> dict[str, Any]:
        found = (await self.boss.its.get("/api/supervision"))["own"]
        assert found is not None
        return dict(found)

    async def stage(self, wanted: str) -> None:
        async with asyncio.timeout(LIMIT):
            while (await self.own())["stage"] != wanted:
                await self.house.logged(f"-> {wanted}", within_s=LIMIT)

    async def id_of(self, login: str) -> int:
        async with self.db.begin() as sql:
            found = await sql.scalar(text("SELECT id FROM staff_user WHERE login = :login"), {"login": login})
        return int(found or 0)

    async def sounds(self, *, boss: str = "", windows: int = 5) -> None:
        """Ask everybody's ears for some fifths of a second. ``boss``: how he takes part."""
        async with asyncio.TaskGroup() as group:
            heard = {"": (), "listen": (), "whisper": (), "barge": (BOSS_HZ,)}[boss]
            whispered = (BOSS_HZ,) if boss in {"whisper", "barge"} else ()
            group.create_task(hears(self.citizen.meter, OPERATOR_HZ, *heard, windows=windows))
            group.create_task(hears(self.operator.meter, CITIZEN_HZ, *whispered, windows=windows))
            if boss:
                group.create_task(hears(self.boss.meter, CITIZEN_HZ, OPERATOR_HZ, windows=windows))

    async def card_of(self, *, login: str) -> tuple[int, int, str]:
        """Wait until the only card of the call is somebody's; return its id, revision and text."""
        query = "SELECT u.login, d.id, d.rev, d.fields->>'content' FROM draft d JOIN staff_user u ON u.id = d.user_id"
        found: list[Any] = []
        async with asyncio.timeout(LIMIT):  # the call changes hands before its card does
            while [row[0] for row in found] != [login]:
                async with self.db.begin() as sql:
                    found = list(await sql.execute(text(f"{query} WHERE d.call_key = :key"), {"key": self.key}))
        return found[0][1], found[0][2], found[0][3]

    async def writes(self, voice: Voice, draft: int, rev: int, content: str) -> int:
        """Write into a card; return the status of the answer."""
        body = {"rev": rev, "call_key": self.key, "fields": {"content": content}}
        async with voice.its.http.put(f"/api/drafts/{draft}", json=body) as answer:
            return answer.status

    async def row(self) -> dict[str, Any]:
        async with self.db.begin() as sql:
            (found,) = (await sql.execute(text("SELECT * FROM supervision ORDER BY id DESC LIMIT 1"))).mappings()
        return dict(found)


@pytest.fixture
async def scene(house: House, demo_db: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        voices = []
        for who, login in enumerate(LOGINS):
            its = await stack.enter_async_context(session(house.url, Person(login, DEMO_PASSWORD)))
            phone = await stack.enter_async_context(telephone(its, login, tone_hz=TONES[who]))
            if login != "sup301":
                await its.post("/api/operator/start", {"microphone": True})
            voices.append(Voice(who, its, phone))
        port = house.stand.trunk.asterisk_port
        citizen = await stack.enter_async_context(Citizen("79287770011", port, tone_hz=CITIZEN_HZ, folder=tmp_path))
        operator, colleague, boss = voices
        yield Scene(house, demo_db, operator, colleague, boss, citizen)


async def test_each_mode_is_heard_by_whom_it_must_and_the_citizen_stays_with_who_took_him(scene: Scene) -> None:
    """Listen, whisper, hold, barge, back, take over; one call in the journal, whole, with the barge and no whisper.

    A supervisor registers nothing (domain 2.8): after the take-over (S001A-07) the operator finishes the card."""
    await scene.talk()
    draft, rev, _ = await scene.card_of(login="op101")
    assert await scene.writes(scene.operator, draft, rev, "Отказали в приёме") == 200
    began = asyncio.get_running_loop().time()
    await scene.supervise("listen")
    await scene.sounds(boss="listen")
    await scene.mode("whisper")
    await scene.sounds(boss="whisper")
    operator = scene.operator.its
    await operator.post(f"/api/calls/{scene.key}/hold")
    await hears(scene.operator.meter, BOSS_HZ)  # a whisper is heard while the citizen waits, too
    await operator.post(f"/api/calls/{scene.key}/resume")
    await scene.sounds(boss="whisper")

    silent_s = asyncio.get_running_loop().time() - began
    await scene.mode("barge")
    await scene.sounds(boss="barge", windows=15)  # some whole half-seconds of it for the recording
    first = scene.boss.call
    await scene.mode("listen")
    await scene.answered()
    assert first is not None
    async with asyncio.timeout(LIMIT):
        await first.ended.wait()
    await scene.sounds(boss="listen")

    await scene.mode("take")
    async with asyncio.timeout(LIMIT):
        assert scene.operator.call is not None
        await scene.operator.call.ended.wait()
    async with asyncio.TaskGroup() as group:
        group.create_task(hears(scene.citizen.meter, BOSS_HZ, windows=5))
        group.create_task(hears(scene.boss.meter, CITIZEN_HZ, windows=5))
    assert (await operator.post("/api/operator/more-time"))["state"] == "wrap_up"
    await scene.house.logged("-> over", times=1)
    draft, rev, content = await scene.card_of(login="op101")
    assert content == "Отказали в приёме"
    assert await scene.writes(scene.operator, draft, rev, "Отказали в приёме, взял начальник") == 200
    assert await scene.writes(scene.boss, draft, rev + 1, "Чужое") in {403, 404}
    scene.citizen.hang_up()
    await scene.house.logged(f"recording {scene.key} is kept", within_s=60)
    await _is_whole(scene, silent_s)
    row = await scene.row()
    assert (row["ended"], row["operator"], row["reason"]) == ("taken", "101", "разбор жалобы")
    assert [spell[0] for spell in row["spells"]] == ["listen", "whisper", "barge", "listen", "barge"]
    await _is_audited(scene, row)


async def _is_whole(scene: Scene, silent_s: float) -> None:
    """One call, the supervisor's at its end; at least 99 % recorded; his voice only since he was in it."""
    async with scene.db.begin() as sql:
        calls = (await sql.execute(text("SELECT key, direction, operator, outcome FROM call"))).all()
        assert [tuple(call) for call in calls] == [(scene.key, "in", "301", "answered")]
        (found,) = await queries.conversations(sql, CallRecord.key == scene.key)
    gap = coverage.measure(found)
    assert gap.recorded_s >= 0.99 * gap.talked_s, gap
    folder = scene.house.stand.asterisk.settings.recording_dir
    heard = shares(next(folder.rglob(f"{scene.key}.opus")), CITIZEN_HZ, OPERATOR_HZ, BOSS_HZ)
    spoken = [place for place, voices in enumerate(heard) if BOSS_HZ in voices]
    assert spoken[0] >= 2 * silent_s - 2, "a whisper is in the recording"
    three = sum({CITIZEN_HZ, OPERATOR_HZ, BOSS_HZ} <= voices for voices in heard)
    assert three >= 2, f"the talk of three is not in it: {heard}"
    own = sum(voices == {CITIZEN_HZ, BOSS_HZ} for voices in heard[spoken[0] :])
    assert own >= 1, f"the supervisor's own talk is not in it: {heard}"


async def _is_audited(scene: Scene, row: dict[str, Any]) -> None:
    query = "SELECT user_id, reason, details FROM audit_event WHERE entity = 'call' AND action = 'play' ORDER BY id"
    async with scene.db.begin() as sql:
        entries = (await sql.execute(text(query))).all()
    assert {entry.user_id for entry in entries} == {row["supervisor_id"]}
    assert {entry.reason for entry in entries} == {"разбор жалобы"}
    assert entries[0].details["operator"] == entries[-1].details["operator"] == row["operator_id"]
    assert entries[-1].details["event"] == "supervision_over"
    assert set(entries[-1].details["seconds"]) == {"listen", "whisper", "barge"}


async def test_it_survives_a_dead_service_and_a_consultation_and_ends_with_the_call(scene: Scene) -> None:
    """kill -9 while a supervisor whispers: nobody hears it, the session goes on; so it does in a consultation."""
    await scene.talk()
    await scene.supervise("whisper")
    await scene.sounds(boss="whisper")
    await scene.stage("whisper")
    await scene.house.kill()
    await scene.sounds(boss="whisper")
    await scene.house.start()
    async with asyncio.timeout(LIMIT):
        for voice in (scene.operator, scene.colleague, scene.boss):
            await voice.phone.registered.wait()
    assert (await scene.own())["stage"] == "whisper"
    await scene.mode("listen")
    await scene.sounds(boss="listen")

    await scene.operator.its.post_until(f"/api/calls/{scene.key}/consult", {"extension": "201"}, within_s=10)
    await (await scene.colleague.rings()).answer()
    await hears(scene.boss.meter, OPERATOR_HZ, COLLEAGUE_HZ)
    await scene.operator.its.post(f"/api/calls/{scene.key}/cancel")
    await scene.sounds(boss="listen")

    assert scene.boss.call is not None
    scene.citizen.hang_up()
    async with asyncio.timeout(LIMIT):
        await scene.boss.call.ended.wait()
    await scene.house.logged("listen -> over")
    assert (await scene.boss.its.get("/api/supervision"))["own"] is None
