"""Plays a conversation of ``talk_rules`` on the real thing: service, Asterisk, telephones without browsers.

After every move all ears are asked: who must hear whom, who must hear music. At the end the journal, the card, the
recording and Asterisk are.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import text

from hotline.archive import coverage, queries
from hotline.db import Database
from hotline.journal.tables_call import CallRecord
from hotline.load.session import Person, session, telephone
from hotline.profiles.demo import DEMO_PASSWORD
from hotline.softphone.headless import CallState, HeadlessCall
from hotline.stand.postgres import PrivateCluster
from hotline.stand.service import Stand
from tests.calls.citizen import Citizen
from tests.calls.ears import CITIZEN_HZ, TONES, hears, hears_music, hears_nothing
from tests.calls.talk_rules import IN_QUEUE, LEVEL_2, At, Do, Move, Talk, after
from tests.calls.test_recording import shares
from tests.calls.voice import LIMIT, Voice
from tests.house import House

LOGINS = ("op101", "op201", "op102")
DID = "88001000000"
Script = Callable[[Talk], Move | None]
"""Gives the next move; ``None`` at the end."""


@dataclass
class Played:
    """A conversation that is over, to be looked up in the journal."""

    name: str
    number: str
    key: str
    talk: Talk
    text: str
    talked: set[int]


@dataclass
class Cast:
    """Everybody who takes part, for one conversation after the other."""

    house: House
    db: Database
    voices: list[Voice]
    folder: Path
    played: list[Played] = field(default_factory=list)

    async def play(self, name: str, number: str, script: Script) -> None:
        """Play one conversation; ``script(talk)`` gives the next move, ``None`` at the end.

        :raises AssertionError: with the moves so far, when something did not come out as it must.
        """
        done: list[str] = []
        begun = len(self.house.log)
        port = self.house.stand.trunk.asterisk_port
        try:
            async with Citizen(number, port, tone_hz=CITIZEN_HZ, folder=self.folder) as citizen:
                scene = Scene(self, citizen)
                await scene.begin()
                while (move := script(scene.talk)) is not None:
                    done.append(f"{scene.talk.at} {scene.talk.owner}: {move}")
                    await scene.play(move)
                assert scene.talk.at is At.OVER, scene.talk
                await scene.end()
                self.played.append(Played(name, number, scene.key, scene.talk, scene.text, scene.talked))
            await self._all_is_quiet()
            await self._journal(self.played[-1])
        except Exception as error:
            told = "\n  ".join(["", *done, "The service said:", *self.house.log[begun:]])
            await self._clear_up()
            raise AssertionError(f"{name}: {error!r} after{told}") from error

    async def _clear_up(self) -> None:
        """After a failure, so that the next conversation can be played."""
        for voice in self.voices:
            for call in tuple(voice.phone.calls.values()):
                await call.hangup()
            if not voice.phone.registered.is_set() and voice.phone.disconnected.is_set():
                await voice.phone.vanish()
                await voice.phone.start()
        with suppress(TimeoutError, AssertionError):
            await self._all_is_quiet()

    async def _all_is_quiet(self) -> None:
        """Nobody is kept in Asterisk, and everybody can take the next call."""
        async with asyncio.timeout(LIMIT):
            while channels := (await self.house.stand.asterisk.cli("core show channels concise")).strip():
                assert "!" in channels, channels
        for voice in self.voices:
            voice.call = None
            if not voice.phone.registered.is_set():
                async with asyncio.timeout(LIMIT):
                    await voice.phone.registered.wait()
            await voice.is_ready()

    async def _journal(self, one: Played) -> None:
        await self.house.logged(f"{one.key} is over and in the journal")
        async with self.db.begin() as sql:
            calls = (await sql.execute(text("SELECT * FROM call WHERE from_raw = :n"), {"n": one.number})).mappings()
            (call,) = calls.all()
            found = await sql.execute(
                text(
                    "SELECT u.login, d.fields->>'content' AS content FROM draft d JOIN staff_user u ON u.id = d.user_id"
                    " WHERE d.call_key = :key AND d.rev > 0"
                ),
                {"key": one.key},
            )
            cards = [tuple(row) for row in found]
        assert call["key"] == one.key
        assert call["ended_by"] == ("caller" if one.talk.by_citizen else "agent"), call["ended_by"]
        if one.talk.owner is None:
            assert (call["operator"], cards) == (None, [])
            return
        assert (call["outcome"], call["operator"]) == ("answered", self.voices[one.talk.owner].extension)
        assert one.talk.card is not None
        assert cards == [(LOGINS[one.talk.card], one.text)], cards

    async def recordings(self) -> None:
        """Look at the recordings of all conversations: one each, complete, with every voice that was in it."""
        talked = [one for one in self.played if one.talk.owner is not None]
        for one in talked:
            await self.house.logged(f"recording {one.key} is kept", within_s=60)
        keys = [one.key for one in talked]
        async with self.db.begin() as sql:
            found = await queries.conversations(sql, CallRecord.key.in_(keys))
        covered = {one.call_key: coverage.measure(one) for one in found}
        folder = self.house.stand.asterisk.settings.recording_dir
        for one in talked:
            gap = covered[one.key]
            assert gap.recorded_s >= 0.99 * gap.talked_s, f"{one.name}: {gap}"
            files = sorted(path.name for path in folder.rglob(f"{one.key}*"))
            assert files == [f"{one.key}.opus"], f"{one.name}: {files}"
            heard = shares(next(folder.rglob(files[0])), CITIZEN_HZ, *TONES)
            for who in one.talked:
                both = sum({CITIZEN_HZ, TONES[who]} <= halves for halves in heard)
                assert both >= 2, f"{one.name}: {LOGINS[who]} is not in the recording: {heard}"


@dataclass
class Scene:
    """One conversation while it goes on."""

    cast: Cast
    citizen: Citizen
    talk: Talk = field(default_factory=Talk)
    key: str = ""
    text: str = ""
    talked: set[int] = field(default_factory=set)

    async def begin(self) -> None:
        """The citizen calls and somebody is rung."""
        self.citizen.call(DID)
        await self._queue_rings()

    async def play(self, move: Move) -> None:
        """Do it, and see that it came out as it must."""
        before, self.talk = self.talk, after(self.talk, move)
        await self._do(before, move)
        if self.talk.at is At.OVER:
            return
        assert not self.citizen.dialog.ended.is_set(), "the citizen was hung up on"
        if self.talk.at is At.RINGING:
            await self._queue_rings()
        elif (before.at, move.do) == (At.SENT, Do.KILL):
            await self._somebody_rings()
        elif self.talk.at is At.BACK:
            await self._voice(self.talk.other).rings()
        await self._sounds()
        if before.owner != self.talk.owner:
            await self._voice(self.talk.owner).card(self.key)
            if not self.text:
                await self._write()

    async def end(self) -> None:
        """Everybody has been let go, the citizen too."""
        async with asyncio.timeout(LIMIT):
            await self.citizen.dialog.ended.wait()
            for voice in self.cast.voices:
                if voice.call is not None:
                    await voice.call.ended.wait()
                if not voice.phone.registered.is_set() and voice.phone.disconnected.is_set():
                    await voice.phone.start()

    # What people do

    async def _do(self, now: Talk, move: Move) -> None:
        match move.do:
            case Do.CITIZEN_BYE:
                self.citizen.hang_up()
            case Do.KILL:
                await self._kill()
            case Do.WRITE:
                await self._write()
            case Do.PICK_UP:
                helper = self._voice(LEVEL_2)
                await helper.its.post("/api/pickup", {"extension": self._voice(now.other).extension})
                await (await helper.rings()).answer()
            case Do.CONSULT | Do.SEND | Do.TAKE | Do.TAKE_NOT:
                await self._ring_somebody(now, move)
            case Do.ANSWER | Do.REFUSE | Do.IGNORE:
                await self._react(now, move.do)
            case Do.HOLD | Do.RESUME | Do.JOIN | Do.COMPLETE | Do.CANCEL | Do.PARK | Do.HANG_UP:
                verb = {Do.HANG_UP: "hangup"}.get(move.do, move.do.value)
                await self._voice(now.owner).its.post(f"/api/calls/{self.key}/{verb}")
            case _:
                await self._telephone(now, move.do)
        await self._who_left_is_let_go(now)

    async def _telephone(self, now: Talk, do: Do) -> None:
        """What happens to a telephone, without a word to the service."""
        owner = self._voice(now.owner)
        match do:
            case Do.BYE:
                assert owner.call is not None
                await owner.call.hangup()
            case Do.COLLEAGUE_BYE:
                colleague = self._voice(now.other)
                assert colleague.call is not None
                await colleague.call.hangup()
            case Do.BLINK:
                owner.phone.lose_connection()
                async with asyncio.timeout(LIMIT):
                    await owner.phone.disconnected.wait()
                    await owner.phone.registered.wait()
            case Do.VANISH:
                await owner.phone.vanish()
            case Do.COLLEAGUE_VANISHES:
                await self._voice(now.other).phone.vanish()
            case Do.RETURN:
                await owner.phone.start()
            case Do.STAY_AWAY:
                pass
            case _:
                raise LookupError(do)

    async def _ring_somebody(self, now: Talk, move: Move) -> None:
        asked = self._voice(move.whom)
        if move.do in {Do.TAKE, Do.TAKE_NOT}:
            await asked.its.post_until(f"/api/calls/{self.key}/take", within_s=5)
        else:
            verb = "consult" if move.do is Do.CONSULT else "transfer"
            path, body = f"/api/calls/{self.key}/{verb}", {"extension": asked.extension}
            await self._voice(now.owner).its.post_until(path, body, within_s=5)
        call = await asked.rings()
        if move.do is not Do.TAKE_NOT:
            await asked.card(self.key)
        if move.do is Do.TAKE:
            await call.answer()
        elif move.do is Do.TAKE_NOT:
            await call.reject()

    async def _react(self, now: Talk, do: Do) -> None:
        voice = self._voice(now.other)
        assert voice.call is not None
        if do is Do.ANSWER:
            await voice.call.answer()
        elif do is Do.REFUSE:
            await voice.call.reject()
        else:
            async with asyncio.timeout(LIMIT):
                await voice.call.ended.wait()

    async def _kill(self) -> None:
        """The service dies; who talks goes on, and music goes on; then it is started, and telephones come back."""
        house, voices = self.cast.house, self.cast.voices
        away = [voice for voice in voices if not voice.phone.registered.is_set()]
        await house.kill()
        if self.talk.at in {At.TALK, At.HELD, At.CONSULT, At.THREE, At.PARKED}:
            await self._sounds()
        for voice in voices:
            if voice.call is not None and voice.call.state is CallState.RINGING:
                voice.call.lose()  # a page forgets what rang over a connection that is gone
        await house.start()
        async with asyncio.timeout(LIMIT):
            for voice in voices:
                if voice not in away:
                    await voice.phone.registered.wait()

    async def _write(self) -> None:
        """Whoever has the record writes on."""
        self.text += f"{len(self.text)} слов. "
        query = "SELECT d.id, d.rev FROM draft d JOIN staff_user u ON u.id = d.user_id"
        where = " WHERE d.call_key = :key AND u.login = :login"
        assert self.talk.card is not None
        row = None
        async with asyncio.timeout(LIMIT):  # he hears the citizen before the record has followed him
            while row is None:
                async with self.cast.db.begin() as sql:
                    found = await sql.execute(text(query + where), {"key": self.key, "login": LOGINS[self.talk.card]})
                    row = found.one_or_none()
        body = {"rev": row.rev, "call_key": self.key, "fields": {"content": self.text}}
        http = self._voice(self.talk.card).its.http
        async with http.put(f"/api/drafts/{row.id}", json=body) as answer:
            assert answer.status == 200, await answer.text()

    # What must come of it

    def _voice(self, who: int | None) -> Voice:
        assert who is not None, self.talk
        return self.cast.voices[who]

    async def _who_left_is_let_go(self, now: Talk) -> None:
        """Whoever has no part any more: his telephone is hung up by itself."""
        stay = {self.talk.owner, self.talk.other} if self.talk.at is not At.OVER else set()
        if self.talk.at in {At.RINGING, At.SENT, At.PARKED, At.LOST, At.BACK}:
            stay = {self.talk.other}
        for who in {now.owner, now.other} - stay - {None}:
            voice = self._voice(who)
            if voice.call is None:
                continue
            async with asyncio.timeout(LIMIT):
                await voice.call.ended.wait()
            voice.call = None

    async def _queue_rings(self) -> None:
        """The queue rings somebody of level 1 who is there."""
        voices = [self._voice(who) for who in IN_QUEUE]
        for voice in voices:
            if voice.phone.registered.is_set():
                await voice.is_ready()
        voice, call = await self._first_ring(voices)
        self.key = self.key or call.header("x-call-id") or ""
        assert call.header("x-call-id") == self.key
        self.talk = replace(self.talk, other=voice.who)
        await voice.card(self.key)

    async def _somebody_rings(self) -> None:
        """Who sent the citizen is rung, or the queue does when the service was away longer than that takes."""
        voice, call = await self._first_ring(self.cast.voices)
        if call.header("x-call-role") == "back":
            assert voice.who == self.talk.owner
        else:
            self.talk = replace(self.talk, at=At.RINGING, other=voice.who)
            await voice.card(self.key)

    async def _first_ring(self, voices: list[Voice]) -> tuple[Voice, HeadlessCall]:
        waiting = {asyncio.create_task(voice.rings()): voice for voice in voices}
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        (rung,) = done
        return waiting[rung], rung.result()

    async def _sounds(self) -> None:
        """Everybody hears whom he must."""
        talk, citizen = self.talk, self.citizen.meter
        async with asyncio.TaskGroup() as group:
            if talk.at is At.TALK:
                assert talk.owner is not None
                owner = self._voice(talk.owner)
                long = 3 if owner.who in self.talked else 7  # once, a whole second of it for the recording
                group.create_task(hears(owner.meter, CITIZEN_HZ, windows=long))
                group.create_task(hears(citizen, TONES[owner.who], windows=long))
                self.talked.add(owner.who)
            elif talk.at is At.THREE:
                owner, other = self._voice(talk.owner), self._voice(talk.other)
                group.create_task(hears(owner.meter, CITIZEN_HZ, TONES[other.who]))
                group.create_task(hears(other.meter, CITIZEN_HZ, TONES[owner.who]))
                group.create_task(hears(citizen, TONES[owner.who], TONES[other.who]))
            else:
                group.create_task(hears_music(citizen))
            if talk.at is At.CONSULT:
                owner, other = self._voice(talk.owner), self._voice(talk.other)
                group.create_task(hears(owner.meter, TONES[other.who]))
                group.create_task(hears(other.meter, TONES[owner.who]))
            elif talk.at is At.HELD:
                group.create_task(hears_nothing(self._voice(talk.owner).meter))


@pytest.fixture(scope="module")
async def cast(
    pg_cluster: PrivateCluster, demo_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Cast]:
    """A house with short limits for all conversations of a module."""
    name = f"talks_{uuid.uuid4().hex[:12]}"
    url = await pg_cluster.create_database(name, template=demo_template)
    database = Database.connect(url)
    limits = {"greeting": "beep", "alone_s": 1, "consult_ring_s": 5, "back_ring_s": 8, "lost_s": 14}
    async with Stand(database=False, asterisk=limits) as stand:
        graces = {"HOTLINE_LOST_GRACE_S": "2", "HOTLINE_LOST_BACK_S": "6"}
        house = House(stand, url, settings=graces)
        try:
            await house.start()
            async with cast_of(house, database, tmp_path_factory.mktemp("voices")) as everybody:
                yield everybody
        finally:
            await house.stop()
            await database.close()
    await pg_cluster.drop_database(name)


@asynccontextmanager
async def cast_of(house: House, db: Database, folder: Path) -> AsyncIterator[Cast]:
    """Log everybody in and begin to work."""
    async with AsyncExitStack() as stack:
        voices = []
        for who, login in enumerate(LOGINS):
            its = await stack.enter_async_context(session(house.url, Person(login, DEMO_PASSWORD)))
            phone = await stack.enter_async_context(telephone(its, login, tone_hz=TONES[who]))
            await its.post("/api/operator/start", {"microphone": True})
            voices.append(Voice(who, its, phone))
        yield Cast(house, db, voices, folder)
